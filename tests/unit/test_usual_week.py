"""A usual week: what stays free, by site and weekday."""

from __future__ import annotations

import pandas as pd
import pytest

from apps.numbers import figure
from apps.prototypes.week import as_grid, usual_week


def test_free_hours_are_means_of_open_days_and_never_below_zero() -> None:
    days = pd.DataFrame(
        {
            "site_name": ["A", "A", "A", "A", "B"],
            "metric_time": pd.to_datetime(["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-06", "2026-01-05"]),
            "offered": [10.0, 10.0, 0.0, 8.0, 5.0],
            "taken": [4.0, 12.0, 0.0, None, 4.0],
        }
    )
    week = usual_week(days, "site_name", "offered", "taken")
    free = {(row.site_name, row.weekday): row.free_hours for row in week.itertuples()}
    assert free == pytest.approx({("A", 0): 3.0, ("A", 1): 8.0, ("B", 0): 1.0})
    grid = as_grid(week, "site_name", "en")
    assert list(grid.index) == ["A", "B"] and list(grid.columns) == ["Mon", "Tue"]
    assert grid["Mon"]["B"] == 1.0
    assert pd.isna(grid["Tue"]["B"])  # closed on Tuesdays, which is not full


def test_a_full_day_is_written_otherwise_than_a_closed_one() -> None:
    assert figure(0, "hours", "fr", decimals=1) == "0,0\u00a0h"
