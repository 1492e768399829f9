"""Parquet: row groups as they come. A group that can't be read is one broken row that says which rows it held."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers.chunk import Broken, Chunk, text_table
from lake.readers.stream import Stream
from lake.readers.values import as_text, double_text, json_line

#: Rows of a chunk, and their bytes.
_ROWS = 50_000
_BYTES = 64 << 20


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a Parquet file, a part of a row group at a time.

    Raises:
        ReadError: it is not one, or its footer is damaged.
    """
    with seekable(stream) as file:
        opened = _open(file, stream)
        first = 1
        for group in range(opened.num_row_groups):
            described = opened.metadata.row_group(group)
            rows = described.num_rows
            wide = max(described.total_byte_size // max(rows, 1), 1)
            try:
                for batch in opened.iter_batches(max(min(_ROWS, _BYTES // wide), 1), row_groups=[group]):
                    table = pa.Table.from_batches([batch]).flatten()
                    yield _chunk(table, first, contract.reading.decimal)
                    first += table.num_rows
                    rows -= table.num_rows
            except (pa.ArrowException, OSError):
                why = f"file: rows {first} to {first + rows - 1} can't be read"
                yield _damaged(Broken(first, b"", why))
                first += rows


def header(stream: Stream, contract: Contract) -> list[str]:
    """The names of the columns."""
    with seekable(stream) as file:
        return list(_open(file, stream).schema_arrow.names)


def seekable(stream: Stream) -> BinaryIO:
    """The bytes of a stream in a file that can be read in any order; on disk if they are many."""
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=64 << 20))  # noqa: SIM115 (the caller closes it)
    while data := stream.read(1 << 20):
        file.write(data)
    file.seek(0, io.SEEK_SET)
    return file


def _open(file: BinaryIO, stream: Stream) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        why = stream.damage or "no Parquet, or cut short"
        raise ReadError(f"The file is {why}: its rows can't be found.", remedy="Have it sent again.") from error


def _chunk(table: pa.Table, first: int, decimal: str) -> Chunk:
    for at, column in enumerate(table.columns):
        if pa.types.is_floating(column.type) and column.type.bit_width < 64:
            table = table.set_column(at, table.column_names[at], _short(column, decimal))
    return Chunk(
        table=text_table(table.column_names, [_text(c, decimal) for c in table.columns], table.num_rows),
        lines=np.arange(first, first + table.num_rows),
        original=lambda i: json_line(table.slice(i, 1).to_pylist()[0]),
        again="jsonl",
    )


def _damaged(broken: Broken) -> Chunk:
    return Chunk(
        table=text_table([], [], 0), lines=np.empty(0, np.int64), original=lambda i: b"", broken=(broken,),
        again="jsonl", cut_at=broken.line,
    )  # fmt: skip


def _short(column: pa.ChunkedArray, decimal: str) -> pa.Array:
    """Numbers of 32 bits or fewer by their own shortest digits: 19.99 is 19.989999771118164 as a double."""
    exact = 1 << (24 if column.type.bit_width == 32 else 11)
    digits = column.to_numpy().astype(str).tolist()
    known = column.is_valid().to_pylist()
    return pa.array(
        [double_text(float(v), decimal, exact) if ok else None for v, ok in zip(digits, known, strict=True)],
        pa.string(),
    )


def _text(column: pa.ChunkedArray, decimal: str) -> pa.Array:
    """A column as text, exactly: decimals with all digits, days and instants as ISO 8601 (UTC if they have a zone)."""
    array: pa.Array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_integer(array.type):
        return array.cast(pa.string())
    if pa.types.is_boolean(array.type):
        return array.cast(pa.string())
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.timestamp("ms", array.type.tz), safe=False).cast(pa.string())
    if pa.types.is_decimal(array.type):
        whole = pc.replace_substring_regex(array.cast(pa.string()), r"\.0+$", "")
        return pc.replace_substring(whole, ".", decimal)
    values: list[Any] = array.to_pylist()
    return pa.array([as_text(value, decimal) for value in values], pa.string())
