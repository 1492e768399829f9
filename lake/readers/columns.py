"""Which column of a file is which field: by header or alias, however it is spelt (`lake.text.fold`), in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from lake.contracts import Contract, Field
from lake.text import fold

#: Headers that no file has: the line and the file of a row, for contracts whose key needs them.
LINE_HEADER, FILE_HEADER = "_line", "_file"


@dataclass(frozen=True)
class Match:
    """Columns of a file against a contract.

    Attributes:
        found: Field name → position of its column.
        missing: Fields that should come from a column and have none.
        extra: Headers that no field asks for.
    """

    found: dict[str, int]
    missing: tuple[Field, ...]
    extra: tuple[str, ...]


def match(headers: Sequence[str], contract: Contract) -> Match:
    """Find the contract's columns among headers. Of two columns with one header, the first counts."""
    position: dict[str, int] = {}
    for index, header in enumerate(headers):
        position.setdefault(fold(header), index)
    found: dict[str, int] = {}
    missing: list[Field] = []
    for field in from_columns(contract):
        for name in names(field):
            if name in position:
                found[field.name] = position[name]
                break
        else:
            missing.append(field)
    used = set(found.values())
    extra = tuple(h for i, h in enumerate(headers) if i not in used and fold(h))
    return Match(found, tuple(missing), extra)


def from_columns(contract: Contract) -> list[Field]:
    """The fields that a file's columns give (the others come from its name or its line numbers)."""
    return [f for f in contract.fields if f.from_file is None and f.header not in (LINE_HEADER, FILE_HEADER)]


@lru_cache(maxsize=4096)
def names(field: Field) -> tuple[str, ...]:
    """The headers by which a field's column is known, without case, accents, …."""
    return tuple(fold(name) for name in (field.header, *field.aliases, field.name))
