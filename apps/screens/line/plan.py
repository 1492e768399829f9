"""How a line's page is laid out for its trade: `<line>.yml` beside this file, checked when it is read.

Nothing here computes: a plan names indicators and dimensions of the semantic layer and the sections they stand in.
A new line has a page by its indicators alone; its plan adds the sections.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from apps.words import Language


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """A text in both languages."""

    fr: str
    en: str

    def to(self, language: Language) -> str:
        return self.en if language == "en" else self.fr


class Funnel(_Part):
    """Indicators of one unit, each step a part of the one before; each counts on the day of its own event."""

    title: Text
    steps: tuple[str, ...]


class Split(_Part):
    """An indicator by a dimension."""

    title: Text
    metric: str
    by: str

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)


class Parts(_Part):
    """Indicators that together are a whole."""

    title: Text
    metrics: tuple[str, ...]


class Clock(_Part):
    """Occupancy by weekday and hour of the day, and the hours that it is made of."""

    metric: str
    used: str
    open: str


class Occupancy(_Part):
    """What part of what is open is used: by site and month, and by weekday and hour where the trade tells hours."""

    metric: str
    open: str
    clock: Clock | None = None


class Cohorts(_Part):
    """An indicator by the quarter of a past event and by a dimension; cells on few of `count` are marked. `years` is
    how far back the period reaches; who is followed counts `follow_up_months` after the event."""

    title: Text
    note: Text
    metric: str
    count: str
    quarter: str
    by: str
    years: int = 3
    follow_up_months: int = 0


Level = Literal["site", "structure"]


class Plan(_Part):
    """A line's page. `levels` are the places that can be compared: of several trades, not their sites."""

    funnels: tuple[Funnel, ...] = ()
    losses: tuple[Split, ...] = ()
    mixes: tuple[Split | Parts, ...] = ()
    occupancy: Occupancy | None = None
    cohorts: Cohorts | None = None
    levels: tuple[Level, ...] = ("site", "structure")

    def within(self, known: Collection[str]) -> Plan:
        """With the sections whose indicators there are: what is published may be older than the page."""

        def is_known(*metrics: str) -> bool:
            return all(metric in known for metric in metrics)

        used, cohorts = self.occupancy, self.cohorts
        if used and used.clock and not is_known(used.clock.metric, used.clock.used, used.clock.open):
            used = used.model_copy(update={"clock": None})
        return self.model_copy(
            update={
                "losses": tuple(item for item in self.losses if is_known(*item.metrics)),
                "mixes": tuple(item for item in self.mixes if is_known(*item.metrics)),
                "occupancy": used if used and is_known(used.metric, used.open) else None,
                "cohorts": cohorts if cohorts and is_known(cohorts.metric, cohorts.count) else None,
            }
        )


@cache
def plan(line: str) -> Plan:
    """The line's plan; an empty one for a line without."""
    path = Path(__file__).with_name(f"{line}.yml")
    return Plan.model_validate(yaml.safe_load(path.read_text("utf-8"))) if path.exists() else Plan()
