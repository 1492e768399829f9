"""The statement in the columns that the reader chose: budget and last year, month and year to date, or places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from apps.address import Filters
from apps.numbers import month
from apps.screens.finance import data
from apps.screens.finance.data import Choice, Level
from apps.screens.finance.period import Period
from apps.screens.finance.statement import Row, statement
from apps.screens.finance.table import Block, Place, html, places
from apps.session import Session
from apps.words import Language, say


def draw_statement(session: Session, rows: Sequence[Row], choice: Choice, *, thousands: bool, has_many: bool) -> None:
    """The statement. `rows` are those of the choice; `has_many` structures can be set side by side, and the sites of
    those that are chosen, or of the only one."""
    language = session.language
    filters = Filters("finance")
    by_structure = ("structure",) if has_many and len(choice.structures) != 1 else ()
    by_site = ("site",) if choice.structures or not has_many else ()
    views = ("compare", "both", *by_structure, *by_site)
    view = st.segmented_control(
        say("finance.view", language),
        views,
        required=True,
        format_func=lambda v: say(f"finance.views.{v}", language),
        key=filters.one("view", views, "compare"),
    )
    filters.settle(session)
    if view in ("structure", "site"):
        st.html(places(rows, _places(session, choice, view), language, thousands=thousands))
        st.caption(say("finance.by_place", language, period=_title(choice, choice.period, language)))
        if view == "site" and not choice.sites:
            st.caption(say("finance.head_office", language))
        return
    blocks = [_block(rows, choice, language)]
    if view == "both":
        spans = [replace(choice, span=span) for span in ("month", "to_date")]
        blocks = [_block(statement(data.lines(session, span)[0]), span, language) for span in spans]
    st.html(html(blocks, language, thousands=thousands))
    st.caption(say("finance.signs", language))
    if any(row.budget is not None for row in rows):
        _say_one_sided(rows, language)


def _say_one_sided(rows: Sequence[Row], language: Language) -> None:
    """Which lines the budget lacks, and what follows for the results: of parts that it lacks whole, and others; and
    which it has while nothing is booked yet, as what is posted once a year."""
    unplanned = list(dict.fromkeys(line.label(language) for row in rows for line in row.unplanned))
    lines = [row.line.label(language) for row in rows if row.line and row.actual and row.budget is None]
    others = [line for line in lines if line not in unplanned]
    unbooked = [row.line.label(language) for row in rows if row.line and row.budget and not row.actual]
    for key, named in (("unplanned", unplanned), ("unbudgeted", others), ("unbooked", unbooked)):
        if named:
            st.caption(say(f"finance.{key}", language, lines=", ".join(named)))


def _block(rows: Sequence[Row], choice: Choice, language: Language) -> Block:
    now, before = (_title(choice, period, language) for period in (choice.period, choice.period.year_before))
    return Block(rows, now, before)


def _title(choice: Choice, period: Period, language: Language) -> str:
    words = "month" if period.is_one_month else choice.span
    title = say(f"finance.period.{words}", language, month=month(period.until, language), year=period.until.year)
    return title[:1].upper() + title[1:]


def _places(session: Session, choice: Choice, level: Level) -> list[Place]:
    """Places in the order of their ids; two of one name keep theirs."""
    found = data.by_place(session, choice, level)
    count = Counter(name for _, name in found)
    return [
        Place(name if count[name] == 1 else f"{name} ({key})", {row.key: row.actual for row in statement(lines)})
        for (key, name), lines in found.items()
    ]
