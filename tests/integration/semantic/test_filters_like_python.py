"""A filter keeps the rows that the same filter in Python would keep, whatever the value."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lake import semantic
from lake.semantic import Filter
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")

STORED = ["", "O'Brien", "100%", "50_50", 'a"; drop table x --', "été 😀", "{{ 1 }}", "p0", "$p0", "back\\slash"]
TEXT = st.text() | st.sampled_from(STORED) | st.sampled_from(STORED).map(lambda s: s[1:3])

patient = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def keeps(op: str, values: tuple[Any, ...]) -> Callable[[Any], bool]:
    """The meaning of a filter, in Python."""
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    if op in compare:
        return lambda v: v is not None and compare[op](v, values[0])
    return {
        "=": lambda v: v == values[0],
        "!=": lambda v: v != values[0],
        "in": lambda v: v in values,
        "not in": lambda v: v not in values,
        "between": lambda v: v is not None and values[0] <= v <= values[1],
        "contains": lambda v: v is not None and values[0] in v,
        "starts with": lambda v: v is not None and v.startswith(values[0]),
        "is null": lambda v: v is None,
        "is not null": lambda v: v is not None,
    }[op]


def check(tiny: Tiny, field: str, expression: str, op: Any, values: tuple[Any, ...]) -> None:
    answer = semantic.query(
        ["audio_devices", "audio_revenue"], where=[Filter(field, op, values)], scope=tiny.scope("both")
    )
    kept = [
        price
        for price, value in tiny.rows(
            f"select price_eur, {expression} from audio.atomic.fct_audio_fittings f "
            "left join core.atomic.dim_site using (site_id) where f.structure_id in ('S01', 'S02')"
        )
        if keeps(op, values)(value)
    ]
    (row,) = answer.table.to_pylist() or [{"audio_devices": None, "audio_revenue": None}]
    assert (row["audio_devices"] or 0, row["audio_revenue"] or 0) == (len(kept), sum(kept, Decimal(0)))


@patient
@given(op=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains", "starts with"]), value=TEXT)
@example(op="contains", value="%")
@example(op="contains", value="_")
@example(op="=", value="\x00")
@example(op="contains", value="")
def test_any_text(tiny: Tiny, op: str, value: str) -> None:
    check(tiny, "note", "note", op, (value,))


@patient
@given(op=st.sampled_from(["in", "not in"]), values=st.lists(TEXT | st.none(), min_size=1, max_size=6))
def test_any_list_of_texts_with_or_without_nothing_in_it(tiny: Tiny, op: str, values: list[str | None]) -> None:
    check(tiny, "note", "note", op, tuple(values))


@patient
@given(low=TEXT, high=TEXT)
def test_any_interval_of_text(tiny: Tiny, low: str, high: str) -> None:
    check(tiny, "note", "note", "between", (low, high))


@patient
@given(
    op=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in", "not in"]),
    value=st.integers(-5, 5) | st.integers(-(10**29), 10**29) | st.decimals(-5, 5, places=3),
)
def test_any_number(tiny: Tiny, op: str, value: int | Decimal) -> None:
    check(tiny, "ear_count", "ear_count", op, (value,))


@patient
@given(op=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"]), value=st.dates(date(2022, 12, 1), date(2025, 1, 1)))
def test_any_date(tiny: Tiny, op: str, value: date) -> None:
    check(tiny, "metric_time", "fitted_on", op, (value,))
    check(tiny, "site__opened_on", "opened_on", op, (value,))


@pytest.mark.parametrize("op", ["=", "!="])
@pytest.mark.parametrize("value", [True, False, None])
def test_booleans_and_nothing(tiny: Tiny, op: str, value: bool | None) -> None:
    check(tiny, "is_binaural", "is_binaural", op, (value,))


@pytest.mark.parametrize(
    ("field", "expression"), [("note", "note"), ("commune", "commune"), ("ear_count", "ear_count")]
)
@pytest.mark.parametrize("op", ["is null", "is not null"])
def test_what_is_empty(tiny: Tiny, field: str, expression: str, op: str) -> None:
    check(tiny, field, expression, op, ())


def test_numbers_are_searched_as_they_are_written(tiny: Tiny) -> None:
    check(tiny, "ear_count", "cast(ear_count as varchar)", "contains", ("3",))


def test_a_coarser_date_is_compared_by_its_first_day(tiny: Tiny) -> None:
    check(tiny, "metric_time__month", "cast(date_trunc('month', fitted_on) as date)", "=", (date(2023, 5, 1),))


def test_filters_hold_together(tiny: Tiny) -> None:
    answer = semantic.query(
        ["audio_devices"],
        where=[
            Filter("device_class", "=", ("I",)),
            Filter("ear_count", "between", (1, 2)),
            Filter("commune", "!=", ("Nantes",)),
        ],
        since=date(2023, 3, 1),
        until=date(2024, 2, 29),
        scope=tiny.scope("both"),
    )
    expected = tiny.rows(
        "select count(*) from audio.atomic.fct_audio_fittings f left join core.atomic.dim_site using (site_id) "
        "where f.structure_id in ('S01', 'S02') and device_class = 'I' and ear_count between 1 and 2 "
        "and commune is distinct from 'Nantes' and fitted_on between '2023-03-01' and '2024-02-29'"
    )
    assert [tuple(r.values()) for r in answer.table.to_pylist()] == expected
    assert expected[0][0] > 0
