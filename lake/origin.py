"""Where what was made from a lake came from: which lake, and which batches of it.

A lake has an id, and each of its batches a random token; both are in MongoDB, and go with what is made from them.
Numbers alone would tell nothing: a database that was lost and filled again, or restored to an older day and filled on,
gives the same numbers to other records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from lake.store import BatchRecord

#: What to do about a mirror of another lake.
REMEDY = "If this MongoDB is the right one, run `lake mirror --full`, then `lake run`: all is made again from it."

_BITS = 64


@dataclass(frozen=True)
class Origin:
    """What is held of one source. `last` is its last batch; `lake` the lake's id, None if an older version of the lake
    wrote it; `batches` stands for the tokens of all batches, in whatever files they are, and is empty in that case."""

    last: int = 0
    lake: str | None = None
    batches: str = ""


def trace(batches: Iterable[BatchRecord]) -> str:
    """What stands for the tokens of some batches that have records."""
    return _hex(int.from_bytes(blake2b(b.token.encode(), digest_size=_BITS // 8).digest()) for b in batches)


def joined(traces: Iterable[str]) -> str:
    """The trace of all batches of which these are the parts; empty if one of them is."""
    parts = list(traces)
    return _hex(int(part, 16) for part in parts) if all(parts) else ""


def _hex(numbers: Iterable[int]) -> str:
    return f"{sum(numbers) % 2**_BITS:016x}"


def another_lake(held: str | None, lake: str | None) -> str | None:
    """What to say of something that was made from another lake than the one that MongoDB holds, if it was."""
    if held is None or held == lake:
        return None
    now = f"MongoDB holds lake {lake[:8]} now" if lake else "MongoDB holds no lake now"
    return f"of another lake, {held[:8]}: {now}"
