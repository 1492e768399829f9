"""How much each indicator is used: how many visits asked for it, by day and role. Nothing of who asked, nor about what.

    usage = Usage(store.usage)
    usage.add({Asked("audio_net_sales_eur", "audio-analyst", date(2026, 1, 5)): 3})
    usage.since(date(2025, 12, 7))["audio_net_sales_eur"].visits

Whoever counts says what a visit is: the portal takes a browser session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol


class Asked(NamedTuple):
    """What is counted. A visit counts an indicator once a day, however often its pages ask for it."""

    indicator: str
    role: str
    day: date


@dataclass(frozen=True)
class Use:
    """The use of an indicator since a day: visits by role, the role with most first, and the last day with any."""

    roles: Mapping[str, int] = field(default_factory=dict)
    last_on: date | None = None

    @property
    def visits(self) -> int:
        return sum(self.roles.values())

    def __add__(self, other: Use) -> Use:
        """Of two indicators together. A visit that asked for both counts twice."""
        both = {r: self.roles.get(r, 0) + other.roles.get(r, 0) for r in (*self.roles, *other.roles)}
        return Use(_ranked(both), max((d for d in (self.last_on, other.last_on) if d), default=None))


class Tallies(Protocol):
    """What usage needs of the store (`store.usage`)."""

    def add(self, counted: Mapping[str, tuple[Mapping[str, Any], int]]) -> None: ...

    def find(self, first: str) -> list[dict[str, Any]]: ...


class Usage:
    """The use of the indicators, kept in MongoDB (collection `_usage`)."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    def add(self, visits: Mapping[Asked, int]) -> None:
        """Count visits. Ids begin with the day, so that a period is read by the index that is there."""
        self._tallies.add(
            {
                f"{a.day.isoformat()}|{a.role}|{a.indicator}": (
                    {"indicator": a.indicator, "role": a.role, "day": a.day.isoformat()},
                    more,
                )
                for a, more in visits.items()
            }
        )

    def since(self, day: date) -> dict[str, Use]:
        """The use of each indicator from a day on, by name; one that nobody asked for has none."""
        found: dict[str, Use] = {}
        for tally in self._tallies.find(day.isoformat()):
            use = Use({tally["role"]: int(tally["n"])}, date.fromisoformat(tally["day"]))
            found[tally["indicator"]] = found.get(tally["indicator"], Use()) + use
        return found


def _ranked(roles: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(roles.items(), key=lambda r: (-r[1], r[0])))
