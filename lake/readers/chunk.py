"""What a reader hands to landing: rows of text with their line numbers, and the rows it could not cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Lines = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Broken:
    """A row that could not be cut into columns: its line, its bytes as they came, and why (no value in it)."""

    line: int
    original: bytes
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of one file.

    Rows read = `table.num_rows` + `len(broken)`.

    Attributes:
        table: Columns of text (null where the file has nothing), named by header; by field once through
            `lake.readers.read`.
        lines: Of each row of `table`, its 1-based line (text) or number (sheets, elements).
        original: The bytes of the i-th row, for the quarantine.
        head: What must stand before originals for `again` to read them: the header line, in their encoding.
        broken: Rows that could not be cut.
        encoding: As detected; None for ASCII and for formats that have their own.
        cut_at: The line in which the file ends before its time, if it does here.
        again: The format that reads `head` + originals again.
        extra: Headers that no field asks for (set by `lake.readers.read`).
        remarks: What is wrong with the text itself, for the report; none of it sets a row apart.
        size: Bytes that its originals hold in memory, about; those of its rows are added by `lake.readers.read`.
    """

    table: pa.Table
    lines: Lines
    original: Callable[[int], bytes]
    head: bytes = b""
    broken: tuple[Broken, ...] = ()
    encoding: str | None = None
    again: str = ""
    cut_at: int | None = None
    extra: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    size: int = 0

    @property
    def rows(self) -> int:
        return int(self.table.num_rows) + len(self.broken)


def text_table(names: Sequence[str], columns: Sequence[Any], rows: int) -> pa.Table:
    """A table of string columns, given as arrays or lists; it keeps its number of rows without any."""
    arrays = [c if isinstance(c, pa.Array) else pa.array(c, pa.string()) for c in columns]
    if not arrays:
        return pa.Table.from_arrays([pa.nulls(rows, pa.string())], names=[""])
    return pa.Table.from_arrays(arrays, names=list(names))
