"""Which chart fits what is asked, and which others could be drawn of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from apps.screens.explore.state import TIME, Chart, Compare, State

#: Lines that can still be told apart.
MOST_LINES = 8

#: Bars, points and cells that can still be read.
MOST_BARS, MOST_POINTS, MOST_CELLS = 40, 400, 1200

#: Members that a table can have in columns.
MOST_COLUMNS = 60

#: From the widest to the narrowest place, as an analyst goes down.
_DOWN = ("structure_region", "structure_name", "site_region", "department", "site_name", "site_commune")


def possible(state: State) -> tuple[Chart, ...]:
    """The charts that can be drawn of a view; the table always can."""
    dimensions = state.dimensions
    charts: list[Chart] = []
    if state.grain and len(state.by) <= 1:
        charts.append("lines")
    if len(dimensions) == 1:
        charts.append("bars")
    if len(state.show) >= 2 and 1 <= len(dimensions) <= 2:
        charts.append("scatter")
    if len(dimensions) == 2:
        charts.append("heat")
    return (*charts, "table")


def chosen(state: State, members: Mapping[str, int]) -> Chart:
    """The chart to draw: the reader's choice where it can be drawn, else the one that fits.

    Args:
        state: the view.
        members: how many values each dimension has in the answer.
    """
    offered = possible(state)
    if state.chart in offered:
        return state.chart
    if state.grain and len(state.by) <= 1:
        return "lines" if not state.by or members.get(state.by[0], 0) <= MOST_LINES else "heat"
    if len(state.dimensions) == 1:
        return "scatter" if len(state.show) == 2 and members.get(state.by[0], 0) > MOST_LINES else "bars"
    return "heat" if len(state.dimensions) == 2 and len(state.show) == 1 else "table"


def next_dimension(state: State, offered: Sequence[str], members: Mapping[str, int] | None = None) -> str | None:
    """What to split by when going down: the next place, or else the first dimension not used yet."""
    used = {*state.by, *(p.dimension for p in state.picks)}
    deepest = max((_DOWN.index(d) for d in used if d in _DOWN), default=-1)
    places = [d for d in _DOWN[deepest + 1 :] if d in offered and d not in used]
    narrower = [d for d in places if d in ("structure_name", "site_name")] or places
    return next(iter(narrower), None) or next((d for d in offered if d not in used), None)


def comparisons(state: State, additive: Collection[str], budgeted: Collection[str]) -> tuple[Compare, ...]:
    """The comparisons that a view can have."""
    has_period = state.grain is not None or state.period != "all"
    found: list[Compare] = ["previous_year", "previous_period"] if has_period else []
    if state.show and all(name in budgeted for name in state.show):
        found.append("budget")
    if state.dimensions:
        found += ["share", "rank"] if state.show and all(n in additive for n in state.show) else ["rank"]
    if {"structure", "structure_name", "site", "site_name"} & set(state.by):
        found.append("benchmark")
    if state.grain:
        found += ["year_to_date", "month_to_date", "rolling_12_months"]
        if state.period != "all":
            found.append("index")
    return tuple(found)


def total_keeps(compare: Compare | None, state: State) -> bool:
    """Whether a comparison means the same for a total as for its rows."""
    return compare in ("previous_year", "budget", "share") or (compare == "previous_period" and state.grain is None)


def row_dimensions(state: State) -> tuple[str, ...]:
    """The dimensions that stand in rows: all but the one across."""
    return tuple(d for d in state.dimensions if d != state.across)


def has_pivot(state: State) -> bool:
    """Whether the table has columns of members: something is across, and something is left in rows."""
    return state.across is not None and bool(row_dimensions(state)) and state.across in (*state.by, TIME)
