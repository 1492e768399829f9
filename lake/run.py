"""A run: land, mirror, build, check and publish a few lines, in order, each line by one run at a time.

What a scheduler can rely on:

- a line is published, unchanged (nothing new since its published build), held (somebody rolled it back, and there is
  nothing but what they rolled back from) or failed; a failed one keeps what was published and does not stop the others;
- the group's mart comes after the lines, and is made from what is published of them: a line that failed is in it as its
  readers see it;
- every run leaves a record, with its steps, durations, counts and outcome, also when it fails; a run that was killed
  is marked so by the next run of one of its lines;
- exit codes: 0 all lines are up to date · 1 a build or another step failed · 3 checks refused a build · 69 MongoDB does
  not answer, or can't now: try again · 75 another run holds a line, try later · 77 MongoDB refuses a right, a user or a
  certificate · 78 the mirror is of another lake, or of another past of this one: a person decides which is right. Of
  several, the first that happened;
- a file that can't be landed stops neither the others nor the lines: the record names it, and the exit code is 65 when
  all lines are up to date but for such files.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from lake import build as building
from lake import builds, mirror, publish, sources
from lake.builds import CORE, Build
from lake.checks import Examiner, check, results
from lake.contracts import Contract
from lake.dbt import Session
from lake.documents import read_as
from lake.errors import CheckFailed, LakeError, LeaseHeld
from lake.land import land
from lake.land.report import COUNTS, FileReport
from lake.settings import GROUP, PROJECT
from lake.store import Store

log = logging.getLogger(__name__)

#: Exit code of a run whose lines are all up to date, but for files that could not be landed.
REFUSED_FILES = 65

#: `held`: what passed is what somebody rolled the line back from, or the same: readers see what they were sent back to.
State = Literal["running", "published", "unchanged", "held", "failed", "killed"]

#: Called as a run goes on: step, what of it, how much is done, of how much (None: not known).
Report = Callable[[str, str, int, int | None], None]

#: How long one run waits for another that mirrors a source which both need.
_MIRROR_WAIT_SECONDS = 1800.0


@dataclass(frozen=True)
class Step:
    """One step of a run. `seconds` is its duration, `counts` its numbers by name, `error` why it failed."""

    name: Literal["land", "mirror", "build", "check", "publish"]
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class LineOutcome:
    """How a run ended for one line. `build` is the one that readers see after it, `note` what else is to be known."""

    state: State
    build: str | None = None
    error: str | None = None
    exit_code: int = 0
    note: str = ""


@dataclass(frozen=True)
class Run:
    """The record of one run. Grain: one start of `run()`. `refused` names files that did not land, and why: those that
    wait for a person too."""

    id: str
    process: str
    started_at: datetime
    ended_at: datetime | None
    state: State
    lines: dict[str, LineOutcome]
    steps: tuple[Step, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The first code that is not 0, in the order of the lines; then what the files say."""
        failed = (line.exit_code for line in self.lines.values() if line.exit_code)
        return next(failed, REFUSED_FILES if self.refused else 0)


@dataclass(frozen=True)
class Engines:
    """dbt and Great Expectations, which take long to start: one of each serves as many runs as there are."""

    dbt: Session
    examiner: Examiner

    def start(self) -> None:
        """Begin to start both; does not wait for them. Without it each starts when it is first needed."""
        self.dbt.start()
        self.examiner.start()


@contextmanager
def engines(project: Path = PROJECT) -> Iterator[Engines]:
    """Engines for runs of this project, which end with it."""
    with building.read_project(project) as session, Examiner() as examiner:
        yield Engines(session, examiner)


def run(
    store: Store,
    lines: Sequence[str],
    *,
    paths: Sequence[str] = (),
    force: bool = False,
    project: Path = PROJECT,
    using: Engines | None = None,
    report: Report = lambda step, what, done, total: None,
) -> Run:
    """Bring lines up to date.

    Args:
        store: the lake.
        lines: business lines and `group`, each once.
        paths: what to land first; nothing unless given.
        force: build also what did not change.
        project: folder of dbt_project.yml and expectations/.
        using: engines of that project; its own unless given.
        report: told as the run goes on.

    Returns:
        the record, which is kept in the lake too. A line's failure is in it and not raised.

    Raises:
        LeaseHeld: another run holds one of the lines; says who. Nothing was done.
        LakeError: a step that all lines need failed (land, mirror of the shared sources, core); kept in the record.
    """
    with ExitStack() as held:
        leases = [held.enter_context(store.lease(f"run:{line}")) for line in lines]
        _mark_killed(store, lines)
        recorder = _Recorder(store, lines)
        try:
            if paths:
                _land(recorder, paths, report)
            with nullcontext(using) if using else engines(project) as tools:
                fresh = _mirror(recorder, store, lines, report, tools)
                stages = [[x for x in fresh if x != GROUP], [x for x in fresh if x == GROUP]]
                for stage in filter(None, stages):
                    built = _build(recorder, stage, force, project, report, tools.dbt)
                    passed = _check(recorder, store, built, project, report, tools.examiner)
                    for lease in leases:
                        lease.check()  # this process may have been asleep: what follows can't be undone
                    _publish(recorder, passed, report)
        except BaseException as error:
            recorder.fail_rest(error)
            raise
        finally:
            recorder.end()
    return recorder.run


def last_runs(store: Store, limit: int = 20) -> list[Run]:
    """The newest runs, the newest first. One that did not end and holds no lease any more was killed."""
    found = [_from_document(d) for d in store.runs.find(limit=limit)]
    held = {holding.name for holding in store.holdings() if not holding.is_over}
    return [_killed(r) if r.state == "running" and not {f"run:{x}" for x in r.lines} & held else r for r in found]


def _killed(run: Run) -> Run:
    lines = {line: replace(one, state="killed") for line, one in run.lines.items() if one.state == "running"}
    return replace(run, state="killed", lines={**run.lines, **lines})


def _mark_killed(store: Store, lines: Sequence[str]) -> None:
    """Who holds a line's lease knows that no other run of it is alive."""
    for document in store.runs.find({"state": "running"}):
        if set(document["lines"]) & set(lines):
            lines_then = {line: {**outcome, "state": "killed"} for line, outcome in document["lines"].items()}
            killed = {**document, "state": "killed", "lines": lines_then}
            store.runs.put(killed.pop("id"), killed)


class _Recorder:
    """Keeps the record in the lake as the run goes on."""

    def __init__(self, store: Store, lines: Sequence[str]) -> None:
        self._store = store
        self.run = Run(
            id=builds.new_id(),
            process=f"process {os.getpid()} on {socket.gethostname()}",
            started_at=datetime.now(UTC),
            ended_at=None,
            state="running",
            lines={line: LineOutcome("running") for line in lines},
        )
        self._put()

    @contextmanager
    def step(self, name: Literal["land", "mirror", "build", "check", "publish"]) -> Iterator[dict[str, int]]:
        """Time a step; the caller fills its counts."""
        counts: dict[str, int] = {}
        began, error = time.monotonic(), None
        try:
            yield counts
        except BaseException as caught:
            error = _why(caught)
            raise
        finally:
            step = Step(name, round(time.monotonic() - began, 2), counts, error)
            self.run = replace(self.run, steps=(*self.run.steps, step))
            log.info("run.step run=%s step=%s seconds=%.1f error=%s", self.run.id, name, step.seconds, error)
            self._put()

    def refused(self, files: Iterable[FileReport]) -> None:
        self.run = replace(self.run, refused=tuple(f"{file.file}: {file.why}" for file in files))

    def line(self, line: str, outcome: LineOutcome) -> None:
        self.run = replace(self.run, lines={**self.run.lines, line: outcome})

    def fail(self, line: str, error: LakeError) -> None:
        self.line(line, LineOutcome("failed", builds.published_id(line), str(error), error.exit_code))

    def fail_rest(self, error: BaseException) -> None:
        code = error.exit_code if isinstance(error, LakeError) else 1
        for line, outcome in self.run.lines.items():
            if outcome.state == "running":
                self.line(line, LineOutcome("failed", builds.published_id(line), _why(error), code))

    def end(self) -> None:
        states = {outcome.state for outcome in self.run.lines.values()}
        state: State = "failed" if "failed" in states else "published" if "published" in states else "unchanged"
        self.run = replace(self.run, state=state, ended_at=datetime.now(UTC))
        log.info("run.done run=%s state=%s", self.run.id, state)
        self._put()

    def _put(self) -> None:
        document = asdict(self.run)
        self._store.runs.put(document.pop("id"), document)


def _land(recorder: _Recorder, paths: Sequence[str], report: Report) -> None:
    total = 0

    def found(files: int, size: int) -> None:
        nonlocal total
        total = size

    done = 0

    def progress(size: int, rows: int) -> None:
        nonlocal done
        done += size
        report("land", "bytes", done, total)

    with recorder.step("land") as counts:
        landed = land(paths, progress=progress, found=found)
        counts.update({what: landed.total(what) for what in COUNTS})
        counts.update(rounded=sum(sum(file.rounded.values()) for file in landed.files))
        counts.update(refused_files=len(landed.refused), waiting_files=len(landed.waiting))
        recorder.refused((*landed.refused, *landed.waiting))


def _mirror(recorder: _Recorder, store: Store, lines: Sequence[str], report: Report, tools: Engines) -> list[str]:
    """Mirror the shared sources and those of each line; returns the lines whose mirror is up to date.

    What is new will be built and checked: the engines start meanwhile.
    """
    fresh = []
    with recorder.step("mirror") as counts:
        counts.update(batches=0, records=0)
        for name in (CORE, *lines):
            try:
                for contract in sources.of(name):
                    report("mirror", contract.name, counts["records"], None)
                    copied = _mirror_one(store, contract)
                    counts["batches"] += copied.batches
                    counts["records"] += copied.records
                    if copied.records:
                        tools.start()
                if name != CORE:
                    fresh.append(name)
            except LakeError as error:
                if name == CORE:
                    raise
                recorder.fail(name, error)
    return fresh


def _mirror_one(store: Store, contract: Contract) -> mirror.Mirrored:
    """Mirror one source, after whoever mirrors it now: two runs share the sources of the core."""
    until = time.monotonic() + _MIRROR_WAIT_SECONDS
    while True:
        try:
            return mirror.mirror(store, contract)
        except LeaseHeld:
            if time.monotonic() >= until:
                raise
            time.sleep(0.5)


def _build(
    recorder: _Recorder, lines: list[str], force: bool, project: Path, report: Report, session: Session
) -> list[Build]:
    with recorder.step("build") as counts:
        outcomes = building.build_lines(
            lines,
            force=force,
            project=project,
            report=lambda line, node, done, total: report("build", f"{line} {node}", done, total),
            session=session,
        )
        counts.update(built=0, reused=0, failed=0)
        for outcome in outcomes:
            counts["failed" if outcome.error else "reused" if outcome.reused else "built"] += 1
            if outcome.error:
                recorder.fail(outcome.line, outcome.error)
    return [outcome.build for outcome in outcomes if outcome.build]


def _check(
    recorder: _Recorder, store: Store, built: list[Build], project: Path, report: Report, examiner: Examiner
) -> list[Build]:
    report("check", ", ".join(b.line for b in built), 0, None)
    with recorder.step("check") as counts:
        checked = check(store, built, project=project, examiner=examiner)
        counts.update(passed=0, warned=0, blocked=0)
        for one in checked:
            assert one.checks is not None
            counts["passed"] += one.checks.passed
            counts["warned"] += one.checks.warned
            counts["blocked"] += one.checks.blocked
            if one.status != "passed":
                recorder.fail(one.line, _refusal(one))
    return [one for one in checked if one.status == "passed"]


def _why(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "It was told to stop."
    return str(error) or type(error).__name__


def _refusal(build: Build) -> CheckFailed:
    blocking = [r for r in results(build) if r.outcome == "blocked"]
    first = "; ".join(f"{r.subject_en}: {r.says_en} ({r.detail})" for r in blocking[:3])
    return CheckFailed(
        f"Build {build.id} of '{build.line}' is refused by {len(blocking)} checks: {first}.",
        remedy=f"All of them are in {build.docs / 'index.html'}.",
    )


def _publish(recorder: _Recorder, passed: list[Build], report: Report) -> None:
    with recorder.step("publish") as counts:
        counts.update(published=0, unchanged=0)
        for one in passed:
            report("publish", one.line, counts["published"], len(passed))
            try:
                before = builds.published_id(one.line)
                shown = publish.publish(one.line, one.id, unattended=True)
            except LakeError as error:
                recorder.fail(one.line, error)
                continue
            state: State = "held" if shown.id != one.id else "unchanged" if before == one.id else "published"
            counts["published" if state == "published" else "unchanged"] += 1
            note = str(builds.rolled_back(one.line) or "") if state == "held" else ""
            recorder.line(one.line, LineOutcome(state, shown.id, note=note))


def _from_document(document: Mapping[str, Any]) -> Run:
    lines = {line: read_as(LineOutcome, outcome) for line, outcome in document["lines"].items()}
    steps = tuple(read_as(Step, step) for step in document["steps"])
    refused = tuple(document.get("refused", ()))
    return read_as(Run, {**document, "lines": lines, "steps": steps, "refused": refused})
