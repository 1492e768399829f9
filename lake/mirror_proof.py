"""Proof that the mirror holds what the lake holds: counts, checksums, content and control totals, each computed twice.

MongoDB aggregates its own records; the mirror's side is read from the Parquet files alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.contracts import Contract
from lake.contracts.changes import Way, way
from lake.mirror import ROWS_PER_GROUP, conform, files, through_batch
from lake.settings import settings
from lake.store import BatchRecord, BatchTotals, Store, current, hashes


@dataclass(frozen=True)
class Difference:
    """Where mirror and lake say different things. `batch` is None for what is computed over the whole source."""

    source: str
    batch: int | None
    what: str
    lake: str
    mirror: str

    def __str__(self) -> str:
        where = self.source if self.batch is None else f"{self.source}, batch {self.batch}"
        return f"{where}: {self.what}: {self.lake} in the lake, {self.mirror} in the mirror"


@dataclass(frozen=True)
class Totals:
    """The mirror's side of `ControlTotals`."""

    records: int
    live: int
    live_sums: Mapping[str, Decimal]
    record_sums: Mapping[str, Decimal]


def differences(store: Store, contract: Contract) -> list[Difference]:
    """Everything in which the mirror of a source differs from MongoDB, up to the last mirrored batch; best: nothing."""
    try:
        return _differences(store, contract)
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # A file of the mirror is damaged.
        return [
            Difference(contract.name, None, "its files", "whole", f"unreadable ({str(error).partition(chr(10))[0]})")
        ]


def _differences(store: Store, contract: Contract) -> list[Difference]:
    paths = files(contract.name)
    last = through_batch(contract.name)
    batches = [b for b in current(store.committed_batches(contract.name), contract) if b.number <= last]
    found = list(_types(contract, paths))
    if found:
        return found
    found.extend(_by_batch(contract.name, batches, store.batch_totals(contract, last), _batch_totals(contract, paths)))
    found.extend(_content(store, contract, batches, paths))
    lake = store.control_totals(contract, last)
    mirror = _totals(contract, paths)
    pairs: list[tuple[str, int | Decimal, int | Decimal]]
    pairs = [("records", lake.records, mirror.records), ("live keys", lake.live, mirror.live)]
    pairs += [(f"sum of {n}", lake.record_sums[n], mirror.record_sums[n]) for n in contract.control_totals]
    pairs += [(f"sum of {n} over live keys", lake.live_sums[n], mirror.live_sums[n]) for n in contract.control_totals]
    found.extend(Difference(contract.name, None, what, f"{a:,}", f"{b:,}") for what, a, b in pairs if a != b)
    return found


def _types(contract: Contract, paths: Sequence[Path]) -> Iterator[Difference]:
    """Every file is typed by the contract: of two types of one field, readers would make a third."""
    wanted = {field.name: field.type for field in contract.mirror_schema}
    for path in paths:
        for field in pq.read_schema(path):
            if field.type != wanted.get(field.name):
                what = f"type of {field.name} in {path.name}"
                yield Difference(contract.name, None, what, str(wanted.get(field.name, "no field")), str(field.type))


def _by_batch(
    source: str, batches: Sequence[BatchRecord], lake: Mapping[int, BatchTotals], mirror: Mapping[int, BatchTotals]
) -> Iterator[Difference]:
    """Counts and checksums: what the commit said, what MongoDB holds, what the files hold."""
    committed = {b.number: BatchTotals(b.records, b.hash_sum) for b in batches if b.records}
    nothing = BatchTotals(0, 0)
    for number in sorted(committed.keys() | lake.keys() | mirror.keys()):
        said, held, copied = (d.get(number, nothing) for d in (committed, lake, mirror))
        if said != held:
            yield Difference(source, number, "MongoDB's records are not those of the commit", _said(said), _said(held))
        if held != copied:
            yield Difference(source, number, "records and checksum", _said(held), _said(copied))


def _said(totals: BatchTotals) -> str:
    return f"{totals.records:,} ({totals.hash_sum})"


def _content(
    store: Store, contract: Contract, batches: Sequence[BatchRecord], paths: Sequence[Path]
) -> Iterator[Difference]:
    """Each row's content must still give the checksum that it was landed with; where a declared change has cast values
    or left some out, it must be what the same change makes of MongoDB's records."""
    wrong: dict[int, int] = {}
    for landed, run in itertools.groupby(batches, key=lambda b: b.shape):
        own, across = list(run), way(landed, contract)
        numbers = pa.array([b.number for b in own], pa.int64())
        parts = (part for path in paths for part in _rows(path, numbers))
        if across.is_exact:
            found = [number for part in parts for number in _rows_with_other_hash(part, own[0], across)]
        else:
            tables = [conform(table, contract, across) for table in store.tables(contract.name, own)]
            found = _rows_that_differ(pa.concat_tables(tables), pa.concat_tables(parts))
        for number in found:
            wrong[number] = wrong.get(number, 0) + 1
    for number, count in sorted(wrong.items()):
        yield Difference(contract.name, number, "rows whose content is not what was landed", "0", f"{count:,}")


def _rows(path: Path, batches: pa.Array) -> Iterator[pa.Table]:
    """The rows of these batches in a file."""
    for part in pq.ParquetFile(path).iter_batches(ROWS_PER_GROUP):
        table = pa.Table.from_batches([part])
        yield table.filter(pc.is_in(table["_batch"], value_set=batches))


def _rows_with_other_hash(table: pa.Table, batch: BatchRecord, across: Way) -> list[int]:
    """The batch number of each row whose content was changed."""
    if not table.num_rows:
        return []
    names = {f.name: across.names.get(f.name) or f.name for f in batch.fields}
    stored = {f.name: f.arrow_type for f in batch.fields if names[f.name] in table.column_names}
    columns = [table["_deleted"], *(table[names[name]].cast(kind) for name, kind in stored.items())]
    found = hashes(pa.table(columns, names=["_deleted", *stored]), stored)
    is_wrong = found != table["_hash"].to_numpy()
    numbers: list[int] = table["_batch"].to_numpy()[np.flatnonzero(is_wrong)].tolist()
    return numbers


def _rows_that_differ(wanted: pa.Table, found: pa.Table) -> list[int]:
    """The batch number of each row of `wanted` that is not in `found` as it is; rows too many are counted elsewhere."""
    rows = {(row["_key"], row["_version"]): row for row in found.to_pylist()}
    return [row["_batch"] for row in wanted.to_pylist() if rows.get((row["_key"], row["_version"])) != row]


def _batch_totals(contract: Contract, paths: Sequence[Path]) -> dict[int, BatchTotals]:
    rows = _ask("select _batch, count(*), sum(_hash) from records group by all", contract, paths)
    return {int(batch): BatchTotals(int(count), int(total)) for batch, count, total in rows}


def _totals(contract: Contract, paths: Sequence[Path]) -> Totals:
    sums = "".join(f', coalesce(sum("{name}"), 0)' for name in contract.control_totals)
    (every,) = _ask(f"select count(*){sums} from records", contract, paths)
    state = (
        "select * from records qualify row_number() over (partition by _key order by _order desc, _version desc) = 1"
    )
    (live,) = _ask(f"select count(*){sums} from ({state}) where not _deleted", contract, paths)
    return Totals(int(every[0]), int(live[0]), _sums(contract, live), _sums(contract, every))


def _sums(contract: Contract, row: Sequence[Any]) -> dict[str, Decimal]:
    return {name: Decimal(str(value)) for name, value in zip(contract.control_totals, row[1:], strict=True)}


def _ask(sql: str, contract: Contract, paths: Sequence[Path]) -> list[Any]:
    chosen = settings()
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": chosen.threads,
        "memory_limit": f"{chosen.memory_gb}GB",
        "temp_directory": str(chosen.data / "tmp"),
    }
    with duckdb.connect(config=config) as connection:
        # A field that no file has yet is null everywhere.
        connection.register("typed", contract.mirror_schema.empty_table())
        if paths:
            connection.read_parquet([str(p) for p in paths], union_by_name=True).create_view("copied")
        else:
            connection.execute("create view copied as from typed")
        connection.execute("create view records as from copied union all by name from typed")
        return connection.sql(sql).fetchall()
