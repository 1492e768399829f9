"""`lake parameters list|show|load`: the legal amounts and rates that indicators rest on, and how sure they are."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lake.cli import count_of, example
from lake.cli.query import Lang, Language, print_table

if TYPE_CHECKING:
    from lake.semantic import Parameter

#: The statuses, the surest first, in both languages, and as a file to load spells them.
_STATUSES = {"official": "officiel", "secondary": "secondaire", "unverified": "non vérifié"}


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="Legal amounts and rates by date, with their source and status.",
        epilog=example("lake parameters list"),
    )
    group.command("list", epilog=example("lake parameters list"))(list_parameters)
    group.command(
        "show",
        epilog=example(
            "lake parameters show childcare_psu_ceiling --csv > parametres_psu.csv",
            "lake parameters show childcare_psu_ceiling",
        ),
    )(show)
    group.command("load", epilog=example("lake parameters load parametres_psu.csv"))(load)
    app.add_typer(group, name="parameters")


def list_parameters(lang: Language = Lang.fr) -> None:
    """Every parameter: how many values it has, how sure the least sure is, and who gave them."""
    from lake import semantic

    columns = ("parameter", "", "values", "status", "origin") if lang is Lang.en else (
        "paramètre", "", "valeurs", "statut", "origine")  # fmt: skip
    found = semantic.parameters()
    rows = []
    for name in dict.fromkeys(p.name for p in found):
        own = [p for p in found if p.name == name]
        statuses = [status for status in _STATUSES if any(p.status == status for p in own)]
        told = ", ".join(f"{_status(s, lang)} {sum(p.status == s for p in own)}" for s in statuses)
        origins = ", ".join(_origin(o, lang) for o in dict.fromkeys(p.origin for p in own))
        rows.append([name, own[0].label(lang.value), str(len(own)), told, origins])
    print_table({title: place == 2 for place, title in enumerate(columns)}, rows)


def show(
    name: Annotated[str, typer.Argument(metavar="PARAMETER", help="As 'lake parameters list' names it.")],
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Write the values as a file to correct and load, in French spelling.")
    ] = False,
    lang: Language = Lang.fr,
) -> None:
    """Every value of one parameter, with its days, its source and its status."""
    from lake import semantic
    from lake.errors import UnknownParameter

    found = semantic.parameters()
    own = [p for p in found if p.name == name]
    if not own:
        raise UnknownParameter(name, {p.name for p in found}, remedy="See `lake parameters list`.")
    if as_csv:
        _write(own)
        return
    print(own[0].label(lang.value))
    columns = ("subject", "territory", "from", "to", "value", "unit", "status", "origin", "source")
    if lang is Lang.fr:
        columns = ("objet", "territoire", "du", "au", "valeur", "unité", "statut", "origine", "source")
    rows = [
        [
            p.subject,
            p.territory,
            p.valid_from.isoformat(),
            p.valid_to.isoformat() if p.valid_to else "",
            _plain(p),
            p.unit,
            _status(p.status, lang),
            _origin(p.origin, lang),
            p.source,
        ]
        for p in own
    ]
    print_table({title: title in ("value", "valeur") for title in columns}, rows)


def load(
    file: Annotated[str, typer.Argument(help="CSV as 'lake parameters show PARAMETER --csv' writes it.")],
) -> None:
    """Load official values: they hold on their days in the place of the shipped ones, from the next run on.

    They are a delivery like any other: kept, dated, and withdrawn by a row with S in the column Op. Exits with 1 if the
    file or one of its rows was refused.
    """
    from rich.console import Console

    from lake.cli.land import show as show_report
    from lake.land import land

    report = land([file], source="group_parameters")
    show_report(report, Console(markup=False, emoji=False, highlight=False))
    if landed := report.total("landed"):
        print(f"{count_of(landed, 'value')} loaded. Figures follow with the next `lake run`.")
    if report.refused or report.total("quarantined"):
        raise typer.Exit(1)


def _status(status: str, lang: Lang) -> str:
    return status if lang is Lang.en else _STATUSES[status]


def _origin(origin: str, lang: Lang) -> str:
    return origin if lang is Lang.en else {"shipped": "livré", "loaded": "chargé"}[origin]


def _plain(parameter: Parameter) -> str:
    """The value without the zeros that its type adds, with two decimals at least of an amount."""
    text = f"{parameter.value.normalize():f}"
    return (
        f"{parameter.value:.2f}" if parameter.unit == "eur" and parameter.value == round(parameter.value, 2) else text
    )


def _write(values: Sequence[Parameter]) -> None:
    """The file that the contract `group_parameters` reads: the shipped values, to be corrected."""
    writer = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    writer.writerow(["Paramètre", "Objet", "Territoire", "Du", "Au", "Valeur", "Unité", "Statut", "Source", "Op"])
    for p in values:
        until = p.valid_to.strftime("%d/%m/%Y") if p.valid_to else ""
        days = (p.valid_from.strftime("%d/%m/%Y"), until)
        value = _plain(p).replace(".", ",")
        writer.writerow([p.name, p.subject, p.territory, *days, value, p.unit, _STATUSES[p.status], p.source, ""])
