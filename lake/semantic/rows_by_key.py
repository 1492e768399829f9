"""The rows of a plain question by their keys, which tell the sum of nothing from a sum that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.semantic.manifest import METRIC_TIME
from lake.semantic.question import Question

if TYPE_CHECKING:
    from lake.semantic.asked import Asked

Row = dict[str, Any]
Key = tuple[Any, ...]

#: What every event belongs to: a question is split by it to see whether there are any.
_ALWAYS_THERE = "structure"


class RowsByKey:
    """The answer to a plain question. A key is what its dimensions say, in their order."""

    def __init__(self, asked: Asked, question: Question) -> None:
        self.answer = asked.ask(question)
        self.rows: list[Row] = self.answer.table.to_pylist()
        self._asked = asked
        self._question = question
        columns = [c for c in self.answer.columns if c.kind != "metric"]
        self._times = [i for i, c in enumerate(columns) if c.kind == "time" and c.name.startswith(METRIC_TIME)]
        self._names = [c.name for c in columns]
        self._by_key = {tuple(row[name] for name in self._names): row for row in self.rows}
        self._unknown: dict[str, frozenset[Key]] = {}

    @property
    def keys(self) -> Iterable[Key]:
        """The keys that have a row."""
        return self._by_key.keys()

    def figure(self, metric: str, key: Key) -> Any:
        """The figure; None if there is none."""
        row = self._by_key.get(key)
        return None if row is None else row[metric]

    def is_nothing(self, metric: str, key: Key) -> bool:
        """Whether a figure that is missing is a sum of nothing: its period has others, or no event at all. In a period
        with events whose values are all missing, nobody knows."""
        if metric not in self._unknown:
            self._unknown[metric] = self._find_unknown(metric)
        return self._moment(key) not in self._unknown[metric]

    def _find_unknown(self, metric: str) -> frozenset[Key]:
        """The periods in which a metric has events, and no value."""
        known = {self._moment(key) for key, row in self._by_key.items() if row[metric] is not None}
        if not {self._moment(key) for key in self._by_key} - known:
            return frozenset()
        times = [self._names[i] for i in self._times]
        question = replace(self._question, metrics=(metric,), by=(*times, _ALWAYS_THERE))
        rows = self._asked.ask(question).table.to_pylist()
        return frozenset(tuple(row[name] for name in times) for row in rows) - known

    def _moment(self, key: Key) -> Key:
        """The period that a key is of; nothing in a question without periods."""
        return tuple(key[i] for i in self._times)
