"""Where the records of a build came from, and what else two builds of a line differ in.

A build's frozen inputs tell of each key which version counts in it: its batch, the number of its file in the ledger and
its line. Keys alone are looked up, those of records that the reader was shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from lake import builds, lineage
from lake.builds import CORE, Build
from lake.errors import PublishError, UnknownBuild
from lake.semantic.definitions import Model
from lake.sources import CORE_LINES

#: The version of a key that counts in a build, by the rule of `current_records`; a tombstone counts too.
_COUNTS = """
SELECT _key, _version, _batch, _file, _line FROM read_parquet($files) WHERE _key IN (SELECT _key FROM sought)
QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _order DESC, _batch DESC, _version DESC) = 1
"""

#: `is_same`: the same version of the record counts in both builds, so the record itself is no cause of anything.
_PAIRED = """
SELECT
    coalesce(b._key, a._key) AS _key,
    $source AS source,
    coalesce(b._batch, a._batch) AS batch,
    coalesce(b._file, a._file) AS file,
    coalesce(b._line, a._line) AS line,
    (a._version, a._batch) IS NOT DISTINCT FROM (b._version, b._batch) AS is_same
FROM counts_a AS a FULL JOIN counts_b AS b ON a._key = b._key
"""

_NUMBER = pa.int64()
_NO_COUNT = pa.schema([("_key", pa.binary()), *((name, _NUMBER) for name in ("_version", "_batch", "_file", "_line"))])
_ORIGIN = pa.schema(
    [
        ("_key", pa.binary()),
        ("source", pa.string()),
        *((name, _NUMBER) for name in ("batch", "file", "line")),
        ("is_same", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Difference:
    """Something that two builds were made from and that is not the same in both.

    A `source` of the line (of the group's mart: of the lines that it is made from) or a `shared` one (of the group or
    geography) by its last batch; the `build` of a line that the group's was made from; a `model` that the indicator is
    made by, parameters (seeds) among them; the `code` as a whole, which macros and tools are part of.
    """

    kind: Literal["source", "shared", "build", "model", "code"]
    name: str
    before: str = ""
    after: str = ""


def differences(metric: str, before: Build, after: Build) -> tuple[Difference, ...]:
    """What the indicator is made from that is another in one build than in the other; nothing of its definition."""
    old, new = lineage.read(before), lineage.read(after)
    nodes = {node.id: node for way in (old, new) for node in way.before(f"indicator:{metric}")}
    held = [{name: last for b in _holders(build) for name, last in b.inputs.items()} for build in (before, after)]
    found = []
    for id, node in nodes.items():
        if node.kind == "source":
            batches = [str(inputs.get(node.name, "")) for inputs in held]
            if batches[0] != batches[1]:
                found.append(Difference("shared" if node.line in CORE_LINES else "source", node.name, *batches))
        elif node.kind != "indicator":
            facets = [way.nodes[id].facets if id in way.nodes else {} for way in (old, new)]
            if any(facets[0].get(name) != facets[1].get(name) for name in ("sql", "columns")):
                found.append(Difference("model", node.name))
    for line in dict.fromkeys((*before.made_from, *after.made_from)):
        ids = [build.made_from.get(line, "") for build in (before, after)]
        if ids[0] != ids[1]:
            found.append(Difference("build", line, *ids))
    if before.code_version != after.code_version:
        found.append(Difference("code", "", before.code_version, after.code_version))
    return tuple(found)


def find(connection: duckdb.DuckDBPyConnection, keys: pa.Table, fact: Model, before: Build, after: Build) -> pa.Table:
    """Of each `_key`: its source, the batch, file and line of the version that counts in the newer build (or else in
    the older), and whether it is the same in both. Keys that no source of the fact has are not in it.

    The source that the fact is named after is looked up first, then the others that it is made from.
    """
    found = [_ORIGIN.empty_table()]
    for source in _sources(fact, after):
        if len(keys) == 0:
            break
        connection.register("sought", keys)
        for side, build in (("a", before), ("b", after)):
            files = [str(path) for path in _inputs(build, source)]
            counts = connection.sql(_COUNTS, params={"files": files}).to_arrow_table() if files else None
            connection.register(f"counts_{side}", counts if counts is not None else _NO_COUNT.empty_table())
        paired = connection.sql(_PAIRED, params={"source": source}).to_arrow_table().cast(_ORIGIN)
        connection.register("paired", paired)
        found.append(paired)
        keys = connection.sql("FROM sought ANTI JOIN paired USING (_key)").to_arrow_table()
    return pa.concat_tables(found)


def _sources(fact: Model, build: Build) -> Sequence[str]:
    """The sources that a fact is made from, the likeliest first."""
    way = lineage.read(build)
    relation = fact.relation
    start = next((n for n in way.nodes.values() if (n.schema, n.name) == (relation.schema, relation.name)), None)
    if start is None:
        return ()
    names = {relation.name, *(parent.partition(":")[2].removeprefix("fct_") for parent in start.before)}
    found = [n for n in way.before(start.id) if n.kind == "source"]
    return [n.name for n in sorted(found, key=lambda n: (n.name not in names, n.line != relation.database, n.name))]


def _inputs(build: Build, source: str) -> Iterator[Path]:
    """The frozen files of a source: the build's own, or those of the builds that it was made with."""
    folder = next((h.folder / builds.INPUTS / source for h in _holders(build) if source in h.inputs), None)
    return iter(sorted(folder.glob("*.parquet"))) if folder else iter(())


def _holders(build: Build) -> Iterator[Build]:
    """The build, the core that it was built with and the lines' builds that it was made from, if they are kept."""
    yield build
    made_with = {CORE: build.core_id, **build.made_from}
    for name, id in made_with.items():
        if id:
            with suppress(UnknownBuild, PublishError):
                yield builds.build(name, id)
