"""The same table, written in every format as its programs write it, gives the same values and the same pseudonyms."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.contracts import Contract
from lake.land.checks import check
from lake.readers import read
from lake.readers.stream import Plain
from lake.vault import Vault
from tests.lab import HEADERS, reading

VAULT = Vault("k" * 32, Fernet.generate_key().decode())

#: A row as a program holds it, by header.
Row = dict[str, Any]


def landed(data: bytes, contract: Contract) -> tuple[list[Row], list[tuple[int, tuple[str, ...]]]]:
    """The typed rows of a file of structure S01, and the reasons of those that fail."""
    (chunk,) = [c for c in read(Plain(io.BytesIO(data)), contract) if c.table.num_rows]
    assert not chunk.broken
    rows = chunk.table.append_column("structure_id", pa.array(["S01"] * chunk.table.num_rows))
    checked = check(rows, contract, VAULT, {})
    reasons = [(row, tuple(why)) for row, why in sorted(checked.reasons.items())]
    good = checked.table.filter(pa.array(~checked.fails))
    return good.to_pylist(), reasons


def as_written(value: Any) -> str:
    """As a French program writes a value in CSV."""
    match value:
        case None:
            return ""
        case bool():
            return "Oui" if value else "Non"
        case float():
            return (repr(value) if "e" not in repr(value) else f"{value:.20f}").replace(".", ",")
        case datetime():
            return f"{value:%d/%m/}{value.year:04d} {value:%H:%M:%S}"
        case date():
            return f"{value:%d/%m/}{value.year:04d}"
        case _:
            return str(value)


def separated(separator: str) -> Callable[[list[Row]], bytes]:
    def write(rows: list[Row]) -> bytes:
        lines = [separator.join(HEADERS), *(separator.join(as_written(row[h]) for h in HEADERS) for row in rows)]
        return "\r\n".join([*lines, "\x1a"]).encode()

    return write


def as_json(row: Row) -> str:
    return json.dumps({k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}, ensure_ascii=False)


def json_lines(rows: list[Row]) -> bytes:
    return "".join(as_json(row) + "\n" for row in rows).encode()


def json_array(rows: list[Row]) -> bytes:
    return f"[{', '.join(map(as_json, rows))}]".encode()


def features(rows: list[Row]) -> bytes:
    made = ", ".join(f'{{"type": "Feature", "geometry": null, "properties": {as_json(row)}}}' for row in rows)
    return f'{{"type": "FeatureCollection", "features": [{made}]}}'.encode()


def sheet(rows: list[Row]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yyyy hh:mm:ss"}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADERS)
        for at, row in enumerate(rows, 1):
            page.write_row(at, 0, [row[h] for h in HEADERS])
    return file.getvalue()


def parquet(rows: list[Row]) -> bytes:
    file = io.BytesIO()
    # As pandas does: a column of numbers with a hole is one of doubles.
    columns = {h: [row[h] for row in rows] for h in HEADERS}
    pq.write_table(
        pa.table({h: pa.array(v, pa.float64() if h in ("Prix", "Pièces") else None) for h, v in columns.items()}), file
    )
    return file.getvalue()


WRITERS: dict[str, tuple[Callable[[list[Row]], bytes], Contract]] = {
    "csv": (separated(";"), reading(format="csv")),
    "rpps": (separated("|"), reading(format="rpps")),
    "jsonl": (json_lines, reading(format="jsonl")),
    "json": (json_array, reading(format="json")),
    "geojson": (features, reading(format="geojson")),
    "xlsx": (sheet, reading(format="xlsx")),
    "parquet": (parquet, reading(format="parquet")),
}

PRICES = st.integers(0, 600_000).map(lambda cents: cents / 100)
ROWS = st.fixed_dictionaries(
    {
        "N° appareil": st.integers(100, 999_999).map(lambda n: f"D{n}"),
        "N° adhérent": st.integers(10, 10**12 - 1).map(float),
        "Nom patient": st.just("Zoé"),
        "Oreille": st.sampled_from("GDg"),
        "Prix": st.one_of(PRICES, PRICES.map(lambda p: math.nextafter(p, 7000)), st.just(12.345), st.just(0.1 + 0.2)),
        "Pièces": st.one_of(st.none(), st.integers(0, 10**9).map(float)),
        "Renouvellement": st.one_of(st.none(), st.booleans()),
        "Livré le": st.dates(date(2009, 1, 1), date(2040, 1, 1)),
        "Remarque": st.one_of(st.none(), st.sampled_from(["au comptoir", "Été", "12"])),
        "Modifié le": st.datetimes(datetime(2009, 1, 1), datetime(2040, 1, 1)).map(lambda t: t.replace(microsecond=0)),
        "Op": st.sampled_from("CM"),
    }
)


@settings(max_examples=15)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_every_format_gives_the_same_values_and_pseudonyms(rows: list[Row]) -> None:
    results = {name: landed(write(rows), contract) for name, (write, contract) in WRITERS.items() if name != "rpps"}
    # A member's number that a text file shows with `.0` is refused; without it, it is the number of the others.
    whole = [{**row, "N° adhérent": int(row["N° adhérent"])} for row in rows]
    for name in ("csv", "rpps"):
        write, contract = WRITERS[name]
        results[name] = landed(write(whole), contract)
    for name, result in results.items():
        assert result == results["parquet"], name


@pytest.mark.parametrize("name", WRITERS)
def test_an_error_of_a_spreadsheet_is_one_in_every_format(name: str) -> None:
    write, contract = WRITERS[name]
    row = dict.fromkeys(HEADERS) | {
        "N° appareil": "D100", "N° adhérent": "12345", "Oreille": "G", "Prix": 12.5, "Renouvellement": None,
        "Livré le": date(2024, 3, 12), "Remarque": "#REF!", "Modifié le": datetime(2024, 3, 12, 10, 0), "Op": "C",
    }  # fmt: skip
    assert landed(write([row]), contract) == ([], [(0, ("comment: an error of the spreadsheet",))])
