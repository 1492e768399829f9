"""A FEC in XML (`comptabilite` › `exercice` › `journal` › `ecriture` › `ligne`) → the same entries as lines of text.

What the law writes once for a journal or an entry stands on each of its lines, as in the text form; a line's number is
its place among all lines, the header being the first. Days come as 2024-01-31 and amounts with a point there, and one
of debit and credit is left out.

Source: article A47 A-1 of the Livre des procédures fiscales, VI and XII; schemas A47A-I-VII-1,
A47A-I-VIII-3, -5 and -7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from lake.errors import ReadError
from lake.readers.stream import Begun, Stream
from lake.text import fold

_PIECE = 1 << 18

#: Bytes within which a line of an entry ends; a longer one would fill the memory.
_LONGEST = 64 << 20

#: Names that no FEC has, as many as a message says.
_SHOWN = 12

_ROOT = "comptabilite"
_REMEDY = "Check that the file is the FEC and not another export."

#: What a document begins with, after a byte order mark and blanks, in encodings of one byte or of two.
_BEGINS = (b"<?xml", b"<!--", b"<comptabilite")

#: By which software of DOS ends a file.
_END_OF_FILE = b"\x1a"

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(Z|[+-]\d\d:\d\d)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")

#: Names by which some software writes those of the law.
_OTHER_NAMES = {"compteauxnum": "CompAuxNum", "compteauxlib": "CompAuxLib", "montant": "Montant", "sens": "Sens"}

#: What each line says; cash accounting may leave it out.
_ACCOUNT = ("CompteNum", "CompteLib")

#: The side of an amount that has one by itself, as in the text form.
_SIDES = {"D": "Debit", "+1": "Debit", "1": "Debit", "C": "Credit", "-1": "Credit"}


def is_xml(head: bytes) -> bool:
    """Whether a file that begins so is XML."""
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower().startswith(_BEGINS)


class TextForm(Begun):
    """A FEC in XML, read as if it were its text form: UTF-8, TAB. Where it is no XML any more its damage begins."""

    def __init__(self, head: bytes, stream: Stream, columns: Sequence[str], amounts: Sequence[str]) -> None:
        super().__init__(head, stream)
        self._columns = columns
        self._amounts = amounts
        self._lines = self._written()
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            line = next(self._lines, None)
            if line is None:
                break
            parts.append(line)
            length += len(line)
        data = b"".join(parts)
        end = len(data) if size < 0 else size
        self._rest = data[end:]
        return data[:end]

    def _written(self) -> Iterator[bytes]:
        yield "\t".join(self._columns).encode() + b"\r\n"
        parser = XMLPullParser(("start", "end"))
        names = {fold(name): name for name in self._columns} | _OTHER_NAMES
        levels: list[dict[str, str]] = []
        root = None
        is_first = True
        unknown: list[str] = []
        since = years = 0
        data = super().read(_PIECE)
        try:
            while data:
                following = super().read(_PIECE)
                parser.feed(data if following else data.rstrip(_END_OF_FILE))
                since += len(data)
                for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                    tag = fold(element.tag.rpartition("}")[2])
                    root = root or tag
                    if root != _ROOT:
                        raise ReadError(f"The file is XML, but no FEC: it begins with <{root}>.", remedy=_REMEDY)
                    if tag in ("exercice", "journal", "ecriture", "ligne"):
                        if event == "start":
                            years += tag == "exercice"
                            if years > 1:
                                raise ReadError(
                                    "The file holds more than one fiscal year.",
                                    remedy="Export each fiscal year to a file of its own, named for its last day.",
                                )
                            levels.append({})
                            unknown.clear()
                            continue
                        found = {name: value for level in levels for name, value in level.items()}
                        levels.pop()
                        element.clear()
                        if tag == "ligne":
                            since = 0
                            if is_first:
                                _refuse_renamed(found, unknown)
                            is_first = False
                            yield self._line(found)
                    elif event == "end" and levels and tag in names:
                        levels[-1][names[tag]] = " ".join((element.text or "").split())
                    elif event == "start" and levels and tag not in names and len(unknown) < _SHOWN:
                        unknown.append(element.tag)
                if since > _LONGEST:
                    raise ReadError(f"No entry ends within {_LONGEST >> 20} MB.", remedy=_REMEDY)
                data = following
            parser.close()
        except ParseError as error:
            self.damage = self.damage or f"no XML from line {error.position[0]} on"
        except (LookupError, ValueError) as error:  # Of the parser: the encoding that the document names.
            raise ReadError(f"The XML can't be decoded: {error}.", remedy="Have it exported in UTF-8.") from error

    def _line(self, found: dict[str, str]) -> bytes:
        if side := _SIDES.get(found.get("Sens", "").upper()):
            found = {side: found.get("Montant", ""), **found}
        cells = (self._cell(name, found.get(name, "")) for name in self._columns)
        return "\t".join(cells).encode("utf-8", "replace") + b"\r\n"

    def _cell(self, name: str, value: str) -> str:
        if day := _DAY.fullmatch(value):
            return "".join(day.group(1, 2, 3))
        if name in self._amounts and _NUMBER.fullmatch(value):
            return format(Decimal(value), "f").replace(".", ",")
        return value


def _refuse_renamed(found: dict[str, str], unknown: list[str]) -> None:
    """A first line without its account, but with elements that no FEC has: the others would land without it, too.

    Raises:
        ReadError: it is so.
    """
    lacks = [name for name in _ACCOUNT if name not in found]
    if lacks and unknown:
        raise ReadError(
            f"Its lines have no {' and no '.join(lacks)}; it has {', '.join(unknown[:_SHOWN])} instead.",
            remedy="Have it exported with the names of the law.",
        )
