# ruff: noqa: E501
"""Two of the inputs that failed once, all the way: landed, run, asked for, and what changed between the two builds.

02 is a workbook of a budget and the one that replaces it, 05 a file whose optional column was renamed by an update.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
import small_group
from group import Group, use
from shared import case

from apps.screens.quality.restated import records
from lake import access, semantic
from lake.semantic.restatement import compared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("cases_end_to_end")]

BUDGET, RENEWALS = "finance_budget_amount_eur", "audio_renewals"

ROWS: dict[str, list[dict[str, Any]]] = {
    "group_structures": [
        {"structure_id": "S01", "structure_name": "S01", "siren": "999000011", "commune_code": "44109"},
    ],
    "group_sites": [
        {"structure_id": "S01", "site_id": site, "line": line, "site_name": site, "commune_code": "44109"}
        for site, line in (("S01-AUD-01", "audio"), ("S01-HQ-01", "group"))
    ],
    # What every mart of audio has.
    "audio_prescriptions": [
        {"prescription_id": "OR010000001", "site_id": "S01-AUD-01", "person_id": "900000001",
         "prescribed_on": date(2024, 6, 3), "received_on": date(2024, 6, 3)},
    ],
    "audio_trials": [
        {"trial_id": "ES010000001", "site_id": "S01-AUD-01", "person_id": "900000001", "device_class": "II",
         "outcome": "abandoned", "quoted_eur": 950, "started_on": date(2024, 6, 3), "ended_on": date(2024, 7, 1)},
    ],
    "geo_communes": [
        {"commune_code": "44109", "commune_name": "Nantes", "postcode": "44000", "department_code": "44",
         "department_name": "Loire-Atlantique", "region_name": "Pays de la Loire", "latitude": 47.0, "longitude": -1.0},
    ],
}  # fmt: skip


#: Books of two lines: every mart of finance has some.
FEC = """JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef|PieceDate|EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise
VE|Ventes|1|20240131|41100000|Clients|||F1|20240131|Vente|120,00|0,00|||20240131||
VE|Ventes|1|20240131|70600000|Prestations|||F1|20240131|Vente|0,00|120,00|||20240131||
"""


@dataclass(frozen=True)
class Told:
    """What was asked after the first deliveries, and after the second ones."""

    group: Group
    first: dict[str, Any]
    then: dict[str, Any]
    warned: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Case 05 landed without its column and 02's first workbook, published; then the alias and the second workbook."""
    old, new = (case("02-snapshot-dropped-line") / name for name in ("S01_budget_2027.xlsx", "S01_budget_2027_v2.xlsx"))
    (renamed,) = case("05-renamed-optional-column").glob("*.csv")
    home = tmp_path_factory.mktemp("cases")
    group = Group({"LAKE_DATA": str(home / "lake")}, home / "files", {})
    small_group.write(group.files, ROWS)
    (group.files / "999000011FEC20241231.txt").write_text(FEC, "utf-8")
    landed = json.loads(group.lake("land", "--json", str(group.files), str(renamed), str(old)).stdout)
    assert landed["quarantined"] == 0, landed
    group.lake("run", "audio", "finance")
    first = asked(group)
    warned = group.lake("columns", "list").stdout
    group.lake("columns", "alias", "audio_fittings", "is_renewal", "Renouv.", "--as", "data-engineer")
    group.lake("land", str(renamed), str(new))
    group.lake("run", "audio", "finance")
    return Told(group, first, asked(group), warned)


def asked(group: Group) -> dict[str, Any]:
    """The budget of 2027 by line of the income statement, and the renewals of case 05's day."""
    span = ("--since", "2027-01-01", "--until", "2027-12-31", "--where", "structure=S01")
    day = ("--since", "2024-07-14", "--until", "2024-07-14")
    budget = answer(group, "--metrics", BUDGET, "--by", "income_line", "--grain", "year", *span)
    (renewals,) = answer(group, "--metrics", RENEWALS, *day)
    return {"budget": {row["income_line"]: row[BUDGET] for row in budget}, "renewals": renewals[RENEWALS]}


def answer(group: Group, *arguments: str) -> list[dict[str, Any]]:
    said = group.lake("query", *arguments, "--format", "json", "--as", "group-director").stdout
    return list(json.loads(said)["rows"])


def test_a_line_that_the_newer_workbook_dropped_counts_no_more(told: Told) -> None:
    assert told.first["budget"] == {"taxes": -6000.0, "wages": -12000.0}
    assert told.then["budget"] == {"wages": -13200.0}


def test_renewals_are_unknown_until_somebody_says_which_column_they_are_in(told: Told) -> None:
    assert told.first["renewals"] is None
    assert "Renouv." in told.warned
    assert told.then["renewals"] == 5


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "supprimé : absent de la livraison"), ("en", "deleted: no longer in the delivery")]
)
def test_a_withdrawal_is_told_as_one_with_the_delivery_that_no_longer_holds_it(
    told: Told, language: str, words: str
) -> None:
    where = ("--where", "income_line=taxes", "--grain", "none")
    said = told.group.lake("restatement", BUDGET, *where, "--lang", language, "--as", "data-engineer").stdout
    rows = [line for line in said.splitlines() if words in line]
    assert len(rows) == 12
    assert all("S01_budget_2027_v2.xlsx" in row for row in rows)


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "− Supprimé : absent de la livraison"), ("en", "− Deleted: no longer in the delivery")],
)
def test_the_portal_tells_a_withdrawal_as_the_command_does(
    told: Told, monkeypatch: pytest.MonkeyPatch, language: Any, words: str
) -> None:
    use(told.group, monkeypatch)
    scope = access.scope("data-engineer")
    found = semantic.restatement(BUDGET, *compared(BUDGET, None, None, scope=scope), scope=scope)
    assert found.records is not None
    named = found.records.append_column("file_name", pa.nulls(len(found.records), pa.string()))
    shown = records(named, {}, language, 50)
    assert shown["cause"].tolist().count(words) == 12
    # The wages were corrected, and are not said to be withdrawn.
    assert len(shown) == 24
