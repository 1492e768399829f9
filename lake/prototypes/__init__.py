"""Test&Learn: a prototype is a folder `apps/prototypes/<line>/<name>/` with a card and a page.

    card.py      the card (`prototype.yml`): what is believed, for whom, how it will be judged
    journal.py   what happened to it, append-only in MongoDB: views, ratings, comments, changes of stage
    summary.py   what a sprint's demo said, in Markdown
    scaffold.py  a new folder that runs at once

Indicators drafted in a prototype and experiments measured against matched sites will be rooms of their own here.
"""

from lake.prototypes.card import FOLDER, STAGES, Card, Stage, Text, card, cards
from lake.prototypes.journal import Change, Feedback, Journal, Record
from lake.prototypes.scaffold import scaffold
from lake.prototypes.summary import sprint_summary

__all__ = [
    "FOLDER",
    "STAGES",
    "Card",
    "Change",
    "Feedback",
    "Journal",
    "Record",
    "Stage",
    "Text",
    "card",
    "cards",
    "scaffold",
    "sprint_summary",
]
