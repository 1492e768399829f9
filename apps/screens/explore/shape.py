"""Which chart fits what is asked, and which others could be drawn of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from apps import values
from apps.screens.explore.state import TIME, Chart, Compare, State

#: Lines that can still be told apart.
MOST_LINES = 8

#: Bars, points and cells that can still be read.
MOST_BARS, MOST_POINTS, MOST_CELLS = 40, 400, 1200

#: Comparisons whose value runs up to the end of a period.
RUNNING: tuple[Compare, ...] = ("year_to_date", "month_to_date", "rolling_12_months")

#: Members that a table can have in columns.
MOST_COLUMNS = 60

#: Dimensions by which places are compared with their peers, by the entity that they name.
PLACES = {"site": "site", "site_name": "site", "structure": "structure", "structure_name": "structure"}

#: From the widest to the narrowest place, as an analyst goes down.
_DOWN = ("structure_region", "structure_name", "site_region", "department", "site_name", "site_commune")


def possible(state: State) -> tuple[Chart, ...]:
    """The charts that can be drawn of a view; the table always can."""
    dimensions = state.dimensions
    charts: list[Chart] = []
    if state.compare == "benchmark" and (not state.grain or (len(state.by) <= 1 and set(state.by) <= set(PLACES))):
        charts.append("peers")
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
    if "peers" in offered:
        return "peers"
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


def comparisons(
    state: State, additive: Collection[str], budgeted: Collection[str], *, is_one: bool = False
) -> tuple[Compare, ...]:
    """The comparisons that a view can have. `is_one` when the reader sees one structure alone, which has its peers
    whatever it is split by."""
    has_period = state.grain is not None or state.period != "all"
    found: list[Compare] = ["previous_year", "previous_period"] if has_period else []
    if state.show and all(name in budgeted for name in state.show):
        found.append("budget")
    if state.dimensions:
        found += ["share", "rank"] if state.show and all(n in additive for n in state.show) else ["rank"]
    if place(state) or (is_one and state.show and not set(state.by) & set(_DOWN)):
        found.append("benchmark")
    if state.grain:
        found += RUNNING
        if state.period != "all":
            found.append("index")
    return tuple(found)


def total_keeps(compare: Compare | None, state: State, grain: str | None) -> bool:
    """Whether a comparison means the same for a total asked by `grain` as for its rows. What runs up to a period's end
    does: over all periods, it is the figure at the end of the last."""
    if compare in ("previous_period", "index"):
        return grain == state.grain
    return compare in ("previous_year", "budget", "share", *RUNNING)


def place(state: State) -> str | None:
    """The entity that rows are compared by with their peers, the narrowest; None when they name none."""
    named = {PLACES[d] for d in state.by if d in PLACES}
    return next((p for p in ("site", "structure") if p in named), None)


def is_ordered(dimension: str) -> bool:
    """Whether the values of a dimension have an order of their own: periods, and those whose codes are numbers
    (weekdays, hours, age bands, classes). The others stand by what they weigh."""
    first = next(iter(values.names(dimension, "en")), "")
    return dimension == TIME or dimension.endswith("__month") or first[:1].isdigit()


def axes(state: State) -> tuple[str, str]:
    """The two dimensions of a heat map, rows and columns: those of the table where it has members in columns."""
    columns = state.across if has_pivot(state) and state.across else TIME if state.grain else state.by[1]
    return next(d for d in state.dimensions if d != columns), columns


def row_dimensions(state: State) -> tuple[str, ...]:
    """The dimensions that stand in rows: all but the one across."""
    return tuple(d for d in state.dimensions if d != state.across)


def has_pivot(state: State) -> bool:
    """Whether the table has columns of members: something is across, and something is left in rows. What is compared
    with the group has five columns more for each member: nobody reads that."""
    is_split = state.across in (*state.by, TIME) and bool(row_dimensions(state))
    return state.across is not None and is_split and state.compare != "benchmark"
