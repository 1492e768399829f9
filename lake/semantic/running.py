"""Values from the start of the year, of the month, or of twelve months, up to the end of each row's period.

Amounts and counts are summed over their parts, quotients over both of their terms. What doesn't add up (distinct
persons) is asked anew for each period, since no sum of its parts is its value.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

import pyarrow as pa

from lake.errors import QueryError
from lake.semantic import periods
from lake.semantic.answer import Column
from lake.semantic.asked import Asked, Kind
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.question import Question
from lake.semantic.sheet import Key, Row, Sheet, quotient

#: Periods at most for which something that doesn't add up is asked anew.
MOST_PERIODS = 60

_WORDS: dict[Kind, tuple[str, str]] = {
    "year_to_date": ("cumul annuel", "year to date"),
    "month_to_date": ("cumul mensuel", "month to date"),
    "rolling_12_months": ("douze mois glissants", "rolling twelve months"),
}

Value = Callable[[Row], Any]


def add_running(sheet: Sheet, asked: Asked, kind: Kind) -> None:
    """Add the running value of each indicator.

    Raises:
        QueryError: too many periods for an indicator that doesn't add up.
    """
    spans = _spans(sheet, asked, kind)
    for column in sheet.metrics:
        definition = asked.source.manifest.metrics[column.name]
        value: Value
        type_: pa.DataType | None = None
        if sheet.time is None:
            value = _asked_anew(sheet, asked, column.name, spans)
        elif definition.is_additive:
            value = _summed(sheet, asked, column.name, spans)
        elif definition.ratio:
            upper, lower = (_summed(sheet, asked, part, spans) for part in definition.ratio)
            value = lambda row, upper=upper, lower=lower: quotient(upper(row), lower(row))  # type: ignore[misc] # noqa: E731
            type_ = pa.float64()
        else:
            value = _asked_anew(sheet, asked, column.name, spans)
        first = asked.begins_after(column.name, min(start for start, _ in spans.values())) if spans else None

        def covered(row: Row, value: Value = value, first: date | None = first) -> Any:
            span = spans.get(sheet.day(row))
            return None if span is None or (first is not None and span[0] < first) else value(row)

        fr, en = _WORDS[kind]
        added = replace(
            column,
            name=f"{column.name}__{kind}",
            label_fr=f"{column.label_fr} – {fr}",
            label_en=f"{column.label_en} – {en}",
            of=column.name,
            comparison=kind,
        )
        sheet.add(added, covered, type_)
        _note_uncovered(sheet, column, kind, spans, first)


def _spans(sheet: Sheet, asked: Asked, kind: Kind) -> dict[date | None, tuple[date, date]]:
    """First and last day of what runs up to each row, by the row's period (None without periods)."""
    until = asked.until

    def start(end: date) -> date:
        if kind == "rolling_12_months":
            return periods.add_months(end, -12) + timedelta(days=1)
        return periods.first_day(end, "year" if kind == "year_to_date" else "month")

    if sheet.time is None or sheet.time.grain is None:
        return {None: (start(until), until)}
    found: dict[date | None, tuple[date, date]] = {}
    for day in {day for row in sheet.rows if (day := sheet.day(row)) is not None}:
        end = max(day, min(periods.last_day(day, sheet.time.grain), until))
        found[day] = (start(end), end)
    return found


def _summed(
    sheet: Sheet, asked: Asked, metric: str, spans: dict[date | None, tuple[date, date]]
) -> Callable[[Row], Any]:
    """The sum of the metric's values over each span, from one question at the coarsest grain that fits the spans."""
    if not spans:
        return lambda row: None
    is_whole = all(s.day == 1 and (e == asked.until or e == periods.last_day(e, "month")) for s, e in spans.values())
    grain = "month" if is_whole else "day"
    time = f"{METRIC_TIME}__{grain}"
    others = tuple(name for name in sheet.dimensions if not sheet.time or name != sheet.time.name)
    since, until = min(s for s, _ in spans.values()), max(e for _, e in spans.values())
    parts = asked.ask(Question((metric,), (time, *others), asked.question.where, since, until))
    series: dict[Key, tuple[list[date], list[Any]]] = {}
    for row in parts.table.to_pylist():
        if row[metric] is not None:
            days, values = series.setdefault(tuple(row[o] for o in others), ([], []))
            days.append(row[time])
            values.append(row[metric])
    totals = {key: (days, [0, *accumulate(values)]) for key, (days, values) in series.items()}

    def value(row: Row) -> Any:
        held = totals.get(tuple(row[o] for o in others))
        if held is None:
            return None
        days, sums = held
        start, end = spans[sheet.day(row)]
        low, high = bisect_left(days, start), bisect_right(days, end)
        return None if low == high else sums[high] - sums[low]

    return value


def _asked_anew(
    sheet: Sheet, asked: Asked, metric: str, spans: dict[date | None, tuple[date, date]]
) -> Callable[[Row], Any]:
    """The metric's value over each span, a question for each."""
    if len(spans) > MOST_PERIODS:
        raise QueryError(
            f"'{metric}' does not add up over {len(spans)} periods.",
            remedy=f"Ask for at most {MOST_PERIODS}, or a coarser grain.",
        )
    others = tuple(name for name in sheet.dimensions if not sheet.time or name != sheet.time.name)
    values: dict[tuple[date | None, Key], Any] = {}
    for moment, (start, end) in spans.items():
        answer = asked.ask(Question((metric,), others, asked.question.where, start, end))
        for row in answer.table.to_pylist():
            values[moment, tuple(row[o] for o in others)] = row[metric]

    def value(row: Row) -> Any:
        return values.get((sheet.day(row), _key(row, others)))

    return value


def _key(row: Row, names: Sequence[str]) -> Key:
    return tuple(row[name] for name in names)


def _note_uncovered(
    sheet: Sheet, column: Column, kind: Kind, spans: dict[date | None, tuple[date, date]], first: date | None
) -> None:
    short = [end for start, end in spans.values() if first is not None and start < first]
    if first is None or not short:
        return
    fr, en = _WORDS[kind]
    since_fr = "il n'y a pas de données" if first == date.max else f"les données commencent en {first:%m/%Y}"
    since_en = "there are no data" if first == date.max else f"data begin in {first:%Y-%m}"
    sheet.note(
        kind,
        f"{column.label_fr} : {fr} absent pour {len(short)} période(s), {since_fr}.",
        f"{column.label_en}: no {en} for {len(short)} period(s), {since_en}.",
    )
