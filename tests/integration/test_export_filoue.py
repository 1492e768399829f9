"""`lake export filoue` on the published group: the sums of the marts, again after landing, within the role's scope."""

from __future__ import annotations

import csv
import stat
from datetime import date
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from group import Group

from lake import access, semantic
from lake.errors import AccessDenied, QueryError, SettingsError, UnknownSite
from lake.export import filoue
from lake.land import land
from lake.semantic import Filter
from lake.settings import settings
from lake.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: Column of the file, field of its contract, indicator of the marts.
SUMS = (
    ("NOMBRE_HEURES_FACTUREES", "billed_hours", "childcare_billed_hours"),
    ("NOMBRE_HEURES_REALISEES", "attended_hours", "childcare_attended_hours"),
    ("MONTANT_FACTURE", "amount_eur", "childcare_family_fees_eur"),
)

#: Roles that see one structure, all but single rows, and nothing of nurseries.
POLICY = """
default: group
roles:
  group: {label_fr: Groupe, label_en: Group, lines: '*', structures: '*', permissions: [read, drill]}
  one: {label_fr: Une, label_en: One, lines: '*', structures: [S02], permissions: [read, drill]}
  other: {label_fr: Autre, label_en: Other, lines: '*', structures: [S14], permissions: [read, drill]}
  reader: {label_fr: Lectrice, label_en: Reader, lines: '*', structures: '*', permissions: [read]}
  optician: {label_fr: Opticien, label_en: Optician, lines: [optical], structures: '*', permissions: [read, drill]}
"""


@pytest.fixture(autouse=True)
def policy(in_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY, "utf-8")
    monkeypatch.setenv("LAKE_POLICY", str(path))
    settings.cache_clear()


def _marts(site: str, year: int) -> dict[str, Decimal]:
    """What the indicators say of a nursery and a year."""
    names = [indicator for _, _, indicator in SUMS]
    answer = semantic.query(
        names,
        where=[Filter("site", "=", (site,))],
        since=date(year, 1, 1),
        until=date(year, 12, 31),
        scope=access.scope(),
    ).table
    return {name: answer.column(name)[0].as_py() for name in names}


def _nurseries() -> list[tuple[str, int]]:
    rows = semantic.query(["childcare_attended_hours"], by=["site"], grain="year", scope=access.scope()).table
    return [(row["site"], row["metric_time"].year) for row in rows.to_pylist()]


def test_every_export_lands_again_and_gives_the_sums_of_the_marts(
    mongo_settings: str, store: Store, tmp_path: Path
) -> None:
    expected: dict[tuple[str, int], dict[str, Decimal]] = {}
    folder = tmp_path / "exports"
    for site, year in _nurseries():
        made = filoue.export(site, year, scope=access.scope())
        filoue.write(made, folder / made.file_name)
        expected[site, year] = _marts(site, year)
    assert len({site for site, _ in expected}) > 5

    report = land([str(folder)])

    assert {(f.source, f.quarantined) for f in report.files} == {("childcare_filoue", 0)}
    landed = pa.concat_tables(store.tables("childcare_filoue", store.committed_batches("childcare_filoue")))
    for (site, year), marts in expected.items():
        rows = landed.filter(pc.and_(pc.equal(landed["site_id"], site), pc.equal(landed["year"], year)))
        for _, field, indicator in SUMS:
            assert pc.sum(rows[field]).as_py() == marts[indicator], (site, year, field)


def test_the_export_says_of_each_child_what_the_nurserys_own_software_says(in_group: Group) -> None:
    """The sample's software exports its year too, knowing the families: all but the identities is the same."""
    (path,) = in_group.files.glob("childcare/S02_S02-CHI-01_filoue_2024.csv")
    columns = [name for name, _, _ in SUMS]
    columns += ["REGIME", "DATE_NAISSANCE_INDIVIDU", "MONTANT_HORAIRE", "TAUX_EFFORT", "PREMIERJOUR", "DERNIERJOUR"]
    theirs = list(csv.DictReader(path.read_text("cp1252").splitlines(), delimiter=";"))
    made = filoue.export("S02-CHI-01", 2024, scope=access.scope())
    ours = [{n: filoue.cell(v) for n, v in row.items()} for row in made.table.to_pylist()]
    assert sorted([row[c] for c in columns] for row in ours) == sorted([row[c] for c in columns] for row in theirs)


def test_identities_of_the_nurserys_own_file_are_joined_by_pseudonym(in_group: Group, tmp_path: Path) -> None:
    with ZipFile(in_group.files / "childcare" / "S02_creche_presences_2024-12.zip") as year:
        months = [year.read(name).decode("utf-8-sig") for name in year.namelist()]
    days = [d for month in months for d in csv.DictReader(month.splitlines(), delimiter=";")]
    members = sorted({d["N° adhérent"] for d in days if d["Établissement"] == "S02-CHI-01" and d["N° adhérent"]})
    own = tmp_path / "familles.csv"
    rows = [f"{number};441;{7_000_000 + nth};44100;Sautron" for nth, number in enumerate(members[1:])]
    header = "N° Adhérent;NUMERO_CAF;MATRICULE;CODE_POSTAL_FAMILLE;VILLE_FAMILLE"
    own.write_text("\n".join([header, *rows, "111111111;441;1;44100;Sautron"]), "cp1252")

    made = filoue.export("S02-CHI-01", 2024, scope=access.scope(), identities=own)

    alone = filoue.export("S02-CHI-01", 2024, scope=access.scope())
    assert (made.identified, alone.identified) == (len(members) - 1, 0)
    found = made.table.to_pylist()
    assert sorted(r["MATRICULE"] for r in found if r["MATRICULE"]) == [
        str(7_000_000 + n) for n in range(made.identified)
    ]
    assert {(r["NUMERO_CAF"], r["VILLE_FAMILLE"], r["TOP_ALLOC"]) for r in found if r["MATRICULE"]} == {
        ("441", "Sautron", 1)
    }
    (rest,) = [r for r in found if not r["MATRICULE"]]
    assert (rest["NUMERO_CAF"], rest["TOP_ALLOC"]) == (None, 0)
    assert rest["VILLE_FAMILLE"] != "Sautron"
    for name, _, _ in SUMS:
        assert made.table[name] == alone.table[name]


def test_the_number_of_the_nursery_is_asked_for_since_2022(in_group: Group) -> None:
    header = {year: filoue.export(site, year, scope=access.scope()).table.column_names for site, year in _nurseries()}
    assert {"IDEQU" in names for year, names in header.items() if year >= 2022} == {True}
    assert {"IDEQU" in names for year, names in header.items() if year < 2022} <= {False}


def test_identities_of_nobody_who_came_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "familles.csv"
    own.write_text("N° adhérent;MATRICULE\n111111111;1234567\n", "utf-8")
    with pytest.raises(QueryError, match=r"None of the members in .*familles\.csv came to S02-CHI-01 in 2024"):
        filoue.export("S02-CHI-01", 2024, scope=access.scope(), identities=own)


def test_identities_are_not_joined_by_another_key_than_the_lakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "familles.csv"
    own.write_text("N° adhérent;MATRICULE\n111111111;1234567\n", "utf-8")
    monkeypatch.setenv("LAKE_PSEUDONYM_KEY", "another key, of 32 characters at least")
    settings.cache_clear()
    try:
        with pytest.raises(SettingsError, match="pseudonym key is not the one that this lake was filled with"):
            filoue.export("S02-CHI-01", 2024, scope=access.scope(), identities=own)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_an_unknown_nursery_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownSite, match=r"Unknown site 'S02-CHI-1'\. Did you mean S02-CHI-01"):
        filoue.export("S02-CHI-1", 2024, scope=access.scope())


def test_a_year_without_attendance_is_told_with_the_years_that_have_some() -> None:
    with pytest.raises(QueryError, match=r"Nobody came to S02-CHI-01 in 2031\. There is attendance in 2024, 2025"):
        filoue.export("S02-CHI-01", 2031, scope=access.scope())


def test_a_nursery_out_of_the_scope_does_not_exist() -> None:
    mine = filoue.export("S02-CHI-01", 2024, scope=access.scope("one"))
    assert mine.table.num_rows == filoue.export("S02-CHI-01", 2024, scope=access.scope("group")).table.num_rows
    with pytest.raises(UnknownSite) as told:
        filoue.export("S02-CHI-01", 2024, scope=access.scope("other"))
    assert "S02-CHI-01" not in told.value.nearest


@pytest.mark.parametrize("role", ["reader", "optician"])
def test_a_role_that_may_not_see_single_children_is_refused(role: str) -> None:
    with pytest.raises(AccessDenied):
        filoue.export("S02-CHI-01", 2024, scope=access.scope(role))


def test_the_command_writes_the_file_for_its_owner_and_says_what_is_empty(in_group: Group, tmp_path: Path) -> None:
    path = tmp_path / "out" / "filoue.csv"
    done = in_group.lake("export", "filoue", "--site", "S02-CHI-01", "--year", "2024", "--out", str(path))
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith(
        "NUMERO_CAF;NUMERO_DOSSIER_AFC;IDEQU;TOP_ALLOC;MATRICULE;REGIME;DATE_NAISSANCE_INDIVIDU;"
    )
    assert done.stdout.startswith(f"{path}: {len(lines) - 1} children of S02-CHI-01 in 2024.")
    assert (
        f"{len(lines) - 1} without identity: NUMERO_CAF, NUMERO_DOSSIER_AFC, IDEQU and MATRICULE are empty"
        in done.stdout
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    refused = in_group.lake("export", "filoue", "--site", "S02-CHI-1", "--year", "2024", check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
