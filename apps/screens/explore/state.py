"""What is looked at: a value that the address of the page holds whole, and that undo and redo go through.

    ?show=audio_net_sales_eur&by=structure_name&pick=site_region:Bretagne&grain=month&period=12m&compare=previous_year

`show`, `by`, `pick` and `pane` can stand several times. `pick=region:Bretagne` selects a value, `pick=region` the empty
one. Whatever the address says is only ever a question: what is answered is decided by the scope.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, get_args

from apps.words import short

Grain = Literal["day", "week", "month", "quarter", "year"]
Chart = Literal["auto", "peers", "lines", "bars", "scatter", "heat", "table"]
Compare = Literal[
    "previous_year",
    "previous_period",
    "budget",
    "share",
    "rank",
    "benchmark",
    "index",
    "year_to_date",
    "month_to_date",
    "rolling_12_months",
]
GRAINS: tuple[Grain, ...] = get_args(Grain)
CHARTS: tuple[Chart, ...] = get_args(Chart)
COMPARES: tuple[Compare, ...] = get_args(Compare)

#: Periods that end with the last complete month of the data; others are two days, `2024-01-01..2024-12-31`.
PERIODS = ("12m", "24m", "ytd", "all")
TIME = "metric_time"

#: What one view holds at most: beyond, nobody reads it.
MOST_INDICATORS, MOST_DIMENSIONS, MOST_PANES, MOST_VALUES, LONGEST_VALUE = 8, 4, 12, 200, 200

#: Names of the parameters of the address, in its order.
PARAMETERS = ("show", "by", "across", "pick", "pane", "grain", "period", "compare", "chart")

#: Steps that can be undone.
MOST_STEPS = 50

Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Pick:
    """The values selected of one dimension, as text; None is the empty value."""

    dimension: str
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class Problem:
    """Something in the address that could not be followed. `kind` is a key of `explore.problem` in the words, `instead`
    that of what is shown in its place; without one, the view does without."""

    kind: Literal["indicator", "dimension", "value", "grain", "comparison", "too_many"]
    text: str
    instead: str | None = None


@dataclass(frozen=True)
class State:
    """One view. `across` is the member of `by` (or `metric_time`) whose values become columns of the table.

    `panes` are dimensions shown for selection besides those that rows are split by or selected on.
    """

    show: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    across: str | None = None
    picks: tuple[Pick, ...] = ()
    panes: tuple[str, ...] = ()
    grain: Grain | None = None
    period: str = "12m"
    compare: Compare | None = None
    chart: Chart = "auto"

    @property
    def dimensions(self) -> tuple[str, ...]:
        """All that rows are split by, time first."""
        return ((TIME,) if self.grain else ()) + self.by

    def picked(self, dimension: str) -> tuple[str | None, ...]:
        return next((p.values for p in self.picks if p.dimension == dimension), ())

    def pick(self, dimension: str, values: Sequence[str | None]) -> State:
        """With these values of the dimension selected and no other; with none, the dimension is free."""
        values = tuple(dict.fromkeys(values))
        if any(p.dimension == dimension for p in self.picks):
            picks = tuple(Pick(dimension, values) if p.dimension == dimension else p for p in self.picks)
        else:
            picks = (*self.picks, Pick(dimension, values))
        return replace(self, picks=tuple(p for p in picks if p.values))

    def drill(self, members: Mapping[str, str | None], split: str | None) -> State:
        """Into one row: its members selected, and what is left split by `split` (None: as before)."""
        state = self
        for dimension, value in members.items():
            state = state.pick(dimension, (value,))
        if split is None:
            return state
        kept = tuple(d for d in state.by if d not in members and d != split)
        return state.split((*kept, split))

    def split(self, by: Sequence[str]) -> State:
        """Split by these dimensions; a pivot on another one ends."""
        by = tuple(dict.fromkeys(by))[:MOST_DIMENSIONS]
        across = self.across if self.across in by or self.across == TIME else None
        return replace(self, by=by, across=across)

    def settled(self) -> State:
        """Without what makes no sense together: a pivot on what rows are not split by."""
        return self if self.across is None or self.across in self.dimensions else replace(self, across=None)

    def only(self, indicators: Collection[str]) -> tuple[State, tuple[Problem, ...]]:
        """With the indicators that there are; a problem for each other."""
        wrong = tuple(Problem("indicator", name) for name in self.show if name not in indicators)
        return replace(self, show=tuple(n for n in self.show if n in indicators)), wrong

    def within(self, dimensions: Collection[str]) -> tuple[State, tuple[Problem, ...]]:
        """With the dimensions that its indicators can be split by; a problem for each other."""
        named = dict.fromkeys((*self.by, *(p.dimension for p in self.picks), *self.panes))
        wrong = tuple(Problem("dimension", name) for name in named if name not in dimensions)
        state = replace(
            self,
            by=tuple(d for d in self.by if d in dimensions),
            picks=tuple(p for p in self.picks if p.dimension in dimensions),
            panes=tuple(d for d in self.panes if d in dimensions),
        )
        return state.settled(), wrong

    def params(self) -> dict[str, list[str]]:
        """The view as the parameters of an address, none for what is as usual."""
        found = {
            "show": list(self.show),
            "by": list(self.by),
            "across": [self.across] if self.across else [],
            "pick": [p.dimension if v is None else f"{p.dimension}:{v}" for p in self.picks for v in p.values],
            "pane": list(self.panes),
            "grain": [self.grain] if self.grain else [],
            "period": [self.period] if self.period != "12m" else [],
            "compare": [self.compare] if self.compare else [],
            "chart": [self.chart] if self.chart != "auto" else [],
        }
        return {name: values for name, values in found.items() if values}


def parse(params: Params) -> tuple[State, tuple[Problem, ...]]:
    """The view that an address asks for. What cannot be read is left out, with a problem."""
    problems: list[Problem] = []

    def several(name: str, most: int) -> tuple[str, ...]:
        given = tuple(dict.fromkeys(clean for v in params.get(name, ()) if (clean := _clean(v))))
        if len(given) > most:
            problems.append(Problem("too_many", f"{name} ({len(given)} > {most})"))
        return given[:most]

    def one(name: str, known: Collection[str], instead: str) -> str | None:
        given = _clean(next(iter(params.get(name, ())), ""))
        if given and given not in known:
            problems.append(Problem("value", f"{name}={short(given)}", instead))
            return None
        return given or None

    period = _clean(next(iter(params.get("period", ())), "")) or "12m"
    if period not in PERIODS and span(period, date.min) is None:
        problems.append(Problem("value", f"period={short(period)}", "explore.periods.12m"))
        period = "12m"
    by = tuple(d for d in several("by", MOST_DIMENSIONS) if d != TIME)
    state = State(
        show=several("show", MOST_INDICATORS),
        by=by,
        picks=_picks(params.get("pick", ()), problems),
        panes=several("pane", MOST_PANES),
        grain=one("grain", GRAINS, "explore.total_only"),  # type: ignore[arg-type]
        period=period,
        compare=one("compare", COMPARES, "explore.compares.none"),  # type: ignore[arg-type]
        chart=one("chart", CHARTS, "explore.charts.auto") or "auto",  # type: ignore[arg-type]
    )
    across = one("across", (*by, TIME), "explore.in_rows")
    return replace(state, across=across).settled(), tuple(problems)


def span(period: str, last: date) -> tuple[date | None, date | None] | None:
    """First and last day of a period, of which the last complete month ends on `last`; None when it is no period."""
    if period == "all":
        return None, None
    if period == "ytd":
        return last.replace(month=1, day=1), last
    if period in ("12m", "24m"):
        following = last + timedelta(days=1) if last < date.max else last
        years = 1 if period == "12m" else 2
        return (following.replace(year=following.year - years, day=1) if following.year > years else date.min), last
    first, dots, end = period.partition("..")
    try:
        since, until = date.fromisoformat(first), date.fromisoformat(end)
    except ValueError:
        return None
    return (since, until) if dots and date(1900, 1, 1) <= since <= until <= date(2200, 1, 1) else None


def between(since: date, until: date) -> str:
    """The period between two days, both included."""
    return f"{since.isoformat()}..{until.isoformat()}"


@dataclass(frozen=True)
class History:
    """Views gone through: those before, the one looked at, those undone."""

    now: State
    past: tuple[State, ...] = field(default=())
    future: tuple[State, ...] = field(default=())

    def go(self, state: State) -> History:
        """On to another view; what was undone is forgotten."""
        return self if state == self.now else History(state, (*self.past, self.now)[-MOST_STEPS:])

    def undo(self) -> History:
        return History(self.past[-1], self.past[:-1], (self.now, *self.future)) if self.past else self

    def redo(self) -> History:
        return History(self.future[0], (*self.past, self.now), self.future[1:]) if self.future else self


def _picks(given: Sequence[str], problems: list[Problem]) -> tuple[Pick, ...]:
    found: dict[str, list[str | None]] = {}
    for text in given[:MOST_VALUES]:
        name, colon, value = text.partition(":")
        name, value = _clean(name), _clean(value)
        if not name.isidentifier() or len(value) > LONGEST_VALUE:
            problems.append(Problem("value", f"pick={short(text)}"))
            continue
        found.setdefault(name, []).append(value if colon else None)
    if len(given) > MOST_VALUES:
        problems.append(Problem("too_many", f"pick ({len(given)} > {MOST_VALUES})"))
    return tuple(Pick(name, tuple(dict.fromkeys(values))) for name, values in found.items())


def _clean(text: str) -> str:
    """Text that every part of the way can hold: without control characters or halves of characters."""
    return "".join(c for c in text if c.isprintable() and not "\ud800" <= c <= "\udfff")
