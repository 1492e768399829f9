"""The Filoué export of a nursery, in the form before 2022 and in the one since."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.land import land
from lake.store import Store

OLD = (
    "NUMERO_CAF;NUMERO_DOSSIER_AFC;TOP_ALLOC;MATRICULE;REGIME;DATE_NAISSANCE_INDIVIDU;CODE_POSTAL_FAMILLE;VILLE_FAMILLE;"
    "NOMBRE_HEURES_FACTUREES;NOMBRE_HEURES_REALISEES;MONTANT_FACTURE;MONTANT_HORAIRE;TAUX_EFFORT;PREMIERJOUR;DERNIERJOUR"
)
CHILD = (
    "421;20190001;1;1234567;1;17/05/2023;42300;ROANNE;800.50;750.25;1200.75;1.5000;0.000619;02/01/{year};20/12/{year}"
)


def export(folder: Path, year: int, *columns: tuple[str, str]) -> Path:
    """An export of one child, with columns that the old form does not have."""
    path = folder / f"S14_S14-CHI-01_filoue_{year}.csv"
    header = ";".join([OLD, *(name for name, _ in columns)])
    row = ";".join([CHILD.format(year=year), *(value for _, value in columns)])
    path.write_text(f"{header}\n{row}\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("year", "columns", "equipment"),
    [
        (2021, (), None),
        (2024, (("IDEQU", "201900012"),), "201900012"),
        (2025, (("ID_EQU", "201900012"), ("COLONNE_NOUVELLE", "x")), "201900012"),
    ],
)
def test_the_form_before_2022_and_the_one_since_land(
    store: Store, tmp_path: Path, year: int, columns: tuple[tuple[str, str], ...], equipment: str | None
) -> None:
    report = land([str(export(tmp_path, year, *columns))])
    assert [(f.source, f.landed, f.quarantined) for f in report.files] == [("childcare_filoue", 1, 0)]
    (table,) = store.tables("childcare_filoue", store.committed_batches("childcare_filoue"))
    assert table.select(["afc_file_number", "equipment_id", "attended_hours"]).to_pylist() == [
        {"afc_file_number": "20190001", "equipment_id": equipment, "attended_hours": pytest.approx(750.25)}
    ]
