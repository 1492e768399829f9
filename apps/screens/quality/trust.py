"""What the kept results of checks say, without asking anything: over time, by subject, and of reconciled sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from lake.builds import Build
from lake.checks import Result

Outcome = Literal["passed", "warned", "blocked"]
_WORST: tuple[Outcome, ...] = ("blocked", "warned", "passed")


@dataclass(frozen=True)
class Checked:
    """A build and what its checks found."""

    build: Build
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Failure:
    """A check that does not hold in the newest build; `since` is when the first of an unbroken row of builds in which
    it fails was built."""

    build: Build
    result: Result
    since: datetime


@dataclass(frozen=True)
class Subject:
    """All checks about one thing, or the whole reconciliation, which has no name here. `trend` is the worst outcome in
    each kept build that checked it, oldest first."""

    line: str
    name_fr: str | None
    name_en: str | None
    passed: int
    failed: int
    worst: Outcome
    trend: tuple[Outcome, ...]


@dataclass(frozen=True)
class Reconciled:
    """One number of one source in lake and build."""

    line: str
    source: str
    relation: str
    what: str
    lake: Decimal
    build: Decimal

    @property
    def difference(self) -> Decimal:
        return self.build - self.lake


@dataclass(frozen=True)
class Restated:
    """A number of a source that is another in a build than in the one before it."""

    source: str
    what: str
    before: Decimal
    after: Decimal


def failures(line: Sequence[Checked]) -> list[Failure]:
    """What fails in the newest checked build of a line, blocking first. `line` is newest first."""
    checked = [c for c in line if c.results]
    if not checked:
        return []
    found = []
    for result in checked[0].results:
        if result.outcome == "passed":
            continue
        since = checked[0].build.created_at
        for older in checked[1:]:
            if not any(_same(r, result) and r.outcome != "passed" for r in older.results):
                break
            since = older.build.created_at
        found.append(Failure(checked[0].build, result, since))
    return sorted(found, key=lambda f: _WORST.index(f.result.outcome))


def subjects(line: Sequence[Checked]) -> list[Subject]:
    """The subjects of the newest checked build of a line, the worst first. `line` is newest first."""
    checked = [c for c in line if c.results]
    if not checked:
        return []
    found = []
    for name in dict.fromkeys(_name(r) for r in checked[0].results):
        by_build = [[r.outcome for r in c.results if _name(r)[1] == name[1]] for c in reversed(checked)]
        now = by_build[-1]
        found.append(
            Subject(
                line=checked[0].build.line,
                name_fr=name[0],
                name_en=name[1],
                passed=now.count("passed"),
                failed=len(now) - now.count("passed"),
                worst=worst(now),
                trend=tuple(worst(outcomes) for outcomes in by_build if outcomes),
            )
        )
    return sorted(found, key=lambda s: _WORST.index(s.worst))


def _name(result: Result) -> tuple[str, str] | tuple[None, None]:
    return (None, None) if result.kind == "reconciliation" else (result.subject_fr, result.subject_en)


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    return next(o for o in _WORST if o in outcomes)


def reconciled(checked: Checked) -> list[Reconciled]:
    """Every number that the checks put side by side."""
    return [
        Reconciled(checked.build.line, r.subject_en, r.where, c.what, Decimal(c.lake), Decimal(c.build))
        for r in checked.results
        for c in r.compared
    ]


def restated(newer: Checked, older: Checked) -> list[Restated]:
    """The numbers of the build that changed since an older one."""
    before = {(n.source, n.what): n.build for n in reconciled(older)}
    after = ((n.source, n.what, n.build) for n in reconciled(newer))
    return [
        Restated(source, what, before[source, what], now)
        for source, what, now in after
        if (source, what) in before and before[source, what] != now
    ]


def _same(one: Result, other: Result) -> bool:
    return (one.where, one.says_en) == (other.where, other.says_en)
