"""Files whose numbers, days, times and identities are written as spreadsheets and programs really do.

The folders of `cases` are inputs that once gave wrong figures, or none, without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shared import case
from typer.testing import CliRunner

from lake.cli import app
from lake.land import land
from lake.land.report import FileReport
from lake.run import run
from lake.store import Store
from lake.vault import vault

Rows = Callable[[str], list[dict[str, Any]]]


def only(*paths: Path) -> FileReport:
    """Land files, and what became of the one."""
    (file,) = land([str(path) for path in paths]).files
    return file


@pytest.fixture
def rows(store: Store) -> Rows:
    """The records of a source, as they landed."""

    def read(source: str) -> list[dict[str, Any]]:
        found = [r for t in store.tables(source, store.committed_batches(source)) for r in t.to_pylist()]
        return sorted(found, key=lambda row: row["_line"])

    return read


def spelt(folder: Path, *numbers: str) -> Path:
    """Fittings like those of case 03, of members whose number is written in these ways."""
    whole = (case("03-member-number-mangled") / "S01_audio_appareillages_2024-05_sci.csv").read_bytes()
    header, first, *_ = whole.decode("iso-8859-15").splitlines()
    lines = [first.replace("9,00001E+14", number) for number in numbers]
    lines = [line.replace("AP990001100", f"AP99000220{i}") for i, line in enumerate(lines)]
    path = folder / "S01_audio_appareillages_2024-06_spell.csv"
    path.write_text("\n".join([header, *lines, ""]), "iso-8859-15")
    return path


def test_members_whose_number_is_in_scientific_notation_are_not_one_person(store: Store) -> None:
    file = only(case("03-member-number-mangled") / "S01_audio_appareillages_2024-05_sci.csv")
    assert (file.read, file.landed, file.quarantined) == (6, 0, 6)
    assert file.reasons == {"person_id: a number in scientific notation": 6}


def test_a_member_s_number_is_one_in_the_forms_that_its_contract_calls_equal(tmp_path: Path, rows: Rows) -> None:
    file = only(spelt(tmp_path, "000450123", "450123", "450123.0", '="000450123"', "'000450123", "0450123", "450 123"))
    assert (file.landed, file.quarantined) == (4, 3)
    assert {row["person_id"] for row in rows("audio_fittings")} == {vault().pseudonym("450123")}
    assert file.reasons == {
        "person_id: a number with a decimal mark (.0)": 1,
        'person_id: written as a formula (="…")': 1,
        "person_id: written with an apostrophe before it": 1,
    }


def test_a_whole_double_is_the_number_of_the_same_person(rows: Rows) -> None:
    file = only(case("04-json-whole-float-id") / "S01_dentaire_tiers_payant_2025-01.jsonl")
    claims = {row["claim_id"]: row for row in rows("dental_claims")}
    assert claims["TP990000006"]["person_id"] == claims["TP990000007"]["person_id"] == vault().pseudonym("900001173")
    assert claims["TP990000004"]["paid_eur"] == Decimal("20.00")
    assert not file.rounded


def test_a_budget_that_is_not_of_the_first_of_a_month_is_set_apart(rows: Rows) -> None:
    folder = case("06-budget-not-first-of-month")
    first, second = land([str(folder / f"S01_budget_2028{tag}.xlsx") for tag in ("", "_v2")]).files
    assert (first.quarantined, first.reasons) == (12, {"month_on: not the first day of a month": 12})
    assert (second.landed, second.quarantined) == (12, 0)
    assert sum(row["amount_eur"] for row in rows("finance_budgets")) == -12_000


def test_a_computed_budget_is_rounded_to_the_cent_and_it_is_said(rows: Rows) -> None:
    file = only(case("07-computed-amounts") / "S01_budget_2029.xlsx")
    assert (file.read, file.landed, file.quarantined) == (12, 12, 0)
    assert file.rounded == {"amount_eur": 12}
    assert {row["amount_eur"] for row in rows("finance_budgets")} == {Decimal("-8333.33")}


def test_lake_land_says_how_many_values_it_rounded(store: Store) -> None:
    path = str(case("07-computed-amounts") / "S01_budget_2029.xlsx")
    assert "12 values of amount_eur rounded" in " ".join(CliRunner().invoke(app, ["land", path]).stdout.split())
    store.drop()
    (file,) = json.loads(CliRunner().invoke(app, ["land", path, "--json"]).stdout)["files"]
    assert file["rounded"] == {"amount_eur": 12}


def test_a_run_that_lands_says_it_too(store: Store) -> None:
    done = run(store, [], paths=[str(case("07-computed-amounts") / "S01_budget_2029.xlsx")])
    assert done.steps[0].counts["rounded"] == 12


def test_an_error_cell_is_an_error_also_where_nothing_is_needed(rows: Rows) -> None:
    file = only(case("13-excel-error-cells") / "S02_creche_agrements_2031-03.xlsx")
    assert file.reasons["opens_at: an error of the spreadsheet"] == 1
    assert [row["opens_at"] for row in rows("childcare_capacity")] == ["07:30"]


def test_an_error_cell_has_its_true_reason(store: Store) -> None:
    file = only(case("13-excel-error-cells") / "S01_budget_2032.xlsx")
    assert file.reasons == {"amount_eur: an error of the spreadsheet": 1}
    assert (file.landed, file.rounded) == (2, {"amount_eur": 1})


def test_a_time_cell_is_hours_and_minutes(rows: Rows) -> None:
    only(case("14-excel-time-cell") / "S02_creche_agrements_2031-04.xlsx")
    assert [row["opens_at"] for row in rows("childcare_capacity")] == ["07:30"] * 3


def test_whole_numbers_may_have_a_decimal_of_zero(rows: Rows) -> None:
    file = only(case("15-whole-numbers-with-point") / "communes_2031.csv")
    assert not [reason for reason in file.reasons if "whole number" in reason]
    assert rows("geo_communes")[0]["population"] == 17_005


def test_midnight_belongs_to_a_day(rows: Rows) -> None:
    file = only(case("16-day-with-midnight") / "S01_audio_appareillages_2025-01.csv")
    days = {row["fitting_id"]: row["fitted_on"] for row in rows("audio_fittings")}
    assert days == {
        "AP990000043": date(2025, 1, 22),
        "AP990000046": date(2025, 1, 22),
        "AP990000048": date(2025, 2, 1),
    }
    assert file.reasons == {"fitted_on: not a date": 8}


def test_the_byte_that_ends_a_file_of_dos_is_no_row(store: Store) -> None:
    file = only(case("17-ctrl-z-at-the-end") / "S01_audio_appareillages_2025-02_eof.csv")
    assert (file.read, file.landed, file.quarantined) == (1, 1, 0)
    assert (file.broke_at, file.why) == (None, "")
