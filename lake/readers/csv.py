"""CSV in the usual French dialects: a header line, a separator among the contract's, quotes that may go wrong.

Lines without a quote are cut in bulk; lines with one by Python's `csv`, strictly first. A quoted field may span lines;
a quote that never closes spoils its own line and no other. Lines that hold only blanks and separators are not rows.
What a line does to an open quote depends on the line alone, so that each is cut at most twice, whatever its neighbours.

Options of the contract (`reading.options`): `quotes: false` (a quote is a character like another), `header: false`
(the columns are the contract's fields, in order).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers import columns
from lake.readers.chunk import Broken, Chunk, Lines, text_table
from lake.readers.stream import Stream
from lake.readers.text import Block, blocks, mark_of

#: Lines among which the header is looked for: some exports have a title above it.
_HEADER_WITHIN = 20

#: Columns of a header: more are no table that software of a trade writes.
_MOST_COLUMNS = 4096

#: Lines that one quoted field may span.
_LONGEST_RECORD = 200

# By default Python's `csv` refuses values beyond 131,072 characters; how long one may be is for the contract to say.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class _Dialect:
    separator: str
    quotes: bool
    names: tuple[str, ...]

    @property
    def needed(self) -> int:
        """Columns up to the last named one: trailing ones without a name may be absent."""
        return max((i + 1 for i, name in enumerate(self.names) if name.strip()), default=0)


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a CSV file, block by block.

    Raises:
        ReadError: no line of the file looks like the contract's header, or it has none.
    """
    dialect: _Dialect | None = None
    head = b""
    pending: Block | None = None
    for block in blocks(stream, contract.reading.encodings, encoding):
        if pending is not None:
            block, pending = pending.followed_by(block), None
        if dialect is None:
            dialect, skip, head = _header(block, contract)
            block = block.following(skip)
        cutter = _Cutter(block, dialect)
        rest = cutter.cut()
        if rest < len(block):
            pending = block.following(rest)
        yield cutter.chunk(head, contract.reading.format)
    if dialect is None and stream.damage is None and contract.reading.options.get("header", True):
        raise ReadError(f"The file is empty: not even the header of {contract.name}.", remedy="Have it sent again.")


def header(stream: Stream, contract: Contract) -> list[str]:
    """The headers of a file, as far as they can be told; for recognising its source."""
    for block in blocks(stream, contract.reading.encodings, size=1 << 16):
        try:
            return list(_header(block, contract)[0].names)
        except ReadError:
            return []
    return []


def _header(block: Block, contract: Contract) -> tuple[_Dialect, int, bytes]:
    """The dialect, how many lines to skip, and the header line's bytes."""
    quotes = bool(contract.reading.options.get("quotes", True))
    expected = columns.from_columns(contract)
    if not contract.reading.options.get("header", True):
        return _Dialect(contract.reading.separators[0], quotes, tuple(f.name for f in expected)), 0, b""
    best: tuple[int, int, _Dialect] | None = None
    for index, line in enumerate(block.lines.slice(0, _HEADER_WITHIN).to_pylist()):
        for separator in contract.reading.separators:
            values = split(line, separator)[0] if quotes else None
            names = tuple(name.strip() for name in values or line.split(separator))
            found = len(columns.match(names, contract).found) if len(names) <= _MOST_COLUMNS else 0
            if found and (best is None or found > best[0]):
                best = (found, index, _Dialect(separator, quotes, names))
        if best is not None and best[0] == len(expected):
            break
    if best is None:
        raise ReadError(
            f"None of the columns of {contract.name} is in its first lines.",
            remedy=f"Expected a header with {', '.join(f.header for f in expected[:5])}… separated by "
            + " or ".join(repr(s) for s in contract.reading.separators),
        )
    _, index, dialect = best
    return dialect, index + 1, mark_of(block.encoding) + block.original(index)


class _Cutter:
    """Cuts the lines of one block into rows."""

    def __init__(self, block: Block, dialect: _Dialect) -> None:
        self._block = block
        self._dialect = dialect
        self._bulk: tuple[Lines, list[pa.Array]] = (np.empty(0, np.int64), [])
        self._single: list[tuple[int, int, list[str]]] = []
        self._broken: list[tuple[int, int, str]] = []
        self._open_until = 0
        self._splits: dict[int, tuple[list[str] | None, bool]] = {}
        self._insides: dict[int, Literal["open", "closed", "wrong"]] = {}

    def cut(self) -> int:
        """Cut all lines; returns the index of the first one that needs the next block to be complete."""
        block, separator = self._block, self._dialect.separator
        blank = f"^[\\s\u00a0\u202f{re.escape(separator)}]*$"
        is_done = pc.match_substring_regex(block.lines, blank).to_numpy(zero_copy_only=False).copy()
        for index, why in block.spoiled.items():
            is_done[index] = True
            self._broken.append((index, index + 1, why))
        rest = len(block)
        if self._dialect.quotes and b'"' in block.raw:
            is_quoted = pc.match_substring(block.lines, '"').to_numpy(zero_copy_only=False)
            rest = self._cut_quoted(np.flatnonzero(is_quoted & ~is_done), is_done)
            is_done[rest:] = True
        self._cut_bulk(np.flatnonzero(~is_done))
        return rest

    def chunk(self, head: bytes, again: str) -> Chunk:
        """The rows cut, in the order of the file."""
        block, names = self._block, self._dialect.names
        bulk_lines, arrays = self._bulk
        starts, stops = bulk_lines, bulk_lines + 1
        table = text_table(names, arrays or [[]] * len(names), len(starts))
        if self._single:
            singles = list(zip(*(values for _, _, values in self._single), strict=True))
            table = pa.concat_tables([table, text_table(names, singles, len(self._single))])
            starts = np.concatenate([starts, np.array([s for s, _, _ in self._single], np.int64)])
            stops = np.concatenate([stops, np.array([e for _, e, _ in self._single], np.int64)])
            order = np.argsort(starts, kind="stable")
            table, starts, stops = table.take(order), starts[order], stops[order]
        return Chunk(
            table=table,
            lines=starts + block.first,
            original=lambda i: block.original(int(starts[i]), int(stops[i])),
            head=head,
            broken=tuple(
                Broken(block.first + start, block.original(start, stop), why)
                for start, stop, why in sorted(self._broken)
            ),
            encoding=block.encoding,
            remarks=block.remarks,
            size=len(block.raw),
            again=again,
            cut_at=self._cut_at(),
        )

    def _cut_at(self) -> int | None:
        """The last line, if it can't be read and has no line end."""
        last = len(self._block)
        is_whole = self._block.raw.endswith((b"\n", b"\r"))
        if self._block.is_last and not is_whole and any(stop == last for _, stop, _ in self._broken):
            return self._block.first + last - 1
        return None

    def _cut_bulk(self, indices: Lines) -> None:
        """Lines without quotes: split all at once, then look at those of another width."""
        width = len(self._dialect.names)
        lists = pc.split_pattern(self._block.lines.take(pa.array(indices)), self._dialect.separator)
        is_whole = pc.list_value_length(lists).to_numpy(zero_copy_only=False) == width
        if not is_whole.all():
            odd = np.flatnonzero(~is_whole)
            for index, values in zip(indices[odd], lists.take(pa.array(odd)).to_pylist(), strict=True):
                self._keep(int(index), int(index) + 1, values)
            lists, indices = lists.filter(pa.array(is_whole)), indices[is_whole]
        flat = lists.flatten()
        at = np.arange(len(indices)) * width
        self._bulk = indices, [flat.take(pa.array(at + column)) for column in range(width)]

    def _cut_quoted(self, indices: Lines, is_done: npt.NDArray[np.bool_]) -> int:
        """Lines with quotes, one by one. Returns where to go on with the next block."""
        after = 0
        for index in map(int, indices):
            if index < after:
                continue
            stop = self._cut_record(index)
            if stop is None:
                return index
            is_done[index:stop] = True
            after = stop
        return len(self._block)

    def _cut_record(self, index: int) -> int | None:
        """One record that has quotes: returns the index after it, or None if it may go on in the next block."""
        values, is_open = self._alone(index)
        if values is not None:
            self._keep(index, index + 1, values)
            return index + 1
        if not is_open:
            self._broken.append((index, index + 1, "row: quotes that can't be understood"))
            return index + 1
        stop = self._closing(index)
        if stop is not None and stop >= len(self._block):
            return None
        if stop is not None:
            text = "\n".join(self._block.texts[index : stop + 1])
            values, _ = split(text, self._dialect.separator, strict=True)
            if values is not None and self._fit(values) is not None:
                self._keep(index, stop + 1, values)
                return stop + 1
        self._broken.append((index, index + 1, "row: a quote that never closes"))
        return index + 1

    def _closing(self, index: int) -> int | None:
        """The line that closes the quote which line `index` leaves open, if one does.

        The index after the block's last line if that has to be seen in the next block.
        """
        # Lines looked at for an earlier quote left that one open: they do not close this one either.
        stop, end = max(index + 1, self._open_until), min(index + _LONGEST_RECORD, len(self._block))
        while stop < end and self._inside(stop) == "open":
            stop += 1
        self._open_until = stop
        if stop < end:
            return stop if self._inside(stop) == "closed" else None
        return None if self._block.is_last or stop < len(self._block) else stop

    def _inside(self, index: int) -> Literal["open", "closed", "wrong"]:
        """What the line does to a quote that was open before it; wrong also if it is none of that quote's."""
        if index not in self._insides:
            values, is_open = split('"' + self._block.texts[index], self._dialect.separator, strict=True)
            is_other = index in self._block.spoiled or self._is_row(index)
            fits: Literal["open", "closed"] = "open" if is_open else "closed"
            self._insides[index] = "wrong" if is_other or (values is None and not is_open) else fits
        return self._insides[index]

    def _alone(self, index: int) -> tuple[list[str] | None, bool]:
        """The line by itself, as `split` cuts it."""
        if index not in self._splits:
            self._splits[index] = split(self._block.texts[index], self._dialect.separator)
        return self._splits[index]

    def _is_row(self, index: int) -> bool:
        """The line is a row by itself, so that it is not the inside of a quoted field."""
        values, _ = self._alone(index)
        return values is not None and len(values) == len(self._dialect.names)

    def _keep(self, start: int, stop: int, values: list[str]) -> None:
        fitted = self._fit(values)
        if fitted is None:
            self._broken.append((start, stop, f"row: {len(values)} columns instead of {len(self._dialect.names)}"))
        else:
            self._single.append((start, stop, fitted))

    def _fit(self, values: list[str]) -> list[str] | None:
        """The values, one a column, if only nameless or blank ones are in excess or missing."""
        width = len(self._dialect.names)
        if len(values) < width:
            return values + [""] * (width - len(values)) if len(values) >= self._dialect.needed else None
        return None if any(v.strip() for v in values[width:]) else values[:width]


def split(text: str, separator: str, *, strict: bool = False) -> tuple[list[str] | None, bool]:
    """The values of one record, or None and whether a quote is still open.

    Quotes inside an unquoted value are characters; what follows a closing quote is kept with its value unless `strict`.
    """
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), []), False
    except csv.Error as error:
        is_open = "unexpected end" in str(error)
        if is_open or strict:
            return None, is_open
    try:
        return next(csv.reader([text], delimiter=separator), []), False
    except csv.Error:
        return None, False
