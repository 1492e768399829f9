"""What the sections show, computed from the answers: shares of a mix, the week, and the places best and worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from apps.cases import is_few
from apps.charts import every_period
from lake.semantic.periods import add_months

#: Places shown at each end.
AT_EACH_END = 8


#: Places on enough cases from which they are ranked without those on few.
FEWEST_RANKED = 5


@dataclass(frozen=True)
class Standing:
    """Places in their order, best first, and what to say of them: how many of all that were `compared` stand on few
    cases, and how many of the others are `behind` the group's worse quartile."""

    shown: pd.DataFrame
    few: int
    behind: int
    compared: int

    @property
    def ranked(self) -> int:
        """Places on enough cases to be ranked; 0 where they are too few for an order."""
        sure = self.compared - self.few
        return sure if sure >= FEWEST_RANKED or not self.few else 0


def parts_of(table: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """One row a month and part, from one column a metric. Columns: `metric_time`, `part` (its name), `value`."""
    long = table.melt("metric_time", list(metrics), "part", "value")
    return long.assign(part=long["part"].map(metrics))


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """The share of each part in its month. Columns: `metric_time`, `part`, `value`, `share`; nothing below zero or
    without a value has one. A month between others in which nothing has one is an empty row."""
    kept = table[table["value"].fillna(0) > 0]
    whole = kept.groupby("metric_time")["value"].transform("sum")
    return every_period(kept.assign(share=kept["value"] / whole), "metric_time", "month")


def by_hour(table: pd.DataFrame, used: str, opened: str) -> pd.DataFrame:
    """The part of what is open that is used, by weekday and hour. Columns: `weekday` (Monday is 1), `clock_hour`,
    `rate`, `used`, `opened`; hours in which nothing is open, or that nobody told, are left out."""
    kept = table.dropna(subset=["weekday", "clock_hour"])
    kept = kept.assign(used=kept[used].fillna(0.0), opened=kept[opened].fillna(0.0))
    kept = kept[kept["opened"] > 0].astype({"weekday": int, "clock_hour": int})
    return kept.assign(rate=kept["used"] / kept["opened"])[["weekday", "clock_hour", "rate", "used", "opened"]]


def emptiest(table: pd.DataFrame, rate: str, weight: str, place: str, most: int | None = None) -> pd.DataFrame:
    """The rows of the `most` places (all without) with the lowest rate over all their rows, weighted; `place` becomes
    a category in that order."""
    known = table.dropna(subset=[rate, weight])
    used = (known[rate] * known[weight]).groupby(known[place]).sum()
    means = used / known.groupby(place)[weight].sum()
    order = list(means.sort_values().index[:most])
    kept = known[known[place].isin(order)]
    return kept.assign(**{place: pd.Categorical(kept[place], categories=order)})


def standing(table: pd.DataFrame, value: str, *, lower_is_better: bool) -> Standing:
    """The places that say most: those at both ends, best first. Places on few cases are left out, unless that leaves
    next to none: then all have a place, and `is_few` marks them."""
    known = table.dropna(subset=[value])
    few = known["cases"].map(is_few).astype(bool)
    known = known.assign(is_few=few).sort_values(value, ascending=lower_is_better)
    sure = known[~known["is_few"]]
    shown = sure if len(sure) >= FEWEST_RANKED else known
    ends = shown if len(shown) <= 2 * AT_EACH_END else pd.concat([shown.head(AT_EACH_END), shown.tail(AT_EACH_END)])
    limit = sure[f"{value}__benchmark_{'q3' if lower_is_better else 'q1'}"]
    behind = sure[value] > limit if lower_is_better else sure[value] < limit
    return Standing(ends, int(few.sum()), int(behind.sum()), len(known))


def whole_quarters(table: pd.DataFrame, quarter: str, until: date, follow_up_months: int) -> pd.DataFrame:
    """The rows of quarters (their first day) that are over on a day, and so are the months in which they are followed:
    a part of one is no cohort to compare with others."""
    over = table[quarter].map(lambda first: add_months(first, 3 + follow_up_months) <= until + timedelta(days=1))
    return table[over.astype(bool)]


def unique_names(table: pd.DataFrame, name: str, key: str) -> pd.Series:
    """Names of places, with the id where two share one."""
    names = table[name].fillna(table[key])
    several = table.groupby(names)[key].transform("nunique") > 1
    return names.where(~several, names + " (" + table[key].astype(str) + ")")
