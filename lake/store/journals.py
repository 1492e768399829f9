"""Records that the lake keeps about its own work: runs, saved views, the use of indicators, and the events of the
Test&Learn prototypes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING, UpdateOne
from pymongo.collection import Collection

from lake.store.failures import translates


@translates
class Documents:
    """Documents by id, the newest word about each."""

    def __init__(self, collection: Collection[dict[str, Any]]) -> None:
        self._collection = collection

    def put(self, id: str, document: Mapping[str, Any]) -> None:
        """Write or replace one document."""
        self._collection.replace_one({"_id": id}, dict(document), upsert=True)

    def get(self, id: str) -> dict[str, Any] | None:
        """One document, without its `_id`."""
        found = self._collection.find_one({"_id": id}, {"_id": 0})
        return dict(found) if found is not None else None

    def remove(self, id: str) -> None:
        """Forget one document, if it is there."""
        self._collection.delete_one({"_id": id})

    def find(
        self, where: Mapping[str, Any] | None = None, *, order: str = "started_at", limit: int = 0
    ) -> list[dict[str, Any]]:
        """Documents whose fields equal those of `where`, the greatest `order` first; their id is `id`."""
        cursor = self._collection.find(_equal(where)).sort(order, DESCENDING).limit(limit)
        return [{"id": d.pop("_id"), **d} for d in cursor]


@translates
class Events:
    """An append-only journal: nothing in it is ever changed or removed."""

    def __init__(self, collection: Collection[dict[str, Any]]) -> None:
        self._collection = collection

    def append(self, kind: str, event: Mapping[str, Any]) -> str:
        """Write one event; `kind` and `at` (now, UTC) are added. Returns its id."""
        document = {**event, "_id": ObjectId(), "kind": kind, "at": datetime.now(UTC)}
        self._collection.insert_one(document)
        return str(document["_id"])

    def find(
        self, kind: str | None = None, where: Mapping[str, Any] | None = None, *, limit: int = 0
    ) -> list[dict[str, Any]]:
        """Events of a kind whose fields equal those of `where`, the newest first."""
        query = _equal(where) if kind is None else {**_equal(where), "kind": kind}
        cursor = self._collection.find(query).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [{"id": str(d.pop("_id")), **d} for d in cursor]


@translates
class Tallies:
    """Numbers that only grow, each with the fields that it was first counted with."""

    def __init__(self, collection: Collection[dict[str, Any]]) -> None:
        self._collection = collection

    def add(self, counted: Mapping[str, tuple[Mapping[str, Any], int]]) -> None:
        """Add to several numbers by id, in one round trip: `{id: (fields, how many more)}`."""
        grown = [
            UpdateOne({"_id": id}, {"$inc": {"n": more}, "$setOnInsert": dict(fields)}, upsert=True)
            for id, (fields, more) in counted.items()
        ]
        if grown:
            self._collection.bulk_write(grown, ordered=False)

    def find(self, first: str) -> list[dict[str, Any]]:
        """The fields and `n` of every number whose id is `first` or comes after it."""
        return [dict(d) for d in self._collection.find({"_id": {"$gte": first}}, {"_id": 0})]


def _equal(where: Mapping[str, Any] | None) -> dict[str, Any]:
    """Equality only: a value is never read as an operator."""
    return {field: {"$eq": value} for field, value in (where or {}).items()}
