"""The rows of an answer while comparisons add columns to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lake.semantic.answer import Answer, Column, Note
from lake.semantic.manifest import METRIC_TIME
from lake.text import sort_key

Row = dict[str, Any]
Key = tuple[Any, ...]

_COUNT = re.compile(r"((\d+) \w+)\(s\)")


class Sheet:
    """Rows with their keys (the dimensions asked), and the columns and notes that were added so far."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.columns = list(answer.columns)
        self.rows: list[Row] = answer.table.to_pylist()
        self.notes: list[Note] = list(answer.notes)
        self._types = {field.name: field.type for field in answer.table.schema}
        self.dimensions = tuple(c.name for c in answer.columns if c.kind != "metric")
        self.metrics = tuple(c for c in answer.columns if c.kind == "metric")
        self.time = next((c for c in answer.columns if c.kind == "time" and c.name.startswith(METRIC_TIME)), None)

    def key(self, row: Mapping[str, Any], **other: Any) -> Key:
        """The row's dimensions, with other values for some."""
        return tuple(other.get(name, row[name]) for name in self.dimensions)

    def day(self, row: Mapping[str, Any]) -> date | None:
        """The first day of the row's period; None without one."""
        return row[self.time.name] if self.time else None

    def complete(self, rows: Sequence[Row]) -> None:
        """Add the rows whose keys are missing, their indicators empty: what a period lost is seen, too."""
        known = {self.key(row) for row in self.rows}
        for row in rows:
            if self.key(row) not in known:
                known.add(self.key(row))
                empty = dict.fromkeys((c.name for c in self.columns), None)
                self.rows.append({**empty, **{name: row[name] for name in self.dimensions}})

    def add(self, column: Column, values: Callable[[Row], Any], kind: pa.DataType | None = None) -> None:
        """Add a column; its type is that of its indicator unless told."""
        self.columns.append(column)
        self._types[column.name] = kind if kind is not None else self._types[column.of or column.name]
        for row in self.rows:
            row[column.name] = values(row)

    def note(self, comparison: str, fr: str, en: str) -> None:
        """Say something in both languages, once; `2 row(s)` becomes `2 rows`."""
        said = Note(comparison, _counted(fr), _counted(en))
        if said not in self.notes:
            self.notes.append(said)

    def answer(self, orders: Sequence[tuple[str, bool]], limit: int | None) -> Answer:
        """The answer with all that was added, sorted by (column, descending), what is empty last."""
        rows = self.rows
        for name, descending in reversed(orders):
            empty = [row for row in rows if row[name] is None]
            held = [row for row in rows if row[name] is not None]
            rows = sorted(held, key=lambda row, name=name: _place(row[name]), reverse=descending) + empty  # type: ignore[misc]
        rows = rows if limit is None else rows[:limit]
        arrays = [pa.array([row[c.name] for row in rows], self._types[c.name]) for c in self.columns]
        table = pa.table(dict(zip((c.name for c in self.columns), arrays, strict=True)))
        return replace(self._answer, table=table, columns=tuple(self.columns), notes=tuple(self.notes))


def _place(value: Any) -> Any:
    return sort_key(value) if isinstance(value, str) else value


def minus(value: Any, reference: Any) -> Any:
    """The difference; None when one of them is missing. A float and a decimal meet as floats."""
    if value is None or reference is None:
        return None
    if isinstance(value, float) != isinstance(reference, float):
        return float(value) - float(reference)
    return value - reference


def quotient(value: Any, reference: Any) -> float | None:
    """The quotient as a float; None when a part is missing or the reference is zero."""
    if value is None or not reference:
        return None
    if isinstance(value, Decimal | int) and isinstance(reference, Decimal | int):
        return float(Decimal(value) / Decimal(reference))
    return float(value) / float(reference)


def _counted(text: str) -> str:
    return _COUNT.sub(lambda found: found[1] + "s" * (int(found[2]) > 1), text)
