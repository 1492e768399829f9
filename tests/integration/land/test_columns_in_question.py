"""A column that is absent, new or renamed is remembered by delivery, warned of until somebody answers, and its values
are empty, never «no»."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shared import case

from apps.screens.quality.measured import measured
from lake import access, mirror
from lake.checks.columns import column_results, questioned
from lake.contracts import contract
from lake.errors import AccessDenied, ContractError
from lake.land import land, questions
from lake.land.questions import open_questions
from lake.store import Store

FITTINGS = contract("audio_fittings")
SOURCE = FITTINGS.name
Renewals = Callable[[], list[bool | None]]


@pytest.fixture
def renewals(store: Store) -> Renewals:
    """`is_renewal` of each fitting, as it counts now."""

    def read() -> list[bool | None]:
        rows = [r for t in store.tables(SOURCE, store.committed_batches(SOURCE)) for r in t.to_pylist()]
        state = {r["_key"]: r for r in sorted(rows, key=lambda r: (r["_order"], r["_batch"], r["_version"]))}
        return [r["is_renewal"] for r in state.values() if not r["_deleted"]]

    return read


@pytest.fixture
def renamed(store: Store) -> Path:
    """Case 05, landed: «Renouvellement» is called «Renouv.»."""
    (path,) = case("05-renamed-optional-column").glob("*.csv")
    assert land([str(path)]).files[0].landed == 5
    return path


def engineer() -> access.Scope:
    return access.scope("data-engineer", who="Anne")


def warned(store: Store, folder: Path, line: str = "audio") -> dict[str, str]:
    """What the check of columns warns of in a build, by source."""
    build: Any = SimpleNamespace(line=line, folder=folder)
    found = column_results(questioned(store, build), build)
    assert {r.severity for r in found} == {"warns"}
    return {r.subject_en: r.detail for r in found if r.outcome == "warned"}


def test_a_renamed_column_is_asked_about_and_its_values_are_empty(
    store: Store, renamed: Path, renewals: Renewals, tmp_path: Path
) -> None:
    (asked,) = open_questions(store, FITTINGS)
    assert (asked.kind, asked.name, asked.files, asked.last) == ("absent", "is_renewal", 1, renamed.name)
    assert asked.beside == ("Renouv.",)
    assert renewals() == [None] * 5
    found = warned(store, tmp_path)
    assert found == {SOURCE: f"is_renewal (absent, 1 files, last {renamed.name})"}
    assert measured(found[SOURCE], "fr") == f"is_renewal (absente de 1 fichier, le dernier : {renamed.name})"
    assert measured(found[SOURCE], "en") == f"is_renewal (absent from 1 file, last {renamed.name})"


def test_an_alias_is_read_from_the_next_landing_on_and_lands_the_file_again(
    store: Store, renamed: Path, renewals: Renewals, tmp_path: Path
) -> None:
    assert questions.alias(store, SOURCE, "is_renewal", "Renouv.", engineer()) == [renamed.name]
    assert open_questions(store, FITTINGS) == [] and warned(store, tmp_path) == {}
    (file,) = land([str(renamed)]).files
    assert (file.status, file.landed, file.missing, file.extra) == ("landed", 5, (), ())
    assert renewals() == [True] * 5
    assert land([str(renamed)]).files[0].status == "known", "once read, it is known"


def test_what_was_accepted_is_no_longer_warned_of(store: Store, renamed: Path, tmp_path: Path) -> None:
    questions.accept(store, SOURCE, "absent", "is_renewal", engineer())
    assert warned(store, tmp_path) == {}
    (answered,) = questions.questions(store, FITTINGS)
    assert answered.answer == "accepted, Anne as data-engineer"
    assert land([str(renamed)]).files[0].status == "known"


def test_a_column_that_earlier_files_had_not_is_new(store: Store, renamed: Path, tmp_path: Path) -> None:
    lines = renamed.read_bytes().splitlines()
    path = tmp_path / renamed.name.replace("2024-07", "2024-08")
    path.write_bytes(b"\n".join([lines[0] + b";Cabine", *(line + b";3" for line in lines[1:])]))
    land([str(path)])
    assert {(q.kind, q.name) for q in open_questions(store, FITTINGS)} == {("absent", "is_renewal"), ("new", "Cabine")}


def test_only_who_may_answers_and_no_header_is_of_two_fields(store: Store, renamed: Path) -> None:
    with pytest.raises(AccessDenied):
        questions.accept(store, SOURCE, "absent", "is_renewal", access.scope("audio-analyst"))
    with pytest.raises(ContractError, match="'Marque' is the column of 'brand' already"):
        questions.alias(store, SOURCE, "is_renewal", "Marque", engineer())


def test_a_field_that_falls_empty_at_one_structure_is_warned_of(store: Store, zoo: Any, tmp_path: Path) -> None:
    """Two structures of the small source; the newest file of one has no number of legs."""

    def visits(structure: str, file: int, legs: int | None) -> list[dict[str, Any]]:
        return [
            {"visit_id": f"{structure}-{file}-{n}", "structure_id": structure, "legs": legs if n else None}
            for n in range(60)
        ]

    for file in (1, 2):
        zoo.land(store, visits("S01", file, 4), visits("S02", file, 4))
    zoo.land(store, visits("S01", 3, 4), visits("S02", 3, None))
    mirror.mirror(store, zoo.contract)
    folder = tmp_path / "inputs" / zoo.contract.name
    folder.mkdir(parents=True)
    for path in mirror.files(zoo.contract.name):
        shutil.copy(path, folder)
    from lake.checks.columns import _emptied

    assert list(_emptied(zoo.contract, SimpleNamespace(folder=tmp_path))) == [  # type: ignore[arg-type]
        "S02 legs: 100% empty, 2% before"
    ]


def _jsonl(*rows: dict[str, Any]) -> bytes:
    usual = {
        "centre": "S01-DEN-01", "fauteuil": "F1", "praticien": "DR01001", "numeroAdherent": 1, "jour": "2025-01-15",
        "heureDebut": "09:00", "dureeMinutes": 30, "prisLe": "2025-01-02", "motif": "soins", "statut": "honoré",
        "nouveauPatient": False, "modifieLe": "2025-12-01T09:00:00Z", "operation": "C",
    }  # fmt: skip
    lines = (json.dumps({"idRdv": f"RV01{n:07d}", **usual, **row}) for n, row in enumerate(rows))
    return "\n".join(lines).encode()


def _osm(*tags: dict[str, str]) -> bytes:
    elements = [{"type": "node", "id": n, "lat": 46.0, "lon": 4.0, "tags": t} for n, t in enumerate(tags)]
    return json.dumps({"osm3s": {"timestamp_osm_base": "2026-11-30T06:00:00Z"}, "elements": elements}).encode()


FEC_HEADER = (
    "JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum CompAuxLib Piece PieceDate"
    " EcritureLib Debit Credit EcritureLet DateLet ValidDate Montantdevise Idevise Analytique"
)
FEC_LINE = "VE|Ventes|1|20250102|70700000|Ventes|||F1|20250102|Vente|0,00|10,00|||20250131|||OPT"

CCAM_SHEET = """CNAM - CCAM version 81 applicable 01/01/2026,,,,,,,,,,
Code,,Texte,Activité,Phase,Tarif Secteur 1,Tarif Hors secteur 1,Rembt. ss Cdtions,Accord Préalable,Exo. TM,Famille
HBLD038,,Pose d'une couronne,1,0,120.00,120.00,,,5,CM0
"""

DELIVERIES: dict[str, tuple[str, bytes, set[tuple[str, str]]]] = {
    # A key is there that any row has.
    "jsonl": (
        "S01_dentaire_rendez_vous_2025-01.jsonl",
        _jsonl({"canal": "téléphone"}, {"rappel": True}),
        {("absent", "is_reminded")},
    ),
    "geojson": (
        "osm_concurrents_2026.geojson",
        _osm({"shop": "optician", "nom": "A", "brand": "B", "addr:city": "Roanne"}, {"healthcare": "dentist"}),
        {("absent", "name"), ("absent", "amenity"), ("absent", "postcode")},
    ),
    "fec": (
        "999000011FEC20251231.txt",
        "\r\n".join((FEC_HEADER.replace(" ", "|"), FEC_LINE, "")).encode(),
        {("absent", "piece_reference")},
    ),
    "ccam": ("ccam_v81.csv", CCAM_SHEET.encode(), {("absent", "grouping_code")}),
    "finess": (
        "etalab_finess.csv",
        b"finess;etalab;93;2026-11-12\ngeolocalisation;010000024;870262.2;6571540.8;1,IGN,LAMBERT_93;2026-11-02\n",
        {
            ("absent", f)
            for f in (
                "legal_finess", "establishment_name", "commune_number", "department_code", "category_code", "category",
                "siret", "opened_on",
            )
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("format_name", sorted(DELIVERIES))
def test_every_format_is_asked_what_it_lacks(store: Store, tmp_path: Path, format_name: str) -> None:
    name, data, expected = DELIVERIES[format_name]
    (tmp_path / name).write_bytes(data)
    (file,) = land([str(tmp_path / name)]).files
    assert (file.status, file.quarantined) == ("landed", 0), file
    source = contract(file.source or "")
    assert source.reading.format == format_name
    assert {(q.kind, q.name) for q in open_questions(store, source)} == expected


def test_a_renamed_key_of_a_json_file_is_read_by_its_alias(store: Store, tmp_path: Path) -> None:
    name, data, _ = DELIVERIES["jsonl"]
    (tmp_path / name).write_bytes(data)
    land([str(tmp_path / name)])
    (asked,) = open_questions(store, contract("dental_appointments"))
    assert asked.beside == ("rappel",)
    assert questions.alias(store, "dental_appointments", "is_reminded", "rappel", engineer()) == [name]
    land([str(tmp_path / name)])
    assert open_questions(store, contract("dental_appointments")) == []


def _new(store: Store, folder: Path, *deliveries: tuple[str, bytes]) -> list[str]:
    """The columns that are new once these files have landed, one after the other."""
    for name, data in deliveries:
        (folder / name).write_bytes(data)
        (file,) = land([str(folder / name)]).files
    return [q.name for q in open_questions(store, contract(file.source or "")) if q.kind == "new"]


def test_a_key_that_no_earlier_json_file_had_is_new(store: Store, tmp_path: Path) -> None:
    name, usual = "S01_dentaire_rendez_vous_2025-0{}.jsonl", {"canal": "téléphone", "rappelEnvoye": True}
    first, then = _jsonl(usual), _jsonl(usual, {**usual, "salle": 2})
    assert _new(store, tmp_path, (name.format(1), first), (name.format(2), then)) == ["salle"]


def test_a_tag_that_anybody_may_give_is_not_new(store: Store, tmp_path: Path) -> None:
    first, then = _osm({"shop": "optician"}), _osm({"shop": "optician", "wheelchair": "yes"})
    assert _new(store, tmp_path, ("osm_concurrents_2025.geojson", first), ("osm_concurrents_2026.geojson", then)) == []
