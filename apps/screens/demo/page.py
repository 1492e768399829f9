"""Sprint demo: one screen after another, feedback gathered live, and a summary at the end."""

from __future__ import annotations

import streamlit as st

from apps.blocks import guarded, heading
from apps.screens.datalab.data import Shown, board, journal, note_view, screen
from apps.screens.datalab.prototype import draw_opinion
from apps.session import Session
from apps.words import say
from lake.errors import StoreError
from lake.prototypes import sprint_summary


def draw(session: Session) -> None:
    language = session.language
    heading(session, "demo")
    try:
        shown = [s for s in board(session) if s.record.stage != "retired"]
    except StoreError:
        st.warning(say("state.store_down", language), icon=":material/cloud_off:")
        return
    sprints = sorted({s.card.sprint for s in shown}, reverse=True)
    if not sprints:
        st.info(say("demo.none", language))
        return
    sprint = st.selectbox(say("demo.choose", language), sprints, width=260, on_change=_restart)
    of_sprint = [s for s in shown if s.card.sprint == sprint]
    at = min(st.session_state.setdefault("demo-at", 0), len(of_sprint))
    st.progress(at / len(of_sprint), text=_progress(session, at, len(of_sprint)))
    if at < len(of_sprint):
        _screen(session, of_sprint[at])
    else:
        _summary(session, of_sprint, sprint)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(say("demo.previous", language), icon=":material/arrow_back:", disabled=at == 0):
            _go(at - 1)
        if st.button(
            say("demo.next", language), icon=":material/arrow_forward:", type="primary", disabled=at == len(of_sprint)
        ):
            _go(at + 1)


def _progress(session: Session, at: int, total: int) -> str:
    if at == total:
        return say("demo.summary", session.language)
    return say("demo.progress", session.language, n=at + 1, total=total)


def _screen(session: Session, item: Shown) -> None:
    card = item.card
    note_view(session, card)
    st.subheader(card.title.to(session.language), anchor=False)
    st.markdown(f"> {card.hypothesis.to(session.language)}")
    with st.container(border=True):
        guarded(session, lambda: screen(card)(session))
    draw_opinion(session, card)


def _summary(session: Session, of_sprint: list[Shown], sprint: str) -> None:
    try:
        text = sprint_summary([s.card for s in of_sprint], journal(), sprint, session.language)
    except StoreError:
        st.warning(say("state.store_down", session.language), icon=":material/cloud_off:")
        return
    with st.container(border=True):
        st.markdown(text)
    st.download_button(
        say("demo.download", session.language),
        text,
        file_name=f"{sprint}.md",
        mime="text/markdown",
        icon=":material/download:",
    )


def _restart() -> None:
    st.session_state["demo-at"] = 0


def _go(to: int) -> None:
    st.session_state["demo-at"] = to
    st.rerun()
