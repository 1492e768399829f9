"""DataLab: the board of prototypes by stage and sprint; each opens with its card, its screen, feedback and its log."""

from __future__ import annotations

from datetime import date

import streamlit as st

from apps.blocks import empty, heading
from apps.numbers import day
from apps.pages.datalab.data import Shown, board
from apps.pages.datalab.prototype import draw_prototype, rating_of
from apps.session import Session
from apps.words import say
from lake.errors import StoreError
from lake.prototypes import STAGES
from lake.settings import LINES


def draw(session: Session) -> None:
    try:
        shown = board(session)
    except StoreError:
        heading(session, "datalab")
        st.warning(say("state.store_down", session.language), icon=":material/cloud_off:")
        return
    chosen = st.session_state.get("prototype")
    opened = next((s for s in shown if s.card.id == chosen), None)
    if opened:
        if st.button(say("lab.back", session.language), icon=":material/arrow_back:", type="tertiary"):
            del st.session_state["prototype"]
            st.rerun()
        draw_prototype(session, opened)
    else:
        heading(session, "datalab")
        st.caption(say("lab.intro", session.language))
        _board(session, shown)


def _board(session: Session, shown: list[Shown]) -> None:
    language = session.language
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sprint = st.selectbox(
            say("lab.sprint", language),
            [None, *sorted({s.card.sprint for s in shown}, reverse=True)],
            format_func=lambda s: s or say("lab.all_sprints", language),
            width=220,
        )
        line = st.selectbox(
            say("lab.line", language),
            [None, *(x for x in LINES if x in session.lines)],
            format_func=lambda x: say(f"line.{x}", language) if x else say("lab.all_lines", language),
            width=220,
        )
    kept = [s for s in shown if sprint in (None, s.card.sprint) and line in (None, s.card.line)]
    if not kept:
        empty(session, "no_match")
        return
    for column, stage in zip(st.columns(len(STAGES), gap="small"), STAGES, strict=True):
        with column:
            here = [s for s in kept if s.record.stage == stage]
            st.markdown(f"**{say(f'stage.{stage}', language)}** · {len(here)}")
            for item in here:
                _tile(session, item)


def _tile(session: Session, item: Shown) -> None:
    language, card = session.language, item.card
    with st.container(border=True):
        st.caption(f"{say(f'line.{card.line}', language)} · {card.sprint}")
        st.markdown(f"**{card.title.to(language)}**")
        st.caption(f"{rating_of(session, item.record)}  \n{say('lab.views', language, n=item.record.views)}")
        if item.is_overdue(date.today()):
            st.badge(say("lab.overdue", language), icon=":material/event_busy:", color="orange")
        else:
            st.caption(say("lab.kill_on", language, day=day(card.kill_on, language)))
        if st.button(say("lab.open", language), key=f"open-{card.id}", width="stretch"):
            st.session_state["prototype"] = card.id
            st.rerun()
