"""Which trials under way may come to nothing? Whom to call before the 30 days are over."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from apps.ask import Question, ask_all, frame, last_day, state
from apps.blocks import empty, written
from apps.numbers import NOTHING, figure
from apps.prototypes.audio.trials_at_risk.logic import ALIKE, ranked
from apps.session import Session
from apps.values import worded
from lake.semantic import Filter
from lake.semantic.periods import months_to


def draw(session: Session) -> None:
    if state("audio").published is None:
        empty(session, "no_build", line="audio")
        return
    last = last_day(session, "audio_trials_started")
    if last is None:
        empty(session, "no_rows")
        return
    history = Question(
        ("audio_trials_closed", "audio_trials_fitted"), tuple(ALIKE), since=months_to(last, 24), until=last
    )
    under_way = Question(
        ("audio_trials_started",),
        ("audio_trial", "started_on", "site_name", "audiologist_code", *ALIKE),
        where=(Filter("outcome", "=", ("open",)),),
        since=last - timedelta(days=60),
        until=last,
    )
    closed, open_trials = (frame(a) for a in ask_all(session, [history, under_way]))
    if open_trials.empty:
        empty(session, "no_rows")
        return
    table = ranked(open_trials, closed, pd.Timestamp(last))
    expected = figure(round(table["risk"].sum()), "count", session.language)
    st.markdown(
        session.text(
            f"**{len(table)} essais en cours ; {expected} devraient ne pas aboutir** si rien ne change. Les plus à risque :",
            f"**{len(table)} trials under way; {expected} are expected to come to nothing** if nothing changes. Riskiest first:",
        )
    )
    columns = {
        "risk": session.text("Risque", "Risk"),
        "days": session.text("Jours d'essai", "Days on trial"),
        "site_name": session.text("Centre", "Centre"),
        "audiologist_code": session.text("Audioprothésiste", "Audiologist"),
        "audio_trial": session.text("Essai", "Trial"),
        "device_class": session.text("Classe", "Class"),
        "ears": session.text("Oreilles", "Ears"),
        "person_age_band": session.text("Âge", "Age"),
    }
    shown = written(worded(table, session.language), {"risk": "rate", "days": "count"}, session.language)
    st.dataframe(
        shown, hide_index=True, column_order=list(columns), column_config=columns, height="auto", placeholder=NOTHING
    )
    st.caption(
        session.text(
            "Risque : part des essais clos sans appareillage sur deux ans, parmi ceux de même classe, oreilles et âge.",
            "Risk: share of trials closed without a fitting over two years, among those of the same class, ears and age.",
        )
    )
