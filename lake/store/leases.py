"""Leases: one holder of a name at a time, over all processes and machines that share the MongoDB.

A lease is a document with its holder (host, process, since when) and an expiry that a heartbeat moves on. It is taken
over when it has expired, or at once if its holder was a process that is gone: one of this boot and this pid namespace,
known by its number and the tick at which it began.
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
from pathlib import Path
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from lake.errors import LeaseHeld
from lake.store.failures import translates, translation

SECONDS = 60.0
HEARTBEAT_SECONDS = 15.0


@translates
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


@translation()
def _take(collection: Collection[dict[str, Any]], name: str, token: str) -> None:
    now = datetime.now(UTC)
    mine = {
        "token": token,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        **_pid_space(),
        "start_ticks": _start_ticks(os.getpid()),
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
    ours = _pid_space()
    if not ours["boot_id"] or any(held.get(name) != value for name, value in ours.items()):
        return False
    return bool(_start_ticks(held["pid"]) != held["start_ticks"])


def _pid_space() -> dict[str, Any]:
    """Where a process id means one process that we can see: since this boot, in this namespace, for this user (with
    `hidepid`, processes of others look gone). Two containers of one name have each a process 1."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return {"boot_id": boot_id, "pid_namespace": str(Path("/proc/self/ns/pid").readlink()), "uid": os.getuid()}
    except OSError:  # Not Linux: a holder is gone when its lease expires.
        return {"boot_id": "", "pid_namespace": "", "uid": os.getuid()}


def _start_ticks(pid: int) -> int | None:
    """When a process began, in ticks since the boot, which no change of the clock moves; None once it is gone."""
    try:
        # After the name, which is in parentheses and can hold any: the state, then the 22nd field of proc(5).
        state, *fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else int(fields[18])


def _beat(collection: Collection[dict[str, Any]], name: str, token: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        # A beat that fails is made up for by the next; a lost lease shows when the batch commits.
        with contextlib.suppress(PyMongoError):
            expires_at = datetime.now(UTC) + timedelta(seconds=SECONDS)
            collection.update_one({"_id": name, "token": token}, {"$set": {"expires_at": expires_at}})
