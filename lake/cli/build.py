"""`lake build`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import example
from lake.settings import LINES

#: The lines that a command is about.
Lines = Annotated[
    list[str] | None, typer.Argument(metavar="[LINE]…", help="Lines, or group; all of them unless named.")
]


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake build audio", "lake build audio --force"))(build)


def build(
    lines: Annotated[
        list[str] | None, typer.Argument(metavar="[LINE]…", help="Lines, or group; the five lines unless named.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Build also what did not change since its last build.")
    ] = False,
) -> None:
    """Build marts from the mirror, each into a new file. What is published stays as it is.

    The shared dimensions are built first. A line whose inputs and models did not change is not built again. The group's
    mart is made from what is published of the lines, so it is built when it is named, or by `lake run`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from lake import builds
    from lake.build import build_lines

    chosen = [builds.known_line(line) for line in lines or LINES]
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[node]}"), console=console) as progress:
        tasks = {line: progress.add_task(line, total=None, node="") for line in (builds.CORE, *chosen)}

        def report(line: str, node: str, done: int, total: int) -> None:
            progress.update(tasks[line], completed=done, total=total, node=node)

        outcomes = build_lines(chosen, force=force, report=report)
    for outcome in outcomes:
        if outcome.build:
            what = "unchanged since" if outcome.reused else f"built in {outcome.build.seconds:.1f} s as"
            print(f"{outcome.line}: {what} {outcome.build.id}")
        else:
            print(f"{outcome.line}: {outcome.error}")
    failed = [outcome.error for outcome in outcomes if outcome.error]
    if failed:
        raise typer.Exit(failed[0].exit_code)
