"""The atomic rows behind a figure: those that its indicator aggregates, in the same scope, with what each adds.

    page = semantic.rows("audio_sales_eur", {"site": "S01-AUD-01", "metric_time__month": date(2025, 3, 1)}, scope=scope)
    page.figure == semantic.query(["audio_sales_eur"], where=…, scope=scope)

An indicator made of others (a rate) has the rows of each of its parts; `part` names one, the first unless told.
MetricFlow plans aggregates only, so the statement is written here from the same definitions, on the same secured views.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from lake.access import Scope
from lake.builds import Build
from lake.errors import QueryError
from lake.semantic import execution, filters
from lake.semantic.answer import Column
from lake.semantic.ask import with_source
from lake.semantic.columns import element_column, metric_column
from lake.semantic.definitions import Definition, GroupBy, Measure, Model
from lake.semantic.filters import Filter, Value
from lake.semantic.manifest import METRIC_TIME, Manifest
from lake.semantic.names import Item, Vocabulary
from lake.semantic.plan import Condition
from lake.semantic.publications import Source
from lake.semantic.question import Question

#: Rows of a page at most.
LARGEST_PAGE = 100_000

_TOGETHER = {
    "sum": "SUM(_value)",
    "count": "SUM(_value)",
    "sum_boolean": "SUM(_value)",
    "count_distinct": "COUNT(DISTINCT _value)",
    "average": "AVG(_value)",
    "min": "MIN(_value)",
    "max": "MAX(_value)",
}


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
    scope: Scope,
) -> Rows:
    """The rows behind a figure.

    Args:
        metric: the indicator.
        cell: the dimensions of the figure and their values, as in a row of an answer (`{"site": "S01-AUD-01"}`).
        where, since, until: as they were in the question.
        part: one of the indicators that this one is made of.
        offset, limit: which page of them, by date.

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
    return with_source((metric,), scope, lambda source: _rows(question, part, offset, limit, source, scope))


def _rows(question: Question, part: str | None, offset: int, limit: int, source: Source, scope: Scope) -> Rows:
    for build in source.builds:
        scope.require("drill", build.line)
    manifest = source.manifest
    parts = simple_parts(manifest, question.metrics[0])
    chosen = part or parts[0]
    if chosen not in parts:
        raise QueryError(f"'{chosen}' is no part of '{question.metrics[0]}'.", remedy=f"Its parts: {', '.join(parts)}.")
    trace = _Trace(manifest, manifest.metrics[chosen])
    with execution.marts.using(source.builds) as mart:
        conditions = [execution.typed(mart, manifest, trace.vocabulary.item(f.field), f) for f in question.filters]
        planned, parameters = trace.statement(conditions)
        seen = mart.resolve(scope.structures)
        total = f"SELECT COUNT(*) AS count, {_TOGETHER[trace.measure.aggregation]} AS figure FROM ({planned})"
        page = f"SELECT * FROM ({planned}) ORDER BY ALL LIMIT {limit} OFFSET {offset}"
        made = execution.run(mart, source, total, parameters, seen)[0].to_pylist() or [{"count": 0, "figure": None}]
        table, _ = execution.run(mart, source, page, parameters, seen)
    table = table.rename_columns([c.name for c in trace.columns])
    return Rows(chosen, parts, table, trace.columns, made[0]["count"], made[0]["figure"], source.builds)


def simple_parts(manifest: Manifest, metric: str) -> tuple[str, ...]:
    """The simple metrics that a metric is made of; itself if it is one."""
    definition = manifest.metrics[metric]
    if not definition.parts:
        return (metric,)
    return tuple(dict.fromkeys(leaf for part in definition.parts for leaf in simple_parts(manifest, part)))


class _Trace:
    """The statement for the rows of one simple metric: its fact, and what must be joined to filter it."""

    def __init__(self, manifest: Manifest, definition: Definition) -> None:
        owner = next((m for m in manifest.models.values() if definition.measure in m.measures), None)
        if owner is None or definition.measure is None:
            raise QueryError(f"'{definition.name}' is not made of rows.", remedy="Ask for one of its parts.")
        self.vocabulary = Vocabulary(manifest, (definition.name,))
        self.measure: Measure = owner.measures[definition.measure]
        if self.measure.is_state or self.measure.aggregation not in _TOGETHER:
            raise QueryError(f"'{definition.name}' is a state or a rank: no set of rows makes it up.")
        self._manifest = manifest
        self._definition = definition
        self._fact: Model = owner
        self._joined: dict[tuple[str, ...], tuple[str, Model]] = {}
        self._shown = [self.measure.time, *(n for n in owner.expressions if n != self.measure.time)]
        self.columns = (
            *(element_column(manifest, owner.name, n, is_day=n == self.measure.time) for n in self._shown),
            metric_column(manifest, definition.name),
        )

    def statement(self, conditions: Sequence[Condition]) -> tuple[str, dict[str, Value]]:
        """All rows that hold, with the parameters of the filters."""
        texts: list[str] = []
        slot = 0
        for condition in conditions:
            texts.append(filters.template(condition.filter.shape, self._reference(condition.item), slot))
            slot += filters.slots(condition.filter.shape)
        texts += [f"({self._own_filter(text)})" for text in self._definition.filters]
        texts.append(self._adds_something())
        shown = ", ".join(f'fact."{name}"' for name in self._shown)
        joins = "".join(self._join(links) for links in self._joined)
        sql = f"SELECT {shown}, fact._value\nFROM ({self._facts()}) AS fact{joins}\nWHERE {' AND '.join(texts)}"
        return filters.fill(sql, filters.spread([c.filter for c in conditions]))

    def _facts(self) -> str:
        expressions = [f'{expression} AS "{name}"' for name, expression in self._fact.expressions.items()]
        value = self.measure.expression
        if self.measure.aggregation == "count":
            value = f"CASE WHEN ({value}) IS NOT NULL THEN 1 END"
        elif self.measure.aggregation == "sum_boolean":
            value = f"CAST({value} AS INTEGER)"
        return f"SELECT {', '.join(expressions)}, {value} AS _value FROM {self._fact.relation.sql}"

    def _adds_something(self) -> str:
        is_sum = self.measure.aggregation in ("sum", "count", "sum_boolean")
        return "fact._value <> 0" if is_sum else "fact._value IS NOT NULL"

    def _reference(self, item: Item) -> str:
        column = self._place(item.field)
        if item.grain is None:
            return column
        return (
            f"CAST({column} AS DATE)" if item.grain == "day" else f"CAST(DATE_TRUNC('{item.grain}', {column}) AS DATE)"
        )

    def _place(self, field: GroupBy) -> str:
        """Where a dimension stands: in the fact, or in what its entities lead to, which is joined."""
        if field.name == METRIC_TIME:
            return f'fact."{self.measure.time}"'
        alias, model = "fact", self._fact
        path: tuple[str, ...] = ()
        for position, link in enumerate(field.links):
            if link == model.primary_entity and not path:
                continue
            path = field.links[: position + 1]
            is_last = position == len(field.links) - 1
            model = self._model(link, field.model if is_last else None)
            alias = self._joined.setdefault(path, (f"joined_{len(self._joined)}", model))[0]
        if field.element not in model.expressions:
            raise QueryError(f"Rows of '{self._definition.name}' can't be traced by '{field.name}'.")
        return f'{alias}."{field.element}"'

    def _model(self, entity: str, name: str | None) -> Model:
        keyed = [m for m in self._manifest.models.values() if m.primary_entity == entity and entity in m.expressions]
        found = next((m for m in keyed if m.name == name), None) or next(iter(keyed), None)
        if found is None:
            raise QueryError(f"Rows of '{self._definition.name}' can't be traced through '{entity}'.")
        return found

    def _join(self, links: tuple[str, ...]) -> str:
        alias, model = self._joined[links]
        before = self._joined[links[:-1]][0] if links[:-1] in self._joined else "fact"
        expressions = ", ".join(f'{expression} AS "{name}"' for name, expression in model.expressions.items())
        return (
            f"\nLEFT JOIN (SELECT {expressions} FROM {model.relation.sql}) AS {alias} "
            f'ON {before}."{links[-1]}" = {alias}."{links[-1]}"'
        )

    def _own_filter(self, text: str) -> str:
        """The metric's own condition, its references resolved. It is part of the definition, not of a question."""

        def place(match: re.Match[str]) -> str:
            grain = f"__{match['grain']}" if match["grain"] else ""
            return self._reference(self.vocabulary.item(match["name"] + grain))

        resolved = _REFERENCE.sub(place, text)
        if "{" in resolved:
            raise QueryError(f"Rows of '{self._definition.name}' can't be traced: its filter is '{text.strip()}'.")
        return resolved.strip()


_REFERENCE = re.compile(
    r"\{\{\s*(?:Dimension|TimeDimension|Entity)\(\s*'(?P<name>\w+)'\s*(?:,\s*'(?P<grain>\w+)'\s*)?\)\s*\}\}"
)
