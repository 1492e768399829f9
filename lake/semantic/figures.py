"""From a question to its figures: plan, fill in the values, run, and keep."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lake.access import Scope
from lake.errors import QueryError, UnknownDimension
from lake.semantic import execution, parameters, periods
from lake.semantic.answer import Answer, Column, Note, Timings
from lake.semantic.columns import dimension_column, metric_column
from lake.semantic.manifest import METRIC_TIME, Manifest
from lake.semantic.names import Item, Vocabulary
from lake.semantic.plan import Plan, plan
from lake.semantic.publications import Source
from lake.semantic.question import Question

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A column to sort by. `is_text`: as names sort in French (`lake.text.sort_key` is the same order)."""

    column: str
    descending: bool
    is_text: bool = False

    @property
    def sql(self) -> str:
        collation = " COLLATE fr" if self.is_text else ""
        return f'"{self.column}"{collation}{" DESC" if self.descending else ""} NULLS LAST'


def answer(question: Question, source: Source, scope: Scope) -> Answer:
    """The answer to a question, of these builds and in this scope."""
    vocabulary = Vocabulary(source.manifest, question.metrics)
    asked = (*question.by, *(f.field for f in question.filters))
    _check_drill(source.manifest, question.metrics, [vocabulary.item(name, question.grain) for name in asked], scope)
    return figures(question, source, scope.structures)


def figures(question: Question, source: Source, structures: Sequence[str]) -> Answer:
    """The figures of these structures. Who calls it has made sure that the reader may see what is made of them."""
    started = time.perf_counter()
    manifest, metrics = source.manifest, question.metrics
    vocabulary = Vocabulary(manifest, metrics)
    items = [vocabulary.item(name, question.grain) for name in question.by]
    wanted = [(vocabulary.item(f.field), f) for f in question.filters]
    _check_time(manifest, metrics, items)
    columns = (*(dimension_column(item) for item in items), *(metric_column(manifest, m) for m in metrics))
    with execution.marts.using(source.builds) as mart:
        conditions = [execution.typed(mart, manifest, item, f) for item, f in wanted]
        made = plan(manifest, metrics, items, conditions)
        _check_lines(made, source)
        planned, parameters = made.fill(conditions)
        names = {i.asked for i in items if execution.type_of(mart, manifest, i) == "VARCHAR"}
        sql = _select(planned, items, columns, orders(question.order, columns, names), question.limit)
        seen = mart.resolve(structures)
        plan_ms = (time.perf_counter() - started) * 1000
        table, run_ms = execution.run(mart, source, sql, parameters, seen)
    log.debug("query.done metrics=%s rows=%d plan_ms=%.0f run_ms=%.0f", ",".join(metrics), len(table), plan_ms, run_ms)
    notes = _notes(question, source, columns)
    return Answer(table, columns, source.builds, sql, parameters, Timings(plan_ms, run_ms), notes)


def check_grain(question: Question, manifest: Manifest) -> None:
    """What is known by whole months has no figure of a day or a week.

    Raises:
        QueryError: it is asked for one.
    """
    vocabulary = Vocabulary(manifest, question.metrics)
    items = [vocabulary.item(name, question.grain) for name in question.by]
    for grain in (item.grain for item in items if item.field.name == METRIC_TIME):
        if monthly := [m for m in question.metrics if grain not in manifest.grains(m)]:
            raise QueryError(
                f"'{monthly[0]}' is known by whole months, not by {grain}.",
                remedy="Ask for it by month, quarter or year.",
            )


def is_cut(question: Question, source: Source) -> bool:
    """Whether the question asks for part of a month, other than the last one that there are data of."""
    last = max((b.newest_event_on for b in source.builds if b.newest_event_on), default=None)
    return (question.since is not None and question.since.day > 1) or (
        question.until is not None
        and (last is None or question.until < last)
        and question.until != periods.last_day(question.until, "month")
    )


def _notes(question: Question, source: Source, columns: Sequence[Column]) -> tuple[Note, ...]:
    """What a reader must know of the figures themselves."""
    doubts = parameters.notes(source, question.metrics, question.since, question.until)
    return (*(_months(columns, source) if is_cut(question, source) else ()), *doubts)


def _months(columns: Sequence[Column], source: Source) -> tuple[Note, ...]:
    """What is known by month and asked for less: the figure holds the months whose day falls in the period."""
    return tuple(
        Note(
            "month",
            f"{column.label_fr} : connu par mois entiers. Sur une partie de mois, la valeur n'est pas comparable.",
            f"{column.label_en}: known by whole months. Over part of a month, the value can't be compared.",
        )
        for column in columns
        if column.kind == "metric" and source.manifest.is_monthly(column.name)
    )


def _check_drill(manifest: Manifest, metrics: Sequence[str], items: Sequence[Item], scope: Scope) -> None:
    """A person, the key of a line's events, or what is told of one alone, is one row each: to see them is to drill."""
    if any(manifest.is_event(item.field) for item in items):
        scope.require("drill", *sorted({line for metric in metrics for line in manifest.lines(metric)}))


def _check_time(manifest: Manifest, metrics: Sequence[str], items: Sequence[Item]) -> None:
    needing = [m for m in metrics if manifest.metrics[m].needs_time]
    if needing and not any(item.field.name == METRIC_TIME for item in items):
        raise QueryError(
            f"'{needing[0]}' compares periods, so it has no value without one.",
            remedy="Ask for it by a grain, such as year.",
        )


def _check_lines(made: Plan, source: Source) -> None:
    """A plan reads the lines that were found and allowed, and no other."""
    if foreign := made.lines - {b.line for b in source.builds}:
        raise QueryError(
            f"The question reaches into line {', '.join(sorted(foreign))}.",
            remedy="Ask for an indicator of that line with it.",
        )


def orders(order: Sequence[str], columns: Sequence[Column], texts: Collection[str] = ()) -> list[Order]:
    """Columns to sort by: those asked, then every other dimension: rows always come in the same order."""
    known = [c.name for c in columns]
    orders = []
    for asked in order:
        name = asked.removeprefix("-")
        if name not in known:
            raise UnknownDimension(name, known, remedy="An answer is sorted by its own columns.")
        orders.append(Order(name, asked.startswith("-"), name in texts))
    done = {o.column for o in orders}
    return orders + [
        Order(c.name, False, c.name in texts) for c in columns if c.kind != "metric" and c.name not in done
    ]


def _select(
    planned: str, items: Sequence[Item], columns: Sequence[Column], orders: Sequence[Order], limit: int | None
) -> str:
    """MetricFlow's SQL, with the columns as they were asked, in a settled order."""
    sources = [f'CAST("{i.name}" AS DATE)' if i.grain else f'"{i.name}"' for i in items]
    sources += [f'"{c.name}"' for c in columns[len(items) :]]
    selected = ", ".join(f'{source} AS "{column.name}"' for source, column in zip(sources, columns, strict=True))
    sql = f"SELECT {selected}\nFROM (\n{planned}\n) AS plan"
    if orders:
        sql += "\nORDER BY " + ", ".join(o.sql for o in orders)
    return sql if limit is None else f"{sql}\nLIMIT {limit}"
