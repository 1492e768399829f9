"""A MongoDB of the test's own: a replica set of one on a port of this machine, with the options of the test."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from lake.store.mongod import binary


@dataclass(frozen=True)
class Member:
    """A server that runs. `options` of a URI reach it as its administrator would."""

    port: int
    process: subprocess.Popen[bytes]
    client: MongoClient[dict[str, Any]]

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"


@contextlib.contextmanager
def member(folder: Path, *options: str, **client_options: Any) -> Iterator[Member]:
    """Start a server, make it primary, stop it at the end."""
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = ["--dbpath", str(folder), "--port", str(port), "--bind_ip", "localhost", "--nounixsocket", "--replSet", "own"]
    small = ["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64", "--logpath", str(folder / "log")]
    process = subprocess.Popen([str(binary()), *own, *small, *options], stdout=subprocess.DEVNULL)
    try:
        client = MongoClient[dict[str, Any]]("localhost", port, directConnection=True, **client_options)
        with client:
            _until_primary(client, f"localhost:{port}")
            yield Member(port, process, client)
    finally:
        process.kill()
        process.wait()


def _until_primary(client: MongoClient[dict[str, Any]], host: str) -> None:
    end = time.monotonic() + 120
    while True:
        assert time.monotonic() < end, "it did not become primary"
        with contextlib.suppress(PyMongoError):
            if client.admin.command("hello").get("isWritablePrimary"):
                return
            client.admin.command("replSetInitiate", {"_id": "own", "members": [{"_id": 0, "host": host}]})
        time.sleep(0.05)
