"""The sample group: files as its trades' software would write them, and the truth about them.

    places.py   real communes, invented structures
    people.py   the pool of customers
    world.py    sites, calendar, activity: what all lines share
    economics.py  what a site earns, spends and employs, as its trade bills: the books, budgets and staff follow it
    nurseries.py  how much of a nursery fits into a small sample
    <line>.py   what happens in each line: `generate(world, records, sink)`; larger ones have modules of their own
    columns.py  numpy → typed columns; days.py: working days; tally.py: figures by year
    dirt.py     the fate of every row: repeated, corrected, deleted, broken, late, …
    render.py   typed rows → text of a trade's dialect → files
    sink.py     a line's rows → files and truth
    truth.py    `truth.json`

Deterministic: the same records and seed give the same bytes, on any machine. One structure is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from lake.errors import LakeError
from lake.sample.sink import Sink
from lake.sample.world import FIRST, LAST, LINES, World

__all__ = ["DEFAULT_RECORDS", "LINES", "generate"]

#: What `make demo` uses.
DEFAULT_RECORDS = 250_000


def generate(
    out: Path,
    records: int = DEFAULT_RECORDS,
    seed: int = 1,
    *,
    lines: tuple[str, ...] = tuple(LINES),
    progress: Callable[[str, int], None] = lambda line, files: None,
) -> dict[str, Any]:
    """Write the files of the group to `out` (made; must be empty) and `truth.json` beside them.

    Args:
        records: about how many rows to write, over all lines.
        lines: only these; the world is the same whichever are written.
        progress: called after each line with its name and the number of files so far.

    Returns:
        What `truth.json` holds (see `lake.sample.truth`).

    Raises:
        LakeError: `out` holds files already.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise LakeError(f"'{out}' is not empty.", remedy="Give an empty folder to write the sample to.")
    world = World(records, seed)
    sink = Sink(out, world)
    for line in lines:
        import_module(f"lake.sample.{line}").generate(world, round(records * LINES[line]), sink)
        progress(line, sink.files)
    about = {"seed": seed, "records": records, "first": FIRST.isoformat(), "last": LAST.isoformat()}
    sink.truth.write(out / "truth.json", **about)
    return sink.truth.document(**about)
