"""`lake run` and `lake runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lake.cli import example
from lake.cli.build import Lines

if TYPE_CHECKING:
    from lake.run import Run


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake run", "lake run audio --land incoming/audio"))(run)
    app.command(epilog=example("lake runs"))(runs)


def run(
    lines: Lines = None,
    paths: Annotated[
        list[str] | None, typer.Option("--land", metavar="PATH", help="Land this first; may be given again.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Build also what did not change.")] = False,
) -> None:
    """Land (if asked), mirror, build, check and publish: bring lines up to date. One run at a time per line.

    Exit codes: 0 all lines up to date; 65 too, but files could not be landed; 1 a step failed; 3 checks refused a
    build; 69 MongoDB does not answer; 75 another run holds a line; 78 the mirror is of another lake than MongoDB holds.
    Neither a line that fails, which keeps what was
    published, nor a file that is refused stops the others.
    """
    import signal
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from lake.builds import known_line
    from lake.run import run as run_lines
    from lake.settings import MARTS
    from lake.store import open_store

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leases are freed, the record says why
    chosen = list(dict.fromkeys(known_line(line) for line in lines or MARTS))
    columns = (TextColumn("{task.description:8}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[what]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress, open_store() as store:
        tasks = {}

        def report(step: str, what: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, what="")
            progress.update(tasks[step], completed=done, total=total, what=what)

        done = run_lines(store, chosen, paths=paths or (), force=force, report=report)
    show(done)
    raise typer.Exit(done.exit_code)


def runs(limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 10) -> None:
    """The last runs: when, how long each step took, and how it ended for each line."""
    from lake.run import last_runs
    from lake.store import open_store

    with open_store() as store:
        for one in last_runs(store, limit):
            show(one)


def show(run: Run) -> None:
    """One run: its steps with what they counted and took, then its lines."""
    print(f"run {run.id}  {run.started_at:%Y-%m-%d %H:%M:%S} UTC  {run.state}")
    for step in run.steps:
        counts = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in step.counts.items())
        print(f"  {step.name:8} {step.seconds:7.1f} s  {counts}{'  ' + step.error if step.error else ''}")
    for file in run.refused:
        print(f"  refused   {file}")
    for line, outcome in run.lines.items():
        print(f"  {line:9} {outcome.state:9}  {outcome.error or ' '.join(filter(None, (outcome.build, outcome.note)))}")
