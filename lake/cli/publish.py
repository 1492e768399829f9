"""`lake publish`, `lake builds` and `lake rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import example
from lake.cli.build import Lines
from lake.cli.quarantine import ROLE, Role
from lake.settings import GROUP, LINES, MARTS


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake publish audio"))(publish)
    app.command(epilog=example("lake builds", "lake builds audio"))(builds)
    app.command(epilog=example("lake rollback audio"))(rollback)


def publish(
    lines: Lines = None,
    build: Annotated[str | None, typer.Option("--build", help="Of the one line named; else its newest.")] = None,
    role: Role = ROLE,
) -> None:
    """Show the newest build of each line to its readers, if its checks passed. What failed leaves all as it was."""
    from lake import access
    from lake import publish as room
    from lake.builds import known_line, newest
    from lake.errors import PublishError

    built = [*LINES, *([GROUP] if newest(GROUP, "built", "passed", "refused", "failed") else [])]
    chosen = [known_line(line) for line in lines or built]
    scope = access.scope(role)
    for line in chosen:
        scope.require("publish", *access.lines_behind(line))
    if build and len(chosen) != 1:
        raise PublishError("--build names a build of one line.", remedy="Name that line.")
    failed = 0
    for line in chosen:
        try:
            print(f"{line}: {room.publish(line, build).id} is published")
        except PublishError as error:
            print(f"{line}: {error}")
            failed = error.exit_code
    raise typer.Exit(failed)


def builds(lines: Lines = None) -> None:
    """The builds that are kept, newest first, with their state; * is the published one."""
    from rich.console import Console
    from rich.table import Table

    from lake import builds as room

    table = Table("line", "", "build", "state", "built (UTC)", "took", "data of (UTC)", "checks", box=None)
    for line in [room.known_line(line) for line in lines or MARTS]:
        current = room.published_id(line)
        for build in room.builds(line):
            checks = build.checks
            table.add_row(
                line,
                "*" if build.id == current else "",
                build.id,
                build.status,
                f"{build.created_at:%Y-%m-%d %H:%M}",
                f"{build.seconds:.1f} s",
                f"{build.as_of:%Y-%m-%d %H:%M}" if build.as_of else "–",
                f"{checks.passed} passed, {checks.warned} warned, {checks.blocked} blocked" if checks else "–",
            )
    Console().print(table)


def rollback(
    line: Annotated[str, typer.Argument(help="The line to take back.")],
    to: Annotated[str | None, typer.Option("--to", help="A build; else the last good one.")] = None,
    role: Role = ROLE,
) -> None:
    """Show an earlier build to the readers of a line."""
    from lake import access
    from lake import publish as room
    from lake.builds import known_line

    access.scope(role).require("publish", *access.lines_behind(known_line(line)))
    print(f"{line}: {room.rollback(known_line(line), to).id} is published")
