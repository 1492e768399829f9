"""The CCAM as the Assurance maladie publishes it: a sheet for people, turned into CSV.

A title says version and date; the header's cells span lines; headings, notes and modifiers stand between the acts, and
an act's other activities and phases follow it without its code. A row here is a line with an activity: the act's code
and name are carried down to it. The other lines hold no tariff and are not rows. Source: ameli.fr, "CCAM en ligne".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import numpy as np

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers.chunk import Chunk, text_table
from lake.readers.stream import Stream

#: Columns of the rows given, in order.
COLUMNS = (
    "Version", "Applicable", "Code", "Acte", "Texte", "Activité", "Phase", "Tarif secteur 1", "Tarif hors secteur 1",
    "Pris en charge", "Remboursement sous conditions", "Accord préalable", "Exonération", "Regroupement",
)  # fmt: skip

_TITLE = re.compile(r"CCAM version (\d+) applicable (?:au )?(\d\d/\d\d/\d{4})", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]{4}\d{3}")
_NOT_COVERED = "Non pris en charge"


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """All rows at once: the whole table is a few megabytes.

    Raises:
        ReadError: the first line is not the CCAM's title.
    """
    data = stream.read()
    encoding = encoding or _encoding(data, contract)
    text = data.decode(encoding, "replace").rstrip("\x1a")
    title = _TITLE.search(text[:1000].split("\n", 1)[0])
    if title is None:
        raise ReadError(
            "This is not the CCAM: its first line does not say 'CCAM version … applicable …'.",
            remedy="Download it again from ameli.fr, as CSV.",
        )
    rows, lines = _rows(text, (title[1], title[2]))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    yield Chunk(
        table=text_table(COLUMNS, [[value or None for value in column] for column in columns], len(rows)),
        lines=np.array(lines, np.int64),
        original=lambda i: _line(rows[i], contract),
        head=_line(COLUMNS, contract),
        encoding=None if data.isascii() else encoding,
        again="csv",
        cut_at=lines[-1] if stream.damage and lines else None,
    )


def header(stream: Stream, contract: Contract) -> list[str]:
    """The columns of the rows, if the title is the CCAM's."""
    return list(COLUMNS) if _TITLE.search(stream.read(1000).decode("latin-1")) else []


def _rows(text: str, title: tuple[str, str]) -> tuple[list[tuple[str, ...]], list[int]]:
    """The rows, and the line on which each begins."""
    rows, lines, code, act, begins = [], [], "", "", 1
    cells = csv.reader(io.StringIO(text, newline=""))
    for record in cells:
        line, begins = begins, cells.line_num + 1
        record = [cell.strip() for cell in record] + [""] * 11
        if _CODE.fullmatch(record[0]):
            code, act = record[0], record[2]
        if code and record[3].isdigit():
            fees = ["" if fee == _NOT_COVERED else fee for fee in record[5:7]]
            is_covered = "Non" if _NOT_COVERED in record[5:7] else "Oui"
            rows.append((*title, code, act, record[2], *record[3:5], *fees, is_covered, *record[7:11]))
            lines.append(line)
    return rows, lines


def _line(values: tuple[str, ...], contract: Contract) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=contract.reading.separators[0], lineterminator="\n").writerow(values)
    return text.getvalue().encode()


def _encoding(data: bytes, contract: Contract) -> str:
    """The first encoding of the contract in which the file is text."""
    for encoding in contract.reading.encodings:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8"
