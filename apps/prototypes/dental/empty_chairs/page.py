"""Which empty chairs could take the waiting list? Free chair hours of a usual week, by centre and weekday."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from apps.ask import Question, ask, frame, last_day, state
from apps.blocks import empty
from apps.numbers import figure
from apps.prototypes.week import WEEKS, as_grid, usual_week
from apps.session import Session


def draw(session: Session) -> None:
    if state("dental").published is None:
        empty(session, "no_build", line="dental")
        return
    last = last_day(session, "dental_booked_hours")
    if last is None:
        empty(session, "no_rows")
        return
    metrics = ("dental_open_hours", "dental_booked_hours", "dental_expected_appointments")
    question = Question(metrics, ("site_name",), since=last - timedelta(weeks=WEEKS), until=last, grain="day")
    daily = frame(ask(session, question))
    week = usual_week(daily, "site_name", "dental_open_hours", "dental_booked_hours")
    if week.empty:
        empty(session, "no_rows")
        return
    booked, slots = daily["dental_booked_hours"].sum(), daily["dental_expected_appointments"].sum()
    free = float(week["free_hours"].sum())
    hours = figure(round(free), "hours", session.language)
    places = figure(int(free / (booked / slots)) if booked and slots else 0, "count", session.language)
    st.markdown(
        session.text(
            f"**{hours} de fauteuil restent libres une semaine ordinaire : la place d'environ {places} rendez-vous.**",
            f"**{hours} of chair time stay free in a usual week: room for about {places} appointments.**",
        )
    )
    grid = as_grid(week, "site_name", session.language)
    columns = {
        d: st.column_config.ProgressColumn(d, format="%.1f h", max_value=float(grid.to_numpy().max())) for d in grid
    }
    columns["site_name"] = session.text("Centre", "Centre")
    st.dataframe(grid.reset_index(), hide_index=True, column_config=columns, height="auto")
    st.caption(
        session.text(
            f"Moyenne des {WEEKS} dernières semaines, jours d'ouverture seuls ; un créneau dure comme les rendez-vous pris.",
            f"Mean of the last {WEEKS} weeks, opening days only; a slot is as long as the appointments that were booked.",
        )
    )
