"""`lake check`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import example
from lake.cli.build import Lines


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake check audio"))(check)


def check(
    lines: Lines = None,
    build: Annotated[str | None, typer.Option("--build", help="Of the one line named; else its newest.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Check also what passed already.")] = False,
) -> None:
    """Check builds: expectations, and reconciliation with MongoDB to the cent. Shows what does not hold.

    Ends with 3 if a build may not be published. The whole result is in the build's docs/index.html.
    """
    from rich.console import Console
    from rich.table import Table

    from lake import builds
    from lake.checks import check as check_builds
    from lake.checks import results
    from lake.errors import CheckFailed, PublishError
    from lake.settings import MARTS
    from lake.store import open_store

    named = [builds.known_line(line) for line in lines or ()]
    if build and len(named) != 1:
        raise PublishError("--build names a build of one line.", remedy="Name that line.")
    found = {line: builds.newest(line, "built", "passed", "refused") for line in named or MARTS}
    chosen = [b for b in found.values() if b] if not build else [builds.build(named[0], build)]
    if not chosen or (named and len(chosen) < len(named)):
        raise PublishError("There is no build to check.", remedy="Run `lake build`.")
    console = Console(stderr=True)
    with console.status("Counting in MongoDB, starting Great Expectations…"), open_store() as store:
        checked = check_builds(store, chosen, again=again)
    table = Table("line", "outcome", "subject", "expected", "found", box=None)
    for one in checked:
        for result in results(one):
            if result.outcome != "passed":
                table.add_row(one.line, result.outcome, result.subject_fr, result.says_fr, result.detail)
    if table.row_count:
        Console().print(table)
    for one in checked:
        assert one.checks is not None
        counts = f"{one.checks.passed} passed, {one.checks.warned} warned, {one.checks.blocked} blocked"
        print(f"{one.line}: {one.status}, {counts}; {one.docs / 'index.html'}")
    refused = [one.line for one in checked if one.status == "refused"]
    if refused:
        raise CheckFailed(f"Refused: {', '.join(refused)}.", remedy="What is published stays.")
