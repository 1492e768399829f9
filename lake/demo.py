"""The demo: an imaginary group goes the whole way of the data on this machine, and its headline figures are shown.

It does so twice: with what was delivered until a month ago, and with the last month, its late corrections and
deletions. So there is a build before the published one, to compare with and to go back to.

Run again it does the same steps; none of them adds anything twice, so it is over in seconds.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from lake import access, builds, sample, semantic
from lake.land import land
from lake.land.report import COUNTS
from lake.run import Run
from lake.run import run as run_lines
from lake.semantic import periods
from lake.semantic.written import written
from lake.settings import MARTS, settings
from lake.store import Store

#: Headline indicators shown per line.
_SHOWN = 2


@dataclass(frozen=True)
class _Done:
    """One step as the last table shows it. `seconds` is its duration."""

    step: str
    what: str
    seconds: float


def run(store: Store, console: Console, *, records: int, seed: int) -> Run:
    """Bring the demo up to date and print what each step did and took.

    Raises:
        LakeError: a step failed; what was published before stays.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description:8}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[what]}"), console=console) as progress:
        files, sampled = _sample(progress, records, seed)
        steps = [sampled]
        if not all(builds.published(line) for line in MARTS):
            landed, _, ran = _delivered(progress, store, "1", _but_the_last(files))
            steps += [landed, *ran]
        landed, outcome, ran = _delivered(progress, store, "2", [files])
        steps += [landed, *ran]
    _show_steps(console, steps)
    _show_figures(console)
    return outcome


def _delivered(progress: Progress, store: Store, name: str, paths: list[Path]) -> tuple[_Done, Run, list[_Done]]:
    """Land what comes in one delivery, and bring the marts up to it."""
    landed = _land(progress, name, paths)
    outcome, steps = _run(progress, store, name)
    return landed, outcome, steps


def _but_the_last(files: Path) -> list[Path]:
    """What the group had delivered a month ago: so the lake has a past, and what the last month brought can be told."""
    last = set(json.loads((files / "truth.json").read_text("utf-8"))["last_delivery"])
    return sorted(p for p in files.glob("*/**/*") if p.is_file() and str(p.relative_to(files)) not in last)


def _sample(progress: Progress, records: int, seed: int) -> tuple[Path, _Done]:
    folder = settings().data / "sample" / f"{records}-{seed}"
    task = progress.add_task("sample", total=len(sample.LINES), what="")
    began = time.monotonic()
    if not folder.exists():
        draft = folder.with_name(f".{folder.name}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)

        def told(line: str, files: int) -> None:
            progress.update(task, advance=1, what=f"{line}, {files:,} files")

        sample.generate(draft, records, seed, progress=told)
        draft.rename(folder)
        what = "written"
    else:
        what = "there already"
    progress.update(task, completed=len(sample.LINES))
    return folder, _Done("sample", f"{records:,} records, seed {seed}: {what}", time.monotonic() - began)


def _land(progress: Progress, delivery: str, paths: list[Path]) -> _Done:
    task = progress.add_task(f"land {delivery}", total=None, what="")
    rows = 0

    def told(size: int, new_rows: int) -> None:
        nonlocal rows
        rows += new_rows
        progress.update(task, advance=size, what=f"{rows:,} rows")

    report = land([str(path) for path in paths], progress=told, found=lambda _, size: progress.update(task, total=size))
    progress.update(task, completed=progress.tasks[task].total or 0)
    counts = ", ".join(f"{report.total(c):,} {c}" for c in COUNTS)
    return _Done(f"land {delivery}", f"{len(report.files):,} files: {counts}", report.seconds)


def _run(progress: Progress, store: Store, delivery: str) -> tuple[Run, list[_Done]]:
    tasks: dict[str, TaskID] = {}

    def told(step: str, what: str, done: int, total: int | None) -> None:
        if step not in tasks:
            tasks[step] = progress.add_task(f"{step} {delivery}", what="")
        progress.update(tasks[step], completed=done, total=total, what=what)

    outcome = run_lines(store, MARTS, report=told)
    steps = [
        _Done(f"{s.name} {delivery}", ", ".join(f"{n:,} {what}" for what, n in s.counts.items()), s.seconds)
        for s in outcome.steps
    ]
    return outcome, steps


def _show_steps(console: Console, steps: list[_Done]) -> None:
    table = Table("step", "what", "seconds", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for step in steps:
        table.add_row(step.step, step.what, f"{step.seconds:.1f}")
    console.print(table)


def _show_figures(console: Console) -> None:
    """The headline indicators of each mart, over the last twelve months of its data."""
    scope = access.scope()
    table = Table("line", "indicator", "value", "build", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for line in MARTS:
        shown = [i for i in semantic.metrics(line, scope=scope) if i.headline][:_SHOWN]
        if not shown:
            table.add_row(line, "no published build", "–", "–")
            continue
        build = builds.published(line)
        newest = build.newest_event_on if build else None
        since = periods.months_to(newest, 12) if newest else None
        answer = semantic.query([i.name for i in shown], since=since, until=newest, scope=scope)
        (row,) = answer.table.to_pylist()
        for column in answer.columns:
            table.add_row(line, column.label_en, written(row[column.name], column, "en"), answer.builds[0].id)
    console.print(table)
