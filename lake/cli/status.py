"""`lake status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from lake.cli import example

if TYPE_CHECKING:
    from rich.table import Table

    from lake.status import MartStatus, SourceStatus


#: States of a run that say more in words.
_WORDS = {"killed": "stopped unexpectedly"}


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake status"))(status)


def status() -> None:
    """What is in the lake, the mirror and the marts, how fresh it is, and whether checks passed."""
    from rich.console import Console

    from lake.origin import REMEDY
    from lake.status import status as read
    from lake.store import open_store

    with open_store() as store:
        found = read(store)
    console = Console()
    console.print(_sources(found.sources))
    for source in found.sources:
        if source.foreign:
            console.print(f"! mirror of {source.name} is {source.foreign}. {REMEDY}", highlight=False, soft_wrap=True)
    for why in found.broken:
        console.print(f"! contract {why}", highlight=False, markup=False, soft_wrap=True)
    if withdrawn := ", ".join(f"{s.name} {s.withdrawn:,}" for s in found.sources if s.withdrawn):
        console.print(f"withdrawn by newer deliveries: {withdrawn}", highlight=False, soft_wrap=True)
    for one in found.waiting:
        why = "; ".join(map(str, one.doubts))
        is_let = f"Confirmed by {one.confirmed_by}: land it again." if one.confirmed_by else ""
        remedy = is_let or "Is it right? Then `lake land --confirm` it."
        console.print(
            f"! {one.source}: {one.shown} waits: {why}. {remedy}", highlight=False, markup=False, soft_wrap=True
        )
    console.print(_marts(found.marts))
    for mart in found.marts:
        for fault in mart.faults:
            console.print(f"! {mart.line}: {fault.what} {fault.remedy}", highlight=False, markup=False, soft_wrap=True)
        if mart.rolled_back:
            said = f"! {mart.line}: {mart.rolled_back}, until another build passes or somebody publishes."
            console.print(said, highlight=False, soft_wrap=True)
        if mart.outdated:
            made = f"made from another build of {', '.join(mart.outdated)} than readers see now."
            console.print(f"! {mart.line}: {made} Run `lake run {mart.line}`.", highlight=False, soft_wrap=True)
    for run in found.runs:
        outcome = ", ".join(f"{line} {_WORDS.get(one.state, one.state)}" for line, one in run.lines.items())
        console.print(f"last run {_ago(run.started_at)}: {outcome}", highlight=False)
    for lease in found.leases:
        console.print(f"in progress: {lease.name} by {lease.holder}, since {_ago(lease.since)}", highlight=False)


def _sources(sources: tuple[SourceStatus, ...]) -> Table:
    from rich.table import Table

    table = Table("source", box=None)
    for header in ("batches", "records", "in quarantine", "last landed", "mirror"):
        table.add_column(header, justify="right")
    for source in sources:
        table.add_row(
            source.name,
            f"{source.batches:,}",
            f"{source.records:,}",
            f"{source.quarantined:,}" if source.quarantined else "–",
            (f"{_ago(source.landed_at)}{' (late)' if source.is_late else ''}") if source.landed_at else "never",
            "of another lake" if source.foreign else f"{source.behind:,} behind" if source.behind else "up to date",
        )
    return table


def _marts(marts: tuple[MartStatus, ...]) -> Table:
    from rich.table import Table

    table = Table("mart", box=None)
    table.add_column("published build", no_wrap=True, min_width=25)
    for header in ("data of", "checks", "newest build"):
        table.add_column(header, overflow="fold")
    for mart in marts:
        build, newest = mart.published, mart.newest
        if build is None:
            shown = ["nothing is published", "–", "–"]
        else:
            data = f"{_ago(build.as_of)}{' (stale)' if mart.is_stale else ''}" if build.as_of else "no data"
            checks = build.checks
            shown = [build.id, data, f"{checks.passed} passed, {checks.warned} warned" if checks else "–"]
        if mart.faults:
            shown[2] = "damaged"
        other = f"{newest.id} {newest.status}" if newest and (build is None or newest.id != build.id) else "the same"
        table.add_row(mart.line, *shown, other if newest else "–")
    return table


def _ago(at: datetime) -> str:
    minutes = int((datetime.now(UTC) - at).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
