"""Rows that broke their contract, kept whole and encrypted until somebody lands or explains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from lake.errors import StoreError


@dataclass(frozen=True)
class QuarantinedRow:
    """A row to be kept. `row` is encrypted already; every reason names its field."""

    file: int
    line: int
    reasons: tuple[str, ...]
    row: bytes


@dataclass(frozen=True)
class Held:
    """A row in quarantine. `id` is `<file>:<n>`, the n-th of that file."""

    id: str
    source: str
    file: int
    line: int
    contract_version: str
    reasons: tuple[str, ...]
    row: bytes
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


class Quarantine:
    """Rows held by committed batches and not released by one."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._rows: Collection[dict[str, Any]] = database["_quarantine"]
        self._batches: Collection[dict[str, Any]] = database["_batches"]

    def list(self, source: str | None = None, *, file: int | None = None, limit: int = 0) -> list[Held]:
        """Held rows in the order of files and lines; all of them unless `limit` is given."""
        return [
            _held(d)
            for d in self._rows.aggregate([*self._pipeline(source, file), *([{"$limit": limit}] if limit else [])])
        ]

    def count(self, source: str | None = None) -> dict[str, int]:
        """Held rows by source."""
        grouped = self._rows.aggregate(
            [*self._pipeline(source, None), {"$group": {"_id": "$source", "n": {"$sum": 1}}}]
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
            {"$project": {"row": 0}},
            {"$unwind": "$reasons"},
            {"$group": group},
            {"$sort": {"n": -1, "_id": 1}},
        ]
        for d in self._rows.aggregate([*self._pipeline(source, file), *steps]):
            yield Counted(d["_id"]["source"], d["_id"]["file"], d["_id"]["reason"], d["n"], d["first"])

    def get(self, id: str) -> Held:
        """One held row.

        Raises:
            StoreError: it is not in quarantine (any more).
        """
        document = self._rows.find_one({"_id": id})
        if document is None or not self._is_held(document):
            raise StoreError(f"No row '{id}' is in quarantine.", remedy="See 'lake quarantine list'.")
        return _held(document)

    def restate(self, id: str, reasons: Sequence[str], contract_version: str) -> None:
        """A row that still breaks its contract after a retry: say why now."""
        self._rows.update_one({"_id": id}, {"$set": {"reasons": list(reasons), "contract_version": contract_version}})

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
        return [{"$match": where}, {"$sort": {"file": ASCENDING, "line": ASCENDING}}]

    def _is_held(self, document: Mapping[str, Any]) -> bool:
        numbers = [document["batch"], document.get("released_by")]
        committed = {d["_id"] for d in self._batches.find({"_id": {"$in": numbers}, "state": "committed"}, {"_id": 1})}
        return numbers[0] in committed and numbers[1] not in committed


def _held(document: Mapping[str, Any]) -> Held:
    return Held(
        id=document["_id"],
        source=document["source"],
        file=document["file"],
        line=document["line"],
        contract_version=document["contract_version"],
        reasons=tuple(document["reasons"]),
        row=document["row"],
        batch=document["batch"],
        at=document["at"],
    )
