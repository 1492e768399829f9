"""One prototype: its card, its screen, the viewer's opinion, and the decision to promote or retire it."""

from __future__ import annotations

import streamlit as st

from apps.blocks import guarded
from apps.numbers import day, figure
from apps.screens.datalab.data import Shown, journal, next_stage, note_view, screen
from apps.sentences import in_words
from apps.session import Session
from apps.words import say
from lake import access
from lake.errors import PrototypeError
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
    _log(session, item.record)


def rating_of(session: Session, record: Record) -> str:
    """The mean rating and how many gave one."""
    if record.rating is None:
        return say("lab.no_rating", session.language)
    mean = figure(round(record.rating, 1), None, session.language)
    return say("lab.rating", session.language, mean=mean, n=len(record.feedback))


def draw_opinion(session: Session, card: Card) -> None:
    """The form that collects a rating and a comment; a viewer's last one counts."""
    language = session.language
    with st.form(f"opinion-{card.id}", clear_on_submit=True, border=True):
        st.markdown(f"**{say('lab.your_opinion', language)}** — {say('lab.useful', language)}")
        stars = st.feedback("stars", key=f"stars-{card.id}")
        comment = st.text_area(say("lab.comment", language), max_chars=2000, height=80)
        sent = st.form_submit_button(say("lab.send", language))
    if sent and stars is None:
        st.warning(say("lab.rate_first", language))
    elif sent and stars is not None:
        journal().rate(card, who=session.viewer, role=session.role, rating=stars + 1, comment=comment)
        st.success(say("lab.thanks", language), icon=":material/check_circle:")


def _card(session: Session, item: Shown) -> None:
    language, card = session.language, item.card
    success = card.success
    st.markdown(f"> {card.hypothesis.to(language)}")
    left, right = st.columns(2)
    roles = access.policy().roles
    users = ", ".join(roles[r].label(language) if r in roles else r for r in card.key_users)
    at, value = say(f"lab.{success.at}", language), figure(success.threshold, None, language)
    threshold = f"{success.measure.to(language)} {at} {value} {success.unit}"
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
        why = st.text_area(say("lab.evidence", language), height=80)
        unit = card.success.unit
        measured = st.number_input(say("lab.measured", language, unit=unit), value=None, placeholder="–")
        promoted = after is not None and st.form_submit_button(
            say("lab.promote", language, stage=say(f"stage.{after}", language)), type="primary"
        )
        retired = st.form_submit_button(say("lab.retire", language))
    if not (promoted or retired):
        return
    try:
        if promoted:
            if measured is None:
                raise PrototypeError(say("lab.measured", language, unit=unit) + " ?")
            change = journal().promote(card, who=session.label, why=why, measured=measured)
        else:
            change = journal().retire(card, who=session.label, why=why, measured=measured)
    except PrototypeError as error:
        st.error(in_words(error, language))
        return
    st.session_state["lab-moved"] = say(
        "lab.moved", language, title=card.title.to(language), stage=say(f"stage.{change.after}", language)
    )
    st.rerun()


def _log(session: Session, record: Record) -> None:
    language = session.language
    if moved := st.session_state.pop("lab-moved", None):
        st.success(moved)
    with st.expander(say("lab.log", language), icon=":material/history:"):
        if not record.changes:
            st.caption(say("lab.no_log", language))
        for change in reversed(record.changes):
            before, after = (say(f"stage.{s}", language) for s in (change.before, change.after))
            measured = "" if change.measured is None else f" · {figure(change.measured, None, language)}"
            st.markdown(f"{day(change.at.date(), language)} · {before} → **{after}**{measured} · {change.who}")
            st.text(change.why)
