"""What the home page asks: the headline indicators of each line over twelve months, and the twelve before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from apps.ask import LineState, Question, ask_all, frame, headline, last_month_end, one, state, years_before
from apps.session import Session
from lake.semantic import Indicator

#: Headline indicators shown per line; the line's own page shows all.
SHOWN = 4


@dataclass(frozen=True)
class Headline:
    """One indicator over the period, the same period a year before (None: no data), and its last 24 months."""

    indicator: Indicator
    value: float | None
    before: float | None
    trend: tuple[float, ...]


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
    since = years_before(until + timedelta(days=1), 1)
    earlier = years_before(until + timedelta(days=1), 2)
    questions = [
        Question(names, since=since, until=until),
        Question(names, since=earlier, until=since - timedelta(days=1)),
        Question(names, grain="month", since=earlier, until=until),
    ]
    total, before, monthly = ask_all(session, questions)
    months = frame(monthly)
    return Summary(
        line,
        now,
        until,
        tuple(
            Headline(i, one(total, i.name), one(before, i.name), tuple(months[i.name].dropna().astype(float)))
            for i in shown
        ),
    )
