"""The nursery's own file of families: how it may be written, and what is refused without showing a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.errors import ReadError
from lake.export import identities
from lake.vault import vault


def _written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "familles.csv"
    path.write_text(text, encoding)
    return path


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_read_however_it_is_written(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [
        ["n° ADHÉRENT", "Nom", "Ville_Famille", "MATRICULE"],
        [" 12-34 ", "Zoé", "Rezé", "1234567"],
        ["56", "", "", ""],
    ]
    path = _written(tmp_path, "\r\n".join(separator.join(row) for row in rows), encoding)
    assert identities.read(path, vault()) == {
        vault().pseudonym("1234"): {"VILLE_FAMILLE": "Rezé", "MATRICULE": "1234567"},
        vault().pseudonym("56"): {},
    }


def test_a_quoted_town_may_hold_the_separator(tmp_path: Path) -> None:
    path = _written(tmp_path, 'N° adhérent;VILLE_FAMILLE\n1;"Rezé; Trentemoult"\n')
    assert list(identities.read(path, vault()).values()) == [{"VILLE_FAMILLE": "Rezé; Trentemoult"}]


def test_the_same_row_twice_is_one(tmp_path: Path) -> None:
    path = _written(tmp_path, "N° adhérent;MATRICULE\n1;77\n1;77\n")
    assert len(identities.read(path, vault())) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column 'N° adhérent'"),
        ("MATRICULE\n77\n", "no column 'N° adhérent'"),
        ("N° adhérent;Nom\n1;Zoé\n", "none of the columns"),
        ("N° adhérent;MATRICULE\n1;77\n1;78\n", "two things of one member"),
        ("N° adhérent;NUMERO_CAF\n1;441\n2;4412\n", "line 3: NUMERO_CAF is not written"),
        ("N° adhérent;MATRICULE\n1;secret\n", "line 2: MATRICULE is not written"),
        ("N° adhérent;CODE_POSTAL_FAMILLE\n1;secret?\n", "line 2: CODE_POSTAL_FAMILLE is not written"),
    ],
)
def test_what_cannot_be_used_is_told_without_its_value(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReadError, match=told) as error:
        identities.read(_written(tmp_path, text), vault())
    assert "secret" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="can't be read: No such file"):
        identities.read(tmp_path / "none.csv", vault())
