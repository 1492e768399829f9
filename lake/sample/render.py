"""Typed rows → the text of a trade's software → the bytes of a file. Driven by the contract alone.

A *dialect* is what one structure's software does with what the contract allows: encoding, separator, date format,
thousands blanks, quotes, line ends. Values are rendered in bulk, column by column; only broken cells one by one.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from lake.contracts import Contract, Field
from lake.errors import ContractError

#: Ways in which a cell can break its contract.
BAD_DATE, BAD_NUMBER, NEGATIVE, UNKNOWN, MISSING = range(5)

#: Formats whose files are lines of text.
TEXT = ("csv", "fec", "rpps", "jsonl")

#: When workbooks say that they were made: always the same, so that their bytes are.
_MADE_AT = datetime(2020, 1, 1, 6, 0, 0)


@dataclass(frozen=True)
class Dialect:
    """How one structure's software writes one source."""

    encoding: str
    separator: str
    decimal: str
    thousands: str
    dates: str
    timestamps: str
    zone: str
    quotes_all: bool
    line_end: str
    gzip: bool


@dataclass(frozen=True)
class Break:
    """One way to break a row: the field and how."""

    field: str
    how: int


def dialect(rng: np.random.Generator, contract: Contract) -> Dialect:
    """Choose among what the contract's `reading` accepts."""
    reading = contract.reading
    is_csv = reading.format == "csv"
    encoding = str(rng.choice(reading.encodings))
    luck = rng.random(5)
    if encoding.lower().replace("_", "-") == "utf-8" and is_csv and luck[0] < 0.5:
        encoding = "utf-8-sig"
    return Dialect(
        encoding=encoding,
        separator=str(rng.choice(reading.separators)),
        decimal=reading.decimal,
        thousands=(" " if luck[1] < 0.15 else "\u00a0") if is_csv and reading.decimal == "," and luck[1] < 0.3 else "",
        dates=str(rng.choice(reading.dates)),
        timestamps=str(rng.choice(reading.timestamps)),
        zone=reading.zone,
        quotes_all=is_csv and bool(reading.options.get("quotes", True)) and luck[2] < 0.15,
        line_end="\n" if luck[3] < 0.3 else "\r\n",
        gzip=reading.format in ("csv", "jsonl") and luck[4] < 0.15,
    )


def columns(contract: Contract) -> list[Field]:
    """The fields that a file of the source shows, in order: neither from its name nor counted by the reader."""
    return [f for f in contract.fields if f.from_file is None and not f.header.startswith("_")]


def breaks(contract: Contract) -> list[Break]:
    """Every way in which a row of this source can break its contract and be noticed."""
    found = []
    is_typed = contract.reading.format == "parquet"
    for field in columns(contract):
        if not field.is_stored or field.key_position is not None or field.name == contract.deletion_field:
            continue
        number = field.kind in ("decimal", "integer", "double")
        if field.kind == "date" and not is_typed:
            found.append(Break(field.name, BAD_DATE))
        if number and not is_typed:
            found.append(Break(field.name, BAD_NUMBER))
        if number and field.minimum is not None and float(field.minimum) >= 0:
            found.append(Break(field.name, NEGATIVE))
        if field.allowed and field.kind == "string":
            found.append(Break(field.name, UNKNOWN))
        if field.required and field.name != contract.structure:
            found.append(Break(field.name, MISSING))
    return found


def spoilt(way: Break, field: Field, contract: Contract) -> Any:
    """The value that breaks the contract, as the file shows it."""
    text = {BAD_DATE: "31/02/2021", BAD_NUMBER: "12O,5O", UNKNOWN: "???", MISSING: ""}
    if way.how != NEGATIVE:
        return text[way.how]
    if contract.reading.format in ("xlsx", "parquet", "jsonl"):
        return -12
    return "-12" if field.kind == "integer" else f"-12{contract.reading.decimal}50"


class Renderer:
    """Renders the rows of one source by one structure.

    `headers` are the file's columns, in order, where it has some that the contract does not know.
    """

    def __init__(
        self, contract: Contract, table: pa.Table, style: Dialect, headers: Sequence[str] | None = None
    ) -> None:
        self._contract = contract
        self._style = style
        self._table = table
        self._fields = columns(contract)
        self._headers = list(headers or (f.header for f in self._fields))
        kind = contract.reading.format
        if kind not in (*TEXT, "xlsx", "parquet", "geojson"):
            raise ContractError(f"The sample can't write the format '{kind}' of {contract.name}.")
        self._cells = {f.name: self._render(f) for f in self._fields} if kind in (*TEXT, "geojson") else {}
        self._lines = self._join(self._cells) if kind in TEXT else None

    def file(self, rows: Sequence[int], broken: dict[int, Break], *, is_cut: bool = False) -> bytes:
        """The bytes of a file of these rows. `broken`: by position among them. `is_cut`: the last row breaks off."""
        match self._contract.reading.format:
            case "xlsx":
                return self._sheet(rows, broken)
            case "parquet":
                return self._parquet(rows, broken)
            case "geojson":
                return self._features(rows, broken)
            case _:
                return self._text(rows, broken, is_cut)

    # Text

    def _text(self, rows: Sequence[int], broken: dict[int, Break], is_cut: bool) -> bytes:
        assert self._lines is not None
        lines: list[str] = self._lines.take(pa.array(rows, pa.int64())).to_pylist()
        for position, way in broken.items():
            lines[position] = self._broken_line(rows[position], way)
        end = self._style.line_end
        if self._contract.reading.format != "jsonl" and self._contract.reading.options.get("header", True):
            lines.insert(0, self._head)
        text = end.join(lines) + end
        if is_cut:
            text = text[: -len(end) - max(1, len(lines[-1]) // 2)]
        return text.encode(self._style.encoding)

    @property
    def _tail(self) -> str:
        """The RPPS file ends every line with its separator."""
        return self._style.separator if self._contract.reading.format == "rpps" else ""

    def _broken_line(self, row: int, way: Break) -> str:
        cells = {name: cell.slice(row, 1) for name, cell in self._cells.items()}
        field = self._contract.field(way.field)
        value = spoilt(way, field, self._contract)
        if self._contract.reading.format == "jsonl":
            value = "null" if value == "" else json.dumps(value)
        cells[way.field] = pa.array([value], pa.string())
        return str(self._join(cells)[0].as_py())

    def _join(self, cells: dict[str, pa.Array]) -> pa.Array:
        rows = len(next(iter(cells.values()))) if cells else 0
        if self._contract.reading.format == "jsonl":
            parts = []
            for position, field in enumerate(self._fields):
                parts += [
                    ("{" if position == 0 else ", ") + json.dumps(field.header, ensure_ascii=False) + ": ",
                    cells[field.name],
                ]
            return pc.binary_join_element_wise(*_arrays([*parts, "}"], rows), "")
        by_header = {f.header: cells[f.name] for f in self._fields}
        empty = pa.array([""] * rows, pa.string())
        shown = [self._quote(by_header.get(header, empty)) for header in self._headers]
        if self._tail:
            shown.append(empty)
        return pc.binary_join_element_wise(*shown, self._style.separator)

    def _quote(self, cells: pa.Array) -> pa.Array:
        if not self._contract.reading.options.get("quotes", True) or self._contract.reading.format in ("fec", "rpps"):
            return cells
        if self._style.quotes_all:
            needs = pa.array([True] * len(cells))
        else:
            needs = pc.match_substring_regex(cells, f'["\\r\\n{self._style.separator}]'.replace("|", "\\|"))
            if not pc.any(needs).as_py():
                return cells
        escaped = pc.replace_substring(cells, '"', '""')
        quoted = pc.binary_join_element_wise('"', escaped, '"', "")
        return pc.if_else(needs, quoted, cells)

    @cached_property
    def _head(self) -> str:
        return self._style.separator.join(self._quote(pa.array(self._headers)).to_pylist()) + self._tail

    def _render(self, field: Field) -> pa.Array:
        """One column as the file shows it; nothing is the empty text (JSON: null)."""
        values = _column(self._table, field)
        is_json = self._contract.reading.format in ("jsonl", "geojson")
        is_quoted = True
        if field.values:
            shown = pa.array([_spelling(field, v) for v in values.to_pylist()], pa.string())
        elif field.kind == "boolean":
            is_quoted = False
            yes, no = ("true", "false") if is_json else ("Oui", "Non")
            shown = pc.if_else(values, yes, no)
        elif field.kind == "date":
            shown = pc.strftime(values, self._style.dates)
        elif field.kind == "timestamp":
            shown = self._instants(values)
        elif field.kind == "string":
            shown = values
        else:
            is_quoted = False
            shown = values.cast(pa.string())
            if not is_json:
                shown = self._number(shown)
        if not is_json:
            return pc.fill_null(shown, "")
        if is_quoted:
            escaped = pc.replace_substring(pc.replace_substring(shown, "\\", "\\\\"), '"', '\\"')
            shown = pc.binary_join_element_wise('"', escaped, '"', "")
        return pc.fill_null(shown, "null")

    def _instants(self, values: pa.Array) -> pa.Array:
        """Times in the file's zone; a format that ends in Z stays in UTC."""
        zone = "UTC" if self._style.timestamps.endswith("Z") else self._style.zone
        local = values.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("s", zone))
        return pc.strftime(local, self._style.timestamps)

    def _number(self, shown: pa.Array) -> pa.Array:
        if self._style.decimal != ".":
            shown = pc.replace_substring(shown, ".", self._style.decimal)
        if self._style.thousands:
            for _ in range(2):
                shown = pc.replace_substring_regex(shown, r"^(-?\d+)(\d{3})($|\D)", rf"\1{self._style.thousands}\2\3")
        return shown

    # Other formats

    def _sheet(self, rows: Sequence[int], broken: dict[int, Break]) -> bytes:
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
        book.set_properties({"created": _MADE_AT})
        sheet = book.add_worksheet(self._contract.reading.sheet or "Feuil1")
        sheet.write_row(0, 0, self._headers)
        table = self._table.take(pa.array(rows, pa.int64()))
        for column, header in enumerate(self._headers):
            field = next((f for f in self._fields if f.header == header), None)
            if field is None:
                continue
            values = self._natural(field, _column(table, field))
            for position, way in broken.items():
                if way.field == field.name:
                    values[position] = spoilt(way, field, self._contract)
            for row, value in enumerate(values, start=1):
                if value is not None and value != "":
                    sheet.write(row, column, value)
        book.close()
        return buffer.getvalue()

    def _natural(self, field: Field, values: pa.Array) -> list[Any]:
        """Cells of a sheet: numbers and dates as such, the rest as text."""
        if field.values:
            return [_spelling(field, v) for v in values.to_pylist()]
        if field.kind == "boolean":
            return [None if v is None else "Oui" if v else "Non" for v in values.to_pylist()]
        if field.kind == "decimal":
            return [None if v is None else float(v) for v in values.to_pylist()]
        if field.kind == "timestamp":
            return list(self._instants(values).to_pylist())
        return list(values.to_pylist())

    def _parquet(self, rows: Sequence[int], broken: dict[int, Break]) -> bytes:
        table = self._table.take(pa.array(rows, pa.int64()))
        arrays = []
        for field in self._fields:
            values = _column(table, field)
            if field.values:
                values = pa.array([_spelling(field, v) for v in values.to_pylist()], pa.string())
            mine = {p: way for p, way in broken.items() if way.field == field.name}
            if mine:
                cells = values.to_pylist()
                for position, way in mine.items():
                    value = spoilt(way, field, self._contract)
                    cells[position] = None if value == "" else value
                values = pa.array(cells, values.type)
            arrays.append(values)
        buffer = io.BytesIO()
        named = pa.Table.from_arrays(arrays, names=[f.header for f in self._fields])
        pq.write_table(named, buffer, compression="zstd")
        return buffer.getvalue()

    def _features(self, rows: Sequence[int], broken: dict[int, Break]) -> bytes:
        """OpenStreetMap export: points with their properties (`@id` among them), as overpass-turbo writes them."""
        features = []
        for position, row in enumerate(rows):
            cells = {f.header: json.loads(self._cells[f.name][row].as_py()) for f in self._fields}
            if position in broken:
                field = self._contract.field(broken[position].field)
                cells[field.header] = spoilt(broken[position], field, self._contract)
            point = [cells.pop("longitude"), cells.pop("latitude")]
            shown = {k: v for k, v in cells.items() if v not in (None, "")}
            feature = {"type": "Feature", "properties": shown, "geometry": {"type": "Point", "coordinates": point}}
            features.append(json.dumps(feature, ensure_ascii=False))
        text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"
        return text.encode("utf-8")


def _column(table: pa.Table, field: Field) -> pa.Array:
    values = table.column(field.name)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _arrays(parts: Sequence[Any], rows: int) -> list[pa.Array]:
    return [pa.array([part] * rows, pa.string()) if isinstance(part, str) else part for part in parts]


def _spelling(field: Field, value: Any) -> str | None:
    """The file's spelling of a stored value: the first that the contract maps to it."""
    if value is None:
        return None
    return next((shown for shown, stored in field.values if stored == value), str(value))
