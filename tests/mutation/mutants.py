"""Mutants: a file with one small fault put in, and the seeded sample of them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    `site` is the place and kind of fault: several mutants may share it, and the sample takes one of them. `code` is the
    line where it begins, `operator` what is done there, `nth` tells those that are alike in both; `mutated` makes the
    file's text with the fault.
    """

    room: str
    path: str
    line: int
    code: str
    operator: str
    site: str
    mutated: Callable[[], str] = field(compare=False, repr=False)
    nth: int = 0

    @property
    def key(self) -> str:
        """The same for as long as its line is the same, wherever that stands in its file."""
        return _digest(self.path, self.code, self.operator, self.nth)[:12]


def numbered(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Mutants that are alike in file, line and operator each get their number."""
    seen: Counter[str] = Counter()
    result = []
    for one in mutants:
        result.append(replace(one, nth=seen[one.key]))
        seen[one.key] += 1
    return result


def sample(mutants: Sequence[Mutant], count: int, seed: int, least: int = 20) -> list[Mutant]:
    """So many mutants, at most one of each site, shared among the rooms by their sites, `least` of each or all.

    Which ones is decided by a digest of seed and mutant: a change elsewhere leaves the sample as it is.
    """
    rooms: dict[str, dict[tuple[str, str], Mutant]] = defaultdict(dict)
    for one in sorted(mutants, key=lambda m: _digest(seed, m.key)):
        rooms[one.room].setdefault((one.path, one.site), one)
    sites = sum(len(room) for room in rooms.values())
    return [
        one
        for _, room in sorted(rooms.items())
        for one in list(room.values())[: max(least, round(count * len(room) / sites))]
    ]


def difference(before: str, after: str) -> tuple[str, str]:
    """The lines that differ between two texts, each side on one line."""
    old, new = before.splitlines(), after.splitlines()
    parts = [code for code in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if code[0] != "equal"]
    if not parts:
        return "", ""
    first, last = parts[0], parts[-1]
    return _joined(old[first[1] : last[2]]), _joined(new[first[3] : last[4]])


def _joined(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split())


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
