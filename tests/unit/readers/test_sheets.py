"""Spreadsheets and Parquet: typed already, and read to the same text."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt

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


def test_a_sheet_of_charts_is_no_second_table() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet("Table")
        for at, line in enumerate((HEADERS, TYPED)):
            page.write_row(at, 0, line)
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Table!$A$2:$A$2"})
        book.add_chartsheet("Graphique").set_chart(chart)
    assert len(rows(file.getvalue(), XLSX)) == 1


def test_of_sheets_without_a_row_the_first_is_read() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Table").write_row(0, 0, HEADERS)
        book.add_worksheet("Notes")
    assert rows(file.getvalue(), XLSX) == []


def test_a_cut_sheet_is_refused_whole() -> None:
    with pytest.raises(ReadError, match="no spreadsheet, or cut short"):
        chunks(sheet(HEADERS, TYPED)[:-200], XLSX)


_NAMES = " ".join(
    f'xmlns:{name}="urn:{urn}:1.0"'
    for name, urn in {
        **{n: f"oasis:names:tc:opendocument:xmlns:{n}" for n in ("office", "table", "text")},
        "calcext": "org:documentfoundation:names:experimental:calc:xmlns:calcext",
    }.items()
)
_MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"


def test_a_workbook_whose_parts_do_not_fit_is_damaged_and_no_fault_of_the_reader() -> None:
    data = bytearray(xls(HEADERS, TYPED))
    at = data.find(b"\xfc\x00", 512) + 4  # the number of shared texts
    data[at : at + 8] = struct.pack("<II", 10**6, 10**6)
    kept = zipfile.ZipFile(io.BytesIO(sheet(HEADERS, TYPED)))
    short = io.BytesIO()
    with zipfile.ZipFile(short, "w") as archive:
        for name in kept.namelist():
            if "worksheets" not in name:
                archive.writestr(name, kept.read(name))
    for spoiled in (bytes(data), short.getvalue()):
        with pytest.raises(ReadError, match="no spreadsheet, or cut short"):
            rows(spoiled, XLSX)


def ods(*tables: str) -> bytes:
    """A workbook of LibreOffice: of each sheet its rows."""
    sheets = "".join(f'<table:table table:name="Feuil{n}">{rows}</table:table>' for n, rows in enumerate(tables, 1))
    body = f"<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body>"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{_MANIFEST}"/>')
        archive.writestr("content.xml", f"<office:document-content {_NAMES}>{body}</office:document-content>")
    return file.getvalue()


def ods_row(*cells: Any, times: int = 1) -> str:
    """A row; a cell is a text, or XML by itself."""
    texts = "".join(
        cell
        if str(cell).startswith("<table")
        else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    return f'<table:table-row table:number-rows-repeated="{times}">{texts}</table:table-row>'


def nothing(times: int) -> str:
    return f'<table:table-cell table:number-columns-repeated="{times}"/>'


def xls(*lines: list[Any], errors: dict[tuple[int, int], str | int] | None = None, sheets: int = 1) -> bytes:
    """A workbook of Excel before 2007."""
    book = xlwt.Workbook()
    for number in range(1, sheets + 1):
        page = book.add_sheet(f"Feuil{number}")
        for at, line in enumerate(lines):
            for column, value in enumerate(line):
                if (at, column) not in (errors or {}):
                    page.write(at, column, value)
        for (row, column), error in (errors or {}).items():
            page.row(row).set_cell_error(column, error)
    book.save(file := io.BytesIO())
    return file.getvalue()


def test_error_cells_of_an_xls_are_errors_and_no_blanks() -> None:
    data = xls(HEADERS, TYPED[:7], TYPED[:7], errors={(1, 4): "#DIV/0!", (2, 0): 42, (2, 4): "#REF!"})
    first, second = rows(data, XLSX)
    assert (first["device_id"], first["price_eur"]) == ("D100", "#DIV/0!")
    assert (second["device_id"], second["price_eur"]) == ("#N/A", "#REF!")


@pytest.mark.parametrize(
    "value",
    [
        'office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p>',
        'office:value-type="float" office:value="0" calcext:value-type="error"><text:p>#DIV/0!</text:p>',
        "><text:p>#DIV/0!</text:p>",
        'office:value-type="string" office:string-value="#DIV/0!">',
    ],
)
def test_error_cells_of_an_ods_are_errors_and_no_blanks_or_zeros(value: str) -> None:
    error = f'<table:table-cell table:formula="of:=1/0" {value}</table:table-cell>'
    repeated = error.replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="2"')
    good = [str(v) for v in GOOD.values()]
    table = (
        ods_row(nothing(1), *HEADERS)
        + ods_row(nothing(1), *good[:4], error, *good[5:], times=2)
        + ods_row(nothing(1), *good[:4], repeated, *good[6:])
        + ods_row(nothing(1), *good)
    )
    first, second, third, fourth = rows(ods(table), XLSX)
    assert [r["price_eur"] for r in (first, second, third)] == ["#DIV/0!"] * 3
    assert (second["parts"], third["parts"], third["is_renewal"]) == ("3", "#DIV/0!", "Oui")
    assert fourth["price_eur"] == GOOD["Prix"]


def test_a_far_cell_is_named_in_every_kind_of_workbook() -> None:
    far = sheet(HEADERS, TYPED)
    with xlsxwriter.Workbook(file := io.BytesIO()) as book:
        book.add_worksheet("Feuil1").write_row(0, 0, HEADERS)
        book.worksheets()[0].write(1_048_575, 16_383, "x")
    far = file.getvalue()
    with pytest.raises(ReadError, match="reaches to XFD1048576"):
        chunks(far, XLSX)
    rest = ods_row(nothing(1024), times=1_048_574) + ods_row(nothing(1023), "x")
    with pytest.raises(ReadError, match="reaches to AMJ1048576: 1,048,576 rows by 1,024 columns"):
        chunks(ods(ods_row(*HEADERS) + rest), XLSX)
    book = xlwt.Workbook()
    page = book.add_sheet("Feuil1")
    for column, name in enumerate(HEADERS):
        page.write(0, column, name)
    page.write(65_535, 255, "x")
    book.save(file := io.BytesIO())
    with pytest.raises(ReadError, match="reaches to IV65536"):
        chunks(file.getvalue(), XLSX)


def test_cells_that_repeat_cannot_fill_the_memory() -> None:
    (one,) = re.findall("<table:table-cell.*cell>", ods_row("x"))
    many = one.replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="1024"')
    with pytest.raises(ReadError, match="holds over 512 MB"):
        chunks(ods(ods_row(*HEADERS) + ods_row(many, times=1_048_575)), XLSX)
    long = "x" * 30_000
    with pytest.raises(ReadError, match="holds over 512 MB"):
        chunks(xls(HEADERS, *[[f"é{long}", "€"] for _ in range(20_000)]), XLSX)


def test_formatting_down_to_the_last_row_is_no_far_cell() -> None:
    good = [str(v) for v in GOOD.values()]
    rest = ods_row(nothing(1024), times=1_048_574)
    assert len(rows(ods(ods_row(*HEADERS) + ods_row(*good) + rest), XLSX)) == 1


def test_rows_of_a_second_sheet_are_never_lost() -> None:
    good = ods_row(*[str(v) for v in GOOD.values()])
    both = "The sheets Feuil1, Feuil2 all hold rows of lab_devices"
    for data in (ods(ods_row(*HEADERS) + good, ods_row(*HEADERS) + good), xls(HEADERS, TYPED[:7], sheets=2)):
        for contract in (XLSX, reading(format="xlsx", sheet="Feuil1")):
            with pytest.raises(ReadError, match=both):
                chunks(data, contract)
    assert len(rows(ods(ods_row("Mode d'emploi"), ods_row(*HEADERS) + good), XLSX)) == 1
    assert len(rows(ods(ods_row(*HEADERS) + good, ods_row(*HEADERS)), XLSX)) == 1


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


def test_a_changed_value_below_its_checksum_is_no_value() -> None:
    """Uncompressed, it would be read as another price without a word."""
    table = pa.table({"Prix": [1000 + n for n in range(300)]})
    plain = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    data = bytearray(parquet(table, row_group_size=100, **plain))
    offset = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0).data_page_offset
    data[data.index((1150).to_bytes(8, "little"), offset)] ^= 1
    found = chunks(bytes(data), PARQUET)
    assert sum(c.table.num_rows for c in found) == 200
    assert [b.reason for c in found for b in c.broken] == ["file: rows 101 to 200 can't be read"]


def test_a_cut_parquet_is_refused_whole() -> None:
    with pytest.raises(ReadError, match="no Parquet, or cut short"):
        chunks(parquet(pa.table({"Prix": [1]}))[:-10], PARQUET)


def test_two_parquet_files_put_together_are_refused_and_not_read_for_one() -> None:
    one, two = (parquet(pa.table({"N° appareil": [f"D{n}"], "Prix": [n]})) for n in (1, 2))
    with pytest.raises(ReadError, match="Several Parquet files were put together"):
        chunks(one + two, PARQUET)


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
