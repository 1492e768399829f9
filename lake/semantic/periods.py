"""Days and the periods they fall in: what stands before a period, and what runs up to its end."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache

#: Months in the grains that are made of months.
MONTHS = {"month": 1, "quarter": 3, "year": 12}

#: A year in weeks, so that a week is compared with one that has the same days of the week.
WEEKS_A_YEAR = timedelta(weeks=52)


def first_day(day: date, grain: str) -> date:
    """The first day of the period in which `day` falls. Weeks begin on Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(month=(day.month - 1) // MONTHS[grain] * MONTHS[grain] + 1, day=1)


def last_day(day: date, grain: str) -> date:
    """The last day of the period in which `day` falls."""
    first = first_day(day, grain)
    if grain == "day":
        return first
    if grain == "week":
        return first + timedelta(days=6)
    return add_months(first, MONTHS[grain]) - timedelta(days=1)


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day some months later (or earlier); the last day of a month stays the last of its month."""
    position = day.year * 12 + day.month - 1 + months
    year, month = divmod(position, 12)
    length = calendar.monthrange(year, month + 1)[1]
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, length if is_last else min(day.day, length))


def before(day: date, grain: str) -> date:
    """The day at the same place in the period before."""
    if grain == "day":
        return day - timedelta(days=1)
    if grain == "week":
        return day - timedelta(days=7)
    return add_months(day, -MONTHS[grain])


def year_before(day: date, grain: str | None) -> date:
    """The day at the same place a year before; 52 weeks before for weeks."""
    return day - WEEKS_A_YEAR if grain == "week" else add_months(day, -12)


def after(first: date, grain: str) -> date:
    """The first day of the period after the one that begins at `first`."""
    return last_day(first, grain) + timedelta(days=1)


def year_after(first: date, grain: str) -> date:
    """The first day of the period a year after the one that begins at `first`."""
    return first + WEEKS_A_YEAR if grain == "week" else add_months(first, 12)


def span_before(since: date, until: date) -> tuple[date, date]:
    """The span of the same length just before: as many whole months if the span is whole months, else as many days."""
    if since.day == 1 and until == last_day(until, "month"):
        months = (until.year - since.year) * 12 + until.month - since.month + 1
        return add_months(since, -months), since - timedelta(days=1)
    return since - (until - since) - timedelta(days=1), since - timedelta(days=1)
