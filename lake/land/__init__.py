"""Landing: delivered files → records in MongoDB, or quarantine; nothing is lost and nothing is landed twice.

    deliveries.py  paths, folders, globs, archives → single files
    recognise.py   a file → its contract, by name or header
    pieces.py      rows of many small files checked together
    checks.py      typed, checked, pseudonymised; every reason kept
    values.py      text → numbers, booleans, …; instants.py: → days and instants; identity.py: → what is hashed
    survey.py      what a delivery that is the whole of its scope takes away, and what is doubtful about it
    waiting.py     deliveries that wait for a person's confirmation
    questions.py   columns that deliveries lack or have anew, and what people answered
    originals.py   rows as the quarantine keeps them
    retry.py       rows in quarantine, read again
    replacement.py rows in quarantine, replaced by a corrected file
    report.py      what became of each file

Files of one source land in batches of about `BATCH_ROWS` rows, whole files each: readers see all of a batch or nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from lake.access import Scope
from lake.contracts import Contract, Field, broken, catalogue, contract
from lake.contracts.changes import is_left_out
from lake.errors import ContractError, LakeError, ReadError
from lake.land import questions, waiting
from lake.land.deliveries import Delivery, deliveries
from lake.land.originals import quarantined
from lake.land.pieces import CheckedPieces, Piece, check_pieces
from lake.land.recognise import from_name, recognise
from lake.land.report import COUNTS, FileReport, Report
from lake.land.survey import Statement, Survey
from lake.readers import columns, read, reading
from lake.readers.chunk import Chunk
from lake.readers.stream import Plain, Stream
from lake.store import Batch, FileRecord, Standing, Store, open_store
from lake.vault import Vault, vault_of

log = logging.getLogger(__name__)

#: Rows typed and written at a time, and rows after which a batch is committed (at the end of a file).
CHUNK_ROWS = 50_000
BATCH_ROWS = 1_000_000

#: Bytes of rows, originals included, after which they are typed and written however few they are.
CHUNK_BYTES = 64 << 20

#: A file up to this many bytes is read once, into memory; a larger one twice, for its digest and for its rows.
_SMALL = 8 << 20

#: Headers of a file that are named when it lacks those that it needs; columns that are not stored, in its report.
_SHOWN_HEADERS = 12
_EXTRA = 100

#: Called with the bytes and the rows that were dealt with since the last call.
Progress = Callable[[int, int], None]


def land(
    paths: Sequence[str],
    *,
    source: str | None = None,
    name: str | None = None,
    contracts: Mapping[str, Contract] | None = None,
    confirmed: Scope | None = None,
    progress: Progress = lambda size, rows: None,
    found: Callable[[int, int], None] = lambda files, size: None,
) -> Report:
    """Land files, folders, globs and archives.

    Args:
        paths: What to land; `-` is stdin, with `source`.
        source: The source of all of them, where their names don't tell.
        name: The file name that stdin stands for.
        contracts: By source; those of the package by default. A broken one of these refuses the files that may be its
            own (`recognise`), and is in the report.
        confirmed: Who says that they are right, however much they withdraw (`survey`).
        progress: Told as the work goes on.
        found: Told once how many files and bytes there are.

    Raises:
        AccessDenied: who confirms them may not.
        UnknownSource: `source` is not one.
        ContractError: the contract of `source` is broken.
        ReadError: stdin has no source.
        LeaseHeld: somebody else lands that source; files of the sources before are landed.
        SettingsError: a key is missing, or is not the one that the lake was filled with.
    """
    began = time.monotonic()
    known = contracts or ({source: contract(source)} if source else catalogue())
    unusable = () if contracts or source else broken()
    if "-" in paths and not source:
        raise ReadError(
            "Rows from stdin have no file name to recognise them by.", remedy="Say which they are with --source."
        )
    reports: list[FileReport] = []
    by_source: dict[str, list[tuple[Delivery, Mapping[str, str]]]] = {}
    size = 0
    with tempfile.TemporaryFile() as spool:
        for delivery in deliveries(paths, (name or "stdin", spool)):
            try:
                with reading(delivery.shown):
                    recognised = recognise(delivery, known, source, unusable)
            except ReadError as error:
                reports.append(_refusal(delivery, error))
                continue
            by_source.setdefault(recognised.contract.name, []).append((delivery, recognised.named))
            size += delivery.size
        found(sum(map(len, by_source.values())), size)
        if by_source:
            with open_store() as store:
                keys = vault_of(store)
                for each in sorted(by_source):
                    if confirmed:
                        confirmed.require("quarantine", known[each].line)
                    with store.lease(f"land:{each}"):
                        try:
                            reports += Landing(store, known[each], keys, progress, confirmed=confirmed).land(
                                by_source[each]
                            )
                        except ContractError as error:  # It is not the one that its records landed under.
                            reports += [_refusal(delivery, error) for delivery, _ in by_source[each]]
    return Report(tuple(reports), time.monotonic() - began, tuple(str(one.error) for one in unusable))


class Landing:
    """Files of one source, landed by the holder of its lease."""

    def __init__(
        self, store: Store, source: Contract, keys: Vault, progress: Progress, *, confirmed: Scope | None = None
    ) -> None:
        self._store = store
        self._contract = questions.answered(store, source)
        self._vault = keys
        self._progress = progress
        self._confirmed = confirmed
        self._known = self._delivered(store.files(source.name))
        self._batch: Batch | None = None
        self._batch_rows = 0
        self._waiting: list[Piece] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._reports: dict[int, FileReport] = {}

    def _delivered(self, files: Sequence[FileRecord]) -> set[tuple[str, str]]:
        """Files that add nothing when they come again: all, but for those of which a column is known since, and those
        that landed under another version of the contract, which may make other records of them.

        Where the last landed wins, an older file read again would undo a newer one: these come once, unless the
        contract leaves out what they landed.
        """
        contract = self._contract
        newest = {(f.name, f.sha256): f for f in files if not is_left_out(f.contract_version, contract)}
        if contract.version_order == "landing":
            return set(newest)
        newest = {what: f for what, f in newest.items() if f.contract_version == contract.version}
        return {what for what, file in newest.items() if not questions.is_readable_now(file, self._contract)}

    def land(
        self,
        files: Sequence[tuple[Delivery, Mapping[str, str]]],
        *,
        before_commit: Callable[[Batch, FileReport], None] | None = None,
    ) -> list[FileReport]:
        """Land files in order; what was read before a failure and not committed is removed.

        Args:
            files: With what their names say.
            before_commit: Called with each file that landed, once all its rows are written; what it does to the batch
                is of the same commit, and nothing of the batch lands if it fails.
        """
        reports: list[FileReport] = []
        try:
            for delivery, named in files:
                report = self._land_file(delivery, named)
                reports.append(report)
                if before_commit is not None and report.status == "landed":
                    self._flush()
                    before_commit(self._open_batch(), report)
                if self._batch_rows >= BATCH_ROWS:
                    self._commit()
            self._commit()
        except BaseException:
            if self._batch is not None:
                self._batch.abort()
            raise
        return reports

    def _land_file(self, delivery: Delivery, named: Mapping[str, str]) -> FileReport:
        report = FileReport(delivery.shown, self._contract.name)
        try:
            with reading(delivery.shown):
                digest, size, stream = _opened(delivery)
            with contextlib.closing(stream):
                if (delivery.name, digest) in self._known:
                    report.status, report.why = "known", "the same file was delivered before"
                elif newer := self._overtaken(delivery, digest):
                    report.status, report.why = "known", f"it waited, and {newer} has landed meanwhile"
                else:
                    self._read(stream, delivery, named, report, digest, size)
        except ReadError as error:
            report.status, report.why = "refused", str(error)
        self._progress(delivery.size, 0)
        return report

    def _read(
        self, stream: Stream, delivery: Delivery, named: Mapping[str, str], report: FileReport, digest: str, size: int
    ) -> None:
        chunks = read(stream, self._contract)
        first = next(chunks, None)  # What can't be read at all is refused here, before the ledger knows it.
        if first is None and stream.damage:
            raise ReadError(f"{delivery.shown} is {stream.damage} before its first row.", remedy="Have it sent again.")
        report.remarks = first.remarks if first is not None else ()
        if first is not None and (lacks := _lacking(first, self._contract)):
            raise ReadError(
                f"{delivery.shown} has no column for {', '.join(f.header for f in lacks)}, "
                f"which each row of {self._contract.name} needs.",
                remedy=f"Have it exported with them, or name them in the contract's aliases. It has {_headers(first)}.",
            )
        batch = self._open_batch()
        number = batch.add_file(delivery.name, digest, size)
        self._reports[number] = report
        pieces = self._pieces(
            itertools.chain([first] if first else [], chunks), stream, number, delivery, named, report
        )
        if self._contract.whole_of is None:
            for piece in pieces:
                self._wait(piece)
        else:
            try:
                said, checked = self._survey(pieces, named, report)
            except ReadError:
                self._forget(number)
                raise
            if said.doubts and not self._is_confirmed(delivery, digest, number, said):
                report.status, report.why = "waiting", "; ".join(map(str, said.doubts))
                self._forget(number)
                return
            self._land_whole(said, checked, number, delivery, named, report)
        if not size:
            report.why = "the file is empty"
        self._known.add((delivery.name, digest))
        missing = [f.name for f in self._contract.stored if f.header in report.missing]
        batch.note(number, questions.noted(self._contract, missing, report.extra))
        batch.read(number, report.read)
        self._batch_rows += report.read

    def _pieces(
        self,
        chunks: Iterator[Chunk],
        stream: Stream,
        number: int,
        delivery: Delivery,
        named: Mapping[str, str],
        report: FileReport,
    ) -> Iterator[Piece]:
        """The rows of a file; the report counts them and says what the file lacks: the columns that no row has."""
        last_line = 0
        lacks = [f for f in columns.from_columns(self._contract) if f.is_stored]
        for chunk in chunks:
            report.read += chunk.rows
            report.extra = tuple(dict.fromkeys((*report.extra, *chunk.extra)))[:_EXTRA]
            report.remarks = tuple(dict.fromkeys((*report.remarks, *chunk.remarks)))
            report.broke_at = report.broke_at or chunk.cut_at
            last_line = max([last_line, *chunk.lines[-1:], *(b.line for b in chunk.broken[-1:])])
            if chunk.table.num_rows:
                lacks = [f for f in lacks if f.name not in chunk.table.column_names]
                report.missing = tuple(f.header for f in lacks)
            if chunk.rows:
                yield Piece(chunk, number, delivery.name, named, chunk.lines)
        if stream.damage:
            report.broke_at, report.why = report.broke_at or int(last_line), f"the file is {stream.damage}"
        elif report.broke_at:
            report.why = "the file ends in the middle of a row"

    def _survey(
        self, pieces: Iterator[Piece], named: Mapping[str, str], report: FileReport
    ) -> tuple[Statement, CheckedPieces | None]:
        """What a file that is the whole of its scopes says, read to its end before anything is written; and its rows,
        checked, if they are few."""
        survey = Survey(self._contract, self._vault, named)
        checked = None
        for nth, piece in enumerate(pieces):
            found = check_pieces([piece], self._contract, self._vault)
            survey.add(found.table, found.failures)
            checked = found if nth == 0 else None
        is_whole = report.broke_at is None
        return survey.statement(self._open_batch(), self._named_files(), is_whole=is_whole), checked

    def _land_whole(
        self,
        said: Statement,
        checked: CheckedPieces | None,
        number: int,
        delivery: Delivery,
        named: Mapping[str, str],
        report: FileReport,
    ) -> None:
        """Write the rows of a file that is the whole of its scopes, and withdraw what it no longer holds."""
        batch, standings = self._open_batch(), list(said.standings.values())
        if checked is not None:
            self._write(checked, standings)
        else:
            with contextlib.closing(delivery.open()) as stream:
                again = FileReport(report.file)
                for piece in self._pieces(read(stream, self._contract), stream, number, delivery, named, again):
                    self._write(check_pieces([piece], self._contract, self._vault), standings)
        for scope, standing in said.standings.items():
            if standing.absent.count:
                order = max(said.order[scope], standing.newest or 0)
                report.withdrawn += batch.withdraw(number, scope, standing.absent, order)
        batch.speaks_of(number, said.standings)
        self._progress(0, report.read)

    def _forget(self, number: int) -> None:
        """A file of which nothing is written does not land."""
        self._open_batch().forget_file(number)
        del self._reports[number]

    def _named_files(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The files that the lake has of this source, with what their names say."""
        for name, _ in self._known:
            yield name, from_name(self._contract, name) or {}

    def _overtaken(self, delivery: Delivery, digest: str) -> str | None:
        """The newer delivery that landed while this one waited; nothing if it may still land."""
        if self._contract.whole_of is None or self._confirmed:
            return None
        found = waiting.overtaken(self._store, self._contract.name, delivery.name, digest)
        return found.name if found else None

    def _is_confirmed(self, delivery: Delivery, digest: str, number: int, said: Statement) -> bool:
        """Whether a person says that a doubtful delivery is right; it is remembered with its doubts in any case."""
        name = self._contract.name
        waiting.remember(
            self._store, name, delivery, digest, number, said, self._confirmed.signature if self._confirmed else None
        )
        return waiting.confirmed_by(self._store, name, delivery.name, digest) is not None

    def _wait(self, piece: Piece) -> None:
        self._waiting.append(piece)
        self._waiting_rows += piece.chunk.rows
        self._waiting_bytes += piece.chunk.size
        if self._waiting_rows >= CHUNK_ROWS or self._waiting_bytes >= CHUNK_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Check and write the rows that wait."""
        if not self._waiting:
            return
        self._write(check_pieces(self._waiting, self._contract, self._vault))
        self._progress(0, self._waiting_rows)
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def _write(self, checked: CheckedPieces, standings: Sequence[Standing] = ()) -> None:
        batch = self._open_batch()
        table, failures, rounded = checked
        if table.num_rows:
            for number, written in batch.write(table, standings).items():
                self._reports[number].landed += written.landed
                self._reports[number].unchanged += written.unchanged
        for number, values in rounded.items():
            self._reports[number].rounded.update(values)
        for failure in failures:
            report = self._reports[failure.piece.file]
            report.quarantined += 1
            report.reasons.update(failure.reasons)
        batch.quarantine(quarantined(f.piece.file, f.line, f.reasons, f.kept, self._vault) for f in failures)

    def _open_batch(self) -> Batch:
        if self._batch is None:
            self._batch = self._store.begin(self._contract)
        return self._batch

    def _commit(self) -> None:
        if self._batch is None:
            return
        self._flush()
        done = list(self._reports.values())
        if done:
            self._batch.commit()
        else:  # Every file waits.
            self._batch.abort()
        log.info(
            "land.done source=%s batch=%d files=%d read=%d landed=%d unchanged=%d quarantined=%d withdrawn=%d",
            self._contract.name,
            self._batch.number,
            len(done),
            *(sum(getattr(r, what) for r in done) for what in COUNTS),
        )
        self._batch, self._batch_rows = None, 0
        self._reports = {}


def _refusal(delivery: Delivery, error: LakeError) -> FileReport:
    log.warning("land.refused file=%s why=%s", delivery.shown, error)
    return FileReport(delivery.shown, status="refused", why=str(error))


def _lacking(chunk: Chunk, contract: Contract) -> list[Field]:
    """The required fields that no row of a file's first chunk has: it is another file, or one exported otherwise.

    A row that says its key is deleted needs its key and its order only.
    """
    table = chunk.table
    if not table.num_rows:
        return []
    missing = [f for f in columns.from_columns(contract) if f.required and f.name not in table.column_names]
    told = contract.deletion_field
    if told in table.column_names and contract.deletion_value in table.column(told).to_pylist():
        missing = [f for f in missing if f in contract.key or f.name == contract.version_order]
    return missing


def _headers(chunk: Chunk) -> str:
    named = [header for header in (*chunk.table.column_names, *chunk.extra) if header]
    return ", ".join(named[:_SHOWN_HEADERS]) + ("…" if len(named) > _SHOWN_HEADERS else "")


def _opened(delivery: Delivery) -> tuple[str, int, Stream]:
    """The digest and size of a file's bytes, and a stream of them from the start."""
    with contextlib.closing(delivery.open()) as stream:
        data = stream.read(_SMALL)
        digest, size = hashlib.sha256(data), len(data)
        is_small = size < _SMALL
        while not is_small and (more := stream.read(1 << 20)):
            digest.update(more)
            size += len(more)
    # Of a large one no more than was seen now, though it may grow while it is read.
    again = Plain(io.BytesIO(data)) if is_small else Plain(delivery.open(), size)
    again.damage = stream.damage
    return digest.hexdigest(), size, again
