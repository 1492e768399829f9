"""A usual week: means by weekday over the last weeks, for prototypes that fill what stays empty."""

from __future__ import annotations

import pandas as pd
from babel.dates import get_day_names

from apps.numbers import locale
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
    """Free hours with one row a `who`, the most free first, and one column a weekday that has any."""
    names = get_day_names("abbreviated", locale=locale(language))
    grid = week.pivot(index=who, columns="weekday", values="free_hours").fillna(0)
    grid = grid.loc[grid.sum(axis=1).sort_values(ascending=False).index]
    return grid.rename(columns={day: names[day] for day in grid.columns})
