"""A small source (`tests/contracts/lab/devices.yaml`) and files of it, in any dialect."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from lake.contracts import Contract, load
from lake.readers import read
from lake.readers.chunk import Broken, Chunk
from lake.readers.stream import Plain

DEVICES = load(Path(__file__).parent / "contracts" / "lab" / "devices.yaml")

HEADERS = [
    "N° appareil", "N° adhérent", "Nom patient", "Oreille", "Prix", "Pièces", "Renouvellement", "Livré le", "Remarque",
    "Modifié le", "Op",
]  # fmt: skip

#: A row that lands, by header.
GOOD = {
    "N° appareil": "D100", "N° adhérent": "12 345", "Nom patient": "Zoé Ménard", "Oreille": "G", "Prix": "1 234,50",
    "Pièces": "3", "Renouvellement": "Oui", "Livré le": "12/03/2024", "Remarque": "",
    "Modifié le": "12/03/2024 10:11:12", "Op": "C",
}  # fmt: skip


def row(number: int = 100, **changes: str) -> str:
    """A line of a file; changes are by field name."""
    headers = {f.name: f.header for f in DEVICES.fields}
    values = {**GOOD, "N° appareil": f"D{number}", **{headers[name]: value for name, value in changes.items()}}
    return ";".join(values[header] for header in HEADERS)


def text(*rows: str, headers: list[str] = HEADERS, end: str = "\r\n") -> str:
    """A file of rows under a header."""
    return "".join(line + end for line in (";".join(headers), *rows))


def reading(**changes: Any) -> Contract:
    """The contract with another way of reading."""
    return replace(DEVICES, reading=DEVICES.reading.model_copy(update=changes))


def chunks(data: bytes, contract: Contract = DEVICES) -> list[Chunk]:
    """The chunks of a file that is read to its end."""
    stream = Plain(io.BytesIO(data))
    found = list(read(stream, contract))
    assert stream.damage is None
    return found


def rows(data: bytes, contract: Contract = DEVICES) -> list[dict[str, str | None]]:
    """Every row that could be cut."""
    return [r for chunk in chunks(data, contract) for r in chunk.table.to_pylist()]


def broken(data: bytes, contract: Contract = DEVICES) -> list[Broken]:
    return [b for chunk in chunks(data, contract) for b in chunk.broken]
