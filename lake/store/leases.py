"""Leases: one holder of a name at a time, over all processes and machines that share the MongoDB.

A lease is a document with its holder (host, process, since when) and an expiry that a heartbeat moves on. It is taken
over when it has expired, or at once if its holder was a process of this host that is gone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from lake.errors import LeaseHeld

SECONDS = 60.0
HEARTBEAT_SECONDS = 15.0


class Lease:
    """A lease that this process took."""

    def __init__(self, collection: Collection[dict[str, Any]], name: str, token: str) -> None:
        self._collection, self._name, self._token = collection, name, token

    def check(self) -> None:
        """Before a step that can't be undone: it may have expired while this process was stopped.

        Raises:
            LeaseHeld: somebody else has taken it over.
        """
        held = self._collection.find_one({"_id": self._name})
        if held is None or held["token"] != self._token:
            raise LeaseHeld(self._name, _holder(held) if held else "nobody: it expired")


@dataclass(frozen=True)
class Holding:
    """A lease as it stands. `is_over`: its holder is gone or silent, and whoever asks next gets it."""

    name: str
    holder: str
    since: datetime
    is_over: bool


def holdings(collection: Collection[dict[str, Any]]) -> list[Holding]:
    """Every lease, by name."""
    found = collection.find().sort("_id", 1)
    return [Holding(d["_id"], f"process {d['pid']} on {d['host']}", d["since"], _is_over(d)) for d in found]


@contextlib.contextmanager
def lease(collection: Collection[dict[str, Any]], name: str) -> Iterator[Lease]:
    """Hold `name` while the context is open.

    Raises:
        LeaseHeld: somebody else holds it.
    """
    token = uuid.uuid4().hex
    _take(collection, name, token)
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(collection, name, token, stop), name=f"lease-{name}", daemon=True)
    heart.start()
    try:
        yield Lease(collection, name, token)
    finally:
        stop.set()
        heart.join()
        with contextlib.suppress(PyMongoError):  # It expires by itself, or is taken over once this process is gone.
            collection.delete_one({"_id": name, "token": token})


def _take(collection: Collection[dict[str, Any]], name: str, token: str) -> None:
    process = psutil.Process()
    now = datetime.now(UTC)
    mine = {
        "token": token,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": process.create_time(),
        "since": now,
        "expires_at": now + timedelta(seconds=SECONDS),
    }
    while True:
        try:
            collection.insert_one({"_id": name, **mine})
            return
        except DuplicateKeyError:
            held = collection.find_one({"_id": name})
        if held is None:
            continue
        if not _is_over(held):
            raise LeaseHeld(name, _holder(held)) from None
        # Only from the holder that we saw: if another took it meanwhile, nothing matches.
        if collection.replace_one({"_id": name, "token": held["token"]}, mine).matched_count:
            return


def _holder(held: Mapping[str, Any]) -> str:
    since = held["since"].astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"process {held['pid']} on {held['host']} since {since}"


def _is_over(held: Mapping[str, Any]) -> bool:
    if held["expires_at"] < datetime.now(UTC):
        return True
    if held["host"] != socket.gethostname():
        return False
    try:
        process = psutil.Process(held["pid"])
        # A process id may have been given to another process since.
        return process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - held["process_started"]) > 1
    except psutil.NoSuchProcess:
        return True


def _beat(collection: Collection[dict[str, Any]], name: str, token: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        # A beat that fails is made up for by the next; a lost lease shows when the batch commits.
        with contextlib.suppress(PyMongoError):
            expires_at = datetime.now(UTC) + timedelta(seconds=SECONDS)
            collection.update_one({"_id": name, "token": token}, {"$set": {"expires_at": expires_at}})
