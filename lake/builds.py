"""The builds of a line and the pointer to the published one. Nobody else knows this layout.

    <data>/marts/<line>/<build id>/    <line>.duckdb  core.duckdb  inputs/  manifest.json  semantic_manifest.json
                                       build.json  dbt.log  checks.json  docs/
    <data>/marts/<line>/published.json the pointer, replaced atomically
    <data>/marts/.building/<line>/     a build that is not whole yet: nobody reads it

A build carries the seals of its files (`lake.seals`). One that is damaged, or of a form that only a newer version of
this software reads, is never shown: readers see the newest before it that passed and is whole.

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

from lake import seals
from lake.documents import read_as
from lake.errors import BuildError, LeaseHeld, PublishError, UnknownBuild, UnknownLine
from lake.seals import Seal
from lake.settings import MARTS, settings

log = logging.getLogger(__name__)

#: `built` dbt passed, not checked yet · `passed` checks passed · `refused` by a check that blocks · `failed` in dbt
Status = Literal["built", "passed", "refused", "failed"]

CORE = "core"

#: The form of `build.json` and `published.json`, from which on an older version can't read them. What is only added
#: needs no new one: names that a version does not know are passed over, those that are missing have their defaults.
FORMAT = 1

#: Folder of a build's frozen inputs.
INPUTS = "inputs"

#: Files of builds that look whole and turned out not to be: their bytes were changed where they lie.
_distrusted: set[Path] = set()

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
    the group is as old as its oldest line's. `files` are the seals of its databases, manifests and inputs, by name.
    """

    line: str
    id: str
    folder: Path
    status: Status
    created_at: datetime
    seconds: float = 0.0
    as_of: datetime | None = None
    newest_event_on: date | None = None
    core_id: str | None = None
    fingerprint: str = ""
    code_version: str = ""
    inputs: dict[str, int] = field(default_factory=dict)
    lake: str | None = None
    origins: dict[str, str] = field(default_factory=dict)
    made_from: dict[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    checks: CheckSummary | None = None
    files: dict[str, Seal] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Rollback:
    """Somebody sent the readers of a line back to an earlier build.

    `build` is the one that they saw before, `by` who did it, `builds` the fingerprints, by id, of what a run must not
    show them again by itself: what had passed after the build that they see now, and whatever is made from the same.
    """

    build: str
    by: str
    at: datetime
    builds: dict[str, str]

    def keeps_away(self, build: Build) -> bool:
        """Whether this is what was rolled back from, or the same made once more."""
        return build.id in self.builds or (bool(build.fingerprint) and build.fingerprint in self.builds.values())

    def __str__(self) -> str:
        return f"rolled back from {self.build} by {self.by} at {self.at:%Y-%m-%d %H:%M} UTC"


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
    return sorted((path for path in _places(line) if _read(path) is None and not _is_newer(path)), reverse=True)


def newer(line: str) -> list[Path]:
    """The folders of builds that only a newer version of this software can read, newest first."""
    return sorted((path for path in _places(line) if _is_newer(path)), reverse=True)


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
        build_id = _written(path)["build"]
        if not isinstance(build_id, str) or build_id in ("", "..") or Path(build_id).name != build_id:
            raise ValueError("it names no build")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        _warn(path, error)
        return None
    return build_id


def rolled_back(line: str) -> Rollback | None:
    """The rollback that holds now, until another build passes or somebody publishes; none with a damaged pointer."""
    if published_id(line) is None:
        return None
    told = _written(folder(line) / "published.json").get("rolled_back")
    return told and read_as(Rollback, {**told, "at": datetime.fromisoformat(told["at"])})


def published(line: str) -> Build | None:
    """The build that readers use: the one that the pointer names or, if that one can't be used, the newest before it
    that passed and is whole. None when nothing was published yet, or nothing is whole."""
    build_id = published_id(line)
    named = _read(folder(line) / build_id) if build_id else None
    if named and not damage(named, quick=True):
        return named
    if not (folder(line) / "published.json").exists():
        return None
    before = (b for b in builds(line) if b.status == "passed" and (build_id is None or b.id < build_id))
    return next((b for b in before if not damage(b, quick=True)), None)


def pointer_fault(line: str) -> str | None:
    """Why readers don't see the build that the pointer names, if so."""
    if not (folder(line) / "published.json").exists():
        return None
    if (build_id := published_id(line)) is None:
        return "published.json is damaged"
    place = folder(line) / build_id
    if (named := _read(place)) is None:
        newer_one = "is of a newer version of this software" if _is_newer(place) else "is damaged or gone"
        return f"build {build_id} {newer_one}"
    path = damage(named, quick=True)
    return f"{path} is damaged or gone" if path else None


def damage(build: Build, *, quick: bool = False) -> Path | None:
    """The first of a build's files that is damaged or gone, if any.

    `quick` takes microseconds, for every page view: it looks at sizes and times of what readers open. The whole look
    reads every file, inputs too, and opens the databases.
    """
    own = {name: one for name, one in build.files.items() if not (quick and name.startswith(f"{INPUTS}/"))}
    if path := next((build.folder / name for name in own if build.folder / name in _distrusted), None):
        return path
    if path := seals.broken(build.folder, own, quick=quick):
        return path
    if quick:  # Builds of before 2026-12 have no seals.
        return next((path for path in _opened(build).values() if not path.is_file()), None)
    return _unopened(build)


def distrust(build: Build) -> Path | None:
    """Look at a build of which something could not be read: the first file that is damaged, if any, which is known from
    now on in this process, however whole it looks."""
    if path := damage(build):
        _distrusted.add(path)
    return path


def _opened(build: Build) -> dict[str, Path]:
    """The databases that are in a build's folder, by name."""
    return {n: path for n, path in build.databases.items() if n != CORE or build.core_id or build.line == CORE}


def _unopened(build: Build) -> Path | None:
    """The first of a build's databases that can't be opened, if any. Milliseconds: their catalogs are read."""
    with duckdb.connect(":memory:") as con:
        for name, path in _opened(build).items():
            try:
                con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as \"{name}\" (read_only)")
                con.execute("select table_name from duckdb_tables() where database_name = ? limit 1", [name]).fetchall()
            except duckdb.Error:
                return path
    return None


def require_readable(build: Build, *, quick: bool = False) -> None:
    """
    Raises:
        BuildError: a file of the build is damaged or gone.
    """
    if path := (damage(build, quick=True) or _unopened(build)) if quick else damage(build):
        raise BuildError(
            f"Build {build.id} of '{build.line}' can't be opened: {path.name} is damaged or gone.",
            remedy=f"Run `lake run {build.line}`.",
        )


def point(line: str, build_id: str, back: Rollback | None = None) -> None:
    """Move the pointer, atomically and durably; `back` says that it is a rollback."""
    shown = _read(folder(line) / build_id)
    document: dict[str, Any] = {
        "format": FORMAT,
        "build": build_id,
        "lake": shown and shown.lake,
        "published_at": datetime.now(UTC).isoformat(),
    }
    if back:
        document["rolled_back"] = asdict(back)
    write_whole(folder(line) / "published.json", json.dumps(document, default=_plain))


def save(build: Build) -> None:
    """Write `build.json` in the build's folder."""
    document = {"format": FORMAT, **asdict(build)}
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
        build = _parsed(_written(path / "build.json"), path)
        if (build.line, build.id) != (path.parent.name, path.name):
            raise ValueError(f"it is of build {build.id} of {build.line}")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        if path.exists():
            _warn(path / "build.json", error)
        return None
    return build


def _written(path: Path) -> dict[str, Any]:
    """A document of this room.

    Raises:
        OSError, ValueError: it can't be read, or only a newer version of this software can.
    """
    document = json.loads(path.read_text("utf-8"))
    if not isinstance(document, dict):
        raise ValueError("it is no document")
    if document.get("format", 0) > FORMAT:
        raise _NewerError(f"its form is {document['format']}, and this version of the software reads {FORMAT}")
    return document


class _NewerError(ValueError):
    """Only a newer version of this software can read a document."""


def _is_newer(place: Path) -> bool:
    try:
        _written(place / "build.json")
    except _NewerError:
        return True
    except (OSError, ValueError, TypeError):
        pass
    return False


def _parsed(document: dict[str, Any], path: Path) -> Build:
    document["folder"] = path
    document["failures"] = tuple(document.get("failures", ()))
    for name in ("created_at", "as_of"):
        document[name] = document.get(name) and datetime.fromisoformat(document[name])
    if document.get("newest_event_on"):
        document["newest_event_on"] = date.fromisoformat(document["newest_event_on"])
    if checks := document.get("checks"):
        checked_at = datetime.fromisoformat(checks["checked_at"])
        document["checks"] = read_as(CheckSummary, {**checks, "checked_at": checked_at})
    document["files"] = {name: read_as(Seal, one) for name, one in document.get("files", {}).items()}
    return read_as(Build, document)


def _warn(path: Path, error: Exception) -> None:
    """Say once that a file is damaged. What it was for goes on without it."""
    if path not in _warned:
        _warned.add(path)
        log.warning("build.damaged file=%s error=%s", path, error)


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} can't be written")
