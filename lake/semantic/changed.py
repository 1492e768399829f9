"""The records of a fact that count otherwise in one build than in another.

Both builds are read through their secured views. Millions of rows that are the same in both are told apart by two
hashes a row; only what is left is fetched and compared value by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from lake.access import Scope
from lake.builds import Build
from lake.errors import QueryError
from lake.semantic import execution
from lake.semantic.connection import Mart
from lake.semantic.definitions import Model
from lake.semantic.filters import Value
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.names import Item, Vocabulary
from lake.semantic.origins import find
from lake.semantic.publications import Source
from lake.semantic.question import Question
from lake.semantic.trace import Trace
from lake.settings import settings

#: What makes a record the same in both builds: the key of its source record, and the event's own key where it has one
#: (several rows of a fact can come of one record).
_IDENTITY = "_key, _record"

_DIFFERENT = """
SELECT DISTINCT i FROM (
    (SELECT * FROM marks_a EXCEPT ALL SELECT * FROM marks_b)
    UNION ALL (SELECT * FROM marks_b EXCEPT ALL SELECT * FROM marks_a)
)
"""


@dataclass(frozen=True)
class Side:
    """One of the two builds, open: the rows of a part that hold in the question, as `rows`, with `parameters`.

    Columns: `_key _record _day`, a `_by_<n>` for each dimension, `_value`. `facts` are all rows of the fact, `_key` and
    `_record` alone. `adds` is what a row adds to the figure.
    """

    build: Build
    mart: Mart
    structures: tuple[str, ...]
    fact: Model
    rows: str
    parameters: Mapping[str, Value]
    facts: str
    adds: str

    def fetch(self, sql: str, parameters: Mapping[str, Value], changed: pa.Table | None = None) -> pa.Table:
        """What a statement gives in the scope; it may join `changed`."""
        try:
            with self.mart.cursor(self.structures) as cursor:
                if changed is not None:
                    cursor.register("changed", changed)
                table = cursor.sql(sql, params=dict(parameters) or None).to_arrow_table()
        except duckdb.Error as error:
            # DuckDB's words can quote a value of a row outside the scope: they go to the trace, not to the reader.
            raise QueryError(
                f"The mart could not answer ({type(error).__name__}).", remedy="Compare less at once: give a period."
            ) from error
        return table if self.structures else table.slice(0, 0)


@contextmanager
def comparing() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own to compare in, which may read the frozen inputs of builds."""
    memory = f"{settings().memory_gb / 2}GB"
    with duckdb.connect(":memory:", config={"threads": settings().threads, "memory_limit": memory}) as connection:
        yield connection


def side(source: Source, mart: Mart, part: str, question: Question, items: Sequence[Item], scope: Scope) -> Side:
    """The rows of one part of an indicator in the first build of a source, by dimensions of the indicator.

    Raises:
        QueryError: the part is not made of rows, or they have no key.
    """
    manifest = source.manifest
    structures = mart.resolve(scope.structures)
    bare = Trace(manifest, manifest.metrics[part])
    sql = f"SELECT * FROM {bare.fact.relation.sql} LIMIT 0"
    is_keyed = "_key" in execution.run(mart, source, sql, {}, structures)[0].column_names
    entity = bare.fact.primary_entity
    if entity is not None and bare.fact.expressions.get(entity, "_key") == "_key":  # it has no key but the record's
        entity = None
    if not is_keyed and entity is None:
        raise QueryError(f"The rows of '{part}' have no key that tells them apart.")
    trace = Trace(manifest, manifest.metrics[part], kept=("_key",) if is_keyed else ())
    identity = {
        "_key": "fact._key" if is_keyed else "CAST(NULL AS BLOB)",
        "_record": f'CAST(fact."{entity}" AS VARCHAR)' if entity else "CAST(NULL AS VARCHAR)",
    }
    own = [trace.vocabulary.item(item.name) for item in items]
    columns = {
        **identity,
        "_day": f'CAST(fact."{trace.measure.time}" AS DATE)',
        **{f"_by_{n}": trace.reference(item) for n, item in enumerate(own)},
    }
    vocabulary = Vocabulary(manifest, question.metrics)
    wanted = [(trace.vocabulary.item(vocabulary.item(f.field).name), f) for f in question.filters]
    conditions = [execution.typed(mart, manifest, item, f) for item, f in wanted]
    rows, parameters = trace.statement(columns, conditions, [i for i in own if i.field.name == METRIC_TIME])
    shown = ", ".join(f"{sql} AS {name}" for name, sql in identity.items())
    facts = f"SELECT {shown} FROM ({trace.rows()}) AS fact"
    adds = "1" if trace.measure.aggregation == "count_distinct" else "_value"
    return Side(source.builds[0], mart, structures, trace.fact, rows, parameters, facts, adds)


def compare(connection: duckdb.DuckDBPyConnection, name: str, before: Side, after: Side, width: int) -> None:
    """Put the records that differ in a table of the connection, `width` dimensions wide.

    Columns: `kind record day_a day_b`, `by_<n>_a by_<n>_b`, `value_a value_b source batch file line`. `kind` is `new`
    (in b only), `deleted` (in a only), `corrected` (in both), or `other`: the version of the record is the same in
    both builds, so something else made it count otherwise.
    """
    by = [f"_by_{n}" for n in range(width)]
    mark = f"SELECT hash({_IDENTITY}) AS i, hash({', '.join(('_value', '_day', *by))}) AS h"
    sides = (("a", before), ("b", after))
    for letter, one in sides:
        connection.register(f"marks_{letter}", one.fetch(f"{mark} FROM ({one.rows})", one.parameters))
    changed = connection.sql(_DIFFERENT).to_arrow_table()
    chosen = f"WHERE hash({_IDENTITY}) IN (SELECT i FROM changed)"
    nth = f"row_number() OVER (PARTITION BY {_IDENTITY} ORDER BY {', '.join(('_day', *by, '_value'))}) AS _nth"
    for letter, one in sides:
        rows = f"SELECT *, {one.adds} AS _adds, {nth} FROM ({one.rows}) {chosen}"
        connection.register(f"rows_{letter}", one.fetch(rows, one.parameters, changed))
        facts = f"SELECT DISTINCT hash({_IDENTITY}) AS i FROM ({one.facts}) {chosen}"
        connection.register(f"facts_{letter}", one.fetch(facts, {}, changed))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE paired_rows AS {_paired(by)}")
    keys = connection.sql("SELECT DISTINCT _key FROM paired_rows WHERE _key IS NOT NULL").to_arrow_table()
    connection.register("origins", find(connection, keys, after.fact, before.build, after.build))
    connection.execute(f'CREATE TEMP TABLE "{name}" AS {_RECORDS}')


def _paired(by: Sequence[str]) -> str:
    """The rows left of both builds side by side, without those that turn out the same."""
    sides = ", ".join(f"a.{c} AS {c[1:]}_a, b.{c} AS {c[1:]}_b" for c in ("_day", *by))
    differ = " OR ".join(f"a.{c} IS DISTINCT FROM b.{c}" for c in ("_value", "_day", *by, "_nth"))
    return f"""
SELECT
    coalesce(b._key, a._key) AS _key,
    coalesce(b._record, a._record) AS record,
    {sides},
    a._adds AS value_a,
    b._adds AS value_b
FROM rows_a AS a
FULL JOIN rows_b AS b
    ON a._key IS NOT DISTINCT FROM b._key AND a._record IS NOT DISTINCT FROM b._record AND a._nth = b._nth
WHERE {differ}
"""


_RECORDS = """
SELECT
    CASE
        WHEN origins.is_same THEN 'other'
        WHEN facts_a.i IS NULL THEN 'new'
        WHEN facts_b.i IS NULL THEN 'deleted'
        ELSE 'corrected'
    END AS kind,
    paired_rows.* EXCLUDE (_key) REPLACE (coalesce(record, lower(hex(_key))) AS record),
    origins.source, origins.batch, origins.file, origins.line
FROM paired_rows
LEFT JOIN facts_a ON facts_a.i = hash(paired_rows._key, paired_rows.record)
LEFT JOIN facts_b ON facts_b.i = hash(paired_rows._key, paired_rows.record)
LEFT JOIN origins USING (_key)
"""
