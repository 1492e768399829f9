"""What figures are compared with: the period before, the same a year before, the budget; the gap to it, the change.

Inside the known data, sums and counts are zero where nothing happened, then and now: gaps add up to the total's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pyarrow as pa

from lake.errors import QueryError
from lake.semantic import figures, periods
from lake.semantic.answer import Column
from lake.semantic.asked import Asked, Kind
from lake.semantic.coverage import Coverage, begin_words
from lake.semantic.periods import Span
from lake.semantic.rows_by_key import Key, Row, RowsByKey
from lake.semantic.sheet import Add, Sheet, minus, quotient


@dataclass(frozen=True)
class _Reference:
    """What the rows of a sheet are compared with.

    `key` says which of its `rows` a row is compared with, and `span` over which days: None, or a span without a day,
    where there is nothing to compare. `names` are its own indicators, where they have other names. A reference that
    `begins_with_data` is unknown where its span begins before the data.
    """

    rows: RowsByKey | None
    key: Callable[[Row], Key]
    span: Callable[[Row], Span | None]
    coverage: Coverage
    names: dict[str, str] = field(default_factory=dict)
    begins_with_data: bool = True


def previous(sheet: Sheet, asked: Asked, kind: Kind) -> Add:
    """The same question, its period moved back."""
    if sheet.time is not None and sheet.time.grain:
        return _previous_over_time(sheet, asked, kind, sheet.time.name, sheet.time.grain)
    since, until = asked.question.since, asked.until
    if since is None:
        raise QueryError(f"'{kind}' needs a period.", remedy="Give since (and until), or a grain.")
    span = periods.year_before(since, until, None) if kind == "previous_year" else periods.span_before(since, until)
    rows = RowsByKey(asked, replace(asked.question, since=span[0], until=span[1])) if span[0] <= span[1] else None
    if rows:
        sheet.complete(rows.rows)
    return lambda: _add_columns(sheet, kind, _Reference(rows, sheet.key, lambda row: span, asked.coverage))


def _previous_over_time(sheet: Sheet, asked: Asked, kind: Kind, time: str, grain: str) -> Add:
    """Each row's reference is the row of the period before it, or of the same period a year before."""
    move, ahead = _MOVES[kind]
    since, until = move(asked.question.since or date.min, asked.until, grain)
    rows = None
    if since <= until:
        rows = RowsByKey(asked, replace(asked.question, since=since if asked.question.since else None, until=until))
        later = [{**row, time: ahead(row[time], grain)} for row in rows.rows if row[time] is not None]
        sheet.complete([row for row in later if row[time] is not None and row[time] <= asked.until])
        if lost := sorted({row[time] for row in rows.rows if row[time] and ahead(row[time], grain) is None}):
            sheet.note(
                kind,
                f"Le {lost[0]:%d/%m/%Y} n'a pas de jour un an après : aucune ligne n'a ses chiffres pour référence.",
                f"{lost[0]} has no day a year later: its figures are the reference of no row.",
            )

    def key(row: Row) -> Key:
        day = row[time]
        return sheet.key(row, **{time: move(day, day, grain)[0]})

    def span(row: Row) -> Span | None:
        own = sheet.span(row)
        return move(*own, grain) if own else None

    return lambda: _add_columns(sheet, kind, _Reference(rows, key, span, asked.coverage))


def budget(sheet: Sheet, asked: Asked) -> Add:
    """The same question to the budget's own indicators, which are known by whole months."""
    names = {}
    for column in sheet.metrics:
        line, _, rest = column.name.partition("_")
        meta = asked.source.manifest.metrics[column.name].meta
        names[column.name] = str(meta.get("budget") or f"{line}_budget_{rest}")
        if names[column.name] not in asked.source.manifest.metrics:
            raise QueryError(f"'{column.name}' has no budget.", remedy="Ask for an indicator of finance that has one.")
    plain = replace(asked.question, metrics=tuple(names.values()), until=asked.until)
    figures.check_grain(plain, asked.source.manifest)
    rows = RowsByKey(asked, plain)
    sheet.complete(rows.rows)
    if figures.is_cut(asked.question, asked.source):
        sheet.note(
            "budget",
            "Le budget est connu par mois entiers : d'une partie de mois, il n'y en a pas, ou celui du mois entier.",
            "The budget is known by whole months: of part of one there is none, or that of the whole month.",
        )
    coverage = Coverage(asked, plain.metrics)
    reference = _Reference(rows, sheet.key, sheet.span, coverage, names, begins_with_data=False)
    return lambda: _add_columns(sheet, "budget", reference)


def _add_columns(sheet: Sheet, kind: Kind, reference: _Reference) -> None:
    """The reference, the gap to it, and the change for what is not a rate."""
    for column in sheet.metrics:
        named = f"{column.name}__{kind}"
        first = _add_figures(sheet, column, kind, reference)
        sheet.compare(column, kind, "gap", lambda row, c=column, n=named: minus(row[c.name], row[n]))  # type: ignore[misc]
        if column.unit != "rate":
            sheet.compare(
                column,
                kind,
                "change",
                lambda row, c=column, n=named: _change(row[c.name], row[n]),  # type: ignore[misc]
                pa.float64(),
                unit="rate",
                form="+0.0 %;-0.0 %",
            )
        if missing := [row for row in sheet.rows if row[named] is None]:
            lacks_day = any((span := reference.span(row)) and span[0] > span[1] for row in missing)
            why = _DAYLESS if lacks_day else begin_words(first) if first else ("", "")
            _note_missing(sheet, column, kind, len(missing), why)


def _add_figures(sheet: Sheet, column: Column, kind: Kind, reference: _Reference) -> date | None:
    """Add the reference's figures; when its data begin, if some of its spans begin before."""
    metric = reference.names.get(column.name, column.name)
    spans = {id(row): span for row in sheet.rows if (span := reference.span(row)) and span[0] <= span[1]}
    rows, earliest = reference.rows, min((since for since, _ in spans.values()), default=None)
    if rows is None or earliest is None:
        sheet.compare(column, kind, "", lambda row: None)
        return None
    first = reference.coverage.begins_after(metric, earliest) if reference.begins_with_data else None
    keys = {id(row): reference.key(row) for row in sheet.rows if id(row) in spans}
    has_gaps = any(rows.figure(metric, key) is None for key in keys.values())
    zeros = reference.coverage.zeros(metric, earliest) if has_gaps else None

    def figure(row: Row) -> Any:
        span = spans.get(id(row))
        if span is None or (first is not None and periods.first_day(span[0], "month") < first):
            return None
        value = rows.figure(metric, keys[id(row)])
        if value is None and zeros and zeros.overlaps(*span) and rows.is_nothing(metric, keys[id(row)]):
            return sheet.zero(column.name)
        return value

    sheet.compare(column, kind, "", figure)
    return first


def _change(value: Any, reference: Any) -> float | None:
    return quotient(minus(value, reference), None if reference is None else abs(reference))


def _note_missing(sheet: Sheet, column: Column, kind: Kind, missing: int, why: tuple[str, str]) -> None:
    of = len(sheet.rows)
    fr, en = why
    sheet.note(
        kind,
        f"{column.label_fr} : pas de référence pour {missing} ligne(s) sur {of}{f' ; {fr}' if fr else ''}.",
        f"{column.label_en}: no reference for {missing} of {of} row(s){f'; {en}' if en else ''}.",
    )


#: Why a span has no day to compare with, in French and English.
_DAYLESS = "ce jour n'existe pas dans l'autre période", "the other period lacks that day"

#: How a span moves to its reference, and a reference's first day to the period that is compared with it.
_MOVES: dict[Kind, tuple[Callable[[date, date, str], Span], Callable[[date, str], date | None]]] = {
    "previous_period": (periods.before, periods.after),
    "previous_year": (periods.year_before, periods.year_after),
}
