"""An answer: the figures, and what is needed to read and to trust them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import pyarrow as pa

from lake.builds import Build
from lake.semantic.filters import Value


@dataclass(frozen=True)
class Column:
    """What a column of the answer is, and how to show it. `grain` is that of a date, None for the rest.

    Of a column that a comparison added, `of` is the indicator that it belongs to, and `comparison` which one it is.
    """

    name: str
    kind: Literal["metric", "dimension", "time"]
    label_fr: str
    label_en: str
    unit: str = ""
    format: str = ""
    direction: str = "none"
    grain: str | None = None
    of: str | None = None
    comparison: str | None = None

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr


@dataclass(frozen=True)
class Note:
    """Something that the reader must know: of a `comparison`, such as that its reference period has no data; or, named
    `month`, that what is known by month was asked over part of one; or, named `parameters`, that an indicator rests on
    values that are not verified."""

    comparison: str
    fr: str
    en: str

    def text(self, lang: str) -> str:
        return self.en if lang == "en" else self.fr


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent on the plan and in the mart; 0 when they were remembered."""

    plan_ms: float
    run_ms: float


@dataclass(frozen=True)
class Answer:
    """Figures, with where they come from.

    Grain of `table`: one row per combination of the dimensions asked; one row in all when none was asked. Columns stand
    as asked, dimensions first; dates are days (a month is its first day), sums of money exact decimals. `sql` is the
    prepared statement that was run, and `parameters` the values of the filters that travelled beside it. `notes` say
    what a figure or a comparison could not tell, and why.
    """

    table: pa.Table
    columns: tuple[Column, ...]
    builds: tuple[Build, ...]
    sql: str
    parameters: Mapping[str, Value]
    timings: Timings
    notes: tuple[Note, ...] = ()

    @property
    def as_of(self) -> datetime | None:
        """How fresh the figures are: when the newest data in the oldest of the builds was landed (UTC)."""
        return min((b.as_of for b in self.builds if b.as_of), default=None)

    @property
    def newest_event_on(self) -> date | None:
        """The last day that all of the builds know of: that of the newest event of the one that knows least."""
        return min((b.newest_event_on for b in self.builds if b.newest_event_on), default=None)

    @property
    def check_status(self) -> Literal["passed", "warned", "refused", "unchecked"]:
        """The worst of the builds' check results."""
        if any(b.checks is None for b in self.builds):
            return "unchecked"
        summaries = [b.checks for b in self.builds if b.checks]
        if any(c.blocked for c in summaries):
            return "refused"
        return "warned" if any(c.warned for c in summaries) else "passed"

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)
