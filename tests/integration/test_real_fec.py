"""FECs that others wrote, all the way to the income statement; legal units that the group does not know are kept."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import shared
from group import Group

from lake import access, semantic
from lake.semantic import Filter
from lake.settings import settings
from lake.store import open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FEC = shared.SHARED / "data" / "fec"
CASES = ("12-fiscal-year-of-15-months", "28-fiscal-years-not-of-12-months")
HEADER = "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef|PieceDate"

#: Boxes of the tax return of the first file, each cut to whole euros, that make a line of the income statement. It is
#: a farm's return (form 2146), whose boxes are not those of form 2052: there FJ is the net turnover; here it is the
#: result before tax, and the turnover is EA + EB + EC (produced) + EE (other sales).
BOXES = {
    "finance_goods_produced_eur": ("EA", "EB", "EC"),
    "finance_goods_sales_eur": ("EE",),
    "finance_stored_production_eur": ("EG",),
    "finance_subsidies_eur": ("EL",),
    "finance_reversals_eur": ("EN",),
    "finance_materials_eur": ("EQ",),
    "finance_materials_stock_change_eur": ("ET",),
    "finance_external_costs_eur": ("ES", "EU"),
    "finance_taxes_eur": ("EV",),
    "finance_wages_eur": ("EX",),
    "finance_social_charges_eur": ("DG", "DH"),
    "finance_depreciation_eur": ("EZ",),
    "finance_other_costs_eur": ("FB",),
    "finance_operating_result_eur": ("FD",),
    "finance_financial_income_eur": ("FE",),
    "finance_financial_costs_eur": ("FG",),
    "finance_current_result_eur": ("FJ",),
    "finance_net_result_eur": ("CE",),
}


def write(path: Path, *lines: str, header: str = "Debit|Credit", encoding: str = "utf-8") -> Path:
    first = f"{HEADER}|EcritureLib|{header}|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise"
    rows = [
        f"VE|Ventes|1|{day}|{account}|Libellé|||P|{day}|é|{a}|{b}|||||" for day, account, a, b in map(str.split, lines)
    ]
    path.write_bytes("\r\r\n".join([first, *rows, ""]).encode(encoding))
    return path


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    home = tmp_path_factory.mktemp("fec")
    files = home / "files"
    files.mkdir()
    group = Group({"LAKE_DATA": str(home / "lake")}, files, {})
    sale, cost = "20240131 706000 0,00 100,00", "20240131 641000 60,00 0,00"
    group.lake("land", str(write(files / "222222222FEC20241231.txt", sale, cost, "20240229 707000 0,00 7,00", cost)))
    group.lake("land", str(write(files / "222222222FEC20241231_rectifie.txt", "20240131 706000 0,00 110,00", cost)))
    wrong = write(files / "333333333FEC20241231.txt", sale, "20240131 641000 60.00 0,00", "20240231 641000 1,00 0,00")
    side = write(
        files / "444444444FEC20251231.txt", "20250131 757000 100,00 C", "20250131 791000 5,50- D",
        header="Montant|Sens", encoding="cp850",
    )  # fmt: skip
    odd = [path for name in CASES for path in sorted((shared.SHARED / "cases" / name).glob("*FEC*.txt"))]
    real = sorted(FEC.glob("*FEC*.[tT][xX][tT]"))
    group.lake("land", *map(str, [wrong, side, *odd, *real]))
    group.lake("run", "finance")
    yield group


@pytest.fixture(autouse=True)
def on_finance(landed: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in landed.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def figure(metric: str, structure: str) -> Decimal:
    where = [Filter("structure", "=", (structure,))]
    value = semantic.query([metric], where=where, scope=access.scope("group-director")).table.column(0)[0].as_py()
    return Decimal(str(value))


@pytest.fixture
def real() -> None:
    shared.data("fec")


@pytest.mark.usefixtures("real")
def test_the_results_of_the_year_are_exact() -> None:
    assert figure("finance_net_result_eur", "0000000001") == Decimal("173208.48")
    assert figure("finance_net_result_eur", "111111111") == Decimal("-1281.09")


@pytest.mark.usefixtures("real")
def test_real_files_land_whole() -> None:
    with open_store() as store:
        found = {f.name: (f.read, f.landed, f.quarantined) for f in store.files("finance_entries")}
    assert found["0000000001FEC20220831.txt"] == (5422, 5422, 0)
    assert found["111111111FEC20221231.TXT"] == (934, 934, 0)


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("metric", BOXES)
def test_lines_of_the_income_statement_are_the_boxes_of_the_tax_return(metric: str) -> None:
    with (FEC / "0000000001FEC20220831-expected.csv").open(encoding="utf-8") as file:
        boxes = {row[0]: row[1].strip() for row in csv.reader(file) if row}
    expected = sum(Decimal(boxes[box]) for box in BOXES[metric])
    # Each box is cut to whole euros; balances add up boxes that were cut.
    slack = 20 if "result" in metric else len(BOXES[metric])
    assert abs(figure(metric, "0000000001") - expected) < slack


@pytest.mark.usefixtures("real")
def test_accounts_that_fall_in_no_line_are_shown() -> None:
    rows = semantic.query(
        ["finance_unmapped_eur"], by=["account"], where=[Filter("income_line", "=", ("unmapped",))],
        scope=access.scope("group-director"),
    ).table.to_pylist()  # fmt: skip
    assert {row["account"]: row["finance_unmapped_eur"] for row in rows if row["account"] == "60900000"} == {
        "60900000": Decimal("26.83")
    }


def test_a_shorter_delivery_supersedes_the_lines_beyond_its_end() -> None:
    assert figure("finance_net_result_eur", "222222222") == Decimal("50.00")
    assert figure("finance_entry_lines", "222222222") == 2


def test_a_decimal_point_and_an_impossible_date_are_quarantined_and_the_rest_lands() -> None:
    with open_store() as store:
        found = {f.name: (f.read, f.landed, f.quarantined) for f in store.files("finance_entries")}
    assert found["333333333FEC20241231.txt"] == (3, 1, 2)
    assert figure("finance_net_result_eur", "333333333") == Decimal("100.00")


def test_a_fiscal_year_of_15_months_has_its_own_days() -> None:
    shared.case(CASES[0])
    assert figure("finance_dso_days", "999000011") == pytest.approx(Decimal("91.4"))
    assert figure("finance_sales_vat_rate", "999000011") == 0


def test_accounts_are_mapped_by_the_day_on_which_the_fiscal_year_opened() -> None:
    shared.case(CASES[1])
    assert figure("finance_reversals_eur", "777777771") == Decimal("1000.00")
    assert figure("finance_disposal_income_eur", "777777772") == Decimal("1000.00")
    assert {figure("finance_unmapped_eur", siren) for siren in ("777777771", "777777772")} == {0}


def test_from_2025_the_abolished_accounts_are_shown_apart() -> None:
    assert figure("finance_disposal_income_eur", "444444444") == Decimal("100.00")
    assert figure("finance_unmapped_eur", "444444444") == Decimal("5.50")
    assert figure("finance_operating_result_eur", "444444444") == Decimal("100.00")
