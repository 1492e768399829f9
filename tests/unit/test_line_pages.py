"""The lines' pages: their plans name what exists, and what they compute of the answers is right."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from apps.screens.line.logic import by_hour, emptiest, parts_of, shares, standing, unique_names, whole_quarters
from apps.screens.line.plan import Plan, Split, plan
from lake.settings import MARTS, PROJECT

PLANNED = [line for line in MARTS if plan(line) != Plan()]


@cache
def models() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text("utf-8")) or {} for path in sorted((PROJECT / "models").rglob("*.yml"))]


def metrics() -> set[str]:
    return {metric["name"] for model in models() for metric in model.get("metrics", [])}


def dimensions() -> set[str]:
    semantic = [s for model in models() for s in model.get("semantic_models", [])]
    return {dimension["name"] for s in semantic for dimension in s.get("dimensions", [])}


def test_every_trade_and_the_group_has_a_plan() -> None:
    assert set(PLANNED) == set(MARTS) - {"finance"}


@pytest.mark.parametrize("line", PLANNED)
def test_a_plan_names_indicators_and_dimensions_that_exist(line: str) -> None:
    found = plan(line)
    named = [step for funnel in found.funnels for step in funnel.steps]
    named += [metric for item in (*found.losses, *found.mixes) for metric in item.metrics]
    split = [item.by for item in (*found.losses, *found.mixes) if isinstance(item, Split)]
    if found.occupancy:
        named += [found.occupancy.metric, found.occupancy.open]
        if clock := found.occupancy.clock:
            named += [clock.metric, clock.used, clock.open]
            split += ["weekday", "clock_hour"]
    if found.cohorts:
        named += [found.cohorts.metric, found.cohorts.count]
        split += [found.cohorts.by, found.cohorts.quarter.partition("__")[0]]
    assert set(named) <= metrics()
    assert all(name.startswith(f"{line}_") for name in named)
    assert set(split) <= dimensions()


def test_shares_of_a_month_add_up_to_one_and_leave_out_what_is_negative() -> None:
    month = date(2025, 1, 1)
    table = pd.DataFrame({"metric_time": [month] * 4, "part": list("abcd"), "value": [30.0, 10.0, -5.0, np.nan]})
    found = shares(table)
    assert list(found["part"]) == ["a", "b"]
    assert list(found["share"]) == [0.75, 0.25]


def test_indicators_become_parts() -> None:
    table = pd.DataFrame({"metric_time": [date(2025, 1, 1)], "amo": [1.0], "amc": [3.0]})
    assert parts_of(table, {"amo": "AMO", "amc": "AMC"})[["part", "value"]].to_numpy().tolist() == [
        ["AMO", 1.0],
        ["AMC", 3.0],
    ]


def test_an_hour_is_used_of_what_is_open_in_it_and_one_that_nobody_told_is_left_out() -> None:
    table = pd.DataFrame(
        {
            "weekday": [1, 1, 1, 2],
            "clock_hour": [8, 9, None, 20],
            "used": [3.0, None, 5.0, 1.0],
            "open": [4.0, 2.0, 6.0, None],
        }
    )
    assert by_hour(table, "used", "open").to_dict("records") == [
        {"weekday": 1, "clock_hour": 8, "rate": 0.75, "used": 3.0, "opened": 4.0},
        {"weekday": 1, "clock_hour": 9, "rate": 0.0, "used": 0.0, "opened": 2.0},
    ]


def test_a_plan_does_without_what_an_older_build_does_not_know() -> None:
    dental = plan("dental")
    assert dental.occupancy and dental.occupancy.clock
    older = dental.within(metrics() - {dental.occupancy.clock.used})
    assert older.occupancy and older.occupancy.clock is None
    assert older.occupancy.metric == dental.occupancy.metric
    assert dental.within(metrics()) == dental
    bare = dental.within(())
    assert (bare.losses, bare.mixes, bare.occupancy, bare.cohorts) == ((), (), None, None)


def test_every_rate_and_mean_that_is_counted_is_counted_by_an_indicator_of_its_line() -> None:
    counts = yaml.safe_load((PROJECT / "apps" / "cases.yml").read_text("utf-8"))
    assert {*counts, *counts.values()} <= metrics()
    assert all(name.partition("_")[0] == count.partition("_")[0] for name, count in counts.items())


def test_a_month_without_a_part_stays_between_the_others() -> None:
    months = [date(2025, 1, 1), date(2025, 3, 1)]
    found = shares(pd.DataFrame({"metric_time": months, "part": ["a", "a"], "value": [1.0, 2.0]}))
    assert list(found["metric_time"].dt.month) == [1, 2, 3] and found["share"].isna().tolist() == [False, True, False]


def test_the_emptiest_places_come_first_weighted_by_what_is_open() -> None:
    table = pd.DataFrame(
        {
            "place": ["a", "a", "b", "c"],
            "rate": [0.1, 0.9, 0.5, 0.2],
            "open": [1.0, 9.0, 5.0, 5.0],
        }
    )
    found = emptiest(table, "rate", "open", "place", 2)
    assert list(found["place"].cat.categories) == ["c", "b"]
    assert len(found) == 2


def places(values: list[float], cases: list[int | None], quartile: float = 0.5) -> pd.DataFrame:
    size = len(values)
    return pd.DataFrame(
        {
            "site": [f"S{i}" for i in range(size)],
            "x": values,
            "cases": cases,
            "x__benchmark_q1": [quartile] * size,
            "x__benchmark_q3": [quartile] * size,
        }
    )


def test_places_on_few_cases_are_not_ranked_among_the_others() -> None:
    table = places([0.9, 0.8, 0.7, 0.6, 0.4, 0.0], [50, 50, 50, 50, 50, 3])
    found = standing(table, "x", lower_is_better=False)
    assert list(found.shown["site"]) == ["S0", "S1", "S2", "S3", "S4"]
    assert (found.few, found.behind, found.ranked) == (1, 1, 5)


def test_where_nearly_all_stand_on_few_cases_all_are_shown_and_marked() -> None:
    found = standing(places([0.9, 0.1], [3, 50]), "x", lower_is_better=False)
    assert list(found.shown["is_few"]) == [True, False]
    assert found.ranked == 0


def test_low_is_best_where_the_indicator_says_so() -> None:
    found = standing(places([0.9, 0.1, 0.2, 0.3, 0.4], [None] * 5), "x", lower_is_better=True)
    assert list(found.shown["x"]) == [0.1, 0.2, 0.3, 0.4, 0.9]
    assert found.behind == 1 and found.few == 0


def test_two_places_of_one_name_keep_their_ids() -> None:
    table = pd.DataFrame({"site": ["S01", "S02", "S03"], "name": ["Lyon", "Lyon", None]})
    assert list(unique_names(table, "name", "site")) == ["Lyon (S01)", "Lyon (S02)", "S03"]


def test_a_cohort_is_shown_when_all_of_it_was_followed_long_enough() -> None:
    table = pd.DataFrame({"quarter": [date(2023, 7, 1), date(2023, 10, 1), date(2024, 1, 1)], "rate": [0.1, 0.2, 0.3]})

    def kept(until: date, months: int) -> list[float]:
        return list(whole_quarters(table, "quarter", until, months)["rate"])

    assert kept(date(2025, 12, 31), 24) == [0.1, 0.2]
    assert kept(date(2025, 12, 30), 24) == [0.1]
    assert kept(date(2024, 2, 29), 0) == [0.1, 0.2]
    assert kept(date(2023, 1, 1), 0) == []
    assert list(whole_quarters(table[:0], "quarter", date(2025, 1, 1), 24)["rate"]) == []
