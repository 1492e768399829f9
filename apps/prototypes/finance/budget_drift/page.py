"""Which lines drift from the budget, and where? The largest unfavourable gaps of the year, structure by structure."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.ask import Question, ask, frame, last_month_end, state
from apps.blocks import empty, written
from apps.numbers import NOTHING, day, figure
from apps.session import Session
from apps.values import worded


def drifts(table: pd.DataFrame) -> pd.DataFrame:
    """Unfavourable gaps, the largest first. Grain: one structure × line of the income statement.

    Amounts are income less costs, so a gap below zero is unfavourable for income and for costs alike.
    """
    amounts = ["finance_compared_amount_eur", "finance_budget_amount_eur"]
    both = table.fillna(dict.fromkeys(amounts, 0.0))  # nothing booked and nothing budgeted are amounts of zero
    gap = both["finance_compared_amount_eur"] - both["finance_budget_amount_eur"]
    found = both.assign(gap_eur=gap, gap_rate=gap / both["finance_budget_amount_eur"].abs().where(lambda v: v > 0))
    return found[found["gap_eur"] < 0].sort_values("gap_eur", ignore_index=True)


def draw(session: Session) -> None:
    build = state("finance").published
    until = last_month_end(session, build, "finance_compared_amount_eur") if build else None
    if until is None:
        empty(session, "no_build", line="finance")
        return
    question = Question(
        ("finance_compared_amount_eur", "finance_budget_amount_eur"),
        ("structure_name", "income_line"),
        since=until.replace(month=1, day=1),
        until=until,
    )
    table = drifts(frame(ask(session, question)))
    if table.empty:
        empty(session, "no_rows")
        return
    table = worded(table, session.language)
    worst = table.iloc[0]
    amount = figure(worst["gap_eur"], "eur", session.language, short=True)
    st.markdown(
        session.text(
            f"**La plus grande dérive au {day(until, 'fr')} : {worst['structure_name']}, {worst['income_line']}, {amount}.**",
            f"**The largest drift to {day(until, 'en')}: {worst['structure_name']}, {worst['income_line']}, {amount}.**",
        )
    )
    columns = {
        "structure_name": session.text("Structure", "Structure"),
        "income_line": session.text("Poste", "Line"),
        "gap_eur": session.text("Écart", "Gap"),
        "gap_rate": session.text("Écart %", "Gap %"),
        "finance_compared_amount_eur": session.text("Réalisé", "Actual"),
        "finance_budget_amount_eur": session.text("Budget", "Budget"),
    }
    units = {name: "rate" if name.endswith("_rate") else "eur" for name in list(columns)[2:]}
    shown = written(table[list(columns)], units, session.language)
    st.dataframe(
        shown, hide_index=True, column_order=list(columns), column_config=columns, height="auto", placeholder=NOTHING
    )
    st.caption(
        session.text(
            "Produits moins charges, du 1er janvier à la fin du dernier mois complet ; un écart négatif est défavorable.",
            "Income less costs, from 1 January to the end of the last complete month; a gap below zero is unfavourable.",
        )
    )
