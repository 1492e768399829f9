"""Which rows are new versions of their key, and which add nothing. The rule is in docs/architecture.md (land → store).

`_id` = digest of the natural key (16 bytes) + number of the version (4 bytes, big-endian): 0 for the first arrival of a
key, then 1, 2, …, so that the versions of a key lie side by side, and two processes can't give the same number twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lake.contracts import Contract
from lake.errors import StoreError
from lake.store.bson_columns import elements, one_chunk

KEY_BYTES = 16
ID = np.dtype([("high", ">u8"), ("low", ">u8"), ("version", ">u4")])
_NULL_KEY = b"\x0a"

Int64s = NDArray[np.int64]
Keys = NDArray[np.void]  # of ID, version 0


@dataclass(frozen=True)
class Known:
    """Versions that the lake holds already, one a row."""

    ids: Keys
    order: Int64s
    hashes: Int64s


class Seen:
    """Keys that a batch may have written: a bit for each of 2^27 hashes. A no is certain, a yes is to be asked."""

    def __init__(self) -> None:
        self._bits = np.zeros(1 << 24, np.uint8)

    def add(self, ids: Keys) -> None:
        """Remember these keys."""
        at, bit = self._place(ids)
        np.bitwise_or.at(self._bits, at, bit)

    def may_hold(self, ids: Keys) -> NDArray[np.bool_]:
        """Whether each key may have been added."""
        at, bit = self._place(ids)
        made: NDArray[np.bool_] = self._bits[at] & bit != 0
        return made

    @staticmethod
    def _place(ids: Keys) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        hashed = (ids["high"] >> np.uint64(64 - 27)).astype(np.int64)
        return hashed >> 3, np.left_shift(1, hashed & 7).astype(np.uint8)


#: Given ids, the records that exist among them.
LookUp = Callable[[Keys], Known]


def key_ids(table: pa.Table, contract: Contract) -> Keys:
    """The `_id` that version 0 of each row's key has. Types and lengths are part of what is digested, names are not."""
    parts = [pc.fill_null(elements("", one_chunk(table[f.name])), _NULL_KEY) for f in contract.key]
    digests = _digests(_join(parts), KEY_BYTES)
    ids = np.zeros(len(digests), ID)
    halves = np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2)
    ids["high"], ids["low"] = halves[:, 0], halves[:, 1]
    return ids


def content_hashes(columns: dict[str, pa.Array]) -> Int64s:
    """64 bits of each row's content, from its BSON elements by field name (null ones are missing).

    Order and absence of null fields don't matter: a contract that gains an optional field leaves the content as it was.
    """
    joined = _join([columns[name] for name in sorted(columns)])
    return np.frombuffer(b"".join(_digests(joined, 8)), "<i8")


def hashes(table: pa.Table, names: Iterable[str]) -> Int64s:
    """The `_hash` that each row must have, from `_deleted` and these fields."""
    return content_hashes({name: elements(name, one_chunk(table[name])) for name in (*names, "_deleted")})


def order_values(table: pa.Table, contract: Contract) -> Int64s:
    """Milliseconds, days or the integer itself of the field that orders versions; 0 for `landing` or if missing."""
    if contract.version_order == "landing":
        return np.zeros(table.num_rows, np.int64)
    column = one_chunk(table[contract.version_order])
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    elif not (pa.types.is_timestamp(column.type) or pa.types.is_integer(column.type)):
        raise StoreError(
            f"'{contract.version_order}' of '{contract.name}' can't order versions: it is a {column.type}."
        )
    made: Int64s = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return made


def resolve(ids: Keys, order: Int64s, hashes: Int64s, look_up: LookUp) -> tuple[NDArray[np.bool_], Keys]:
    """Which rows are new, and their ids with the version's number; rows are in order of arrival.

    A row adds nothing if, among the versions of its key with the same order value, the last that arrived has the same
    content: versions that the lake holds, then the rows before it.
    """
    known = _known_versions(ids, look_up)
    if not len(known.ids) and _are_distinct(ids):
        return np.ones(len(ids), np.bool_), ids
    old = len(known.ids)
    every = _ids([known.ids, ids])
    # Arrival: known versions by their number, then the rows in their order.
    arrival = np.concatenate([known.ids["version"].astype(np.int64), np.arange(len(ids)) + (1 << 32)])
    orders, contents = np.concatenate([known.order, order]), np.concatenate([known.hashes, hashes])
    high, low = every["high"].astype(np.uint64), every["low"].astype(np.uint64)

    by_order = np.lexsort((arrival, orders, low, high))
    is_same = _same_as_before(by_order, high, low, orders, contents)
    is_repeated = np.zeros(len(every), np.bool_)
    is_repeated[by_order[1:]] = is_same
    is_new = ~is_repeated
    is_new[:old] = False

    # Number the new versions of each key, from the greatest that the lake holds.
    by_arrival = np.lexsort((arrival, low, high))
    starts_key = np.concatenate([[True], ~_same_as_before(by_arrival, high, low)])
    counted = is_new | (np.arange(len(every)) < old)
    rank = np.cumsum(counted[by_arrival])
    first = np.maximum.accumulate(np.where(starts_key, np.arange(len(every)), 0))
    version = rank - (rank[first] - counted[by_arrival][first]) - 1
    numbered = every.copy()
    numbered["version"][by_arrival] = version
    return is_new[old:], numbered[old:]


def _known_versions(ids: Keys, look_up: LookUp) -> Known:
    """All versions of these keys in the lake, asked for level by level: 0, then 1 of those found, …"""
    found = []
    asked = ids
    version = 0
    while len(asked):
        level = look_up(asked)
        found.append(level)
        version += 1
        asked = level.ids.copy()
        asked["version"] = version
    if not found:
        return Known(np.zeros(0, ID), np.zeros(0, np.int64), np.zeros(0, np.int64))
    return Known(
        _ids([k.ids for k in found]),
        np.concatenate([k.order for k in found]),
        np.concatenate([k.hashes for k in found]),
    )


def _ids(parts: list[Keys]) -> Keys:
    """Ids in one array; told the type, for numpy would turn its bytes to the machine's order."""
    return np.concatenate(parts, dtype=ID)


def _are_distinct(ids: Keys) -> bool:
    """Whether no key stands twice; may say no when half of two digests is equal."""
    return len(np.unique(ids["high"])) == len(ids)


def _same_as_before(by: NDArray[np.intp], *columns: NDArray[Any]) -> NDArray[np.bool_]:
    same = np.ones(max(len(by) - 1, 0), np.bool_)
    for column in columns:
        ordered = column[by]
        same &= ordered[1:] == ordered[:-1]
    return same


def _join(parts: list[pa.Array]) -> pa.Array:
    empty = pa.scalar(b"", pa.binary())
    return pc.binary_join_element_wise(*parts, empty, null_handling="skip")


def _digests(values: pa.Array, size: int) -> list[bytes]:
    _, offsets, data = values.buffers()
    at = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1].tolist()
    view = memoryview(data)
    return [blake2b(view[a:b], digest_size=size).digest() for a, b in pairwise(at)]
