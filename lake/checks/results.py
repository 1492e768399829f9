"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What a check that does not hold does to the build.
Severity = Literal["blocks", "warns"]
Outcome = Literal["passed", "warned", "blocked"]
Kind = Literal["expectation", "reconciliation"]

#: The outcome of a check that does not hold.
_OUTCOMES: dict[Severity, Outcome] = {"blocks": "blocked", "warns": "warned"}


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

    kind: Kind
    where: str
    subject_fr: str
    subject_en: str
    says_fr: str
    says_en: str
    severity: Severity
    outcome: Outcome
    detail: str
    compared: tuple[Compared, ...] = ()

    @classmethod
    def of(
        cls,
        subject: str,
        kind: Kind,
        where: str,
        severity: Severity,
        *,
        holds: bool,
        detail: str,
        says: tuple[str, str],
        compared: tuple[Compared, ...] = (),
    ) -> Result:
        """What was found of a source or a line; `says` is the rule in French and English."""
        return cls(
            kind=kind,
            where=where,
            subject_fr=subject,
            subject_en=subject,
            says_fr=says[0],
            says_en=says[1],
            severity=severity,
            outcome="passed" if holds else _OUTCOMES[severity],
            detail=detail,
            compared=compared,
        )
