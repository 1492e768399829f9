"""Columns of sample tables: from numpy arrays to typed Arrow arrays, whole columns at a time.

Money is counted in whole cents (int64) until it becomes a DECIMAL(18,2): a sum over a column is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Cents = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]


def decimals(units: npt.NDArray[np.int64], scale: int = 2, *, null: Mask | None = None) -> pa.Array:
    """Whole units of the last decimal (cents when `scale` is 2) as DECIMAL(18, scale), null where `null`."""
    # A decimal128 is a 16-byte little-endian integer: the int64 and its sign.
    words = np.empty((len(units), 2), dtype=np.int64)
    words[:, 0] = units
    words[:, 1] = np.where(units < 0, -1, 0)
    values = pa.Array.from_buffers(pa.decimal128(18, scale), len(units), [None, pa.py_buffer(words)])
    return values if null is None else pc.if_else(pa.array(~null), values, None)


def dates(days: Days, *, null: Mask | None = None) -> pa.Array:
    """Days as date32, null where `null`."""
    return pa.array(days.astype("datetime64[D]"), mask=null)


def instants(rng: np.random.Generator, days: Days) -> pa.Array:
    """An instant of office hours (8:00 to 17:59 UTC, whole minutes) on each day."""
    minutes = rng.integers(8 * 60, 18 * 60, len(days)).astype("timedelta64[m]")
    return pa.array((days.astype("datetime64[m]") + minutes).astype("datetime64[ms]"), pa.timestamp("ms", tz="UTC"))


def clock(quarters: npt.NDArray[np.int64], *, null: Mask | None = None) -> pa.Array:
    """Times of the day (hh:mm) from quarters of an hour since midnight, null where `null`."""
    return codes([f"{q // 4:02d}:{q % 4 * 15:02d}" for q in range(96)], quarters, null=null)


def cents(column: pa.ChunkedArray | pa.Array) -> Cents:
    """The cents of a DECIMAL column without nulls."""
    hundred = pa.scalar(100, pa.decimal128(3, 0))
    whole: Cents = pc.multiply(column.cast(pa.decimal128(18, 2)), hundred).cast(pa.int64()).to_numpy()
    return whole


def years(days: Days) -> Ints:
    return days.astype("datetime64[Y]").astype(np.int64) + 1970


def strings(values: Any, *, null: Mask | None = None) -> pa.Array:
    """Texts, null where `null`."""
    texts = np.asarray(values) if len(values) else np.array([], np.str_)
    return pa.array(texts, type=pa.string(), mask=null)


def codes(values: Sequence[str], index: npt.NDArray[np.int64], *, null: Mask | None = None) -> pa.Array:
    """`values[index]` as text, null where `null`."""
    return pa.array(values, pa.string()).take(pa.array(index, mask=null))


def pick(rng: np.random.Generator, n: int, weights: Sequence[float], block: int = 1) -> npt.NDArray[np.int64]:
    """`n` positions drawn by weight, evenly over every `block` in a row."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(edges / edges[-1], even(rng, n, block), side="right").astype(np.int64)


def even(rng: np.random.Generator, n: int, block: int = 12) -> npt.NDArray[np.float64]:
    """`n` numbers between 0 and 1, of which every `block` in a row are spread evenly.

    What is decided by them happens in every month about as often as it should, even where a month has few cases: an
    imaginary site is as steady as a larger real one.
    """
    rows = -(-n // block)
    ranks = rng.random((rows, block)).argsort(axis=1)
    return ((ranks + rng.random((rows, block))) / block).ravel()[:n]


def without_vat(cents: Cents, vat_per_mille: int) -> Cents:
    """Amounts without the VAT they contain, rounded half up to the cent."""
    return (cents * 1000 * 2 + (1000 + vat_per_mille)) // (2 * (1000 + vat_per_mille))


def replace(table: pa.Table, columns: dict[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    """The table with these columns in the place of those of the same name."""
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table
