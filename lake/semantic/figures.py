"""From a question to its figures: plan, fill in the values, run, and keep."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from lake.access import Scope
from lake.errors import QueryError, UnknownDimension
from lake.semantic.answer import Answer, Column, Timings
from lake.semantic.cache import Cache
from lake.semantic.connection import Mart, Marts
from lake.semantic.filters import Filter, Value, coerce
from lake.semantic.manifest import METRIC_TIME, Manifest
from lake.semantic.names import Item, Vocabulary
from lake.semantic.plan import Condition, Plan, plan
from lake.semantic.publications import Source
from lake.semantic.question import Question

log = logging.getLogger(__name__)

#: Results kept in memory, in bytes of Arrow.
KEPT_BYTES = 256 * 2**20

_marts = Marts()
_results: Cache[pa.Table] = Cache(KEPT_BYTES, lambda table: table.nbytes + 1024)


@dataclass(frozen=True)
class Order:
    column: str
    descending: bool


def answer(question: Question, source: Source, scope: Scope) -> Answer:
    """The answer to a question, of these builds and in this scope."""
    vocabulary = Vocabulary(source.manifest, question.metrics)
    asked = (*question.by, *(f.field for f in question.filters))
    _check_drill(source, [vocabulary.item(name, question.grain) for name in asked], scope)
    return figures(question, source, scope.structures)


def figures(question: Question, source: Source, structures: Sequence[str]) -> Answer:
    """The figures of these structures. Who calls it has made sure that the reader may see what is made of them."""
    started = time.perf_counter()
    manifest, metrics = source.manifest, question.metrics
    vocabulary = Vocabulary(manifest, metrics)
    items = [vocabulary.item(name, question.grain) for name in question.by]
    wanted = [(vocabulary.item(f.field), f) for f in question.filters]
    _check_time(manifest, metrics, items)
    columns = (*(_dimension(item) for item in items), *(_metric(manifest, m) for m in metrics))
    with _marts.using(source.builds) as mart:
        conditions = [_typed(mart, manifest, item, f) for item, f in wanted]
        made = plan(manifest, metrics, items, conditions)
        _check_lines(made, source)
        planned, parameters = made.fill(conditions)
        sql = _select(planned, items, columns, orders(question.order, columns), question.limit)
        seen = mart.resolve(structures)
        plan_ms = (time.perf_counter() - started) * 1000
        table, run_ms = _run(mart, source, sql, parameters, seen)
    log.debug("query.done metrics=%s rows=%d plan_ms=%.0f run_ms=%.0f", ",".join(metrics), len(table), plan_ms, run_ms)
    return Answer(table, columns, source.builds, sql, parameters, Timings(plan_ms, run_ms))


def close() -> None:
    """Close every mart and forget every result."""
    _marts.close()
    _results.clear()


def _typed(mart: Mart, manifest: Manifest, item: Item, given: Filter) -> Condition:
    """The filter with its values in the type of the column that they are compared with."""
    if given.op in ("contains", "starts with"):
        kind = "VARCHAR"
    elif item.grain or item.field.model is None:
        kind = "DATE"
    else:
        kind = mart.types(manifest.models[item.field.model])[item.field.element]
    return Condition(item, replace(given, values=tuple(coerce(given.field, value, kind) for value in given.values)))


def _check_drill(source: Source, items: Sequence[Item], scope: Scope) -> None:
    """A person, or the key of a line's events, is one row each: to see them is to drill."""
    if any(item.field.kind == "entity" and item.field.element in source.manifest.events for item in items):
        for build in source.builds:
            scope.require("drill", build.line)


def _check_time(manifest: Manifest, metrics: Sequence[str], items: Sequence[Item]) -> None:
    needing = [m for m in metrics if manifest.metrics[m].needs_time]
    if needing and not any(item.field.name == METRIC_TIME for item in items):
        raise QueryError(
            f"'{needing[0]}' compares periods, so it has no value without one.",
            remedy="Ask for it by a grain, such as year.",
        )


def _check_lines(made: Plan, source: Source) -> None:
    """A plan reads the lines that were found and allowed, and no other."""
    if foreign := made.lines - {b.line for b in source.builds}:
        raise QueryError(
            f"The question reaches into line {', '.join(sorted(foreign))}.",
            remedy="Ask for an indicator of that line with it.",
        )


def orders(order: Sequence[str], columns: Sequence[Column]) -> list[Order]:
    """Columns to sort by: those asked, then every other dimension: rows always come in the same order."""
    known = [c.name for c in columns]
    orders = []
    for asked in order:
        name = asked.removeprefix("-")
        if name not in known:
            raise UnknownDimension(name, known, remedy="An answer is sorted by its own columns.")
        orders.append(Order(name, asked.startswith("-")))
    done = {o.column for o in orders}
    return orders + [Order(c.name, False) for c in columns if c.kind != "metric" and c.name not in done]


def _select(
    planned: str, items: Sequence[Item], columns: Sequence[Column], orders: Sequence[Order], limit: int | None
) -> str:
    """MetricFlow's SQL, with the columns as they were asked, in a settled order."""
    sources = [f'CAST("{i.name}" AS DATE)' if i.grain else f'"{i.name}"' for i in items]
    sources += [f'"{c.name}"' for c in columns[len(items) :]]
    selected = ", ".join(f'{source} AS "{column.name}"' for source, column in zip(sources, columns, strict=True))
    sql = f"SELECT {selected}\nFROM (\n{planned}\n) AS plan"
    if orders:
        sql += "\nORDER BY " + ", ".join(f'"{o.column}"{" DESC" if o.descending else ""} NULLS LAST' for o in orders)
    return sql if limit is None else f"{sql}\nLIMIT {limit}"


def _run(
    mart: Mart, source: Source, sql: str, parameters: dict[str, Value], structures: tuple[str, ...]
) -> tuple[pa.Table, float]:
    """The rows, from memory if the same was asked of the same builds in the same scope."""
    typed = tuple((name, type(value).__name__, value) for name, value in sorted(parameters.items()))
    key = (tuple(str(b.folder) for b in source.builds), structures, sql, typed)
    if (known := _results.get(key)) is not None:
        return known, 0.0
    started = time.perf_counter()
    try:
        with mart.cursor(structures) as cursor:
            table = (
                cursor.sql(sql, params=parameters).to_arrow_table() if parameters else cursor.sql(sql).to_arrow_table()
            )
    except duckdb.Error as error:
        # DuckDB's words can quote a value of a row outside the scope: they go to the trace, not to the reader.
        raise QueryError(
            f"The mart could not answer ({type(error).__name__}).",
            remedy="Ask for less at once; `lake --debug` shows more.",
        ) from error
    table = _plain(table if structures else table.slice(0, 0))
    _results.put(key, table)
    return table, (time.perf_counter() - started) * 1000


def _plain(table: pa.Table) -> pa.Table:
    """Whole numbers as integers: DuckDB gives sums of integers as decimals without places."""
    for position, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type) and column.type.scale == 0:
            table = table.set_column(position, column.name, table.column(position).cast(pa.int64()))
    return table


def _dimension(item: Item) -> Column:
    label = item.field.label or item.field.element.replace("_", " ").capitalize()
    default_fr, default_en = ("Date", "Date") if item.field.name == METRIC_TIME else (label, label)
    return Column(
        name=item.asked,
        kind="time" if item.grain else "dimension",
        label_fr=str(item.field.meta.get("label_fr") or default_fr),
        label_en=str(item.field.meta.get("label_en") or default_en),
        unit=str(item.field.meta.get("unit") or ""),
        format="date" if item.grain else str(item.field.meta.get("format") or ""),
        grain=item.grain,
    )


def _metric(manifest: Manifest, name: str) -> Column:
    definition = manifest.metrics[name]
    meta = definition.meta
    label = definition.label or name
    return Column(
        name=name,
        kind="metric",
        label_fr=str(meta.get("label_fr") or label),
        label_en=str(meta.get("label_en") or label),
        unit=str(meta.get("unit") or ""),
        format=str(meta.get("format") or ""),
        direction=str(meta.get("direction") or "none"),
    )
