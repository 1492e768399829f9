"""The statement for the atomic rows that a simple indicator aggregates, written from the same definitions.

MetricFlow plans aggregates only. A sum, a count or a mean is made of all rows that hold; a state (places, on the last
day of a period) of those of the last day of each group, as MetricFlow takes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lake.errors import QueryError
from lake.semantic import filters
from lake.semantic.definitions import Definition, GroupBy, Measure, Model
from lake.semantic.filters import Value
from lake.semantic.manifest import METRIC_TIME, Manifest
from lake.semantic.names import Item, Vocabulary
from lake.semantic.plan import Condition

#: How the values of rows are put together, by the measure's aggregation. What is not here has no rows of its own.
TOGETHER = {
    "sum": "SUM(_value)",
    "count": "SUM(_value)",
    "sum_boolean": "SUM(_value)",
    "count_distinct": "COUNT(DISTINCT _value)",
    "average": "AVG(_value)",
    "min": "MIN(_value)",
    "max": "MAX(_value)",
}


class Trace:
    """The rows of one simple metric: its fact, and what must be joined to filter and to split it.

    `kept` are columns of the fact's relation that no dimension is made of, to refer to as `fact.<name>`.

    Raises:
        QueryError: the metric is not made of rows.
    """

    def __init__(self, manifest: Manifest, definition: Definition, kept: Sequence[str] = ()) -> None:
        owner = next((m for m in manifest.models.values() if definition.measure in m.measures), None)
        if owner is None or definition.measure is None:
            raise QueryError(f"'{definition.name}' is not made of rows.", remedy="Ask for one of its parts.")
        self.vocabulary = Vocabulary(manifest, (definition.name,))
        self.fact: Model = owner
        self.measure: Measure = owner.measures[definition.measure]
        if self.measure.aggregation not in TOGETHER:
            raise QueryError(f"'{definition.name}' is a rank: no set of rows makes it up.")
        self._manifest = manifest
        self._kept = tuple(kept)
        self._definition = definition
        self._joined: dict[tuple[str, ...], tuple[str, Model]] = {}

    def statement(
        self, columns: Mapping[str, str], conditions: Sequence[Condition], periods: Sequence[Item] = ()
    ) -> tuple[str, dict[str, Value]]:
        """The rows that hold and add something, with the parameters of the filters.

        Args:
            columns: what to show of a row: name → SQL, from `reference` or of `fact`. `_value` comes after them.
            conditions: filters, all of which hold.
            periods: dates that the figure is split by: a state is taken in each of these periods.
        """
        texts: list[str] = []
        slot = 0
        for condition in conditions:
            texts.append(filters.template(condition.filter.shape, self.reference(condition.item), slot))
            slot += filters.slots(condition.filter.shape)
        texts += [f"({self._own_filter(text)})" for text in self._definition.filters]
        shown = "".join(f'{sql} AS "{name}", ' for name, sql in columns.items())
        last = self._last(periods)  # resolves references, so it comes before the joins
        joins = "".join(self._join(links) for links in self._joined)
        sql = f"SELECT {shown}fact._value\nFROM ({self.rows()}) AS fact{joins}"
        sql += f"\nWHERE {' AND '.join(texts or ['TRUE'])}{last}"
        return filters.fill(
            f"SELECT * FROM (\n{sql}\n) WHERE {self._adds_something()}", filters.spread([c.filter for c in conditions])
        )

    def rows(self) -> str:
        """Every row of the fact: its dimensions and entities under their names, what is kept of it, and `_value`."""
        expressions = [f'{expression} AS "{name}"' for name, expression in self.fact.expressions.items()]
        value = self.measure.expression
        if self.measure.aggregation == "count":
            value = f"CASE WHEN ({value}) IS NOT NULL THEN 1 END"
        elif self.measure.aggregation == "sum_boolean":
            value = f"CAST({value} AS INTEGER)"
        shown = ", ".join((*expressions, *(f'"{name}"' for name in self._kept), f"{value} AS _value"))
        return f"SELECT {shown} FROM {self.fact.relation.sql}"

    def reference(self, item: Item) -> str:
        """Where a dimension stands, at its grain."""
        column = self._place(item.field)
        if item.grain is None:
            return column
        return (
            f"CAST({column} AS DATE)" if item.grain == "day" else f"CAST(DATE_TRUNC('{item.grain}', {column}) AS DATE)"
        )

    def _last(self, periods: Sequence[Item]) -> str:
        """Of a state: only the rows of the last (or first) day of each of its groups, in each period."""
        state = self.measure.state
        if state is None:
            return ""
        day = f'CAST(fact."{state.day}" AS DATE)'
        groups = [f'fact."{name}"' for name in state.groups]
        known = "".join(f" AND {group} IS NOT NULL" for group in groups)
        split = ", ".join((*groups, *(self.reference(p) for p in periods if p.field.name == METRIC_TIME)))
        within = f"PARTITION BY {split}" if split else ""
        return f"{known}\nQUALIFY {day} = {state.takes.upper()}({day}) OVER ({within})"

    def _adds_something(self) -> str:
        is_sum = self.measure.aggregation in ("sum", "count", "sum_boolean")
        return "_value <> 0" if is_sum else "_value IS NOT NULL"

    def _place(self, field: GroupBy) -> str:
        """Where a dimension stands: in the fact, or in what its entities lead to, which is joined."""
        if field.name == METRIC_TIME:
            return f'fact."{self.measure.time}"'
        alias, model = "fact", self.fact
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
            return self.reference(self.vocabulary.item(match["name"] + grain))

        resolved = _REFERENCE.sub(place, text)
        if "{" in resolved:
            raise QueryError(f"Rows of '{self._definition.name}' can't be traced: its filter is '{text.strip()}'.")
        return resolved.strip()


_REFERENCE = re.compile(
    r"\{\{\s*(?:Dimension|TimeDimension|Entity)\(\s*'(?P<name>\w+)'\s*(?:,\s*'(?P<grain>\w+)'\s*)?\)\s*\}\}"
)
