"""Spreadsheets (XLSX, XLSM, XLS, ODS): one sheet, the contract's or the first; a header row among the first rows.

A row's number is the sheet's. Sheets are read whole: `_LARGEST` bounds them. calamine gives nothing for a cell that
holds an error; in XLSX such cells are looked for beside it, and come as what they show (`#REF!`) for landing to refuse.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, BinaryIO
from xml.etree import ElementTree

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, WorksheetNotFound, ZipError

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers import columns
from lake.readers.chunk import Chunk, text_table
from lake.readers.parquet import seekable
from lake.readers.stream import Stream
from lake.readers.values import as_text, json_line

_LARGEST = 200 << 20
_HEADER_WITHIN = 20
_ROWS = 20_000

#: What stands in the XML of a sheet with formulas or errors, and what is shown for a formula without its value.
_FORMULA = re.compile(rb"<(\w+:)?f[\s>/]|t=[\"']e[\"']")
_NO_VALUE = "#VALUE!"


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a sheet, some thousands at a time.

    Raises:
        ReadError: no spreadsheet, no such sheet, too large, or without the contract's header.
    """
    rows = _rows(stream, contract)
    at = _header_row(rows, contract)
    if at is None:
        expected = ", ".join(f.header for f in columns.from_columns(contract)[:5])
        raise ReadError(f"None of the columns of {contract.name} is in its first rows.", remedy=f"Expected {expected}…")
    names = [_name(cell) for cell in rows[at]]
    decimal = contract.reading.decimal
    filled = [i for i in range(at + 1, len(rows)) if any(cell not in ("", None) for cell in rows[i])]
    for start in range(0, max(len(filled), 1), _ROWS):
        part = filled[start : start + _ROWS]
        cells = [[as_text(rows[i][c], decimal) for i in part] for c in range(len(names))]
        yield Chunk(
            table=text_table(names, cells, len(part)),
            lines=np.array(part, np.int64) + 1,
            original=lambda i, part=part: json_line(  # type: ignore[misc]
                {n: c for n, c in zip(names, rows[part[i]], strict=True) if n}
            ),
            again="jsonl",
        )


def header(stream: Stream, contract: Contract) -> list[str]:
    """The headers of the sheet, as far as they can be told."""
    rows = _rows(stream, contract, limit=_HEADER_WITHIN)
    at = _header_row(rows, contract)
    return [_name(cell) for cell in rows[at]] if at is not None else []


def _rows(stream: Stream, contract: Contract, limit: int | None = None) -> Sequence[list[Any]]:
    with seekable(stream) as file:
        if file.seek(0, 2) > _LARGEST:
            raise ReadError(f"The sheet has more than {_LARGEST >> 20} MB.", remedy="Save it as CSV.")
        file.seek(0)
        try:
            sheet = _sheet(CalamineWorkbook.from_filelike(file), contract)
            rows: list[list[Any]] = sheet.to_python(skip_empty_area=False, nrows=limit)
            for row, column, shown in _errors(file, sheet.name):
                if row < len(rows) and column < len(rows[row]):
                    rows[row][column] = shown
            return rows
        except PasswordError as error:
            raise ReadError("The sheet is protected by a password.", remedy="Save it without one.") from error
        except (CalamineError, ZipError, OSError, zipfile.BadZipFile, ElementTree.ParseError) as error:
            why = stream.damage or "no spreadsheet, or cut short"
            raise ReadError(f"The file is {why}: its rows can't be found.", remedy="Have it sent again.") from error


def _sheet(workbook: CalamineWorkbook, contract: Contract) -> CalamineSheet:
    wanted = contract.reading.sheet
    if wanted is None:
        return workbook.get_sheet_by_index(0)
    try:
        return workbook.get_sheet_by_name(wanted)
    except WorksheetNotFound as error:
        names = ", ".join(workbook.sheet_names)
        raise ReadError(f"There is no sheet '{wanted}', only {names}.", remedy=f"Rename it to '{wanted}'.") from error


def _errors(file: BinaryIO, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Cells that hold an error, or a formula without its value: row and column from 0, and what they show."""
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        part = _part(archive, sheet)
        if part is None:
            return
        with archive.open(part) as xml:
            if not _has_formulas(xml):
                return
        with archive.open(part) as xml:
            yield from _error_cells(xml)


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The member that holds a sheet, None in other formats than XLSX."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except KeyError:
        return None
    named = (each for each in book.iterfind("{*}sheets/{*}sheet") if each.get("name") == sheet)
    link = next((value for each in named for name, value in each.items() if name.endswith("}id")), None)
    targets = {each.get("Id"): each.get("Target", "") for each in links}
    part = targets.get(link, "").removeprefix("/")
    part = part if part.startswith("xl/") else f"xl/{part}"
    return part if part in archive.namelist() else None


def _has_formulas(xml: IO[bytes]) -> bool:
    tail = b""
    while data := xml.read(1 << 20):
        if _FORMULA.search(tail + data):
            return True
        tail = data[-8:]
    return False


def _error_cells(xml: IO[bytes]) -> Iterator[tuple[int, int, str]]:
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
                yield row, column, value or _NO_VALUE
        elif tag == "row" and sheet is not None:
            sheet.clear()


def _column(reference: str) -> int:
    """From 0: of `AB12`, 27."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _header_row(rows: Sequence[list[Any]], contract: Contract) -> int | None:
    """The row with the most of the contract's headers, the first of them."""
    best, most = None, 0
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        match = columns.match([_name(cell) for cell in row], contract)
        if len(match.found) > most:
            best, most = index, len(match.found)
        if best is not None and not match.missing:
            break
    return best


def _name(cell: Any) -> str:
    return (as_text(cell, ".") or "").strip()
