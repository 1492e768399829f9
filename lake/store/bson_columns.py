"""Arrow columns ↔ BSON documents, a column at a time instead of a document at a time.

Our documents hold the same fields in the same order, so a column of elements is made (or found) for all documents at
once. What does not look as expected on reading is decoded by `bson` itself, document by document: slower, never wrong.

An element is a type byte, the field's name, NUL, and a payload. Source: bsonspec.org 1.1. Types used:

    int64 0x12   double 0x01   string 0x02   boolean 0x08   instant 0x09 (ms)   null 0x0A   binary 0x05   decimal 0x13
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import bson
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from numpy.typing import NDArray

from lake.errors import StoreError

MS_PER_DAY = 86_400_000
NULL = 0x0A
#: Decimal128 (BID) keeps the exponent above bit 49 of its high half, biased. Source: IEEE 754-2008, 3.5.2.
_EXPONENT_SHIFT, _EXPONENT_BIAS = 49, 6176
_SIGN = np.uint64(1 << 63)
_CODEC = CodecOptions[dict[str, Any]](tz_aware=True)

Bytes = NDArray[np.uint8]
Valid = NDArray[np.bool_] | None


def type_byte(kind: pa.DataType) -> int:
    """The BSON type of an Arrow type."""
    if pa.types.is_int64(kind) or pa.types.is_int32(kind):
        return 0x12
    if pa.types.is_float64(kind):
        return 0x01
    if pa.types.is_string(kind):
        return 0x02
    if pa.types.is_boolean(kind):
        return 0x08
    if pa.types.is_date32(kind) or pa.types.is_timestamp(kind):
        return 0x09
    if pa.types.is_decimal128(kind):
        return 0x13
    if pa.types.is_fixed_size_binary(kind):
        return 0x05
    raise StoreError(f"The lake has no place for values of type {kind}.")


def elements(name: str, array: pa.Array) -> pa.Array:
    """The BSON element of each value; null where the value is null."""
    head = bytes([type_byte(array.type)]) + name.encode() + b"\0"
    if pa.types.is_string(array.type):
        size = pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False).astype("<i4") + 1
        sizes = _rows(_bytes(size.astype("<i4")))
        return pc.binary_join_element_wise(_scalar(head), sizes, array.cast(pa.binary()), _scalar(b"\0"), _scalar(b""))
    made = _rows(_fixed(head, _payload(array)))
    return made if array.null_count == 0 else pc.if_else(pc.is_valid(array), made, pa.scalar(None, pa.binary()))


def documents(columns: Sequence[tuple[str, pa.Array]]) -> pa.Array:
    """A BSON document per row; a null value is an explicit null."""
    parts = [pc.fill_null(made, bytes([NULL]) + name.encode() + b"\0") for name, made in columns]
    sizes = sum((pc.binary_length(part).to_numpy(zero_copy_only=False) for part in parts), np.int32(5))
    return pc.binary_join_element_wise(_rows(_bytes(sizes.astype("<i4"))), *parts, _scalar(b"\0"), _scalar(b""))


def encode(table: pa.Table) -> pa.Array:
    """A BSON document per row, its fields in the order of the columns."""
    return documents([(name, elements(name, one_chunk(table[name]))) for name in table.column_names])


def decode(data: bytes, schema: pa.Schema) -> pa.Table:
    """The documents that lie one behind the other in `data`, as columns of `schema`.

    Raises:
        StoreError: a value does not fit its column's type.
    """
    starts = _starts(data)
    if not len(starts):
        return schema.empty_table()
    buffer = np.frombuffer(data, np.uint8)
    walk = _Walk(data, buffer, starts[:-1] + 4, starts[1:], np.ones(len(starts) - 1, np.bool_))
    columns = [walk.column(field.name, field.type) for field in schema]
    # After the last field there must be nothing but the document's own end.
    is_plain = walk.is_plain & (walk.at == starts[1:] - 1)
    if is_plain.all():
        return pa.table(columns, schema=schema)
    if not is_plain.any():
        return _slowly(data, starts, np.arange(len(is_plain)), schema)
    odd = np.flatnonzero(~is_plain)
    plain = np.flatnonzero(is_plain)
    kept = pa.concat_tables(
        [
            decode(b"".join(data[starts[i] : starts[i + 1]] for i in plain), schema),
            _slowly(data, starts, odd, schema),
        ]
    )
    return kept.take(np.argsort(np.concatenate([plain, odd])))


def one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def from_numpy(values: NDArray[Any], kind: pa.DataType, valid: Valid = None) -> pa.Array:
    """An Arrow array over a NumPy one as it lies. `pa.array` would import pandas first, half a second."""
    data = np.packbits(values, bitorder="little") if pa.types.is_boolean(kind) else np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind, len(values), [None if valid is None else _bitmap(valid), pa.py_buffer(data)])


def _starts(data: bytes) -> NDArray[np.int64]:
    """Where each document starts, and the end of the last; empty without documents."""
    at, end, found = 0, len(data), []
    size_at = struct.Struct("<i").unpack_from
    while at < end:
        found.append(at)
        at += size_at(data, at)[0]
    if at != end:
        raise StoreError("MongoDB sent a document that is cut off.")
    return np.array([*found, end] if found else [], np.int64)


@dataclass
class _Walk:
    """A position in every document, moved on field by field. `is_plain` falls for documents that look different."""

    data: bytes
    buffer: Bytes
    at: NDArray[np.int64]
    end: NDArray[np.int64]
    is_plain: NDArray[np.bool_]

    def column(self, name: str, kind: pa.DataType) -> pa.Array:
        tail = name.encode() + b"\0"
        skip = 1 + len(tail)
        heads = self._gather(f"V{skip}", 0)
        is_value = heads == np.void(bytes([type_byte(kind)]) + tail)
        valid = None
        if not (is_value.all() and self.is_plain.all()):
            self.is_plain &= is_value | (heads == np.void(bytes([NULL]) + tail))
            valid = is_value & self.is_plain
        array, sizes = self._payload(kind, skip, valid)
        moved = skip + (sizes if valid is None else np.where(valid, sizes, 0))
        # A document that has left the track stays where it is: nothing of it is used.
        self.at = self.at + (moved if self.is_plain.all() else np.where(self.is_plain, moved, 0))
        return array

    def _payload(self, kind: pa.DataType, skip: int, valid: Valid) -> tuple[pa.Array, Any]:
        """The values, and how many bytes each takes. `valid` is None where every document has a value."""
        if pa.types.is_string(kind):
            return self._strings(skip, valid)
        if pa.types.is_decimal128(kind):
            return self._decimals(kind, skip, valid), 16
        if pa.types.is_boolean(kind):
            flags = self._gather("u1", skip)
            self._require(flags <= 1, valid)
            return from_numpy(flags, kind, valid), 1
        if pa.types.is_fixed_size_binary(kind):
            width = kind.byte_width
            self._require(self._gather("V5", skip) == np.void(struct.pack("<iB", width, 0)), valid)
            return from_numpy(self._gather(f"V{width}", skip + 5), kind, valid), 5 + width
        if pa.types.is_float64(kind):
            return from_numpy(self._gather("<f8", skip), kind, valid), 8
        whole = self._gather("<i8", skip)
        if pa.types.is_date32(kind):
            days = whole // MS_PER_DAY
            self._require((days * MS_PER_DAY == whole) & (np.abs(days) < 2**31), valid)
            return from_numpy(days.astype(np.int32), kind, valid), 8
        return from_numpy(whole, kind, valid), 8

    def _strings(self, skip: int, valid: Valid) -> tuple[pa.Array, NDArray[Any]]:
        sizes = self._gather("<i4", skip)  # With the NUL behind it.
        begin = self.at + (skip + 4)
        end = begin + (sizes - 1)
        fits = (sizes > 0) & (end < self.end)
        self._require(fits, valid)
        is_used = fits if valid is None else fits & valid
        # The strings and what lies between them are one array over the buffer as it is; every second entry is ours.
        offsets = np.empty(2 * len(begin), np.int32)
        if is_used.all():
            offsets[0::2], offsets[1::2] = begin, end
        else:
            offsets[0::2], offsets[1::2] = np.where(is_used, begin, self.at), np.where(is_used, end, self.at)
        around = pa.Array.from_buffers(
            pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        )
        taken = around.take(from_numpy(np.arange(0, len(offsets) - 1, 2), pa.int64()))
        array = taken.cast(pa.string())  # Validates UTF-8.
        if valid is not None:
            array = pa.Array.from_buffers(pa.string(), len(array), [_bitmap(valid), *array.buffers()[1:]])
        return array, sizes + 4

    def _decimals(self, kind: pa.DataType, skip: int, valid: Valid) -> pa.Array:
        halves = self._gather("V16", skip).view("<u8").reshape(-1, 2)
        low, high = halves[:, 0].view("<i8"), halves[:, 1]
        exponent = np.uint64((_EXPONENT_BIAS - kind.scale) << _EXPONENT_SHIFT)
        self._require(((high | _SIGN) == (exponent | _SIGN)) & (low >= 0), valid)
        pairs = np.empty((len(low), 2), "<i8")
        pairs[:, 0] = np.where(high >= _SIGN, -low, low)
        pairs[:, 1] = pairs[:, 0] >> 63
        return from_numpy(pairs, kind, valid)

    def _require(self, is_right: NDArray[np.bool_], valid: Valid) -> None:
        """Documents whose value is not right are not plain."""
        if not is_right.all():
            self.is_plain &= is_right if valid is None else is_right | ~valid

    def _gather(self, dtype: str, skip: int) -> NDArray[Any]:
        """The value at `skip` behind each position; what would lie outside is some value of the last bytes."""
        kind = np.dtype(dtype)
        last = len(self.buffer) - kind.itemsize
        if last < 0:
            return np.zeros(len(self.at), kind)
        every: NDArray[Any] = np.ndarray((last + 1,), kind, self.buffer, strides=(1,))
        where = self.at + skip
        return every[where if where[-1] <= last else np.minimum(where, last)]


def _slowly(data: bytes, starts: NDArray[np.int64], rows: NDArray[np.int64], schema: pa.Schema) -> pa.Table:
    found = [bson.decode(data[starts[i] : starts[i + 1]], _CODEC) for i in rows]
    columns = []
    for field in schema:
        try:
            columns.append(pa.array([_value(d.get(field.name), field.type) for d in found], field.type))
        except (pa.ArrowException, TypeError, ValueError, OverflowError, ArithmeticError) as error:
            raise StoreError(f"A value of field '{field.name}' in MongoDB is not a {field.type}: {error}") from error
    return pa.table(columns, schema=schema)


def _value(value: Any, kind: pa.DataType) -> Any:
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if isinstance(value, datetime) and pa.types.is_date32(kind):
        if value.timetz() != datetime.min.replace(tzinfo=UTC).timetz():
            raise ValueError(f"{value} is not a day")
        return value.date()
    if isinstance(value, Decimal | int | float | str | bytes | datetime | date) or value is None:
        return value
    raise TypeError(f"a {type(value).__name__}")


def _payload(array: pa.Array) -> Bytes:
    """The payload of each value as a row of bytes; anything where the value is null."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return _bytes(pc.fill_null(array, False).to_numpy(zero_copy_only=False).astype(np.uint8))
    if pa.types.is_decimal128(kind):
        return _decimal_payload(array)
    if pa.types.is_fixed_size_binary(kind):
        width, size = kind.byte_width, len(array)
        raw = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width : (array.offset + size) * width]
        head = np.frombuffer(struct.pack("<iB", width, 0), np.uint8)
        return np.concatenate([np.broadcast_to(head, (size, 5)), raw.reshape(size, width)], axis=1)
    if pa.types.is_float64(kind):
        return _bytes(pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False).astype("<f8"))
    if pa.types.is_date32(kind):
        days = pc.fill_null(array.cast(pa.int32()), 0).to_numpy(zero_copy_only=False)
        return _bytes(days.astype("<i8") * MS_PER_DAY)
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())
    return _bytes(pc.fill_null(array, 0).to_numpy(zero_copy_only=False).astype("<i8"))


def _decimal_payload(array: pa.Array) -> Bytes:
    if array.type.precision > 18:
        raise StoreError(f"The lake keeps decimals of up to 18 digits, not {array.type}.")
    raw = array.buffers()[1]
    low = np.frombuffer(raw, "<i8")[2 * array.offset : 2 * (array.offset + len(array)) : 2]
    made = np.empty((len(low), 2), "<u8")
    made[:, 0] = np.abs(low)
    made[:, 1] = (_EXPONENT_BIAS - array.type.scale) << _EXPONENT_SHIFT
    made[:, 1] |= np.where(low < 0, _SIGN, np.uint64(0))
    return _bytes(made)


def _bytes(values: NDArray[Any]) -> Bytes:
    width = values.dtype.itemsize * math.prod(values.shape[1:])
    made: Bytes = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), width)
    return made


def _fixed(head: bytes, payload: Bytes) -> Bytes:
    return np.concatenate([np.broadcast_to(np.frombuffer(head, np.uint8), (len(payload), len(head))), payload], axis=1)


def _rows(matrix: Bytes) -> pa.Array:
    """A binary value per row of a matrix."""
    count, width = matrix.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32) if width else np.zeros(count + 1, np.int32)
    data = np.ascontiguousarray(matrix)  # Joined columns may lie the other way round.
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _scalar(value: bytes) -> pa.Scalar:
    return pa.scalar(value, pa.binary())


def _bitmap(valid: NDArray[np.bool_]) -> pa.Buffer:
    """Arrow's validity bitmap."""
    return pa.py_buffer(np.packbits(valid, bitorder="little"))
