"""What Explore asks: the view, its totals, and the standing of every value of the dimensions shown; all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from apps.ask import LineState, Question, ask, ask_all, last_month_end, state
from apps.cases import counted_by
from apps.screens.explore import pivot, selections, shape
from apps.screens.explore.pivot import Grid
from apps.screens.explore.selections import Members
from apps.screens.explore.state import TIME, State, span
from apps.session import Session
from lake import semantic
from lake.semantic import Answer, Column, Dimension, Filter, Indicator
from lake.settings import LINES, MARTS

#: Rows that a screen asks for; one more tells that there are more.
MOST_ROWS = 2_000

#: Rows that an export asks for: what a spreadsheet opens.
MOST_EXPORTED = 200_000

_AMOUNTS = ("eur", "count", "hours")


@dataclass(frozen=True)
class Known:
    """What can be asked for: every indicator in scope by name; of the ones shown, every dimension by name.

    A date is offered by its months: `booked_on__month`.
    """

    indicators: Mapping[str, Indicator]
    dimensions: Mapping[str, Dimension]

    @property
    def additive(self) -> set[str]:
        return {i.name for i in self.indicators.values() if i.unit in _AMOUNTS}

    def grains(self, view: State) -> tuple[str, ...]:
        """The periods by which all of the view's indicators have figures, the finest first."""
        return semantic.grains(self.indicators[n] for n in view.show)

    @property
    def budgeted(self) -> set[str]:
        names = self.indicators.keys()
        return {n for n in names if "{}_budget_{}".format(*n.partition("_")[::2]) in names}


@dataclass(frozen=True)
class View:
    """The answers to a view. `by_row` and `by_member` are a pivot's totals; `is_cut` when there are more rows.

    `counts` names what counts the cases of an indicator, in the total and, of a benchmark, in `cases`: by indicator and
    the row's members of `keys`.
    """

    state: State
    main: Answer
    total: Answer | None
    by_row: Answer | None
    by_member: Answer | None
    is_cut: bool
    counts: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    cases: Mapping[tuple[str, Any], Any] = field(default_factory=dict)

    def cases_of(self, metric: str, row: Mapping[str, Any]) -> Any:
        """How many cases an indicator stands on in a row; None where nobody counts them."""
        if metric not in self.counts or not self.cases:
            return None
        return self.cases.get((metric, tuple(row[k] for k in self.keys)), 0)

    @property
    def values(self) -> tuple[Column, ...]:
        """The columns of figures: indicators, each followed by its comparisons."""
        metrics = [c for c in self.main.columns if c.kind == "metric" and c.of is None]
        return tuple(c for m in metrics for c in (m, *(x for x in self.main.columns if x.of == m.name)))

    @property
    def is_pivoted(self) -> bool:
        """Whether members stand in columns: as asked, unless there are more than a table can hold."""
        return shape.has_pivot(self.state) and self.members()[str(self.state.across)] <= shape.MOST_COLUMNS

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as the table has them: where members stand in columns, each in its place among those of its row."""
        rows = self.main.table.to_pylist()
        return self.in_order(rows, shape.row_dimensions(self.state)) if self.is_pivoted else rows

    def in_order(self, rows: list[dict[str, Any]], dimensions: Sequence[str]) -> list[dict[str, Any]]:
        """Rows in the order of these dimensions, which is that of the charts: their members' own order where they have
        one, else the largest first, by their totals where those were asked."""
        ordered = [d for d in dimensions if shape.is_ordered(d)]
        totals = self.by_row.table.to_pylist() if self.by_row else []
        return pivot.in_order(rows, dimensions, self.state.show[0], ordered, totals)

    @property
    def grid(self) -> Grid:
        """The table, totals included."""
        rows = self.rows
        names = [c.name for c in self.values]
        if not self.is_pivoted:
            return pivot.flat(rows, self.state.dimensions, names, _first(self.total))
        return pivot.pivoted(
            rows,
            shape.row_dimensions(self.state),
            str(self.state.across),
            names,
            by_row=self.by_row.table.to_pylist() if self.by_row else (),
            by_member=self.by_member.table.to_pylist() if self.by_member else (),
            total=_first(self.total),
        )

    def members(self) -> dict[str, int]:
        """How many values each dimension has in the answer."""
        return {d: len(self.main.table.column(d).unique()) for d in self.state.dimensions}


def known(session: Session) -> dict[str, Indicator]:
    """Every indicator that the viewer may ask for, by name, in the order of screens."""
    return {i.name: i for i in semantic.metrics(scope=session.scope)}


def dimensions(session: Session, show: Sequence[str]) -> dict[str, Dimension]:
    """What these indicators can be split by: no single events (those are rows), no date that is their own period."""
    found = semantic.dimensions(show, scope=session.scope)
    offered = [d for d in found if not d.is_event and d.name != TIME]
    dated = [replace(d, name=f"{d.name}__month") if d.kind == "time" else d for d in offered]
    return {d.name: d for d in dated}


def lines(indicators: Sequence[Indicator]) -> dict[str, LineState]:
    """The lines that indicators come from, and how far each can be trusted now."""
    named = {mart for i in indicators for mart in i.marts}
    return {mart: state(mart) for mart in MARTS if mart in named}


def days(session: Session, view: State, states: Mapping[str, LineState]) -> tuple[date | None, date | None] | None:
    """First and last day of the view; None when none of its indicators has a value in scope to count back from."""
    fixed = span(view.period, date.max)
    if view.period == "all" or ".." in view.period:
        return fixed
    # An indicator of the shared dimensions alone is answered by the build of any line.
    builds = [s.published for s in (states or {line: state(line) for line in LINES}).values() if s.published]
    ends = (last_month_end(session, builds[0], name) for name in view.show if builds)
    last = next((end for end in ends if end), None)
    return span(view.period, last) if last else None


def question(view: State, period: tuple[date | None, date | None], *, limit: int | None) -> Question:
    """The view as a question. Over time it comes in order of time; by what has an order of its own, in that; else the
    largest first. The benchmark compares places by their code: names are not theirs alone."""
    own = view.by if view.by and all(shape.is_ordered(d) for d in view.by) else ()
    order = (TIME,) if view.grain else own or ((f"-{view.show[0]}",) if view.show else ())
    place = shape.place(view) if view.compare == "benchmark" else None
    return Question(
        view.show,
        view.by if place is None or place in view.by else (*view.by, place),
        filters(view),
        *period,
        view.grain,
        order,
        limit,
        _compare(view, period),
    )


def filters(view: State, *, but: str | None = None) -> tuple[Filter, ...]:
    """The selections as filters, those of dimension `but` left out."""
    return tuple(Filter(p.dimension, "in", p.values) for p in view.picks if p.dimension != but)


def answer(
    session: Session, view: State, period: tuple[date | None, date | None], indicators: Mapping[str, Indicator]
) -> View:
    """The view and its totals, asked at once."""
    main = question(view, period, limit=MOST_ROWS + 1)
    counts = _counts(view, main, indicators)
    totals = _totals(view, main, indicators, counts)
    asked = {"main": main, **totals}
    if counts and view.compare == "benchmark":
        asked["cases"] = replace(main, metrics=tuple(dict.fromkeys(counts.values())), order=(), limit=None, compare=())
    found = dict(zip(asked, ask_all(session, list(asked.values())), strict=True))
    whole = found["main"]
    is_cut = whole.table.num_rows > MOST_ROWS
    if is_cut:
        whole = replace(whole, table=whole.table.slice(0, MOST_ROWS))
    keys = (*((TIME,) if view.grain else ()), *main.by)
    cases = {
        (metric, tuple(row[k] for k in keys)): row[count]
        for row in (found["cases"].table.to_pylist() if "cases" in found else ())
        for metric, count in counts.items()
    }
    parts = (found.get(part) for part in ("total", "by_row", "by_member"))
    return View(view, whole, *parts, is_cut, counts, keys, cases)


def everything(session: Session, view: View, period: tuple[date | None, date | None]) -> View:
    """The view with all its rows, for an export; `is_cut` when there are more than an export holds."""
    if not view.is_cut:
        return view
    found = ask(session, question(view.state, period, limit=MOST_EXPORTED + 1))
    is_cut = found.table.num_rows > MOST_EXPORTED
    return replace(view, main=replace(found, table=found.table.slice(0, MOST_EXPORTED)), is_cut=is_cut)


def standings(
    session: Session,
    found: View,
    shown: Sequence[str],
    period: tuple[date | None, date | None],
    indicators: Mapping[str, Indicator],
) -> dict[str, Members]:
    """The values of each dimension shown: selected, possible, excluded."""
    view = found.state
    grain = "year" if any(indicators[n].needs_time for n in view.show) else None
    # What the view is split by and not selected on, it has asked already.
    told = {d for d in view.by if d in shown and not view.picked(d) and not found.is_cut}
    universe = {d: Question(view.show, (d,), grain=grain) for d in shown}
    left = {d: Question(view.show, (d,), filters(view, but=d), *period, grain) for d in shown if d not in told}
    answers = ask_all(session, [*universe.values(), *left.values()])
    every = dict(zip(universe, answers[: len(universe)], strict=True))
    possible = dict(zip(left, answers[len(universe) :], strict=True)) | dict.fromkeys(told, found.main)
    return {
        d: selections.members(_values(every[d], d, view.show), _values(possible[d], d, view.show), view.picked(d))
        for d in shown
    }


def _values(found: Answer, dimension: str, show: Sequence[str]) -> set[Any]:
    """The values with which any indicator has a figure."""
    return {row[dimension] for row in found.table.to_pylist() if any(row[name] is not None for name in show)}


def _counts(view: State, main: Question, indicators: Mapping[str, Indicator]) -> dict[str, str]:
    """What counts the cases of the indicators shown, where it can be split and compared as they are."""
    if view.compare not in ("previous_year", "previous_period", "benchmark"):
        return {}
    named = {d.removesuffix("__month") for d in (*main.by, *(p.dimension for p in view.picks))}

    def fits(count: str) -> bool:
        own = indicators[count]
        return named <= set(own.dimensions) and (view.grain is None or view.grain in own.grains)

    found = {name: counted_by(name, indicators) for name in view.show}
    return {name: count for name, count in found.items() if count and fits(count)}


def _totals(
    view: State, main: Question, indicators: Mapping[str, Indicator], counts: Mapping[str, str]
) -> dict[str, Question]:
    """The questions of the totals: the same, without the dimensions that are summed up, and with what counts cases."""
    timeless = tuple(n for n in view.show if not indicators[n].needs_time)
    if not timeless or not (view.dimensions or counts):
        return {}

    def total(by: tuple[str, ...], grain: str | None) -> Question:
        compare = main.compare if shape.total_keeps(view.compare, view, grain) else ()
        metrics = view.show if grain else timeless
        return replace(main, metrics=metrics, by=by, grain=grain, order=(), limit=None, compare=compare)

    whole = total((), None)
    whole = replace(whole, metrics=tuple(dict.fromkeys((*whole.metrics, *counts.values()))))
    if not shape.has_pivot(view):
        return {"total": whole}
    by_row = tuple(d for d in view.by if d != view.across)
    if view.across == TIME:
        return {"total": whole, "by_row": total(by_row, None), "by_member": total((), view.grain)}
    return {"total": whole, "by_row": total(by_row, view.grain), "by_member": total((str(view.across),), None)}


def _compare(view: State, period: tuple[date | None, date | None]) -> tuple[str, ...]:
    if view.compare == "index":
        return (f"index={period[0].isoformat()}",) if period[0] else ()
    return (view.compare,) if view.compare else ()


def _first(found: Answer | None) -> dict[str, Any] | None:
    rows = found.table.to_pylist() if found else []
    return rows[0] if rows else None
