"""The atomic rows behind a figure: those that its indicator aggregates, in the same scope, with what each adds.

    page = semantic.rows("audio_sales_eur", {"site": "S01-AUD-01", "metric_time__month": date(2025, 3, 1)}, scope=scope)
    page.figure == semantic.query(["audio_sales_eur"], where=…, scope=scope)

An indicator made of others (a rate) has the rows of each of its parts; `part` names one, the first unless told.
A state (places) has those of the last day that it is taken on. `trace.py` writes the statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from lake.access import Scope
from lake.builds import Build
from lake.errors import QueryError
from lake.semantic import execution
from lake.semantic.answer import Column
from lake.semantic.ask import with_source
from lake.semantic.columns import element_column, metric_column
from lake.semantic.filters import Filter, Value
from lake.semantic.manifest import Manifest
from lake.semantic.publications import Source
from lake.semantic.question import Question
from lake.semantic.trace import TOGETHER, Trace

#: Rows of a page at most.
LARGEST_PAGE = 100_000


@dataclass(frozen=True)
class Rows:
    """A page of atomic rows.

    Grain of `table`: one row of the fact that the indicator `metric` aggregates. Columns: what describes the row, its
    day first; last, under the indicator's name, what it adds. `count` rows there are in all, and `figure` is what they
    make together. `parts` are the indicators that the one asked for is made of.
    """

    metric: str
    parts: tuple[str, ...]
    table: pa.Table
    columns: tuple[Column, ...]
    count: int
    figure: Any
    builds: tuple[Build, ...]


def rows(
    metric: str,
    cell: Mapping[str, Value] | None = None,
    where: Sequence[Filter] = (),
    since: date | None = None,
    until: date | None = None,
    part: str | None = None,
    offset: int = 0,
    limit: int = 100,
    *,
    builds: Sequence[Build] = (),
    scope: Scope,
) -> Rows:
    """The rows behind a figure.

    Args:
        metric: the indicator.
        cell: the dimensions of the figure and their values, as in a row of an answer (`{"site": "S01-AUD-01"}`).
        where, since, until: as they were in the question.
        part: one of the indicators that this one is made of.
        offset, limit: which page of them, by date.
        builds: those of the answer that the figure stands in: without them, rows follow what is published since.

    Raises:
        AccessDenied: the role may not drill.
        QueryError: no set of rows makes up the figure; says why.
    """
    if not isinstance(scope, Scope):
        raise TypeError("Rows need a lake.access.Scope: there are none without one.")
    if not (isinstance(offset, int) and isinstance(limit, int) and offset >= 0 and 0 <= limit <= LARGEST_PAGE):
        raise QueryError(f"A page has at most {LARGEST_PAGE} rows.", remedy="Ask for the next ones with offset.")
    exact = tuple(Filter(name, "=", (value,)) for name, value in (cell or {}).items())
    question = Question((metric,), where=(*exact, *where), since=since, until=until)
    return with_source((metric,), scope, lambda source: _rows(question, part, offset, limit, source, scope), builds)


def _rows(question: Question, part: str | None, offset: int, limit: int, source: Source, scope: Scope) -> Rows:
    manifest = source.manifest
    scope.require("drill", *sorted(manifest.lines(question.metrics[0])))
    parts = simple_parts(manifest, question.metrics[0])
    chosen = part or parts[0]
    if chosen not in parts:
        raise QueryError(f"'{chosen}' is no part of '{question.metrics[0]}'.", remedy=f"Its parts: {', '.join(parts)}.")
    trace = Trace(manifest, manifest.metrics[chosen])
    day = trace.measure.time
    shown = [day, *(name for name in trace.fact.expressions if name != day)]
    columns = (
        *(element_column(manifest, trace.fact.name, name, is_day=name == day) for name in shown),
        metric_column(manifest, chosen),
    )
    with execution.marts.using(source.builds) as mart:
        conditions = [execution.typed(mart, manifest, trace.vocabulary.item(f.field), f) for f in question.filters]
        planned, parameters = trace.statement({name: f'fact."{name}"' for name in shown}, conditions)
        seen = mart.resolve(scope.structures)
        total = f"SELECT COUNT(*) AS count, {TOGETHER[trace.measure.aggregation]} AS figure FROM ({planned})"
        page = f"SELECT * FROM ({planned}) ORDER BY ALL LIMIT {limit} OFFSET {offset}"
        made = execution.run(mart, source, total, parameters, seen)[0].to_pylist() or [{"count": 0, "figure": None}]
        table, _ = execution.run(mart, source, page, parameters, seen)
    table = table.rename_columns([c.name for c in columns])
    return Rows(chosen, parts, table, columns, made[0]["count"], made[0]["figure"], source.builds)


def simple_parts(manifest: Manifest, metric: str) -> tuple[str, ...]:
    """The simple metrics that a metric is made of; itself if it is one."""
    definition = manifest.metrics[metric]
    if not definition.parts:
        return (metric,)
    return tuple(dict.fromkeys(leaf for part in definition.parts for leaf in simple_parts(manifest, part)))
