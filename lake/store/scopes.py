"""What the lake holds of a scope, against the keys of a delivery that holds all of it: see `WholeOf`.

Keys are digests. A delivery's are kept in a file of their own, and compared with the lake's a range at a time, so that
memory does not follow the size of either.
"""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from bson.binary import Binary
from numpy.typing import NDArray
from pymongo.collection import Collection

from lake.contracts import Contract, ScopePart
from lake.store.bson_columns import decode, from_numpy, one_chunk
from lake.store.earlier import matching, value
from lake.store.versions import ID, KEY_BYTES, Int64s, Keys

#: Values of a scope's parts, in their order: `("S01", "B0", "2027")`. A year or month of a date is text.
Scope = tuple[str | int | date, ...]

#: Digests compared at a time, and bytes of them kept in memory before they go to disk.
_AT_ONCE = 1 << 21
_IN_MEMORY = 32 << 20

_VERSION = pa.schema(
    [
        pa.field("_id", pa.binary(ID.itemsize)),
        pa.field("_batch", pa.int64()),
        pa.field("_line", pa.int64()),
        pa.field("_order", pa.int64()),
        pa.field("_deleted", pa.bool_()),
    ]
)

#: `_line` of a tombstone that no row asked for: the delivery `_file` does not hold the key any more.
WITHDRAWN_LINE = 0


class KeySet:
    """Digests of keys, each as often as it was added."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (lives as long as the set)
        weakref.finalize(self, self._file.close)
        self.count = 0

    def add(self, ids: Keys) -> None:
        """Add the keys of some ids, whatever their version."""
        self.add_digests(_array(digests(ids)))

    def add_digests(self, keys: pa.Array) -> None:
        """Add keys themselves."""
        self._file.write(b"".join(keys.to_pylist()))
        self.count += len(keys)

    def parts(self) -> Iterator[tuple[bytes, bytes, pa.Array]]:
        """Ranges of digests that cover all there can be, each from its first to before its last, and those within."""
        count = self.count // _AT_ONCE + 1
        bounds = [(i << 64) // count for i in range(count)]
        for low, high in zip(bounds, [*bounds[1:], 1 << 64], strict=True):
            yield _edge(low), _edge(high), self._within(low, high)

    def _within(self, low: int, high: int) -> pa.Array:
        found = []
        self._file.seek(0)
        while data := self._file.read(_AT_ONCE * KEY_BYTES):
            keys = np.frombuffer(data, np.uint8).reshape(-1, KEY_BYTES)
            first = keys[:, :8].copy().view(">u8")[:, 0]
            found.append(keys[(first >= low) & (first <= high - 1)])
        self._file.seek(0, 2)
        return _array(np.concatenate(found)) if found else _array(np.zeros((0, KEY_BYTES), np.uint8))


@dataclass
class Standing:
    """A scope in the lake, seen from a delivery that is the whole of it.

    Attributes:
        live: Keys that count there now.
        absent: Those of them that the delivery does not hold.
        unknown: Keys of the delivery that the scope never had.
        newest: The greatest order value of a version there; None if it has none.
        withdrawn: Keys that an earlier delivery withdrew, and the order values of their tombstones.
    """

    live: int = 0
    unknown: int = 0
    newest: int | None = None
    absent: KeySet = field(default_factory=KeySet)
    withdrawn: list[tuple[pa.Array, Int64s]] = field(default_factory=list)


def standing(
    records: Collection[dict[str, Any]], contract: Contract, scope: Scope, held: KeySet, dead: Int64s
) -> Standing:
    """Compare a scope with the keys that a delivery holds of it.

    A key is of the scope by the last of its versions there; whether a later one took it elsewhere, `states` says.
    """
    found = Standing()
    where = condition(contract, scope)
    for low, high, keys in held.parts():
        within = {} if held.count < _AT_ONCE else {"_id": {"$gte": Binary(low), "$lt": Binary(high)}}
        table = _versions(records, contract, {**where, **within}, _VERSION, dead)
        found.unknown += len(keys.unique())
        if not table.num_rows:
            continue
        ids, order = _ids(table), table["_order"].to_numpy()
        last = _last(ids, order)
        own = _array(digests(ids[last]))
        is_deleted = table["_deleted"].to_numpy()[last]
        is_held = pc.is_in(own, keys).to_numpy(zero_copy_only=False)
        found.newest = max(int(order.max()), int(order[0]) if found.newest is None else found.newest)
        found.unknown -= int(is_held.sum())
        found.live += int((~is_deleted).sum())
        found.absent.add(ids[last][~is_deleted & ~is_held])
        is_withdrawn = is_deleted & is_held & (table["_line"].to_numpy()[last] == WITHDRAWN_LINE)
        if is_withdrawn.any():
            found.withdrawn.append((own.filter(from_numpy(is_withdrawn, pa.bool_())), order[last][is_withdrawn]))
    return found


def states(
    records: Collection[dict[str, Any]], contract: Contract, scope: Scope, keys: KeySet, dead: Int64s, rows: int
) -> Iterator[pa.Table]:
    """The state of keys that count in a scope now, some rows at a time, in the lake's columns and the contract's."""
    schema = pa.schema([*_VERSION, *contract.arrow_schema])
    for _, _, part in keys.parts():
        for begin in range(0, len(part), rows):
            asked = [key + bytes(4) for key in part.slice(begin, rows).to_pylist()]
            levels = []
            while asked:
                level = _versions(records, contract, {"_id": {"$in": [Binary(id) for id in asked]}}, schema, dead)
                levels.append(level)
                asked = [_next(id) for id in level["_id"].to_pylist()]
            table = pa.concat_tables(levels)
            table = table.take(_last(_ids(table), table["_order"].to_numpy()))
            of_each = zip(table["_deleted"].to_pylist(), row_scopes(table, contract), strict=True)
            yield table.filter(pa.array([not gone and its == scope for gone, its in of_each], pa.bool_()))


def row_scopes(table: pa.Table, contract: Contract) -> list[Scope]:
    """The scope of each row."""
    if contract.whole_of is None or not contract.whole_of.scope:
        return [()] * table.num_rows
    columns = [_part(table[part.field], part).to_pylist() for part in contract.whole_of.scope]
    return list(zip(*columns, strict=True))


def _part(column: pa.ChunkedArray, part: ScopePart) -> pa.ChunkedArray:
    if part.unit is None:
        return column
    return pc.strftime(column, "%Y" if part.unit == "year" else "%Y-%m")


def condition(contract: Contract, scope: Scope) -> dict[str, Any]:
    """The scope in MongoDB's words."""
    assert contract.whole_of is not None
    parts = zip(contract.whole_of.scope, scope, strict=True)
    every = [matching(contract, part.field, _within(part, its)) for part, its in parts]
    return {"$and": every} if every else {}


def _within(part: ScopePart, its: str | int | date) -> Any:
    if part.unit is None:
        return _midnight(its) if isinstance(its, date) else its
    year, month = (*map(int, str(its).split("-")), 1)[:2]
    after = (year + 1, 1) if part.unit == "year" or month == 12 else (year, month + 1)
    return {"$gte": _midnight(date(year, month, 1)), "$lt": _midnight(date(*after, 1))}


def digests(ids: Keys) -> NDArray[np.uint8]:
    """The keys of ids, without their version: a row of bytes each."""
    return np.ascontiguousarray(ids).view(np.uint8).reshape(-1, ID.itemsize)[:, :KEY_BYTES]


def at_least(order: Int64s, ids: Keys, withdrawn: Sequence[tuple[pa.Array, Int64s]]) -> Int64s:
    """Order values of rows, raised to that of the tombstone where an earlier delivery withdrew their key: a newer one
    that holds it again says that it is there."""
    own = _array(digests(ids))
    for keys, orders in withdrawn:
        place = pc.fill_null(pc.index_in(own, keys), -1).to_numpy(zero_copy_only=False)
        order = np.where(place >= 0, np.maximum(order, orders[place]), order)
    return order


def _versions(
    records: Collection[dict[str, Any]], contract: Contract, where: dict[str, Any], schema: pa.Schema, dead: Int64s
) -> pa.Table:
    own = {f.name for f in contract.stored}
    asked = {name: value(contract, name) if name in own else 1 for name in schema.names}
    found = records.find_raw_batches(where, asked, batch_size=20_000)
    with contextlib.closing(found):
        table = pa.concat_tables([schema.empty_table(), *(decode(d, schema) for d in cast(Iterator[bytes], found))])
    if len(dead):
        table = table.filter(from_numpy(~np.isin(table["_batch"].to_numpy(), dead), pa.bool_()))
    return table


def _last(ids: Keys, order: Int64s) -> NDArray[np.intp]:
    """The rows that are the state of their key: the greatest order, then arrival."""
    high, low = ids["high"].astype(np.uint64), ids["low"].astype(np.uint64)
    by = np.lexsort((ids["version"], order, low, high))
    is_last = np.ones(len(by), np.bool_)
    is_last[:-1] = (high[by][1:] != high[by][:-1]) | (low[by][1:] != low[by][:-1])
    return by[is_last]


def _ids(table: pa.Table) -> Keys:
    return np.frombuffer(b"".join(one_chunk(table["_id"]).to_pylist()), ID)


def _array(keys: NDArray[np.uint8]) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(keys).tobytes())
    return pa.Array.from_buffers(pa.binary(KEY_BYTES), len(keys), [None, data])


def _edge(first: int) -> bytes:
    """The least id whose digest begins with this number; beyond all ids for 2^64."""
    return first.to_bytes(8, "big") + bytes(12) if first < 1 << 64 else b"\xff" * 21


def _next(id: bytes) -> bytes:
    """The id of the version after one."""
    return id[:KEY_BYTES] + (int.from_bytes(id[KEY_BYTES:], "big") + 1).to_bytes(4, "big")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
