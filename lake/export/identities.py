"""What the fund asks about families and the lake does not hold, from a file that the nursery keeps.

The lake knows children by pseudonym. The nursery's file gives for each member number what stands at the fund; the
number is pseudonymised in memory with the lake's key, so that both meet. Nothing of the file is stored or logged.

The file is CSV (`;`, tab or comma; UTF-8 or cp1252) with the header `N° adhérent` and any of `COLUMNS`, named as in the
export.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import contract
from lake.errors import ReadError
from lake.land.identity import one_writing
from lake.land.values import clean, mask
from lake.text import fold
from lake.vault import Vault

MEMBER = "N° adhérent"

#: The export's columns that the file may give.
COLUMNS = ("NUMERO_CAF", "NUMERO_DOSSIER_AFC", "IDEQU", "MATRICULE", "CODE_POSTAL_FAMILLE", "VILLE_FAMILLE")

_MEMBER_HEADERS = frozenset(map(fold, (MEMBER, "Numéro adhérent")))
_SEPARATORS = ";\t,"

#: Column of the export → its value.
Identity = Mapping[str, str]


def read(path: Path, vault: Vault) -> dict[str, Identity]:
    """The identities of a file, by the pseudonym of their member number.

    Raises:
        ReadError: the file can't be read, lacks the member number or all columns, has a value that the fund's format
            refuses, or tells two things of one member. Lines and columns are named, values never.
    """
    fields = {f.header: f for f in contract("childcare_filoue").fields if f.header in COLUMNS}
    patterns = {column: field.pattern or ".*" for column, field in fields.items()} | {"MATRICULE": r"^\d+$"}
    numbers: list[str] = []
    lines: list[int] = []
    found: list[Identity] = []
    for line, row in _rows(path):
        identity: Identity = {column: value for column in COLUMNS if (value := row.get(fold(column), "").strip())}
        for column, value in identity.items():
            if not re.fullmatch(patterns[column], value):
                raise ReadError(
                    f"{path.name}, line {line}: {column} is not written as the fund expects ({patterns[column]}).",
                    remedy="Correct that cell, or leave it empty.",
                )
        numbers.append(next(row[header] for header in _MEMBER_HEADERS if header in row))
        lines.append(line)
        found.append(identity)
    known: dict[str, Identity] = {}
    pseudonyms = vault.pseudonyms(_members(path, numbers, lines)).to_pylist()
    for nth, (pseudonym, identity) in enumerate(zip(pseudonyms, found, strict=True)):
        if pseudonym and known.setdefault(pseudonym, identity) != identity:
            raise ReadError(
                f"{path.name} tells two things of one member (again in row {nth + 1}).", remedy="Keep one of its rows."
            )
    return known


def _members(path: Path, numbers: list[str], lines: list[int]) -> pa.StringArray:
    """Member numbers as landing hashes them."""
    field = contract("childcare_contracts").field("person_id")
    members, faults = one_writing(clean(pa.array(numbers, pa.string())), field)
    faults.append(("not of the expected pattern", mask(pc.invert(pc.match_substring_regex(members, field.pattern)))))
    for what, where in faults:
        if where.any():
            raise ReadError(
                f"{path.name}, line {lines[int(where.argmax())]}: {MEMBER} is {what}.", remedy="Correct that cell."
            )
    return members


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows by plain header, with the line on which each ends."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadError(f"{path} can't be read: {error.strerror}.", remedy="Check the path.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    headers = [fold(header) for header in next(reader, [])]
    if not _MEMBER_HEADERS & set(headers):
        raise ReadError(f"{path.name} has no column '{MEMBER}'.", remedy="It links a row to the child in the lake.")
    if not {fold(column) for column in COLUMNS} & set(headers):
        raise ReadError(
            f"{path.name} has none of the columns it is read for.", remedy=f"They are {', '.join(COLUMNS)}."
        )
    return [(reader.line_num, dict(zip(headers, row, strict=False))) for row in reader if any(row)]
