"""The lake's MongoDB: opened for the length of a command, one database, one collection per source."""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC
from typing import Any, cast

import pyarrow as pa
import pymongo
from pymongo import ASCENDING, MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from lake.contracts import Contract
from lake.errors import SettingsError
from lake.settings import settings
from lake.store import batches, leases, quarantine, totals
from lake.store.batches import Batch
from lake.store.failures import translates, translation
from lake.store.journals import Documents, Events, Tallies
from lake.store.leases import Holding, Lease
from lake.store.ledger import BatchRecord, FileRecord, batch_record, current, file_records
from lake.store.mongod import embedded
from lake.store.quarantine import Quarantine
from lake.store.reading import read
from lake.store.totals import BatchTotals, ControlTotals

log = logging.getLogger(__name__)

#: How long a server is looked for, and an answer of one waited for that may be frozen, unless the URI says.
_WAITS_MS = {"serverSelectionTimeoutMS": 10_000, "connectTimeoutMS": 10_000}

#: How long `answers` waits.
_ANSWER_SECONDS = 2.0

#: The fact that tells lakes apart.
LAKE_ID = "lake id"


@translates
class Store:
    """Everything the lake keeps in MongoDB. Use `open_store`."""

    def __init__(self, database: Database[dict[str, Any]], *, is_sharded: bool) -> None:
        self._db = database
        self._is_sharded = is_sharded
        self._declared: set[str] = set()
        self.quarantine = Quarantine(database)
        self.runs = Documents(database["_runs"])
        self.prototypes = Events(database["_prototypes"])
        self.views = Documents(database["_views"])
        self.waiting = Documents(database["_waiting"])
        self.columns = Documents(database["_columns"])
        self.usage = Tallies(database["_usage"])

    def answers(self) -> bool:
        """Whether MongoDB answers at once."""
        try:
            with pymongo.timeout(_ANSWER_SECONDS):
                self._db.client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def lease(self, name: str) -> AbstractContextManager[Lease]:
        """Hold a name (`land:audio_fittings`, `run:audio`) while the context is open.

        Raises:
            LeaseHeld: somebody else holds it.
        """
        return leases.lease(self._db["_leases"], name)

    def holdings(self) -> list[Holding]:
        """Who holds which lease now."""
        return leases.holdings(self._db["_leases"])

    def settle(self, name: str, value: str) -> str:
        """Write a fact about this lake once (the fingerprint of a key). Returns the first value given."""
        if (known := self.fact(name)) is not None:
            return known
        self._db["_facts"].update_one({"_id": name}, {"$setOnInsert": {"value": value}}, upsert=True)
        return self.fact(name) or value

    def fact(self, name: str) -> str | None:
        """A fact about this lake, if it was settled."""
        found = self._db["_facts"].find_one({"_id": name})
        return str(found["value"]) if found else None

    def own_id(self) -> str:
        """The id of this lake: random, made once, and again when MongoDB was lost."""
        return self.settle(LAKE_ID, uuid.uuid4().hex)

    def begin(self, contract: Contract) -> Batch:
        """Open a batch. The caller holds the lease `land:<source>`: open batches of the source are taken for dead.

        Raises:
            ContractError: the contract does not say how to read what landed under another version of it.
        """
        left_out = self._left_out(contract, self.committed_batches(contract.name))
        self._declare(contract)
        self.own_id()
        return batches.begin(self._db, contract, left_out)

    def delivered(self, source: str, name: str, sha256: str) -> FileRecord | None:
        """The delivery of the same bytes under the same name, if there was one."""
        found = self._db["_files"].find({"source": source, "name": name, "sha256": sha256})
        return next(iter(self._files(source, list(found))), None)

    def files(self, source: str | None = None) -> list[FileRecord]:
        """The ledger, in the order of delivery."""
        where = {} if source is None else {"source": source}
        return self._files(source, list(self._db["_files"].find(where).sort("_id", ASCENDING)))

    def committed_batches(self, source: str | None = None, after: int = 0) -> list[BatchRecord]:
        """Committed batches with a number greater than `after`, in order."""
        where: dict[str, Any] = {"state": "committed", "_id": {"$gt": after}}
        if source is not None:
            where["source"] = source
        return [batch_record(d) for d in self._db["_batches"].find(where).sort("_id", ASCENDING)]

    def tables(self, source: str, wanted: Sequence[BatchRecord]) -> Iterator[pa.Table]:
        """The records of committed batches that hold the same fields, `_key` and `_version` first, a part at a time."""
        yield from read(self._db[source], wanted)

    def control_totals(self, contract: Contract, through_batch: int | None = None) -> ControlTotals:
        """Counts and sums of a source up to a batch (the last committed one by default), aggregated by MongoDB."""
        if through_batch is None:
            through_batch = max((b.number for b in self.committed_batches(contract.name)), default=0)
        dead = self._dead(contract, through_batch)
        return totals.control_totals(self._db[contract.name], contract, through_batch, dead)

    def batch_totals(self, contract: Contract, through_batch: int) -> dict[int, BatchTotals]:
        """Records and sum of `_hash` of each committed batch that counts and has any, aggregated by MongoDB."""
        return totals.batch_totals(self._db[contract.name], through_batch, self._dead(contract, through_batch))

    def drop(self) -> None:
        """Remove the whole lake. For tests and throw-away copies."""
        self._db.client.drop_database(self._db.name)

    def _dead(self, contract: Contract, through_batch: int) -> list[int]:
        """Batches that are not committed, or left out by the contract."""
        where = {"source": contract.name, "state": {"$ne": "committed"}, "_id": {"$lte": through_batch}}
        dead = [d["_id"] for d in self._db["_batches"].find(where, {"_id": 1})]
        return dead + (self._left_out(contract, self.committed_batches(contract.name)) if contract.changes else [])

    @staticmethod
    def _left_out(contract: Contract, committed: Sequence[BatchRecord]) -> list[int]:
        counting = {b.number for b in current(committed, contract)}
        return [b.number for b in committed if b.records and b.number not in counting]

    def _files(self, source: str | None, files: list[dict[str, Any]]) -> list[FileRecord]:
        if not files:
            return []
        where: dict[str, Any] = {"state": "committed"}
        if source is not None:
            where["source"] = source
        return file_records(files, self._db["_batches"].find(where, {"counts": 1, "contract_version": 1}))

    def _declare(self, contract: Contract) -> None:
        """Indexes and, on a sharded cluster, the shard key; once per process and source.

        A source that can't be sharded, for want of the right or because it is by another key, lands all the same.
        """
        if contract.name in self._declared:
            return
        self._db["_files"].create_index([("source", ASCENDING), ("name", ASCENDING)])
        self._db["_batches"].create_index([("source", ASCENDING), ("state", ASCENDING)])
        quarantine.declare(self._db)
        batches.declare(self._db, contract)
        if contract.shard_key and self._is_sharded:
            key = {**dict.fromkeys(contract.shard_key, 1), "_id": 1}
            try:
                # MongoDB makes it for an empty collection only; a lake that was restored into the cluster has records.
                self._db[contract.name].create_index(list(key.items()))
                self._db.client.admin.command("shardCollection", f"{self._db.name}.{contract.name}", key=key)
            except OperationFailure as error:
                log.warning("store.not_sharded source=%s why=%s", contract.name, error)
        self._declared.add(contract.name)


@contextlib.contextmanager
def open_store() -> Iterator[Store]:
    """The store of the settings: `LAKE_MONGO_URI`, or the embedded server, which runs as long as anybody has it open.

    Opening writes nothing: who may only read can read.

    Raises:
        StoreUnavailable: it does not answer, or the embedded one can't run here.
        StoreRefused: it refuses the user, the password or the certificate.
        StoreError: MongoDB refused something.
    """
    chosen = settings()
    with contextlib.ExitStack() as stack, translation():
        uri = chosen.mongo_uri or stack.enter_context(embedded(chosen.data / "mongo"))
        waits = {name: ms for name, ms in _WAITS_MS.items() if name.lower() not in uri.lower()}
        try:
            client = stack.enter_context(
                MongoClient[dict[str, Any]](
                    uri,
                    appname="lake",
                    tz_aware=True,
                    tzinfo=UTC,
                    w="majority",
                    readConcernLevel="majority",
                    readPreference="primary",  # Whatever the URI says: what was just written must be found again.
                    **cast(dict[str, Any], waits),
                )
            )
        except (OSError, ValueError) as error:  # A file of certificates that is not there, or is none.
            raise SettingsError(
                f"LAKE_MONGO_URI can't be used: {error}.", remedy="See the MongoDB connection string format."
            ) from error
        hello = client.admin.command("hello")
        is_sharded = hello.get("msg") == "isdbgrid"
        if not is_sharded and "setName" not in hello:
            raise SettingsError(
                "LAKE_MONGO_URI is a single mongod.", remedy="The lake needs a replica set or a sharded cluster."
            )
        yield Store(client[chosen.mongo_database], is_sharded=is_sharded)
