"""XLS: a stream of records within an OLE file. Source: [MS-XLS], Excel Binary File Format."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain, dropwhile, takewhile
from typing import BinaryIO, NamedTuple

import olefile
from python_calamine import CalamineError, PasswordError

from lake.readers.sheets.extent import ErrorCell, Extent, Reach

_STREAMS = ("Workbook", "Book")
_LOCKED = "EncryptedPackage"
_BOUNDSHEET, _BOF, _EOF, _SST, _CONTINUE, _FILEPASS = 0x85, 0x809, 0x0A, 0xFC, 0x3C, 0x2F
_NUMBER, _LABEL, _BOOLERR, _RK, _LABELSST, _RSTRING, _MULRK = 0x203, 0x204, 0x205, 0x27E, 0xFD, 0xD6, 0xBD
_FORMULAS = (0x06, 0x206, 0x406)
_SINGLE = (_NUMBER, _LABEL, _BOOLERR, _RK, _LABELSST, _RSTRING, *_FORMULAS)

_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_UNKNOWN_ERROR = "#ERROR!"

#: What stands last in the value of a formula that is no number; then its first byte says what it is.
_NO_NUMBER = b"\xff\xff"
_IS_ERROR = 2

#: Flags of a shared text: two bytes a character; parts in other fonts; how it is spoken.
_WIDE, _SPOKEN, _RICH = 1, 4, 8


class _Record(NamedTuple):
    kind: int
    data: bytes


class Biff:
    """The sheets of an XLS.

    Raises:
        PasswordError: a password opens it, or the XLSX that is within.
        CalamineError: it is none.
    """

    are_held_together = True

    def __init__(self, file: BinaryIO) -> None:
        with olefile.OleFileIO(file) as ole:
            if ole.exists(_LOCKED):
                raise PasswordError
            name = next((name for name in _STREAMS if ole.exists(name)), None)
            if name is None:
                raise CalamineError
            self._book = ole.openstream(name).read()
        records = list(self._records(0))
        if any(r.kind == _FILEPASS for r in records):
            raise PasswordError
        self._starts = [int(struct.unpack_from("<I", r.data)[0]) for r in records if r.kind == _BOUNDSHEET]
        texts = dropwhile(lambda r: r.kind != _SST, records)
        first = [next(texts, _Record(_SST, b""))]
        self._texts = [r.data for r in chain(first, takewhile(lambda r: r.kind == _CONTINUE, texts))]

    @property
    def count(self) -> int:
        """How many sheets there are."""
        return len(self._starts)

    def unpacked(self, sheet: int) -> int:
        """Bytes of all sheets."""
        return len(self._book)

    def extent(self, sheet: int) -> Extent:
        """How far the cells of a sheet reach."""
        lengths = list(_lengths(self._texts))
        reach = Reach()
        for kind, data in self._records(self._starts[sheet]):
            if kind in _SINGLE:
                row, column = struct.unpack_from("<HH", data)
                text = struct.unpack_from("<I", data, 6)[0] if kind == _LABELSST else len(lengths)
                reach.add(row, column, lengths[text] if text < len(lengths) else len(data))
            elif kind == _MULRK:
                row, first = struct.unpack_from("<HH", data)
                (last,) = struct.unpack_from("<H", data, len(data) - 2)
                reach.add(row, last, 8, last - first + 1)
        return reach.extent

    def errors(self, sheet: int) -> Iterator[ErrorCell]:
        """The cells of a sheet that hold an error, row by row."""
        found = []
        for kind, data in self._records(self._starts[sheet]):
            code = _error(kind, data)
            if code is not None:
                row, column = struct.unpack_from("<HH", data)
                found.append(ErrorCell(row, column, _ERRORS.get(code, _UNKNOWN_ERROR)))
        yield from sorted(found)

    def _records(self, at: int) -> Iterator[_Record]:
        """The records of the part that begins there, without those of charts within it."""
        depth = 0
        while at + 4 <= len(self._book):
            kind, length = struct.unpack_from("<HH", self._book, at)
            depth += (kind == _BOF) - (kind == _EOF)
            if depth == 1:
                yield _Record(kind, self._book[at + 4 : at + 4 + length])
            elif depth == 0:
                return
            at += 4 + length


def _error(kind: int, data: bytes) -> int | None:
    """The number of the error that a cell holds."""
    if kind == _BOOLERR and data[7]:
        return data[6]
    if kind in _FORMULAS and data[12:14] == _NO_NUMBER and data[6] == _IS_ERROR:
        return data[8]
    return None


def _lengths(parts: Sequence[bytes]) -> Iterator[int]:
    """Of each text that cells share, its length. A text goes on in the next part, which says again how wide it is."""
    if not parts[0]:
        return
    (count,) = struct.unpack_from("<I", parts[0], 4)
    following = iter(parts)
    data, at = next(following), 8
    for _ in range(count):
        if at >= len(data):
            data, at = next(following), 0
        length, flags = struct.unpack_from("<HB", data, at)
        yield length
        at += 3
        after = 0
        if flags & _RICH:
            after += 4 * int(struct.unpack_from("<H", data, at)[0])
            at += 2
        if flags & _SPOKEN:
            after += int(struct.unpack_from("<I", data, at)[0])
            at += 4
        while length:
            width = 1 + (flags & _WIDE)
            here = min(length, (len(data) - at) // width)
            length -= here
            at += here * width
            if length:
                data, at = next(following), 1
                flags = data[0]
        at += after
        while at > len(data):
            at -= len(data)
            data = next(following)
