"""`lake land`: delivered files into the lake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from lake.cli import count_of, example
from lake.cli.quarantine import ROLE

if TYPE_CHECKING:
    from rich.console import Console

    from lake.land.report import FileReport, Report

#: Files shown one by one in the table; the totals count all.
_SHOWN = 40


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake land incoming/audio"))(land)


def land(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs, zip or gzip archives; - for stdin.")],
    source: Annotated[str | None, typer.Option(help="Source of the files, where their names don't tell.")] = None,
    name: Annotated[str | None, typer.Option(help="File name that stdin stands for.")] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Land also what waits for a person, since it withdraws much or looks old.")
    ] = False,
    role: Annotated[str, typer.Option("--as", help="With --confirm: role of the policy under which you act.")] = ROLE,
    as_json: Annotated[bool, typer.Option("--json", help="Print what became of each file as JSON.")] = False,
) -> None:
    """Land files: typed and checked by contract, persons as pseudonyms, the rest in quarantine with its reasons.

    Landing the same file again adds nothing. A file that is the whole of its scope withdraws what it no longer holds;
    one that would withdraw a large part waits. Exits with 1 if a file was refused or waits, or a contract is broken;
    the other files landed. `lake run --land` lands alike, and exits with 65 for that: its 1 says that a line failed.
    """
    from rich.console import Console

    from lake import access
    from lake.land import land as land_files

    by = access.scope(role) if confirm else None
    with _Bar(Console(stderr=True)) as bar:
        report = land_files(paths, source=source, name=name, confirmed=by, progress=bar.advance, found=bar.start)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    else:
        show(report, Console(markup=False, emoji=False, highlight=False))
    for why in report.broken:
        typer.echo(f"lake: {why}", err=True)
    if report.refused or report.waiting or report.broken:
        raise typer.Exit(1)


def show(report: Report, console: Console) -> None:
    """The accounting: each file (the notable ones, if they are many), then the totals and the reasons."""
    from collections import Counter

    from rich.table import Table

    from lake.land.report import COUNTS

    notable = [f for f in report.files if f.status == "refused" or f.quarantined or f.why or f.remarks]
    shown = report.files if len(report.files) <= _SHOWN else notable[:_SHOWN]
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("source")
    for what in COUNTS:
        table.add_column(what, justify="right")
    for file in shown:
        table.add_row(_name(file), file.source or "?", *(f"{n:,}" for n in _counts(file)))
    totals = [report.total(what) for what in COUNTS]
    table.add_row(count_of(len(report.files), "file"), "", *(f"{n:,}" for n in totals), style="bold")
    console.print(table)
    reasons: Counter[tuple[str, str]] = Counter()
    for file in report.files:
        reasons.update({(file.source or "?", reason): n for reason, n in file.reasons.items()})
    for (source, reason), n in reasons.most_common(10):
        console.print(f"  {n:,} in quarantine · {source} · {reason}")
    for file in shown:
        _remarks(file, console)
    rate = totals[0] / report.seconds if report.seconds else 0
    console.print(f"{totals[0]:,} rows in {report.seconds:.1f} s ({rate:,.0f} rows/s)")


def _name(file: FileReport) -> str:
    return file.file if file.status == "landed" else f"{file.file} ({file.status})"


def _counts(file: FileReport) -> tuple[int, ...]:
    return file.read, file.landed, file.unchanged, file.quarantined, file.withdrawn


def _why(file: FileReport) -> str:
    return f"waits: {file.why}. Is it right? 'lake land --confirm'" if file.status == "waiting" else file.why


def _remarks(file: FileReport, console: Console) -> None:
    said = [
        f"breaks at line {file.broke_at}: {file.why}" if file.broke_at and file.status != "waiting" else _why(file),
        *(f"{count_of(n, 'value')} of {field} rounded" for field, n in file.rounded.items()),
        f"columns not stored: {', '.join(file.extra)}" if file.extra else "",
        f"columns missing: {', '.join(file.missing)}" if file.missing else "",
        *file.remarks,
    ]
    for remark in filter(None, said):
        named = remark if remark.startswith(file.file) else f"{file.file}: {remark}"
        console.print(f"  {named}")


class _Bar:
    """Progress by bytes, with the rate in rows; silent where stderr is not a terminal."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("landing"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % · {task.fields[rows]:,} rows · {task.fields[rate]:,.0f} rows/s"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("landing", total=None, rows=0, rate=0.0)
        self._rows = 0

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def start(self, files: int, size: int) -> None:
        self._progress.update(self._task, total=max(size, 1))

    def advance(self, size: int, rows: int) -> None:
        self._rows += rows
        elapsed = self._progress.tasks[0].elapsed or 0
        self._progress.update(self._task, advance=size, rows=self._rows, rate=self._rows / elapsed if elapsed else 0.0)
