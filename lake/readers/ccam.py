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
from lake.text import fold

#: Columns of the rows given, in order: what each act has, then those of the file's header, known by how they begin.
FIRST = ("Version", "Applicable", "Code", "Acte", "Texte", "Activité", "Phase", "Pris en charge")
STEMS = {
    "Tarif secteur 1": "tarif", "Tarif hors secteur 1": "tarif", "Remboursement sous conditions": "rem",
    "Accord préalable": "accord", "Exonération": "exo", "Regroupement": "regroupement",
}  # fmt: skip
COLUMNS = (*FIRST, *STEMS)

#: Where the header's own columns begin in a line.
_AFTER_PHASE = 5

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
    names = _names(text)
    rows, lines = _rows(text, (title[1], title[2]), len(names) - len(FIRST))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    yield Chunk(
        table=text_table(names, [[value or None for value in column] for column in columns], len(rows)),
        lines=np.array(lines, np.int64),
        original=lambda i: _line(rows[i], contract),
        head=_line(names, contract),
        encoding=None if data.isascii() else encoding,
        again="csv",
        cut_at=lines[-1] if stream.damage and lines else None,
    )


def header(stream: Stream, contract: Contract) -> list[str]:
    """The columns of the rows, if the title is the CCAM's."""
    return list(COLUMNS) if _TITLE.search(stream.read(1000).decode("latin-1")) else []


def _names(text: str) -> tuple[str, ...]:
    """The columns of the rows; one of the file's header that begins like none that is known keeps its own name."""
    cells = csv.reader(io.StringIO(text, newline=""))
    header = next((record[_AFTER_PHASE:] for record in cells if record and fold(record[0]) == "code"), list(STEMS))
    names, stems = list(FIRST), dict(STEMS)
    for cell in header:
        name = next((n for n, stem in stems.items() if fold(cell).startswith(stem)), " ".join(cell.split()))
        stems.pop(name, None)
        names.append(name)
    return tuple(names)


def _rows(text: str, title: tuple[str, str], width: int) -> tuple[list[tuple[str, ...]], list[int]]:
    """The rows, `width` cells after the phase, and the line on which each begins."""
    rows, lines, code, act, begins = [], [], "", "", 1
    cells = csv.reader(io.StringIO(text, newline=""))
    for record in cells:
        line, begins = begins, cells.line_num + 1
        record = [cell.strip() for cell in record] + [""] * (_AFTER_PHASE + width)
        if _CODE.fullmatch(record[0]):
            code, act = record[0], record[2]
        if code and record[3].isdigit():
            cells_after = record[_AFTER_PHASE : _AFTER_PHASE + width]
            is_covered = "Non" if _NOT_COVERED in cells_after else "Oui"
            values = ("" if cell == _NOT_COVERED else cell for cell in cells_after)
            rows.append((*title, code, act, *record[2:_AFTER_PHASE], is_covered, *values))
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
