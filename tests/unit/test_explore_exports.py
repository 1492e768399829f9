"""Files that leave Explore: opened again, they hold the same figures, and nothing in them is a formula."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.screens.explore import drawing
from apps.screens.explore.drawing import Plot
from apps.screens.explore.exports import Sheet, file_name, to_csv, to_parquet, to_png, to_svg, to_xlsx
from apps.screens.explore.pivot import flat

ROWS = [
    {"metric_time": date(2024, 1, 1), "site": "Évry", "sales": Decimal("1234.56"), "rate": 0.125, "n": 3},
    {"metric_time": date(2024, 2, 1), "site": "=HYPERLINK(1)", "sales": Decimal("-0.10"), "rate": None, "n": 0},
    {"metric_time": date(2024, 2, 1), "site": None, "sales": None, "rate": 1.0, "n": 1},
]


@pytest.fixture
def sheet() -> Sheet:
    total = {"sales": Decimal("1234.46"), "rate": 0.25, "n": 4}
    grid = flat(ROWS, ["metric_time", "site"], ["sales", "rate", "n"], total)
    titles = ("Mois", "Site", "Ventes", "Taux", "=Nombre")
    return Sheet("Ventes", grid, titles, (None, None, "eur", "rate", "count"), "Total", "(non renseigné)")


def test_a_french_csv_opens_in_french_excel(sheet: Sheet) -> None:
    made = to_csv(sheet, "fr")
    assert made.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(made.decode("utf-8-sig")), delimiter=";"))
    assert lines == [
        ["Mois", "Site", "Ventes", "Taux", "'=Nombre"],
        ["2024-01-01", "Évry", "1234,56", "0,125", "3"],
        ["2024-02-01", "'=HYPERLINK(1)", "-0,10", "", "0"],
        ["2024-02-01", "(non renseigné)", "", "1,0", "1"],
        ["Total", "", "1234,46", "0,25", "4"],
    ]


def test_an_english_csv_has_commas_and_points(sheet: Sheet) -> None:
    made = to_csv(sheet, "en")
    assert not made.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(made.decode())))[1] == ["2024-01-01", "Évry", "1234.56", "0.125", "3"]


def test_a_workbook_reopens_typed_formatted_and_without_formulas(sheet: Sheet) -> None:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(sheet, [("Formule", "=1+1")], ("Tableau", "À propos"))))
    page, about = book["Tableau"], book["À propos"]
    assert [c.value for c in page[1]] == list(sheet.titles)
    assert [c.value for c in page[2]] == [datetime(2024, 1, 1), "Évry", 1234.56, 0.125, 3]
    assert [c.value for c in page[5]] == ["Total", None, 1234.46, 0.25, 4]
    assert page["C2"].number_format == '#,##0.00\\ "€"' and page["D2"].number_format == "0.0%"
    assert page["B3"].data_type == "s" and about["B1"].data_type == "s"
    assert page.freeze_panes == "C2" and page["A5"].font.bold


def test_parquet_keeps_decimals_exact_and_says_what_it_is() -> None:
    table = pa.table({"sales": pa.array([Decimal("0.10"), Decimal("12345678901234.56")], pa.decimal128(38, 2))})
    again = pq.read_table(io.BytesIO(to_parquet(table, [("Construction", "audio 1"), ("Construction", "core 2")])))
    assert again.column("sales").to_pylist() == [Decimal("0.10"), Decimal("12345678901234.56")]
    assert again.schema.field("sales").type == pa.decimal128(38, 2)
    about = json.loads(again.schema.metadata[b"lake.about"])
    assert about == [["Construction", "audio 1"], ["Construction", "core 2"]]


def test_the_picture_of_a_chart_has_its_title_and_its_words() -> None:
    data = pd.DataFrame({"member": ["Évry", "Brest"], "value": [1234.5, 10.0]})
    chart = drawing.pictured(drawing.bars(Plot(data, ("eur",), ("Ventes",)), "fr"), "Ventes nettes", ["Du 1 au 2"])
    assert to_png(chart).startswith(b"\x89PNG")
    drawn = to_svg(chart).decode()
    assert all(word in drawn for word in ("Ventes nettes", "Du 1 au 2", "Évry", "€"))


def test_a_file_name_is_plain_and_dated_in_paris() -> None:
    at = datetime(2026, 1, 5, 8, 12, tzinfo=UTC)
    assert file_name("Ventes nettes · Région / «Été»", "csv", at) == "ventes-nettes-region-ete-20260105-0912.csv"
    assert file_name("…", "png", at) == "view-20260105-0912.png"
    assert (
        file_name("Cœur d’Œuvre", "csv", at) == "coeur-d-oeuvre-20260105-0912.csv"
    )  # case 19-search-oe-and-apostrophe
