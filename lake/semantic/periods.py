"""Days and the periods they fall in: what a span of days is compared with, and what runs up to its end.

Spans move by years or months from day to day: the 28th of February is compared with the 28th, and a day that the other
month lacks (the 29th of February, a 31st) with none. Only a month that a span holds whole stays whole: February 2025
is compared with all 29 days of February 2024. See `docs/adr/a-day-is-compared-with-the-same-day.md`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

#: Months in the grains that are made of months.
MONTHS = {"month": 1, "quarter": 3, "year": 12}

#: Days in the grains that are not.
_DAYS = {"day": timedelta(days=1), "week": timedelta(days=7)}

#: A year in weeks, so that a week is compared with one that has the same days of the week.
WEEKS_A_YEAR = timedelta(weeks=52)

#: First and last day; there is no day in a span that begins after its end.
Span = tuple[date, date]


def first_day(day: date, grain: str) -> date:
    """The first day of the period in which `day` falls. Weeks begin on Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(month=(day.month - 1) // MONTHS[grain] * MONTHS[grain] + 1, day=1)


def last_day(day: date, grain: str) -> date:
    """The last day of the period in which `day` falls."""
    return after(first_day(day, grain), grain) - timedelta(days=1)


def after(first: date, grain: str) -> date:
    """The first day of the period after the one that begins at `first`."""
    return first + _DAYS[grain] if grain in _DAYS else add_months(first, MONTHS[grain])


def between(since: date, until: date, grain: str) -> Iterator[date]:
    """The first days of the periods that have a day in a span."""
    first = first_day(since, grain)
    while first <= until:
        yield first
        first = after(first, grain)


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day some months later (or earlier); the last of the month where that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.min if months < 0 else date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def moved(since: date, until: date, months: int) -> Span:
    """The same days some months later (or earlier). The last month stays whole if the span holds it whole."""
    start, end = add_months(since, months), add_months(until, months)
    if start.day < since.day:
        start += timedelta(days=1)
    if until == last_day(until, "month") and since <= first_day(until, "month"):
        end = last_day(end, "month")
    return start, end


def before(since: date, until: date, grain: str) -> Span:
    """The days at the same place in the period before."""
    return (since - _DAYS[grain], until - _DAYS[grain]) if grain in _DAYS else moved(since, until, -MONTHS[grain])


def year_before(since: date, until: date, grain: str | None) -> Span:
    """The same days a year before; those 52 weeks before for weeks."""
    return (since - WEEKS_A_YEAR, until - WEEKS_A_YEAR) if grain == "week" else moved(since, until, -12)


def year_after(first: date, grain: str) -> date | None:
    """The first day of the period a year after the one that begins at `first`; None after a 29th of February."""
    if grain == "week":
        return first + WEEKS_A_YEAR
    later = add_months(first, 12)
    return later if later.day == first.day else None


def months_to(until: date, months: int) -> date:
    """The first day of the months that end with `until`: whole ones if it ends a month."""
    return moved(until + timedelta(days=1), until + timedelta(days=1), -months)[0]


def span_before(since: date, until: date) -> Span:
    """The span of the same length just before: as many whole months if the span is whole months, else as many days."""
    if since.day == 1 and until == last_day(until, "month"):
        months = (until.year - since.year) * 12 + until.month - since.month + 1
        return add_months(since, -months), since - timedelta(days=1)
    return since - (until - since) - timedelta(days=1), since - timedelta(days=1)
