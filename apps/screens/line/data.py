"""What a line's page asks: its indicators over a period, over time, by structure and by site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from apps.ask import Question, ask, ask_all, one, years_before
from apps.session import Session
from lake.semantic import Answer, Filter, Indicator


@dataclass(frozen=True)
class Choice:
    """What the reader chose. `structures` empty means all in scope; days are inclusive."""

    since: date
    until: date
    structures: tuple[str, ...] = ()

    @property
    def where(self) -> tuple[Filter, ...]:
        return (Filter("structure", "in", self.structures),) if self.structures else ()

    @property
    def year_before(self) -> Choice:
        """The same days a year earlier; a period that ends with a month still does."""
        until = years_before(self.until + timedelta(days=1), 1) - timedelta(days=1)
        return Choice(years_before(self.since, 1), until, self.structures)


def totals(
    session: Session, indicators: list[Indicator], choice: Choice
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """Each indicator over the period and over the same days a year before, by name."""
    names = tuple(i.name for i in indicators)
    periods = (choice, choice.year_before)
    now, before = ask_all(session, [Question(names, where=p.where, since=p.since, until=p.until) for p in periods])
    return {n: one(now, n) for n in names}, {n: one(before, n) for n in names}


def over_time(session: Session, indicators: list[Indicator], choice: Choice, grain: str) -> Answer:
    """Grain: one row a period. Columns: `metric_time` (first day of the period) and each indicator."""
    names = tuple(i.name for i in indicators)
    return ask(session, Question(names, where=choice.where, since=choice.since, until=choice.until, grain=grain))


def split(session: Session, indicator: Indicator, choice: Choice, by: tuple[str, ...]) -> Answer:
    """Grain: one row a member of `by`, the largest first."""
    return ask(
        session,
        Question((indicator.name,), by, choice.where, choice.since, choice.until, order=(f"-{indicator.name}",)),
    )


def structures(session: Session, indicator: Indicator) -> dict[str, str]:
    """The structures in scope that have this line, id → name."""
    table = ask(session, Question((indicator.name,), ("structure", "structure_name"))).table
    names = zip(table.column("structure").to_pylist(), table.column("structure_name").to_pylist(), strict=True)
    return {i: name or i for i, name in sorted(names, key=lambda pair: pair[0]) if i}
