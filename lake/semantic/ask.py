"""The way in: a question, the builds that answer it, its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import TypeVar

from lake.access import Scope
from lake.builds import Build
from lake.semantic.answer import Answer
from lake.semantic.comparisons import compared
from lake.semantic.figures import answer, check_grain
from lake.semantic.filters import Filter
from lake.semantic.manifest import BuildGoneError
from lake.semantic.publications import Source, find
from lake.semantic.question import Question

T = TypeVar("T")

#: How often a question is asked again because the builds that it had found are gone.
_PATIENCE = 5


def query(
    metrics: Sequence[str],
    by: Sequence[str] = (),
    where: Sequence[Filter] = (),
    since: date | None = None,
    until: date | None = None,
    grain: str | None = None,
    order: Sequence[str] = (),
    limit: int | None = None,
    compare: Sequence[str] = (),
    *,
    scope: Scope,
) -> Answer:
    """Ask for indicators. The one way to a figure: screens, commands and exports all come here.

    Args:
        metrics: names of indicators, one or more, of one line or of several.
        by: dimensions to split by (`site`, `site_commune`, `metric_time`, `metric_time__month`, …).
        where: filters, all of which hold.
        since: first day of the indicators' own date, included.
        until: last day, included.
        grain: day, week, month, quarter or year of `metric_time`, which is put first if `by` hasn't it.
        order: columns of the answer, `-` before one for descending; the other dimensions follow, ascending.
        limit: rows at most.
        compare: comparisons to add, such as `previous_year`: see `comparisons.py`.
        scope: whose rows; there is no answer without.

    Raises:
        UnknownMetric, UnknownDimension: with the nearest valid names.
        AccessDenied: the scope doesn't see the line, or asks for single events without the permission to drill.
        QueryError: the question makes no sense; says why.
    """
    return ask(Question(metrics, by, where, since, until, grain, order, limit, compare), scope)  # type: ignore[arg-type]


def ask(question: Question, scope: Scope) -> Answer:
    """The answer to a question: `query` for those who hold one already."""
    if not isinstance(scope, Scope):
        raise TypeError("A question needs a lake.access.Scope: there are no rows without one.")
    work = compared if question.compare else answer

    def told(source: Source) -> Answer:
        check_grain(question, source.manifest)
        return work(question, source, scope)

    return with_source(question.metrics, scope, told)


def with_source(metrics: Sequence[str], scope: Scope, work: Callable[[Source], T], pinned: Sequence[Build] = ()) -> T:
    """Do something with the builds that answer for these indicators; with newer ones, should they go meanwhile, unless
    they are `pinned`."""
    for _ in range(0 if pinned else _PATIENCE):
        with suppress(BuildGoneError):
            return work(find(metrics, scope))
    return work(find(metrics, scope, pinned))
