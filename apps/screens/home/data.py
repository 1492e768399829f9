"""What the home page asks: the headline indicators of each line over twelve months, and the twelve before; and what
moved most since the week before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from apps.ask import (
    LineState,
    Question,
    ask,
    ask_all,
    frame,
    headline,
    indicators,
    last_day,
    last_month_end,
    one,
    state,
)
from apps.cases import counted_by
from apps.charts import every_period
from apps.screens.home.moves import USUAL_WEEKS, Move, contributions, last_monday, most_moved
from apps.session import Session
from apps.words import say
from lake.semantic import Indicator
from lake.semantic.periods import months_to

#: Headline indicators shown per line; the line's own page shows all.
SHOWN = 4


@dataclass(frozen=True)
class Headline:
    """One indicator over the period, the same period a year before (None: no data), its last 24 months, and how many
    cases it stands on now and before, where something counts them."""

    indicator: Indicator
    value: float | None
    before: float | None
    trend: tuple[float, ...]
    cases: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Summary:
    """One line on the home page. `until` is the last day of the last complete month; None when there are no rows."""

    line: str
    state: LineState
    until: date | None = None
    headlines: tuple[Headline, ...] = ()


def summarise(session: Session, line: str) -> Summary:
    """A line's summary within the viewer's scope."""
    now = state(line)
    shown = headline(session, line)[:SHOWN]
    if now.kind == "none" or not shown:
        return Summary(line, now)
    names = tuple(i.name for i in shown)
    until = last_month_end(session, now.published, names[0]) if now.published else None
    if until is None:
        return Summary(line, now)
    since, earlier = months_to(until, 12), months_to(until, 24)
    known = {i.name for i in indicators(session, line)}
    counts = {name: count for name in names if (count := counted_by(name, known))}
    asked = tuple(dict.fromkeys((*names, *counts.values())))
    questions = [
        Question(asked, since=since, until=until),
        Question(asked, since=earlier, until=since - timedelta(days=1)),
        Question(names, grain="month", since=earlier, until=until),
    ]
    total, before, monthly = ask_all(session, questions)
    months = frame(monthly)

    def headline_of(indicator: Indicator) -> Headline:
        name, zero = indicator.name, (indicator.name,) if indicator.is_additive else ()
        trend = every_period(months[["metric_time", name]], "metric_time", "month", zero=zero)[name]
        cases = tuple(one(answer, counts[name]) for answer in (total, before)) if name in counts else ()
        return Headline(indicator, one(total, name), one(before, name), tuple(trend.astype(float)), cases)

    return Summary(line, now, until, tuple(headline_of(i) for i in shown))


def moved(session: Session, line: str) -> Move | None:
    """What moved most in the line's last whole week, and the places that explain it; None where nothing can be told,
    such as in a line whose figures come by the month."""
    units = {i.name: i.unit for i in headline(session, line) if i.is_additive and "week" in i.grains}
    names = tuple(units)
    newest = last_day(session, names[0]) if names else None
    if newest is None:
        return None
    published = state(line).published
    monday = last_monday(newest, (published and published.newest_event_on) or newest)
    weeks = [monday - timedelta(weeks=n) for n in range(USUAL_WEEKS, -1, -1)]
    sunday = weeks[-1] + timedelta(days=6)
    counts = _counts(session, line)
    asked = tuple(dict.fromkeys((*names, *counts)))
    table = frame(ask(session, Question(asked, grain="week", since=weeks[0], until=sunday)))
    by_week = table.assign(metric_time=[_day(w) for w in table["metric_time"]]).set_index("metric_time")
    found = by_week.reindex(weeks)
    if found.notna().any(axis=1).sum() < 0.75 * len(weeks):
        return None
    cases = float(found.loc[weeks[-2], counts].fillna(0).max()) if counts else None
    move = most_moved(weeks, {name: found[name].fillna(0).tolist() for name in names}, units, cases)
    return None if move is None else _explained(session, move, weeks[-2], sunday)


def _counts(session: Session, line: str) -> list[str]:
    """What counts the events that the line's headline indicators stand on."""
    known = {i.name for i in indicators(session, line) if i.unit == "count" and i.is_additive and "week" in i.grains}
    shown = headline(session, line)
    named = (i.name if i.unit == "count" else counted_by(i.name, known) for i in shown)
    return [name for name in dict.fromkeys(named) if name in known]


def _explained(session: Session, move: Move, since: date, until: date) -> Move:
    """The move with the structures and sites that explain it."""
    by, nameless = ("structure_name", "site_name"), say("explore.nothing", session.language)
    rows = ask(session, Question((move.metric,), by, grain="week", since=since, until=until)).table.to_pylist()
    structures: defaultdict[str, float] = defaultdict(float)
    sites: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        sign = 1 if _day(row["metric_time"]) == move.monday else -1
        structures[row["structure_name"] or nameless] += sign * float(row[move.metric] or 0)
        sites[row["site_name"] or nameless] += sign * float(row[move.metric] or 0)
    return replace(
        move,
        structures=contributions(structures, move.change) if len(structures) > 1 else (),
        sites=contributions(sites, move.change) if len(sites) > 1 else (),
    )


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
