"""Builds: the mirror → a new DuckDB file, by dbt.

A build is made in `builds.building(line)` from hard links to the mirror's files, and renamed to its place when it is
whole: no reader ever meets half a build, whatever fails. The shared dimensions (`core`) are built first and only when
their inputs or models changed; so is each line, unless forced. The group's mart is made in the same way from hard links
to the published builds of the lines: what readers see of a line is what adds up to the group.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
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
from lake.errors import BuildError, ContractError, ForeignOrigin, LeaseHeld, MirrorError
from lake.origin import REMEDY, Origin
from lake.seals import seal
from lake.settings import PROJECT, TRADES, made_from, settings

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
    error: BuildError | ContractError | MirrorError | LeaseHeld | None = None


def build_lines(
    lines: Sequence[str],
    *,
    force: bool = False,
    project: Path = PROJECT,
    report: Report | None = None,
    session: dbt.Session | None = None,
) -> list[Outcome]:
    """Build the shared dimensions, then each mart, two at a time. A line that fails does not stop the others.

    `session` is dbt with the project read, if there is one already.

    Raises:
        BuildError: the shared dimensions failed, so nothing could be built.
        ContractError: so for a broken contract of their sources.
        LeaseHeld: another process has been building them for half an hour.
    """
    report = report or (lambda line, node, done, total: None)
    pool = ThreadPoolExecutor(_processes())
    with nullcontext(session) if session else read_project(project) as dbt_session:
        core = _build(CORE, None, dbt_session, force=False, project=project, report=report)

        def one(line: str) -> Outcome:
            try:
                return _build(line, core.build, dbt_session, force=force, project=project, report=report)
            except (BuildError, ContractError, MirrorError, LeaseHeld) as error:
                return Outcome(line, None, error=error)

        try:
            return list(pool.map(one, lines))
        except BaseException:  # told to stop: not after dbt has finished
            pool.shutdown(wait=False, cancel_futures=True)
            dbt_session.stop()
            raise
        finally:
            pool.shutdown()


def code_files(name: str, project: Path = PROJECT) -> list[Path]:
    """The files of the project that a build of `name` depends on."""
    folders = [project / folder for folder in (*_folders(name), "lake/macros", "tests/data")]
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


def _fingerprint(code: str, core: Build | None, lines: Sequence[Build], inputs: Mapping[str, Origin]) -> str:
    """What a build is made from: equal fingerprints mean equal builds. A source's batches say all it holds."""
    parts = [code, core.fingerprint if core else "", *(f"{b.line} {b.fingerprint}" for b in lines)]
    parts += [f"{name} {held.last} {held.batches}" for name, held in sorted(inputs.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _build(
    name: str, core: Build | None, session: dbt.Session, *, force: bool, project: Path, report: Report
) -> Outcome:
    with builds.alone(f"build:{name}", wait_seconds=_CORE_WAIT_SECONDS if name == CORE else _LINE_WAIT_SECONDS) as lock:
        code = _code(name, project)
        last = next(iter(builds.builds(name)), None)
        lines = _published(name)
        mirrored = {c.name: mirror.mirrored_origin(c.name) for c in sources.of(name)}
        wanted = _fingerprint(code, core, lines, mirrored)
        if last and last.status != "failed" and not force and last.fingerprint == wanted:
            damaged = builds.damage(last)
            if damaged is None:
                log.info("build.reused line=%s build=%s", name, last.id)
                return Outcome(name, last, reused=True)
            log.warning("build.again line=%s build=%s file=%s is damaged or gone", name, last.id, damaged)
        if last:
            _require_whole_mirror(last)
        _check_sources(name, project)
        started, clock = datetime.now(UTC), time.monotonic()
        try:
            made_with = [*([core] if core else []), *lines]
            place = _prepare(name, made_with)
            inputs = {c.name: mirror.origin(place / builds.INPUTS / c.name) for c in sources.of(name)}
            lake = _lake(inputs.values(), made_with)
            result = _dbt(session, name, place, report, lock)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise BuildError(f"The build of '{name}' could not be made: {error}.") from error
        if session.is_stopped:
            raise BuildError(f"The build of '{name}' was told to stop.")
        shutil.rmtree(place / "tmp", ignore_errors=True)
        for file in ("manifest.json", "semantic_manifest.json"):
            with suppress(FileNotFoundError):  # what dbt could not parse has none
                shutil.copyfile(session.target / file, place / file)
        newest_event_on = None if result.failures else _newest_event(name, place, lines)
        frozen = [str(path.relative_to(place)) for path in sorted((place / builds.INPUTS).glob("*/*.parquet"))]
        databases = [f"{part}.duckdb" for part in (name, *(b.line for b in made_with))]
        made = Build(
            line=name,
            id=builds.new_id(started),
            folder=place,
            status="failed" if result.failures else "built",
            created_at=started,
            seconds=round(time.monotonic() - clock, 2),
            as_of=min((b.as_of for b in lines if b.as_of), default=None) if lines else _landed_at(place),
            newest_event_on=newest_event_on,
            core_id=core.id if core else None,
            fingerprint=_fingerprint(code, core, lines, inputs),
            code_version=f"{version('lake')}+{code}",
            inputs={source: held.last for source, held in inputs.items()},
            lake=lake,
            origins={source: held.batches for source, held in inputs.items()},
            made_from={b.line: b.id for b in lines},
            failures=result.failures,
            files=seal(place, [*databases, "manifest.json", "semantic_manifest.json", *frozen]),
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


def _require_whole_mirror(last: Build) -> None:
    """The mirror's files that the last build was made from, which are the same files on disk, are still what they were.

    Raises:
        BuildError: one is damaged: a new build would be made from it too.
    """
    for name, sealed in last.files.items():
        file = Path(name)
        mirrored = settings().mirror / file.relative_to(builds.INPUTS) if file.parts[0] == builds.INPUTS else None
        frozen = last.folder / file
        if (
            mirrored
            and mirrored.exists()
            and frozen.exists()
            and mirrored.samefile(frozen)
            and not sealed.holds(frozen)
        ):
            raise BuildError(
                f"The mirror of '{file.parts[1]}' is damaged: {mirrored.name} is not what was written.",
                remedy=f"Run `lake mirror {file.parts[1]} --full`, then `lake run`.",
            )


def _published(name: str) -> list[Build]:
    """The builds that the group's is made from: what readers see of each line now.

    Raises:
        BuildError: a line has never been published, or its build can't be opened.
    """
    found = {line: builds.published(line) for line in made_from(name)}
    if missing := [line for line, build in found.items() if build is None]:
        raise BuildError(
            f"'{name}' is made from what is published of {', '.join(found)}: of {', '.join(missing)} nothing is yet.",
            remedy=f"Run `lake run {' '.join(missing)} {name}`.",
        )
    whole = [build for build in found.values() if build]
    for build in whole:
        builds.require_readable(build)
    return whole


def outdated(build: Build) -> tuple[str, ...]:
    """The lines of which readers see other data now than what a build of the group was made from; none of a line."""
    now = [found for line in build.made_from if (found := builds.published(line))]
    moved = tuple(found.line for found in now if found.id != build.made_from[found.line])
    core = next((c for c in builds.builds(CORE) if c.id == build.core_id), None) if moved else None
    code = build.code_version.rpartition("+")[2]
    # A line that was built again from the same gives the same: the group's build is used on.
    return moved if moved and _fingerprint(code, core, now, {}) != build.fingerprint else ()


def _prepare(name: str, made_with: Sequence[Build]) -> Path:
    """An empty place with frozen inputs, the other builds' files, and a DuckDB file that shows the inputs."""
    place = builds.building(name)
    shutil.rmtree(place, ignore_errors=True)
    (place / "tmp").mkdir(parents=True)
    for contract in sources.of(name):
        _freeze(contract, place / builds.INPUTS / contract.name)
    for build in made_with:
        _link(build.database, place / build.database.name)
    with duckdb.connect(place / f"{name}.duckdb") as con:
        con.execute(f"set file_search_path = '{_quoted(place)}'")
        sources.create_views(con, sources.of(name), place / builds.INPUTS)
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


def read_project(project: Path = PROJECT) -> dbt.Session:
    """dbt on this project. What it is told is the same for every build, so that it keeps its memory of the project."""
    environment = {
        "LAKE_BUILD_THREADS": str(settings().threads),
        "LAKE_BUILD_MEMORY": f"{settings().memory_gb / _processes():.2f}GB",
    }
    return dbt.Session(project, settings().data / "dbt", environment)


def _dbt(session: dbt.Session, name: str, place: Path, report: Report, lock: int) -> dbt.Result:
    # A test of core must have only core parents: one that joins a line belongs to the line's build.
    selection = ["--indirect-selection", "cautious" if name == CORE else "eager"]
    selection += ["--select", *(f"path:{folder}" for folder in _folders(name))]
    if name in TRADES:  # nor one that joins a line and the group to the line's
        selection += ["--exclude", "path:models/marts/group"]
    return session.run(
        ["build", "--target", name, *selection],
        target=session.target / name,
        log=place / "dbt.log",
        environment={"LAKE_BUILD_FOLDER": str(place)},
        report=lambda node, done, total: report(name, node, done, total),
        inherit=lock,
    )


def _folders(name: str) -> list[str]:
    """Where the models of a build are. The staging of `group` belongs to the core: the group's mart has none."""
    if name == CORE:
        return ["models/core", *(f"models/staging/{line}" for line in sources.CORE_LINES)]
    staging = [] if made_from(name) else [f"models/staging/{name}"]
    return [*staging, f"models/marts/{name}"]


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
    written = [(pq.read_schema(path).metadata or {}) for path in (place / builds.INPUTS).glob("*/*.parquet")]
    found = [datetime.fromisoformat(m[mirror.LANDED_AT].decode()) for m in written if mirror.LANDED_AT in m]
    return max(found, default=None)


def _newest_event(name: str, place: Path, lines: Sequence[Build]) -> date | None:
    """The newest day, today at most, on which an event of the line's sources happened; of the group, the last day that
    each of its lines knows of.

    Opened for writing: if dbt's process did not close its file, the log beside it is written into it here.
    """
    with duckdb.connect(place / f"{name}.duckdb") as con:
        con.execute("checkpoint")
        con.execute(f"set file_search_path = '{_quoted(place)}'")
        dated = [(c.event_time, f"{sources.SCHEMA}.{c.name}") for c in sources.of(name) if c.event_time]
        asked = [f"select max({at})::date from {table} where {at}::date <= current_date" for at, table in dated]
        days = [con.execute(question).fetchall()[0][0] for question in asked]
    if lines:
        return min((b.newest_event_on for b in lines if b.newest_event_on), default=None)
    return max((day for day in days if day), default=None)


def _lake(inputs: Iterable[Origin], made_with: Sequence[Build]) -> str | None:
    """The id of the lake that all of a build's inputs are of.

    Raises:
        ForeignOrigin: they are of several lakes.
    """
    lakes = {id for id in (*(held.lake for held in inputs), *(b.lake for b in made_with)) if id}
    if len(lakes) > 1:
        raise ForeignOrigin(f"What it is made from is of {len(lakes)} lakes.", remedy=REMEDY)
    return next(iter(lakes), None)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
