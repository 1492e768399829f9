"""ODS: a zip with one XML of all sheets, in which cells and rows that are alike stand once, with their number."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple
from xml.etree import ElementTree

from lake.readers.sheets.extent import NO_VALUE, ErrorCell, Extent, Reach

CONTENT = "content.xml"

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"


class _Cells(NamedTuple):
    """Cells that are alike: the rows and columns (from 0, the end not included) that they fill."""

    rows: range
    columns: range
    element: ElementTree.Element

    @property
    def shown(self) -> str:
        return "\n".join("".join(text.itertext()) for text in self.element.iterfind(f"{_TEXT}p"))

    @property
    def is_filled(self) -> bool:
        return self.element.get(f"{_OFFICE}value-type") is not None or self.element.find(f"{_TEXT}p") is not None

    @property
    def is_error(self) -> bool:
        """An error, as LibreOffice writes it; or a formula without its value."""
        if self.element.get(f"{_CALC}value-type") == "error":
            return True
        return bool(self.element.get(f"{_TABLE}formula")) and self.element.get(f"{_OFFICE}value-type") is None


class OpenDocument:
    """The sheets of an opened ODS."""

    are_held_together = True

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @property
    def count(self) -> int:
        """How many sheets there are."""
        return len(self._extents)

    def unpacked(self, sheet: int) -> int:
        """Bytes of the XML that holds all sheets."""
        return self._archive.getinfo(CONTENT).file_size

    def extent(self, sheet: int) -> Extent:
        """How far the cells of a sheet reach."""
        return self._extents[sheet]

    def errors(self, sheet: int) -> Iterator[ErrorCell]:
        """The cells of a sheet that hold an error, row by row."""
        alike: list[_Cells] = []
        for number, cells in self._cells():
            if number != sheet or not (cells and cells.is_error):
                continue
            if alike and alike[0].rows != cells.rows:
                yield from _spread(alike)
                alike = []
            alike.append(cells)
        yield from _spread(alike)

    @cached_property
    def _extents(self) -> list[Extent]:
        reaches: dict[int, Reach] = {}
        for sheet, cells in self._cells():
            reach = reaches.setdefault(sheet, Reach())
            if cells and cells.is_filled:
                times = len(cells.rows) * len(cells.columns)
                reach.add(cells.rows[-1], cells.columns[-1], len(cells.shown) or 8, times)
        return [reach.extent for reach in reaches.values()]

    def _cells(self) -> Iterator[tuple[int, _Cells | None]]:
        """Cells that are alike, with the number of their sheet; None where a sheet begins."""
        sheet, row, column = -1, 0, 0
        rows = range(0)
        table: ElementTree.Element | None = None
        with self._archive.open(CONTENT) as xml:
            for event, element in ElementTree.iterparse(xml, ("start", "end")):
                if event == "start":
                    if element.tag == f"{_TABLE}table" and table is None:
                        sheet, row, table = sheet + 1, 0, element
                        yield sheet, None
                    elif element.tag == f"{_TABLE}table-row":
                        rows, column = range(row, row + _times(element, "rows")), 0
                elif element is table:
                    element.clear()
                    table = None
                elif element.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                    columns = range(column, column + _times(element, "columns"))
                    yield sheet, _Cells(rows, columns, element)
                    column = columns.stop
                elif element.tag == f"{_TABLE}table-row" and table is not None:
                    row = rows.stop
                    table.clear()


def _times(element: ElementTree.Element, what: str) -> int:
    return int(element.get(f"{_TABLE}number-{what}-repeated", 1))


def _spread(alike: list[_Cells]) -> Iterator[ErrorCell]:
    """Every cell of cells of the same rows."""
    for row in alike[0].rows if alike else ():
        for cells in alike:
            yield from (ErrorCell(row, column, cells.shown or NO_VALUE) for column in cells.columns)
