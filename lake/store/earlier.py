"""Fields of records of every version of a contract, in MongoDB's words: under their name, or one that they had."""

from __future__ import annotations

from typing import Any

from lake.contracts import Contract
from lake.contracts.changes import earlier_names


def value(contract: Contract, name: str) -> Any:
    """The value of a field, for an aggregation or a projection (where a field's own name is itself)."""
    names = _names(contract, name)
    return {"$ifNull": [f"${one}" for one in names]} if len(names) > 1 else f"${name}"


def matching(contract: Contract, name: str, condition: Any) -> dict[str, Any]:
    """The records of which a field meets a condition."""
    names = _names(contract, name)
    return {"$or": [{one: condition} for one in names]} if len(names) > 1 else {name: condition}


def _names(contract: Contract, name: str) -> list[str]:
    return [name, *earlier_names(contract, name)]
