"""A new prototype that runs at once: a card to fill in and a page that already asks the semantic layer."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from string import Template

from lake.errors import PrototypeError, UnknownLine
from lake.prototypes.card import FOLDER, Card, card
from lake.settings import LINES

_TEMPLATES = Path(__file__).parent / "templates"


def scaffold(line: str, name: str, *, owner: str, today: date, folder: Path = FOLDER) -> Card:
    """Write `<folder>/<line>/<name>/` with `prototype.yml` and `page.py`, and return its card.

    Args:
        line: one of the five lines.
        name: lower case, digits and `_`, as a Python module is named.
        owner: who answers for it.
        today: dates the sprint (ISO week) and the kill date (eight weeks on).

    Raises:
        UnknownLine: with the nearest known ones.
        PrototypeError: the name is not one, or the folder exists: nothing is overwritten.
    """
    if line not in LINES:
        raise UnknownLine(line, LINES)
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,40}", name):
        raise PrototypeError(
            f"'{name}' is not a prototype's name.", remedy="Use lower case, digits and _, 3 to 41 characters."
        )
    place = folder / line / name
    if place.exists():
        raise PrototypeError(f"{line}/{name} exists already.", remedy="Choose another name, or edit its folder.")
    year, week, _ = today.isocalendar()
    values = {
        "line": line,
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "sprint": f"{year}-S{week:02d}",
        "owner": json.dumps(owner, ensure_ascii=False),  # what JSON quotes, YAML reads
        "kill_on": (today + timedelta(weeks=8)).isoformat(),
    }
    place.mkdir(parents=True)
    for template in sorted(_TEMPLATES.glob("*.tmpl")):
        text = Template(template.read_text("utf-8")).substitute(values)
        (place / template.name.removesuffix(".tmpl")).write_text(text, "utf-8")
    return card(f"{line}/{name}", folder)
