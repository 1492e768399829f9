"""The sample group: files as its trades' software would write them, and the truth about them.

    places.py   real communes, invented structures
    people.py   the pool of customers
    scale.py    how many sites, since when, for so many records
    world.py    sites, calendar, activity: what all lines share
    economics.py  what a site earns, spends and employs, as its trade bills: the books, budgets and staff follow it
    <line>.py   what happens in each line: `generate(world, sink)`; larger ones have modules of their own
    columns.py  numpy → typed columns; days.py: working days; tally.py: figures by year
    dirt.py     the fate of every row: repeated, corrected, deleted, broken, late, …
    render.py   typed rows → text of a trade's dialect → files
    sink.py     a line's rows → files and truth
    truth.py    `truth.json`

Deterministic: the same records, seed and last day give the same bytes, on any machine and whatever the number of
processes. One structure of each line that is being written is in memory at a time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from lake.errors import LakeError
from lake.sample.sink import Sink
from lake.sample.truth import Truth
from lake.sample.world import LINES, World
from lake.settings import settings

__all__ = ["DEFAULT_RECORDS", "LINES", "generate"]

#: What `make demo` uses.
DEFAULT_RECORDS = 1_000_000

#: From so many records on, lines are written side by side: below, starting a process costs more than it gives.
_SIDE_BY_SIDE = 300_000


def generate(
    out: Path,
    records: int = DEFAULT_RECORDS,
    seed: int = 1,
    *,
    until: date | None = None,
    lines: tuple[str, ...] = tuple(LINES),
    progress: Callable[[str, int], None] = lambda line, files: None,
) -> dict[str, Any]:
    """Write the files of the group to `out` (made; must be empty) and `truth.json` beside them.

    Args:
        records: about how many rows to write, over all lines; more where that is no believable group (`scale.py`).
        until: the last day on which something happened; yesterday in Paris, where it is not given.
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
    world = World(records, seed, until)
    truth, files = Truth(), 0
    for line, (its_truth, its_files) in _written(out, world, lines):
        truth.join(its_truth)
        files += its_files
        progress(line, files)
    about = {"seed": seed, "records": records, "first": world.first.isoformat(), "last": world.last.isoformat()}
    truth.write(out / "truth.json", **about)
    return truth.document(**about)


def _written(out: Path, world: World, lines: tuple[str, ...]) -> Iterator[tuple[str, tuple[Truth, int]]]:
    """Each line when it is written, with the truth about it and the number of its files."""
    if world.records < _SIDE_BY_SIDE or settings().threads == 1:
        for line in lines:
            yield line, _write(out, world, line)
        return
    spawn = multiprocessing.get_context("spawn")  # who calls may have threads, which do not outlive a fork
    with ProcessPoolExecutor(settings().threads, spawn) as pool:
        longest_first = sorted(lines, key=lambda line: -LINES[line])
        pending = {
            pool.submit(_write_alone, out, world.records, world.seed, world.last, line): line for line in longest_first
        }
        for ended in as_completed(pending):
            yield pending[ended], ended.result()


def _write_alone(out: Path, records: int, seed: int, last: date, line: str) -> tuple[Truth, int]:
    return _write(out, World(records, seed, last), line)


def _write(out: Path, world: World, line: str) -> tuple[Truth, int]:
    sink = Sink(out, world)
    import_module(f"lake.sample.{line}").generate(world, sink)
    return sink.truth, sink.files
