"""`lake restatement`: what changed in an indicator between two builds, and which records caused it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lake.cli import example
from lake.cli.query import As, Lang, Language, as_csv, parts, plain, print_table, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.semantic import Restatement

#: Records shown in a table.
_SHOWN = 20

_WORDS = {
    "before": ("avant", "before"),
    "after": ("après", "after"),
    "change": ("écart", "change"),
    "total": ("total", "total"),
    "kind": ("cause", "cause"),
    "record": ("enregistrement", "record"),
    "part": ("indicateur", "indicator"),
    "day": ("jour", "day"),
    "file": ("fichier", "file"),
    "line": ("ligne", "line"),
    "new": ("nouveau", "new"),
    "corrected": ("corrigé", "corrected"),
    "deleted": ("supprimé", "deleted"),
    "withdrawn": ("supprimé : absent de la livraison", "deleted: no longer in the delivery"),
    "other": ("autre", "other"),
    "nothing": ("Rien n’a changé entre ces deux constructions.", "Nothing changed between these two builds."),
    "differ": ("Diffèrent aussi", "What else is not the same"),
}


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def register(app: typer.Typer) -> None:
    app.command(
        epilog=example(
            "lake restatement audio_net_sales_eur --records --format csv",
            "lake restatement audio_net_sales_eur --since 2025-01-01",
        )
    )(restatement)


def restatement(
    metric: Annotated[str, typer.Argument(help="The indicator: see `lake metrics`.")],
    build_from: Annotated[
        str | None, typer.Option("--from", metavar="BUILD", help="The older build; else the last that passed before.")
    ] = None,
    build_to: Annotated[
        str | None, typer.Option("--to", metavar="BUILD", help="The newer build; else the published one.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Dimensions of the cells, separated by commas; structure unless given.")
    ] = None,
    grain: Annotated[str, typer.Option(help="Cells by day, week, month, quarter, year or none.")] = "month",
    where: Annotated[list[str] | None, typer.Option(help="Filter, as in `lake query`; may be given again.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, included.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    records: Annotated[
        bool, typer.Option("--records", help="CSV and Parquet: the records that caused it in place of the cells.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.table,
    role: As = None,
    lang: Language = Lang.fr,
) -> None:
    """What changed in an indicator between two builds of its line: cells, and the records that caused it.

    A record is new, corrected or deleted; `other` names what counts otherwise though its record is the same.
    """
    from lake import access, semantic
    from lake.errors import AccessDenied
    from lake.semantic.restatement import compared

    scope = access.scope(role)
    before, after = compared(metric, build_from, build_to, scope=scope)
    found = semantic.restatement(
        metric,
        before,
        after,
        by=parts(by) or ("structure",),
        grain=None if grain == "none" else grain,
        where=[semantic.Filter.parse(text) for text in where or ()],
        since=since.date() if since else None,
        until=until.date() if until else None,
        scope=scope,
    )
    named = _named(found)
    if records and named is None:
        raise AccessDenied(
            f"Role '{scope.role.name}' may not see the records of line {found.after.line}.",
            remedy="Leave --records out: the cells are there.",
        )
    match form:
        case Format.table:
            _print(found, named, lang.value)
        case Format.json:
            print(_json(found, named))
        case Format.csv:
            print(as_csv(named if records else found.cells), end="")
        case Format.parquet:
            of = f"{found.after.line}/{before} {found.after.line}/{after}"
            write_parquet(named if records else found.cells, {"lake.builds": of, "lake.indicator": metric})
    print("\n".join(_told(found, lang.value)), file=sys.stdout if form is Format.table else sys.stderr)


def _named(found: Restatement) -> pa.Table | None:
    """The records, with the name of each file if the lake answers, and is the one that they came from."""
    import pyarrow as pa

    from lake.errors import StoreError
    from lake.store import LAKE_ID, open_store

    if found.records is None or "file" not in found.records.column_names:
        return found.records
    names: dict[int, str] = {}
    sources = {source for source in found.records.column("source").to_pylist() if source}
    try:
        if sources:
            with open_store() as store:
                if found.after.lake in (None, store.fact(LAKE_ID)):
                    names = {file.number: file.name for source in sources for file in store.files(source)}
    except StoreError as error:
        print(f"lake: {error} Files are shown by number.", file=sys.stderr)
    named = [names.get(number) for number in found.records.column("file").to_pylist()]
    return found.records.append_column("file_name", pa.array(named, pa.string()))


def _print(found: Restatement, records: pa.Table | None, lang: str) -> None:
    from lake.semantic.written import written

    say = {key: words[lang == "en"] for key, words in _WORDS.items()}
    if not len(found.cells) and not found.record_count:
        print(say["nothing"])
        return
    *dimensions, metric = found.columns
    labels = dict.fromkeys((c.label(lang) for c in dimensions), False)
    values = {say[key]: True for key in ("before", "after", "change")}

    def figures(row: dict[str, Any]) -> list[str]:
        return [written(row[name], metric, lang) for name in ("value_a", "value_b", "change")]

    rows = [[*(written(row[c.name], c, lang) for c in dimensions), *figures(row)] for row in found.cells.to_pylist()]
    if found.total and dimensions:
        total = {"value_a": found.total.before, "value_b": found.total.after, "change": found.total.change}
        rows.append([say["total"], *[""] * (len(dimensions) - 1), *figures(total)])
    print_table({**(labels or {"": False}), **values}, rows if dimensions else [["", *row] for row in rows])
    if records is None or not len(records):
        return
    columns = {say[key]: False for key in ("kind", "part", "record", "day")}
    columns |= {say[key]: True for key in ("before", "after")} | {say["file"]: False, say["line"]: True}
    print_table(columns, [_record(row, say) for row in records.slice(0, _SHOWN).to_pylist()])
    if found.record_count > _SHOWN:
        print(f"… {_SHOWN} / {found.record_count}")


def _record(row: dict[str, Any], say: dict[str, str]) -> list[str]:
    from lake.store import WITHDRAWN_LINE

    days = dict.fromkeys(str(day) for day in (row["day_a"], row["day_b"]) if day)
    values = ("–" if row[name] is None else str(row[name]) for name in ("value_a", "value_b"))
    file = row["file_name"] or row["file"] or ""
    kind = "withdrawn" if row["kind"] == "deleted" and row["line"] == WITHDRAWN_LINE else row["kind"]
    return [say[kind], row["part"], row["record"], " → ".join(days), *values, str(file), str(row["line"] or "")]


def _told(found: Restatement, lang: str) -> list[str]:
    """What else a reader must know, and the two builds."""
    notes = [note.text(lang) for note in found.notes]
    names = [f"{d.kind} {d.name} {d.before} → {d.after}" if d.before or d.after else d.name for d in found.differences]
    if names:
        notes.append(f"{_WORDS['differ'][lang == 'en']}: {', '.join(' '.join(n.split()) for n in names)}")
    return [*notes, f"{found.after.line}: {found.before.id} → {found.after.id}"]


def _json(found: Restatement, records: pa.Table | None) -> str:
    document = {
        "indicator": found.metric,
        "line": found.after.line,
        "from": found.before.id,
        "to": found.after.id,
        "total": found.total and asdict(found.total),
        "cells": found.cells.to_pylist(),
        "causes": found.causes.to_pylist(),
        "records": None if records is None else records.to_pylist(),
        "record_count": found.record_count,
        "differences": [asdict(d) for d in found.differences],
        "notes": [note.en for note in found.notes],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=plain)
