"""A question that comparisons are made from, and the further questions that they ask of the same builds."""

from __future__ import annotations

from datetime import date
from typing import Literal

from lake.access import Scope
from lake.semantic import figures, periods
from lake.semantic.answer import Answer, Timings
from lake.semantic.coverage import Coverage
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
    """The plain question, its answer, and the means to ask on. All in one scope and of the same builds."""

    def __init__(self, question: Question, source: Source, scope: Scope) -> None:
        self.question = question
        self.source = source
        self.scope = scope
        self._spent: list[Timings] = []
        self.coverage = Coverage(self, question.metrics)

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

    def newest(self, *metrics: str) -> date:
        """The last day of the data that some metrics are computed from; of all of them without."""
        marts = frozenset[str]().union(*(self.source.manifest.marts(m) for m in metrics or self.question.metrics))
        builds = [b for b in self.source.builds if b.line in marts] or self.source.builds
        events = [b.newest_event_on for b in builds if b.newest_event_on]
        landed = [b.as_of.date() for b in builds if b.as_of]
        known = [max(days) for days in (events, landed) if days]
        return min(known, default=date.today())

    @property
    def until(self) -> date:
        """The last day of the question, or of the data: nothing after it is compared."""
        return self.question.until or self.newest()

    def periods(self, grain: str) -> list[date]:
        """The first days of the question's periods that there are data of."""
        begins = self.coverage.first
        if begins is None:
            return []
        since = max(begins, self.question.since or begins)
        return list(periods.between(since, min(self.until, self.newest()), grain))
