"""Running statements: the marts that are open, the values in the types of their columns, the results kept."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

import duckdb
import pyarrow as pa

from lake.errors import QueryError
from lake.semantic.cache import Cache
from lake.semantic.connection import Mart, Marts
from lake.semantic.filters import Filter, Value, coerce
from lake.semantic.manifest import Manifest
from lake.semantic.names import Item
from lake.semantic.plan import Condition
from lake.semantic.publications import Source

#: Results kept in memory, in bytes of Arrow.
KEPT_BYTES = 256 * 2**20

marts = Marts()
results: Cache[pa.Table] = Cache(KEPT_BYTES, lambda table: table.nbytes + 1024)


def close() -> None:
    """Close every mart and forget every result."""
    marts.close()
    results.clear()


def typed(mart: Mart, manifest: Manifest, item: Item, given: Filter) -> Condition:
    """The filter with its values in the type of the column that they are compared with."""
    kind = "VARCHAR" if given.op in ("contains", "starts with") else type_of(mart, manifest, item)
    return Condition(item, replace(given, values=tuple(coerce(given.field, value, kind) for value in given.values)))


def type_of(mart: Mart, manifest: Manifest, item: Item) -> str:
    """DuckDB's type of a dimension as it is asked."""
    if item.grain or item.field.model is None:
        return "DATE"
    return mart.types(manifest.models[item.field.model])[item.field.element]


def run(
    mart: Mart, source: Source, sql: str, parameters: dict[str, Value], structures: tuple[str, ...]
) -> tuple[pa.Table, float]:
    """The rows and the milliseconds they took: none if the same was asked of the same builds in the same scope."""
    values = tuple((name, type(value).__name__, value) for name, value in sorted(parameters.items()))
    key = (tuple(str(b.folder) for b in source.builds), structures, sql, values)
    started = time.perf_counter()
    table, was_known = results.fetch(key, lambda: _run(mart, sql, parameters, structures))
    return table, 0.0 if was_known else (time.perf_counter() - started) * 1000


def _run(mart: Mart, sql: str, parameters: dict[str, Value], structures: tuple[str, ...]) -> pa.Table:
    try:
        table = mart.table(sql, parameters, structures)
    except duckdb.Error as error:
        # DuckDB's words can quote a value of a row outside the scope: they go to the trace, not to the reader.
        raise QueryError(
            f"The mart could not answer ({type(error).__name__}).",
            remedy="Ask for less at once; `lake --debug` shows more.",
        ) from error
    return _plain(table if structures else table.slice(0, 0))


def _plain(table: pa.Table) -> pa.Table:
    """Whole numbers as integers, if they fit: DuckDB gives sums of integers as decimals without places."""
    for position, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type) and column.type.scale == 0:
            with suppress(pa.ArrowInvalid):
                table = table.set_column(position, column.name, table.column(position).cast(pa.int64()))
    return table
