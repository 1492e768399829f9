"""The CCAM is a sheet for people: what is an act in it becomes rows, and nothing else does."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lake.contracts import contract
from lake.errors import ReadError
from lake.readers import ccam
from lake.readers import read as read_file
from lake.readers.chunk import Chunk
from lake.readers.stream import Plain

CCAM = contract("dental_ccam")
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "ccam" / "ccam.csv"

SHEET = """\
CNAM - CCAM version 81 applicable 01/01/2026,,,,,,,,,,
Code,,Texte,Activité,Phase,"Tarif
Secteur 1 / adhérent OPTAM
(en euro)","Tarif
Hors secteur 1
(en euro)",Rembt. ss Cdtions,Accord Préalable,Exo. TM,Regroupement
07.02,,PROTHÈSES,,,,,,,,
,,À l'exclusion de : implants,,,,,,,,
HBLD038,,Pose d'une couronne,1,0,120.00,120.00,,,5,CM0
,,anesthésie,4,0,48.00,48.00,,,1,ADA
HBMD490,,"Adjonction d'un
1er élément",1,0,0.10,0.10,RC,AP,5,PFM
HBLD012,,Pose d'une infrastructure,1,0,Non pris en charge,Non pris en charge,,,5,IMP
V,,Modificateur,,,+300%,+300%,,,,
"""


def chunk(data: bytes) -> Chunk:
    (only,) = ccam.read(Plain(io.BytesIO(data)), CCAM)
    return only


def rows(data: bytes) -> list[dict[str, Any]]:
    return chunk(data).table.to_pylist()


def test_rows_are_the_lines_with_an_activity() -> None:
    assert [(r["Code"], r["Activité"]) for r in rows(SHEET.encode())] == [
        ("HBLD038", "1"), ("HBLD038", "4"), ("HBMD490", "1"), ("HBLD012", "1"),
    ]  # fmt: skip


def test_an_activity_without_a_code_is_of_the_act_above() -> None:
    anaesthesia = rows(SHEET.encode())[1]
    assert (anaesthesia["Acte"], anaesthesia["Texte"]) == ("Pose d'une couronne", "anesthésie")
    assert (anaesthesia["Tarif secteur 1"], anaesthesia["Regroupement"]) == ("48.00", "ADA")


def test_an_act_that_is_not_covered_has_no_tariff() -> None:
    assert [(r["Pris en charge"], r["Tarif secteur 1"]) for r in rows(SHEET.encode())[2:]] == [
        ("Oui", "0.10"), ("Non", None),
    ]  # fmt: skip


def test_lines_are_those_of_the_file_where_cells_span_several() -> None:
    assert chunk(SHEET.encode()).lines.tolist() == [9, 10, 11, 13]


def test_the_title_says_version_and_date() -> None:
    assert {(r["Version"], r["Applicable"]) for r in rows(SHEET.encode())} == {("81", "01/01/2026")}
    with pytest.raises(ReadError, match="first line"):
        rows(SHEET.split("\n", 1)[1].encode())


def test_cp1252_is_told_by_its_bytes() -> None:
    assert chunk(SHEET.encode("cp1252")).encoding == "cp1252"
    assert rows(SHEET.encode("cp1252")) == rows(SHEET.encode())


def test_originals_can_be_read_again() -> None:
    kept = chunk(SHEET.encode())
    again = kept.head + b"".join(kept.original(i) for i in range(kept.rows))
    (read,) = read_file(Plain(io.BytesIO(again)), CCAM, again=kept.again)
    assert read.table.column("act_code").to_pylist() == kept.table.column("Code").to_pylist()
    assert read.table.column("act_label").to_pylist() == kept.table.column("Acte").to_pylist()


@pytest.mark.skipif(not REAL.exists(), reason="the shared data folder is not here")
def test_the_real_table_is_read_whole() -> None:
    acts = rows(REAL.read_bytes())
    assert len(acts) == 13_440
    keys = Counter((r["Code"], r["Activité"], r["Phase"]) for r in acts)
    assert [key for key, times in keys.items() if times > 1] == [("BELA129", "1", "0")]  # a slip of version 81
    (crown,) = [r for r in acts if r["Code"] == "HBLD350" and r["Activité"] == "1"]
    assert (crown["Tarif secteur 1"], crown["Regroupement"]) == ("120.00", "CZ0")
