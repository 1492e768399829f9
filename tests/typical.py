"""How often the indicators of a published group are in their typical ranges, by indicator.

    LAKE_DATA=<folder> python tests/typical.py      prints every score, the lowest first

A cell is the value of an indicator at one site in one month, or one year where its range is of a year (finance: of one
structure, since what is not a site's own is kept by its head office). What the data do not cover whole is left out, and
what has no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lake import access, builds, semantic
from lake.settings import MARTS, TRADES

#: In the smallest group most sites joined within the year: it grows as no other does.
OF_YOUNG_SITES = {"finance_revenue_growth_rate"}

#: What is said of a year, of which a month of the sample's smallest group has no more than a few.
FEWEST_CELLS = 20


@dataclass(frozen=True)
class Score:
    """`inside` of `cells` are in the typical range; `spread` holds the quantiles 0, 5, 50, 95 and 100 % of all."""

    indicator: str
    inside: int
    cells: int
    typical: tuple[float, float]
    spread: tuple[float, ...]

    @property
    def share(self) -> float:
        return self.inside / self.cells


def scores(since: Mapping[str, date] | None = None) -> Iterator[Score]:
    """Every indicator that has a typical range and a value at some site in some whole month (or year).

    `since`: the day on which a site's data begin, by site; what it quoted or asked for before is not looked at.
    """
    newest = [build.newest_event_on for line in TRADES if (build := builds.published(line)) and build.newest_event_on]
    after = max(newest) + timedelta(days=1)
    ends = {
        "month": after.replace(day=1) - timedelta(days=1),
        "year": after.replace(month=1, day=1) - timedelta(days=1),
    }
    for line in MARTS:
        place = "structure" if line == "finance" else "site"
        for indicator in semantic.metrics(line):
            grain = indicator.typical_in
            if indicator.typical is None or grain not in indicator.grains:
                continue
            answer = semantic.query([indicator.name], by=[place], grain=grain, until=ends[grain], scope=access.scope())
            values = sorted(
                float(row[indicator.name])
                for row in answer.table.to_pylist()
                if row[indicator.name] is not None
                and row["metric_time"] >= (since or {}).get(row[place], row["metric_time"])
            )
            if values:
                low, high = indicator.typical
                inside = sum(low <= value <= high for value in values)
                quantiles = tuple(values[round(q * (len(values) - 1))] for q in (0, 0.05, 0.5, 0.95, 1))
                yield Score(indicator.name, inside, len(values), indicator.typical, quantiles)


def table(found: list[Score]) -> str:
    """The scores as text, the lowest first."""
    return "\n".join(
        f"{s.share:6.1%}  {s.indicator:45} {s.cells:6}  typical {s.typical[0]:g} to {s.typical[1]:g}, "
        f"is {' '.join(f'{v:.4g}' for v in s.spread)}"
        for s in sorted(found, key=lambda s: s.share)
    )


if __name__ == "__main__":
    print(table(list(scores())))
