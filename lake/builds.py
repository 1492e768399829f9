"""The builds of a line and the pointer to the published one. Nobody else knows this layout.

    <data>/marts/<line>/<build id>/    <line>.duckdb  core.duckdb  inputs/  manifest.json  semantic_manifest.json
                                       build.json  dbt.log  checks.json  docs/
    <data>/marts/<line>/published.json the pointer, replaced atomically
    <data>/marts/.building/<line>/     a build that is not whole yet: nobody reads it

`line` is one of the business lines, `group`, the mart across them, or `core`, the shared dimensions. `core.duckdb` in a
line's build is a hard link to the core it was built with, as are the lines' files in a build of the group: a build
folder is whole by itself and is opened without looking anywhere else.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from lake.errors import LeaseHeld, PublishError, UnknownLine
from lake.settings import MARTS, settings

#: `built` dbt passed, not checked yet · `passed` checks passed · `refused` by a check that blocks · `failed` in dbt
Status = Literal["built", "passed", "refused", "failed"]

CORE = "core"


@dataclass(frozen=True)
class CheckSummary:
    """How the checks of a build ended. Counts are of expectations and reconciliations."""

    passed: int
    warned: int
    blocked: int
    checked_at: datetime


@dataclass(frozen=True)
class Build:
    """One build of one line.

    `as_of` is when the newest batch it holds was landed (UTC), `newest_event_on` the newest event's day in it;
    `inputs` is the last batch of each source, `made_from` the build of each line that the group's was made from;
    `fingerprint` says what it was made from: same inputs, same core and same code give the same one. The group's data
    is as old as its oldest line's.
    """

    line: str
    id: str
    folder: Path
    status: Status
    created_at: datetime
    seconds: float
    as_of: datetime | None
    newest_event_on: date | None
    core_id: str | None
    fingerprint: str
    code_version: str
    inputs: dict[str, int] = field(default_factory=dict)
    made_from: dict[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    checks: CheckSummary | None = None

    @property
    def database(self) -> Path:
        """The line's DuckDB file; its catalog is the line's name."""
        return self.folder / f"{self.line}.duckdb"

    @property
    def core_database(self) -> Path:
        """The shared dimensions it was built with."""
        return self.folder / f"{CORE}.duckdb"

    @property
    def databases(self) -> dict[str, Path]:
        """By catalog, the files that its own models read and are in. `group` is a keyword of SQL: quote the names."""
        names = dict.fromkeys((self.line, CORE, *self.made_from))
        return {name: self.folder / f"{name}.duckdb" for name in names}

    @property
    def semantic_manifest(self) -> Path:
        return self.folder / "semantic_manifest.json"

    @property
    def manifest(self) -> Path:
        """dbt's manifest: models, tests, exposures and what depends on what."""
        return self.folder / "manifest.json"

    @property
    def checks_file(self) -> Path:
        return self.folder / "checks.json"

    @property
    def docs(self) -> Path:
        """Data Docs: `index.html` in it."""
        return self.folder / "docs"


def known_line(line: str) -> str:
    """`line` if it has a mart.

    Raises:
        UnknownLine: with the nearest known ones.
    """
    if line not in MARTS:
        raise UnknownLine(line, MARTS)
    return line


def folder(line: str) -> Path:
    return settings().marts / line


def building(line: str) -> Path:
    """Where a build is made, and renamed when whole. One place per line: what a dead process left is found."""
    return settings().marts / ".building" / line


def new_id(now: datetime | None = None) -> str:
    """An id that sorts by time: `20260131T235959-3f9a2c`."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def builds(line: str) -> list[Build]:
    """Every whole build of a line, newest first, failed ones included."""
    return sorted(_read_all(line), key=lambda b: b.id, reverse=True)


def build(line: str, build_id: str) -> Build:
    """One build.

    Raises:
        PublishError: there is no such build (any more).
    """
    found = _read(folder(line) / build_id)
    if found is None:
        raise PublishError(f"Line '{line}' has no build '{build_id}'.", remedy=f"See `lake builds {line}`.")
    return found


def newest(line: str, *statuses: Status) -> Build | None:
    """The newest build in one of these states."""
    return next((b for b in builds(line) if b.status in statuses), None)


def published_id(line: str) -> str | None:
    """The id of the published build: one small file read, cheap enough for every page view."""
    try:
        return str(json.loads((folder(line) / "published.json").read_text("utf-8"))["build"])
    except FileNotFoundError:
        return None


def published(line: str) -> Build | None:
    """The build that readers use, or None when nothing was published yet."""
    build_id = published_id(line)
    return _read(folder(line) / build_id) if build_id else None


def point(line: str, build_id: str) -> None:
    """Move the pointer, atomically and durably."""
    document = {"build": build_id, "published_at": datetime.now(UTC).isoformat()}
    write_whole(folder(line) / "published.json", json.dumps(document))


def save(build: Build) -> None:
    """Write `build.json` in the build's folder."""
    document = asdict(build)
    del document["folder"]
    write_whole(build.folder / "build.json", json.dumps(document, default=_plain, indent=1))


def settle(build: Build) -> Build:
    """Move a whole build from where it was made to its place: from here on it can be seen."""
    target = folder(build.line) / build.id
    target.parent.mkdir(parents=True, exist_ok=True)
    build.folder.rename(target)
    sync_folder(target.parent)
    return replace(build, folder=target)


def remove(build: Build) -> None:
    """Delete a build. Its folder leaves the list at once; files that readers have open stay until they close them."""
    trash = building(build.line).parent / "removed"
    trash.mkdir(parents=True, exist_ok=True)
    build.folder.rename(trash / f"{build.line}-{build.id}")
    shutil.rmtree(trash, ignore_errors=True)  # with what a dead process left there


@contextmanager
def alone(name: str, *, wait_seconds: float = 0.0) -> Iterator[int]:
    """Do `build:<line>` or `publish:<line>` alone on this machine; yields the lock's file descriptor.

    The kernel frees it when this process, and a child that inherited the descriptor, are gone.

    Raises:
        LeaseHeld: somebody else does it; says who.
    """
    path = settings().marts / ".building" / f"{name.replace(':', '-')}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise LeaseHeld(name, path.read_text("utf-8") or "another process") from None
                time.sleep(0.2)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def write_whole(path: Path, text: str) -> None:
    """Replace a file: a reader sees the old text or the new one, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_all(line: str) -> Iterator[Build]:
    with suppress(FileNotFoundError):
        for path in folder(line).iterdir():
            if path.is_dir() and (found := _read(path)):
                yield found


def _read(path: Path) -> Build | None:
    try:
        document: dict[str, Any] = json.loads((path / "build.json").read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    document["folder"] = path
    document["failures"] = tuple(document["failures"])
    for name in ("created_at", "as_of"):
        document[name] = document[name] and datetime.fromisoformat(document[name])
    if document["newest_event_on"]:
        document["newest_event_on"] = date.fromisoformat(document["newest_event_on"])
    if checks := document["checks"]:
        document["checks"] = CheckSummary(**{**checks, "checked_at": datetime.fromisoformat(checks["checked_at"])})
    return Build(**document)


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} can't be written")
