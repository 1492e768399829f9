"""`lake publish`, `lake builds` and `lake rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lake.cli import example
from lake.cli.build import Lines
from lake.cli.quarantine import ROLE, Role
from lake.settings import GROUP, LINES, MARTS

if TYPE_CHECKING:
    from lake.access import Scope

#: Columns of an id, and of a table that no terminal bounds.
_ID_WIDTH, _PIPE_WIDTH = 25, 200


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
    from lake.errors import BuildError, PublishError

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
            print(f"{line}: {room.publish(line, build, by=_named(scope)).id} is published")
            _say_of_the_group(line)
        except (PublishError, BuildError) as error:
            print(f"{line}: {error}")
            failed = error.exit_code
    raise typer.Exit(failed)


def builds(lines: Lines = None) -> None:
    """The builds that are kept, newest first, with their state; * is the published one.

    Ids are whole, however narrow the terminal; into a file or a pipe, so is every line.
    """
    import sys

    from rich.console import Console
    from rich.table import Table

    from lake import builds as room

    notes: list[str] = []
    table = Table("line", "", box=None)
    table.add_column("build", no_wrap=True, min_width=_ID_WIDTH)
    for header in ("state", "built (UTC)", "took", "data of (UTC)", "checks"):
        table.add_column(header)
    for line in [room.known_line(line) for line in lines or MARTS]:
        current, back = room.published_id(line), room.rolled_back(line)
        notes += [f"{line}: {back}"] if back else []
        for build in room.builds(line):
            checks = build.checks
            table.add_row(
                line,
                "*" if build.id == current else "",
                build.id,
                f"{build.status}, kept away" if back and build.id in back.builds else build.status,
                f"{build.created_at:%Y-%m-%d %H:%M}",
                f"{build.seconds:.1f} s",
                f"{build.as_of:%Y-%m-%d %H:%M}" if build.as_of else "–",
                f"{checks.passed} passed, {checks.warned} warned, {checks.blocked} blocked" if checks else "–",
            )
        for path in room.damaged(line):
            table.add_row(line, "*" if path.name == current else "", path.name, "damaged", "–", "–", "–", "–")
        for path in room.newer(line):
            table.add_row(line, "*" if path.name == current else "", path.name, "of a newer version", *["–"] * 4)
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    console.print(table)
    for note in notes:
        console.print(note, highlight=False, soft_wrap=True)


def rollback(
    line: Annotated[str, typer.Argument(help="The line to take back.")],
    to: Annotated[str | None, typer.Option("--to", help="A build; else the last good one.")] = None,
    role: Role = ROLE,
) -> None:
    """Show an earlier build to the readers of a line, until another one passes or somebody publishes.

    No run shows them again by itself what was rolled back from, nor what is made from the same.
    """
    from lake import access
    from lake import publish as room
    from lake.builds import known_line, rolled_back

    scope = access.scope(role)
    scope.require("publish", *access.lines_behind(known_line(line)))
    print(f"{line}: {room.rollback(line, to, by=_named(scope)).id} is published")
    if held := rolled_back(line):
        print(f"{line}: {held}; it holds until another build passes, or somebody publishes")
    _say_of_the_group(line)


def _named(scope: Scope) -> str:
    return f"{scope.who} as {scope.role.name}"


def _say_of_the_group(line: str) -> None:
    """The group's mart is a build of its own: it can't follow a line before it is made and checked."""
    from lake.build import outdated
    from lake.builds import published

    group = published(GROUP)
    if group and line in outdated(group):
        print(f"{GROUP}: is made from the build of '{line}' that readers saw before; `lake run {GROUP}` makes it anew")
