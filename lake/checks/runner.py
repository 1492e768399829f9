"""Runs the suites in a process of their own: Great Expectations takes six seconds to import, and stays out of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile
from typing import IO, Any

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


class Examiner:
    """Great Expectations, imported once for all that it is asked.

    It answers a second time without looking again: builds do not change, and the core is under every mart.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._said: IO[str] = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._answers: IO[str] | None = None
        self._found: dict[str, list[Result]] = {}

    def __enter__(self) -> Examiner:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process and self._answers:
            self._process.kill()  # it may still be importing what nobody asks for any more
            self._process.communicate()
            self._answers.close()
        self._said.close()

    def start(self) -> None:
        """Begin the import, where that has not been done; does not wait for it."""
        with self._lock:
            if self._process:
                return
            read_end, write_end = os.pipe()
            self._answers = os.fdopen(read_end, encoding="utf-8")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lake.checks.expectations", str(write_end)],
                stdin=subprocess.PIPE,
                stdout=self._said,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "GX_ANALYTICS_ENABLED": "false"},
                pass_fds=(write_end,),
            )
            os.close(write_end)

    def results(self, subjects: Sequence[Subject]) -> dict[str, list[Result]]:
        """The results of every suite, by build id.

        Raises:
            CheckFailed: the process ended badly; carries the end of what it said.
        """
        words = {s.id: json.dumps(asdict(s), default=str) for s in subjects}
        if new := [s for s in subjects if s.suites and words[s.id] not in self._found]:
            for id, found in self._ask([words[s.id] for s in new]).items():
                self._found[words[id]] = [Result(**r) for r in found]
        return {s.id: self._found.get(words[s.id], []) for s in subjects}

    def _ask(self, subjects: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        self.start()
        assert self._process and self._process.stdin and self._answers
        try:
            self._process.stdin.write(f"[{', '.join(subjects)}]\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it has ended: there is no answer either
            pass
        answer = self._answers.readline()
        if not answer.endswith("\n"):
            code = self._process.wait()
            self._said.seek(0)
            said = " ".join(self._said.read().split())[-500:]
            raise CheckFailed(f"The expectations could not be run (code {code}): {said}")
        found: dict[str, list[dict[str, Any]]] = json.loads(answer)
        return found


def run_suites(subjects: Sequence[Subject]) -> dict[str, list[Result]]:
    """The results of every suite, by build id, from a process that ends with it.

    Raises:
        CheckFailed: the process ended badly; carries the end of what it said.
    """
    with Examiner() as examiner:
        return examiner.results(subjects)
