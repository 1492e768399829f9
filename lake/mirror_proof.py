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
from lake.mirror import ROWS_PER_GROUP, files, through_batch
from lake.settings import settings
from lake.store import BatchRecord, BatchTotals, Store, hashes


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
    batches = [b for b in store.committed_batches(contract.name) if b.number <= last]
    found = list(
        _by_batch(contract.name, batches, store.batch_totals(contract.name, last), _batch_totals(contract, paths))
    )
    found.extend(_content(contract.name, batches, paths))
    lake = store.control_totals(contract, last)
    mirror = _totals(contract, paths)
    pairs: list[tuple[str, int | Decimal, int | Decimal]]
    pairs = [("records", lake.records, mirror.records), ("live keys", lake.live, mirror.live)]
    pairs += [(f"sum of {n}", lake.record_sums[n], mirror.record_sums[n]) for n in contract.control_totals]
    pairs += [(f"sum of {n} over live keys", lake.live_sums[n], mirror.live_sums[n]) for n in contract.control_totals]
    found.extend(Difference(contract.name, None, what, f"{a:,}", f"{b:,}") for what, a, b in pairs if a != b)
    return found


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


def _content(source: str, batches: Sequence[BatchRecord], paths: Sequence[Path]) -> Iterator[Difference]:
    """Each row's content must still give the checksum that it was landed with."""
    wrong: dict[int, int] = {}
    runs = [list(run) for _, run in itertools.groupby(batches, key=lambda b: b.fields)]
    for path, run in itertools.product(paths, runs):
        for part in pq.ParquetFile(path).iter_batches(ROWS_PER_GROUP):
            table = pa.Table.from_batches([part])
            numbers = table["_batch"]
            table = table.filter(
                pc.and_(pc.greater_equal(numbers, run[0].number), pc.less_equal(numbers, run[-1].number))
            )
            for number in _rows_with_other_hash(table, run[0]):
                wrong[number] = wrong.get(number, 0) + 1
    for number, count in sorted(wrong.items()):
        yield Difference(source, number, "rows whose content is not what was landed", "0", f"{count:,}")


def _rows_with_other_hash(table: pa.Table, batch: BatchRecord) -> list[int]:
    """The batch number of each row whose content was changed."""
    if not table.num_rows:
        return []
    stored = {f.name: f.arrow_type for f in batch.fields if f.name in table.column_names}
    columns = [table["_deleted"], *(table[name].cast(kind) for name, kind in stored.items())]
    found = hashes(pa.table(columns, names=["_deleted", *stored]), stored)
    is_wrong = found != table["_hash"].to_numpy()
    numbers: list[int] = table["_batch"].to_numpy()[np.flatnonzero(is_wrong)].tolist()
    return numbers


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
