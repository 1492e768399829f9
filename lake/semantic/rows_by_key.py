"""The rows of a plain question by their keys, which tell the sum of nothing from a sum that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.semantic.question import Question

if TYPE_CHECKING:
    from lake.semantic.asked import Asked

Row = dict[str, Any]
Key = tuple[Any, ...]

#: What every event belongs to: a question without dimensions is split by it to see whether there are events.
_ALWAYS_THERE = "structure"


class RowsByKey:
    """The answer to a plain question. A key is what its dimensions say, in their order.

    An empty figure is `nothing` where no event makes it, and unknown where events do that lack the value.
    """

    def __init__(self, asked: Asked, question: Question) -> None:
        self.answer = asked.ask(question)
        self.rows: list[Row] = self.answer.table.to_pylist()
        self._asked = asked
        self._question = question
        self._names = tuple(c.name for c in self.answer.columns if c.kind != "metric")
        self._by_key = {self._key(row): row for row in self.rows}
        self._with_events: dict[str, frozenset[Key]] = {}

    @property
    def keys(self) -> Iterable[Key]:
        """The keys that have a row."""
        return self._by_key.keys()

    def figure(self, metric: str, key: Key) -> Any:
        """The figure; None if it is nothing or unknown."""
        row = self._by_key.get(key)
        return None if row is None else row[metric]

    def is_nothing(self, metric: str, key: Key) -> bool:
        """Whether no event makes the figure."""
        row = self._by_key.get(key)
        return row is None or (row[metric] is None and key not in self._events(metric))

    def _key(self, row: Row) -> Key:
        return tuple(row[name] for name in self._names)

    def _events(self, metric: str) -> frozenset[Key]:
        """The keys with events of a metric: rows of several are joined, and a total has a row whatever there is."""
        if metric not in self._with_events:
            if not self._names:
                question = replace(self._question, metrics=(metric,), by=(_ALWAYS_THERE,))
                is_there = self._asked.ask(question).table.num_rows > 0
                self._with_events[metric] = frozenset({()} if is_there else ())
            elif self._question.metrics == (metric,):
                self._with_events[metric] = frozenset(self._by_key)
            else:
                alone = RowsByKey(self._asked, replace(self._question, metrics=(metric,)))
                self._with_events[metric] = frozenset(alone._by_key)
        return self._with_events[metric]
