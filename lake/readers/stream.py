"""Bytes of a delivered file, read to the last good one: damage ends the stream and is noted, never raised."""

from __future__ import annotations

import zlib
from typing import Protocol

from lake.errors import ReadError

_PIECE = 1 << 18

#: What inflates to more bytes than `_BOMB_BYTES` and `_BOMB_RATIO` times its size is made to fill a disk: CSV of the
#: sample deflates to a tenth, the most repetitive to a hundredth.
_BOMB_BYTES = 1 << 30
_BOMB_RATIO = 500

#: `wbits` of zlib for a gzip file and for the raw deflate of a zip's member.
GZIP, DEFLATE = 31, -15


class Bytes(Protocol):
    """What a stream takes its bytes from: a file, or another stream."""

    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class Stream(Protocol):
    """What readers read from. `damage` says why the bytes ended before the file did, or is None."""

    damage: str | None

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes (all by default); fewer only at the end, none after it."""

    def close(self) -> None: ...


class Plain:
    """A file as it is, or `length` bytes of it (a stored member of a zip)."""

    def __init__(self, raw: Bytes, length: int | None = None) -> None:
        self._raw = raw
        self._left = length
        self.damage: str | None = None

    def read(self, size: int = -1, /) -> bytes:
        if self._left is not None:
            size = self._left if size < 0 else min(size, self._left)
        try:
            data = self._raw.read(size)
        except OSError as error:
            self.damage = f"unreadable: {error.strerror}"
            return b""
        if self._left is not None:
            self._left -= len(data)
            if len(data) < size:
                self.damage = "cut short"
        return data

    def close(self) -> None:
        self._raw.close()


class Begun:
    """A stream of which the first bytes were read already, to see what it is."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        self._head = head
        self._stream = stream

    @property
    def damage(self) -> str | None:
        return self._stream.damage

    @damage.setter
    def damage(self, why: str | None) -> None:
        self._stream.damage = why

    def read(self, size: int = -1, /) -> bytes:
        head, self._head = self._head, b""
        if 0 <= size < len(head):
            self._head = head[size:]
            return head[:size]
        return head + self._stream.read(size - len(head) if size >= 0 else -1)

    def close(self) -> None:
        self._stream.close()


class Inflated:
    """A gzip file (of one or more members) or a deflated member of a zip, given out as it inflates.

    All that inflates is given, also when the end is missing or the check sum is wrong. Reading one that inflates beyond
    measure raises ReadError.
    """

    def __init__(self, raw: Bytes, wbits: int, length: int | None = None, crc: int | None = None) -> None:
        self._packed = Plain(raw, length)
        self._wbits = wbits
        self._expected_crc = crc
        self._crc = 0
        self._inflate = zlib.decompressobj(wbits)
        self._pending = b""
        self._taken = self._given = 0
        self._is_over = False
        self.damage: str | None = None

    def read(self, size: int = -1, /) -> bytes:
        parts: list[bytes] = []
        while size != 0 and not self._is_over:
            part = self._next(_PIECE if size < 0 else min(size, _PIECE))
            parts.append(part)
            if size > 0:
                size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        self._packed.close()

    def _next(self, size: int) -> bytes:
        packed = self._pending or self._take()
        if not packed and not self._inflate.eof:
            return self._end(self._packed.damage or "cut short")
        before = self._inflate.copy()
        try:
            data = self._inflate.decompress(packed, size)
        except zlib.error:
            self._end("corrupt")
            return _salvage(before, packed)
        self._given += len(data)
        if self._given > max(_BOMB_BYTES, self._taken * _BOMB_RATIO):
            raise ReadError(
                f"The file inflates to more than {_BOMB_RATIO} times its size.",
                remedy="Unpack it and land what is in it, if it is what it should be.",
            )
        self._crc = zlib.crc32(data, self._crc)
        self._pending = self._inflate.unconsumed_tail
        if self._inflate.eof:
            self._pending = self._inflate.unused_data or (self._take() if self._wbits == GZIP else b"")
            self._after_member()
        return data

    def _take(self) -> bytes:
        packed = self._packed.read(_PIECE)
        self._taken += len(packed)
        return packed

    def _after_member(self) -> None:
        more = self._pending.lstrip(b"\0")
        if self._wbits == GZIP and more:
            self._inflate, self._pending = zlib.decompressobj(GZIP), more
        elif self._expected_crc is not None and self._crc != self._expected_crc:
            self._end("corrupt")
        else:
            self._is_over = True

    def _end(self, damage: str) -> bytes:
        self.damage, self._is_over = damage, True
        return b""


def _salvage(inflate: zlib._Decompress, packed: bytes) -> bytes:
    """All that inflates before the first bad byte."""
    parts: list[bytes] = []
    for at in range(len(packed)):
        try:
            parts.append(inflate.decompress(packed[at : at + 1]))
        except zlib.error:
            break
    return b"".join(parts)
