"""The commands as a user runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lake.cli import app
from lake.contracts import catalogue
from lake.errors import ReadError
from lake.store import Store
from tests.lab import DEVICES, row, text

NAME = "S01_devices_2024.csv"


@pytest.fixture
def lake(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `lake …` in process, on the small source."""
    known = {**catalogue(), DEVICES.name: DEVICES}
    for module in ("lake.contracts", "lake.land", "lake.land.replacement"):
        monkeypatch.setattr(f"{module}.catalogue", lambda: known)
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(text(row(1001), row(1002, price_eur="x", patient_name="Ménard")).encode("cp1252"))
    return path


def test_land_shows_the_accounting(lake: Callable[..., Result], file: Path) -> None:
    done = lake("land", str(file))
    assert done.exit_code == 0
    assert "1 in quarantine · lab_devices · price_eur: not a number" in done.stdout
    assert "2 rows in" in done.stdout


def test_land_as_json(lake: Callable[..., Result], file: Path) -> None:
    shown = json.loads(lake("land", "--json", str(file)).stdout)
    assert {k: shown[k] for k in ("read", "landed", "unchanged", "quarantined")} == {
        "read": 2,
        "landed": 1,
        "unchanged": 0,
        "quarantined": 1,
    }


def test_land_of_an_unknown_file_exits_with_1(lake: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a;b\n1;2\n")
    done = lake("land", str(tmp_path / "x.csv"))
    assert done.exit_code == 1
    assert "is of no known source" in " ".join(done.stdout.split())


def test_land_from_stdin(lake: Callable[..., Result], store: Store) -> None:
    data = text(row(1001)).encode()
    done = lake("land", "-", "--source", "lab_devices", "--name", NAME, input=data)
    assert done.exit_code == 0
    assert store.files("lab_devices")[0].name == NAME


def test_quarantine_from_list_to_retry(lake: Callable[..., Result], file: Path) -> None:
    lake("land", str(file))
    assert "price_eur: not a number" in lake("quarantine", "list").stdout.replace("\n", " ")
    shown = lake("quarantine", "show", "1:1").stdout
    assert "Ménard" in shown
    assert "line 3" in shown
    assert "1 row tried, 0 landed" in lake("quarantine", "retry").stdout
    file.write_bytes(text(row(1001), row(1002)).encode())
    assert "1 landed, 1 unchanged" in lake("quarantine", "retry", "--from", str(file)).stdout
    assert lake("quarantine", "list").stdout == "Nothing is in quarantine.\n"


def test_quarantine_shows_a_row_as_a_table_and_whole(lake: Callable[..., Result], file: Path) -> None:
    line = row(1002, price_eur="x", patient_name="Ménard-" * 2_000)
    file.write_bytes(text(row(1001), line, "D1003;").encode("cp1252"))
    lake("land", str(file))
    shown = lake("quarantine", "show", "1:2").stdout
    assert f"line 3 · {len(line) + 2:,} bytes" in shown
    assert re.search(r"patient_name +│ Nom patient +│ Ménard-Mé", shown)
    assert "(14,000 characters)" in shown
    assert re.search(r"price_eur +│ Prix +│ x +\n", shown)
    assert shown.endswith(f"{text().strip()}\n{line}\n".replace("\r", ""))
    raw = lake("quarantine", "show", "1:2", "--raw").stdout_bytes
    assert raw == text(line).encode("cp1252")
    # A row that can't be cut has no table.
    assert "D1003;" in lake("quarantine", "show", "1:1").stdout


def test_a_file_number_that_is_not_known_is_said_with_those_that_are(lake: Callable[..., Result], file: Path) -> None:
    lake("land", str(file))
    for command in ("list", "retry"):
        for number in ("999", str(10**30)):
            error = lake("quarantine", command, "--file", number).exception
            assert isinstance(error, ReadError)
            assert str(error) == (
                f"No file has the number {number}. Files with rows in quarantine: 1 (S01_devices_2024.csv)."
            )
    assert "1 row tried" in lake("quarantine", "retry", "--file", "1").stdout


def test_quarantine_is_for_roles_that_may(lake: Callable[..., Result], file: Path) -> None:
    lake("land", str(file))
    for command in (["list"], ["list", "--source", "lab_devices"], ["show", "1:1"], ["retry"]):
        refused = lake("quarantine", *command, "--as", "audio-analyst")
        assert type(refused.exception).__name__ == "AccessDenied"
        assert "Ménard" not in refused.stdout


def test_contracts_are_listed_shown_and_checked(lake: Callable[..., Result], tmp_path: Path) -> None:
    assert "audio_fittings" in lake("contracts", "list").stdout
    assert "N° adhérent" in lake("contracts", "show", "audio_fittings").stdout
    assert "audio_fittings 1." in lake("contracts", "check").stdout
    (tmp_path / "wrong.yaml").write_text("kind: nothing\n")
    assert type(lake("contracts", "check", str(tmp_path / "wrong.yaml")).exception).__name__ == "ContractError"


def test_quarantine_list_ends_with_the_rows_of_what_was_asked(lake: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(text(row(1, price_eur="x"), row(2, price_eur="x")).encode())
    (tmp_path / "S02_devices_2024.csv").write_bytes(text(row(1003, price_eur="x", ear="?")).encode())
    lake("land", str(tmp_path))
    assert "\n3 rows. " in lake("quarantine", "list", "--source", "lab_devices").stdout
    assert "\n1 row. " in lake("quarantine", "list", "--source", "lab_devices", "--file", "2").stdout


def test_a_contract_s_version_is_said_once_if_it_is_the_same(lake: Callable[..., Result], file: Path) -> None:
    lake("land", str(file))
    assert "contract 1.0.0\n" in lake("quarantine", "show", "1:1").stdout


def test_a_correction_that_is_wrong_itself_is_no_success(lake: Callable[..., Result], file: Path) -> None:
    file.write_bytes(text(row(1002, price_eur="x"), row(1003, price_eur="x")).encode())
    lake("land", str(file))
    file.write_bytes(text(row(1002, price_eur="y"), row(1003)).encode())
    done = lake("quarantine", "retry", "--from", str(file))
    assert "1 row of the corrected file too can't land: 'lake quarantine list --source lab_devices'" in done.stdout
    assert done.exit_code == 1


def test_a_corrected_file_says_what_it_closed_and_what_it_left(lake: Callable[..., Result], file: Path) -> None:
    file.write_bytes(text(row(1002, price_eur="x"), row(1003, price_eur="x")).encode())
    assert "1 file " in lake("land", str(file)).stdout
    file.write_bytes(text(row(1002)).encode())
    said = lake("quarantine", "retry", "--from", str(file)).stdout
    assert "1 read, 1 landed, 0 unchanged, 0 in quarantine; 1 row of file 1 closed.\n" in said
    assert "1 row of file 1 not held by the corrected one, still in quarantine" in said
    file.write_bytes(text(row(1002, comment="new")).encode())
    assert "closed by force" not in lake("quarantine", "list").stdout
    said = lake("quarantine", "retry", "--from", str(file), "--force").stdout
    assert "1 row of file 1 closed.\n" in said
    listed = lake("quarantine", "list").stdout
    assert re.match(rf"1 row of file 1 {NAME} closed by force by \S+ as data-engineer, 20\d\d-", listed)
    assert listed.endswith("\nNothing is in quarantine.\n")
