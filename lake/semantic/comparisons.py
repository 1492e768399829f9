"""Comparisons of any indicator, without a definition for each: all are made of plain questions to the same builds.

`query(…, compare=("previous_year", "share"))` adds columns after the indicators, named `<indicator>__<comparison>…`:

    previous_period   the value in the period before, the gap to it, and the change (a share of the reference)
    previous_year     the same of the same period a year before (52 weeks for weeks)
    budget            the same of the budget, for indicators that have one (`finance_x` and `finance_budget_x`)
    year_to_date, month_to_date, rolling_12_months   the value from there to the end of the row's period
    index=2024-01-01  the value, that of the period of this day being 100
    share             the share of all rows of the same period
    rank              the rank among the rows of the same period, best first
    benchmark         the group's median, quartiles and rank, over at least five peers

Periods are compared like with like: one that `until` (or the end of the data) cuts is compared with the same days of
the other. A reference that lacks data is empty, and a note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

import pyarrow as pa

from lake.access import Scope
from lake.errors import QueryError
from lake.semantic import figures, periods
from lake.semantic.answer import Answer, Column
from lake.semantic.asked import Asked, Kind
from lake.semantic.benchmark import add_benchmark
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.publications import Source
from lake.semantic.question import Question
from lake.semantic.running import add_running
from lake.semantic.sheet import Row, Sheet, minus, quotient


@dataclass(frozen=True)
class Comparison:
    """One comparison that was asked for. `base` is the day of an index."""

    kind: Kind
    base: date | None = None

    @classmethod
    def parse(cls, text: str) -> Comparison:
        """`previous_year`, `index=2024-01-01`, …

        Raises:
            QueryError: there is none of that name, an index lacks its day, or another has one.
        """
        name, _, given = text.partition("=")
        if name not in get_args(Kind):
            raise QueryError(f"'{name}' is not a comparison.", remedy=f"Comparisons: {', '.join(get_args(Kind))}.")
        try:
            base = date.fromisoformat(given) if given else None
        except ValueError as error:
            raise QueryError(f"'{given}' is not a date.", remedy="Write index=2024-01-01.") from error
        if (name == "index") != (base is not None):
            raise QueryError(
                f"'{text}' is no comparison: an index has a day and nothing else has.", remedy="index=2024-01-01"
            )
        return cls(name, base)  # type: ignore[arg-type]


def compared(question: Question, source: Source, scope: Scope) -> Answer:
    """The answer with its comparisons, all of the same builds.

    Raises:
        QueryError: a comparison makes no sense for the question; says why.
    """
    comparisons = [Comparison.parse(text) for text in question.compare]
    if any(f.field.split("__")[0] == METRIC_TIME for f in question.where):
        raise QueryError(
            "A comparison needs its period by since and until.", remedy="Take the filter on metric_time away."
        )
    asked = Asked(replace(question, order=(), limit=None, compare=()), source, scope)
    sheet = Sheet(asked.main)
    for comparison in comparisons:
        _ADD[comparison.kind](sheet, asked, comparison)
    orders = [(o.column, o.descending) for o in figures.orders(question.order, sheet.columns)]
    return replace(sheet.answer(orders, question.limit), timings=asked.timings)


def _add_previous(sheet: Sheet, asked: Asked, comparison: Comparison) -> None:
    """The reference is the same question, its period moved back."""
    if sheet.time is not None and sheet.time.grain:
        _add_previous_over_time(sheet, asked, comparison.kind, sheet.time.name, sheet.time.grain)
        return
    since, until = asked.question.since, asked.until
    if since is None:
        raise QueryError(f"'{comparison.kind}' needs a period.", remedy="Give since (and until), or a grain.")
    if comparison.kind == "previous_year":
        span = periods.add_months(since, -12), periods.add_months(until, -12)
    else:
        span = periods.span_before(since, until)
    rows: list[Row] = asked.ask(asked.over(*span)).table.to_pylist()
    values = {sheet.key(row): row for row in rows}
    sheet.complete(rows)
    _add_reference(
        sheet, comparison.kind, lambda row: values.get(sheet.key(row)), asked.begins_after, lambda row: span[0]
    )


def _add_previous_over_time(sheet: Sheet, asked: Asked, kind: Kind, time: str, grain: str) -> None:
    """Each row's reference is the row of the period before it, or of the same period a year before."""
    back, ahead = _MOVES[kind]
    since, until = asked.question.since, asked.until
    rows: list[Row] = asked.ask(asked.over(back(since, grain) if since else None, back(until, grain))).table.to_pylist()
    values = {sheet.key(row): row for row in rows}
    later = [{**row, time: ahead(row[time], grain)} for row in rows if row[time] is not None]
    sheet.complete([row for row in later if row[time] <= until])

    def start(row: Row) -> date | None:
        return None if row[time] is None else back(row[time], grain)

    _add_reference(sheet, kind, lambda row: values.get(sheet.key(row, **{time: start(row)})), asked.begins_after, start)


def _add_reference(
    sheet: Sheet,
    kind: Kind,
    found: Callable[[Row], Row | None],
    begins_after: Callable[[str, date], date | None] = lambda metric, day: None,
    start: Callable[[Row], date | None] = lambda row: None,
    names: Mapping[str, str] | None = None,
) -> None:
    """The reference, the gap to it, and the change for what is not a rate.

    `found` gives the reference's row, `start` the day from which it counts: there is none before the data begin, which
    `begins_after` knows. `names` are the reference's own indicators, where they have other names.
    """
    starts = [day for row in sheet.rows if (day := start(row)) is not None]
    for column in sheet.metrics:
        source = names[column.name] if names else column.name
        first = begins_after(column.name, min(starts)) if starts else None

        def reference(row: Row, source: str = source, first: date | None = first) -> Any:
            day = start(row)
            if first is not None and day is not None and periods.first_day(day, "month") < first:
                return None
            match = found(row)
            return match[source] if match else None

        _add(sheet, column, kind, "", reference)
        named = f"{column.name}__{kind}"
        _add(sheet, column, kind, "gap", lambda row, c=column, n=named: minus(row[c.name], row[n]))  # type: ignore[misc]
        if column.unit != "rate":
            _add(
                sheet,
                column,
                kind,
                "change",
                lambda row, c=column, n=named: _change(row[c.name], row[n]),  # type: ignore[misc]
                pa.float64(),
            )
        if missing := [row for row in sheet.rows if row[named] is None]:
            _note_missing(sheet, column, kind, len(missing), first)


def _change(value: Any, reference: Any) -> float | None:
    return quotient(minus(value, reference), None if reference is None else abs(reference))


def _note_missing(sheet: Sheet, column: Column, kind: Kind, missing: int, first: date | None) -> None:
    of = len(sheet.rows)
    since_fr = since_en = ""
    if first is not None:
        since_fr = " ; il n'y a pas de données" if first == date.max else f" ; les données commencent en {first:%m/%Y}"
        since_en = "; there are no data" if first == date.max else f"; data begin in {first:%Y-%m}"
    sheet.note(
        kind,
        f"{column.label_fr} : pas de référence pour {missing} ligne(s) sur {of}{since_fr}.",
        f"{column.label_en}: no reference for {missing} of {of} row(s){since_en}.",
    )


def _add_budget(sheet: Sheet, asked: Asked, comparison: Comparison) -> None:
    """The reference is the same question to the budget's own indicators, which are known by whole months."""
    names = {}
    for column in sheet.metrics:
        line, _, rest = column.name.partition("_")
        meta = asked.source.manifest.metrics[column.name].meta
        names[column.name] = str(meta.get("budget") or f"{line}_budget_{rest}")
        if names[column.name] not in asked.source.manifest.metrics:
            raise QueryError(f"'{column.name}' has no budget.", remedy="Ask for an indicator of finance that has one.")
    plain = replace(asked.question, metrics=tuple(names.values()), until=asked.until)
    figures.check_grain(plain, asked.source.manifest)
    rows: list[Row] = asked.ask(plain).table.to_pylist()
    values = {sheet.key(row): row for row in rows}
    sheet.complete(rows)
    _add_reference(sheet, "budget", lambda row: values.get(sheet.key(row)), names=names)
    if figures.is_cut(asked.question, asked.source):
        sheet.note(
            "budget",
            "Le budget est connu par mois entiers : d'une partie de mois, il n'y en a pas, ou celui du mois entier.",
            "The budget is known by whole months: of part of one there is none, or that of the whole month.",
        )


def _add_index(sheet: Sheet, asked: Asked, comparison: Comparison) -> None:
    if sheet.time is None or sheet.time.grain is None or comparison.base is None:
        raise QueryError("An index follows a figure over time.", remedy="Ask with a grain, such as month.")
    name, grain = sheet.time.name, sheet.time.grain
    first, last = periods.first_day(comparison.base, grain), periods.last_day(comparison.base, grain)
    rows = asked.ask(replace(asked.question, since=first, until=last)).table.to_pylist()
    bases = {sheet.key(row): row for row in rows}
    for column in sheet.metrics:

        def index(row: Row, column: Column = column) -> float | None:
            base = bases.get(sheet.key(row, **{name: first}))
            ratio = quotient(row[column.name], base[column.name] if base else None)
            return None if ratio is None else 100 * ratio

        _add(sheet, column, "index", "", index, pa.float64(), unit="ratio", form="#,##0.0")
        without = {sheet.key(row, **{name: first}) for row in sheet.rows} - {
            k for k, b in bases.items() if b[column.name]
        }
        if without:
            sheet.note(
                "index",
                f"{column.label_fr} : rien en {first:%m/%Y} pour {len(without)} série(s), donc pas d'indice.",
                f"{column.label_en}: nothing in {first:%Y-%m} for {len(without)} series, so no index.",
            )


def _add_share(sheet: Sheet, asked: Asked, comparison: Comparison) -> None:
    for column in sheet.metrics:
        if not asked.source.manifest.metrics[column.name].is_sum:
            raise QueryError(
                f"'{column.name}' does not add up, so its rows have no share.",
                remedy="Ask for the share of an amount or a count.",
            )
    times = tuple(c.name for c in sheet.columns if c.kind == "time" and c.name.startswith(METRIC_TIME))
    totals = {
        tuple(row[t] for t in times): row for row in asked.ask(replace(asked.question, by=times)).table.to_pylist()
    }
    for column in sheet.metrics:

        def share(row: Row, column: Column = column) -> float | None:
            total = totals.get(tuple(row[t] for t in times))
            return quotient(row[column.name], total[column.name] if total else None)

        _add(sheet, column, "share", "", share, pa.float64(), unit="rate", form="0.0 %")


def _add_rank(sheet: Sheet, asked: Asked, comparison: Comparison) -> None:
    """Equal values share a rank. Best is low where the definition says that down is good."""
    time = sheet.time.name if sheet.time else None
    for column in sheet.metrics:
        worse_first = column.direction != "down"
        held: dict[Any, list[Any]] = {}
        for row in sheet.rows:
            if row[column.name] is not None:
                held.setdefault(row[time] if time else None, []).append(row[column.name])
        ranks: dict[Any, dict[Any, int]] = {}
        for moment, values in held.items():
            ranks[moment] = {}
            for place, value in enumerate(sorted(values, reverse=worse_first), start=1):
                ranks[moment].setdefault(value, place)

        def rank(row: Row, column: Column = column, ranks: dict[Any, dict[Any, int]] = ranks) -> int | None:
            value = row[column.name]
            return None if value is None else ranks[row[time] if time else None][value]

        _add(sheet, column, "rank", "", rank, pa.int64(), unit="count", form="#,##0")


def _add(
    sheet: Sheet,
    column: Column,
    kind: Kind,
    part: str,
    values: Callable[[Row], Any],
    type_: pa.DataType | None = None,
    *,
    unit: str | None = None,
    form: str | None = None,
) -> None:
    """Add one column of a comparison of one indicator."""
    if part == "change":
        unit, form = "rate", "+0.0 %;-0.0 %"
    fr, en = _WORDS[kind, part]
    sheet.add(
        replace(
            column,
            name="__".join(p for p in (column.name, f"{kind}_{part}" if part else kind) if p),
            label_fr=f"{column.label_fr} – {fr}",
            label_en=f"{column.label_en} – {en}",
            unit=unit if unit is not None else column.unit,
            format=form if form is not None else column.format,
            of=column.name,
            comparison=kind,
        ),
        values,
        type_,
    )


#: How a day moves to its reference, and a reference's first day to the period that it is compared with.
_MOVES = {
    "previous_period": (periods.before, periods.after),
    "previous_year": (periods.year_before, periods.year_after),
}

_WORDS: dict[tuple[Kind, str], tuple[str, str]] = {
    ("previous_period", ""): ("période précédente", "previous period"),
    ("previous_period", "gap"): ("écart à la période précédente", "gap to the previous period"),
    ("previous_period", "change"): ("évolution sur la période précédente", "change on the previous period"),
    ("previous_year", ""): ("un an avant", "a year before"),
    ("previous_year", "gap"): ("écart à un an avant", "gap to a year before"),
    ("previous_year", "change"): ("évolution sur un an", "change on a year before"),
    ("budget", ""): ("budget", "budget"),
    ("budget", "gap"): ("écart au budget", "gap to the budget"),
    ("budget", "change"): ("écart au budget, en part", "gap to the budget, as a share"),
    ("index", ""): ("indice", "index"),
    ("share", ""): ("part du total", "share of the total"),
    ("rank", ""): ("rang", "rank"),
}

_ADD: dict[Kind, Callable[[Sheet, Asked, Comparison], None]] = {
    "previous_period": _add_previous,
    "previous_year": _add_previous,
    "budget": _add_budget,
    "year_to_date": lambda sheet, asked, comparison: add_running(sheet, asked, comparison.kind),
    "month_to_date": lambda sheet, asked, comparison: add_running(sheet, asked, comparison.kind),
    "rolling_12_months": lambda sheet, asked, comparison: add_running(sheet, asked, comparison.kind),
    "index": _add_index,
    "share": _add_share,
    "rank": _add_rank,
    "benchmark": lambda sheet, asked, comparison: add_benchmark(sheet, asked),
}
