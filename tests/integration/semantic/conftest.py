"""A group in miniature, built once by dbt and published in the data folder of each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from group import made_once

from lake import access, builds, semantic
from lake.access import Scope
from lake.builds import Build, CheckSummary
from lake.seals import seal
from lake.settings import settings

PROJECT = Path(__file__).parent / "project"

POLICY = """
default: group
roles:
  group: {label_fr: Groupe, label_en: Group, lines: '*', structures: '*', permissions: [read, drill]}
  one: {label_fr: Une, label_en: One, lines: '*', structures: [S01], permissions: [read, drill]}
  two: {label_fr: Deux, label_en: Two, lines: '*', structures: [S02], permissions: [read]}
  both: {label_fr: Les deux, label_en: Both, lines: '*', structures: [S01, S02], permissions: [read, drill]}
  unknown: {label_fr: Inconnue, label_en: Unknown, lines: '*', structures: [S77], permissions: [read]}
  nobody: {label_fr: Personne, label_en: Nobody, lines: '*', structures: [], permissions: [read, drill]}
  optician: {label_fr: Opticien, label_en: Optician, lines: [optical], structures: '*', permissions: [read]}
  blind: {label_fr: Aveugle, label_en: Blind, lines: '*', structures: '*', permissions: []}
"""


@dataclass(frozen=True)
class Tiny:
    """The published miniature. `rows` reads base tables, as no user can: what answers are compared with."""

    files: Path

    def scope(self, role: str = "group") -> Scope:
        return access.scope(role, who="tester")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(":memory:") as connection:
            for name in ("core", "audio", "optical"):
                connection.execute(f"ATTACH '{self.files / name}.duckdb' AS {name} (READ_ONLY)")
            return connection.execute(sql).fetchall()

    def publish(self, line: str, *, change: Callable[[Path], None] | None = None, minutes: int = 0) -> Build:
        """Publish the line again under a new id; `change` gets the folder of the build first."""
        now = datetime(2025, 1, 1, 6, tzinfo=UTC) + timedelta(minutes=minutes)
        build_id = builds.new_id(now)
        folder = builds.folder(line) / build_id
        folder.mkdir(parents=True)
        for name in (f"{line}.duckdb", "core.duckdb", "semantic_manifest.json", "manifest.json"):
            os.link(self.files / name, folder / name)
        if change:
            change(folder)
        build = Build(
            line=line,
            id=build_id,
            folder=folder,
            status="passed",
            created_at=now,
            seconds=1.0,
            as_of=datetime(2024, 12, 31, 23, tzinfo=UTC),
            newest_event_on=date(2024, 10, 14),
            core_id="20250101T000000-000000",
            fingerprint="f",
            code_version="0",
            checks=CheckSummary(passed=3, warned=0, blocked=0, checked_at=now),
            files=seal(folder, [path.name for path in folder.iterdir()]),
        )
        builds.save(build)
        builds.point(line, build_id)
        return build


@pytest.fixture(scope="session")
def tiny_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The databases and the semantic manifest of the miniature, made by dbt in a process of its own."""
    return made_once(tmp_path_factory.getbasetemp(), "tiny", _make_tiny)


def _make_tiny(out: Path) -> None:
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "build", "--project-dir", str(PROJECT)]
    command += ["--profiles-dir", str(PROJECT), "--target-path", str(out / "target"), "--log-path", str(out / "logs")]
    done = subprocess.run(
        command, env={**os.environ, "TINY_OUT": str(out)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("semantic_manifest.json", "manifest.json"):
        (out / "target" / name).rename(out / name)


@pytest.fixture
def tiny(tiny_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tiny]:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY, "utf-8")
    monkeypatch.setenv("LAKE_POLICY", str(policy))
    settings.cache_clear()
    found = Tiny(tiny_files)
    for line in ("audio", "optical"):
        found.publish(line)
    yield found
    semantic.close()
