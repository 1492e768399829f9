"""The rows of an answer while comparisons add columns to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lake.semantic import periods
from lake.semantic.answer import Answer, Column, Note
from lake.semantic.asked import Asked, Kind
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.periods import Span
from lake.semantic.rows_by_key import Key, Row, RowsByKey
from lake.semantic.titles import TITLES
from lake.text import sort_key

#: What adds the columns of a comparison, once the rows are complete.
Add = Callable[[], None]

_COUNT = re.compile(r"((\d+) \w+)\(s\)")


class Sheet:
    """Rows with their keys (the dimensions asked), and the columns and notes that were added so far.

    First every comparison names the rows that it has a figure for (`complete`); then the plain figures of all of them
    are told (`fill`); then columns are added.
    """

    def __init__(self, asked: Asked) -> None:
        self.main = RowsByKey(asked, asked.question)
        self._asked = asked
        self._answer = self.main.answer
        self.columns = list(self._answer.columns)
        self.rows: list[Row] = [*self.main.rows]
        self.notes: list[Note] = list(self._answer.notes)
        self._types = {field.name: field.type for field in self._answer.table.schema}
        self.dimensions = tuple(c.name for c in self.columns if c.kind != "metric")
        self.metrics = tuple(c for c in self.columns if c.kind == "metric")
        self.time = next((c for c in self.columns if c.kind == "time" and c.name.startswith(METRIC_TIME)), None)
        self._keys = {self.key(row) for row in self.rows}

    def key(self, row: Mapping[str, Any], **other: Any) -> Key:
        """The row's dimensions, with other values for some."""
        return tuple(other.get(name, row[name]) for name in self.dimensions)

    def day(self, row: Mapping[str, Any]) -> date | None:
        """The first day of the row's period; None without one."""
        return row[self.time.name] if self.time else None

    def span(self, row: Mapping[str, Any]) -> Span | None:
        """The days that the row's figures are of; None for a row without a period."""
        since, until = self._asked.question.since or date.min, self._asked.until
        if self.time is None or self.time.grain is None:
            return since, until
        day = self.day(row)
        if day is None:
            return None
        return max(day, since), max(day, min(periods.last_day(day, self.time.grain), until))

    def complete(self, rows: Iterable[Row]) -> None:
        """Add the rows whose keys are missing: what a period lost, and what happened earlier, is seen, too."""
        for row in rows:
            if (key := self.key(row)) not in self._keys:
                self._keys.add(key)
                empty = dict.fromkeys((c.name for c in self.columns), None)
                self.rows.append({**empty, **{name: row[name] for name in self.dimensions}})

    def fill(self) -> None:
        """Of every sum and count, say zero where the data are known and nothing happened."""
        for column in self.metrics:
            empty = [(row, span) for row in self.rows if row[column.name] is None and (span := self.span(row))]
            zeros = self._asked.coverage.zeros(column.name, min(span[1] for _, span in empty)) if empty else None
            for row, span in empty:
                if zeros and zeros.overlaps(*span) and self.main.is_nothing(column.name, self.key(row)):
                    row[column.name] = self.zero(column.name)

    def zero(self, name: str) -> Any:
        """Zero, as values of a column are written."""
        type_ = self._types[name]
        return Decimal(0) if pa.types.is_decimal(type_) else 0.0 if pa.types.is_floating(type_) else 0

    def add(self, column: Column, values: Callable[[Row], Any], kind: pa.DataType | None = None) -> None:
        """Add a column; its type is that of its indicator unless told."""
        self.columns.append(column)
        self._types[column.name] = kind if kind is not None else self._types[column.of or column.name]
        for row in self.rows:
            row[column.name] = values(row)

    def compare(
        self,
        column: Column,
        kind: Kind,
        part: str,
        values: Callable[[Row], Any],
        type_: pa.DataType | None = None,
        *,
        unit: str | None = None,
        form: str | None = None,
    ) -> None:
        """Add one column of a comparison of one indicator."""
        fr, en = TITLES[kind, part]
        added = replace(
            column,
            name=f"{column.name}__{kind}_{part}" if part else f"{column.name}__{kind}",
            label_fr=f"{column.label_fr} – {fr}",
            label_en=f"{column.label_en} – {en}",
            unit=column.unit if unit is None else unit,
            format=column.format if form is None else form,
            of=column.name,
            comparison=kind,
        )
        self.add(added, values, type_)

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
