"""The periods of a statement: a month, the year to that month, or the whole year. Fiscal years are calendar years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

Span = Literal["month", "to_date", "year"]
SPANS: tuple[Span, ...] = get_args(Span)


@dataclass(frozen=True)
class Period:
    """Days of a statement, inclusive; always whole months."""

    since: date
    until: date

    @classmethod
    def of(cls, month: date, span: Span) -> Period:
        """The period that ends with a month (given by its first day); the whole year runs on to December."""
        since = month if span == "month" else month.replace(month=1)
        return cls(since, last_day(month.replace(month=12) if span == "year" else month))

    @property
    def year_before(self) -> Period:
        return Period(
            self.since.replace(year=self.since.year - 1),
            last_day(self.until.replace(year=self.until.year - 1, day=1)),
        )

    @property
    def is_one_month(self) -> bool:
        return last_day(self.since) == self.until

    @property
    def is_whole_year(self) -> bool:
        return (self.since.month, self.since.day, self.until.month) == (1, 1, 12)


def months_to(last: date, first: date) -> list[date]:
    """The first days of the months from that of `last` back to that of `first`."""
    months, month = [], last.replace(day=1)
    while month >= first.replace(day=1):
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return months


def last_day(month: date) -> date:
    """The last day of a day's month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
