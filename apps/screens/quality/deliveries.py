"""Deliveries that wait for a person, and columns that they lack or have anew; both are answered here."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from apps.numbers import instant
from apps.screens.quality import data
from apps.screens.quality.confirm import confirm
from apps.screens.quality.quarantine import opened
from apps.session import Session
from apps.words import escaped, say
from lake.land.questions import Question
from lake.land.survey import Doubt
from lake.land.waiting import Waiting
from lake.store import Store


def draw_deliveries(session: Session, line: str | None) -> None:
    language = session.language
    held = opened(session)
    if held is None:
        return
    deliveries = [w for w in data.waiting(held, session) if line in (None, data.line_of(w.source))]
    asked = [q for q in data.questions(held, session) if line in (None, data.line_of(q.source))]
    st.subheader(say("quality.waiting.title", language), anchor=False)
    if not deliveries:
        st.markdown(f":material/verified: {say('quality.waiting.none', language)}")
    for delivery in deliveries:
        _delivery(session, held, delivery)
    st.subheader(say("quality.questions.title", language), anchor=False)
    if not asked:
        st.markdown(f":material/verified: {say('quality.questions.none', language)}")
    for question in asked:
        _question(session, held, question)


def _delivery(session: Session, held: Store, its: Waiting) -> None:
    language = session.language
    with st.container(border=True):
        st.markdown(f"**{escaped(its.name)}** · `{its.source}` · {instant(its.since, language)}")
        st.markdown("\n".join(f"- {escaped(_doubt(session, d))}" for d in its.doubts))
        if its.confirmed_by:
            st.caption(say("quality.waiting.confirmed", language, by=escaped(session.signed(its.confirmed_by))))
        elif st.button(say("quality.waiting.let", language), icon=":material/task_alt:", key=f"let-{its.id}"):
            text = say("quality.waiting.let_text", language, name=escaped(its.name), source=its.source)
            confirm(session, say("quality.waiting.let_title", language), text, lambda: _let(session, held, its))


def _let(session: Session, held: Store, its: Waiting) -> str:
    report = data.let_through(held, session, its)
    if report is None:
        return say("quality.waiting.later", session.language, name=escaped(its.name))
    counts = {"landed": report.landed, "withdrawn": report.withdrawn}
    return say("quality.waiting.landed", session.language, name=escaped(its.name), **counts)


def _doubt(session: Session, doubt: Doubt) -> str:
    scope = doubt.scope or say("quality.waiting.everything", session.language)
    values = {"n": doubt.count, "total": doubt.of, "scope": scope, "newer": doubt.newer, "reason": doubt.reason}
    kind = "older_file" if doubt.kind == "older" and doubt.newer else doubt.kind
    return say(f"quality.waiting.doubt.{kind}", session.language, **values)


def _question(session: Session, held: Store, asked: Question) -> None:
    language = session.language
    key = f"{asked.source}-{asked.kind}-{asked.name}"

    def act(answer: Callable[[], object]) -> Callable[[], str]:
        def run() -> str:
            answer()
            return say("quality.questions.answered", language, name=escaped(asked.name))

        return run

    with st.container(border=True):
        values = {"name": escaped(asked.name), "source": asked.source, "n": asked.files, "last": escaped(asked.last)}
        st.markdown(say(f"quality.questions.{asked.kind}", language, **values))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if asked.beside:
                header = st.selectbox(
                    say("quality.questions.beside", language), asked.beside, index=None, width=260, key=f"alias-{key}"
                )
                if header and st.button(say("quality.questions.alias", language), key=f"do-{key}"):
                    text = say("quality.questions.alias_text", language, header=escaped(header), **values)
                    answer = act(lambda: data.alias(held, session, asked, header))
                    confirm(session, say("quality.questions.alias", language), text, answer)
            if st.button(say("quality.questions.accept", language), key=f"accept-{key}"):
                text = say("quality.questions.accept_text", language, **values)
                confirm(
                    session,
                    say("quality.questions.accept", language),
                    text,
                    act(lambda: data.accept(held, session, asked)),
                )
