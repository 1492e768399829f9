"""`lake doctor`."""

from __future__ import annotations

import typer

from lake.cli import example


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake doctor"))(doctor)


def doctor() -> None:
    """What is wrong with the set-up, and what to do. Ends with 1 if something is wrong, 0 with warnings only."""
    from rich.console import Console

    from lake.doctor import examine

    console = Console(highlight=False, soft_wrap=True)
    signs = {"fine": "[green]✓[/]", "warning": "[yellow]![/]", "wrong": "[red]✗[/]"}
    is_wrong = False
    for finding in examine():
        is_wrong = is_wrong or finding.level == "wrong"
        remedy = "" if finding.level == "fine" else f" → {finding.remedy}"
        console.print(f"{signs[finding.level]} {finding.topic}: ", end="")
        console.print(f"{finding.what}{remedy}", markup=False)
    raise typer.Exit(1 if is_wrong else 0)
