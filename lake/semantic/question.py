"""What is asked, before anybody looks whether it can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lake.errors import QueryError
from lake.semantic.filters import Filter
from lake.semantic.manifest import GRAINS, METRIC_TIME


@dataclass(frozen=True)
class Question:
    """One question. Names are as they were given; `lake.semantic.query` says what each part means.

    Raises:
        QueryError: a part of it is not what it should be.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    since: date | None = None
    until: date | None = None
    grain: str | None = None
    order: tuple[str, ...] = ()
    limit: int | None = None
    compare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in ("metrics", "by", "order", "compare"):
            object.__setattr__(self, part, _names(part, getattr(self, part)))
        object.__setattr__(self, "where", tuple(self.where))
        if not self.metrics:
            raise QueryError("No indicator was asked for.", remedy="Name one or more: see `lake metrics`.")
        if self.grain is not None:
            if self.grain not in GRAINS:
                raise QueryError(f"'{self.grain}' is not a grain.", remedy=f"Grains: {', '.join(GRAINS)}.")
            if METRIC_TIME not in self.by:
                object.__setattr__(self, "by", (METRIC_TIME, *self.by))
        limit = self.limit
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise QueryError(f"The limit {limit!r} is not a number of rows.")
        if self.since and self.until and self.since > self.until:
            raise QueryError(
                f"The period from {self.since} to {self.until} has no day.", remedy="Give since before until."
            )

    @property
    def filters(self) -> tuple[Filter, ...]:
        """All that rows must satisfy: the filters, and the period as filters on the indicators' own date."""
        period = []
        if self.since is not None:
            period.append(Filter(METRIC_TIME, ">=", (self.since,)))
        if self.until is not None:
            period.append(Filter(METRIC_TIME, "<=", (self.until,)))
        return (*self.where, *period)


def _names(part: str, given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise QueryError(f"{part} is not a list of names: {given!r}.", remedy=f"Give {part}=(name, …).")
    return tuple(dict.fromkeys(given))
