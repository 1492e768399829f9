"""The cells of an indicator in which two builds differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lake.access import Scope
from lake.semantic.answer import Answer
from lake.semantic.figures import answer
from lake.semantic.manifest import Manifest
from lake.semantic.publications import Source
from lake.semantic.question import Question

Number = Decimal | int | float


@dataclass(frozen=True)
class Change:
    """A figure in both builds; None where it has no value, or the two have no difference."""

    before: Number | None
    after: Number | None
    change: Number | None


def total(question: Question, sources: Sequence[Source], scope: Scope) -> Change | None:
    """The figure over all cells, in both builds; None if it has none without a period."""
    (metric,) = question.metrics
    if any(source.manifest.metrics[metric].needs_time for source in sources):
        return None
    whole = Question(question.metrics, (), question.where, question.since, question.until)
    values = [answer(whole, source, scope).table.column(0).to_pylist() for source in sources]
    before, after = (value[0] if value else None for value in values)
    return Change(before, after, difference(before, after, is_sum=is_sum(sources[1].manifest, metric)))


def differing(answers: Sequence[Answer], manifest: Manifest) -> tuple[pa.Table, int]:
    """The cells of two answers to one question that differ, in the order of their dimensions, and how many there are.

    Columns: the dimensions, `value_a`, `value_b`, `change`.
    """
    old, new = (one.table for one in answers)
    metric = answers[1].columns[-1].name
    names = new.column_names[:-1]
    values: dict[tuple[Any, ...], list[Number | None]] = {}
    for position, table in enumerate((old, new)):
        for row in table.to_pylist():
            values.setdefault(tuple(row[name] for name in names), [None, None])[position] = row[metric]
    adds = is_sum(manifest, metric)
    found = [
        (*cell, before, after, difference(before, after, is_sum=adds))
        for cell, (before, after) in values.items()
        if not same(before, after, is_sum=adds)
    ]
    found.sort(key=lambda row: [(value is None, value) for value in row[: len(names)]])
    kind = wider(old.schema.field(metric).type, new.schema.field(metric).type)
    schema = pa.schema([*(new.schema.field(n) for n in names), *((n, kind) for n in ("value_a", "value_b", "change"))])
    columns = list(zip(*found, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema), len(values)


def same(before: Number | None, after: Number | None, *, is_sum: bool) -> bool:
    """Whether a reader would call them equal: a sum of floats depends on its order in the last digits, and is as good
    as nothing when it is zero."""
    if is_sum:
        before, after = before or 0, after or 0
    if isinstance(before, float) and isinstance(after, float):
        return math.isclose(before, after, rel_tol=1e-12, abs_tol=1e-12)
    return before == after


def difference(before: Any, after: Any, *, is_sum: bool) -> Number | None:
    """From one to the other. Of a sum or a count, no value is zero; of a rate it has no difference."""
    if is_sum:
        before, after = before or 0, after or 0
    if before is None or after is None:
        return None
    if isinstance(before, float) or isinstance(after, float):
        return float(after) - float(before)
    change: Number = after - before
    return change


def is_sum(manifest: Manifest, metric: str) -> bool:
    """Whether nothing is zero for it: sums, counts, states, and what adds and subtracts them."""
    definition = manifest.metrics[metric]
    if definition.measure is None:
        return definition.is_sum
    measures = (m.measures[definition.measure] for m in manifest.models.values() if definition.measure in m.measures)
    return next(measures).aggregation in ("sum", "count", "sum_boolean", "count_distinct")


def wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type that holds values of both, and their difference."""
    types = [t for t in (one, other) if not pa.types.is_null(t)]
    if any(pa.types.is_floating(t) for t in types):
        return pa.float64()
    scales = [t.scale for t in types if pa.types.is_decimal(t)]
    return pa.decimal128(38, max(scales)) if scales else pa.int64()
