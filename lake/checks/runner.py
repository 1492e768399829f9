"""Runs the suites in a process of their own: Great Expectations takes six seconds to import, and stays out of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lake.builds import Build
from lake.checks.results import Result
from lake.checks.suites import Suite
from lake.errors import CheckFailed


@dataclass(frozen=True)
class Subject:
    """What one build's suites are run on: DuckDB catalogs and the files behind them."""

    id: str
    line: str
    folder: str
    catalogs: dict[str, str]
    suites: list[dict[str, Any]]

    @classmethod
    def of(cls, build: Build, suites: Sequence[Suite]) -> Subject:
        catalogs = {name: str(path) for name, path in build.databases.items()}
        return cls(build.id, build.line, str(build.folder), catalogs, [s.model_dump() for s in suites])


def run_suites(subjects: Sequence[Subject]) -> dict[str, list[Result]]:
    """The results of every suite, by build id.

    Raises:
        CheckFailed: the process ended badly; carries the end of what it said.
    """
    if not any(s.suites for s in subjects):
        return {s.id: [] for s in subjects}
    with TemporaryDirectory(prefix="lake-checks-") as folder:
        asked, answered = Path(folder) / "asked.json", Path(folder) / "answered.json"
        asked.write_text(json.dumps([asdict(s) for s in subjects], default=str), "utf-8")
        process = subprocess.run(
            [sys.executable, "-m", "lake.checks.expectations", str(asked), str(answered)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "GX_ANALYTICS_ENABLED": "false"},
            check=False,
        )
        if process.returncode != 0 or not answered.exists():
            said = " ".join(process.stdout.split())[-500:]
            raise CheckFailed(f"The expectations could not be run (code {process.returncode}): {said}")
        found = json.loads(answered.read_text("utf-8"))
    return {id: [Result(**r) for r in results] for id, results in found.items()}
