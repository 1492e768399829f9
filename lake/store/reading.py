"""Records out of MongoDB as Arrow tables: raw documents are fetched in a thread while the ones before are decoded."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pymongo.collection import Collection

from lake.contracts import META_SCHEMA
from lake.store.bson_columns import decode, from_numpy, one_chunk
from lake.store.ledger import BatchRecord
from lake.store.versions import ID, KEY_BYTES

#: Documents in a reply. Small replies stay in the processor's cache and in memory that is used again: 2.2 µs a document
#: to read and decode, against 3.3 µs with replies of 16 MB (2026-11).
DOCUMENTS = 2_000
#: Replies that wait to be decoded.
WAITING = 16
#: From this share of a collection on, reading it whole is faster than through the index.
SCAN_SHARE = 0.3


def read(collection: Collection[dict[str, Any]], batches: Sequence[BatchRecord]) -> Iterator[pa.Table]:
    """The records of batches that hold the same fields, in META_SCHEMA and these fields.

    The batches are all committed ones of their source between the first and the last of them.
    """
    if not batches:
        return
    stored = batches[0].schema
    schema = pa.schema([pa.field("_id", pa.binary(ID.itemsize)), *stored])
    numbers = [b.number for b in batches]
    where = {"_batch": {"$in": numbers} if len(numbers) > 1 else numbers[0]}
    cursor = collection.find_raw_batches(where, batch_size=DOCUMENTS)
    if sum(b.records for b in batches) > SCAN_SHARE * collection.estimated_document_count():
        cursor = cursor.hint([("$natural", 1)])
    for data in _ahead(cast(Iterator[bytes], cursor)):
        yield _mirrored(decode(data, schema))


def _mirrored(table: pa.Table) -> pa.Table:
    """`_id` taken apart into `_key` and `_version`."""
    ids = np.frombuffer(one_chunk(table["_id"]).cast(pa.binary()).buffers()[2], ID, count=table.num_rows)
    keys = np.ascontiguousarray(ids.view(np.uint8).reshape(-1, ID.itemsize)[:, :KEY_BYTES])
    key = from_numpy(keys, pa.binary(KEY_BYTES))
    version = from_numpy(ids["version"].astype(np.int32), pa.int32())
    columns = [key, version, *table.columns[1:]]
    return pa.table(columns, schema=pa.schema([META_SCHEMA.field(0), META_SCHEMA.field(1), *list(table.schema)[1:]]))


def _ahead(cursor: Iterator[bytes]) -> Iterator[bytes]:
    """The same, fetched in a thread, WAITING replies ahead."""
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(WAITING)
    stop = threading.Event()

    def fetch() -> None:
        last: BaseException | None = None
        try:
            for data in cursor:
                if not _put(waiting, data, stop):
                    return
        except BaseException as error:
            last = error
        _put(waiting, last, stop)

    fetcher = threading.Thread(target=fetch, name="mirror-fetch", daemon=True)
    fetcher.start()
    try:
        while (data := waiting.get()) is not None:
            if isinstance(data, BaseException):
                raise data
            yield data
    finally:
        stop.set()
        fetcher.join()


def _put(waiting: queue.Queue[Any], item: object, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            waiting.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
