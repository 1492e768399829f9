"""Rows of one or many files, checked together: typing is columnar, and files can be small."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Contract
from lake.errors import LakeError
from lake.land.checks import check
from lake.land.instants import Mask
from lake.land.originals import Kept
from lake.readers.chunk import Chunk, Lines
from lake.readers.columns import FILE_HEADER, LINE_HEADER
from lake.vault import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """A reader's chunk and the file it is of.

    Attributes:
        chunk: Rows of text.
        file: The file's number in the ledger.
        name: The file's name.
        named: What the name says, by group of its pattern.
        lines: Of each row of the chunk's table, its line in that file.
    """

    chunk: Chunk
    file: int
    name: str
    named: Mapping[str, str]
    lines: Lines


@dataclass(frozen=True)
class Failure:
    """A row that can't land. `row` is its index in the piece's table, None if it could not even be cut."""

    piece: Piece
    row: int | None
    line: int
    reasons: tuple[str, ...]
    original: bytes

    @property
    def kept(self) -> Kept:
        """What the quarantine keeps."""
        return Kept(self.piece.chunk.again, self.piece.chunk.encoding, self.piece.chunk.head, self.original)


class CheckedPieces(NamedTuple):
    """Rows of some pieces, typed and checked.

    Attributes:
        table: The rows that can land, in `contract.arrow_schema` plus `_file`, `_line`, `_deleted` and `_row`, their
            position among all rows of the pieces' tables.
        failures: Those that can't.
        rounded: Values of `table` that were rounded, by file and field.
    """

    table: pa.Table
    failures: list[Failure]
    rounded: dict[int, Counter[str]]


def check_pieces(pieces: Sequence[Piece], contract: Contract, vault: Vault) -> CheckedPieces:
    """Type and check the rows of some pieces. One whose values nobody foresaw fails whole, and no other with it."""
    try:
        return _together(pieces, contract, vault)
    except LakeError:
        raise
    except Exception as error:
        if len(pieces) == 1:
            log.exception("land.uncheckable file=%s", pieces[0].name)
            return CheckedPieces(pa.schema([]).empty_table(), list(_all_failed(pieces[0], error)), {})
    tables: list[pa.Table] = []
    failures: list[Failure] = []
    rounded: dict[int, Counter[str]] = defaultdict(Counter)
    before = 0
    for piece in pieces:
        checked = check_pieces([piece], contract, vault)
        if checked.table.num_rows:
            at = checked.table.schema.get_field_index("_row")
            rows = pc.add(checked.table.column(at), before)
            tables.append(checked.table.set_column(at, "_row", rows))
        failures += checked.failures
        for file, counts in checked.rounded.items():
            rounded[file].update(counts)
        before += len(piece.lines)
    return CheckedPieces(pa.concat_tables(tables) if tables else pa.schema([]).empty_table(), failures, rounded)


def _all_failed(piece: Piece, error: Exception) -> Iterator[Failure]:
    why = (f"row: could not be checked ({type(error).__name__})",)
    yield from (Failure(piece, None, b.line, (b.reason,), b.original) for b in piece.chunk.broken)
    for row, line in enumerate(piece.lines):
        yield Failure(piece, row, int(line), why, piece.chunk.original(row))


def _together(pieces: Sequence[Piece], contract: Contract, vault: Vault) -> CheckedPieces:
    failures = [Failure(p, None, b.line, (b.reason,), b.original) for p in pieces for b in p.chunk.broken]
    pieces = [p for p in pieces if len(p.lines)]
    if not pieces:
        return CheckedPieces(pa.schema([]).empty_table(), failures, {})
    sizes = np.array([len(p.lines) for p in pieces])
    owner = np.repeat(np.arange(len(pieces)), sizes)
    lines = np.concatenate([p.lines for p in pieces])
    rows = _from_files(_joined(pieces), contract, pieces, owner, lines)
    checked = check(rows, contract, vault, _absent(pieces, contract, owner))
    files = np.array([p.file for p in pieces], np.int64)[owner]
    table = checked.table.append_column("_file", pa.array(files)).append_column("_line", pa.array(lines))
    table = table.append_column("_row", pa.array(np.arange(len(owner))))
    firsts = np.cumsum(sizes) - sizes
    for index in sorted(checked.reasons):
        piece = pieces[owner[index]]
        row = int(index - firsts[owner[index]])
        failures.append(
            Failure(piece, row, int(lines[index]), tuple(checked.reasons[index]), piece.chunk.original(row))
        )
    rounded: dict[int, Counter[str]] = defaultdict(Counter)
    for field, is_rounded in checked.rounded.items():
        for file, count in zip(*np.unique(files[is_rounded & ~checked.fails], return_counts=True), strict=True):
            rounded[int(file)][field] += int(count)
    return CheckedPieces(table.filter(pa.array(~checked.fails)) if checked.reasons else table, failures, rounded)


def _joined(pieces: Sequence[Piece]) -> pa.Table:
    """All rows; a column that a piece lacks is null in its rows."""
    return pa.concat_tables([p.chunk.table for p in pieces], promote_options="default")


def _from_files(rows: pa.Table, contract: Contract, pieces: Sequence[Piece], owner: Lines, lines: Lines) -> pa.Table:
    """Add the fields that a file's name or a row's place give."""
    for field in contract.stored:
        if field.from_file is not None:
            said = pa.array([p.named.get(field.from_file) for p in pieces], pa.string()).take(pa.array(owner))
        elif field.header == LINE_HEADER:
            said = pa.array(lines).cast(pa.string())
        elif field.header == FILE_HEADER:
            said = pa.array([p.name for p in pieces], pa.string()).take(pa.array(owner))
        else:
            continue
        rows = rows.append_column(field.name, said)
    return rows


def _absent(pieces: Sequence[Piece], contract: Contract, owner: Lines) -> dict[str, Mask]:
    """For each field that some piece has no column for, the rows of these pieces."""
    absent: dict[str, Mask] = {}
    for field in contract.stored:
        if field.from_file is None and field.header not in (LINE_HEADER, FILE_HEADER):
            lacks = np.array([field.name not in p.chunk.table.column_names for p in pieces])
            if lacks.any():
                absent[field.name] = lacks[owner]
    return absent
