"""What moved most since the week before, and where: the indicator whose last week stands out most from its own weeks,
and the structures and sites that explain the move, the largest contribution first.

Only indicators that add up are told this way: the moves of their sites sum to the move of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median, pstdev

from apps.numbers import is_small

#: Weeks before the last whose moves say what is usual.
USUAL_WEEKS = 12

#: A week before below this part of a usual one is too small a base for a change in per cent.
SMALL_SHARE = 0.25

#: Contributions told of structures, and of sites.
TOLD = 3


@dataclass(frozen=True)
class Contribution:
    """What a place adds to a move, in the indicator's unit."""

    name: str
    change: float


@dataclass(frozen=True)
class Move:
    """An indicator's last whole week against the week before. `monday` is the first day of that week; `is_small`: the
    week before is too small a base for the change to be told in per cent."""

    metric: str
    monday: date
    value: float
    before: float
    is_small: bool = False
    structures: tuple[Contribution, ...] = ()
    sites: tuple[Contribution, ...] = ()

    @property
    def change(self) -> float:
        return self.value - self.before


def last_monday(last_day: date, known_until: date) -> date:
    """The Monday of the last week that is whole: its Sunday is an indicator's last day or before; or its Friday is, who
    is closed at weekends having no later one, and more is known of the line from after that Sunday."""
    sunday = last_day + timedelta(days=6 - last_day.weekday())
    if last_day.weekday() >= 4 and known_until > sunday:
        last_day = sunday
    return last_day - timedelta(days=(last_day.weekday() + 1) % 7 + 6)


def most_moved(
    weeks: Sequence[date],
    series: Mapping[str, Sequence[float]],
    units: Mapping[str, str] | None = None,
    cases: float | None = None,
) -> Move | None:
    """The indicator whose last move is the greatest by its own usual moves; None without a move. One on a small base
    is told only if there is no other.

    Args:
        weeks: Mondays, one after the other, the last whole week last.
        series: each indicator's value in each of these weeks.
        units: each indicator's unit; a count has a small base of few cases.
        cases: how many events the week before had, whatever they are: what amounts and hours stand on.
    """
    if len(weeks) < 3:
        return None
    scores: dict[str, float] = {}
    for metric, values in series.items():
        *usual, last = [b - a for a, b in pairwise(values)]
        spread = pstdev(usual) if len(usual) > 1 else abs(usual[0])
        if last:
            scores[metric] = abs(last) / (spread or abs(last))
    if not scores:
        return None
    small = {name: _is_small(series[name], (units or {}).get(name), cases) for name in scores}
    metric = max(scores, key=lambda name: (not small[name], scores[name]))
    return Move(metric, weeks[-1], series[metric][-1], series[metric][-2], small[metric])


def _is_small(values: Sequence[float], unit: str | None, cases: float | None) -> bool:
    """Whether the week before stands on few cases, or is small beside the usual ones."""
    *usual, before, _ = values
    base = before if unit == "count" else cases
    return is_small(base, "count") or abs(before) < SMALL_SHARE * abs(median(usual))


def contributions(changes: Mapping[str, float], whole: float, most: int = TOLD) -> tuple[Contribution, ...]:
    """The places that push the way the whole went, the largest first."""
    pushing = [Contribution(name, change) for name, change in changes.items() if change * whole > 0]
    return tuple(sorted(pushing, key=lambda c: -abs(c.change))[:most])
