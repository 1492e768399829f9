"""JSON: arrays of objects, alone or in an object: those that `reading.options.records` names, or else all that stand
directly in it.

Elements are read one at a time, so that the file's size does not matter. One that is no JSON is set apart, up to where
the next one seems to begin. What follows an array is read on: another array of its object, another document (files put
together, pages of an export). A row's number is its element's.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lake.contracts import Contract
from lake.readers.chunk import Broken, Chunk
from lake.readers.objects import NO_TEXT, Rows
from lake.readers.stream import Stream
from lake.readers.text import TOO_LONG, detect, is_wide, mark, mark_of, one_byte
from lake.readers.values import decoder

#: Characters read at a time, elements and characters a chunk, and the longest element that is read as a row; a longer
#: one is set apart in parts.
_PIECE = 1 << 20
_ROWS = 20_000
_CHARACTERS = 16 << 20
_LONGEST = 64 << 20

#: Characters in which the name of a member ends.
_AHEAD = 1 << 16

#: What stands for bytes that are no text.
_ESCAPED = re.compile("[\ud800-\udfff]")
_REPLACED = re.compile("\ufffd")

#: 0x1A is the byte by which software of DOS ends a file; NUL fills one up, a byte order mark begins the next.
_BETWEEN = re.compile(r"[\s,\0\x1a\ufeff]*")
_NEXT = re.compile(r"\}[\s,\[\]\0\x1a\ufeff]*(?=\{)")

#: An object whose members are plain up to an array of objects.
_COLLECTION = re.compile(r'\s*\{(?:\s*"[^"]*"\s*:\s*(?:"[^"]*"|[\d.]+|true|false|null)\s*,)*\s*"[^"]*"\s*:\s*\[\s*\{')

#: What may stand after an array's elements before anything else, a member of the object that holds the array, and a
#: value that is an array of objects.
_AFTER = re.compile(r"[\s,\]}\0\x1a\ufeff]*")
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
_OBJECTS = re.compile(r"\[\s*(?=\{)")
_BARE = re.compile(r"\s*\[")

#: Of an element to the object that makes its row, and what must stand before originals so that they are shaped alike;
#: made from what the collection says before its first element.
Shape = Callable[[dict[str, Any]], dict[str, Any]]
Shaping = Callable[[str], tuple[Shape, str]]


@dataclass(frozen=True)
class _Element:
    """`value` is None where `text` is not a JSON object, `is_part` where it is a part of one too long to be read."""

    text: str
    value: dict[str, Any] | None
    is_part: bool = False


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a JSON file, some thousands at a time."""
    records = contract.reading.options.get("records")
    named = re.escape(records) if records else None
    return read_elements(stream, contract, encoding, named, lambda head: (lambda element: element, ""), again="jsonl")


def header(stream: Stream, contract: Contract) -> list[str]:
    """The keys of the first element."""
    first = next(read(stream, contract), None)
    return list(first.table.column_names) if first is not None else []


def read_elements(
    stream: Stream, contract: Contract, encoding: str | None, records: str | None, shaping: Shaping, *, again: str
) -> Iterator[Chunk]:
    """Elements of the array that `records` names (a pattern; the first one otherwise), shaped into rows."""
    text = _Text(stream, contract, encoding)
    rows, numbers, broken, kept = Rows(contract), list[int](), list[Broken](), list[str]()
    count = size = 0
    is_inside = False
    head = ""

    def chunk() -> Chunk:
        originals = list(kept)
        return Chunk(
            table=rows.table(),
            lines=np.array(numbers, np.int64),
            original=lambda i: _one_line(originals[i], text.encoding),
            head=mark_of(text.encoding) + head.encode(text.encoding or "utf-8"),
            broken=tuple(broken),
            encoding=text.encoding,
            size=sum(map(len, originals)),
            again=again,
            cut_at=count if text.is_cut else None,
        )

    for element, (shape, its_head) in _shaped(text, records, shaping, decoder(contract.reading.decimal)):
        if its_head != head:
            if kept or broken:
                yield chunk()
                rows, numbers, broken, kept, size = Rows(contract), [], [], [], 0
            head = its_head
        count += not (is_inside and element.is_part)
        is_inside = element.is_part
        size += len(element.text)
        if element.value is None:
            why = TOO_LONG if element.is_part else "row: not a JSON object, or bytes that are no text"
            broken.append(Broken(count, _one_line(element.text, text.encoding), why))
        else:
            if rows.add_object(shape(element.value), element.text):
                numbers.append(count)
                kept.append(element.text)
            else:
                broken.append(Broken(count, _one_line(element.text, text.encoding), NO_TEXT))
        if len(numbers) + len(broken) >= _ROWS or size >= _CHARACTERS:
            yield chunk()
            rows, numbers, broken, kept, size = Rows(contract), [], [], [], 0
    yield chunk()


class _Text:
    """The file's text, as far as it was needed. Bytes that are not text come as `_ESCAPED` or `_REPLACED`."""

    def __init__(self, stream: Stream, contract: Contract, encoding: str | None) -> None:
        self._stream = stream
        self._contract = contract
        head = stream.read(_PIECE)
        marked, length = mark(head)
        self.encoding = marked or encoding
        self._decoder = self._decode_by(self.encoding or "ascii")
        self.text, self.at = self._decode(head[length:]), 0
        self.is_cut = False

    def more(self) -> bool:
        """Read on, as much again as is left, so that a long element takes few steps; False at the end."""
        data = self._stream.read(max(_PIECE, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + self._decode(data), 0
        return bool(data)

    def is_at_end(self) -> bool:
        """Nothing is left; else as much as a member's name takes was read, or all of it."""
        while len(self.text) - self.at < _AHEAD and self.more():
            pass
        return self.at == len(self.text)

    def may_go_on(self) -> bool:
        """Read on, unless what is left is as long as an element may be."""
        return len(self.text) - self.at < _LONGEST and self.more()

    def _decode(self, data: bytes) -> str:
        if self.encoding is None and not data.isascii():
            self.encoding = self._detect(data)
            self._decoder = self._decode_by(self.encoding)
        return self._decoder.decode(data, not data)

    def _detect(self, data: bytes) -> str:
        """JSON is UTF-8 unless it can't be and the contract knows another encoding."""
        encodings = self._contract.reading.encodings
        try:
            codecs.getincrementaldecoder("utf-8")().decode(data, final=False)
        except UnicodeDecodeError:
            return detect(data, encodings) if one_byte(encodings) else "utf-8"
        return "utf-8"

    def is_text(self, element: str) -> bool:
        """All of an element's bytes were text."""
        return element.isascii() or not (_REPLACED if is_wide(self.encoding) else _ESCAPED).search(element)

    def _decode_by(self, encoding: str) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder(encoding)("replace" if is_wide(encoding) else "surrogateescape")


def _shaped(
    text: _Text, records: str | None, shaping: Shaping, elements: json.JSONDecoder
) -> Iterator[tuple[_Element, tuple[Shape, str]]]:
    """The elements of all arrays of the file, each with what its document says of their shape."""
    shape = shaping(_to_first(text, records))
    while True:
        yield from ((element, shape) for element in _elements(text, elements))
        if not _is_in_another(text, records, elements):
            if text.is_at_end():
                return
            if text.text[text.at] in "[{":
                shape = shaping(_to_first(text, records))


def _elements(text: _Text, elements: json.JSONDecoder) -> Iterator[_Element]:
    """Objects from here to the end of the array; of bare objects one after another as well."""
    while True:
        text.at = _BETWEEN.match(text.text, text.at).end()  # type: ignore[union-attr]
        if text.at == len(text.text):
            if not text.more():
                return
            continue
        if text.text[text.at] == "]":
            return
        try:
            value, end = elements.raw_decode(text.text, text.at)
        except (ValueError, RecursionError) as error:
            if _is_open(error, text) and text.may_go_on():
                continue
            yield from _broken(text)
            continue
        element = text.text[text.at : end]
        yield _Element(element, value if isinstance(value, dict) and text.is_text(element) else None)
        text.at = end


def _is_open(error: Exception, text: _Text) -> bool:
    """What was read may be the beginning of an element: the fault is that it ends."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.text) - len('"\\ud800\\udc00')


def _broken(text: _Text) -> Iterator[_Element]:
    """The element that is no JSON, up to where the next one seems to begin; in parts if that is far."""
    is_part = False
    while (following := _NEXT.search(text.text, text.at)) is None:
        if text.may_go_on():
            continue
        if len(text.text) - text.at < _LONGEST:
            text.is_cut = True
            break
        is_part = True
        yield _Element(text.text[text.at :], None, is_part)
        text.at = len(text.text)
    end = following.end() if following else len(text.text)
    if text.at < end:
        yield _Element(text.text[text.at : end], None, is_part)
    text.at = end


def _is_in_another(text: _Text, records: str | None, elements: json.JSONDecoder) -> bool:
    """After an array: go on into another one of its object, past other members; False before what is none of it."""
    while not text.is_at_end():
        before, text.at = text.at, _AFTER.match(text.text, text.at).end()  # type: ignore[union-attr]
        if text.at > before:
            continue
        member = _MEMBER.match(text.text, text.at)
        if member is None:
            return False
        is_wanted = records is None or re.fullmatch(records, member[1])
        if is_wanted and (objects := _OBJECTS.match(text.text, member.end())):
            text.at = objects.end()
            return True
        try:
            text.at = elements.raw_decode(text.text, member.end())[1]
        except (ValueError, RecursionError) as error:
            if not (_is_open(error, text) and text.may_go_on()):
                return False
    return False


def _to_first(text: _Text, records: str | None) -> str:
    """Go to the first element of the array that `records` names (a pattern); returns what stands before it."""
    start = re.compile(rf'"(?:{records})"\s*:\s*\[' if records else r"\[")
    is_bare = re.compile(r"\s*\{")
    before = text.at
    if records is None and is_bare.match(text.text, before):
        # An object: of a collection if an array stands directly in it, else a row by itself.
        found = _COLLECTION.match(text.text, before)
        text.at = found.end() - 1 if found else before
    elif found := start.search(text.text, before) or _BARE.match(text.text, before):
        text.at = found.end()
    return text.text[before : text.at]


def _one_line(element: str, encoding: str | None) -> bytes:
    """As one line in the file's encoding, by which it is read again; line ends in JSON are blanks between its parts."""
    line = re.sub(r"[\r\n]+", " ", element) + "\n"
    return line.encode(encoding or "utf-8", "replace" if is_wide(encoding) else "surrogateescape")
