"""How far the cells of a sheet reach, and those that hold an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Extent(NamedTuple):
    """The rectangle that a sheet is held as, and what it holds.

    Attributes:
        rows: Number of rows up to the last cell.
        columns: Number of columns up to the last cell.
        cells: Number of cells that hold something.
        size: Bytes of their texts, as often as each stands.
        last: The last cell, as a person finds it: `XFD1048576`.
    """

    rows: int
    columns: int
    cells: int
    size: int
    last: str


class ErrorCell(NamedTuple):
    """A cell that holds an error, or a formula without its value: its place from 0, and what it shows (`#REF!`)."""

    row: int
    column: int
    shown: str


class Sheets(Protocol):
    """A workbook's sheets by their number from 0, as one format writes them.

    Attributes:
        are_held_together: calamine holds all sheets as soon as it opens the workbook.
    """

    are_held_together: bool

    @property
    def count(self) -> int:
        """How many sheets there are."""

    def unpacked(self, sheet: int) -> int:
        """Bytes to go through for a sheet and its texts."""

    def extent(self, sheet: int) -> Extent:
        """How far the cells of a sheet reach."""

    def errors(self, sheet: int) -> Iterator[ErrorCell]:
        """The cells of a sheet that hold an error, row by row."""


#: What is shown for a formula without its value.
NO_VALUE = "#VALUE!"


class Reach:
    """Cells, counted one by one."""

    def __init__(self) -> None:
        self._rows = self._columns = self._cells = self._size = 0
        self._last = (0, 0)

    def add(self, row: int, column: int, size: int, times: int = 1) -> None:
        """A cell that holds something, the last of as many: its place from 0, and the bytes of its text."""
        if row >= self._rows or column >= self._columns:
            self._last = (row, column)
        self._rows, self._columns = max(self._rows, row + 1), max(self._columns, column + 1)
        self._cells += times
        self._size += size * times

    @property
    def extent(self) -> Extent:
        row, column = self._last
        return Extent(self._rows, self._columns, self._cells, self._size, f"{letters(column)}{row + 1}")


def letters(column: int) -> str:
    """Of 27, `AB`."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
