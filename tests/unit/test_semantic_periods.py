"""Periods: what stands before one, and where it begins and ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.semantic.periods import (
    add_months,
    before,
    between,
    first_day,
    last_day,
    months_to,
    span_before,
    year_after,
    year_before,
)

DAYS = st.dates(date(2000, 1, 1), date(2050, 12, 31))
GRAINS = st.sampled_from(["day", "week", "month", "quarter", "year"])


@given(DAYS, GRAINS)
def test_a_period_holds_its_days_and_the_one_before_ends_where_it_begins(day: date, grain: str) -> None:
    first, last = first_day(day, grain), last_day(day, grain)
    assert first <= day <= last
    assert first_day(last, grain) == first
    assert before(first, last, grain) == (first_day(first - timedelta(days=1), grain), first - timedelta(days=1))


@given(st.dates(date(2000, 1, 1), date(2030, 12, 31)), st.integers(0, 800), GRAINS)
def test_periods_follow_one_another_over_a_span(since: date, days: int, grain: str) -> None:
    until = since + timedelta(days=days)
    firsts = list(between(since, until, grain))
    assert firsts[0] == first_day(since, grain) and first_day(until, grain) == firsts[-1]
    assert [last_day(day, grain) + timedelta(days=1) for day in firsts[:-1]] == firsts[1:]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), -12, date(2023, 2, 28)),
        (date(2023, 2, 28), 12, date(2024, 2, 28)),
        (date(2024, 3, 30), -1, date(2024, 2, 29)),
        (date(2024, 4, 30), -1, date(2024, 3, 30)),
        (date(2024, 1, 15), -13, date(2022, 12, 15)),
        (date(1, 1, 15), -1, date.min),
        (date(9999, 12, 15), 1, date.max),
    ],
)
def test_a_day_moves_to_the_same_day_or_the_last_of_its_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2025-02-28", "2025-02-28", ("2024-02-28", "2024-02-28")),
        ("2025-02-27", "2025-02-28", ("2024-02-27", "2024-02-28")),
        ("2025-02-28", "2025-03-01", ("2024-02-28", "2024-03-01")),
        ("2025-02-01", "2025-02-28", ("2024-02-01", "2024-02-29")),
        ("2025-01-15", "2025-02-28", ("2024-01-15", "2024-02-29")),
        ("2024-02-01", "2024-02-29", ("2023-02-01", "2023-02-28")),
        ("2024-02-27", "2024-02-29", ("2023-02-27", "2023-02-28")),
        ("2024-02-29", "2024-03-05", ("2023-03-01", "2023-03-05")),
        ("2024-03-01", "2025-02-28", ("2023-03-01", "2024-02-29")),
    ],
)
def test_a_span_is_compared_with_the_same_days_and_its_whole_months_with_whole_ones(
    since: str, until: str, expected: tuple[str, str]
) -> None:
    moved_to = year_before(date.fromisoformat(since), date.fromisoformat(until), None)
    assert moved_to == tuple(map(date.fromisoformat, expected))


def test_a_29_february_has_no_day_in_a_common_year() -> None:
    since, until = year_before(date(2024, 2, 29), date(2024, 2, 29), "day")
    assert since > until
    assert year_after(date(2024, 2, 29), "day") is None
    assert year_after(date(2023, 2, 28), "day") == date(2024, 2, 28)


@given(DAYS)
def test_a_day_of_a_year_is_compared_with_one_day_at_most_and_no_two_with_the_same(day: date) -> None:
    since, until = year_before(day, day, "day")
    assert (since, until) == (until, until) or (day.month, day.day) == (2, 29)
    if since == until:
        assert year_after(since, "day") == day


def test_a_week_is_compared_with_a_week() -> None:
    monday = date(2024, 12, 30)
    assert [day.weekday() for day in year_before(monday, monday + timedelta(days=6), "week")] == [0, 6]
    assert year_after(date(2024, 1, 1), "week") == monday


@pytest.mark.parametrize(
    ("since", "until", "grain", "expected"),
    [
        ("2025-02-10", "2025-02-28", "month", ("2025-01-10", "2025-01-28")),
        ("2025-01-01", "2025-02-28", "month", ("2024-12-01", "2025-01-31")),
        ("2025-04-01", "2025-06-30", "quarter", ("2025-01-01", "2025-03-31")),
        ("2025-03-31", "2025-03-31", "month", ("2025-03-01", "2025-02-28")),
        ("2025-03-01", "2025-03-01", "day", ("2025-02-28", "2025-02-28")),
    ],
)
def test_what_a_span_holds_of_its_periods_is_compared_with_the_same_of_those_before(
    since: str, until: str, grain: str, expected: tuple[str, str]
) -> None:
    assert before(date.fromisoformat(since), date.fromisoformat(until), grain) == tuple(
        map(date.fromisoformat, expected)
    )


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2025-02-28", "2024-03-01"),
        ("2024-02-29", "2023-03-01"),
        ("2024-02-28", "2023-03-01"),
        ("2025-06-14", "2024-06-15"),
    ],
)
def test_twelve_months_end_with_their_last_day(until: str, expected: str) -> None:
    assert months_to(date.fromisoformat(until), 12) == date.fromisoformat(expected)


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
