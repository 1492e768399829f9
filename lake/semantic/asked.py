"""A question that comparisons are made from, and the further questions that they ask of the same builds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Literal

from lake.access import Scope
from lake.semantic import figures, periods
from lake.semantic.answer import Answer, Timings
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.publications import Source
from lake.semantic.question import Question

Kind = Literal[
    "previous_period",
    "previous_year",
    "budget",
    "year_to_date",
    "month_to_date",
    "rolling_12_months",
    "index",
    "share",
    "rank",
    "benchmark",
]


class Asked:
    """The plain question, its answer, and the means to ask on. All in one scope and of the same builds.

    What is asked once is kept in plain attributes: until Python 3.12 a `cached_property` has one lock for all
    instances, and the comparisons of one reader would wait for those of another.
    """

    def __init__(self, question: Question, source: Source, scope: Scope) -> None:
        self.question = question
        self.source = source
        self.scope = scope
        self._spent: list[Timings] = []
        self._main: Answer | None = None
        self._months: dict[date, set[str]] = {}
        self._first: dict[str, date] | None = None

    @property
    def main(self) -> Answer:
        """The answer to the plain question."""
        if self._main is None:
            self._main = self.ask(self.question)
        return self._main

    def ask(self, question: Question) -> Answer:
        answer = figures.answer(question, self.source, self.scope)
        self._spent.append(answer.timings)
        return answer

    def ask_of(self, question: Question, structures: tuple[str, ...]) -> Answer:
        """Figures of other structures than the scope's, for what is made of them without showing them."""
        answer = figures.figures(question, self.source, structures)
        self._spent.append(answer.timings)
        return answer

    @property
    def timings(self) -> Timings:
        """All that was spent."""
        return Timings(sum(t.plan_ms for t in self._spent), sum(t.run_ms for t in self._spent))

    @property
    def until(self) -> date:
        """The last day of the question, or of the data: nothing after it is compared."""
        newest = [b.newest_event_on for b in self.source.builds if b.newest_event_on]
        landed = [b.as_of.date() for b in self.source.builds if b.as_of]
        ends = [min(max(newest), max(landed))] if newest and landed else newest + landed or [date.today()]
        return self.question.until or ends[0]

    def begins_after(self, metric: str, day: date) -> date | None:
        """The first day of the metric's data within the scope, if `day` falls in a month before it; else None.

        `date.max` when there are no data at all.
        """
        month = periods.first_day(day, "month")
        if metric in self._with_data(month):
            return None
        first = self._first_days.get(metric, date.max)
        return first if month < first else None

    def _with_data(self, month: date) -> set[str]:
        """The metrics that have data in a month: a small question that mostly spares the large one."""
        if month not in self._months:
            until = periods.last_day(month, "month")
            rows = self.ask(Question(self.question.metrics, since=month, until=until, grain="month")).table.to_pylist()
            self._months[month] = {m for m in self.question.metrics if any(row[m] for row in rows)}
        return self._months[month]

    @property
    def _first_days(self) -> dict[str, date]:
        """The first month with data of each metric that has any."""
        if self._first is None:
            self._first = self._find_first_days()
        return self._first

    def _find_first_days(self) -> dict[str, date]:
        months = self.ask(Question(self.question.metrics, grain="month"))
        found: dict[str, date] = {}
        for row in months.table.to_pylist():
            for metric in self.question.metrics:
                if row[metric] is not None and row[METRIC_TIME] is not None:
                    found.setdefault(metric, row[METRIC_TIME])
        return found

    def over(self, since: date | None, until: date | None) -> Question:
        """The question over another period."""
        return replace(self.question, since=since, until=until)
