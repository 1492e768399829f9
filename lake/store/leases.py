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
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from lake.errors import LeaseHeld

SECONDS = 60.0
HEARTBEAT_SECONDS = 15.0


@contextlib.contextmanager
def lease(collection: Collection[dict[str, Any]], name: str) -> Iterator[None]:
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
        yield
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
            since = held["since"].astimezone().strftime("%Y-%m-%d %H:%M:%S")
            raise LeaseHeld(name, f"process {held['pid']} on {held['host']} since {since}") from None
        # Only from the holder that we saw: if another took it meanwhile, nothing matches.
        if collection.replace_one({"_id": name, "token": held["token"]}, mine).matched_count:
            return


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
