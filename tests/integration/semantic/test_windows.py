"""Figures compared over another time than their row's: whoever has an event in it has a row, and the rows add up."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import case

from lake import semantic
from lake.errors import QueryError
from lake.semantic import Answer, Filter, Question
from lake.semantic import running as running_room
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")

#: One sale: the number of the structure (which has one shop), the customer, the amount, the day.
Sale = tuple[int, str, Any, str]

_minutes = itertools.count(1)


def sell(tiny: Tiny, *sales: Sale) -> None:
    """Publish these sales and no other. Data are known to 14 October 2024."""
    rows = [
        (str(i), f"S0{n}", f"S0{n}-OPT-01", customer, amount, day) for i, (n, customer, amount, day) in enumerate(sales)
    ]
    tiny.publish("optical", change=_filled("fct_optical_sales", rows), minutes=next(_minutes))


def _filled(table: str, rows: Sequence[tuple[Any, ...]]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / f"{table.split('_')[1]}.duckdb"
        copy = path.with_suffix(".copy")
        shutil.copy(path, copy)
        copy.replace(path)  # the file is one with that of other builds
        with duckdb.connect(path) as mart:
            mart.execute(f"delete from atomic.{table}")
            if rows:
                mart.executemany(f"insert into atomic.{table} values ({', '.join('?' * len(rows[0]))})", rows)

    return change


def ask(tiny: Tiny, *compare: str, metric: str = "optical_revenue", **more: Any) -> Answer:
    days = {name: date.fromisoformat(more.pop(name)) for name in ("since", "until") if name in more}
    return semantic.query([metric], compare=compare, scope=tiny.scope(more.pop("role", "group")), **days, **more)


def rows(answer: Answer, name: str, *, by: str = "structure") -> dict[Any, Any]:
    """Values of a column by the dimension, or by the dimension and the month."""
    found = {}
    for row in answer.table.to_pylist():
        month = f"{row['metric_time']:%Y-%m}" if "metric_time" in row else None
        found[(row[by], month) if month else row[by]] = row[name]
    return found


def test_a_running_sum_stays_where_nothing_happens_and_falls_when_the_window_leaves(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 5, "2023-01-05"), (1, "a", 100, "2023-11-05"), (2, "b", 7, "2024-03-01"))
    answer = ask(
        *(tiny, "rolling_12_months", "year_to_date"),
        **{"by": ["structure"], "grain": "month", "since": "2024-01-01", "until": "2024-12-31"},
    )
    rolling = rows(answer, "optical_revenue__rolling_12_months")
    assert [rolling.get(("S01", f"2024-{m:02}")) for m in range(1, 12)] == [100] * 10 + [None]
    assert [rolling.get(("S02", f"2024-{m:02}")) for m in range(1, 12)] == [None, None, *[7] * 8, None]
    to_date = rows(answer, "optical_revenue__year_to_date")
    assert [to_date["S01", f"2024-{m:02}"] for m in (1, 9)] == [0, 0]
    assert to_date["S02", "2024-09"] == 7
    assert answer.notes == ()


@pytest.mark.parametrize("grain", [None, "month"])
@pytest.mark.parametrize(
    ("metric", "by_shop"),
    [
        ("optical_revenue", {"S01": 30, "S02": 5, "S03": 9}),
        ("optical_customers", {"S01": 1, "S02": 1, "S03": 1}),
        ("optical_basket", {"S01": 15, "S02": 5, "S03": 9}),
    ],
)
def test_who_has_no_event_in_the_period_keeps_a_figure_that_runs_over_more(
    tiny: Tiny, metric: str, by_shop: dict[str, int], grain: str | None
) -> None:
    sell(
        tiny,
        (4, "z", 1, "2022-12-31"),
        *((1, "a", 10, "2024-02-01"), (1, "a", 20, "2024-04-02")),
        *((2, "b", 5, "2024-06-02"), (3, "b", 9, "2024-05-31")),
    )
    june = {"grain": grain, "since": "2024-06-01", "until": "2024-06-30"}
    answer = ask(tiny, "rolling_12_months", metric=metric, by=["structure"], **june)
    found = {row["structure"]: row[f"{metric}__rolling_12_months"] for row in answer.table.to_pylist()}
    assert found == by_shop
    plain = ask(tiny, metric=metric, by=["structure"], since="2023-07-01", until="2024-06-30")
    assert found == rows(plain, metric)
    own = {row["structure"]: row[metric] for row in answer.table.to_pylist()}
    assert own == {"S01": None if metric == "optical_basket" else 0, "S02": by_shop["S02"], "S03": own["S01"]}


def test_members_of_several_dimensions_are_completed_together(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 300, "2023-01-02"), (1, "a", 10, "2024-01-02"), (2, "b", 400, "2024-05-02"))
    answer = ask(tiny, "year_to_date", by=["is_dear", "site"], since="2024-05-01", until="2024-05-31")
    found = {(r["site"], r["is_dear"]): r["optical_revenue__year_to_date"] for r in answer.table.to_pylist()}
    assert found == {("S01-OPT-01", False): 10, ("S02-OPT-01", True): 400}


def test_an_index_falls_to_zero_where_nothing_happens_any_more(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 50, "2024-01-02"), (2, "b", 80, "2024-01-03"), (2, "b", 40, "2024-03-03"))
    answer = ask(*(tiny, "index=2024-01-01"), by=["structure"], grain="month", since="2024-01-01", until="2024-03-31")
    index = rows(answer, "optical_revenue__index")
    assert [index["S01", f"2024-0{m}"] for m in (1, 2, 3)] == [100, 0, 0]
    assert [index["S02", f"2024-0{m}"] for m in (1, 2, 3)] == [100, 0, 50]


def test_who_lost_everything_is_the_largest_loss_and_who_is_new_has_a_gap_without_a_percentage(tiny: Tiny) -> None:
    sell(
        tiny,
        (4, "z", 1, "2022-12-31"),
        *((1, "a", 90, "2023-03-01"), (2, "b", 60, "2023-04-01"), (2, "b", 50, "2024-03-01")),
        (3, "c", 20, "2024-02-01"),
    )
    answer = ask(
        *(tiny, "previous_year"),
        by=["structure"],
        since="2024-01-01",
        until="2024-06-30",
        order=["optical_revenue__previous_year_gap"],
    )
    found = answer.table.select(["structure", *(c for c in answer.table.column_names if "previous" in c)])
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("S01", 90, -90, -1.0),
        ("S02", 60, -10, pytest.approx(-1 / 6)),
        ("S03", 0, 20, None),
    ]
    assert answer.notes == ()


def test_a_ratio_of_nothing_stays_unknown(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 90, "2023-03-01"), (2, "b", 60, "2024-03-01"))
    answer = ask(
        *(tiny, "previous_year"), metric="optical_basket", by=["structure"], since="2024-01-01", until="2024-06-30"
    )
    assert rows(answer, "optical_basket__previous_year_gap") == {"S01": None, "S02": None}


def test_before_the_data_begin_nothing_is_known_not_even_zero(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 90, "2023-03-31"), (2, "b", 60, "2024-02-01"), (2, "b", 30, "2024-03-01"))
    answer = ask(tiny, "previous_year", by=["structure"], grain="month", since="2024-02-01", until="2024-03-31")
    found = rows(answer, "optical_revenue__previous_year")
    assert found == {("S02", "2024-02"): None, ("S01", "2024-03"): 90, ("S02", "2024-03"): 0}
    (note,) = answer.notes
    assert note.text("en") == "Optical revenue: no reference for 1 of 3 rows; data begin in 2023-03."


def test_the_first_month_of_data_is_a_reference(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 90, "2023-03-31"), (1, "a", 60, "2024-03-01"))
    first = ask(tiny, "previous_year", since="2024-03-01", until="2024-03-31")
    assert first.table.column("optical_revenue__previous_year").to_pylist() == [90]
    assert first.notes == ()
    earlier = ask(tiny, "previous_year", since="2024-02-29", until="2024-03-31")
    assert earlier.table.column("optical_revenue__previous_year").to_pylist() == [90]
    before = ask(tiny, "previous_year", since="2024-02-28", until="2024-03-31")
    assert before.table.column("optical_revenue__previous_year").to_pylist() == [None]


def test_after_the_data_end_nothing_is_known_not_even_zero(tiny: Tiny) -> None:
    """Data end on 14 October 2024: of November nothing is known, though the question asks for it."""
    sell(tiny, (1, "a", 90, "2023-09-30"), (1, "a", 70, "2023-11-30"))
    answer = ask(tiny, "previous_year", by=["structure"], grain="month", since="2024-09-01", until="2024-12-31")
    assert rows(answer, "optical_revenue") == {("S01", "2024-09"): 0, ("S01", "2024-11"): None}
    assert rows(answer, "optical_revenue__previous_year_gap") == {("S01", "2024-09"): -90, ("S01", "2024-11"): None}


@pytest.mark.parametrize(("others", "expected"), [((), None), (((3, "c", 5, "2024-03-02"),), 0)])
def test_where_no_event_of_a_period_has_the_value_nobody_knows_any_sum(
    tiny: Tiny, others: tuple[Sale, ...], expected: int | None
) -> None:
    """A total leaves events without the value out, so its parts do; without any value, there is no total."""
    sell(tiny, (1, "a", None, "2024-03-01"), (1, "a", 9, "2023-03-01"), (2, "b", 9, "2023-03-01"), *others)
    march = {"since": "2024-03-01", "until": "2024-03-31"}
    answer = ask(tiny, "previous_year", "year_to_date", by=["structure"], **march)
    for name in ("optical_revenue", "optical_revenue__year_to_date"):
        found = rows(answer, name)
        assert (found["S01"], found["S02"]) == (expected, expected)
    whole = ask(tiny, "previous_year", **march, where=[Filter("structure", "=", ("S01",))])
    assert whole.table.column("optical_revenue__previous_year_gap").to_pylist() == [None]
    none = ask(tiny, "previous_year", **march, where=[Filter("structure", "=", ("S02",))])
    assert none.table.column("optical_revenue__previous_year_gap").to_pylist() == [-9]
    two = semantic.query(
        ["optical_revenue", "optical_sales"],
        by=["structure"],
        compare=["previous_year"],
        since=date(2024, 3, 1),
        until=date(2024, 3, 31),
        scope=tiny.scope(),
    )
    assert (rows(two, "optical_revenue")["S01"], rows(two, "optical_sales")["S01"]) == (expected, 1)
    assert (rows(two, "optical_revenue")["S02"], rows(two, "optical_sales")["S02"]) == (expected, 0)


def test_a_change_against_a_negative_reference_has_the_sign_of_its_gap(tiny: Tiny) -> None:
    sell(tiny, (1, "a", -40, "2023-03-01"), (1, "a", -10, "2024-03-01"))
    answer = ask(tiny, "previous_year", since="2024-03-01", until="2024-03-31")
    (row,) = answer.table.to_pylist()
    assert row["optical_revenue__previous_year_gap"] == 30
    assert row["optical_revenue__previous_year_change"] == 0.75


def test_a_rank_is_the_same_whatever_is_compared_beside_it(tiny: Tiny) -> None:
    sell(tiny, (1, "a", 90, "2023-03-01"), (2, "b", 50, "2024-03-01"), (3, "c", 20, "2024-02-01"))
    span = {"by": ["structure"], "since": "2024-01-01", "until": "2024-06-30"}
    both = rows(ask(tiny, "previous_year", "rank", **span), "optical_revenue__rank")
    assert both == {"S01": None, "S02": 1, "S03": 2}
    assert rows(ask(tiny, "rank", "previous_year", **span), "optical_revenue__rank") == both
    assert rows(ask(tiny, "rank", **span), "optical_revenue__rank") == {"S02": 1, "S03": 2}


def test_a_window_over_too_many_members_and_periods_says_what_to_do(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(tiny, (1, "a", 1, "2023-01-02"), (2, "b", 1, "2023-01-02"))
    monkeypatch.setattr(running_room, "MOST_ROWS", 3)
    months = {"by": ["structure"], "grain": "month", "since": "2023-01-01"}
    assert ask(tiny, "year_to_date", **months, until="2023-01-31").table.num_rows == 2
    with pytest.raises(QueryError, match=r"runs over 2 periods has 4 rows here\. Ask by fewer dimensions"):
        ask(tiny, "year_to_date", **months, until="2023-02-28")


# The 29th of February


@pytest.fixture
def leap(tiny: Tiny) -> Tiny:
    """The devices of the case beside the repository, at their prices and days."""
    (file,) = case("10-28-february").glob("*.csv")
    fitted = []
    with file.open(encoding="cp1252", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            day = "-".join(reversed(row["Date livraison"].split("/")))
            fitted.append((1, "a", Decimal(row["Prix TTC"].replace(",", ".")), day))
    sell(tiny, (1, "a", 0, "2022-12-31"), *fitted)
    return tiny


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2025-02-28", "2025-02-28", 1000),
        ("2025-02-27", "2025-02-28", 1500),
        ("2025-02-28", "2025-03-01", 3700),
        ("2025-02-01", "2025-02-28", 3500),
        ("2024-02-29", "2024-02-29", None),
    ],
)
def test_days_are_compared_with_the_same_days_and_whole_months_with_whole_ones(
    leap: Tiny, since: str, until: str, before: int | None
) -> None:
    answer = ask(leap, "previous_year", since=since, until=until)
    assert answer.table.column("optical_revenue__previous_year").to_pylist() == [before]


def test_days_of_a_common_year_leave_the_29_february_out_and_say_so(leap: Tiny) -> None:
    answer = ask(leap, "previous_year", grain="day", since="2025-02-01", until="2025-03-01")
    found = {row["metric_time"].isoformat(): row for row in answer.table.to_pylist()}
    assert {day: row["optical_revenue__previous_year"] for day, row in found.items()} == {
        "2025-02-27": 500,
        "2025-02-28": 1000,
        "2025-03-01": 700,
    }
    assert [note.text("en") for note in answer.notes] == [
        "2024-02-29 has no day a year later: its figures are the reference of no row."
    ]


def test_the_29_february_is_compared_with_no_day_and_the_28_with_the_28(leap: Tiny) -> None:
    answer = ask(leap, "previous_year", grain="day", since="2024-02-28", until="2024-02-29")
    assert answer.table.column("optical_revenue__previous_year").to_pylist() == [0, None]
    assert [note.text("en") for note in answer.notes] == [
        "Optical revenue: no reference for 1 of 2 rows; the other period lacks that day."
    ]


# What holds of any data and question

_DAYS = st.dates(date(2023, 11, 1), date(2024, 10, 14))
_SALES = st.lists(
    st.tuples(
        *(st.integers(1, 4), st.sampled_from("abc"), st.integers(-50, 300) | st.none(), _DAYS.map(date.isoformat)),
    ),
    max_size=25,
)
_BY = st.sampled_from([("site",), ("structure",), ("is_dear",), ("site", "is_dear")])
_GRAINS = st.sampled_from([None, "day", "week", "month", "quarter", "year"])
_ADDING_UP = ("previous_year", "previous_period", "year_to_date", "month_to_date", "rolling_12_months")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_SALES, _BY, _GRAINS, st.tuples(_DAYS, _DAYS).map(sorted), st.permutations(_ADDING_UP))
def test_the_rows_of_a_sum_add_up_to_their_total_whatever_they_are_compared_with(
    tiny: Tiny,
    sales: list[Sale],
    by: tuple[str, ...],
    grain: str | None,
    days: list[date],
    compare: list[str],
) -> None:
    sell(tiny, *sales)
    metrics = ("optical_revenue", "optical_sales", "optical_net")
    question = Question(metrics, by, (), *days, grain, compare=tuple(compare))
    parts = semantic.ask(question, tiny.scope())
    whole = semantic.ask(Question(metrics, (), (), *days, grain, compare=tuple(compare)), tiny.scope())
    totals = {row.get("metric_time"): row for row in whole.table.to_pylist()}
    adding_up = [c.name for c in whole.columns if c.kind == "metric" and not c.name.endswith("_change")]
    assert {row.get("metric_time") for row in parts.table.to_pylist()} <= totals.keys()
    for moment, total in totals.items():
        own = [row for row in parts.table.to_pylist() if row.get("metric_time") == moment]
        for name in adding_up:
            values = [row[name] for row in own]
            if total[name] is None:
                assert set(values) <= {None}, (moment, name)
            else:
                assert sum(values) == total[name], (moment, name)
