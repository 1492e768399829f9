"""Parquet: row groups as they come. A group that can't be read is one broken row that says which rows it held."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

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

#: Where one file ends and another begins.
_JOINT = b"PAR1PAR1"

#: Rows of a chunk of values that are written by what they share with the one before.
_SWELLING_ROWS = 128


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a Parquet file, a part of a row group at a time: as many as `_BYTES` hold once they are decoded.

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
            size = max(min(_ROWS, _BYTES // wide), 1)
            if _may_swell(described):
                size = min(size, _SWELLING_ROWS)
            try:
                for batch in opened.iter_batches(size, row_groups=[group]):
                    for table in _parts(pa.Table.from_batches([batch]).flatten()):
                        yield _chunk(table, first, contract.reading.decimal)
                        first += table.num_rows
                        rows -= table.num_rows
            except (pa.ArrowException, OSError):
                why = f"file: rows {first} to {first + rows - 1} can't be read"
                yield _damaged(Broken(first, b"", why))
                first += rows


def _may_swell(group: pq.RowGroupMetaData) -> bool:
    """Whether values are written by what they share with the one before, so that little may become much."""
    columns = (group.column(i) for i in range(group.num_columns))
    return any("DELTA_BYTE_ARRAY" in column.encodings for column in columns)


def _parts(table: pa.Table) -> Iterator[pa.Table]:
    """Rows that `_BYTES` hold once their dictionaries are decoded: one text of 4 MB may stand in all of them."""
    sizes = np.full(table.num_rows, 1, np.int64)
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            for_all = [_lengths(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
            sizes += pa.chunked_array(for_all, pa.int64()).fill_null(0).to_numpy()
    ends = np.cumsum(sizes)
    start = 0
    while start < table.num_rows:
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _BYTES, "right")), start + 1)
        yield table.slice(start, stop - start)
        start = stop


def _lengths(values: pa.Array) -> pa.Array:
    is_text = pa.types.is_string(values.type) or pa.types.is_binary(values.type)
    return pc.binary_length(values).cast(pa.int64()) if is_text else pa.array([8] * len(values), pa.int64())


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
    """The file, texts that it holds once for many rows read so.

    Raises:
        ReadError: it is none, or several put one behind the other, of which only the last has a footer that is read.
    """
    if _are_joined(file):
        raise ReadError("Several Parquet files were put together in one.", remedy="Land each by itself.")
    try:
        metadata = pq.read_metadata(file)
        shared = [
            column.path_in_schema
            for column in (
                metadata.row_group(0).column(i) for i in range(metadata.num_columns) if metadata.num_row_groups
            )
            if column.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in each for each in column.encodings)
        ]
        return pq.ParquetFile(file, read_dictionary=shared, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        why = stream.damage or "no Parquet, or cut short"
        raise ReadError(f"The file is {why}: its rows can't be found.", remedy="Have it sent again.") from error


def _are_joined(file: BinaryIO) -> bool:
    tail = b""
    while data := file.read(1 << 20):
        if _JOINT in tail + data:
            return True
        tail = data[1 - len(_JOINT) :]
    file.seek(0)
    return False


def _chunk(table: pa.Table, first: int, decimal: str) -> Chunk:
    for at, column in enumerate(table.columns):
        if pa.types.is_floating(column.type) and column.type.bit_width < 64:
            table = table.set_column(at, table.column_names[at], _short(column, decimal))
    names, texts, reasons = table.column_names, list[pa.Array](), dict[int, str]()
    for name, column in zip(names, table.columns, strict=True):
        text, unreadable = _text(column, decimal)
        texts.append(text)
        for row in unreadable:
            reasons.setdefault(row, f"{name}: a value that can't be read")
    good = np.array([row for row in range(table.num_rows) if row not in reasons], np.int64)
    rows = pa.table(texts, names=names) if names else text_table([], [], table.num_rows)

    def original(row: int) -> bytes:
        try:
            return json_line(table.slice(row, 1).to_pylist()[0])
        except (ValueError, OverflowError, pa.ArrowException):
            return json_line({name: text[row].as_py() for name, text in zip(names, texts, strict=True)})

    return Chunk(
        table=rows.take(pa.array(good)) if reasons else rows,
        lines=good + first,
        original=lambda i: original(int(good[i])),
        broken=tuple(Broken(first + row, original(row), why) for row, why in sorted(reasons.items())),
        size=rows.nbytes,
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


def _text(column: pa.ChunkedArray, decimal: str) -> tuple[pa.Array, list[int]]:
    """A column as text, exactly, and the rows of which there is none to be had.

    Decimals keep all digits; days, times and instants are ISO 8601 (UTC if they have a zone).
    """
    array: pa.Array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    try:
        return _cast(array, decimal), []
    except (ValueError, OverflowError, pa.ArrowException):
        return _one_by_one(array, decimal)


def _cast(array: pa.Array, decimal: str) -> pa.Array:
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        binary = pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary()
        return array.view(binary).cast(pa.string())  # Of bytes that are no text it says so.
    if pa.types.is_integer(array.type) or pa.types.is_boolean(array.type) or pa.types.is_date(array.type):
        return array.cast(pa.string())
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.timestamp("ms", array.type.tz), safe=False).cast(pa.string())
    if pa.types.is_decimal(array.type):
        whole = pc.replace_substring_regex(array.cast(pa.string()), r"\.0+$", "")
        return pc.replace_substring(whole, ".", decimal)
    return pa.array([as_text(value, decimal) for value in array.to_pylist()], pa.string())


def _one_by_one(array: pa.Array, decimal: str) -> tuple[pa.Array, list[int]]:
    texts: list[str | None] = []
    unreadable: list[int] = []
    for row in range(len(array)):
        try:
            texts.append(_cast(array.slice(row, 1), decimal)[0].as_py())
        except (ValueError, OverflowError, pa.ArrowException):
            texts.append(None)
            unreadable.append(row)
    return pa.array(texts, pa.string()), unreadable
