"""`lake sample`: write the files of the imaginary group."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lake.cli import example


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake sample --records 20000 --seed 1 --out incoming"))(sample)


def sample(
    out: Annotated[Path, typer.Option(help="Folder to write to; it must be empty or not exist.")],
    records: int = typer.Option(
        1_000_000,
        min=1000,
        max=1_000_000_000,
        help="About how many rows to write: more are more sites and years. The smallest group has some 80,000.",
    ),
    seed: int = typer.Option(
        1, min=0, max=2**63 - 1, help="The same seed, number of records and last day give the same bytes."
    ),
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day on which something happened; yesterday unless given."),
    ] = None,
) -> None:
    """Write the sample group's files, as its trades' software would, and truth.json: what must come out of them."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from lake.sample import LINES, generate

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("sample", total=len(LINES))

        def after(line: str, files: int) -> None:
            bar.update(task, advance=1, description=f"sample: {line}, {files} files")

        truth = generate(out, records, seed, until=until.date() if until else None, progress=after)
    total = truth["total"]
    print(f"{total['read']} rows in {total['files']} files in {out} (seed {seed}); the truth about them in truth.json")
