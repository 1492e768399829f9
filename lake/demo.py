"""The demo: an imaginary group goes the whole way of the data on this machine, and its headline figures are shown.

It does so twice: with what was delivered until a month ago, and with the last month, its late corrections and
deletions. So there is a build before the published one, to compare with and to go back to.

Run again it does the same steps; none of them adds anything twice, so it is over in seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from lake import access, builds, sample, semantic
from lake.land import land
from lake.land.report import COUNTS, Report
from lake.run import Engines, Run, engines
from lake.run import run as run_lines
from lake.semantic import periods
from lake.semantic.written import written
from lake.settings import MARTS, settings
from lake.store import Store
from lake.vault import vault_of

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
    progress = Progress(*columns, TextColumn("{task.fields[what]}"), console=console)
    with progress, engines() as using:
        is_first = not all(builds.published(line) for line in MARTS)
        if is_first:
            using.start()
        files, sampled = _sample(progress, records, seed)
        steps = [sampled]
        if is_first:
            landed, _, ran = _delivered(progress, store, "1", _but_the_last(files), using)
            steps += [landed, *ran]
        whole = {line: [str(files / line)] for line in sample.LINES}
        landed, outcome, ran = _delivered(progress, store, "2", whole, using)
        steps += [landed, *ran]
    _show_steps(console, steps)
    _show_figures(console)
    return outcome


def _delivered(
    progress: Progress, store: Store, name: str, paths: Mapping[str, list[str]], using: Engines
) -> tuple[_Done, Run, list[_Done]]:
    """Land what comes in one delivery, by line, and bring the marts up to it."""
    vault_of(store)  # makes the keys, where there are none, before anybody needs them
    landed = _land(progress, name, paths)
    outcome, steps = _run(progress, store, name, using)
    return landed, outcome, steps


def _but_the_last(files: Path) -> dict[str, list[str]]:
    """What each line had delivered a month ago: so the lake has a past, and what the last month brought can be told."""
    last = set(json.loads((files / "truth.json").read_text("utf-8"))["last_delivery"])
    before = defaultdict(list)
    for path in sorted(p for p in files.glob("*/**/*") if p.is_file()):
        if str(inside := path.relative_to(files)) not in last:
            before[inside.parts[0]].append(str(path))
    return before


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


def _land(progress: Progress, delivery: str, paths: Mapping[str, list[str]]) -> _Done:
    """Land the lines side by side: each source has a lease of its own."""
    task = progress.add_task(f"land {delivery}", total=len(paths), what="")
    began = time.monotonic()
    reports: list[Report] = []
    spawn = multiprocessing.get_context("spawn")  # the store has threads, which do not outlive a fork
    with ProcessPoolExecutor(settings().threads, spawn) as pool:
        longest_first = sorted(paths, key=lambda line: -sample.LINES[line])
        for ended in as_completed([pool.submit(land, paths[line]) for line in longest_first]):
            reports.append(ended.result())
            rows = sum(report.total("read") for report in reports)
            progress.update(task, advance=1, what=f"{rows:,} rows")
    counts = ", ".join(f"{sum(report.total(c) for report in reports):,} {c}" for c in COUNTS)
    files = sum(len(report.files) for report in reports)
    return _Done(f"land {delivery}", f"{files:,} files: {counts}", time.monotonic() - began)


def _run(progress: Progress, store: Store, delivery: str, using: Engines) -> tuple[Run, list[_Done]]:
    tasks: dict[str, TaskID] = {}

    def told(step: str, what: str, done: int, total: int | None) -> None:
        if step not in tasks:
            tasks[step] = progress.add_task(f"{step} {delivery}", what="")
        progress.update(tasks[step], completed=done, total=total, what=what)

    outcome = run_lines(store, MARTS, using=using, report=told)
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
