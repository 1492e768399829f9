"""Builds: the mirror → a new DuckDB file, by dbt.

A build is made in `builds.building(line)` from hard links to the mirror's files, and renamed to its place when it is
whole: no reader ever meets half a build, whatever fails. The shared dimensions (`core`) are built first and only when
their inputs or models changed; so is each line, unless forced.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from lake import builds, dbt, mirror, sources
from lake.builds import CORE, Build
from lake.contracts import Contract
from lake.errors import BuildError, LeaseHeld
from lake.settings import PROJECT, settings

log = logging.getLogger(__name__)

#: Called as a build goes on: line, node that ended, nodes ended, nodes in all.
Report = Callable[[str, str, int, int], None]

#: How long one build waits for another. A line is not waited for, but dbt may outlive a killed build by a moment.
_CORE_WAIT_SECONDS, _LINE_WAIT_SECONDS = 1800.0, 10.0


@dataclass(frozen=True)
class Outcome:
    """A line's build, whether it was there already, or the error that stopped it."""

    line: str
    build: Build | None
    reused: bool = False
    error: BuildError | LeaseHeld | None = None


def build_lines(
    lines: Sequence[str], *, force: bool = False, project: Path = PROJECT, report: Report | None = None
) -> list[Outcome]:
    """Build the shared dimensions, then each line, two at a time. A line that fails does not stop the others.

    Raises:
        BuildError: the shared dimensions failed, so nothing could be built.
        LeaseHeld: another process has been building them for half an hour.
    """
    report = report or (lambda line, node, done, total: None)
    pool = ThreadPoolExecutor(_processes())
    with _session(project) as session:
        core = _build(CORE, None, session, force=False, project=project, report=report)

        def one(line: str) -> Outcome:
            try:
                return _build(line, core.build, session, force=force, project=project, report=report)
            except (BuildError, LeaseHeld) as error:
                return Outcome(line, None, error=error)

        try:
            return list(pool.map(one, lines))
        except BaseException:  # told to stop: not after dbt has finished
            pool.shutdown(wait=False, cancel_futures=True)
            session.stop()
            raise
        finally:
            pool.shutdown()


def code_files(name: str, project: Path = PROJECT) -> list[Path]:
    """The files of the project that a build of `name` depends on."""
    lines = sources.CORE_LINES if name == CORE else (name,)
    folders = [project / "models" / "staging" / line for line in lines]
    folders += [project / "models" / "core" if name == CORE else project / "models" / "marts" / name]
    folders += [project / "lake" / "macros", project / "tests" / "data"]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".sql", ".yml", ".csv")]
    return sorted([project / "dbt_project.yml", project / "profiles.yml", *found])


def _code(name: str, project: Path) -> str:
    """Digest of everything but the data that a build is made from."""
    digest = hashlib.sha256()
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(f"{package} {version(package)}\n".encode())
    for path in code_files(name, project):
        digest.update(f"{path.relative_to(project)}\n".encode() + path.read_bytes())
    for contract in sources.of(name):
        digest.update(contract.path.read_bytes())
    return digest.hexdigest()[:12]


def _fingerprint(code: str, core: Build | None, inputs: Mapping[str, int]) -> str:
    """What a build is made from: equal fingerprints mean equal builds. A source's last batch says all it holds."""
    made_from = [code, core.fingerprint if core else "", *(f"{name} {last}" for name, last in sorted(inputs.items()))]
    return hashlib.sha256("\n".join(made_from).encode()).hexdigest()[:16]


def _build(
    name: str, core: Build | None, session: dbt.Session, *, force: bool, project: Path, report: Report
) -> Outcome:
    with builds.alone(f"build:{name}", wait_seconds=_CORE_WAIT_SECONDS if name == CORE else _LINE_WAIT_SECONDS) as lock:
        code = _code(name, project)
        last = next(iter(builds.builds(name)), None)
        mirrored = {c.name: mirror.through_batch(c.name) for c in sources.of(name)}
        if last and last.status != "failed" and not force and last.fingerprint == _fingerprint(code, core, mirrored):
            log.info("build.reused line=%s build=%s", name, last.id)
            return Outcome(name, last, reused=True)
        _check_sources(name, project)
        started, clock = datetime.now(UTC), time.monotonic()
        try:
            place = _prepare(name, core)
            result = _dbt(session, name, place, report, lock)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise BuildError(f"The build of '{name}' could not be made: {error}.") from error
        if session.is_stopped:
            raise BuildError(f"The build of '{name}' was told to stop.")
        shutil.rmtree(place / "tmp", ignore_errors=True)
        for file in ("manifest.json", "semantic_manifest.json"):
            with suppress(FileNotFoundError):  # what dbt could not parse has none
                shutil.copyfile(session.target / file, place / file)
        inputs = {c.name: _last_batch(place / "inputs" / c.name) for c in sources.of(name)}
        made = Build(
            line=name,
            id=builds.new_id(started),
            folder=place,
            status="failed" if result.failures else "built",
            created_at=started,
            seconds=round(time.monotonic() - clock, 2),
            as_of=_landed_at(place),
            newest_event_on=None if result.failures else _newest_event(name, place),
            core_id=core.id if core else None,
            fingerprint=_fingerprint(code, core, inputs),
            code_version=f"{version('lake')}+{code}",
            inputs=inputs,
            failures=result.failures,
        )
        builds.save(made)
        made = builds.settle(made)
    if made.failures:
        log.error("build.failed line=%s build=%s nodes=%d", name, made.id, len(made.failures))
        raise BuildError(
            f"The build of '{name}' failed: {'; '.join(made.failures[:3])}.",
            nodes=made.failures,
            remedy=f"dbt's messages are in {made.folder / 'dbt.log'}.",
        )
    log.info("build.done line=%s build=%s nodes=%d seconds=%.1f", name, made.id, result.nodes, made.seconds)
    return Outcome(name, made)


def _prepare(name: str, core: Build | None) -> Path:
    """An empty place with frozen inputs, the core, and a DuckDB file that shows the inputs as sources."""
    place = builds.building(name)
    shutil.rmtree(place, ignore_errors=True)
    (place / "tmp").mkdir(parents=True)
    for contract in sources.of(name):
        _freeze(contract, place / "inputs" / contract.name)
    if core:
        _link(core.database, place / core.database.name)
    with duckdb.connect(place / f"{name}.duckdb") as con:
        con.execute(f"set file_search_path = '{_quoted(place)}'")
        sources.create_views(con, sources.of(name), place / "inputs")
    return place


def _freeze(contract: Contract, folder: Path) -> None:
    """Hard-link the mirror's files of one source. A mirror that merges files meanwhile makes it start again."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            for path in mirror.files(contract.name):
                _link(path, folder / path.name)
            return
        except FileNotFoundError:
            continue
    raise BuildError(
        f"The mirror of '{contract.name}' keeps changing.", remedy="Build again when `lake mirror` is done."
    )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)


def _session(project: Path) -> dbt.Session:
    """dbt on this project. What it is told is the same for every build, so that it keeps its memory of the project."""
    environment = {
        "LAKE_BUILD_THREADS": str(settings().threads),
        "LAKE_BUILD_MEMORY": f"{settings().memory_gb / _processes():.2f}GB",
    }
    return dbt.Session(project, settings().data / "dbt", environment)


def _dbt(session: dbt.Session, name: str, place: Path, report: Report, lock: int) -> dbt.Result:
    # A test of core must have only core parents: one that joins a line belongs to the line's build.
    selection = ["--indirect-selection", "cautious" if name == CORE else "eager", "--select", *_selected(name)]
    return session.run(
        ["build", "--target", name, *selection],
        target=session.target / name,
        log=place / "dbt.log",
        environment={"LAKE_BUILD_FOLDER": str(place)},
        report=lambda node, done, total: report(name, node, done, total),
        inherit=lock,
    )


def _selected(name: str) -> list[str]:
    if name == CORE:
        return ["path:models/core", *(f"path:models/staging/{line}" for line in sources.CORE_LINES)]
    return [f"path:models/staging/{name}", f"path:models/marts/{name}"]


def _processes() -> int:
    """How many dbt processes run at once: starting one is mostly Python on one core."""
    return min(2, settings().threads)


def _check_sources(name: str, project: Path) -> None:
    """The declarations that dbt reads are those that the contracts give."""
    for line in {c.line for c in sources.of(name)}:
        if not sources.is_current(line, project):
            file = sources.path(line, project)
            raise BuildError(f"{file.name} is not what the contracts say.", remedy=sources.REMEDY)


def _landed_at(place: Path) -> datetime | None:
    """When the newest batch in the inputs was landed."""
    written = [(pq.read_schema(path).metadata or {}) for path in (place / "inputs").glob("*/*.parquet")]
    found = [datetime.fromisoformat(m[mirror.LANDED_AT].decode()) for m in written if mirror.LANDED_AT in m]
    return max(found, default=None)


def _newest_event(name: str, place: Path) -> date | None:
    """The newest day, today at most, on which an event of the line's sources happened.

    Opened for writing: if dbt's process did not close its file, the log beside it is written into it here.
    """
    with duckdb.connect(place / f"{name}.duckdb") as con:
        con.execute("checkpoint")
        con.execute(f"set file_search_path = '{_quoted(place)}'")
        dated = [(c.event_time, f"{sources.SCHEMA}.{c.name}") for c in sources.of(name) if c.event_time]
        asked = [f"select max({at})::date from {table} where {at}::date <= current_date" for at, table in dated]
        days = [con.execute(question).fetchall()[0][0] for question in asked]
    return max((day for day in days if day), default=None)


def _last_batch(folder: Path) -> int:
    """The last batch of a source in the inputs, 0 when none: files are named `<first>-<last>.parquet`."""
    return max((int(path.stem.split("-")[1]) for path in folder.glob("*.parquet")), default=0)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
