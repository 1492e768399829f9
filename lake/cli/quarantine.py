"""`lake quarantine list|show|retry`: rows that broke their contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lake.cli import count_of, example

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lake.access import Scope
    from lake.store import Store

#: The role of operations on the lake; who has another says so with --as.
ROLE = "data-engineer"

#: Characters of a row shown on a terminal, and of a value in the table above it.
_SHOWN = 4_000
_CELL = 60

Source = Annotated[str | None, typer.Option(help="Only this source.")]
Role = Annotated[str, typer.Option("--as", help="Role of the policy under which you act.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Rows that broke their contract: list, show, retry.", epilog=_EPILOG)
    group.command("list", epilog=example("lake quarantine list --source audio_fittings"))(list_rows)
    group.command("show", epilog=example("lake quarantine show 17:1"))(show)
    group.command("retry", epilog=example("lake quarantine retry --source audio_fittings"))(retry)
    app.add_typer(group, name="quarantine")


_EPILOG = example("lake quarantine list")


def list_rows(
    source: Source = None,
    file: Annotated[int | None, typer.Option(min=1, help="Only this file, by its number in the ledger.")] = None,
    role: Role = ROLE,
) -> None:
    """Count the rows in quarantine by source, file and reason; a row can have several reasons.

    Rows that were closed by force, and so never landed, are listed with who did it.
    """
    from rich.console import Console
    from rich.table import Table

    from lake.contracts import contract
    from lake.store import open_store

    scope = _scope(role)
    scope.require("quarantine", contract(source).line if source else None)
    with open_store() as store:
        names = _names(store, scope, source, file)
        counted = list(store.quarantine.reasons(source, file=file))
        held = store.quarantine.count(source, file=file)
        forced = [f for f in store.quarantine.forced(source, file=file) if f.file in names]
    counted = [c for c in counted if scope.allows("quarantine", c.source.split("_")[0])]
    for f in forced:
        when = f.at.astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"{count_of(f.rows, 'row')} of file {f.file} {names[f.file]} closed by force by {f.by}, {when}")
    if not counted:
        print("Nothing is in quarantine.")
        return
    table = Table(show_edge=False, pad_edge=False)
    for title in ("source", "file", "reason", "e.g."):
        table.add_column(title, overflow="fold")
    table.add_column("rows", justify="right")
    for c in counted:
        table.add_row(c.source, f"{c.file} {names.get(c.file, '')}", c.reason, c.first, f"{c.rows:,}")
    Console(markup=False, emoji=False).print(table)
    sources = {c.source for c in counted}
    print(
        f"{count_of(sum(n for s, n in held.items() if s in sources), 'row')}. 'lake quarantine show ID' decrypts one."
    )


def show(
    id: Annotated[str, typer.Argument(help="As in 'lake quarantine list': file and number, 17:1.")],
    raw: Annotated[bool, typer.Option("--raw", help="Only the row's bytes under its header, as they came.")] = False,
    role: Role = ROLE,
) -> None:
    """Decrypt one row: every reason, what each field would be read from, and the row whole, as it came.

    It can hold clear personal data: the role must allow it. On a terminal a very long row shows its beginning.
    """
    import sys

    from rich.console import Console
    from rich.table import Table

    from lake.contracts import contract
    from lake.land.originals import original
    from lake.land.retry import cells
    from lake.store import open_store
    from lake.vault import vault_of

    scope = _scope(role)
    scope.require("quarantine")
    with open_store() as store:
        held = store.quarantine.get(id)
        source = contract(held.source)
        scope.require("quarantine", source.line)
        name = next((f.name for f in store.files(held.source) if f.number == held.file), "?")
        kept = original(store, vault_of(store), held)
    if raw:
        sys.stdout.buffer.write(kept.head + kept.original)
        return
    now = "" if held.contract_version == source.version else f" (now {source.version})"
    print(
        f"{held.source} · {name} · line {held.line} · {len(kept.original):,} bytes"
        f" · contract {held.contract_version}{now}"
    )
    for reason in held.reasons:
        print(f"  {reason}")
    if found := cells(kept, source):
        table = Table(show_edge=False, pad_edge=False)
        for title in ("field", "column", "value"):
            table.add_column(title, overflow="fold")
        for field, value in found:
            table.add_row(field.name, field.header, _short(value))
        Console(markup=False, emoji=False, highlight=False).print(table)
    print()
    text = kept.text
    is_cut = sys.stdout.isatty() and len(text) > _SHOWN
    print(text[:_SHOWN] if is_cut else text)
    if is_cut:
        print(f"… {len(text) - _SHOWN:,} characters more: 'lake quarantine show {id} --raw > FILE' writes all of it.")


def retry(
    source: Source = None,
    file: Annotated[int | None, typer.Option(min=1, help="Only this file, by its number in the ledger.")] = None,
    corrected: Annotated[
        str | None, typer.Option("--from", help="Land this corrected file instead of the rows of the one it replaces.")
    ] = None,
    replaces: Annotated[
        int | None, typer.Option(min=1, help="With --from: number of the file replaced, if its name is another.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="With --from: close also rows that the corrected file does not hold; recorded."),
    ] = False,
    role: Role = ROLE,
) -> None:
    """Read quarantined rows again with the contracts of today, and land those that now pass.

    A row that still fails stays, with its reasons of today. A corrected file is of the same source, structure and
    period as the one it replaces, and closes the rows whose key it holds. Exits with 1 if some of its own rows are
    wrong too.
    """
    from lake.contracts import broken, contract, require
    from lake.land.replacement import replace
    from lake.land.retry import retry as retry_rows
    from lake.store import open_store
    from lake.vault import vault_of

    scope = _scope(role)
    with open_store() as store:
        if corrected is not None:
            replaced = replace(store, vault_of(store), corrected, scope=scope, instead_of=replaces, force=force)
            report, number = replaced.report, replaced.instead_of.number
            print(
                f"{report.source}: {report.read:,} read, {report.landed:,} landed, {report.unchanged:,} unchanged, "
                f"{report.quarantined:,} in quarantine; {count_of(replaced.closed, 'row')} of file {number} closed."
                f"{_rounded(report.rounded)}"
            )
            if replaced.left:
                print(
                    f"{count_of(replaced.left, 'row')} of file {number} not held by the corrected one, still in "
                    f"quarantine: 'lake quarantine list --source {report.source} --file {number}'."
                )
            if report.quarantined:
                print(
                    f"{count_of(report.quarantined, 'row')} of the corrected file too can't land: "
                    f"'lake quarantine list --source {report.source}' says why."
                )
                raise typer.Exit(1)
            return
        held = store.quarantine.count()
        sources = [source] if source else sorted(held.keys() - {one.source for one in broken()})
        for each in sources:
            scope.require("quarantine", contract(each).line)
        _names(store, scope, source, file)
        for done in retry_rows(store, vault_of(store), sources, file=file):
            print(
                f"{done.source}: {count_of(done.tried, 'row')} tried, {done.landed:,} landed, "
                f"{done.unchanged:,} unchanged, {done.still:,} stay in quarantine{_rounded(done.rounded)}"
            )
        if not held:
            print("Nothing is in quarantine.")
        require(lambda one: one.source in held and source is None)


def _rounded(values: Mapping[str, int]) -> str:
    return "".join(f"; {count_of(n, 'value')} of {field} rounded" for field, n in values.items() if n)


def _scope(role: str) -> Scope:
    from lake import access

    return access.scope(role)


def _names(store: Store, scope: Scope, source: str | None, file: int | None) -> dict[int, str]:
    """Names of the files of the ledger whose quarantine the role may see, by number.

    Raises:
        ReadError: `file` is none of them.
    """
    from lake.errors import ReadError

    files = [f for f in store.files(source) if scope.allows("quarantine", f.source.split("_")[0])]
    names = {f.number: f.name for f in files}
    if file is not None and file not in names:
        waiting = [f for f in files if f.quarantined]
        listed = ", ".join(f"{f.number} ({f.name})" for f in waiting[:10]) or "none"
        more = f" and {len(waiting) - 10:,} more" if len(waiting) > 10 else ""
        of = f" of {source}" if source else ""
        raise ReadError(
            f"No file{of} has the number {file}.", remedy=f"Files{of} with rows in quarantine: {listed}{more}."
        )
    return names


def _short(value: str | None) -> str:
    """A value in a cell."""
    if value is None:
        return ""
    return value if len(value) <= _CELL else f"{value[:_CELL]}… ({len(value):,} characters)"
