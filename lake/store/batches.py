"""A landing batch: its records, files and quarantined rows become visible together, when its commit is written.

Encoding overlaps with the server's work: documents are sent by a few threads from a short queue, while the next rows
are made. A batch has one writer, the holder of the source's lease; one that lost it can't commit.
"""

from __future__ import annotations

import contextlib
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
from bson.raw_bson import RawBSONDocument
from numpy.typing import NDArray
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from lake.contracts import Contract
from lake.errors import StoreError
from lake.store import quarantine, scopes
from lake.store.bson_columns import decode, documents, elements, from_numpy, one_chunk
from lake.store.failures import failure, translates
from lake.store.ledger import Written, rules, stored_fields
from lake.store.quarantine import QuarantinedRow
from lake.store.scopes import KeySet, Scope, Standing
from lake.store.versions import ID, Keys, Known, Seen, content_hashes, key_ids, order_values, resolve

ROWS = 20_000
SENDERS = 2
#: Chunks that wait or are being sent. Bounds the memory to this many times ROWS documents.
IN_FLIGHT = 3

DUPLICATE_KEY = 11000

_LOOK_UP = pa.schema(
    [
        pa.field("_id", pa.binary(ID.itemsize)),
        pa.field("_batch", pa.int64()),
        pa.field("_order", pa.int64()),
        pa.field("_hash", pa.int64()),
    ]
)


@translates
class Batch:
    """One source, one or more files. Use `Store.begin`."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        contract: Contract,
        number: int,
        token: str,
        dead: Iterable[int],
        left_out: Iterable[int] = (),
    ) -> None:
        self.number = number
        self.contract = contract
        self._db = database
        self._records: Collection[dict[str, Any]] = database[contract.name]
        self._token = token
        self._dead = np.array(sorted(dead), np.int64)
        self._left_out = np.array(sorted(left_out), np.int64)
        self._unseen = np.concatenate([self._dead, self._left_out])
        #: Into an empty collection most rows need no look-up, which is a seventh of the server's work (2026-11).
        self._seen = Seen() if self._records.find_one({}, {"_id": 1}) is None else None
        self._written: dict[int, Written] = {}
        self._quarantined: dict[int, int] = {}
        self._read: dict[int, int] = {}
        self._hash_sum = 0
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix=f"land-{contract.name}")
        self._sending: deque[tuple[Keys, Future[None]]] = deque()
        self._numbers: deque[int] = deque()
        self._files_added: list[dict[str, Any]] = []
        self._releases = False

    def add_file(self, name: str, sha256: str, size: int) -> int:
        """Enter a file into the ledger. Returns its number, the `_file` of its rows."""
        document = {
            "source": self.contract.name,
            "name": name,
            "sha256": sha256,
            "size": size,
            "batch": self.number,
            "added_at": datetime.now(UTC),
        }
        if not self._numbers:
            # More at a time the more files there are: a round trip a file would outweigh the landing of small ones.
            self._numbers = _reserve(self._db["_files"], min(len(self._files_added) + 1, 256))
        number = self._numbers.popleft()
        self._files_added.append({"_id": number, **document})
        self._written[number] = Written()
        return number

    def forget_file(self, number: int) -> None:
        """Take a file back of which nothing was written."""
        self._files_added = [f for f in self._files_added if f["_id"] != number]
        self._written.pop(number, None)

    def speaks_of(self, number: int, chosen: Iterable[Scope]) -> None:
        """Enter into the ledger which scopes a file is the whole of."""
        self.note(number, {"scopes": [[str(value) for value in scope] for scope in chosen]})

    def note(self, number: int, facts: Mapping[str, Any]) -> None:
        """Enter more about a file into the ledger."""
        (entry,) = (f for f in self._files_added if f["_id"] == number)
        entry.update(facts)

    def read(self, file: int, rows: int) -> None:
        """Declare how many rows the reader found in a file; the commit refuses if they are not all accounted for."""
        self._read[file] = self._read.get(file, 0) + rows

    def standing(self, scope: Scope, held: KeySet) -> Standing:
        """A scope in the lake, this batch included, against the keys that a delivery holds of it."""
        self._drain()
        return scopes.standing(self._records, self.contract, scope, held, self._unseen)

    def withdraw(self, file: int, scope: Scope, absent: KeySet, order: int) -> int:
        """Write tombstones of keys that a file no longer holds, of this order value at least. Returns how many."""
        self._drain()
        count = 0
        for table in scopes.states(self._records, self.contract, scope, absent, self._unseen, ROWS):
            own = {
                "_file": np.full(table.num_rows, file, np.int64),
                "_line": np.full(table.num_rows, scopes.WITHDRAWN_LINE, np.int64),
                "_deleted": np.ones(table.num_rows, np.bool_),
            }
            gone = pa.table({**own, **{f.name: table[f.name] for f in self.contract.stored}}).combine_chunks()
            at = np.maximum(table["_order"].to_numpy(), order)
            self._write_rows(gone, lambda ids, own, at=at: at)  # type: ignore[misc]
            count += table.num_rows
        self._written[file] += Written(withdrawn=count)
        return count

    def pass_over(self, file: int, rows: int) -> None:
        """Rows that add nothing, since a newer delivery is the whole of their scope."""
        self._written[file] = self._written.get(file, Written()) + Written(unchanged=rows)

    def write(self, table: pa.Table, again: Sequence[Standing] = ()) -> dict[int, Written]:
        """Land the rows that are new versions of their key, in their order.

        Args:
            table: the contract's `arrow_schema` plus `_file`, `_line` (int64) and `_deleted` (bool).
            again: How the scopes stand of which the rows are the whole: what was withdrawn there is back.

        Returns:
            What became of the rows, by file.
        """
        wanted = pa.schema(
            [
                pa.field("_file", pa.int64()),
                pa.field("_line", pa.int64()),
                pa.field("_deleted", pa.bool_()),
                *self.contract.arrow_schema,
            ]
        )
        table = table.select(wanted.names).cast(wanted)
        counts: dict[int, Written] = {}
        back = [entry for scope in again for entry in scope.withdrawn]
        for begin in range(0, table.num_rows, ROWS):
            part = table.slice(begin, ROWS).combine_chunks()
            for file, written in self._write_rows(part, lambda ids, own: scopes.at_least(own, ids, back)).items():
                counts[file] = counts.get(file, Written()) + written
        for file, written in counts.items():
            self._written[file] = self._written.get(file, Written()) + written
        return counts

    def quarantine(self, rows: Iterable[QuarantinedRow]) -> None:
        """Keep rows that broke the contract; their content is encrypted already."""
        quarantine.keep(self._db, self.contract, self.number, ((self._next_id(row.file), row) for row in rows))

    def _next_id(self, file: int) -> str:
        nth = self._quarantined.get(file, 0) + 1
        self._quarantined[file] = nth
        return f"{file}:{nth}"

    def release(self, ids: Sequence[str], *, forced_by: str | None = None) -> None:
        """Quarantined rows that this batch lands, with their own file and line: its commit takes them out.

        Rows that it does not land leave only by force; the batch keeps by whom, which file's and how many.
        """
        if forced_by is not None:
            forced = {"by": forced_by, "files": sorted({int(id.split(":")[0]) for id in ids}), "rows": len(ids)}
            self._db["_batches"].update_one({"_id": self.number}, {"$set": {"forced": forced}})
        held = self._db["_quarantine"]
        for begin in range(0, len(ids), ROWS):
            chosen = {"_id": {"$in": list(ids[begin : begin + ROWS])}}
            for row in held.find(chosen, {"file": 1}):
                self._quarantined[row["file"]] = self._quarantined.get(row["file"], 0) - 1
            held.update_many(chosen, {"$set": {"released_by": self.number}})
        self._releases = True

    def commit(self) -> None:
        """Make everything visible, in one write.

        Raises:
            StoreError: rows are not accounted for, or another process has taken over.
        """
        self._drain()
        counts = self._counts()
        if self._files_added:
            self._db["_files"].insert_many(self._files_added, ordered=False)
        records = sum(c["landed"] + c["withdrawn"] for c in counts)
        done = self._db["_batches"].update_one(
            {"_id": self.number, "state": "open", "token": self._token},
            {
                "$set": {
                    "state": "committed",
                    "committed_at": datetime.now(UTC),
                    "counts": counts,
                    "records": records,
                    "hash_sum": str(self._hash_sum),
                }
            },
        )
        self._senders.shutdown()
        if not done.matched_count:
            raise StoreError(
                f"Batch {self.number} of '{self.contract.name}' was given up: another process took over its lease.",
                remedy="Nothing of it is visible. Land the files again.",
            )
        if self._releases:
            with contextlib.suppress(PyMongoError):  # It is committed; the next batch of the source does it then.
                quarantine.forget(self._db, self.contract.name)

    def abort(self) -> None:
        """Remove everything of this batch. Safe to call again, and after a failure."""
        self._senders.shutdown(cancel_futures=True)
        self._sending.clear()
        self._db["_batches"].update_one(
            {"_id": self.number, "state": "open"}, {"$set": {"state": "aborted", "aborted_at": datetime.now(UTC)}}
        )
        sweep(self._db, self.contract.name, [self.number])

    def _counts(self) -> list[dict[str, int]]:
        counts = []
        for file in sorted(self._written.keys() | self._quarantined.keys()):
            written, quarantined = self._written.get(file, Written()), self._quarantined.get(file, 0)
            found = written.landed + written.unchanged + quarantined
            if file in self._read and self._read[file] != found:
                raise StoreError(
                    f"File {file} of '{self.contract.name}': {self._read[file]} rows read, but "
                    f"{written.landed} landed, {written.unchanged} unchanged and {quarantined} quarantined.",
                    remedy="This is a fault of the lake, please report it; the batch is not committed.",
                )
            counts.append(
                {
                    "file": file,
                    "landed": written.landed,
                    "unchanged": written.unchanged,
                    "quarantined": quarantined,
                    "withdrawn": written.withdrawn,
                }
            )
        return counts

    def _write_rows(
        self, table: pa.Table, ordered: Callable[[Keys, NDArray[np.int64]], NDArray[np.int64]]
    ) -> Mapping[int, Written]:
        """Write rows, whose order values `ordered` makes of their ids and what they say themselves."""
        files = table["_file"].to_numpy()
        content = {f.name: elements(f.name, one_chunk(table[f.name])) for f in self.contract.stored}
        content["_deleted"] = elements("_deleted", one_chunk(table["_deleted"]))
        hashes = content_hashes(content)
        keys = key_ids(table, self.contract)
        order = ordered(keys, order_values(table, self.contract))
        is_new, ids = resolve(keys, order, hashes, self._look_up)
        self._hash_sum += int(hashes[is_new].astype(object).sum()) if is_new.any() else 0
        self._send(ids, is_new, table, order, hashes, content)
        return {
            int(file): Written(int((is_new & (files == file)).sum()), int((~is_new & (files == file)).sum()))
            for file in np.unique(files)
        }

    def _send(
        self,
        ids: Keys,
        is_new: NDArray[np.bool_],
        table: pa.Table,
        order: NDArray[np.int64],
        hashes: NDArray[np.int64],
        content: dict[str, pa.Array],
    ) -> None:
        if not is_new.any():
            return
        own = {
            "_id": from_numpy(ids, pa.binary(ID.itemsize)),
            "_batch": from_numpy(np.full(len(ids), self.number, np.int64), pa.int64()),
            "_file": one_chunk(table["_file"]),
            "_line": one_chunk(table["_line"]),
            "_order": from_numpy(order, pa.int64()),
            "_hash": from_numpy(hashes, pa.int64()),
        }
        columns = [(name, elements(name, array)) for name, array in own.items()]
        columns.append(("_deleted", content["_deleted"]))
        columns.extend((f.name, content[f.name]) for f in self.contract.stored)
        made = documents(columns)
        if not is_new.all():
            made = made.filter(from_numpy(is_new, pa.bool_()))
        while len(self._sending) >= IN_FLIGHT:
            self._sending.popleft()[1].result()
        if self._seen is not None:
            self._seen.add(ids)
        self._sending.append((ids[is_new], self._senders.submit(self._insert, made)))

    def _insert(self, made: pa.Array) -> None:
        try:
            self._records.insert_many((RawBSONDocument(d) for d in made.to_pylist()), ordered=False)
        except BulkWriteError as error:
            self._insert_again(error)

    def _insert_again(self, error: BulkWriteError) -> None:
        """What a killed process sent last may have been written after the sweep: in our place, so it goes now."""
        refused = (error.details or {}).get("writeErrors", [])
        ids = [one["op"]["_id"] for one in refused if one["code"] == DUPLICATE_KEY]
        if not ids or len(ids) < len(refused):
            raise failure(error) from error
        left = {"_id": {"$in": ids}, "_batch": {"$in": self._dead.tolist()}}
        if self._records.delete_many(left).deleted_count < len(ids):
            raise StoreError(
                f"MongoDB refused records of '{self.contract.name}': {len(ids)} keys have their versions already.",
                remedy="If another process lands the same source, let it end; then run again.",
            ) from error
        self._records.insert_many([one["op"] for one in refused], ordered=False)

    def _look_up(self, ids: Keys) -> Known:
        """The visible records among `ids`: of committed batches and of this one."""
        if self._seen is not None:
            ids = ids[self._seen.may_hold(ids)]
            if not len(ids):
                return Known(ids, np.zeros(0, np.int64), np.zeros(0, np.int64))
        high = ids["high"].astype(np.uint64)
        if any(np.isin(high, sent["high"].astype(np.uint64)).any() for sent, _ in self._sending):
            self._drain()
        raw = ids.tobytes()
        wanted = [raw[i : i + ID.itemsize] for i in range(0, len(raw), ID.itemsize)]
        projection = dict.fromkeys(_LOOK_UP.names, 1)
        found = self._records.find_raw_batches({"_id": {"$in": wanted}}, projection, batch_size=len(wanted) + 1)
        table = pa.concat_tables(
            [_LOOK_UP.empty_table(), *(decode(data, _LOOK_UP) for data in cast(Iterator[bytes], found))]
        )
        visible = ~np.isin(table["_batch"].to_numpy(), self._dead)
        known = np.frombuffer(b"".join(one_chunk(table["_id"]).to_pylist()), ID)
        hashes = table["_hash"].to_numpy() ^ np.isin(table["_batch"].to_numpy(), self._left_out)  # the same as none
        return Known(known[visible], table["_order"].to_numpy()[visible], hashes[visible])

    def _drain(self) -> None:
        """Wait until everything sent so far is written."""
        while self._sending:
            self._sending.popleft()[1].result()


def begin(database: Database[dict[str, Any]], contract: Contract, left_out: Iterable[int] = ()) -> Batch:
    """Remove what dead processes left of this source, then open a batch. The caller holds the source's lease.

    What the batches `left_out` hold is as if it had never landed, but for the numbers of its versions.
    """
    batches = database["_batches"]
    batches.update_many(
        {"source": contract.name, "state": "open"}, {"$set": {"state": "aborted", "aborted_at": datetime.now(UTC)}}
    )
    dead = [d["_id"] for d in batches.find({"source": contract.name, "state": "aborted"}, {"_id": 1})]
    sweep(database, contract.name, dead)
    quarantine.forget(database, contract.name)
    token = uuid.uuid4().hex
    number = insert_numbered(
        batches,
        {
            "source": contract.name,
            "state": "open",
            "token": token,
            "contract_version": contract.version,
            "fields": stored_fields(contract),
            "rules": rules(contract),
            "started_at": datetime.now(UTC),
        },
    )
    return Batch(database, contract, number, token, dead, left_out)


def sweep(database: Database[dict[str, Any]], source: str, dead: list[int]) -> None:
    """Remove what batches that will never be committed have written. Nobody ever saw it.

    Their files stay in the ledger, unseen: a number is never given twice.
    """
    if not dead:
        return
    database[source].delete_many({"_batch": {"$in": dead}})
    quarantine.drop(database, dead)


def _reserve(collection: Collection[dict[str, Any]], count: int) -> deque[int]:
    """Numbers that nobody else gets; those that are not used stay unused."""
    counters = collection.database["_counters"]
    counter = counters.find_one_and_update(
        {"_id": collection.name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    last = int(counter["last"]) if counter else count
    return deque(range(last - count + 1, last + 1))


def insert_numbered(collection: Collection[dict[str, Any]], document: Mapping[str, Any]) -> int:
    """Insert with the next number as `_id`; two processes at a time get two numbers."""
    while True:
        last = collection.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])
        number = int(last["_id"]) + 1 if last else 1
        with contextlib.suppress(DuplicateKeyError):
            collection.insert_one({"_id": number, **document})
            return number


def declare(database: Database[dict[str, Any]], contract: Contract) -> None:
    """The indexes of a source's collection."""
    records = database[contract.name]
    records.create_index([("_batch", ASCENDING)])
    for fields in contract.indexes:
        records.create_index([(field, ASCENDING) for field in fields])
    if contract.whole_of and contract.whole_of.scope:
        records.create_index([(part.field, ASCENDING) for part in contract.whole_of.scope])
