"""`lake parameters`: what is shipped is listed, corrected in a file, and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lake.cli import app
from lake.errors import UnknownParameter
from lake.store import Store

HEADER = "Paramètre;Objet;Territoire;Du;Au;Valeur;Unité;Statut;Source;Op\n"


def parameters(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["parameters", *arguments])


def test_the_list_tells_how_sure_each_is() -> None:
    (row,) = [line.split() for line in parameters("list", "--lang", "en").stdout.splitlines() if "psu_share" in line]
    assert row[0] == "childcare_psu_share"
    assert row[-4:] == ["1", "official", "1", "shipped"]


def test_an_unknown_one_is_told_with_the_nearest() -> None:
    done = parameters("show", "childcare_psu_ceilings")
    assert isinstance(done.exception, UnknownParameter)
    assert "childcare_psu_ceiling" in str(done.exception)


def test_what_show_writes_is_loaded_as_it_stands(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "plafonds.csv"
    file.write_text(parameters("show", "childcare_effort_rate", "--csv").stdout, "utf-8")
    done = parameters("load", str(file))
    assert done.exit_code == 0, done.stdout
    assert "25 values loaded." in done.stdout


def test_a_value_that_is_wrong_is_refused_and_the_others_are_loaded(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "plafonds.csv"
    right = "childcare_psu_ceiling;full;france;01/01/2026;31/12/2026;10,99;eur;officiel;Cnaf, barème 2026;\n"
    file.write_text(HEADER + right + right.replace("full", "floor").replace("10,99", "beaucoup"), "utf-8")
    done = parameters("load", str(file))
    assert done.exit_code == 1
    assert "1 value loaded." in done.stdout
    assert "value: not a number" in done.stdout


@pytest.mark.parametrize("territory", ["Réunion", "1974", "France"])
def test_a_territory_is_france_or_the_code_of_a_departement(store: Store, tmp_path: Path, territory: str) -> None:
    file = tmp_path / "plafonds.csv"
    file.write_text(f"{HEADER}audio_cap;I;{territory};01/01/2021;;1140;eur;officiel;arrêté;\n", "utf-8")
    done = parameters("load", str(file))
    assert done.exit_code == 1
    assert "loaded" not in done.stdout
