"""One prototype: its card, its screen, the viewer's opinion, and the decision to promote or retire it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from apps.blocks import guarded, number_field
from apps.numbers import day, figure
from apps.screens.datalab.data import Shown, journal, next_stage, note_view, screen
from apps.sentences import in_words
from apps.session import Session
from apps.words import Language, escaped, say
from lake import access
from lake.errors import PrototypeError, StoreError
from lake.prototypes import Card, Record


def draw_prototype(session: Session, item: Shown) -> None:
    language, card = session.language, item.card
    note_view(session, card)
    st.title(card.title.to(language), anchor=False)
    _card(session, item)
    if item.record.stage == "retired":
        st.info(say("lab.retired_note", language), icon=":material/inventory_2:")
    else:
        with st.container(border=True):
            guarded(session, lambda: screen(card)(session))
        draw_opinion(session, card)
        if session.scope.allows("decide", card.line):
            _decision(session, item)
    _log(session, item)


def rating_of(session: Session, record: Record) -> str:
    """The mean rating and how many gave one."""
    if record.rating is None:
        return say("lab.no_rating", session.language)
    mean = figure(round(record.rating, 1), None, session.language)
    return say("lab.rating", session.language, mean=mean, n=len(record.feedback))


@st.fragment
def draw_opinion(session: Session, card: Card) -> None:
    """The fields for a rating and a comment; a viewer's last opinion counts. What was typed stays until it is sent, and
    after, so that sending it twice says the same twice."""
    language = session.language
    with st.container(border=True):
        st.markdown(f"**{say('lab.your_opinion', language)}** — {say('lab.useful', language)}")
        stars = st.feedback("stars", key=f"stars-{card.id}", persist_state="session")
        comment = st.text_area(
            say("lab.comment", language),
            max_chars=2000,
            height=80,
            key=f"comment-{card.id}",
            persist_state="session",
        )
        sent = st.button(say("lab.send", language), key=f"send-{card.id}")
    if not sent:
        return
    if stars is None:
        st.warning(say("lab.rate_first", language))
        return
    try:
        journal().rate(card, who=session.viewer, role=session.role, rating=stars + 1, comment=comment)
    except StoreError as error:
        st.error(f"{say('lab.not_sent', language)} {in_words(error, language)}", icon=":material/cloud_off:")
    else:
        st.success(say("lab.thanks", language), icon=":material/check_circle:")


def _card(session: Session, item: Shown) -> None:
    language, card = session.language, item.card
    success = card.success
    st.markdown(f"> {card.hypothesis.to(language)}")
    left, right = st.columns(2)
    roles = access.policy().roles
    users = ", ".join(roles[r].label(language) if r in roles else r for r in card.key_users)
    threshold = f"{success.measure.to(language)} {_threshold(card, language)}"
    with left:
        st.markdown(f"**{say('lab.decision', language)}** — {card.decision.to(language)}")
        st.markdown(f"**{say('lab.success', language)}** — {threshold}")
    with right:
        st.markdown(f"**{say('lab.owner', language)}** — {card.owner} · **{say('lab.key_users', language)}** — {users}")
        stage = say(f"stage.{item.record.stage}", language)
        kill = say("lab.kill_on", language, day=day(card.kill_on, language))
        st.markdown(
            f"**{stage}** · {say('lab.sprint', language)} {card.sprint} · {kill} · {rating_of(session, item.record)}"
        )


def _decision(session: Session, item: Shown) -> None:
    language, card = session.language, item.card
    after = next_stage(item.record.stage)
    with st.expander(say("lab.move", language), icon=":material/gavel:"), st.form(f"move-{card.id}", border=False):
        why = st.text_area(say("lab.evidence", language), height=80, key=f"why-{card.id}")
        measured = number_field(
            session, say("lab.measured", language, unit=card.success.unit), key=f"measured-{card.id}"
        )
        despite = st.text_area(
            say("lab.despite", language, threshold=_threshold(card, language)), height=80, key=f"despite-{card.id}"
        )
        promoted = after is not None and st.form_submit_button(
            say("lab.promote", language, stage=say(f"stage.{after}", language)), type="primary"
        )
        retired = st.form_submit_button(say("lab.retire", language))
    if not (promoted or retired):
        return
    evidence: dict[str, Any] = {
        "who": session.label,
        "why": why,
        "measured": None if measured is None else float(measured),
    }
    try:
        if not promoted:
            change = journal().retire(card, **evidence)
        elif measured is None:
            st.error(say("lab.measured_first", language))
            return
        else:
            change = journal().promote(card, despite=despite, **evidence)
    except (PrototypeError, StoreError) as error:
        st.error(in_words(error, language))
        return
    st.session_state["lab-moved"] = say(
        "lab.moved", language, title=card.title.to(language), stage=say(f"stage.{change.after}", language)
    )
    st.rerun()


def _threshold(card: Card, language: Language) -> str:
    """At least 4 pts."""
    success = card.success
    return f"{say(f'lab.{success.at}', language)} {figure(success.threshold, None, language)} {success.unit}"


def _log(session: Session, item: Shown) -> None:
    language, changes = session.language, item.record.changes
    if moved := st.session_state.pop("lab-moved", None):
        st.success(moved)
    with st.expander(say("lab.log", language), icon=":material/history:"):
        if not changes:
            st.caption(say("lab.no_log", language))
        for change in reversed(changes):
            before, after = (say(f"stage.{s}", language) for s in (change.before, change.after))
            said = [day(change.at.date(), language), f"{before} → **{after}**"]
            if change.measured is not None:
                said.append(f"{figure(change.measured, None, language)} {item.card.success.unit}")
            st.markdown(" · ".join([*said, change.who]))
            st.text(change.why)
            if change.despite:
                st.markdown(f":material/warning: {say('lab.missed', language, why=escaped(change.despite))}")
