"""The words of a grid: titles of its columns, its values as the reader writes them, and the rows of its charts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
from babel.dates import format_date

from apps import values
from apps.charts import every_period
from apps.numbers import day, figure, locale, places
from apps.screens.explore import pivot, shape
from apps.screens.explore.data import View
from apps.screens.explore.drawing import MEMBER, Plot
from apps.screens.explore.exports import Sheet
from apps.screens.explore.pivot import TOTAL, Grid
from apps.screens.explore.shape import MOST_BARS, MOST_CELLS, MOST_LINES, MOST_POINTS
from apps.screens.explore.state import TIME, Chart, State
from apps.words import Language, say
from lake.semantic import Column

#: Comparisons that are what is charted, rather than the figure itself.
_CHARTED = ("share", "index", *shape.RUNNING)
_REFERENCES = ("previous_year", "previous_period", "budget")

#: Comparisons with the rows that the reader sees, which are not all.
_WITHIN_SCOPE = ("share", "rank")


@dataclass(frozen=True)
class Words:
    """How the values of a view are said in one language. `titles` are those of its dimensions, `labels` those of its
    indicators: with their line, when there are several. `is_partial` when the reader doesn't see all structures."""

    language: Language
    titles: Mapping[str, str]
    labels: Mapping[str, str]
    grain: str | None
    is_partial: bool = False

    def member(self, dimension: str, value: Any) -> str:
        """One value of a dimension."""
        if value is TOTAL:
            return say("explore.total", self.language)
        if value is None or value != value or value is pd.NaT:
            return say("explore.nothing", self.language)
        if dimension == TIME:
            return moment(value, self.grain or "day", self.language)
        if dimension.endswith("__month"):
            month = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
            return moment(month, "month", self.language)
        return values.name(dimension, value, self.language)

    def title(self, dimension: str) -> str:
        return self.titles.get(dimension, dimension)

    def label(self, column: Column, *, is_short: bool = False) -> str:
        """The title of a column of figures. That of a comparison ends with what it is, and is no more when short."""
        if column.of is None:
            return self.labels.get(column.name, column.label(self.language))
        kind = column.label(self.language).rpartition(" – ")[2]
        if self.is_partial and column.comparison in _WITHIN_SCOPE:
            kind = say("explore.within.column", self.language, what=kind)
        return kind[:1].upper() + kind[1:] if is_short else f"{self.labels.get(column.of, column.of)} – {kind}"

    def pair(self, name: str, value: str) -> str:
        return say("explore.pair", self.language, name=name, value=value)


def moment(first: date, grain: str, language: Language) -> str:
    """A period, by its first day."""
    where = locale(language)
    if grain == "year":
        return format_date(first, "y", locale=where)
    if grain == "quarter":
        return say("explore.quarter", language, n=(first.month + 2) // 3, year=first.year)
    if grain == "month":
        return format_date(first, "MMM y", locale=where)
    if grain == "week":
        return say("explore.week", language, day=day(first, language))
    return day(first, language)


def sheet(view: View, words: Words, title: str) -> Sheet:
    """The grid with its words."""
    grid = view.grid
    columns = {c.name: c for c in view.values}
    several = len(columns) > 1
    titles: list[str] = []
    units: list[str | None] = []
    for heading in grid.headings:
        if heading.is_dimension:
            said, unit = words.title(heading.column), None
        else:
            column = columns[heading.column]
            label, unit = words.label(column, is_short=len(view.state.show) == 1), column.unit
            member = words.member(str(view.state.across), heading.member) if heading.is_pivoted else ""
            said = (f"{member} · {label}" if several else member) if heading.is_pivoted else label
        titles.append(_unique(said, titles))
        units.append(unit)
    total, nothing = say("explore.total", words.language), say("explore.nothing", words.language)
    names = {d: values.names(d, words.language) for d in view.state.dimensions}
    return Sheet(title, grid, tuple(titles), tuple(units), total, nothing, names)


def shown(made: Sheet, words: Words) -> Any:
    """The grid for `st.dataframe`: numbers stay numbers, so that they sort; they are written in the reader's locale."""
    grid = made.grid
    lines = [*grid.rows, *([grid.total] if grid.total else [])]
    frame = pd.DataFrame(
        {title: _column(grid, i, lines, words) for i, title in enumerate(made.titles)}, index=range(len(lines))
    )
    formats: dict[Any, Any] = {
        title: partial(figure, unit=unit, language=words.language, decimals=places(frame[title], unit))
        for title, unit, heading in zip(made.titles, made.units, grid.headings, strict=True)
        if not heading.is_dimension
    }
    styled = frame.style.set_uuid("explore").format(formats)  # without a name, every rerun would be sent anew
    ends = [title for title, h in zip(made.titles, grid.headings, strict=True) if h.member is TOTAL]
    if ends:
        styled = styled.set_properties(subset=ends, **{"font-weight": "600"})
    if grid.total:
        last = pd.IndexSlice[[len(lines) - 1], :]
        styled = styled.set_properties(subset=last, **{"font-weight": "600", "background-color": "#EEF4F5"})
    return styled


def _column(grid: Grid, position: int, lines: Sequence[Sequence[Any]], words: Words) -> Any:
    heading = grid.headings[position]
    if not heading.is_dimension:
        return pd.Series([_number(line[position]) for line in lines], dtype="float64")
    total = len(grid.rows)
    return [
        "" if n == total and line[position] is None else words.member(heading.column, line[position])
        for n, line in enumerate(lines)
    ]


def plots(view: View, words: Words, chart: Chart, sums: Collection[str] = ()) -> tuple[list[Plot], int]:
    """What each chart shows, one an indicator (one in all for a scatter), and how many members were left out. `sums`
    are the indicators that are 0 where they have no row."""
    columns = {c.name: c for c in view.main.columns}
    shown = [c for c in view.main.columns if c.kind == "metric" and c.of is None]
    rows = view.main.table.to_pylist()
    if chart == "scatter":
        return [_scatter(view, words, rows[:MOST_POINTS], shown)], max(0, len(rows) - MOST_POINTS)
    made = [_plot(view, words, chart, rows, metric, columns, is_sum=metric.name in sums) for metric in shown]
    return [plot for plot, _ in made], max((left for _, left in made), default=0)


def _plot(
    view: View,
    words: Words,
    chart: Chart,
    rows: Sequence[Mapping[str, Any]],
    metric: Column,
    columns: Mapping[str, Column],
    *,
    is_sum: bool,
) -> tuple[Plot, int]:
    state = view.state
    compared = columns.get(f"{metric.name}__{state.compare}")
    value = compared if compared is not None and state.compare in _CHARTED else metric
    label = words.label(value)
    if state.grain and rows:
        rows = _in_every_period(rows, state, (metric.name,) if is_sum else ())
    if chart == "lines":
        dimension = next(iter(state.by), None)
        kept, left = _largest(rows, dimension, [value.name], MOST_LINES) if dimension else (list(rows), 0)
        drawn = [(value, None if dimension else label)]
        if dimension is None and compared is not None and state.compare in _REFERENCES:
            drawn.append((compared, words.label(compared)))
        data = [
            {
                "time": pd.Timestamp(row[TIME]),
                MEMBER: said or words.member(str(dimension), row[dimension]),
                "value": _number(row[column.name]),
            }
            for column, said in drawn
            for row in kept
        ]
        return Plot(pd.DataFrame(data), (value.unit,), (label,), state.grain), left
    first = state.by[0] if state.by else TIME
    if chart == "bars":
        compare_to = [compared.name] if compared is not None and state.compare in _REFERENCES else []
        kept, left = _largest(rows, first, [value.name, *compare_to], MOST_BARS)
        data = [{MEMBER: words.member(first, row[first]), "value": _number(row[value.name])} for row in kept]
        return Plot(pd.DataFrame(data), (value.unit,), (label,)), left
    first, other = shape.axes(state)
    columns = pivot.own_order({row[other] for row in rows})
    kept, left = _largest(rows, first, [value.name], max(5, MOST_CELLS // max(1, len(columns))))
    kept = view.in_order(kept, (first,))
    data = [
        {
            MEMBER: words.member(first, row[first]),
            "other": words.member(other, row[other]),
            "value": _number(row[value.name]),
        }
        for row in kept
    ]
    across = tuple(words.member(other, member) for member in columns)
    return Plot(pd.DataFrame(data), (value.unit,), (label,), across=across), left


def _in_every_period(rows: Sequence[Mapping[str, Any]], state: State, zero: Sequence[str]) -> list[dict[str, Any]]:
    """The rows over time, with one for every period from the first to the last."""
    split = next((d for d in state.by if d in rows[0]), None)
    whole = every_period(pd.DataFrame(rows), TIME, state.grain or "month", split=split, zero=zero)
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()} | {TIME: row[TIME].date()}
        for row in whole.to_dict("records")
    ]


def _scatter(view: View, words: Words, rows: Sequence[Mapping[str, Any]], shown: Sequence[Column]) -> Plot:
    x, y = shown[0], shown[1]
    data = [
        {
            MEMBER: " · ".join(words.member(d, row[d]) for d in view.state.dimensions),
            "x": _number(row[x.name]),
            "value": _number(row[y.name]),
        }
        for row in rows
    ]
    return Plot(pd.DataFrame(data), (y.unit, x.unit), (words.label(y), words.label(x)))


def _largest(
    rows: Sequence[Mapping[str, Any]], dimension: str, values: Sequence[str], most: int
) -> tuple[list[dict[str, Any]], int]:
    """The rows of the members with the largest figures, and how many members were left out. Who had a large figure to
    compare with is large, too: what was lost is seen."""
    weights: dict[Any, float] = {}
    for row in rows:
        largest = max(abs(_number(row[value]) or 0.0) for value in values)
        weights[row[dimension]] = max(weights.get(row[dimension], 0.0), largest)
    kept = sorted(weights, key=lambda m: -weights[m])[:most]
    return [row for row in rows if row[dimension] in kept], len(weights) - len(kept)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _unique(title: str, taken: Sequence[str]) -> str:
    """Titles are keys of the table's columns: the same one twice gets a number."""
    number, name = 1, title
    while name in taken:
        number += 1
        name = f"{title} ({number})"
    return name
