"""A usual week: means by weekday over the last weeks, for prototypes that fill what stays empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import streamlit as st
from babel.dates import get_day_names

from apps.ask import Question, ask, frame, last_day, state
from apps.blocks import empty
from apps.numbers import figure, locale
from apps.session import Session
from apps.words import Language

#: Weeks over which a usual week is told.
WEEKS = 8


def usual_week(daily: pd.DataFrame, who: str, offered: str, taken: str) -> pd.DataFrame:
    """Mean free hours a weekday. Grain: one `who` × weekday (0 Monday).

    `daily` has one row a `who` and day (`metric_time`), with hours `offered` and `taken`. Days without an offer
    (closed) don't count; more taken than offered is no free hour, and is not set against another day's.
    """
    open_days = daily[daily[offered].fillna(0) > 0].copy()
    open_days["weekday"] = pd.to_datetime(open_days["metric_time"]).dt.day_of_week
    open_days["free_hours"] = (open_days[offered] - open_days[taken].fillna(0)).clip(lower=0)
    means = open_days.groupby([who, "weekday"], as_index=False)[["free_hours", offered]].mean()
    return means.rename(columns={offered: "offered_hours"})


def as_grid(week: pd.DataFrame, who: str, language: Language) -> pd.DataFrame:
    """Free hours with one row a `who`, the most free first, and one column a weekday that has any; a day on which it is
    never open has none, which is not the 0 of a full one."""
    names = get_day_names("abbreviated", locale=locale(language))
    grid = week.pivot(index=who, columns="weekday", values="free_hours")
    grid = grid.loc[grid.sum(axis=1).sort_values(ascending=False).index]
    return grid.rename(columns={day: names[day] for day in grid.columns})


@dataclass(frozen=True)
class Hours:
    """What a line offers and what of it is taken: indicators in hours, by day. `beside` are asked for as well."""

    line: str
    offered: str
    taken: str
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A usual week of all sites: its free and offered hours, and the days that it was made from (one row a site and
    day, one column an indicator)."""

    free: float
    offered: float
    daily: pd.DataFrame


def draw_free(
    session: Session, hours: Hours, *, place: str, digits: int, answer: Callable[[Found], str], note: str
) -> None:
    """The free hours of a usual week, by site and weekday: the answer first, then the grid.

    Args:
        place: what a site is called.
        digits: decimals of an hour, the same in the whole grid.
        answer: what is found, in a sentence.
        note: how it was computed.
    """
    if state(hours.line).published is None:
        empty(session, "no_build", line=hours.line)
        return
    last = last_day(session, hours.taken)
    if last is None:
        empty(session, "no_rows")
        return
    metrics = (hours.offered, hours.taken, *hours.beside)
    question = Question(metrics, ("site_name",), since=last - timedelta(weeks=WEEKS), until=last, grain="day")
    daily = frame(ask(session, question))
    week = usual_week(daily, "site_name", hours.offered, hours.taken)
    if week.empty:
        empty(session, "no_rows")
        return
    st.markdown(f"**{answer(Found(float(week['free_hours'].sum()), float(week['offered_hours'].sum()), daily))}**")
    grid = as_grid(week, "site_name", session.language)
    closed = session.text("fermé", "closed")

    def hours_of(value: float) -> str:
        return closed if value != value else figure(value, "hours", session.language, decimals=digits)

    shown = grid.reset_index().style.format(dict.fromkeys(grid, hours_of))
    most = float(grid.max(axis=None)) or 1.0
    shown = shown.map(lambda v: f"background-color: rgba(11, 110, 117, {0.4 * v / most:.2f})" if v else "", list(grid))
    st.dataframe(shown, hide_index=True, column_config={"site_name": place}, height="auto", placeholder=closed)
    st.caption(note)
