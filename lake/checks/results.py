"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What a check that does not hold does to the build.
Severity = Literal["blocks", "warns"]


@dataclass(frozen=True)
class Compared:
    """One number of the lake and the same in the build, as decimal text. `what` is `versions` (of every key), `records`
    (keys that are not deleted) or a control total of the contract. Of the group's build, `lake` is a published line,
    and `what` its `revenue_eur` or the `structures` that have any."""

    what: str
    lake: str
    build: str


@dataclass(frozen=True)
class Result:
    """One expectation or one reconciliation of one build.

    `outcome`: `passed`, `warned` (does not hold, the build may be published) or `blocked` (does not hold, or could not
    be evaluated). `detail` gives the numbers; `where` the suite, or the relation reconciled; `compared` the numbers
    that a reconciliation put side by side.
    """

    kind: Literal["expectation", "reconciliation"]
    where: str
    subject_fr: str
    subject_en: str
    says_fr: str
    says_en: str
    severity: Severity
    outcome: Literal["passed", "warned", "blocked"]
    detail: str
    compared: tuple[Compared, ...] = ()
