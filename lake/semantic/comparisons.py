"""Comparisons of any indicator, without a definition for each: all are made of plain questions to the same builds.

`query(…, compare=("previous_year", "share"))` adds columns after the indicators, named `<indicator>__<comparison>…`:

    previous_period   the value in the period before, the gap to it, and the change (a share of the reference)
    previous_year     the same of the same days a year before, whole months staying whole (52 weeks before for weeks)
    budget            the same of the budget, for indicators that have one (`finance_x` and `finance_budget_x`)
    year_to_date, month_to_date, rolling_12_months   the value from there to the end of the row's period
    index=2024-01-01  the value, that of the period of this day being 100
    share             the share of all rows of the same period
    rank              the rank among the rows of the same period, best first
    benchmark         the group's median, quartiles and rank, over at least five peers

Periods are compared like with like: one that `until` (or the end of the data) cuts is compared with the same days of
the other. A reference that lacks data is empty, and a note says so.

A comparison that has figures of more members than the plain question adds their rows. Sums and counts are zero there
where the data are known (`coverage.py`), so that rows, windows and gaps add up to those of the total.
"""

from __future__ import annotations

from collections.abc import Callable
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
from lake.semantic.references import budget, previous
from lake.semantic.rows_by_key import Row, RowsByKey
from lake.semantic.running import running
from lake.semantic.sheet import Add, Sheet, quotient


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
    sheet = Sheet(asked)
    additions = [_PREPARE[comparison.kind](sheet, asked, comparison) for comparison in comparisons]
    sheet.fill()
    for add in additions:
        add()
    orders = [(o.column, o.descending) for o in figures.orders(question.order, sheet.columns)]
    return replace(sheet.answer(orders, question.limit), timings=asked.timings)


def _index(sheet: Sheet, asked: Asked, comparison: Comparison) -> Add:
    """The base is the figure of one period. A sum or count that had one there is zero where nothing happened since."""
    if sheet.time is None or sheet.time.grain is None or comparison.base is None:
        raise QueryError("An index follows a figure over time.", remedy="Ask with a grain, such as month.")
    name, grain = sheet.time.name, sheet.time.grain
    first, last = periods.first_day(comparison.base, grain), periods.last_day(comparison.base, grain)
    bases = RowsByKey(asked, replace(asked.question, since=first, until=last))
    amounts = [c.name for c in sheet.metrics if asked.source.manifest.metrics[c.name].is_amount]
    based = [row for row in bases.rows if any(row[metric] for metric in amounts)]
    sheet.complete({**row, name: day} for day in asked.periods(grain) for row in based)

    def add() -> None:
        for column in sheet.metrics:
            _add_index(sheet, column, bases, first, name)

    return add


def _add_index(sheet: Sheet, column: Column, bases: RowsByKey, first: date, time: str) -> None:
    of = {id(row): bases.figure(column.name, sheet.key(row, **{time: first})) for row in sheet.rows}

    def index(row: Row) -> float | None:
        ratio = quotient(row[column.name], of[id(row)])
        return None if ratio is None else 100 * ratio

    sheet.compare(column, "index", "", index, pa.float64(), unit="ratio", form="#,##0.0")
    if without := {sheet.key(row, **{time: first}) for row in sheet.rows if not of[id(row)]}:
        sheet.note(
            "index",
            f"{column.label_fr} : rien en {first:%m/%Y} pour {len(without)} série(s), donc pas d'indice.",
            f"{column.label_en}: nothing in {first:%Y-%m} for {len(without)} series, so no index.",
        )


def _share(sheet: Sheet, asked: Asked, comparison: Comparison) -> Add:
    for column in sheet.metrics:
        if not asked.source.manifest.metrics[column.name].is_sum:
            raise QueryError(
                f"'{column.name}' does not add up, so its rows have no share.",
                remedy="Ask for the share of an amount or a count.",
            )
    times = tuple(c.name for c in sheet.columns if c.kind == "time" and c.name.startswith(METRIC_TIME))
    totals = RowsByKey(asked, replace(asked.question, by=times))

    def add() -> None:
        for column in sheet.metrics:

            def share(row: Row, column: Column = column) -> float | None:
                return quotient(row[column.name], totals.figure(column.name, tuple(row[t] for t in times)))

            sheet.compare(column, "share", "", share, pa.float64(), unit="rate", form="0.0 %")

    return add


def _add_rank(sheet: Sheet) -> None:
    """Equal values share a rank. Best is low where the definition says that down is good. Only what has a figure of its
    own has a rank, whatever other comparisons add."""
    for column in sheet.metrics:
        figures_of = {id(row): sheet.main.figure(column.name, sheet.key(row)) for row in sheet.rows}
        held: dict[date | None, list[Any]] = {}
        for row in sheet.rows:
            if figures_of[id(row)] is not None:
                held.setdefault(sheet.day(row), []).append(figures_of[id(row)])
        ranks: dict[date | None, dict[Any, int]] = {}
        for moment, values in held.items():
            ranks[moment] = {}
            for place, value in enumerate(sorted(values, reverse=column.direction != "down"), start=1):
                ranks[moment].setdefault(value, place)

        def rank(
            row: Row, own: dict[int, Any] = figures_of, ranks: dict[date | None, dict[Any, int]] = ranks
        ) -> int | None:
            return None if own[id(row)] is None else ranks[sheet.day(row)][own[id(row)]]

        sheet.compare(column, "rank", "", rank, pa.int64(), unit="count", form="#,##0")


_PREPARE: dict[Kind, Callable[[Sheet, Asked, Comparison], Add]] = {
    "previous_period": lambda sheet, asked, comparison: previous(sheet, asked, comparison.kind),
    "previous_year": lambda sheet, asked, comparison: previous(sheet, asked, comparison.kind),
    "budget": lambda sheet, asked, comparison: budget(sheet, asked),
    "year_to_date": lambda sheet, asked, comparison: running(sheet, asked, comparison.kind),
    "month_to_date": lambda sheet, asked, comparison: running(sheet, asked, comparison.kind),
    "rolling_12_months": lambda sheet, asked, comparison: running(sheet, asked, comparison.kind),
    "index": _index,
    "share": _share,
    "rank": lambda sheet, asked, comparison: lambda: _add_rank(sheet),
    "benchmark": lambda sheet, asked, comparison: lambda: add_benchmark(sheet, asked),
}
