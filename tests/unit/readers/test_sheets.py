"""Spreadsheets and Parquet: typed already, and read to the same text."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from lake.errors import ReadError
from lake.readers import read
from lake.readers.stream import Plain
from tests.lab import GOOD, HEADERS, chunks, reading, rows

XLSX = reading(format="xlsx")
PARQUET = reading(format="parquet")


def sheet(*lines: list[Any], name: str = "Feuil1") -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yyyy hh:mm:ss"}) as book:
        page = book.add_worksheet(name)
        for at, line in enumerate(lines):
            page.write_row(at, 0, line)
    return file.getvalue()


TYPED = [
    "D100",
    "12345",
    "Zoé",
    "G",
    0.1 + 0.2,
    3,
    True,
    datetime(2024, 3, 12),
    "",
    datetime(2024, 3, 12, 10, 11, 12),
    "C",
]


def test_cells_become_text_in_the_dialect_of_the_contract() -> None:
    (found,) = rows(sheet(["Titre"], [], HEADERS, TYPED), XLSX)
    assert found["price_eur"] == "0,3"
    assert found["parts"] == "3"
    assert found["is_renewal"] == "true"
    assert found["fitted_on"] in ("2024-03-12", "2024-03-12T00:00:00")
    assert found["changed_at"] == "2024-03-12T10:11:12"


def test_rows_are_numbered_as_the_sheet_does() -> None:
    (chunk,) = chunks(sheet(["Titre"], HEADERS, TYPED, [], TYPED), XLSX)
    assert chunk.lines.tolist() == [3, 5]


def test_a_sheet_is_chosen_by_name() -> None:
    data = sheet(HEADERS, TYPED, name="Données")
    assert len(rows(data, reading(format="xlsx", sheet="Données"))) == 1
    with pytest.raises(ReadError, match="no sheet 'Autre', only Données"):
        rows(data, reading(format="xlsx", sheet="Autre"))


def test_a_cut_sheet_is_refused_whole() -> None:
    with pytest.raises(ReadError, match="no spreadsheet, or cut short"):
        chunks(sheet(HEADERS, TYPED)[:-200], XLSX)


def parquet(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def test_columns_become_text_exactly() -> None:
    table = pa.table(
        {
            "N° appareil": ["D100", "D101"],
            "Prix": pa.array([Decimal("1234567890123456.78"), None], pa.decimal128(18, 2)),
            "Pièces": [3, None],
            "Renouvellement": [True, None],
            "Livré le": [date(2024, 3, 12), None],
            "Modifié le": pa.array([datetime(2024, 3, 12, 9, 11, 12, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "Oreille": pa.array(["G", "D"]).dictionary_encode(),
            "Remarque": pa.array([0.1, None]),
        }
    )
    first, second = rows(parquet(table), PARQUET)
    assert first["price_eur"] == "1234567890123456,78"
    assert first["parts"] == "3"
    assert first["is_renewal"] == "true"
    assert first["fitted_on"] == "2024-03-12"
    assert first["changed_at"] == "2024-03-12 09:11:12.000Z"
    assert first["ear"] == "G"
    assert first["comment"] == "0,1"
    assert second["price_eur"] is None


def test_originals_read_again_give_the_same_rows() -> None:
    table = pa.table({"N° appareil": ["D100"], "Prix": pa.array([Decimal("12.50")], pa.decimal128(18, 2))})
    (chunk,) = chunks(parquet(table), PARQUET)
    (again,) = read(Plain(io.BytesIO(chunk.original(0))), PARQUET, again=chunk.again)
    assert again.table.to_pylist() == chunk.table.to_pylist()


def test_a_row_group_that_cannot_be_read_loses_none_of_the_others() -> None:
    table = pa.table({"N° appareil": [f"D{n}" for n in range(1000, 1300)]})
    data = bytearray(parquet(table, row_group_size=100, compression="zstd", use_dictionary=False))
    offset = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0).data_page_offset
    data[offset + 40 : offset + 80] = bytes(40)
    found = chunks(bytes(data), PARQUET)
    assert sum(c.table.num_rows for c in found) == 200
    (lost,) = [b for c in found for b in c.broken]
    assert lost.reason == "file: rows 101 to 200 can't be read"


def test_a_cut_parquet_is_refused_whole() -> None:
    with pytest.raises(ReadError, match="no Parquet, or cut short"):
        chunks(parquet(pa.table({"Prix": [1]}))[:-10], PARQUET)


def test_good_row_has_every_header() -> None:
    assert list(GOOD) == HEADERS


def test_the_row_with_the_most_headers_is_the_header() -> None:
    (found,) = rows(sheet(["Prix", "Op"], HEADERS, TYPED), XLSX)
    assert found["device_id"] == "D100"


def test_a_cell_that_holds_an_error_shows_it_and_a_formula_without_its_value_is_one() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet("Feuil & 1")
        page.write_row(0, 0, HEADERS)
        page.write_row(1, 0, TYPED[:7])
        page.write_formula(1, 4, "=1/0", None, "#DIV/0!")
        page.write_formula(1, 8, "=T(A2)", None, "D100")
        page.write_formula(2, 4, "=1/4", None, 0.25)
    (first, second) = rows(file.getvalue(), XLSX)
    assert (first["price_eur"], first["comment"]) == ("#DIV/0!", "D100")
    assert second["price_eur"] == "0,25"
    book = openpyxl.load_workbook(file)
    book["Feuil & 1"]["E2"] = "=1/4"
    book.save(saved := io.BytesIO())
    assert rows(saved.getvalue(), XLSX)[0]["price_eur"] == "#VALUE!"


def test_numbers_of_32_bits_have_their_own_digits() -> None:
    table = pa.table(
        {
            "N° adhérent": pa.array([16777215.0, 900001173.0, None], pa.float32()),
            "Prix": pa.array([19.99, 0.1, 2.0], pa.float32()),
        }
    )
    first, second, third = rows(parquet(table), PARQUET)
    assert (first["person_id"], first["price_eur"]) == ("16777215", "19,99")
    assert "e" in second["person_id"]
    assert (third["person_id"], third["price_eur"]) == (None, "2")


def test_a_missing_double_is_nothing_and_an_infinite_one_is_a_fault() -> None:
    table = pa.table({"N° appareil": ["D1", "D2"], "Prix": [float("nan"), float("inf")]})
    (chunk,) = chunks(parquet(table), PARQUET)
    assert chunk.table["price_eur"].to_pylist() == [None, "inf"]
    (again,) = read(Plain(io.BytesIO(chunk.original(1))), PARQUET, again=chunk.again)
    assert again.table["price_eur"].to_pylist() == ["inf"]
    assert [r["price_eur"] for r in rows(b'{"Prix": NaN}\n{"Prix": Infinity}', reading(format="jsonl"))] == [
        None,
        "Infinity",
    ]
