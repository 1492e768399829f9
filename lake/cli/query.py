"""`lake query` and `lake metrics`: the semantic layer on the command line, as one of the policy's roles."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from lake.cli import example

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.access import Scope
    from lake.semantic import Answer, Filter, Indicator


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    sql = "sql"


class Listing(StrEnum):
    table = "table"
    json = "json"
    markdown = "markdown"


class Lang(StrEnum):
    fr = "fr"
    en = "en"


#: Values of a dimension among which the nearest to an unknown one is looked for.
_VALUES = 10_000

As = Annotated[
    str | None, typer.Option("--as", metavar="ROLE", help="Role of the policy; its default role unless given.")
]
Language = Annotated[Lang, typer.Option("--lang", help="Language of labels, numbers and dates in tables.")]


def register(app: typer.Typer) -> None:
    app.command(
        epilog=example(
            "lake query --metrics audio_sales_eur --by site_commune --where structure=S01 --since 2025-01-01",
            "lake query --metrics audio_sales_eur --by structure --since 2025-01-01 --compare previous_year,rank",
            "lake query --metrics audio_sales_eur --grain month --order -metric_time --limit 12 --format csv",
        )
    )(query)
    app.command(epilog=example("lake metrics", "lake metrics audio"))(metrics)


def query(
    metrics: Annotated[
        list[str], typer.Option(help="Indicators, separated by commas or given again: see `lake metrics`.")
    ],
    by: Annotated[
        list[str] | None, typer.Option(help="Dimensions to split by, separated by commas or given again.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Filter; may be given again, all hold: site_commune=Nantes, 'age between 20,40', 'x is null'."
        ),
    ] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, included.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    grain: Annotated[str | None, typer.Option(help="Split by day, week, month, quarter or year.")] = None,
    order: Annotated[list[str] | None, typer.Option(help="Columns to sort by; '-' before one for descending.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=10**9, help="Rows at most.")] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            help="previous_period, previous_year, year_to_date, month_to_date, rolling_12_months, index=2024-01-01, "
            "share, rank, budget, benchmark."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.table,
    role: As = None,
    lang: Language = Lang.fr,
) -> None:
    """Ask for indicators: figures with the build they come from, how fresh it is, and whether its checks passed."""
    from lake import access, semantic

    filters, scope = [semantic.Filter.parse(text) for text in where or ()], access.scope(role)
    answer = semantic.query(
        parts(metrics),
        by=parts(by),
        where=filters,
        since=since.date() if since else None,
        until=until.date() if until else None,
        grain=grain,
        order=parts(order),
        limit=limit,
        compare=parts(compare),
        scope=scope,
    )
    match form:
        case Format.table:
            _print_table(answer, lang.value)
        case Format.csv:
            print(as_csv(answer.table), end="")
        case Format.json:
            print(_json(answer))
        case Format.sql:
            print(_sql(answer))
        case Format.parquet:
            of = " ".join(f"{b.line}/{b.id}" for b in answer.builds)
            write_parquet(answer.table, {"lake.builds": of, "lake.checks": answer.check_status})
    told = [*(note.text(lang.value) for note in answer.notes), *_provenance(answer)]
    print("\n".join(told), file=sys.stdout if form is Format.table else sys.stderr)
    for line in _unknown_values(answer, parts(metrics), filters, scope, lang):
        print(line, file=sys.stderr)


def metrics(
    line: Annotated[str | None, typer.Argument(help="One line; all of them unless named.")] = None,
    role: As = None,
    lang: Language = Lang.fr,
    form: Annotated[Listing, typer.Option("--format", help="How they are written.")] = Listing.table,
) -> None:
    """The indicators that can be asked for: label, unit, definition, formula, and what each can be split by."""
    from lake import access, semantic
    from lake.semantic.handbook import handbook

    found = semantic.metrics(line, scope=access.scope(role))
    if form is Listing.json:
        print(json.dumps([_described(i) for i in found], ensure_ascii=False, indent=1))
        return
    if form is Listing.markdown:
        print(handbook(found), end="")
        return
    if not found:
        print("No indicator is published yet: run `lake run`.", file=sys.stderr)
    for own in dict.fromkeys(i.line for i in found):
        print(f"{own}")
        for indicator in found:
            if indicator.line == own:
                _print_indicator(indicator, lang.value)


def parts(given: list[str] | None) -> list[str]:
    return [part.strip() for text in given or () for part in text.split(",") if part.strip()]


def _unknown_values(
    answer: Answer, metrics: Sequence[str], filters: Sequence[Filter], scope: Scope, lang: Lang
) -> Iterator[str]:
    """Of an answer without figures: the filters' texts that no row of these indicators has, and those that are near."""
    import pyarrow as pa

    from lake import semantic
    from lake.errors import AccessDenied, QueryError, nearest

    figures = [answer.table[c.name].to_pylist() for c in answer.columns if c.kind == "metric"]
    if any(value for column in figures for value in column):
        return
    for given in filters:
        if given.op not in ("=", "in"):
            continue
        with contextlib.suppress(QueryError, AccessDenied):  # What can't be split by has no list of values.
            known = semantic.query(metrics, by=[given.field], scope=scope, limit=_VALUES + 1).table.column(0)
            if len(known) > _VALUES or not pa.types.is_string(known.type):
                continue
            names = [name for name in known.to_pylist() if name is not None]
            for value in given.values:
                if isinstance(value, str) and value not in names:
                    yield _no_such(given.field, value, ", ".join(nearest(value, names)), lang)


def _no_such(field: str, value: str, near: str, lang: Lang) -> str:
    if lang is Lang.en:
        return f"No data has {field} '{value}'{f'; near: {near}' if near else ''}."
    return f"Aucune donnée n’a {field} « {value} »{f' ; proches : {near}' if near else ''}."


def _print_table(answer: Answer, lang: str) -> None:
    from lake.semantic.written import written

    columns = {column.label(lang): column.kind == "metric" for column in answer.columns}
    rows = answer.table.to_pylist()
    print_table(columns, [[written(row[c.name], c, lang) for c in answer.columns] for row in rows])


def print_table(columns: Mapping[str, bool], rows: Sequence[Sequence[str]]) -> None:
    """A table for people: names of columns → whether it holds numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for label, is_number in columns.items():
        table.add_column(label, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*row)
    # Rich would read `[…]` in a value as markup; and a pipe has no width to fold to.
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 10_000)
    console.print(table)


def as_csv(table: pa.Table) -> str:
    """For machines: names, decimal points, ISO dates, nothing for what is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow("" if value is None else value for value in row.values())
    return out.getvalue()


def _json(answer: Answer) -> str:
    document = {
        "rows": answer.table.to_pylist(),
        "builds": {build.line: build.id for build in answer.builds},
        "as_of": answer.as_of,
        "checks": answer.check_status,
        "notes": [note.en for note in answer.notes],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=plain)


def plain(value: Any) -> str | float:
    """Decimals as numbers where a float holds them exactly as written, as text where it would not."""
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} can't be written")


def _sql(answer: Answer) -> str:
    parameters = [f"-- ${name} = {json.dumps(value, default=str)}" for name, value in answer.parameters.items()]
    return "\n".join([*parameters, answer.sql])


def write_parquet(table: pa.Table, metadata: Mapping[str, str]) -> None:
    """A Parquet file on stdout, which says where its figures come from."""
    import pyarrow.parquet as pq

    from lake.errors import QueryError

    if sys.stdout.isatty():
        raise QueryError("Parquet is not for a terminal.", remedy="Send it to a file: … --format parquet > x.parquet")
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), out)
    sys.stdout.buffer.write(out.getvalue())
    sys.stdout.buffer.flush()


def _provenance(answer: Answer) -> list[str]:
    """Where the figures come from, a line for each build."""
    lines = []
    for build in answer.builds:
        as_of = (
            build.as_of.astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m-%d %H:%M") if build.as_of else "unknown"
        )
        checks = build.checks
        told = f"{checks.passed} passed, {checks.warned} warned, {checks.blocked} blocked" if checks else "none run"
        lines.append(f"{build.line}: build {build.id} · data of {as_of} (Europe/Paris) · checks: {told}")
    return lines


def _print_indicator(indicator: Indicator, lang: str) -> None:
    mark = " *" if indicator.headline else ""
    print(f"  {indicator.name}{mark}  {indicator.label(lang)}{f' ({indicator.unit})' if indicator.unit else ''}")
    if indicator.definition(lang):
        print(f"      {indicator.definition(lang)}")
    if indicator.formula(lang):
        print(f"      = {indicator.formula(lang)}")
    if indicator.parameters:
        print(f"      {'rests on' if lang == 'en' else 'repose sur'} {', '.join(indicator.parameters)}")
    print(f"      {'by' if lang == 'en' else 'par'} {', '.join(indicator.dimensions)}")


def _described(indicator: Indicator) -> dict[str, Any]:
    from dataclasses import asdict

    return {"line": indicator.line, **asdict(indicator)}
