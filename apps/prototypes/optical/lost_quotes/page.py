"""Where do quotes die in optics? Euros lost over twelve months by step and reason, and where one could win most back."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.ask import Question, ask_all, frame, last_day, state
from apps.blocks import empty, written
from apps.charts import ranked
from apps.numbers import NOTHING, figure
from apps.session import Session
from apps.values import worded
from lake.semantic.periods import months_to

_METRICS = ("optical_quotes_decided_eur", "optical_quotes_sold_eur", "optical_quotes_decided", "optical_quotes_sold")


def lost(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Euros and quotes decided but not sold. Grain: one member of `by`, the largest loss first."""
    table = table.fillna(dict.fromkeys(_METRICS, 0))  # who sold nothing lost everything
    found = table.assign(
        lost_eur=table["optical_quotes_decided_eur"] - table["optical_quotes_sold_eur"],
        lost_quotes=table["optical_quotes_decided"] - table["optical_quotes_sold"],
    )
    kept = found[found["lost_eur"] > 0].dropna(subset=[by])
    return kept.sort_values("lost_eur", ascending=False, ignore_index=True)


def draw(session: Session) -> None:
    if state("optical").published is None:
        empty(session, "no_build", line="optical")
        return
    last = last_day(session, "optical_quotes_decided")
    if last is None:
        empty(session, "no_rows")
        return
    since, until = months_to(last, 12), last
    splits = ("last_stage", "refusal_reason", "site_name")
    answers = ask_all(session, [Question(_METRICS, (by,), since=since, until=until) for by in splits])
    steps, reasons, shops = (lost(frame(a), by) for a, by in zip(answers, splits, strict=True))
    if steps.empty:
        empty(session, "no_rows")
        return
    total, decided = steps["lost_eur"].sum(), frame(answers[0])["optical_quotes_decided_eur"].sum()
    amount, share = (
        figure(total, "eur", session.language, short=True),
        figure(total / decided, "rate", session.language),
    )
    st.markdown(
        session.text(
            f"**{amount} de devis perdus en douze mois, soit {share} des montants décidés.**",
            f"**{amount} of quotes lost in twelve months: {share} of the amounts decided.**",
        )
    )
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{session.text('Dernière étape atteinte', 'Last step reached')}**")
        st.vega_lite_chart(ranked(worded(steps, session.language), "last_stage", "lost_eur", "eur", session.language))
    with right:
        st.markdown(f"**{session.text('Motif de refus', 'Reason of refusal')}**")
        st.vega_lite_chart(
            ranked(worded(reasons, session.language), "refusal_reason", "lost_eur", "eur", session.language)
        )
    columns = {
        "site_name": session.text("Magasin", "Shop"),
        "lost_eur": session.text("Montant perdu", "Amount lost"),
        "lost_quotes": session.text("Devis perdus", "Quotes lost"),
    }
    shown = written(shops[list(columns)], {"lost_eur": "eur", "lost_quotes": "count"}, session.language)
    st.dataframe(
        shown, hide_index=True, column_order=list(columns), column_config=columns, height="auto", placeholder=NOTHING
    )
