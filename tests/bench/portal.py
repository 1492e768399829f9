"""`python -m tests.bench portal`: how fast the portal answers one analyst, and twenty at once; written to
docs/benchmarks.md.

The portal is served on the lake of `LAKE_DATA`. Each analyst has a session of their own over a WebSocket, from this one
process: what a browser would then draw is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from random import Random
from statistics import median, quantiles

import duckdb

from lake import builds
from lake.builds import Build
from lake.settings import LINES
from tests.bench import page
from tests.bench.analyst import Click, Pace, click, offered, ways, work
from tests.bench.browser import tab
from tests.e2e.browser import served

#: Times that one analyst opens each page, and clicks each thing on it.
_TURNS = 3


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench portal", description=__doc__)
    parser.add_argument("--analysts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120, help="how long they work")
    parser.add_argument("--think", type=float, nargs=2, default=(3.0, 8.0), help="seconds between clicks, from and to")
    parser.add_argument("--dry", action="store_true", help="only print")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, served(os.environ, Path(folder) / "log") as address:
        alone = asyncio.run(_alone(address))
        paces = [Pace(*asked.think, asked.seconds), Pace(0, 0, asked.seconds / 2)]
        crowds = [(pace, *asyncio.run(_crowd(address, asked.analysts, pace))) for pace in paces]
    text = _section(alone, asked.analysts, crowds)
    print(text)
    every = [*alone, *(c for _, clicks, _ in crowds for c in clicks)]
    errors = [f"{c.page} {c.key}: {error}" for c in every for error in c.drawn.errors]
    print("\n".join(errors))
    if not asked.dry:
        page.write(text)
    if errors:
        sys.exit(1)


async def _alone(address: str) -> list[Click]:
    """One analyst opens every page, first cold and then warm, and clicks everything on it several times."""
    clicks: list[Click] = []
    chance = Random(0)
    async with tab(address) as portal:
        clicks.append(Click("home", "session", "", await portal.open(query="as=group-director")))
        for name in offered(portal):
            print(f"one analyst on {name or 'home'}", flush=True)
            await portal.go(name)
            for _ in range(_TURNS):
                clicks.append(Click(name or "home", "page", "", await portal.go(name)))
            for way in ways(name):
                for _ in range(_TURNS):
                    if way.key in portal.widgets:
                        clicks.append(await click(portal, name, way, chance))
    return clicks


async def _crowd(address: str, analysts: int, pace: Pace) -> tuple[list[Click], float]:
    """Many analysts at once: their clicks, and how busy this process was with them, in cores."""
    clicks: list[Click] = []
    print(f"{analysts} analysts for {pace.lasts:g} s", flush=True)
    started, busy = time.monotonic(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for number in range(analysts):
            group.create_task(work(address, number, pace, clicks))
    return clicks, (time.process_time() - busy) / (time.monotonic() - started)


def _section(alone: list[Click], analysts: int, crowds: list[tuple[Pace, list[Click], float]]) -> str:
    published = [b for line in LINES if (b := builds.published(line))]
    size = sum(b.database.stat().st_size for b in published) / 2**20
    lines = [
        "## Portal",
        "",
        "Written by `python -m tests.bench portal` on the lake of `LAKE_DATA`. Each analyst has a session of their own",
        "in the browser's protocol; drawing in the browser is not counted. *First figures*: from the click until the",
        "first indicator, chart or table is received; *all*: to the end of the page. Seconds.",
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}, {_rows(published):,} rows in {size:,.0f} MB of marts "
        f"({', '.join(b.line for b in published)})",
        f"- {page.machine()}; load {page.load()}",
        f"- Streamlit {version('streamlit')}, DuckDB {version('duckdb')}",
        *page.caution(),
        "",
        "One analyst. A page is opened again, so that it is warm; a filter or a choice gets a new value each time:",
        "",
        *_table(alone, lambda c: (c.kind, c.page)),
        "",
    ]
    for pace, clicks, busy in crowds:
        think = f"{pace.least:g} to {pace.most:g} s between clicks" if pace.most else "without a pause between clicks"
        rate = len(clicks) / pace.lasts
        errors = sum(bool(c.drawn.errors) for c in clicks)
        lines += [
            f"{analysts} analysts for {pace.lasts:g} s, {think}: {len(clicks)} clicks, {rate:.1f} a second, "
            f"{errors} with an error. Driving them took {busy:.2f} of a core:",
            "",
            *_table(clicks, lambda c: (c.kind,)),
            "",
        ]
    return "\n".join(lines)


def _rows(published: Iterable[Build]) -> int:
    """Rows of all tables of the published marts."""
    counted = 0
    for build in published:
        with duckdb.connect(str(build.database), read_only=True) as mart:
            counted += mart.execute("SELECT sum(estimated_size)::BIGINT FROM duckdb_tables()").fetchall()[0][0]
    return counted


def _table(clicks: list[Click], of: Callable[[Click], tuple[str, ...]]) -> list[str]:
    """A row for each group of clicks, named by what `of` says of them, and one for all."""
    lines = [
        "| click | page | n | first figures, median | p95 | all, median | p95 | kB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    ordered = sorted(clicks, key=of)
    for key, group in groupby(ordered, of):
        lines.append(_row(key[0], key[1] if len(key) > 1 else "all", list(group)))
    lines.append(_row("**any but session**", "all", [c for c in clicks if c.kind != "session"]))
    return lines


def _row(kind: str, where: str, clicks: list[Click]) -> str:
    done = [c.drawn.finished for c in clicks]
    first = [c.drawn.finished if c.drawn.figures is None else c.drawn.figures for c in clicks]
    size = median(c.drawn.bytes for c in clicks) / 1024
    figures = " | ".join(f"{x:.3f}" for x in (median(first), _p95(first), median(done), _p95(done)))
    return f"| {kind} | {where} | {len(clicks)} | {figures} | {size:.0f} |"


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
