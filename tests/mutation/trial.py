"""Workers: each has a copy of the tree, a server of trials in it, and sample groups of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .mutants import Mutant
from .nearest import Nearest
from .tree import environment, faulty

#: A trial may take so much more than its tests did without the fault: beyond it the mutant runs for ever.
FACTOR, GRACE_SECONDS = 4.0, 20.0

#: No file of tests takes longer.
MEASURE_SECONDS = 1800.0


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: `killed` by a test, `timeout`, `survived`, or `untested` where no test runs the line."""

    outcome: str
    by: str = ""
    seconds: float = 0.0
    tests: int = 0


class Worker:
    """One after the other; `folder` is its own."""

    def __init__(self, folder: Path, tree: Path, groups: Path) -> None:
        self._tree, self._groups, self._pristine = tree, folder / "groups", groups
        self._fresh()
        self._log = (folder / "server.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.server", str(folder)],
            cwd=tree,
            env=environment(tree, self._groups),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._is_ready = False

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._log.close()

    def measure(self, test_file: str, place: Path) -> Outcome:
        """Which lines the tests of a file run, without a fault."""
        self._fresh()
        answer = self._send({"measure": test_file, "place": str(place), "seconds": MEASURE_SECONDS})
        return Outcome(answer["outcome"], answer["by"], round(answer["seconds"], 1))

    def python(self, one: Mutant, nearest: Nearest, *, is_control: bool = False) -> Outcome:
        """Whether one of the nearest tests fails with the mutant, or without it: then none must."""
        if not nearest.tests:
            return Outcome("untested")
        module = one.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        asked = {"module": module, "tests": nearest.tests, "seconds": nearest.seconds * FACTOR + GRACE_SECONDS}
        return self._tried(one, asked, is_control)

    def model(self, one: Mutant, *, is_control: bool = False) -> Outcome:
        """Whether dbt's tests, the suites or the tests of the figures fail with the mutant of a model, or without."""
        self._send({"read": "project"})
        return self._tried(one, {"model": one.path}, is_control)

    def _tried(self, one: Mutant, asked: dict[str, Any], is_control: bool) -> Outcome:
        self._fresh()
        with nullcontext() if is_control else faulty(self._tree, one.path, one.mutated()):
            answer = self._send(asked)
        return Outcome(answer["outcome"], answer["by"], round(answer["seconds"], 1), len(asked.get("tests", ())))

    def _fresh(self) -> None:
        """The marts as they were made: the last mutant may have published what it liked."""
        for group in self._pristine.iterdir():
            if not (group / "lake").is_dir():
                if not (self._groups / group.name).exists():
                    shutil.copytree(group, self._groups / group.name)
                continue
            if not (self._groups / group.name).exists():
                shutil.copytree(group, self._groups / group.name, ignore=_sockets)
            marts = self._groups / group.name / "lake" / "marts"
            shutil.rmtree(marts, ignore_errors=True)
            shutil.copytree(group / "lake" / "marts", marts, copy_function=_linked)

    def _send(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        if not self._is_ready:
            self._answer()
            self._is_ready = True
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The server of trials ended: see {self._log.name}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]


def _linked(source: str, target: str) -> None:
    """Databases are written to where they lie: those are copied."""
    if source.endswith(".duckdb"):
        shutil.copy2(source, target)
    else:
        os.link(source, target)
