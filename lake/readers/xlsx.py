"""Spreadsheets (XLSX, XLSM, XLS, ODS): one sheet, the contract's or the first; a header row among the first rows.

A row's number is the sheet's. Sheets are read whole: `_LARGEST` bounds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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
            return _sheet(CalamineWorkbook.from_filelike(file), contract).to_python(skip_empty_area=False, nrows=limit)
        except PasswordError as error:
            raise ReadError("The sheet is protected by a password.", remedy="Save it without one.") from error
        except (CalamineError, ZipError, OSError) as error:
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
