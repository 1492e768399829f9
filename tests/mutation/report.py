"""docs/testing.md: how tests are organised, the score by room, and each survivor with its judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from .mutants import Mutant
from .results import Result, Results
from .rooms import ROOMS

_HEAD = Path(__file__).with_name("testing.md")
_JUDGED = Path(__file__).with_name("judged.yml")

_VERDICTS = {
    "equivalent": "Equivalent: no test could tell",
    "accepted": "Accepted",
    "noticed": "Noticed since, by a test that was added",
}


@dataclass(frozen=True)
class Score:
    """Of the mutants of a room: how many were tried, noticed, equivalent to the original."""

    tried: int
    noticed: int
    equivalent: int

    @classmethod
    def of(cls, results: Sequence[Result], judged: dict[str, tuple[str, str]]) -> Score:
        equivalent = sum(not r.is_noticed and judged.get(r.key, ("",))[0] == "equivalent" for r in results)
        return cls(len(results), sum(r.is_noticed for r in results), equivalent)

    def row(self, name: str) -> str:
        plain, fair = self.noticed / self.tried, self.noticed / (self.tried - self.equivalent)
        survived = self.tried - self.noticed
        return f"| {name} | {self.tried} | {self.noticed} | {survived} | {self.equivalent} | {plain:.1%} | {fair:.1%} |"


def judgements(file: Path = _JUDGED) -> dict[str, tuple[str, str]]:
    """Verdict and reason by mutant.

    Raises:
        ValueError: a verdict that is none of the three.
    """
    found = {}
    for verdict, by_key in (yaml.safe_load(file.read_text("utf-8")) or {}).items():
        if verdict not in _VERDICTS:
            raise ValueError(f"{file.name}: '{verdict}' is none of {', '.join(_VERDICTS)}")
        found |= {key: (verdict, why) for key, why in (by_key or {}).items()}
    return found


def write(checkout: Path, chosen: Sequence[Mutant], results: Results, seed: int) -> None:
    """Write docs/testing.md from what is known of the mutants of the sample."""
    judged = judgements()
    known = [found for one in chosen if (found := results.of(one))]
    if not known:
        return
    lines = [_HEAD.read_text("utf-8").rstrip(), "", "## The score", ""]
    lines += [f"{len(known)} mutants of a sample of {len(chosen)} (seed {seed}) were tried.", ""]
    lines += ["| room | mutants | noticed | survived | of these equivalent | score | without equivalents |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name in ROOMS:
        if mine := [r for r in known if r.room == name]:
            lines.append(Score.of(mine, judged).row(name))
    lines += [Score.of(known, judged).row("**all**"), "", "## What survived", ""]
    lines += ["Each with its judgement (`tests/mutation/judged.yml`); what is not judged yet says so.", ""]
    for name in ROOMS:
        mine = sorted((r for r in known if r.room == name and not r.is_noticed), key=lambda r: (r.path, r.line))
        if mine:
            lines += [f"### {name}", "", *(_survivor(r, judged.get(r.key)) for r in mine), ""]
    (checkout / "docs" / "testing.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


def _survivor(result: Result, judgement: tuple[str, str] | None) -> str:
    verdict = f"{_VERDICTS[judgement[0]]}: {judgement[1]}" if judgement else "Not judged yet."
    if result.outcome == "untested":
        verdict = f"No nearest test runs this line. {verdict}"
    place = result.path.removeprefix("lake/")
    return f"- `{result.key}` {place}: `{_short(result.before)}` → `{_short(result.after)}`. {verdict}"


def _short(code: str) -> str:
    code = code.replace("`", "'")
    return code if len(code) <= 110 else f"{code[:107]}…"
