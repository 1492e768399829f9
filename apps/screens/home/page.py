"""Home: how are the five lines doing? Headline indicators, trend, freshness and checks of each, in one look."""

from __future__ import annotations

import streamlit as st

from apps.blocks import chips, empty, heading, indicator_card, link, warnings_of
from apps.numbers import month
from apps.screens.home.data import Summary, summarise
from apps.session import Session
from apps.words import say


def draw(session: Session) -> None:
    heading(session, "home")
    for line in session.lines:
        with st.container(border=True, key=f"home-{line}"):
            _line(session, summarise(session, line))


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
        empty(session, "no_rows")
        return
    for column, item in zip(st.columns(len(summary.headlines)), summary.headlines, strict=True):
        with column:
            indicator_card(session, item.indicator, item.value, item.before, item.trend)
    st.caption(say("period.twelve", language, month=month(summary.until, language)))
