"""Filters: what can be written, what is refused, and how values are read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import QueryError
from lake.semantic import Filter
from lake.semantic.filters import OPS, coerce, fill, slots, template


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("site_commune=Nantes", Filter("site_commune", "=", ("Nantes",))),
        ("commune = L'Haÿ-les-Roses, Val-de-Marne", Filter("commune", "=", ("L'Haÿ-les-Roses, Val-de-Marne",))),
        ("price_eur>=100.50", Filter("price_eur", ">=", ("100.50",))),
        ("note!=a=b", Filter("note", "!=", ("a=b",))),
        ('note in [""]', Filter("note", "in", ("",))),
        ("commune in Nantes, Brest", Filter("commune", "in", ("Nantes", "Brest"))),
        ('commune in ["Nantes, 44", null]', Filter("commune", "in", ("Nantes, 44", None))),
        ("commune not  in Nantes", Filter("commune", "not in", ("Nantes",))),
        ("age between 20,40", Filter("age", "between", ("20", "40"))),
        ("commune is null", Filter("commune", "is null")),
        ("commune IS NOT NULL", Filter("commune", "is not null")),
        ("name contains opt ique", Filter("name", "contains", ("opt ique",))),
        ("name starts with S'", Filter("name", "starts with", ("S'",))),
        ("metric_time__month>=2024-01-01", Filter("metric_time__month", ">=", ("2024-01-01",))),
        ("inside=1", Filter("inside", "=", ("1",))),
    ],
)
def test_filters_are_read_as_they_are_written(text: str, expected: Filter) -> None:
    assert Filter.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "commune", "commune like N%", "a.b=1", "commune in [1", "age between 1", "x'y=1", "= 3"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        Filter.parse(text)


@pytest.mark.parametrize("text", ["structure=", "structure != ", "structure in ", "structure contains", "age >="])
def test_a_filter_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=f"The filter '{text}' has no value"):
        Filter.parse(text)


@given(st.from_regex(r"\A[a-z_]{1,20}\Z"), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.text())
def test_any_value_is_read_back_as_written(field: str, op: Any, value: str) -> None:
    stripped = value.lstrip()
    if stripped and (not stripped.startswith("=") or op not in ("<", ">")):
        assert Filter.parse(f"{field}{op}{value}") == Filter(field, op, (stripped,))


@pytest.mark.parametrize(
    ("op", "values"),
    [("=", ()), ("=", (1, 2)), ("in", ()), ("between", (1,)), ("is null", (1,)), ("<", (None,)), ("contains", (None,))],
)
def test_a_filter_has_the_values_that_its_operator_takes(op: Any, values: tuple[Any, ...]) -> None:
    with pytest.raises(QueryError):
        Filter("field", op, values)


def test_text_given_for_a_list_is_refused() -> None:
    with pytest.raises(QueryError, match="not a list"):
        Filter("structure", "in", "S01")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("12", "BIGINT", 12),
        ("12.50", "DECIMAL(18,2)", Decimal("12.50")),
        (12, "VARCHAR", "12"),
        (True, "VARCHAR", "true"),
        (date(2024, 1, 2), "VARCHAR", "2024-01-02"),
        ("oui", "BOOLEAN", True),
        (0, "BOOLEAN", False),
        (" 2024-02-29 ", "DATE", date(2024, 2, 29)),
        (datetime(2024, 2, 29, 12), "DATE", date(2024, 2, 29)),
        ("2024-02-29T12:30:00", "TIMESTAMP", datetime(2024, 2, 29, 12, 30)),
        ("1e3", "DOUBLE", 1000.0),
        ("x", "ENUM('x', 'y')", "x"),
        (None, "BIGINT", None),
    ],
)
def test_values_take_the_type_of_the_column(value: Any, kind: str, expected: Any) -> None:
    result = coerce("field", value, kind)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("douze", "BIGINT"),
        ("12,5", "DECIMAL(18,2)"),
        ("nan", "BIGINT"),
        ("Infinity", "DECIMAL(18,2)"),
        (float("nan"), "DOUBLE"),
        (10**30, "HUGEINT"),
        (True, "INTEGER"),
        ("perhaps", "BOOLEAN"),
        ("2023-02-29", "DATE"),
        ("29/02/2024", "DATE"),
        (12, "DATE"),
        ("noon", "TIMESTAMP"),
        ("\ud800", "VARCHAR"),
    ],
)
def test_values_that_the_column_can_t_hold_are_refused_by_name(value: Any, kind: str) -> None:
    with pytest.raises(QueryError, match="as 'field' is"):
        coerce("field", value, kind)


@given(st.sampled_from(OPS), st.lists(st.text() | st.none(), min_size=1, max_size=5))
def test_values_travel_beside_the_statement(op: Any, values: list[str | None]) -> None:
    wanted = {"between": 2, "is null": 0, "is not null": 0, "in": len(values), "not in": len(values)}.get(op, 1)
    chosen: list[str | None] = (values * 2)[:wanted]
    if op not in ("in", "not in", "=", "!="):
        chosen = [v or "" for v in chosen]
    given_filter = Filter("field", op, tuple(chosen))
    text = template(given_filter.shape, "f", 3)
    bound = given_filter.bound
    spread = {3 + n: (v,) for n, v in enumerate(bound)} if slots(given_filter.shape) == 2 else {3: bound}
    sql, parameters = fill(text, spread)
    assert list(parameters.values()) == list(bound)
    assert [sql.count(f"${name}") >= 1 for name in parameters] == [True] * len(bound)
    assert "__lake_value" not in sql
