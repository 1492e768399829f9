"""Rows that broke their contract, kept whole and encrypted until somebody lands or explains them.

`_quarantine` has one document a row, with its content in `row`. Content that a document could not hold is in
`_quarantine_parts` instead: `<row>/<n>`, as many as the row's `parts` says, written before it and by the same batch.
Rows that a committed batch released are removed, with their parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from lake.contracts import Contract
from lake.errors import StoreError
from lake.store.failures import translates

#: Bytes of content in one part. Encrypted it is a third longer, and a document has at most 16 MB.
PART_BYTES = 8 << 20

#: Bytes of content that are sent to MongoDB at a time.
_SENT_BYTES = 16 << 20


@dataclass(frozen=True)
class QuarantinedRow:
    """A row to be kept; every reason names its field.

    Attributes:
        parts: Its content in pieces of up to `PART_BYTES`, encrypted already; made when they are asked for.
        size: Bytes of the content.
    """

    file: int
    line: int
    reasons: tuple[str, ...]
    parts: Iterable[bytes]
    size: int


@dataclass(frozen=True)
class Held:
    """A row in quarantine, without its content. `id` is `<file>:<n>`, the n-th of that file; `size` is in bytes."""

    id: str
    source: str
    file: int
    line: int
    contract_version: str
    reasons: tuple[str, ...]
    size: int
    batch: int
    at: datetime


@dataclass(frozen=True)
class Counted:
    """Held rows of one file with one reason; `first` is the id of one of them."""

    source: str
    file: int
    reason: str
    rows: int
    first: str


@dataclass(frozen=True)
class Forced:
    """Rows of one file that somebody closed though they never landed: by whom, as which role, and when (UTC)."""

    source: str
    file: int
    rows: int
    by: str
    at: datetime


@translates
class Quarantine:
    """Rows held by committed batches and not released by one."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._rows: Collection[dict[str, Any]] = database["_quarantine"]
        self._parts: Collection[dict[str, Any]] = database["_quarantine_parts"]
        self._batches: Collection[dict[str, Any]] = database["_batches"]

    def each(self, source: str | None = None, *, file: int | None = None) -> Iterator[Held]:
        """Held rows in the order of files and lines."""
        for document in self._rows.aggregate(self._pipeline(source, file)):
            yield _held(document)

    def list(self, source: str | None = None, *, file: int | None = None) -> list[Held]:
        """All of `each`."""
        return [*self.each(source, file=file)]

    def count(self, source: str | None = None, *, file: int | None = None) -> dict[str, int]:
        """Held rows by source."""
        grouped = self._rows.aggregate(
            [*self._pipeline(source, file), {"$group": {"_id": "$source", "n": {"$sum": 1}}}]
        )
        return {d["_id"]: d["n"] for d in grouped}

    def reasons(self, source: str | None = None, *, file: int | None = None) -> Iterable[Counted]:
        """Held rows counted by source, file and reason, the greatest counts first; a row may have several reasons."""
        group = {
            "_id": {"source": "$source", "file": "$file", "reason": "$reasons"},
            "n": {"$sum": 1},
            "first": {"$first": "$_id"},
        }
        steps: list[Mapping[str, Any]] = [
            {"$unwind": "$reasons"},
            {"$group": group},
            {"$sort": {"n": -1, "_id": 1}},
        ]
        for d in self._rows.aggregate([*self._pipeline(source, file), *steps]):
            yield Counted(d["_id"]["source"], d["_id"]["file"], d["_id"]["reason"], d["n"], d["first"])

    def forced(self, source: str | None = None, *, file: int | None = None) -> Sequence[Forced]:
        """Rows that were closed by force, the oldest first."""
        where: dict[str, Any] = {"state": "committed", "forced": {"$exists": True}}
        if source is not None:
            where["source"] = source
        found = [
            Forced(d["source"], number, d["forced"]["rows"], d["forced"]["by"], d["committed_at"])
            for d in self._batches.find(where).sort("_id", ASCENDING)
            for number in d["forced"]["files"]
        ]
        return [f for f in found if file in (None, f.file)]

    def get(self, id: str) -> Held:
        """One held row.

        Raises:
            StoreError: it is not in quarantine (any more).
        """
        document = self._rows.find_one({"_id": id}, {"row": 0})
        if document is None or not self._is_held(document):
            raise StoreError(f"No row '{id}' is in quarantine.", remedy="See 'lake quarantine list'.")
        return _held(document)

    def contents(self, held: Sequence[Held]) -> Iterator[Sequence[bytes]]:
        """The encrypted parts of some held rows, row by row.

        Raises:
            StoreError: one is not whole: another process has landed it meanwhile.
        """
        found = {d["_id"]: d for d in self._rows.find({"_id": {"$in": [h.id for h in held]}}, {"row": 1, "parts": 1})}
        for each in held:
            document = found.get(each.id, {})
            parts = [document["row"]] if "row" in document else self._parts_of(each.id, document.get("parts", 0))
            if not parts or None in parts:
                raise StoreError(f"Row '{each.id}' is no longer in quarantine.", remedy="See 'lake quarantine list'.")
            yield [part for part in parts if part is not None]

    def restate(self, id: str, reasons: Sequence[str], contract_version: str) -> None:
        """A row that still breaks its contract after a retry: say why now."""
        self._rows.update_one({"_id": id}, {"$set": {"reasons": list(reasons), "contract_version": contract_version}})

    def _parts_of(self, id: str, count: int) -> Sequence[bytes | None]:
        found = (self._parts.find_one({"_id": part}, {"data": 1}) for part in _part_ids(id, count))
        return [document["data"] if document else None for document in found]

    def _pipeline(self, source: str | None, file: int | None) -> Sequence[Mapping[str, Any]]:
        where: dict[str, Any] = {}
        if source is not None:
            where["source"] = source
        if file is not None:
            where["file"] = file
        committed = [
            d["_id"]
            for d in self._batches.find({"state": "committed", **({"source": source} if source else {})}, {"_id": 1})
        ]
        where["batch"] = {"$in": committed}
        where["released_by"] = {"$nin": committed}
        return [{"$match": where}, {"$project": {"row": 0}}, {"$sort": {"file": ASCENDING, "line": ASCENDING}}]

    def _is_held(self, document: Mapping[str, Any]) -> bool:
        numbers = [document["batch"], document.get("released_by")]
        committed = {d["_id"] for d in self._batches.find({"_id": {"$in": numbers}, "state": "committed"}, {"_id": 1})}
        return numbers[0] in committed and numbers[1] not in committed


def declare(database: Database[dict[str, Any]]) -> None:
    """The indexes: of a source's rows, of what a batch wrote, of what a batch releases."""
    rows = database["_quarantine"]
    rows.create_index([("source", ASCENDING), ("batch", ASCENDING)])
    rows.create_index([("batch", ASCENDING)])
    rows.create_index([("released_by", ASCENDING)], sparse=True)
    database["_quarantine_parts"].create_index([("batch", ASCENDING)])


def keep(
    database: Database[dict[str, Any]], contract: Contract, batch: int, rows: Iterable[tuple[str, QuarantinedRow]]
) -> None:
    """Write the rows of a batch, each with its id; some megabytes at a time."""
    documents: list[dict[str, Any]] = []
    waiting = 0
    for id, row in rows:
        document = {
            "_id": id,
            "source": contract.name,
            "batch": batch,
            "file": row.file,
            "line": row.line,
            "contract_version": contract.version,
            "reasons": list(row.reasons),
            "size": row.size,
            "at": datetime.now(UTC),
        }
        if row.size > PART_BYTES:
            document["parts"] = 0
            for nth, part in enumerate(row.parts, 1):
                database["_quarantine_parts"].insert_one({"_id": f"{id}/{nth}", "batch": batch, "data": part})
                document["parts"] = nth
        else:
            (document["row"],) = row.parts
            waiting += row.size
        documents.append(document)
        if waiting >= _SENT_BYTES:
            database["_quarantine"].insert_many(documents)
            documents, waiting = [], 0
    if documents:
        database["_quarantine"].insert_many(documents)


def drop(database: Database[dict[str, Any]], dead: Sequence[int]) -> None:
    """Remove what batches that will never be committed have written, and hold again what they released."""
    database["_quarantine"].delete_many({"batch": {"$in": dead}})
    database["_quarantine_parts"].delete_many({"batch": {"$in": dead}})
    database["_quarantine"].update_many({"released_by": {"$in": dead}}, {"$unset": {"released_by": ""}})


def forget(database: Database[dict[str, Any]], source: str) -> None:
    """Remove the rows that committed batches of a source released: they can hold clear personal data.

    The caller holds the source's lease and has no open batch, and `drop` was called for the dead ones.
    """
    released = {"source": source, "released_by": {"$exists": True}}
    for document in database["_quarantine"].find({**released, "parts": {"$exists": True}}, {"parts": 1}):
        ids = [*_part_ids(document["_id"], document["parts"])]
        database["_quarantine_parts"].delete_many({"_id": {"$in": ids}})
    database["_quarantine"].delete_many(released)


def _part_ids(id: str, count: int) -> Iterator[str]:
    return (f"{id}/{nth}" for nth in range(1, count + 1))


def _held(document: Mapping[str, Any]) -> Held:
    return Held(
        id=document["_id"],
        source=document["source"],
        file=document["file"],
        line=document["line"],
        contract_version=document["contract_version"],
        reasons=tuple(document["reasons"]),
        size=document.get("size", 0),  # A lake filled before 2026-11-21 does not say.
        batch=document["batch"],
        at=document["at"],
    )
