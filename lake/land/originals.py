"""A quarantined row's original: what is kept of it, packed, encrypted in parts, and back.

Whatever its length a row is kept whole, with what it takes to read it again: its format, encoding and header.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lake.readers.text import TOO_LONG
from lake.store import PART_BYTES, Held, QuarantinedRow, Store
from lake.vault import Vault

#: `Kept.again` of a part of a row that was too long to be read whole: it must never land by itself.
_NEVER = "never"

#: Rows and bytes of content in one of `slices`.
_ROWS = 10_000
_BYTES = 64 << 20


@dataclass(frozen=True)
class Kept:
    """A quarantined row as it is kept: `head` and `original` together are a file in the format `again`."""

    again: str
    encoding: str | None
    head: bytes
    original: bytes

    @property
    def is_whole(self) -> bool:
        return self.again != _NEVER

    @property
    def text(self) -> str:
        """The row as it came, under its header; what is no text escaped."""
        encoding = self.encoding or "utf-8"
        return (self.head + self.original).decode(encoding, "backslashreplace").lstrip("\ufeff").rstrip()

    def pack(self) -> bytes:
        described = json.dumps([self.again, self.encoding, len(self.head)]).encode()
        return b"\n".join((described, self.head + self.original))

    @classmethod
    def unpack(cls, data: bytes) -> Kept:
        described, _, content = data.partition(b"\n")
        again, encoding, *rest = json.loads(described)
        if not content and len(rest) == 2:  # Of a lake filled before 2026-11-21.
            return cls(again, encoding, rest[0].encode("latin-1"), rest[1].encode("latin-1"))
        return cls(again, encoding, content[: rest[0]], content[rest[0] :])


def quarantined(file: int, line: int, reasons: tuple[str, ...], kept: Kept, keys: Vault) -> QuarantinedRow:
    """A row for the quarantine, encrypted as it is written."""
    if TOO_LONG in reasons:
        kept = Kept(_NEVER, kept.encoding, b"", kept.original)
    content = kept.pack()
    parts = (keys.encrypt(content[at : at + PART_BYTES]) for at in range(0, len(content), PART_BYTES))
    return QuarantinedRow(file, line, reasons, parts, len(content))


def original(store: Store, keys: Vault, held: Held) -> Kept:
    """One row, decrypted. It can hold clear personal data."""
    (kept,) = originals(store, keys, [held])
    return kept


def originals(store: Store, keys: Vault, held: Sequence[Held]) -> Iterator[Kept]:
    """Rows, decrypted, in their order; see `slices` for how many at a time."""
    for parts in store.quarantine.contents(held):
        yield Kept.unpack(b"".join(keys.decrypt(part) for part in parts))


def slices(held: Iterable[Held]) -> Iterator[list[Held]]:
    """Some rows at a time, so that neither their number nor their size matters."""
    rows: list[Held] = []
    size = 0
    for each in held:
        if rows and (len(rows) >= _ROWS or size + each.size > _BYTES):
            yield rows
            rows, size = [], 0
        rows.append(each)
        size += each.size
    if rows:
        yield rows
