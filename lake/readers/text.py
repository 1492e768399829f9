"""Text files cut into physical lines, in blocks: encodings, byte order marks, line ends, NUL and 0x1A.

A line ends at LF, CR, CR LF or CR CR LF. The encoding is the byte order mark's; else UTF-8 (or UTF-16) if most of the
first lines beyond ASCII decode as such; else the one-byte encoding, of all that France uses, that makes the most French
of all that was read so far, those of the contract first. A line that does not decode is set apart with its own bytes;
the others are read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.readers.stream import Stream

#: Bytes of a block.
_BLOCK = 4 << 20

#: Bytes of the longest line that is read as a row. A longer one is set apart in parts of that size, all with its
#: number, so that a file without line ends can't fill memory.
_LONGEST = 64 << 20
TOO_LONG = f"row: longer than {_LONGEST >> 20} MB, kept in parts"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

#: One-byte encodings of French text: Windows, Unix, DOS and old Macintosh.
_COUNTRY = ("cp1252", "iso-8859-15", "cp850", "mac_roman")

#: What stands before a byte beyond ASCII, or behind it: a digit before it, a letter on either side, or neither.
_AFTER_DIGIT, _IN_WORD, _ALONE = range(3)

#: Where each character beyond ASCII stands in French text. `C½ur` is none, `2½` is, as is `12 €` and not `12 ¤`.
_FRENCH = {
    **dict.fromkeys("éèêëàâäçîïôöûùüÉÈÊËÀÂÇÎÏÔÛÙ°²³§µ’‘“”«»–…\u00a0", (_AFTER_DIGIT, _IN_WORD, _ALONE)),
    **dict.fromkeys("œŒæŸÿ", (_IN_WORD,)),
    **dict.fromkeys("€½¼¾£±×·•—™®©", (_AFTER_DIGIT, _ALONE)),
}

#: UTF-8 that was taken for cp1252 and encoded again: `CÅ“ur`, `dÃ©jÃ `, `lâ€™heure`. Each begins with Ã, Â, Å or â.
_TWICE = re.compile(
    b"\xc3[\x82\x83\x85\xa2](\xc2[\x80-\xbf]|" + "|".join("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ").encode() + b")"
)
ENCODED_TWICE = "its text was encoded twice (Ã© for é): have it exported again"

_REPLACED = "\ufffd".encode()

#: NUL, and the byte by which software of DOS ends a file, read as blanks: rows that come after one (files put together
#: by `copy`) are not lost.
_AS_BLANK = bytes.maketrans(b"\0\x1a", b"  ")

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Consecutive physical lines of a file.

    Attributes:
        first: 1-based number of its first line.
        raw: The bytes of all its lines, line ends included; UTF-8 where the file is UTF-16 or UTF-32.
        starts: Where each line begins in `raw`, and where the last one ends.
        lines: The lines as text, without line ends; empty where undecodable.
        spoiled: Lines that can't be read, by index, and why; empty in `lines`.
        encoding: Of these lines, None as long as nothing beyond ASCII came.
        is_last: No line follows.
    """

    first: int
    raw: bytes
    starts: Offsets
    lines: pa.StringArray
    spoiled: dict[int, str]
    encoding: str | None
    is_last: bool

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def texts(self) -> list[str]:
        texts: list[str] = self.lines.to_pylist()
        return texts

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the text itself says is wrong with it."""
        return (ENCODED_TWICE,) if self.encoding == "utf-8" and _TWICE.search(self.raw) else ()

    def original(self, index: int, end: int | None = None) -> bytes:
        """The bytes of line `index` (or of lines `index` to `end`, not included) as they stand in the file."""
        stop = index + 1 if end is None else end
        return encode_again(self.raw[self.starts[index] : self.starts[stop]], self.encoding)

    def following(self, index: int) -> Block:
        """The block without its first `index` lines."""
        at = int(self.starts[index])
        return Block(
            first=self.first + index,
            raw=self.raw[at:],
            starts=self.starts[index:] - at,
            lines=self.lines.slice(index),
            spoiled={i - index: why for i, why in self.spoiled.items() if i >= index},
            encoding=self.encoding,
            is_last=self.is_last,
        )

    def followed_by(self, other: Block) -> Block:
        """This block and the one that follows it, as one."""
        return Block(
            first=self.first,
            raw=self.raw + other.raw,
            starts=np.concatenate([self.starts[:-1], other.starts + len(self.raw)]),
            lines=pa.concat_arrays([self.lines, other.lines]),
            spoiled={**self.spoiled, **{i + len(self): why for i, why in other.spoiled.items()}},
            encoding=other.encoding or self.encoding,
            is_last=other.is_last,
        )


def blocks(
    stream: Stream, encodings: Sequence[str], encoding: str | None = None, *, size: int = _BLOCK
) -> Iterator[Block]:
    """The lines of a text file in blocks of about `size` bytes.

    Args:
        stream: The file.
        encodings: What the contract accepts, best first; used where the bytes themselves don't say.
        encoding: The encoding, where it is known already.
        size: Bytes of a block.
    """
    data = stream.read(size)
    marked, length = mark(data)
    encoding = marked or encoding
    told = None if encoding else _Told(encodings)
    data = data[length:]
    wide = encoding if is_wide(encoding) else None
    decoder = codecs.getincrementaldecoder(wide)("replace") if wide else None
    first, carry = 1, b""
    is_last = is_inside = False
    while not is_last:
        following = stream.read(size)
        is_last = not following
        if decoder is not None:
            data = decoder.decode(data, is_last).encode("utf-8", "replace")
        carry += data
        cut = len(carry) if is_last else _last_line_end(carry)
        raw, carry = carry[:cut], carry[cut:]
        if raw:
            if told is not None and not raw.isascii():
                encoding = told.after(raw)
            block = _block(first, raw, "utf-8" if wide else encoding, encoding, is_last)
            if wide and _REPLACED in raw:
                bad = pc.match_substring(block.lines, "\ufffd").to_numpy(zero_copy_only=False)
                block.spoiled.update(dict.fromkeys(np.flatnonzero(bad).tolist(), f"file: bytes that are not {wide}"))
            if is_last and stream.damage and not raw.endswith((b"\n", b"\r")):
                block.spoiled[len(block) - 1] = f"file: {stream.damage} in this line"
            is_cut = len(raw) >= _LONGEST and not is_last and not raw.endswith((b"\n", b"\r"))
            if is_inside or is_cut:
                block.spoiled[0] = TOO_LONG
            first += len(block) - is_cut
            is_inside = is_cut
            yield block
        data = following


def count_lines(raw: bytes, encoding: str | None) -> int:
    """Physical lines of some bytes of a file."""
    if is_wide(encoding):
        raw = raw.decode(encoding, "replace").encode("utf-8", "replace")
    return len(_starts(raw)) - 1


def encode_again(raw: bytes, encoding: str | None) -> bytes:
    """Bytes as the file had them: only UTF-16 and UTF-32 were rewritten for reading."""
    if is_wide(encoding):
        return raw.decode("utf-8").encode(encoding)
    return raw


def is_wide(encoding: str | None) -> TypeGuard[str]:
    """More than one byte for every character, line ends included: such a file is rewritten in UTF-8 to be cut."""
    return encoding is not None and encoding.startswith(("utf-16", "utf-32"))


def mark_of(encoding: str | None) -> bytes:
    """The byte order mark that lets `encoding` be recognised when a file is made again; none for 8-bit ones."""
    if is_wide(encoding):
        return next(mark for mark, name in _MARKS if name == encoding)
    return b""


def detect(raw: bytes, encodings: Sequence[str]) -> str:
    """The encoding of some whole lines that are not all ASCII."""
    return _Told(encodings).after(raw)


def one_byte(encodings: Sequence[str]) -> list[str]:
    """Those of the encodings that have one byte a character."""
    return [e for e in encodings if not codecs.lookup(e).name.startswith("utf")]


class _Told:
    """The encoding of a file as its own text tells it, better the more of it was read. UTF-8 is told at once."""

    def __init__(self, encodings: Sequence[str]) -> None:
        self._candidates = [*one_byte(encodings), *_COUNTRY]
        self._counts = np.zeros(3 * 256, np.int64)
        self._encoding: str | None = None

    def after(self, raw: bytes) -> str:
        """The encoding after some more whole lines, not all ASCII."""
        if self._encoding is None and _is_utf8(raw):
            self._encoding = "utf-8"
        if self._encoding != "utf-8":
            self._counts += _places(raw)
            self._encoding = max(self._candidates, key=lambda e: int(self._counts @ _frenchness(e)))
        return self._encoding


def _is_utf8(raw: bytes) -> bool:
    """Whether most of the lines beyond ASCII are UTF-8."""
    beyond = [line for line in raw.splitlines() if not line.isascii()]
    return sum(_decodes(line, "utf-8") for line in beyond) * 2 > len(beyond)


def _places(raw: bytes) -> Offsets:
    """How often each byte stands in each of the three places (`_AFTER_DIGIT`, …), those of ASCII left out."""
    values = np.frombuffer(raw, np.uint8)
    at = np.flatnonzero(values > 127)
    before = np.where(at > 0, values[at - 1], 10)
    after = np.where(at + 1 < len(values), values[np.minimum(at + 1, len(values) - 1)], 10)
    place = np.full(len(at), _ALONE)
    place[_LETTERS[before] | _LETTERS[after]] = _IN_WORD
    place[(before >= 48) & (before <= 57)] = _AFTER_DIGIT
    return np.bincount(place * 256 + values[at], minlength=3 * 256)


_LETTERS = np.array([chr(byte).isalpha() and byte < 128 for byte in range(256)])


@lru_cache
def _frenchness(encoding: str) -> Offsets:
    """Of each place and byte: 1 if it is a character that stands there in French, -1 if not."""
    characters = [bytes([byte]).decode(encoding, "replace") for byte in range(256)]
    return np.array([1 if place in _FRENCH.get(c, ()) else -1 for place in range(3) for c in characters])


def _block(first: int, raw: bytes, decode_as: str | None, encoding: str | None, is_last: bool) -> Block:
    starts = _starts(raw)
    text, text_starts, spoiled = raw, starts, dict[int, str]()
    if decode_as is not None and not raw.isascii():
        try:
            decoded = raw.decode(decode_as)
        except UnicodeDecodeError:
            text, text_starts, spoiled = _decode_lines(raw, starts, decode_as)
        else:
            text = raw if decode_as == "utf-8" else decoded.encode("utf-8")
            text_starts = starts if text is raw else _starts(text)
    if b"\0" in text or b"\x1a" in text:
        text = text.translate(_AS_BLANK)
    offsets = pa.py_buffer(text_starts.astype(np.int32))
    lines = pa.StringArray.from_buffers(len(text_starts) - 1, offsets, pa.py_buffer(text))
    return Block(first, raw, starts, pc.ascii_rtrim(lines, "\r\n"), spoiled, encoding, is_last)


def _decode_lines(raw: bytes, starts: Offsets, encoding: str) -> tuple[bytes, Offsets, dict[int, str]]:
    """The lines one by one, those that don't decode empty; where they start; and why those are empty."""
    parts: list[bytes] = []
    spoiled: dict[int, str] = {}
    for index in range(len(starts) - 1):
        line = raw[starts[index] : starts[index + 1]]
        try:
            parts.append(line if line.isascii() else line.decode(encoding).encode("utf-8"))
        except UnicodeDecodeError:
            spoiled[index] = f"file: bytes that are not {encoding}"
            parts.append(b"")
    return b"".join(parts), np.cumsum([0, *map(len, parts)]), spoiled


def _starts(raw: bytes) -> Offsets:
    """Where each line starts, and the end."""
    values = np.frombuffer(raw, np.uint8)
    ends = values == 10
    if b"\r" in raw:
        after = np.append(values[1:], 0)
        ends |= (values == 13) & (after != 10) & (after != 13)
    starts = np.concatenate([[0], np.flatnonzero(ends) + 1])
    return starts if starts[-1] == len(raw) else np.append(starts, len(raw))


def _last_line_end(raw: bytes) -> int:
    """Length of the whole lines in `raw`; a CR at its end may be half of a line end."""
    cut = raw.rfind(b"\n") + 1
    body = raw.rstrip(b"\r")
    cut = max(cut, body.rfind(b"\r") + 1)
    return cut if cut or len(raw) < _LONGEST else len(raw)


def mark(data: bytes) -> tuple[str | None, int]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    sample = data[:4096]
    if len(sample) >= 4 and sample.count(0) * 3 > len(sample):
        # Text without a mark and one byte in two zero: UTF-16.
        return ("utf-16-le", 0) if sample[1::2].count(0) > sample[0::2].count(0) else ("utf-16-be", 0)
    return None, 0


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
