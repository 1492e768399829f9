"""XLSX and XLSM: a zip of XML, a member for each sheet."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.etree import ElementTree

from lake.readers.sheets.extent import NO_VALUE, ErrorCell, Extent, Reach

BOOK = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
_LONGEST_CELL = 4 << 20

#: A cell that is not empty: its place, and the number of its text where it shares one.
_CELL = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\br=[\"'](?P<column>[A-Z]{1,3})(?P<row>\d{1,7})[\"'])(?P<is_shared>[^>]*\bt=[\"']s[\"'])?"
    rb"[^>]*(?<!/)>(?(is_shared)\s*<(?:\w+:)?v>(?P<shared>\d+))"
)

#: What stands in the XML of a sheet with formulas or errors.
_FORMULA = re.compile(rb"<(\w+:)?f[\s>/]|t=[\"']e[\"']")


class Ooxml:
    """The sheets of an opened XLSX."""

    are_held_together = False

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        book = ElementTree.fromstring(archive.read(BOOK))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {each.get("Id"): each.get("Target", "") for each in links}
        sheets = [dict(each.items()) for each in book.iterfind("{*}sheets/{*}sheet")]
        ids = [next((value for name, value in each.items() if name.endswith("}id")), None) for each in sheets]
        parts = [targets.get(each, "").removeprefix("/") for each in ids]
        self._parts = [part if part.startswith("xl/") else f"xl/{part}" for part in parts]

    @property
    def count(self) -> int:
        """How many sheets there are."""
        return len(self._parts)

    def unpacked(self, sheet: int) -> int:
        """Bytes of the XML that holds a sheet and its texts."""
        return sum(i.file_size for i in self._archive.infolist() if i.filename in (self._parts[sheet], _STRINGS))

    def extent(self, sheet: int) -> Extent:
        """How far the cells of a sheet reach."""
        lengths = self._lengths_of_strings()
        reach = Reach()
        with self._archive.open(self._parts[sheet]) as xml:
            for cell in _cells(xml):
                shared = cell["shared"]
                size = lengths[int(shared)] if shared and int(shared) < len(lengths) else 8
                reach.add(int(cell["row"]) - 1, _column(cell["column"].decode()), size)
        return reach.extent

    def errors(self, sheet: int) -> Iterator[ErrorCell]:
        """The cells of a sheet that hold an error, row by row."""
        part = self._parts[sheet]
        with self._archive.open(part) as xml:
            if not _has_formulas(xml):
                return
        with self._archive.open(part) as xml:
            yield from _error_cells(xml)

    def _lengths_of_strings(self) -> list[int]:
        """Of each text that cells share, its length."""
        if _STRINGS not in self._archive.namelist():
            return []
        with self._archive.open(_STRINGS) as xml:
            lengths, length = [], 0
            for _, element in ElementTree.iterparse(xml):
                tag = element.tag.rpartition("}")[2]
                if tag == "t":
                    length += len(element.text or "")
                elif tag == "si":
                    lengths.append(length)
                    length = 0
                    element.clear()
            return lengths


def _cells(xml: IO[bytes]) -> Iterator[re.Match[bytes]]:
    """The cells of a sheet that hold something."""
    rest = b""
    while data := xml.read(1 << 20):
        data = rest + data
        end = data.rfind(b"</") if len(data) < _LONGEST_CELL else len(data)
        rest = data[end:] if end >= 0 else data
        yield from _CELL.finditer(data[: max(end, 0)])
    yield from _CELL.finditer(rest)


def _has_formulas(xml: IO[bytes]) -> bool:
    tail = b""
    while data := xml.read(1 << 20):
        if _FORMULA.search(tail + data):
            return True
        tail = data[-8:]
    return False


def _error_cells(xml: IO[bytes]) -> Iterator[ErrorCell]:
    row, column = -1, -1
    sheet: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(xml, ("start", "end")):
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            if tag == "sheetData":
                sheet = element
            elif tag == "row":
                row, column = int(element.get("r", row + 2)) - 1, -1
            elif tag == "c":
                column = _column(element.get("r", "")) if element.get("r") else column + 1
        elif tag == "c":
            value, kind = element.findtext("{*}v"), element.get("t")
            if kind == "e" or (not value and kind != "str" and element.find("{*}f") is not None):
                yield ErrorCell(row, column, value or NO_VALUE)
        elif tag == "row" and sheet is not None:
            sheet.clear()


def _column(reference: str) -> int:
    """From 0: of `AB12`, 27."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
