"""Values from the start of the year, of the month, or of twelve months, up to the end of each row's period.

Amounts and counts are summed over their parts, quotients over both of their terms. What doesn't add up (distinct
persons) is asked anew for each period, since no sum of its parts is its value.

These windows are longer than the rows' periods: who has an event in a window has a row, whether or not one happened in
the period. So a running figure stays where nothing happens, and the rows of a sum add up to their total.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any

import pyarrow as pa

from lake.errors import QueryError
from lake.semantic import periods
from lake.semantic.answer import Column
from lake.semantic.asked import Asked, Kind
from lake.semantic.coverage import begin_words
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.periods import Span
from lake.semantic.question import Question
from lake.semantic.rows_by_key import Key, Row, RowsByKey
from lake.semantic.sheet import Add, Sheet, quotient
from lake.semantic.titles import TITLES

#: Periods at most for which something that doesn't add up is asked anew.
MOST_PERIODS = 60

#: Rows at most that windows complete: members times periods.
MOST_ROWS = 200_000

#: Figures by the row's period (None without periods) and its other dimensions: those of windows with an event. None
#: where no event has the value.
Figures = Mapping[tuple[date | None, Key], Any]


def running(sheet: Sheet, asked: Asked, kind: Kind) -> Add:
    """The running value of each indicator.

    Raises:
        QueryError: too many periods for an indicator that doesn't add up, or too many rows.
    """
    windows = _windows(sheet, asked, kind)
    others = tuple(name for name in sheet.dimensions if not sheet.time or name != sheet.time.name)
    by_metric = {c.name: _figures(sheet, asked, c.name, windows, others) for c in sheet.metrics}
    reached = dict.fromkeys(place for figures in by_metric.values() for place in figures)
    if len(reached) > MOST_ROWS:
        raise QueryError(
            f"What runs over {len(windows)} periods has {len(reached):,} rows here.",
            remedy="Ask by fewer dimensions, for a shorter time, or by a coarser grain.",
        )
    time = {sheet.time.name} if sheet.time else set()
    sheet.complete({**dict.fromkeys(time, day), **dict(zip(others, key, strict=True))} for day, key in reached)

    def add() -> None:
        for column in sheet.metrics:
            _add_figures(sheet, asked, column, kind, windows, by_metric[column.name], others)

    return add


def _add_figures(
    sheet: Sheet,
    asked: Asked,
    column: Column,
    kind: Kind,
    windows: Mapping[date | None, Span],
    figures: Figures,
    others: Sequence[str],
) -> None:
    earliest = min((since for since, _ in windows.values()), default=None)
    first = asked.coverage.begins_after(column.name, earliest) if earliest else None
    zeros = asked.coverage.zeros(column.name, earliest) if earliest else None

    known = {day for (day, _), value in figures.items() if value is not None}
    unknown = {day for day, _ in figures} - known

    def figure(row: Row) -> Any:
        day = sheet.day(row)
        window = windows.get(day)
        if window is None or (first is not None and window[0] < first):
            return None
        value = figures.get((day, tuple(row[name] for name in others)))
        is_zero = value is None and zeros and zeros.overlaps(*window) and day not in unknown
        return sheet.zero(column.name) if is_zero else value

    is_quotient = asked.source.manifest.metrics[column.name].ratio is not None
    sheet.compare(column, kind, "", figure, pa.float64() if is_quotient else None)
    short = [end for since, end in windows.values() if first is not None and since < first]
    if first is not None and short:
        (named_fr, named_en), (fr, en) = TITLES[kind, ""], begin_words(first)
        sheet.note(
            kind,
            f"{column.label_fr} : {named_fr} absent pour {len(short)} période(s), {fr}.",
            f"{column.label_en}: no {named_en} for {len(short)} period(s), {en}.",
        )


def _windows(sheet: Sheet, asked: Asked, kind: Kind) -> dict[date | None, Span]:
    """First and last day of what runs up to the end of each period that has known data, and of each row's."""

    def window(end: date) -> Span:
        if kind == "rolling_12_months":
            return periods.months_to(end, 12), end
        return periods.first_day(end, "year" if kind == "year_to_date" else "month"), end

    if sheet.time is None or sheet.time.grain is None:
        return {None: window(asked.until)}
    grain = sheet.time.grain
    days = {day for row in sheet.rows if (day := sheet.day(row)) is not None} | set(asked.periods(grain))
    return {day: window(max(day, min(periods.last_day(day, grain), asked.until))) for day in sorted(days)}


def _figures(
    sheet: Sheet, asked: Asked, metric: str, windows: Mapping[date | None, Span], others: tuple[str, ...]
) -> Figures:
    definition = asked.source.manifest.metrics[metric]
    if windows and sheet.time is not None:
        if definition.is_additive:
            return _summed(asked, metric, windows, others)
        if definition.ratio:
            upper, lower = (_summed(asked, part, windows, others) for part in definition.ratio)
            return {place: quotient(upper.get(place), lower[place]) for place in lower}
    return _asked_anew(asked, metric, windows, others)


@dataclass(frozen=True)
class _Series:
    """The parts of one member, by day: running totals before each of them and after the last, and of how many parts
    the value is known."""

    days: list[date]
    totals: list[Any]
    known: list[int]

    @classmethod
    def of(cls, parts: Sequence[tuple[date, Any]]) -> _Series:
        values = [value for _, value in parts]
        return cls(
            [day for day, _ in parts],
            [0, *accumulate(0 if value is None else value for value in values)],
            [0, *accumulate(value is not None for value in values)],
        )

    def over(self, window: Span) -> tuple[bool, Any]:
        """Whether there are parts in the window, and their sum; None if none of their values is known."""
        low, high = bisect_left(self.days, window[0]), bisect_right(self.days, window[1])
        return low < high, None if self.known[low] == self.known[high] else self.totals[high] - self.totals[low]


def _summed(asked: Asked, metric: str, windows: Mapping[date | None, Span], others: tuple[str, ...]) -> Figures:
    """The sum of the metric's values over each window, from one question at the coarsest grain that fits them."""
    spans = windows.values()
    is_whole = all(s.day == 1 and (e == asked.until or e == periods.last_day(e, "month")) for s, e in spans)
    time = f"{METRIC_TIME}__{'month' if is_whole else 'day'}"
    question = Question(
        (metric,), (time, *others), asked.question.where, min(s for s, _ in spans), max(e for _, e in spans)
    )
    parts: dict[Key, list[tuple[date, Any]]] = {}
    for row in asked.ask(question).table.to_pylist():
        parts.setdefault(tuple(row[name] for name in others), []).append((row[time], row[metric]))
    found = {}
    for key, own in parts.items():
        series = _Series.of(own)
        for day, window in windows.items():
            has_parts, value = series.over(window)
            if has_parts:
                found[day, key] = value
    return found


def _asked_anew(asked: Asked, metric: str, windows: Mapping[date | None, Span], others: tuple[str, ...]) -> Figures:
    """The metric's value over each window, a question for each."""
    if len(windows) > MOST_PERIODS:
        raise QueryError(
            f"'{metric}' does not add up over {len(windows)} periods.",
            remedy=f"Ask for at most {MOST_PERIODS}, or a coarser grain.",
        )
    found = {}
    for day, (since, until) in windows.items():
        rows = RowsByKey(asked, Question((metric,), others, asked.question.where, since, until))
        for key in rows.keys:
            value = rows.figure(metric, key)
            if value is not None or not rows.is_nothing(metric, key):
                found[day, key] = value
    return found
