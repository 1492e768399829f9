"""Spreadsheets (XLSX, XLSM, XLS, ODS): one sheet, the contract's or the first; a header row among the first rows.

A row's number is the sheet's. A sheet is held whole in calamine's memory: `_LARGEST` and `_check_extent` bound it.
A cell that holds an error comes as what it shows (`#REF!`), for landing to refuse (`lake.readers.sheets`).
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any
from xml.etree import ElementTree

import numpy as np
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers import columns
from lake.readers.chunk import Chunk, text_table
from lake.readers.parquet import seekable
from lake.readers.sheets import Sheets
from lake.readers.sheets import of as cells_of
from lake.readers.stream import Stream
from lake.readers.values import as_text, json_line

_LARGEST = 200 << 20
_HEADER_WITHIN = 20
_ROWS = 20_000

#: Cells of the rectangle that a sheet is held as, and bytes of what it holds, 32 a cell.
_MOST_CELLS = 4_000_000
_MOST_BYTES = 512 << 20

#: What readers of a workbook raise where it is damaged.
_DAMAGE = (
    CalamineError, ZipError, OSError, ValueError, LookupError, RuntimeError, struct.error, zipfile.BadZipFile,
    ElementTree.ParseError,
)  # fmt: skip


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
        try:
            sheets = cells_of(file)
            if sheets.are_held_together:
                _check_extents(sheets, range(sheets.count))
            file.seek(0)
            workbook = CalamineWorkbook.from_filelike(file)
            yield from _rows_of(workbook, sheets, _chosen(workbook, sheets, contract))
        except PasswordError as error:
            raise ReadError("The sheet is protected by a password.", remedy="Save it without one.") from error
        except _DAMAGE as error:
            why = stream.damage or "no spreadsheet, or cut short"
            raise ReadError(f"The file is {why}: its rows can't be found.", remedy="Have it sent again.") from error


def _rows_of(workbook: CalamineWorkbook, sheets: Sheets, number: int) -> Iterator[list[Any]]:
    """Every row of a sheet from its first one on, filled to one width."""
    if not sheets.are_held_together:
        _check_extents(sheets, [number])
    sheet = workbook.get_sheet_by_index(number)
    left = sheet.start[1] if sheet.start else 0
    errors = sheets.errors(number)
    error = next(errors, None)
    for at, cells in enumerate(sheet.iter_rows()):
        row = [*[None] * left, *cells]
        while error is not None and error.row <= at:
            if error.row == at and error.column < len(row):
                row[error.column] = error.shown
            error = next(errors, None)
        yield row


def _chosen(workbook: CalamineWorkbook, sheets: Sheets, contract: Contract) -> int:
    """The contract's sheet, or the only one with its header, or the first.

    Raises:
        ReadError: there is none, or rows of the source stand in another one too, which would be lost.
    """
    wanted, names = contract.reading.sheet, workbook.sheet_names
    if not names:
        raise ReadError("The workbook has no sheet.", remedy="Have it sent again.")
    if wanted is not None and wanted not in names:
        raise ReadError(f"There is no sheet '{wanted}', only {', '.join(names)}.", remedy=f"Rename it to '{wanted}'.")
    if len(names) == 1:
        return 0
    chosen = names.index(wanted) if wanted is not None else None
    full = [n for n in range(len(names)) if n == chosen or _has_rows(workbook, sheets, n, contract)]
    if len(full) > 1:
        raise ReadError(
            f"The sheets {', '.join(names[n] for n in full)} all hold rows of {contract.name}: only one is read.",
            remedy="Send each in a file of its own, or put their rows together.",
        )
    return full[0] if full else 0


def _has_rows(workbook: CalamineWorkbook, sheets: Sheets, number: int, contract: Contract) -> bool:
    """Whether a sheet has the header of the contract, and a row below it."""
    try:
        rows = list(islice(_rows_of(workbook, sheets, number), _HEADER_WITHIN))
    except (CalamineError, ReadError):  # A sheet of charts; one that is too large for a table.
        return False
    at = _header_row(rows, contract)
    if at is None or not any(cell not in ("", None) for row in rows[at + 1 :] for cell in row):
        return False
    missing = columns.match([_name(cell) for cell in rows[at]], contract).missing
    return not any(field.required for field in missing)


def _check_extents(sheets: Sheets, held: Sequence[int]) -> None:
    """A sheet is held as a rectangle up to its last cells: one stray cell at XFD1048576 would ask for 512 GiB.

    Raises:
        ReadError: the rectangles of the sheets, or their text once unpacked, are larger than memory allows for.
    """
    size = 0
    for number in held:
        if (unpacked := sheets.unpacked(number)) > _MOST_BYTES:
            raise ReadError(f"The sheet unpacks to {unpacked >> 20} MB.", remedy="Save it as CSV.")
        extent = sheets.extent(number)
        area = extent.rows * extent.columns
        if area > max(_MOST_CELLS, 50 * extent.cells):
            raise ReadError(
                f"The sheet has {extent.cells:,} cells and reaches to {extent.last}: "
                f"{extent.rows:,} rows by {extent.columns:,} columns.",
                remedy="Delete what stands far from the table (select from the first empty row and column to the end), "
                "and save it again; or save it as CSV.",
            )
        size += area * 32 + extent.size
    if size > _MOST_BYTES:
        raise ReadError(f"The sheet holds over {_MOST_BYTES >> 20} MB once unpacked.", remedy="Save it as CSV.")


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
