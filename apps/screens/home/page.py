"""Home: how are the viewer's lines doing? Headline indicators, trend, freshness and checks of each, in one look; then
what moved most since the week before, and where."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from apps.ask import headline
from apps.blocks import chips, empty, heading, indicator_card, link, warnings_of, without_data
from apps.numbers import change, day, figure, month, places
from apps.screens.home.data import Summary, moved, summarise
from apps.screens.home.moves import Contribution
from apps.session import Session
from apps.words import Language, say

#: Keeps a sign and its figure on one line.
_JOINED = "\u2060"


def draw(session: Session) -> None:
    heading(session, "home_one" if len(session.lines) == 1 else "home")
    moves = {}
    for line in session.lines:
        with st.container(border=True, key=f"home-{line}"):
            summary = summarise(session, line)
            _line(session, summary)
            if summary.until is not None:
                moves[line] = st.container()
    for line, place in moves.items():  # after all the headlines, which must not wait for them
        with place:
            _moved(session, line)


def _line(session: Session, summary: Summary) -> None:
    language = session.language
    with st.container(horizontal=True, vertical_alignment="center", wrap=True):
        st.page_link(link(summary.line), label=f"**{say(f'line.{summary.line}', language)}**")
        chips(session, summary.state)
    warnings_of(session, summary.state)
    if summary.state.kind == "none":
        empty(session, "no_build", line=summary.line)
        return
    if summary.until is None:
        st.caption(f":material/inbox: {without_data(session)}")
        return
    for column, item in zip(st.columns(len(summary.headlines)), summary.headlines, strict=True):
        with column:
            indicator_card(session, item.indicator, item.value, item.before, item.trend, item.cases)
    st.caption(say("period.twelve", language, month=month(summary.until, language)))


def _moved(session: Session, line: str) -> None:
    language = session.language
    move = moved(session, line)
    if move is None:
        return
    indicator = next(i for i in headline(session, line) if i.name == move.metric)
    rate = None if move.is_small else change(move.value, move.before, indicator.unit, language)
    said = say(
        "home.moved",
        language,
        label=indicator.label(language),
        value=figure(move.value, indicator.unit, language, short=True),
        monday=day(move.monday, language),
        change=_signed(move.change, indicator.unit, language),
        rate=rate.replace("-", "−") if rate else say("home.small" if move.before else "home.new", language),
    )
    structures, sites = (_places(places, indicator.unit, language) for places in (move.structures, move.sites))
    if structures or sites:
        key = "where" if structures and sites else "where_structures" if structures else "where_sites"
        said = f"{said} {say(f'home.{key}', language, structures=structures, sites=sites)}"
    st.markdown(said)


def _places(those: Sequence[Contribution], unit: str, language: Language) -> str:
    decimals = places([place.change for place in those], unit)
    return ", ".join(
        say("home.place", language, name=place.name, change=_signed(place.change, unit, language, decimals))
        for place in those
    )


def _signed(value: float, unit: str, language: Language, decimals: int | None = None) -> str:
    return ("+" if value > 0 else "−") + _JOINED + figure(abs(value), unit, language, short=True, decimals=decimals)
