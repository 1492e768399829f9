"""`lake mirror`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import example


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake mirror", "lake mirror audio_fittings --full", "lake mirror --verify"))(mirror)


def mirror(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]…", help="Sources; all of them unless named.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Copy everything again into a new folder, then use that.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Copy nothing (but with --full): compare counts, checksums, content and control totals."
        ),
    ] = False,
) -> None:
    """Copy committed batches that are not mirrored yet from MongoDB to Parquet."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from lake import contracts
    from lake import mirror as mirrors
    from lake.errors import MirrorError
    from lake.mirror_proof import Difference, differences
    from lake.store import LAKE_ID, open_store

    chosen = [contracts.contract(name) for name in sources or contracts.catalogue()]
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with open_store() as store, Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("mirror", total=None)
        batches = records = 0
        for contract in chosen if full or not verify else ():  # to compare, a right to read is enough
            waiting = store.committed_batches(contract.name) if full else mirrors.pending(store, contract)
            progress.update(task, description=contract.name, completed=0, total=sum(b.records for b in waiting) or None)
            done = mirrors.mirror(store, contract, full=full, progress=lambda n: progress.advance(task, n))
            batches, records = batches + done.batches, records + done.records
            if done.records:
                rate = done.records / done.seconds
                print(f"{done.source}: {done.records:,} records of {done.batches} batches, {rate:,.0f} a second")
        if full or not verify:
            print(f"{records:,} records of {batches} batches mirrored, {len(chosen)} sources up to date")
        found, behind = [], 0
        for contract in chosen if verify else ():
            progress.update(task, description=f"verify {contract.name}", completed=0, total=None)
            if why := mirrors.foreign(contract, store.fact(LAKE_ID), store.committed_batches(contract.name)):
                found.append(Difference(contract.name, None, "its origin", "this lake", why))
                continue
            found.extend(differences(store, contract))
            behind += sum(b.records for b in mirrors.pending(store, contract))
    if behind:
        print(f"{behind:,} records are not mirrored yet, so not compared: 'lake mirror' copies them.")
    for difference in found:
        print(difference)
    if found:
        raise MirrorError(
            f"The mirror of {', '.join(sorted({d.source for d in found}))} is not what the lake holds.",
            remedy="Run 'lake mirror --full' for them, then --verify again; what differs then was changed in MongoDB.",
        )
    if verify:
        print("The mirror holds what MongoDB holds: counts, checksums, content and control totals are equal.")
    if not sources:
        contracts.require()
