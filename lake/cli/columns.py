"""`lake columns list|accept|alias`: columns that deliveries lack or have anew."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import count_of, example
from lake.cli.quarantine import ROLE, Role

Source = Annotated[str, typer.Argument(help="As 'lake contracts list' names it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="Columns that deliveries lack or have anew: list, accept, alias.",
        epilog=example("lake columns list"),
    )
    group.command("list", epilog=example("lake columns list"))(list_columns)
    group.command("accept", epilog=example("lake columns accept audio_fittings is_renewal"))(accept)
    group.command("alias", epilog=example("lake columns alias audio_fittings is_renewal 'Renouv.'"))(alias)
    app.add_typer(group, name="columns")


def list_columns(
    source: Annotated[str | None, typer.Argument(help="Only this source.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those answered already, too.")] = False,
    role: Role = ROLE,
) -> None:
    """List the optional columns that deliveries lack and the columns that are new, until somebody answers.

    A check warns of them meanwhile. What a file lacks is empty in the figures, never «no».
    """
    from rich.console import Console
    from rich.table import Table

    from lake import access
    from lake.contracts import catalogue, contract
    from lake.land.questions import questions
    from lake.store import open_store

    scope = access.scope(role)
    scope.require("quarantine", contract(source).line if source else None)
    chosen = [contract(source)] if source else [c for c in catalogue().values() if scope.sees(c.line)]
    with open_store() as store:
        found = [q for c in chosen for q in questions(store, c) if every or q.answer is None]
    if not found:
        print("No column is in question.")
        return
    table = Table(show_edge=False, pad_edge=False)
    for title in ("source", "", "column", "newest file", "columns beside it", "answer"):
        table.add_column(title, overflow="fold")
    table.add_column("files", justify="right")
    for q in found:
        table.add_row(q.source, q.kind, q.name, q.last, ", ".join(q.beside), q.answer or "open", f"{q.files:,}")
    Console(markup=False, emoji=False, highlight=False).print(table)


def accept(
    source: Source,
    name: Annotated[str, typer.Argument(help="The field, or with --new the header.")],
    new: Annotated[bool, typer.Option("--new", help="It is a new column, rather than an absent one.")] = False,
    role: Role = ROLE,
) -> None:
    """Say that a column is rightly absent, or rightly new: the check no longer warns of it."""
    from lake import access
    from lake.contracts import contract
    from lake.land import questions
    from lake.store import open_store

    with open_store() as store:
        questions.accept(store, contract(source).name, "new" if new else "absent", name, access.scope(role))
    print(f"{source}: '{name}' is accepted as it is.")


def alias(
    source: Source,
    field: Annotated[str, typer.Argument(help="The field that the column is of.")],
    header: Annotated[str, typer.Argument(help="The column's header in the files.")],
    role: Role = ROLE,
) -> None:
    """Say that a column is that of a field: it is read from the next landing on.

    Files that landed without it are read again when they are delivered again.
    """
    from lake import access
    from lake.contracts import contract
    from lake.land import questions
    from lake.store import open_store

    with open_store() as store:
        files = questions.alias(store, contract(source).name, field, header, access.scope(role))
    print(f"{source}: '{header}' is '{field}'.")
    if files:
        print(f"Land {count_of(len(files), 'file')} again that landed without it: {', '.join(files[:10])}.")
