"""What the DataLab pages ask: cards from their folders, and their journal in MongoDB."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from importlib import import_module

import streamlit as st

from apps.session import Session
from apps.store import store
from lake.errors import StoreError
from lake.prototypes import STAGES, Card, Journal, Record, Stage, cards


@dataclass(frozen=True)
class Shown:
    """A prototype as the board shows it."""

    card: Card
    record: Record

    def is_overdue(self, today: date) -> bool:
        """Past its end date while nobody has decided."""
        return self.record.stage not in ("production", "retired") and today > self.card.kill_on


def journal() -> Journal:
    """The journal, on one connection for the whole portal.

    Raises:
        StoreUnavailable: MongoDB does not answer.
    """
    return Journal(store().prototypes)


def board(session: Session) -> list[Shown]:
    """Every prototype of the viewer's lines, with its record."""
    mine = [c for c in cards() if c.line in session.lines]
    records = journal().records(mine)
    return [Shown(c, records[c.id]) for c in mine]


def next_stage(stage: Stage) -> Stage | None:
    """The stage that promotion leads to; None from production and retired."""
    return None if stage in ("production", "retired") else STAGES[STAGES.index(stage) + 1]


def screen(card: Card) -> Callable[[Session], None]:
    """The prototype's own page."""
    draw: Callable[[Session], None] = import_module(f"apps.prototypes.{card.line}.{card.name}.page").draw
    return draw


def note_view(session: Session, card: Card) -> None:
    """Record that this viewer opened it, once a browser session, or at the next rerun if the lake does not answer: a
    count of views keeps nobody from the screen."""
    seen: set[str] = st.session_state.setdefault("prototypes_seen", set())
    if card.id not in seen:
        with suppress(StoreError):
            journal().viewed(card, who=session.viewer, role=session.role)
            seen.add(card.id)
