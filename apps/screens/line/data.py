"""What a line's page asks: its indicators over a period and over time, the sections of its plan, and its places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from apps.ask import Question, ask, ask_all, begin, frame, one
from apps.screens.line.logic import whole_quarters
from apps.screens.line.plan import Cohorts, Level, Parts, Plan, Split
from apps.session import Session
from lake.semantic import Answer, Filter, Indicator, periods

#: What names a place, its key first.
NAMES: dict[Level, tuple[str, ...]] = {
    "site": ("site", "site_name", "site_commune", "structure_name"),
    "structure": ("structure", "structure_name"),
}


@dataclass(frozen=True)
class Choice:
    """What the reader chose. Empty structures or sites mean all in scope; days are inclusive."""

    since: date
    until: date
    structures: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    @property
    def where(self) -> tuple[Filter, ...]:
        chosen = (("structure", self.structures), ("site", self.sites))
        return tuple(Filter(name, "in", ids) for name, ids in chosen if ids)

    @property
    def year_before(self) -> Choice:
        """The same days a year earlier; the last month stays whole. From 29 to 29 February there are none."""
        since, until = periods.moved(self.since, self.until, -12)
        return replace(self, since=since, until=until)

    def question(
        self,
        metrics: tuple[str, ...],
        by: tuple[str, ...] = (),
        *,
        grain: str | None = None,
        compare: tuple[str, ...] = (),
    ) -> Question:
        return Question(metrics, by, self.where, self.since, self.until, grain, compare=compare)


@dataclass(frozen=True)
class Sections:
    """The answers to a plan's sections, in its order. Grain of each: one row a value of what it is split by; of mixes
    and `by_month`, a month; of `by_hour`, a weekday and an hour; of cohorts, a whole quarter."""

    losses: tuple[pd.DataFrame, ...]
    mixes: tuple[pd.DataFrame, ...]
    by_month: pd.DataFrame | None
    by_hour: pd.DataFrame | None
    cohorts: pd.DataFrame | None


def totals(
    session: Session, names: tuple[str, ...], choice: Choice
) -> tuple[dict[str, float | None], dict[str, float | None], list[str]]:
    """Each indicator over the period and over the same days a year before, by name; and what must be said of them."""
    earlier = choice.year_before
    now, *before = ask_all(session, [c.question(names) for c in (choice, earlier) if c.since <= c.until])
    notes = [note.text(session.language) for note in now.notes]
    return {n: one(now, n) for n in names}, {n: one(before[0], n) if before else None for n in names}, notes


def over_time(session: Session, indicators: list[Indicator], choice: Choice, grain: str) -> Answer:
    """Grain: one row a period. Columns: `metric_time` (first day of the period) and each indicator."""
    return ask(session, _over_time([i.name for i in indicators], choice, grain))


def sections(session: Session, plan: Plan, choice: Choice, last: date) -> Sections:
    """Everything the plan's sections need, asked at the same time. `last` is the end of the last complete month."""
    asked = [choice.question((item.metric,), (item.by,)) for item in plan.losses]
    asked += [_mix(choice, item) for item in plan.mixes]
    clock = plan.occupancy.clock if plan.occupancy else None
    if plan.occupancy:
        asked.append(choice.question((plan.occupancy.metric, plan.occupancy.open), NAMES["site"], grain="month"))
    if clock:
        asked.append(choice.question((clock.metric, clock.used, clock.open), ("weekday", "clock_hour")))
    if plan.cohorts:
        asked.append(_cohorts(choice, plan.cohorts))
    tables = iter([frame(answer) for answer in ask_all(session, asked)])
    return Sections(
        tuple(next(tables) for _ in plan.losses),
        tuple(next(tables) for _ in plan.mixes),
        next(tables) if plan.occupancy else None,
        next(tables) if clock else None,
        _whole(next(tables), plan.cohorts, min(choice.until, last)) if plan.cohorts else None,
    )


def places(session: Session, indicator: Indicator, cases: str | None, choice: Choice, level: Level) -> pd.DataFrame:
    """Grain: one row a site or structure. Columns: its names; the indicator, a year before, and the group's quartiles;
    and `cases`, what the indicator stands on, None where it isn't told."""
    found = [frame(answer) for answer in ask_all(session, _places(indicator, cases, choice, level))]
    if not cases:
        return found[0].assign(cases=None)
    return found[0].merge(found[1].rename(columns={cases: "cases"}), on=NAMES[level][0], how="left")


def begin_detail(
    session: Session, cases: str | None, choice: Choice, indicator: Indicator, grain: str, level: Level
) -> None:
    """Begin to ask what `over_time` and `places` will, while what stands above them is drawn."""
    places = [] if indicator.needs_time else _places(indicator, cases, choice, level)
    begin(session, [_over_time([indicator.name], choice, grain), *places])


def structures(session: Session, indicator: Indicator) -> dict[str, str]:
    """The structures in scope that have this line, id → name."""
    table = ask(session, Question((indicator.name,), ("structure", "structure_name"))).table
    names = zip(table.column("structure").to_pylist(), table.column("structure_name").to_pylist(), strict=True)
    return {i: name or i for i, name in sorted(names, key=lambda pair: pair[0]) if i}


def sites(session: Session, indicator: Indicator, structures: tuple[str, ...]) -> dict[str, str]:
    """The sites in scope that have this line, of some structures (of all without), id → name."""
    where = (Filter("structure", "in", structures),) if structures else ()
    table = ask(session, Question((indicator.name,), ("site", "site_name"), where)).table
    names = zip(table.column("site").to_pylist(), table.column("site_name").to_pylist(), strict=True)
    return {i: name or i for i, name in sorted(names, key=lambda pair: str(pair[0])) if i}


def _over_time(metrics: Sequence[str], choice: Choice, grain: str) -> Question:
    return choice.question(tuple(metrics), grain=grain)


def _places(indicator: Indicator, cases: str | None, choice: Choice, level: Level) -> list[Question]:
    names = NAMES[level]
    asked = [choice.question((indicator.name,), names, compare=("previous_year", "benchmark"))]
    return [*asked, choice.question((cases,), names[:1])] if cases else asked


def _mix(choice: Choice, item: Split | Parts) -> Question:
    by = (item.by,) if isinstance(item, Split) else ()
    return choice.question(item.metrics, by, grain="month")


def _cohorts(choice: Choice, item: Cohorts) -> Question:
    since = min(periods.months_to(choice.until, 12 * item.years), choice.since)
    longer = replace(choice, since=since.replace(month=(since.month - 1) // 3 * 3 + 1, day=1))
    return longer.question((item.metric, item.count), (item.quarter, item.by))


def _whole(table: pd.DataFrame, item: Cohorts, until: date) -> pd.DataFrame:
    return whole_quarters(table.dropna(subset=[item.quarter]), item.quarter, until, item.follow_up_months)
