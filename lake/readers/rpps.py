"""The open file of health professionals (RPPS): `|`, UTF-8, no quoting, a `|` after the last column too.

Its 52 to 56 columns change with the year: those of the contract are found by header. Source: annuaire.sante.fr.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lake.contracts import Contract
from lake.readers import csv
from lake.readers.chunk import Chunk
from lake.readers.stream import Stream


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of an RPPS file, block by block."""
    return csv.read(stream, _piped(contract), encoding)


def header(stream: Stream, contract: Contract) -> list[str]:
    """The headers of a file, as far as they can be told."""
    return csv.header(stream, _piped(contract))


def _piped(contract: Contract) -> Contract:
    reading = contract.reading
    options = {**reading.options, "quotes": False}
    return replace(contract, reading=reading.model_copy(update={"separators": ("|",), "options": options}))
