"""Which nursery hours could be filled next week? Licensed hours that nobody has booked in a usual week."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from apps.ask import Question, ask, frame, last_day, state
from apps.blocks import empty
from apps.numbers import figure
from apps.prototypes.week import WEEKS, as_grid, usual_week
from apps.session import Session


def draw(session: Session) -> None:
    if state("childcare").published is None:
        empty(session, "no_build", line="childcare")
        return
    last = last_day(session, "childcare_booked_hours")
    if last is None:
        empty(session, "no_rows")
        return
    metrics = ("childcare_capacity_hours", "childcare_booked_hours")
    question = Question(metrics, ("site_name",), since=last - timedelta(weeks=WEEKS), until=last, grain="day")
    week = usual_week(frame(ask(session, question)), "site_name", "childcare_capacity_hours", "childcare_booked_hours")
    if week.empty:
        empty(session, "no_rows")
        return
    free, offered = float(week["free_hours"].sum()), float(week["offered_hours"].sum())
    hours, share = figure(round(free), "hours", session.language), figure(free / offered, "rate", session.language)
    st.markdown(
        session.text(
            f"**{hours} agréées restent libres une semaine ordinaire, soit {share} de la capacité.**",
            f"**{hours} of licensed care stay free in a usual week: {share} of capacity.**",
        )
    )
    grid = as_grid(week, "site_name", session.language)
    columns = {
        d: st.column_config.ProgressColumn(d, format="%.0f h", max_value=float(grid.to_numpy().max())) for d in grid
    }
    columns["site_name"] = session.text("Crèche", "Nursery")
    st.dataframe(grid.reset_index(), hide_index=True, column_config=columns, height="auto")
    st.caption(
        session.text(
            f"Heures agréées moins heures réservées, moyenne des {WEEKS} dernières semaines, jours d'ouverture seuls.",
            f"Licensed hours less booked hours, mean of the last {WEEKS} weeks, opening days only.",
        )
    )
