"""Periods: what stands before one, and where it begins and ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.semantic.periods import add_months, before, first_day, last_day, span_before, year_before

DAYS = st.dates(date(2000, 1, 1), date(2050, 12, 31))
GRAINS = st.sampled_from(["day", "week", "month", "quarter", "year"])


@given(DAYS, GRAINS)
def test_a_period_holds_its_days_and_the_one_before_ends_where_it_begins(day: date, grain: str) -> None:
    first, last = first_day(day, grain), last_day(day, grain)
    assert first <= day <= last
    assert first_day(last, grain) == first
    assert before(first, grain) == first_day(first - timedelta(days=1), grain)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), -12, date(2023, 2, 28)),
        (date(2023, 2, 28), 12, date(2024, 2, 29)),
        (date(2024, 3, 30), -1, date(2024, 2, 29)),
        (date(2024, 4, 30), -1, date(2024, 3, 31)),
        (date(2024, 1, 15), -13, date(2022, 12, 15)),
    ],
)
def test_the_last_day_of_a_month_stays_the_last(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_a_week_is_compared_with_a_week() -> None:
    monday = date(2024, 12, 30)
    assert year_before(monday, "week").weekday() == 0
    assert year_before(date(2024, 2, 29), "day") == date(2023, 2, 28)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (date(2024, 1, 1), date(2024, 3, 31), (date(2023, 10, 1), date(2023, 12, 31))),
        (date(2024, 2, 1), date(2024, 2, 29), (date(2024, 1, 1), date(2024, 1, 31))),
        (date(2024, 3, 5), date(2024, 3, 11), (date(2024, 2, 27), date(2024, 3, 4))),
        (date(2024, 3, 5), date(2024, 3, 5), (date(2024, 3, 4), date(2024, 3, 4))),
    ],
)
def test_the_span_before_is_as_long_and_ends_the_day_before(
    since: date, until: date, expected: tuple[date, date]
) -> None:
    assert span_before(since, until) == expected
