"""DataLab: the board of prototypes by stage and sprint; each opens with its card, its screen, feedback and its log."""

from __future__ import annotations

from datetime import date

import streamlit as st

from apps.blocks import empty, heading
from apps.numbers import day
from apps.screens.datalab.data import Shown, board
from apps.screens.datalab.prototype import draw_prototype, rating_of
from apps.session import Session
from apps.words import escaped, say, short
from lake.errors import StoreError
from lake.prototypes import STAGES
from lake.settings import LINES

_PER_ROW = 3


def draw(session: Session) -> None:
    try:
        shown = board(session)
    except StoreError:
        heading(session, "datalab")
        st.warning(say("state.store_down", session.language), icon=":material/cloud_off:")
        return
    chosen = st.query_params.get("prototype")
    opened = next((s for s in shown if s.card.id == chosen), None)
    if opened:
        if st.button(say("lab.back", session.language), icon=":material/arrow_back:", type="tertiary"):
            del st.query_params["prototype"]
            st.rerun()
        draw_prototype(session, opened)
    else:
        heading(session, "datalab")
        if chosen:
            text = say("lab.gone", session.language, name=escaped(short(chosen)), who=session.label)
            st.warning(text, icon=":material/lock:")
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
    by_stage = {stage: [s for s in kept if s.record.stage == stage] for stage in STAGES}
    steps = "  →  ".join(f"{say(f'stage.{stage}', language)} **{len(here)}**" for stage, here in by_stage.items())
    st.markdown(steps)
    for stage, here in by_stage.items():
        if here:
            st.subheader(say(f"stage.{stage}", language), anchor=False)
            for start in range(0, len(here), _PER_ROW):
                for column, item in zip(st.columns(_PER_ROW), here[start : start + _PER_ROW], strict=False):
                    with column:
                        _tile(session, item)


def _tile(session: Session, item: Shown) -> None:
    language, card = session.language, item.card
    with st.container(border=True, height="stretch"):
        st.caption(f"{say(f'line.{card.line}', language)} · {card.sprint}")
        st.markdown(f"**{card.title.to(language)}**")
        st.caption(f"{rating_of(session, item.record)} · {say('lab.views', language, n=item.record.views)}")
        if item.is_overdue(date.today()):
            st.badge(say("lab.overdue", language), icon=":material/event_busy:", color="orange")
        else:
            st.caption(say("lab.kill_on", language, day=day(card.kill_on, language)))
        if st.button(say("lab.open", language), key=f"open-{card.id}", width="stretch"):
            st.query_params["prototype"] = card.id
            st.rerun()
