"""The known data of indicators in a scope: from which month until which day there are any.

Inside them, no event is a sum of zero; outside, nobody knows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lake.semantic import periods
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.question import Question

if TYPE_CHECKING:
    from lake.semantic.asked import Asked


@dataclass(frozen=True)
class Extent:
    """The data of one indicator: of every day from the month `first` to `last`; or, where it is known by whole months,
    of the `days` by which these are dated, in their order."""

    first: date
    last: date
    days: tuple[date, ...] | None = None

    def overlaps(self, since: date, until: date) -> bool:
        """Whether there are data of this span."""
        if self.days is None:
            return since <= self.last and self.first <= periods.first_day(until, "month")
        return bisect_left(self.days, since) < bisect_right(self.days, until)


class Coverage:
    """The known data of some indicators, asked for when they are needed, and once.

    What is asked once is kept in plain attributes: until Python 3.12 a `cached_property` has one lock for all
    instances, and the comparisons of one reader would wait for those of another.
    """

    def __init__(self, asked: Asked, metrics: tuple[str, ...]) -> None:
        self._asked = asked
        self._metrics = metrics
        self._held: dict[date, set[str]] = {}
        self._months: dict[str, list[date]] | None = None

    @property
    def first(self) -> date | None:
        """The first month with data of any of the metrics."""
        return min((month for months in self._by_metric.values() for month in months), default=None)

    def begins_after(self, metric: str, day: date) -> date | None:
        """The first day of the metric's data within the scope, if `day` falls in a month before it; else None.

        `date.max` when there are no data at all.
        """
        month = periods.first_day(day, "month")
        if metric in self._in_month(month):
            return None
        first = min(self._by_metric[metric], default=date.max)
        return first if month < first else None

    def zeros(self, metric: str, earliest: date) -> Extent | None:
        """Where no event of a sum or count makes it zero; None for other metrics. What is before the day `earliest`
        doesn't matter."""
        manifest = self._asked.source.manifest
        if not manifest.metrics[metric].is_amount:
            return None
        days = self._dated(metric) if manifest.is_monthly(metric) else None
        return Extent(self.begins_after(metric, earliest) or date.min, self._asked.newest(metric), days)

    def _dated(self, metric: str) -> tuple[date, ...]:
        """The days of the metric's events."""
        rows = self._asked.ask(Question((metric,), grain="day")).table.to_pylist()
        return tuple(sorted(row[METRIC_TIME] for row in rows if row[METRIC_TIME] and row[metric] is not None))

    def _in_month(self, month: date) -> set[str]:
        """The metrics that have data in a month: a small question that mostly spares the large one."""
        if month not in self._held:
            question = Question(self._metrics, since=month, until=periods.last_day(month, "month"), grain="month")
            rows = self._asked.ask(question).table.to_pylist()
            self._held[month] = {m for m in self._metrics if any(row[m] is not None for row in rows)}
        return self._held[month]

    @property
    def _by_metric(self) -> dict[str, list[date]]:
        """The months with data of each metric."""
        if self._months is None:
            rows = self._asked.ask(Question(self._metrics, grain="month")).table.to_pylist()
            dated = [row for row in rows if row[METRIC_TIME] is not None]
            self._months = {m: [r[METRIC_TIME] for r in dated if r[m] is not None] for m in self._metrics}
        return self._months


def begin_words(first: date) -> tuple[str, str]:
    """Since when there are data, in French and English; `date.max` when there are none."""
    if first == date.max:
        return "il n'y a pas de données", "there are no data"
    return f"les données commencent en {first:%m/%Y}", f"data begin in {first:%Y-%m}"
