"""What became of each mutant that was tried: a line of JSON each, the last of a mutant holds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from .mutants import Mutant
from .trial import Outcome


@dataclass(frozen=True)
class Result:
    """The outcome of one mutant's trial; `before` and `after` are the lines that differ."""

    key: str
    room: str
    path: str
    line: int
    operator: str
    before: str
    after: str
    outcome: str
    by: str
    seconds: float
    tests: int

    @classmethod
    def of(cls, one: Mutant, outcome: Outcome, before: str, after: str) -> Result:
        return cls(one.key, one.room, one.path, one.line, one.operator, before, after, **asdict(outcome))

    @property
    def is_noticed(self) -> bool:
        return self.outcome in ("killed", "timeout")


class Results:
    """Kept in a file, so that a run that was ended is gone on with."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, Lock()
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        self._by_key = {found["key"]: Result(**found) for found in map(json.loads, lines)}

    def of(self, one: Mutant) -> Result | None:
        return self._by_key.get(one.key)

    def add(self, result: Result) -> None:
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            self._by_key[result.key] = result
            file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
