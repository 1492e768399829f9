"""Which tests run a line, and how long each takes: measured by coverage with a context for each test, file by file."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

from .rooms import Room

#: The tests of one mutant: so many, the nearest and quickest first.
MOST = 60


@dataclass(frozen=True)
class Nearest:
    """The tests of one mutant, in order, and how many seconds they took without it."""

    tests: tuple[str, ...]
    seconds: float


class Measured:
    """What runs of files of tests without a fault found, kept by the file's text and that of the code."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self._folder, self._tree = folder, tree
        digest = hashlib.sha256()
        for path in sorted((tree / "lake").rglob("*.py")):
            digest.update(f"{path.relative_to(tree)}\0".encode() + path.read_bytes())
        self._code = digest.hexdigest()
        self._lines: dict[str, Mapping[int, set[str]]] = {}
        self._seconds: dict[str, float] = {}

    def files(self, room: Room) -> list[str]:
        """The files of a room's tests."""
        places = [self._tree / place for place in room.tests]
        found = [path for place in places for path in (sorted(place.rglob("test_*.py")) if place.is_dir() else [place])]
        return list(dict.fromkeys(str(path.relative_to(self._tree)) for path in found))

    def place(self, test_file: str) -> Path:
        """Where what was measured of one file of tests is."""
        text = (self._tree / test_file).read_bytes()
        digest = hashlib.sha256(self._code.encode() + text).hexdigest()[:12]
        return self._folder / f"{Path(test_file).stem}-{digest}"

    def read(self, room: Room) -> None:
        """Know the tests of a room."""
        self._lines.clear()
        for file in self.files(room):
            place = self.place(file)
            self._seconds |= json.loads((place / "seconds.json").read_text("utf-8"))

    def nearest(self, room: Room, path: str, line: int, seconds: float) -> Nearest:
        """The tests that run a line; of one that runs as its module is read, those that run anything of the module."""
        by_line = self._contexts(room, path)
        tests = by_line.get(line) or {test for found in by_line.values() for test in found}
        chosen, total = [], 0.0
        for test in sorted(tests & set(self._seconds), key=lambda t: (_rank(room, t), self._seconds[t], t)):
            if chosen and (total + self._seconds[test] > seconds or len(chosen) == MOST):
                break
            chosen.append(test)
            total += self._seconds[test]
        return Nearest(tuple(chosen), total)

    def _contexts(self, room: Room, path: str) -> Mapping[int, set[str]]:
        if path not in self._lines:
            found: dict[int, set[str]] = defaultdict(set)
            for file in self.files(room):
                data = CoverageData(str(self.place(file) / "coverage"))
                data.read()
                for measured in data.measured_files():
                    if measured.endswith(f"/{path}"):
                        for line, contexts in data.contexts_by_lineno(measured).items():
                            found[line] |= _tests(contexts)
            self._lines[path] = {line: tests for line, tests in found.items() if tests}
        return self._lines[path]


def _tests(contexts: Iterable[str]) -> set[str]:
    return {context.rpartition("|")[0] for context in contexts if context}


def _rank(room: Room, test: str) -> int:
    """How near a test is to the room."""
    return next((nth for nth, place in enumerate(room.tests) if test.startswith(place)), len(room.tests))
