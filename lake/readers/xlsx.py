"""Spreadsheets (XLSX, XLSM, XLS, ODS): one sheet, the contract's or the first; a header row among the first rows.

A row's number is the sheet's. A sheet is held whole in calamine's memory: `_LARGEST` and `_check_extent` bound it.
calamine gives nothing for a cell that holds an error; in XLSX such cells are looked for beside it, and come as what
they show (`#REF!`) for landing to refuse.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any, BinaryIO
from xml.etree import ElementTree

import numpy as np
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

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

#: Cells of the rectangle that a sheet is held as, and bytes of what it holds, 32 a cell.
_MOST_CELLS = 4_000_000
_MOST_BYTES = 512 << 20

_STRINGS = "xl/sharedStrings.xml"
_LONGEST_CELL = 4 << 20

#: A cell that is not empty: its place, and the number of its text where it shares one.
_CELL = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\br=[\"'](?P<column>[A-Z]{1,3})(?P<row>\d{1,7})[\"'])(?P<is_shared>[^>]*\bt=[\"']s[\"'])?"
    rb"[^>]*(?<!/)>(?(is_shared)\s*<(?:\w+:)?v>(?P<shared>\d+))"
)

#: What stands in the XML of a sheet with formulas or errors, and what is shown for a formula without its value.
_FORMULA = re.compile(rb"<(\w+:)?f[\s>/]|t=[\"']e[\"']")
_NO_VALUE = "#VALUE!"


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a sheet, some thousands at a time.

    Raises:
        ReadError: no spreadsheet, no such sheet, too large, or without the contract's header.
    """
    rows = _rows(stream, contract)
    head = list(islice(rows, _HEADER_WITHIN))
    at = _header_row(head, contract)
    if at is None:
        expected = ", ".join(f.header for f in columns.from_columns(contract)[:5])
        raise ReadError(f"None of the columns of {contract.name} is in its first rows.", remedy=f"Expected {expected}…")
    names = [_name(cell) for cell in head[at]]
    numbered = enumerate(chain(head[at + 1 :], rows), start=at + 2)
    filled = ((number, row) for number, row in numbered if any(cell not in ("", None) for cell in row))
    part = list(islice(filled, _ROWS))
    while True:
        yield _chunk(names, part, contract.reading.decimal)
        part = list(islice(filled, _ROWS))
        if not part:
            return


def _chunk(names: list[str], part: list[tuple[int, list[Any]]], decimal: str) -> Chunk:
    table = text_table(names, [[as_text(row[c], decimal) for _, row in part] for c in range(len(names))], len(part))
    return Chunk(
        table=table,
        lines=np.array([number for number, _ in part], np.int64),
        original=lambda i: json_line({n: c for n, c in zip(names, part[i][1], strict=True) if n}),
        size=table.nbytes,
        again="jsonl",
    )


def header(stream: Stream, contract: Contract) -> list[str]:
    """The headers of the sheet, as far as they can be told."""
    rows = list(islice(_rows(stream, contract), _HEADER_WITHIN))
    at = _header_row(rows, contract)
    return [_name(cell) for cell in rows[at]] if at is not None else []


def _rows(stream: Stream, contract: Contract) -> Iterator[list[Any]]:
    """Every row of the sheet from its first one on, filled to one width."""
    with seekable(stream) as file:
        if file.seek(0, 2) > _LARGEST:
            raise ReadError(f"The sheet has more than {_LARGEST >> 20} MB.", remedy="Save it as CSV.")
        file.seek(0)
        try:
            workbook = CalamineWorkbook.from_filelike(file)
            name = _name_of_sheet(workbook, contract)
            _check_extent(file, name)
            sheet = workbook.get_sheet_by_name(name)
            left = sheet.start[1] if sheet.start else 0
            shown: dict[int, dict[int, str]] = {}
            for at, column, text in _errors(file, name):
                shown.setdefault(at, {})[column] = text
            for at, cells in enumerate(sheet.iter_rows()):
                row = [*[None] * left, *cells]
                for column, text in shown.get(at, {}).items():
                    if column < len(row):
                        row[column] = text
                yield row
        except PasswordError as error:
            raise ReadError("The sheet is protected by a password.", remedy="Save it without one.") from error
        except (CalamineError, ZipError, OSError, ValueError, zipfile.BadZipFile, ElementTree.ParseError) as error:
            why = stream.damage or "no spreadsheet, or cut short"
            raise ReadError(f"The file is {why}: its rows can't be found.", remedy="Have it sent again.") from error


def _name_of_sheet(workbook: CalamineWorkbook, contract: Contract) -> str:
    wanted, names = contract.reading.sheet, workbook.sheet_names
    if not names:
        raise ReadError("The workbook has no sheet.", remedy="Have it sent again.")
    if wanted is not None and wanted not in names:
        raise ReadError(f"There is no sheet '{wanted}', only {', '.join(names)}.", remedy=f"Rename it to '{wanted}'.")
    return wanted or names[0]


def _check_extent(file: BinaryIO, sheet: str) -> None:
    """A sheet is held as a rectangle up to its last cells: one stray cell at XFD1048576 would ask for 512 GiB.

    Raises:
        ReadError: the sheet's rectangle, or its text once unpacked, is larger than memory allows for.
    """
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        part = _part(archive, sheet)
        if part is None:
            return
        unpacked = sum(archive.getinfo(each).file_size for each in (part, _STRINGS) if each in archive.namelist())
        if unpacked > _MOST_BYTES:
            raise ReadError(f"The sheet unpacks to {unpacked >> 20} MB.", remedy="Save it as CSV.")
        lengths = _lengths_of_strings(archive)
        rows = across = cells = size = 0
        last = ""
        with archive.open(part) as xml:
            for found in _cells(xml):
                cells += 1
                column, row = _column(found["column"].decode()) + 1, int(found["row"])
                if row > rows or column > across:
                    last = f"{found['column'].decode()}{row}"
                rows, across = max(rows, row), max(across, column)
                shared = found["shared"]
                size += lengths[int(shared)] if shared and int(shared) < len(lengths) else 8
        if rows * across > max(_MOST_CELLS, 50 * cells):
            raise ReadError(
                f"The sheet has {cells:,} cells and reaches to {last}: {rows:,} rows by {across:,} columns.",
                remedy="Delete what stands far from the table (select from the first empty row and column to the end), "
                "and save it again; or save it as CSV.",
            )
        if rows * across * 32 + size > _MOST_BYTES:
            raise ReadError(f"The sheet holds over {_MOST_BYTES >> 20} MB once unpacked.", remedy="Save it as CSV.")


def _lengths_of_strings(archive: zipfile.ZipFile) -> list[int]:
    """Of each text that cells share, its length."""
    if _STRINGS not in archive.namelist():
        return []
    with archive.open(_STRINGS) as xml:
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
