"""Keeps one `mongod` alive while somebody uses it: `python -I keeper.py FOLDER SECONDS COMMAND…`.

Whoever uses the server holds a shared lock on `<folder>/users`. When nobody has held it for SECONDS, the keeper stops
the server and ends. It holds `<folder>/keeper` all its life: whoever gets that lock knows that no server is kept. The
kernel drops the lock of a process that was killed, and stops the server if the keeper itself is killed, so nothing is
left running. Standard library only: it is run as a file, without the lake's imports.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Whether nobody else holds the lock; held by us inside."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def _die_with_keeper() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def keep(folder: Path, linger_seconds: float, command: list[str]) -> None:
    """Run the server until it ends or nobody uses it."""
    with (folder / "mongod.out").open("wb") as out:
        # The death signal follows the thread that forks: this one, the only one.
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=_die_with_keeper
        )
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    last_used = time.monotonic()
    while server.poll() is None:
        time.sleep(POLL_SECONDS)
        # A newcomer takes `start` first, then `users`: holding both means that nobody is about to come in.
        with exclusive(folder / "start") as no_newcomer, exclusive(folder / "users") as unused:
            if not (no_newcomer and unused):
                last_used = time.monotonic()
            elif time.monotonic() - last_used > linger_seconds:
                server.terminate()
                server.wait()


def main() -> None:
    folder, seconds, *command = sys.argv[1:]
    # Taken before the caller gets its answer, kept by the child, and let go by its end, whatever ends it.
    fcntl.flock(os.open(Path(folder) / "keeper", os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_EX)
    if os.fork():  # The caller gets its answer at once; the keeper is nobody's child.
        os._exit(0)
    keep(Path(folder), float(seconds), command)


if __name__ == "__main__":
    main()
