"""Days of the sample: when a site can do what follows from an earlier event."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample.columns import Days
from lake.sample.world import World

NEVER = np.datetime64("NaT", "D")


def happened(days: Days) -> npt.NDArray[np.bool_]:
    """Which of the days came (the others are NaT)."""
    return ~np.isnat(days)


def next_open(world: World, line: str, days: Days) -> Days:
    """Each day, or the first after it on which the line works. NaT stays NaT."""
    moved = days.copy()
    known = np.flatnonzero(happened(days))
    closed = known[~world.is_open(line, moved[known])]
    while len(closed):
        moved[closed] += 1
        closed = closed[~world.is_open(line, moved[closed])]
    return moved


def until(days: Days, last: Days) -> Days:
    """The days, those after `last` never having come."""
    kept = days.copy()
    kept[days > last] = NEVER
    return kept


def known(world: World, table: pa.Table, day: str) -> pa.Table:
    """The rows of a table of sites of which a day (none: not yet) is in the sample, and not before the site's data."""
    sites = {tenure.site.site_id: tenure.site.joined_on for tenure in world.tenures}
    joined = pa.array(sites.values(), pa.date32()).take(pc.index_in(table["site_id"], pa.array(sites)))
    days = pc.fill_null(table[day], pa.scalar(world.last))
    return table.filter(pc.and_(pc.greater_equal(days, joined), pc.less_equal(days, pa.scalar(world.last))))


def last_days(world: World, line: str, structure_id: str) -> dict[str, np.datetime64]:
    """The last day of each of a structure's sites in a line: its closing, its leaving, or the sample's end."""
    ends: dict[str, np.datetime64] = {}
    for tenure in world.tenures_of(line, structure_id):
        end = world.last_day if tenure.until is None else min(np.datetime64(tenure.until) - 1, world.last_day)
        ends[tenure.site.site_id] = max(end, ends.get(tenure.site.site_id, end))
    return ends
