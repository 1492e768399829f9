"""What must come out of the sample's files, known because we made them: `truth.json`.

    {"seed", "records", "first", "last",
     "sources": {source: {"files", "skipped_files", "read", "landed", "unchanged", "quarantined", "live",
                          "totals": {field: sum over live records}, "dirt": {kind: number}}},
     "total":   {"files", "skipped_files", "read", "landed", "unchanged", "quarantined", "live"},
     "last_delivery": [files of the last month, and those that were sent again: paths in the folder],
     "headline": {line: {structure_id: {metric: {year: value}}}}}

Counts are those of landing the whole folder once, into an empty lake, in the order of file names. A file that comes
again with the same name and bytes is skipped: its rows are not read. Amounts are decimal strings.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass
class Expected:
    """What landing one source must count."""

    files: int = 0
    skipped_files: int = 0
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    live: int = 0
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    dirt: Counter[str] = field(default_factory=Counter)


_COUNTS = ("files", "skipped_files", "read", "landed", "unchanged", "quarantined", "live")


class Truth:
    """Collects the truth while the files are written."""

    def __init__(self) -> None:
        self.sources: dict[str, Expected] = defaultdict(Expected)
        self.last_delivery: list[str] = []
        self._headline: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)

    def add(self, line: str, structure_id: str, year: int, metric: str, value: Decimal | int | str) -> None:
        """Add to a headline indicator of a structure and year (the year of the event, in Europe/Paris)."""
        self._headline[line, structure_id, metric, str(year)] += Decimal(value)

    def join(self, line: Truth) -> None:
        """Add the truth about a line, which nobody else writes."""
        self.sources.update(line.sources)
        self.last_delivery += line.last_delivery
        self._headline.update(line._headline)

    def document(self, **about: Any) -> dict[str, Any]:
        """The whole truth, ready for JSON; `about` says of which sample."""
        headline: dict[str, Any] = {}
        for (line, structure_id, metric, year), value in sorted(self._headline.items()):
            years = headline.setdefault(line, {}).setdefault(structure_id, {}).setdefault(metric, {})
            years[year] = format(value, "f")
        return {
            **about,
            "sources": {name: _plain(self.sources[name]) for name in sorted(self.sources)},
            "total": {name: sum(getattr(s, name) for s in self.sources.values()) for name in _COUNTS},
            "last_delivery": sorted(self.last_delivery),
            "headline": headline,
        }

    def write(self, path: Path, **about: Any) -> None:
        path.write_text(json.dumps(self.document(**about), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(expected: Expected) -> dict[str, Any]:
    plain: dict[str, Any] = dict(vars(expected))
    plain["totals"] = {name: format(value, "f") for name, value in sorted(expected.totals.items())}
    plain["dirt"] = dict(sorted(expected.dirt.items()))
    return plain
