"""`lake export filoue`: files that the administration asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lake.cli import example
from lake.cli.query import As


def register(app: typer.Typer) -> None:
    shown = example("lake export filoue --site S02-CHI-01 --year 2025 --as childcare-analyst")
    group = typer.Typer(no_args_is_help=True, help="Files that the administration asks for.", epilog=shown)
    group.callback()(lambda: None)  # a group also while it has one command
    group.command(epilog=shown)(filoue)
    app.add_typer(group, name="export")


def filoue(
    site: Annotated[str, typer.Option(help="The nursery, e.g. S14-CHI-01.")],
    year: Annotated[int, typer.Option(min=2000, max=2100, help="Year of care.")],
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="File to write; its usual name, here, unless given."),
    ] = None,
    identities: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The nursery's own CSV of what the lake does not hold: N° adhérent and any of NUMERO_CAF, "
            "NUMERO_DOSSIER_AFC, IDEQU, MATRICULE, CODE_POSTAL_FAMILLE, VILLE_FAMILLE.",
        ),
    ] = None,
    role: As = None,
) -> None:
    """The yearly export of a nursery for the family-benefit fund: one row per child, from attendance and invoices."""
    from lake import access
    from lake.export import filoue

    made = filoue.export(site, year, scope=access.scope(role), identities=identities)
    path = out or Path(made.file_name)
    filoue.write(made, path)
    children = made.table.num_rows
    told = [f"{path}: {children} children of {site} in {year}."]
    if unknown := children - made.identified:
        told.append(
            f"{unknown} without identity: NUMERO_CAF, NUMERO_DOSSIER_AFC, IDEQU and MATRICULE are empty, TOP_ALLOC is "
            "0, the town is that of the member's file. Give the nursery's own file with --identities."
        )
    if made.termless:
        told.append(
            f"{made.termless} without a contract in the lake: REGIME and DATE_NAISSANCE_INDIVIDU are empty, which the "
            "fund refuses."
        )
    print("\n".join(told))
