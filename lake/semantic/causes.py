"""What changed the cells of an indicator between two builds: records, by kind and one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from lake.access import Scope, lines_behind
from lake.errors import QueryError
from lake.semantic import changed, execution
from lake.semantic.answer import Note
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.names import Item, Vocabulary
from lake.semantic.publications import Source
from lake.semantic.question import Question
from lake.semantic.rows import simple_parts


@dataclass(frozen=True)
class Causes:
    """`causes` and `records` as in `Restatement`; `count` records there are in all."""

    parts: tuple[str, ...]
    causes: pa.Table
    records: pa.Table | None
    count: int
    notes: tuple[Note, ...]


def find(question: Question, sources: tuple[Source, Source], scope: Scope, limit: int) -> Causes:
    """The records of each part of an indicator that count otherwise in the second source than in the first."""
    parts = tuple(dict.fromkeys(p for s in sources for p in simple_parts(s.manifest, question.metrics[0])))
    vocabulary = Vocabulary(sources[1].manifest, question.metrics)
    split = [vocabulary.item(name, question.grain) for name in question.by]
    # Records are shown with their structure, whatever the cells are split by.
    items = split if any(i.field.name == _STRUCTURE for i in split) else [*split, vocabulary.item(_STRUCTURE)]
    notes = []
    with ExitStack() as stack:
        marts = [stack.enter_context(execution.marts.using(source.builds)) for source in sources]
        connection = stack.enter_context(changed.comparing())
        tables: dict[str, str] = {}
        for part in parts:
            try:
                sides = [
                    changed.side(source, mart, part, question, items, scope)
                    for source, mart in zip(sources, marts, strict=True)
                ]
            except QueryError as error:
                said = f"{part} : {error.what}"
                notes.append(Note("restatement", f"Sans les lignes de {said}", f"Without the rows of {said}"))
                continue
            tables[part] = f"part_{len(tables)}"
            changed.compare(connection, tables[part], sides[0], sides[1], len(items))
        count = sum(connection.table(table).shape[0] for table in tables.values())
        caused = _run(connection, (_caused(part, table, split) for part, table in tables.items()), "")
        may_drill = all(scope.allows("drill", *lines_behind(build.line)) for build in sources[1].builds)
        order = f"ORDER BY abs(change) DESC, part, record LIMIT {limit}"
        listed = (_listed(part, table, items) for part, table in tables.items())
        records = _run(connection, listed, order) if may_drill else None
    if not may_drill:
        notes.append(
            Note(
                "restatement",
                "Les lignes elles-mêmes demandent le droit de voir le détail.",
                "The records themselves need the permission to drill.",
            )
        )
    return Causes(parts, caused, records, count, tuple(notes))


_STRUCTURE = "structure"


def _caused(part: str, table: str, items: Sequence[Item]) -> str:
    """By cell and kind, what the records of a part take from it (as they were) and add to it (as they are)."""
    sides = []
    for letter, sign in (("a", "-"), ("b", "")):
        cell = ", ".join(f'by_{n}_{letter} AS "{item.asked}"' for n, item in enumerate(items))
        sides.append(
            f"SELECT rowid AS _nth, {cell}{', ' if cell else ''}kind, {sign}value_{letter} AS change "
            f'FROM "{table}" WHERE value_{letter} IS NOT NULL'
        )
    names = "".join(f'"{item.asked}", ' for item in items)
    return (
        f"SELECT '{part}' AS part, {names}kind, count(DISTINCT _nth) AS records, sum(change) AS change "
        f"FROM ({' UNION ALL '.join(sides)}) GROUP BY ALL"
    )


def _listed(part: str, table: str, items: Sequence[Item]) -> str:
    """The records of a part. The period of a cell is left out: the day says it."""
    shown = [(n, item.asked) for n, item in enumerate(items) if item.field.name != METRIC_TIME]
    columns = "".join(f'by_{n}_a AS "{name}_a", by_{n}_b AS "{name}_b", ' for n, name in shown)
    return (
        f"SELECT '{part}' AS part, kind, record, day_a, day_b, {columns}value_a, value_b, "
        f'coalesce(value_b, 0) - coalesce(value_a, 0) AS change, source, batch, file, line FROM "{table}"'
    )


def _run(connection: duckdb.DuckDBPyConnection, selects: Iterable[str], order: str) -> pa.Table:
    union = " UNION ALL BY NAME ".join(selects)
    if not union:
        return pa.table({})
    table = connection.sql(f"FROM ({union}) {order or 'ORDER BY ALL'}").to_arrow_table()
    for position, column in enumerate(table.schema):  # DuckDB's sums of integers are decimals without places
        if pa.types.is_decimal(column.type) and column.type.scale == 0:
            table = table.set_column(position, column.name, table.column(position).cast(pa.int64()))
    return table
