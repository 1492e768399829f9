"""`lake prototype`: the data lab's prototypes from the command line."""

from __future__ import annotations

import typer

from lake.cli import example

prototype = typer.Typer(
    no_args_is_help=True, help="Test&Learn prototypes: list, scaffold, promote, retire, sum up a sprint."
)


def register(app: typer.Typer) -> None:
    app.add_typer(prototype, name="prototype", epilog=example("lake prototype list"))


@prototype.command("list", epilog=example("lake prototype list --lang en"))
def list_(lang: str = typer.Option("fr", "--lang", help="fr or en.")) -> None:
    """Every prototype with its stage, sprint, rating and end date."""
    from rich.console import Console
    from rich.table import Table

    from lake.prototypes import Journal, cards
    from lake.store import open_store

    known = cards()
    with open_store() as store:
        records = Journal(store.prototypes).records(known)
    table = Table("prototype", "title", "sprint", "stage", "rating", "views", "ends on", box=None)
    for card in known:
        record = records[card.id]
        rating = "–" if record.rating is None else f"{record.rating:.1f} ({len(record.feedback)})"
        table.add_row(
            card.id, card.title.to(lang), card.sprint, record.stage, rating, str(record.views), str(card.kill_on)
        )
    Console().print(table)


@prototype.command(epilog=example("lake prototype new audio first_try --owner 'Data lab'"))
def new(
    line: str = typer.Argument(help="audio, dental, optical, childcare or finance."),
    name: str = typer.Argument(help="Lower case, digits and _."),
    owner: str = typer.Option("Data lab", "--owner", help="Who answers for it."),
) -> None:
    """Make a prototype that runs at once: a card to fill in and a first screen."""
    from datetime import date

    from lake.prototypes import scaffold

    made = scaffold(line, name, owner=owner, today=date.today())
    print(f"apps/prototypes/{made.id}/ is ready: fill in prototype.yml, then open the portal's DataLab page.")


@prototype.command(
    epilog=example("lake prototype promote audio/trials_at_risk --why 'Used weekly by 7 of 9 centres' --measured 78")
)
def promote(
    prototype: str = typer.Argument(help="<line>/<name>."),
    why: str = typer.Option(..., "--why", help="The evidence: what was observed, on whom, when."),
    measured: float = typer.Option(..., "--measured", help="The measured value, in the unit of the card's threshold."),
    despite: str = typer.Option("", "--despite", help="Why it goes on although the value misses the threshold."),
    role: str = typer.Option(None, "--as", help="Role of the policy."),
) -> None:
    """Move a prototype to its next stage, on evidence."""
    from lake.access import scope
    from lake.prototypes import Journal, card
    from lake.store import open_store

    who, chosen = scope(role), card(prototype)
    who.require("decide", chosen.line)
    with open_store() as store:
        change = Journal(store.prototypes).promote(chosen, who=who.who, why=why, measured=measured, despite=despite)
    print(f"{prototype}: {change.before} → {change.after}")


@prototype.command(epilog=example("lake prototype retire audio/trials_at_risk --why 'No centre used it after week 3'"))
def retire(
    prototype: str = typer.Argument(help="<line>/<name>."),
    why: str = typer.Option(..., "--why", help="What was observed."),
    role: str = typer.Option(None, "--as", help="Role of the policy."),
) -> None:
    """Take a prototype out of the menus; its card and its log stay."""
    from lake.access import scope
    from lake.prototypes import Journal, card
    from lake.store import open_store

    who, chosen = scope(role), card(prototype)
    who.require("decide", chosen.line)
    with open_store() as store:
        change = Journal(store.prototypes).retire(chosen, who=who.who, why=why)
    print(f"{prototype}: {change.before} → {change.after}")


@prototype.command(epilog=example("lake prototype summary 2025-S50 --lang en"))
def summary(
    sprint: str = typer.Argument(help="For instance 2025-S50."),
    lang: str = typer.Option("fr", "--lang", help="fr or en."),
) -> None:
    """What a sprint's demo said, in Markdown."""
    from lake.prototypes import Journal, cards, sprint_summary
    from lake.store import open_store

    with open_store() as store:
        print(sprint_summary(cards(), Journal(store.prototypes), sprint, lang), end="")
