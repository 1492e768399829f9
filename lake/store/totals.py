"""Counts and sums that MongoDB itself computes, to hold mirror and marts against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson.decimal128 import Decimal128
from pymongo.collection import Collection

from lake.contracts import Contract
from lake.store.earlier import value as value_of


@dataclass(frozen=True)
class ControlTotals:
    """Of one source up to a batch. Grain of `live`: keys whose state is not a tombstone; of `records`: versions."""

    source: str
    through_batch: int
    records: int
    live: int
    live_sums: Mapping[str, Decimal]
    record_sums: Mapping[str, Decimal]
    hash_sum: int


@dataclass(frozen=True)
class BatchTotals:
    """Of one batch."""

    records: int
    hash_sum: int


def control_totals(
    collection: Collection[dict[str, Any]], contract: Contract, through_batch: int, dead: list[int]
) -> ControlTotals:
    """Aggregate in MongoDB. `dead` are batches up to `through_batch` that never were committed."""
    visible = _visible(through_batch, dead)
    value = {name: value_of(contract, name) for name in (*contract.control_totals, *(f.name for f in contract.key))}
    sums = {f"total{i}": {"$sum": {"$toDecimal": value[name]}} for i, name in enumerate(contract.control_totals)}
    kept = {f"total{i}": value[name] for i, name in enumerate(contract.control_totals)}
    every = _one(
        collection,
        [
            {"$match": visible},
            {"$group": {"_id": None, "n": {"$sum": 1}, "hashes": {"$sum": {"$toDecimal": "$_hash"}}, **sums}},
        ],
    )
    # The state of a key is the version with the greatest order, then arrival (the end of `_id`): documents compare
    # field by field. Half the time of $top (2026-11, MongoDB 6.0).
    state = {"$max": {"order": "$_order", "id": "$_id", "deleted": "$_deleted", **kept}}
    again = {name: {"$sum": {"$toDecimal": f"$state.{name}"}} for name in kept}
    live = _one(
        collection,
        [
            {"$match": visible},
            {"$group": {"_id": {f"k{i}": value[f.name] for i, f in enumerate(contract.key)}, "state": state}},
            {"$match": {"state.deleted": False}},
            {"$group": {"_id": None, "n": {"$sum": 1}, **again}},
        ],
    )
    return ControlTotals(
        source=contract.name,
        through_batch=through_batch,
        records=every.get("n", 0),
        live=live.get("n", 0),
        live_sums=_sums(contract, live),
        record_sums=_sums(contract, every),
        hash_sum=int(_decimal(every.get("hashes"))),
    )


def batch_totals(collection: Collection[dict[str, Any]], through_batch: int, dead: list[int]) -> dict[int, BatchTotals]:
    """Records and sum of `_hash` of each batch that has any, aggregated in MongoDB."""
    found = collection.aggregate(
        [
            {"$match": _visible(through_batch, dead)},
            {"$group": {"_id": "$_batch", "n": {"$sum": 1}, "hashes": {"$sum": {"$toDecimal": "$_hash"}}}},
        ],
        allowDiskUse=True,
    )
    return {d["_id"]: BatchTotals(d["n"], int(_decimal(d["hashes"]))) for d in found}


def _visible(through_batch: int, dead: list[int]) -> dict[str, Any]:
    return {"_batch": {"$lte": through_batch, **({"$nin": dead} if dead else {})}}


def _one(collection: Collection[dict[str, Any]], pipeline: list[dict[str, Any]]) -> dict[str, Any]:
    return next(iter(collection.aggregate(pipeline, allowDiskUse=True)), {})


def _sums(contract: Contract, found: Mapping[str, Any]) -> dict[str, Decimal]:
    return {name: _decimal(found.get(f"total{i}")) for i, name in enumerate(contract.control_totals)}


def _decimal(value: Any) -> Decimal:
    """A sum without values is 0; MongoDB says int 0 where all were null."""
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value or 0)
