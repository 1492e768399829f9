"""The mirror: committed batches as Parquet files, typed by contract; what is new is added, nothing is changed.

`<data>/mirror/<source>` points at a folder of files `<first batch>-<last batch>.parquet`. A file is written under
another name, flushed and renamed: its presence is the ledger. It carries the lake's id and a trace of its batches, so
that the mirror of another lake, or of a past that was restored away, is refused. A file whose batches lie within
another's was merged into that one and is about to go. A rebuild makes a new folder and moves the pointer: readers
always find one whole mirror.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import queue
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lake.contracts import Contract
from lake.contracts.changes import Way, way
from lake.errors import ContractError, ForeignOrigin, MirrorError
from lake.origin import REMEDY, Origin, another_lake, joined, trace
from lake.settings import settings
from lake.store import BatchRecord, Store, current

#: Metadata of each file: when its newest batch was committed (ISO 8601, UTC).
LANDED_AT = b"lake.landed_at"
#: The id of the lake, the trace of the batches (`lake.origin`), and the number of this form of the file.
LAKE, BATCHES, FORM = b"lake.id", b"lake.batches", b"lake.format"
#: What stands for the contract's `changes`: with others, records of earlier versions are read otherwise.
CHANGES = b"lake.changes"
FORMAT = 1
ROWS_PER_GROUP = 100_000
#: More files than this are merged, the newest first, as long as that at least halves what is rewritten per record.
FILES_KEPT = 16
#: Groups of rows that wait to be written.
WAITING = 2

_NAME = re.compile(r"(\d+)-(\d+)\.parquet")

#: Called with the number of records copied since the last call.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class MirrorFile:
    """One file and the batches it holds: all committed ones of its source from `first` to `last`."""

    path: Path
    first: int
    last: int

    @property
    def told(self) -> dict[bytes, bytes]:
        """What the file says about itself.

        Raises:
            MirrorError: it is damaged.
        """
        try:
            return dict(pq.read_schema(self.path).metadata or {})
        except (pa.ArrowException, OSError) as error:
            if not self.path.exists():
                raise  # A merge took it away.
            source = self.path.parent.name.split(".")[1]
            raise MirrorError(
                f"The mirror of '{source}' is damaged: {self.path.name} can't be read.",
                remedy=f"Run `lake mirror {source} --full`, then `lake run`.",
            ) from error


@dataclass(frozen=True)
class Mirrored:
    """What one run did for one source."""

    source: str
    batches: int
    records: int
    seconds: float


def files(source: str) -> list[Path]:
    """The live files of a source, in the order of their batches. Hard-link them to keep them: a merge removes files."""
    return [file.path for file in _live(_folder(source))[0]]


def through_batch(source: str) -> int:
    """The last batch that the mirror holds of a source."""
    return max((file.last for file in _live(_folder(source))[0]), default=0)


def origin(folder: Path) -> Origin:
    """What the files in a folder hold of one source.

    Raises:
        ForeignOrigin: they were copied from several lakes.
    """
    live = [file for file in _live(folder)[0] if file.last]
    told = [file.told for file in live]
    lakes = {words[LAKE].decode() for words in told if LAKE in words}
    if len(lakes) > 1:
        raise ForeignOrigin(f"The mirror's files in {folder} are of {len(lakes)} lakes.", remedy=REMEDY)
    batches = joined(words.get(BATCHES, b"").decode() for words in told)
    return Origin(max((file.last for file in live), default=0), next(iter(lakes), None), batches)


def mirrored_origin(source: str) -> Origin:
    """What the mirror holds of a source."""
    return origin(_folder(source))


def foreign(contract: Contract, lake: str | None, batches: Sequence[BatchRecord]) -> str | None:
    """Why the mirror of a source is not of this lake, given its id and the committed batches; None if it is."""
    try:
        return _foreign(_folder(contract.name), lake, current(batches, contract), _digest(contract))
    except MirrorError as error:
        return f"damaged. {error}"
    except ContractError as error:
        return f"of another contract. {error}"


def _digest(contract: Contract) -> bytes:
    """What stands for the contract's `changes`."""
    return hashlib.sha256(repr(contract.changes).encode()).hexdigest()[:16].encode() if contract.changes else b""


def _foreign(folder: Path, lake: str | None, batches: Sequence[BatchRecord], changes: bytes) -> str | None:
    before = 0
    for file in (file for file in _live(folder)[0] if file.last):
        told = file.told
        if (form := int(told.get(FORM, b"0"))) > FORMAT:
            return f"of a newer version of this software: {file.path.name} has form {form}, and this one reads {FORMAT}"
        if said := another_lake(told[LAKE].decode() if LAKE in told else None, lake):
            return said
        if told.get(CHANGES, b"") != changes:
            continue  # It was copied under an earlier contract, perhaps of other batches, and is about to be made anew.
        own = [b for b in batches if before < b.number <= file.last]
        if BATCHES in told:
            is_own = told[BATCHES].decode() == trace(own)
        else:  # Written before 2026-12: the time of its last commit tells.
            is_own = bool(own) and told.get(LANDED_AT, b"").decode() == own[-1].committed_at.isoformat()
        if not is_own:
            return f"of another past of this lake: batches {before + 1} to {file.last} are not those of MongoDB"
        before = file.last
    return None


def pending(store: Store, contract: Contract) -> list[BatchRecord]:
    """Committed batches with records that the mirror does not hold yet, or not under this contract."""
    files = [] if _is_outgrown(_folder(contract.name), contract) else _live(_folder(contract.name))[0]
    after = max((file.last for file in files), default=0)
    return current(store.committed_batches(contract.name, after=after), contract)


def _is_outgrown(folder: Path, contract: Contract) -> bool:
    """Whether some of it was copied under an earlier contract, from which this one has declared a way across."""
    return any(file.told.get(CHANGES, b"") != _digest(contract) for file in _live(folder)[0])


def mirror(store: Store, contract: Contract, *, full: bool = False, progress: Progress | None = None) -> Mirrored:
    """Copy the batches of one source that the mirror does not hold; all of them again with `full`, or when the contract
    declares another way across from its earlier versions.

    Raises:
        ContractError: the contract does not say how to read what landed under another version of it.
        LeaseHeld: another process mirrors this source.
        ForeignOrigin: the mirror was copied from another lake, or from another past of this one.
        MirrorError: MongoDB gave other records than the batches' commits say.
    """
    begun = time.monotonic()
    with store.lease(f"mirror:{contract.name}") as lease:
        committed = current(store.committed_batches(contract.name), contract)
        if not full and (why := _foreign(_tidied(contract.name), store.own_id(), committed, _digest(contract))):
            raise ForeignOrigin(f"The mirror of '{contract.name}' is {why}.", remedy=REMEDY)
        full = full or _is_outgrown(_folder(contract.name), contract)
        folder = _rebuilt(contract.name) if full else _folder(contract.name)
        after = max((file.last for file in _live(folder)[0]), default=0)
        batches = [b for b in committed if b.number > after]
        if batches:
            _copy(store, contract, batches, folder, progress or (lambda _: None), lease.check)
        elif not _live(folder)[0]:
            _write(
                folder / "0-0.parquet",
                contract.mirror_schema.with_metadata({CHANGES: _digest(contract)}),
                [],
                lease.check,
            )
        if full:
            _point(contract.name, folder)
        else:
            _merge(contract, folder, lease.check)
    return Mirrored(contract.name, len(batches), sum(b.records for b in batches), time.monotonic() - begun)


def _copy(
    store: Store,
    contract: Contract,
    batches: Sequence[BatchRecord],
    folder: Path,
    progress: Progress,
    check: Callable[[], None],
) -> None:
    """One file of these batches, read in runs of the same fields."""
    schema = contract.mirror_schema
    expected = sum(b.records for b in batches)
    copied = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal copied
        for landed, run in itertools.groupby(batches, key=lambda b: b.shape):
            across = way(landed, contract)
            for table in store.tables(contract.name, list(run)):
                copied += table.num_rows
                progress(table.num_rows)
                yield conform(table, contract, across)
        if copied != expected:
            raise MirrorError(
                f"MongoDB gave {copied} records of '{contract.name}' for batches {batches[0].number} to "
                f"{batches[-1].number}, whose commits say {expected}.",
                remedy="Records were changed outside the lake: restore them, or land their files into a new lake.",
            )

    told = {LANDED_AT: batches[-1].committed_at.isoformat(), LAKE: store.own_id(), BATCHES: trace(batches)}
    path = folder / f"{batches[0].number}-{batches[-1].number}.parquet"
    _write(path, schema.with_metadata({**told, FORM: str(FORMAT), CHANGES: _digest(contract)}), tables(), check)


def conform(table: pa.Table, contract: Contract, across: Way) -> pa.Table:
    """Records as the contract types them: under their new names, cast where that is declared; what they lack is null.

    Raises:
        MirrorError: a value does not fit the new type.
    """
    named = {
        across.names.get(name, name): column for name, column in zip(table.column_names, table.columns, strict=True)
    }
    columns = []
    for field in contract.mirror_schema:
        if field.name not in named:
            columns.append(pa.nulls(table.num_rows, field.type))
            continue
        try:
            columns.append(named[field.name].cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise MirrorError(
                f"'{field.name}' of '{contract.name}' was {named[field.name].type} and can't become {field.type}: "
                f"{error}",
                remedy="Give the field another name in the contract, or declare `again: true` in its changes.",
            ) from error
    return pa.table(columns, schema=contract.mirror_schema)


def _merge(contract: Contract, folder: Path, check: Callable[[], None]) -> None:
    """Merge small neighbours when there are many files: from the newest back, while the next is not much larger."""
    live, _ = _live(folder)
    if len(live) <= FILES_KEPT:
        return
    counts = [pq.read_metadata(file.path).num_rows for file in live]
    begin, total = len(live) - 1, counts[-1]
    while begin and counts[begin - 1] <= 2 * total:
        begin -= 1
        total += counts[begin]
    merged = live[begin:]
    if len(merged) < 2:
        return
    told = [file.told for file in merged]
    metadata = {name: value for name, value in told[-1].items() if name in (LANDED_AT, LAKE, FORM, CHANGES)}
    if batches := joined(words.get(BATCHES, b"").decode() for words in told):
        metadata[BATCHES] = batches.encode()
    tables = (
        conform(pa.Table.from_batches([batch]), contract, Way())
        for file in merged
        for batch in pq.ParquetFile(file.path).iter_batches(ROWS_PER_GROUP)
    )
    target = folder / f"{merged[0].first}-{merged[-1].last}.parquet"
    _write(target, contract.mirror_schema.with_metadata(metadata), tables, check)
    for file in merged:
        file.path.unlink()


def _write(path: Path, schema: pa.Schema, tables: Iterable[pa.Table], check: Callable[[], None]) -> None:
    """A Parquet file that is there whole or not at all; rows are compressed in a thread while the next are made.

    `check` raises if another process has taken over meanwhile: two files may never hold the same batch.
    """
    unfinished = path.with_name(f".{path.name}.part")
    with pq.ParquetWriter(unfinished, schema, compression="snappy", use_dictionary=_repeating(schema)) as writer:
        _in_thread(writer, _grouped(tables))
    _flush(unfinished)
    check()
    unfinished.replace(path)
    _flush(path.parent)


def _repeating(schema: pa.Schema) -> list[str]:
    """Columns whose values may repeat; a dictionary of the others costs a third of the writing and is thrown away."""
    repeating = [pa.types.is_string, pa.types.is_date32, pa.types.is_int32]
    return ["_batch", "_file", *(f.name for f in schema if any(is_kind(f.type) for is_kind in repeating))]


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, in tables of about ROWS_PER_GROUP."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= ROWS_PER_GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _in_thread(writer: pq.ParquetWriter, tables: Iterable[pa.Table]) -> None:
    waiting: queue.Queue[pa.Table | None] = queue.Queue(WAITING)
    failed: list[BaseException] = []

    def write() -> None:
        while (table := waiting.get()) is not None:
            if not failed:
                try:
                    writer.write_table(table, row_group_size=2 * ROWS_PER_GROUP)
                except BaseException as error:
                    failed.append(error)

    thread = threading.Thread(target=write, name="mirror-write")
    thread.start()
    try:
        for table in tables:
            if failed:
                break
            waiting.put(table)
    finally:
        waiting.put(None)
        thread.join()
    if failed:
        raise MirrorError(f"A mirror file can't be written: {failed[0]}", remedy="Is the disk full?") from failed[0]


def _flush(path: Path) -> None:
    """Make a file, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder(source: str) -> Path:
    """The folder that the source's pointer names now."""
    return (settings().mirror / source).resolve()


def _live(folder: Path) -> tuple[list[MirrorFile], list[MirrorFile]]:
    """Files by their batches, and those that were merged into one of these."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            if match := _NAME.fullmatch(path.name):
                found.append(MirrorFile(path, int(match[1]), int(match[2])))
    live: list[MirrorFile] = []
    merged: list[MirrorFile] = []
    has_records = any(file.last for file in found)
    for file in sorted(found, key=lambda f: (f.first, -f.last)):
        is_merged = bool(live) and file.last <= live[-1].last
        is_empty = has_records and not file.last  # `0-0` held the columns until the first records came.
        (merged if is_merged or is_empty else live).append(file)
    return live, merged


def _tidied(source: str) -> Path:
    """The source's folder, without what an interrupted run left."""
    pointer = settings().mirror / source
    if not pointer.exists():
        folder = _rebuilt(source)
        _point(source, folder)
    folder = _folder(source)
    for path in folder.glob(".*.part"):
        path.unlink()
    for file in _live(folder)[1]:
        file.path.unlink()
    _remove_others(source, folder)
    return folder


def _rebuilt(source: str) -> Path:
    """A new, empty folder for the source."""
    settings().mirror.mkdir(parents=True, exist_ok=True)
    _remove_others(source, _folder(source))
    return Path(tempfile.mkdtemp(prefix=f".{source}.", dir=settings().mirror))


def _point(source: str, folder: Path) -> None:
    """Move the pointer to a folder, in one step, and remove the one before."""
    pointer = settings().mirror / source
    before = _folder(source)
    fresh = folder.with_name(f"{folder.name}.pointer")
    fresh.symlink_to(folder.name)
    fresh.replace(pointer)
    _flush(pointer.parent)
    if before != folder:
        shutil.rmtree(before, ignore_errors=True)


def _remove_others(source: str, kept: Path) -> None:
    """Folders and pointers that interrupted rebuilds left."""
    for path in settings().mirror.glob(f".{source}.*"):
        if path.is_symlink():
            path.unlink()
        elif path.resolve() != kept:
            shutil.rmtree(path)
