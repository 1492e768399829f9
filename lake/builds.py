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
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from lake.errors import BuildError, LeaseHeld, PublishError, UnknownBuild, UnknownLine
from lake.settings import MARTS, settings

log = logging.getLogger(__name__)

#: `built` dbt passed, not checked yet · `passed` checks passed · `refused` by a check that blocks · `failed` in dbt
Status = Literal["built", "passed", "refused", "failed"]

CORE = "core"

#: Damaged files that this process has warned of: once each, whoever reads them.
_warned: set[Path] = set()


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
    `inputs` is the last batch of each source, `origins` the trace of all its batches and `lake` the id of the lake that
    they are of (`lake.origin`; older builds have neither); `made_from` the build of each line that the group's was made
    from; `fingerprint` says what it was made from: same inputs, same core and same code give the same one. The data of
    the group is as old as its oldest line's.
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
    lake: str | None = None
    origins: dict[str, str] = field(default_factory=dict)
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
    """An id that sorts by time, to the millisecond: `20260131T235959042-3f9a2c`."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


def builds(line: str) -> list[Build]:
    """Every whole build of a line, newest first, failed ones included; damaged ones are left out, with a warning."""
    found = (_read(path) for path in _places(line))
    return sorted((build for build in found if build), key=lambda b: b.id, reverse=True)


def damaged(line: str) -> list[Path]:
    """The folders of builds whose `build.json` can't be read, newest first: nobody can use them."""
    return sorted((path for path in _places(line) if _read(path) is None), reverse=True)


def build(line: str, build_id: str) -> Build:
    """One build.

    Raises:
        UnknownBuild: the line has no such build (any more); with the nearest that it has.
        PublishError: its `build.json` can't be read.
    """
    places = {path.name: path for path in _places(line)}
    if build_id not in places:
        raise UnknownBuild(build_id, places, remedy=f"See `lake builds {line}`.")
    found = _read(places[build_id])
    if found is None:
        raise PublishError(f"Build {build_id} of '{line}' is damaged.", remedy="`lake doctor` says what to do.")
    return found


def newest(line: str, *statuses: Status) -> Build | None:
    """The newest build in one of these states."""
    return next((b for b in builds(line) if b.status in statuses), None)


def published_id(line: str) -> str | None:
    """The id of the published build: one small file read, cheap enough for every page view. A damaged pointer is none,
    with a warning."""
    path = folder(line) / "published.json"
    try:
        build_id = json.loads(path.read_text("utf-8"))["build"]
        if not isinstance(build_id, str) or Path(build_id).name != build_id:
            raise ValueError("it names no build")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        _warn(path, error)
        return None
    return build_id


def published(line: str) -> Build | None:
    """The build that readers use, or None when nothing was published yet, or nothing that is whole."""
    build_id = published_id(line)
    return _read(folder(line) / build_id) if build_id else None


def pointer_is_broken(line: str) -> bool:
    """Whether there is a pointer, but it can't be read or its build can't."""
    return (folder(line) / "published.json").exists() and published(line) is None


def unreadable(build: Build) -> Path | None:
    """The first of a build's database files that can't be opened, if any. Milliseconds: their catalogs are read."""
    names = [name for name in build.databases if name != CORE or build.core_id or build.line == CORE]
    with duckdb.connect(":memory:") as con:
        for name in names:
            path = build.databases[name]
            try:
                con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as \"{name}\" (read_only)")
                con.execute("select table_name from duckdb_tables() where database_name = ? limit 1", [name]).fetchall()
            except duckdb.Error:
                return path
    return None


def require_readable(build: Build) -> None:
    """
    Raises:
        BuildError: a database file of the build can't be opened.
    """
    if path := unreadable(build):
        raise BuildError(
            f"Build {build.id} of '{build.line}' can't be opened: {path.name} is damaged or gone.",
            remedy=f"Run `lake run {build.line}`.",
        )


def point(line: str, build_id: str) -> None:
    """Move the pointer, atomically and durably."""
    shown = _read(folder(line) / build_id)
    document = {"build": build_id, "lake": shown and shown.lake, "published_at": datetime.now(UTC).isoformat()}
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


def _places(line: str) -> list[Path]:
    """The folders of a line's builds."""
    try:
        return [path for path in folder(line).iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []


def _read(path: Path) -> Build | None:
    """What `build.json` in a folder says; None if the folder is gone, or with a warning if the file is damaged."""
    try:
        build = _parsed(json.loads((path / "build.json").read_text("utf-8")), path)
        if (build.line, build.id) != (path.parent.name, path.name):
            raise ValueError(f"it is of build {build.id} of {build.line}")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        if path.exists():
            _warn(path / "build.json", error)
        return None
    return build


def _parsed(document: dict[str, Any], path: Path) -> Build:
    document["folder"] = path
    document["failures"] = tuple(document["failures"])
    for name in ("created_at", "as_of"):
        document[name] = document[name] and datetime.fromisoformat(document[name])
    if document["newest_event_on"]:
        document["newest_event_on"] = date.fromisoformat(document["newest_event_on"])
    if checks := document["checks"]:
        document["checks"] = CheckSummary(**{**checks, "checked_at": datetime.fromisoformat(checks["checked_at"])})
    return Build(**document)


def _warn(path: Path, error: Exception) -> None:
    """Say once that a file is damaged. What it was for goes on without it."""
    if path not in _warned:
        _warned.add(path)
        log.warning("build.damaged file=%s error=%s", path, error)


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} can't be written")
