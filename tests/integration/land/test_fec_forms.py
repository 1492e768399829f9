"""A FEC lands the same in both of the law's forms, and one whose name says no day lands once it is renamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.land import land
from lake.land.report import FileReport
from lake.store import Store
from tests.unit.test_fec_reader import INCOME, LETTERED, PAID, SALE, file, xml

NAME = "999000011FEC20241231"
ROWS = [SALE, INCOME, LETTERED, PAID]


def landed(path: Path, data: bytes) -> FileReport:
    path.write_bytes(data)
    (report,) = land([str(path)]).files
    return report


def test_the_xml_form_lands_the_rows_of_the_text_form(store: Store, tmp_path: Path) -> None:
    as_xml = xml([SALE, INCOME], [LETTERED, PAID])
    assert landed(tmp_path / f"{NAME}.txt", file(*ROWS).encode()).landed == 4
    again = landed(tmp_path / f"{NAME}.xml", as_xml)
    assert (again.read, again.unchanged, again.quarantined) == (4, 4, 0)
    other = landed(tmp_path / "999000012FEC20241231.xml", as_xml.replace(b"1234567.80", b"1,5"))
    assert (other.landed, other.quarantined) == (4, 0)


def test_a_row_of_the_xml_form_that_is_wrong_waits_in_quarantine_with_the_others_landed(
    store: Store, tmp_path: Path
) -> None:
    data = xml([SALE, INCOME], [LETTERED, PAID]).replace(b"1234567.80", b"beaucoup", 1)
    report = landed(tmp_path / f"{NAME}.xml", data)
    assert (report.read, report.landed, report.quarantined) == (4, 3, 1)
    assert report.reasons == {"debit_eur: not a number": 1}


@pytest.mark.parametrize("day", ["20251332", "20250230", "00000000"])
def test_a_name_with_a_day_that_does_not_exist_is_told_and_nothing_is_lost(
    store: Store, tmp_path: Path, day: str
) -> None:
    report = landed(tmp_path / f"999000011FEC{day}.txt", file(*ROWS).encode())
    assert (report.status, report.read) == ("refused", 0)
    assert f"is named for fiscal_year_end_on '{day}': not a date" in report.why
    assert "Last day of the fiscal year" in report.why
    assert landed(tmp_path / "999000011FEC20251231.txt", file(*ROWS).encode()).landed == 4
