"""Deliveries that wait for a person's confirmation: nothing of them is in the lake but the word that they came.

A delivery waits until somebody lands it with `lake land --confirm`, or confirms it here and it comes again; or until a
newer one of the same scopes has landed, which it must not undo.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from lake.access import Scope
from lake.errors import StoreError
from lake.land.deliveries import Delivery
from lake.land.survey import Doubt, Statement
from lake.store import FileRecord, Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """One delivery: its name, how the one who landed it knew it (`shown`), since when, why, and who confirmed it."""

    id: str
    source: str
    name: str
    sha256: str
    shown: str
    since: datetime
    scopes: tuple[tuple[str, ...], ...]
    doubts: tuple[Doubt, ...]
    confirmed_by: str | None


def remember(
    store: Store,
    source: str,
    delivery: Delivery,
    sha256: str,
    number: int,
    said: Statement,
    confirmed_by: str | None = None,
) -> None:
    """Keep the word that a delivery came and what is doubtful about it. The caller holds the source's lease.

    `number` is one that the ledger gave it: files that land later have greater ones.
    """
    id = _id(source, delivery.name, sha256)
    known = store.waiting.get(id) or {
        "source": source,
        "name": delivery.name,
        "sha256": sha256,
        "since": datetime.now(UTC),
        "after": number,
        "confirmed_by": None,
    }
    now = {
        "shown": delivery.shown,
        "scopes": [[str(value) for value in scope] for scope in said.standings],
        "doubts": [asdict(doubt) for doubt in said.doubts],
        "confirmed_by": confirmed_by or known["confirmed_by"],
    }
    store.waiting.put(id, {**known, **now})
    event = "land.confirmed" if now["confirmed_by"] else "land.waiting"
    why = "; ".join(map(str, said.doubts))
    log.warning("%s source=%s file=%s by=%s why=%s", event, source, delivery.shown, now["confirmed_by"], why)


def waiting(store: Store, source: str | None = None) -> list[Waiting]:
    """What waits, the newest first: neither landed since nor overtaken by a newer delivery."""
    documents = store.waiting.find({"source": source} if source else None, order="since")
    files: dict[str, list[FileRecord]] = {d["source"]: [] for d in documents}
    for name in files:
        files[name] = store.files(name)
    return [_waiting(d) for d in documents if not _is_settled(d, files[d["source"]])]


def confirmed_by(store: Store, source: str, name: str, sha256: str) -> str | None:
    """Who has confirmed a delivery that waited."""
    return (store.waiting.get(_id(source, name, sha256)) or {}).get("confirmed_by")


def overtaken(store: Store, source: str, name: str, sha256: str) -> FileRecord | None:
    """The newer delivery that has landed in place of one that waited."""
    document = store.waiting.get(_id(source, name, sha256))
    return _overtaken(document, store.files(source)) if document else None


def confirm(store: Store, id: str, scope: Scope) -> Waiting:
    """Let a delivery through that waits: it lands when it comes next.

    Raises:
        AccessDenied: the role may not work on the quarantine of the line.
        StoreError: it does not wait any more.
    """
    document = store.waiting.get(id)
    if document is None or _is_settled(document, store.files(document["source"])):
        raise StoreError("This delivery does not wait any more.", remedy="See 'lake status'.")
    scope.require("quarantine", document["source"].split("_")[0])
    by = scope.signature
    store.waiting.put(id, {**document, "confirmed_by": by, "confirmed_at": datetime.now(UTC)})
    log.warning("land.confirmed source=%s file=%s by=%s", document["source"], document["name"], by)
    return _waiting({**document, "id": id, "confirmed_by": by})


def _id(source: str, name: str, sha256: str) -> str:
    return f"{source}/{sha256}/{name}"


def _is_settled(document: Mapping[str, Any], files: list[FileRecord]) -> bool:
    is_landed = any((f.name, f.sha256) == (document["name"], document["sha256"]) for f in files)
    return is_landed or _overtaken(document, files) is not None


def _overtaken(document: Mapping[str, Any], files: list[FileRecord]) -> FileRecord | None:
    """A file that landed after a delivery came, and speaks of one of its scopes."""
    scopes = set(map(tuple, document["scopes"]))
    return next((f for f in reversed(files) if f.number > document["after"] and scopes & set(f.scopes)), None)


def _waiting(document: Mapping[str, Any]) -> Waiting:
    return Waiting(
        id=document["id"],
        source=document["source"],
        name=document["name"],
        sha256=document["sha256"],
        shown=document["shown"],
        since=document["since"],
        scopes=tuple(map(tuple, document["scopes"])),
        doubts=tuple(Doubt(**doubt) for doubt in document["doubts"]),
        confirmed_by=document["confirmed_by"],
    )
