"""A view as a file: CSV, XLSX, Parquet, and the picture of its chart.

CSV and XLSX hold the table as it is seen, totals and names of values included; Parquet the rows alone, with codes and
exact decimals. Text is only
ever text: a value that a spreadsheet would take for a formula is not one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from apps.charts import Spec, inlined
from apps.numbers import PARIS
from apps.screens.explore.pivot import TOTAL, Grid
from apps.words import Language
from lake.text import fold

#: Signs with which a spreadsheet begins a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

#: What Excel understands, by unit of a column; others as numbers with up to two decimals.
_EXCEL = {"eur": '#,##0.00\\ "€"', "rate": "0.0%", "count": "#,##0"}
_WIDEST = 48


@dataclass(frozen=True)
class Sheet:
    """The table with its words: a title for each heading of the grid, its unit (None for dimensions), and by dimension
    the names of its values by code."""

    title: str
    grid: Grid
    titles: tuple[str, ...]
    units: tuple[str | None, ...]
    total: str
    nothing: str
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def to_csv(sheet: Sheet, language: Language) -> bytes:
    """UTF-8. In French as Excel reads it there: a BOM, semicolons, decimal commas; rates stay 0–1."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if language == "fr" else ",", lineterminator="\r\n")
    writer.writerow([_harmless(t) for t in sheet.titles])
    for row in _lines(sheet):
        writer.writerow([_written(value, language) for value in row])
    return out.getvalue().encode("utf-8-sig" if language == "fr" else "utf-8")


def to_xlsx(sheet: Sheet, about: Sequence[tuple[str, str]], names: tuple[str, str]) -> bytes:
    """A workbook: the table (typed, formatted, first row and dimensions frozen, filterable), and what it is about.

    Args:
        sheet: the table.
        about: what the second sheet says, label and text.
        names: of the two sheets.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        head = book.add_format(
            {"bold": True, "bg_color": "#0B6E75", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top"}
        )
        formats = {
            (unit, bold): book.add_format(
                {"num_format": _EXCEL.get(unit or "", "#,##0.##"), "bold": bold, "top": int(bold)}
            )
            for unit in {*sheet.units, "eur"}
            for bold in (False, True)
        }
        texts = {bold: book.add_format({"bold": bold, "top": int(bold)}) for bold in (False, True)}
        dates = {
            bold: book.add_format({"num_format": "dd/mm/yyyy", "bold": bold, "align": "left"}) for bold in (False, True)
        }
        page = book.add_worksheet(names[0])
        for column, title in enumerate(sheet.titles):
            page.write_string(0, column, title, head)
        rows = _lines(sheet)
        for number, row in enumerate(rows, start=1):
            is_total = sheet.grid.total is not None and number == len(rows)
            for column, value in enumerate(row):
                if value is None:
                    page.write_blank(number, column, None, texts[is_total])
                elif isinstance(value, bool | str):
                    page.write_string(number, column, str(value), texts[is_total])
                elif isinstance(value, date):
                    page.write_datetime(number, column, value, dates[is_total])
                else:
                    page.write_number(number, column, value, formats[sheet.units[column], is_total])
        page.freeze_panes(1, sheet.grid.depth)
        if sheet.grid.rows:
            page.autofilter(0, 0, len(sheet.grid.rows), len(sheet.titles) - 1)
        page.autofit(max_width=_WIDEST * 7)
        said = book.add_worksheet(names[1])
        said.set_column(0, 0, 26)
        said.set_column(1, 1, 100)
        label, wrapped = (
            book.add_format({"bold": True, "valign": "top"}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        for number, (name, text) in enumerate(about):
            said.write_string(number, 0, name, label)
            said.write_string(number, 1, text, wrapped)
    return out.getvalue()


def to_parquet(table: pa.Table, about: Sequence[tuple[str, str]]) -> bytes:
    """The rows as the semantic layer gave them, decimals exact; what they are about as metadata `lake.about`."""
    out = io.BytesIO()
    noted = table.replace_schema_metadata({"lake.about": json.dumps(about, ensure_ascii=False)})
    pq.write_table(noted, out, compression="zstd")
    return out.getvalue()


def to_png(chart: Spec) -> bytes:
    """The chart as a picture, at twice the size of the screen."""
    import vl_convert

    picture: bytes = vl_convert.vegalite_to_png(inlined(chart), scale=2)
    return picture


def to_svg(chart: Spec) -> bytes:
    """The chart as a drawing."""
    import vl_convert

    drawing: str = vl_convert.vegalite_to_svg(inlined(chart))
    return drawing.encode("utf-8")


def file_name(title: str, suffix: str, now: datetime | None = None) -> str:
    """A name that every system takes: `net-sales-20260105-0912.csv`."""
    plain = fold(title).encode("ascii", "ignore").decode()
    words = "-".join("".join(c if c.isalnum() else " " for c in plain).split())[:60]
    return f"{words or 'view'}-{(now or datetime.now(UTC)).astimezone(PARIS):%Y%m%d-%H%M}.{suffix}"


def _lines(sheet: Sheet) -> list[list[Any]]:
    """The rows and the total, in words where a value has one."""
    grid = sheet.grid
    lines = [*grid.rows, *([grid.total] if grid.total else [])]
    return [
        [
            sheet.total
            if value is TOTAL
            else sheet.nothing
            if value is None and heading.is_dimension and number < len(grid.rows)
            else sheet.names.get(heading.column, {}).get(str(value), value)
            if heading.is_dimension
            else value
            for heading, value in zip(grid.headings, line, strict=True)
        ]
        for number, line in enumerate(lines)
    ]


def _written(value: Any, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        number = f"{value:f}" if isinstance(value, Decimal) else repr(value)
        return number.replace(".", ",") if language == "fr" else number
    return _harmless(str(value))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
