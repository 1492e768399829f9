"""A contract that is broken stops its own source, and no neighbour's contract lands its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lake import contracts, doctor, sources, status
from lake.cli import app
from lake.errors import ContractError
from lake.store import Store
from tests.lab import DEVICES, HEADERS, row, text

#: A fault beyond which the names of its files can be told, and one beyond which nothing can.
MISSPELT = ("personal, value: drop", "personnal, value: drop")
UNREADABLE = ("schema:", "schema: {")

DEVICE, LOAN = "S01_devices_2024.csv", "S01_loans_2024.csv"


@pytest.fixture
def folder(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Contracts of two sources with the same columns: `lab_devices`, and `lab_loans` beside it."""
    folder = tmp_path / "contracts"
    (folder / "lab").mkdir(parents=True)
    (folder / "lab" / "devices.yaml").write_text(DEVICES.path.read_text("utf-8"), "utf-8")
    monkeypatch.setattr("lake.contracts.FOLDER", folder)
    return folder


def loans(folder: Path, *changes: tuple[str, str]) -> None:
    """The neighbour's contract, with other words in it."""
    whole = DEVICES.path.read_text("utf-8").replace("lab_devices", "lab_loans").replace("_devices_", "_loans_")
    for old, new in changes:
        assert whole.count(old) == 1, old
        whole = whole.replace(old, new)
    (folder / "lab" / "loans.yaml").write_text(whole, "utf-8")


def land(tmp_path: Path, *arguments: str, **files: str) -> Result:
    """Land CSV files by their name."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, content in files.items():
        (incoming / f"{name}.csv").write_text(content, "utf-8")
    return CliRunner().invoke(app, ["land", str(incoming), *arguments])


@pytest.mark.parametrize("fault", [MISSPELT, UNREADABLE])
def test_the_others_land_and_its_files_are_refused(
    folder: Path, store: Store, tmp_path: Path, fault: tuple[str, str]
) -> None:
    loans(folder, fault)
    files = {"S01_devices_2024": text(row(1001)), "S01_loans_2024": text(row(1002)), "other": text(row(1003))}
    done = land(tmp_path, "--json", **files)
    assert done.exit_code == 1
    assert "lab/loans.yaml" in done.stderr
    assert [f.name for f in store.files()] == [DEVICE]
    told = json.loads(done.stdout)
    assert [f"lake: {why}" for why in told["broken_contracts"]] == done.stderr.splitlines()[-1:]
    refused = {Path(f["file"]).name: f["why"] for f in told["files"] if f["status"] == "refused"}
    assert set(refused) == {LOAN, "other.csv"}
    assert all("may be of lab_loans, whose contract is broken. Correct it" in why for why in refused.values())


def test_it_is_said_also_when_none_of_its_files_is_there(folder: Path, store: Store, tmp_path: Path) -> None:
    loans(folder, MISSPELT)
    done = land(tmp_path, S01_devices_2024=text(row(1001)))
    assert done.exit_code == 1
    assert "'personnal' is not known" in done.stderr
    assert [f.landed for f in store.files("lab_devices")] == [1]


@pytest.mark.parametrize("fault", [MISSPELT, UNREADABLE])
def test_who_says_the_source_lands_by_its_contract(
    folder: Path, store: Store, tmp_path: Path, fault: tuple[str, str]
) -> None:
    loans(folder, fault)
    done = land(tmp_path, "--source", "lab_devices", S01_devices_2024=text(row(1001)))
    assert done.exit_code == 0, done.output
    assert [f.name for f in store.files("lab_devices")] == [DEVICE]


def test_a_file_that_both_are_named_like_is_refused(folder: Path, store: Store, tmp_path: Path) -> None:
    loans(folder, MISSPELT, ("_loans_", "_(devices|loans)_"))
    assert land(tmp_path, S01_devices_2024=text(row(1001))).exit_code == 1
    assert store.files() == []


def test_where_its_names_can_t_be_told_a_file_has_to_be_another_s_by_name_and_header(
    folder: Path, store: Store, tmp_path: Path
) -> None:
    loans(folder, UNREADABLE)
    more = text(f"{row(1001)};x", headers=[*HEADERS, "Fin du prêt"])
    less = text(*(line.rpartition(";")[0] for line in [row(1001)]), headers=HEADERS[:-1])
    done = land(tmp_path, S01_devices_2023=more, S01_devices_2024=less, S01_devices_2025=text(row(1001)))
    assert done.exit_code == 1
    assert [f.name for f in store.files()] == ["S01_devices_2025.csv"]


def test_status_doctor_and_the_other_commands_say_it(folder: Path, store: Store, tmp_path: Path) -> None:
    loans(folder, MISSPELT)
    assert [one.source for one in contracts.broken()] == ["lab_loans"]
    (why,) = status.status(store).broken
    assert "lab/loans.yaml" in why
    assert "! contract lab/loans.yaml can't drive a source" in CliRunner().invoke(app, ["status"]).stdout
    (finding, fine) = doctor._contracts()
    assert (finding.level, fine.what) == ("wrong", "1 are valid")
    assert "lab/loans.yaml" in finding.what
    assert "lab is not built" in finding.remedy
    for command in (["contracts", "list"], ["contracts", "check"], ["contracts", "show", "lab_loans"], ["mirror"]):
        done = CliRunner().invoke(app, command)
        assert type(done.exception) is ContractError, (command, done.output)
        assert "lab_devices" in done.output or command[-1] in ("lab_loans", "mirror")
    with pytest.raises(ContractError, match=r"lab/loans\.yaml"):
        sources.of("lab")
    assert [c.name for c in sources.of("audio")] == []
    assert sources.declared() == []


def test_rows_in_quarantine_of_the_others_are_tried_again(folder: Path, store: Store, tmp_path: Path) -> None:
    loans(folder)
    broke = text(row(1001, price_eur="x"))
    assert land(tmp_path, S01_devices_2024=broke, S01_loans_2024=broke).exit_code == 0
    loans(folder, MISSPELT)
    contracts._survey.cache_clear()
    done = CliRunner().invoke(app, ["quarantine", "retry"])
    assert "lab_devices: 1 row tried" in done.stdout
    assert "lab_loans" not in done.stdout
    assert type(done.exception) is ContractError
    assert "lab/loans.yaml" in str(done.exception)
    assert store.quarantine.count() == {"lab_devices": 1, "lab_loans": 1}
