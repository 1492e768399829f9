"""The command's frame: quick to start, one line for an error, the trace on request."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lake import cli
from lake.errors import SettingsError, UnknownRole
from lake.settings import settings


def lake(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from lake.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    heavy = ("pyarrow", "pymongo", "duckdb", "pandas", "dbt", "yaml")
    code = f"import sys, lake.cli; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_error_is_one_line_with_its_remedy_and_exit_code() -> None:
    done = lake("contracts", "show", "audio_fitings")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("lake: Unknown source 'audio_fitings'. Did you mean audio_fittings")
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_trace() -> None:
    done = lake("--debug", "contracts", "show", "audio_fitings")
    assert "Traceback" in done.stderr


def test_the_version_is_shown() -> None:
    assert lake("--version").stdout.startswith("lake 0.")


def test_no_room_is_named_that_does_not_exist() -> None:
    assert len(set(cli.ROOMS)) == len(cli.ROOMS)
    for room in cli.ROOMS:
        assert f"lake.cli.{room}" in sys.modules


def test_a_malformed_setting_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_THREADS", "many")
    done = lake("builds")
    assert done.returncode == 2
    assert done.stderr.startswith("lake: The settings are not valid: LAKE_THREADS: ")
    assert done.stderr.count("\n") == 1
    assert "many" not in done.stderr


@pytest.mark.parametrize("name", ["", "a b$", "lake.eu", "x" * 64, "é" * 32, "Admin"])
def test_a_database_that_mongodb_would_refuse_is_a_setting_that_is_not_valid(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_MONGO_DATABASE", name)
    with pytest.raises(SettingsError, match="LAKE_MONGO_DATABASE: Value error, a database's name has 1 to 63 bytes"):
        settings()


def test_numbers_beyond_measure_are_refused_by_name() -> None:
    for arguments in (
        *(("runs", "--limit", n) for n in ("0", "-1", str(10**30), "x")),
        *(("query", "--metrics", "m", "--limit", n) for n in ("0", "-1", str(10**30))),
        *(("sample", "--records", n) for n in ("0", "-5", str(10**30))),
        ("sample", "--seed", "-1"),
        ("export", "filoue", "--year", str(10**30)),
        *(("quarantine", "list", "--file", n) for n in ("0", "-1")),
        *(("quarantine", "retry", "--file", n) for n in ("0", "-1")),
        ("portal", "--port", "99999"),
    ):
        done = CliRunner().invoke(cli.app, arguments)
        assert done.exit_code == 2, arguments
        assert f"Invalid value for '{arguments[-2]}'" in done.stderr, arguments


def test_a_full_disk_is_one_line_with_what_to_do(tmp_path: Path) -> None:
    full = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    full += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from lake.cli import main; main()"
    command = [sys.executable, "-c", full, "sample", "--records", "1000", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = "lake: The system refused: File too large. Make room on that disk, or set LAKE_DATA to a folder of another."
    assert done.stderr.strip() == said


def test_what_the_system_refuses_is_one_line_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAKE_DATA", str(tmp_path / "file"))
    done = lake("runs")
    assert done.returncode == 1
    assert done.stderr.startswith(f"lake: The system refused: '{tmp_path / 'file'}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("query", "--metrics", "audio_sales_eur"),
        ("metrics",),
        ("restatement", "audio_sales_eur"),
        ("export", "filoue", "--site", "S01-CHI-01", "--year", "2024"),
        ("quarantine", "list"),
        ("quarantine", "show", "1:1"),
        ("quarantine", "retry"),
        ("publish", "audio"),
        ("rollback", "audio"),
        ("prototype", "retire", "audio/trials_at_risk", "--why", "x"),
    ],
)
def test_an_empty_role_is_refused_by_every_command_that_acts_as_one(command: tuple[str, ...]) -> None:
    refused = CliRunner().invoke(cli.app, [*command, "--as", ""]).exception
    assert isinstance(refused, UnknownRole), refused
    assert refused.exit_code == 2
