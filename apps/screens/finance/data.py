"""What the finance page asks: the statement's lines, its ratios, the accounts of a line, the entries of an account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from apps.ask import Question, ask, ask_all, one, rows
from apps.screens.finance.period import Period, Span
from apps.screens.finance.statement import Line
from apps.session import Session
from lake.semantic import Answer, Filter, Indicator, Rows

AMOUNT = "finance_amount_eur"

#: Ratios shown, in order. DSO needs a closed fiscal year, and the VAT that it assumes beside it.
RATIOS = (
    "finance_ebe_rate",
    "finance_staff_costs_rate",
    "finance_external_rate",
    "finance_operating_margin_rate",
    "finance_net_margin_rate",
)
DSO, VAT = "finance_dso_days", "finance_sales_vat_rate"

#: Entries shown of one account, the earliest first.
MOST_ENTRIES = 1_000

Level = Literal["structure", "site"]

_LINE = ("income_line", "income_line__label_fr", "income_line__label_en", "income_line__position")


@dataclass(frozen=True)
class Choice:
    """What the reader chose; `month` by its first day, empty structures or sites mean all in scope."""

    month: date
    span: Span
    structures: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    @property
    def period(self) -> Period:
        return Period.of(self.month, self.span)

    @property
    def where(self) -> tuple[Filter, ...]:
        chosen = (("structure", self.structures), ("site", self.sites))
        return tuple(Filter(name, "in", ids) for name, ids in chosen if ids)

    def question(
        self, metrics: tuple[str, ...], by: tuple[str, ...] = (), *, compare: tuple[str, ...] = ()
    ) -> Question:
        return Question(metrics, by, self.where, self.period.since, self.period.until, compare=compare)


@dataclass(frozen=True)
class Ratio:
    """One ratio over the period and a year before. `period` is its own where the ratio needs a closed year."""

    indicator: Indicator
    value: float | None
    before: float | None
    period: Period


def lines(session: Session, choice: Choice) -> tuple[list[Line], Answer]:
    """The statement's lines in their order, with budget and last year; and the answer they come from."""
    answer = ask(session, choice.question((AMOUNT,), _LINE, compare=("budget", "previous_year")))
    listed = [row for row in answer.table.to_pylist() if row["income_line"]]
    found = [
        Line(
            row["income_line"],
            row["income_line__label_fr"],
            row["income_line__label_en"],
            row[AMOUNT] or None,  # nothing booked, nothing planned: the statement says so
            row[f"{AMOUNT}__budget"] or None,
            row[f"{AMOUNT}__previous_year"],
        )
        for row in sorted(listed, key=lambda row: row["income_line__position"])
    ]
    return found, answer


def by_place(session: Session, choice: Choice, level: Level) -> dict[tuple[str, str], list[Line]]:
    """The actual lines of each structure or site, by its id and name, in the order of ids."""
    table = ask(session, choice.question((AMOUNT,), (*_LINE, level, f"{level}_name"))).table
    found: dict[tuple[str, str], list[Line]] = {}
    for row in sorted(table.to_pylist(), key=lambda row: (row[level] or "", row["income_line__position"] or 0)):
        if row[level] and row["income_line"]:
            place = (row[level], row[f"{level}_name"] or row[level])
            names = (row["income_line__label_fr"], row["income_line__label_en"])
            found.setdefault(place, []).append(Line(row["income_line"], *names, row[AMOUNT]))
    return found


def ratios(session: Session, known: dict[str, Indicator], choice: Choice) -> list[Ratio]:
    """The ratios over the period; DSO and its VAT over the last whole year of it."""
    names = tuple(name for name in RATIOS if name in known)
    whole = choice.period if choice.period.is_whole_year else Period.of(choice.period.since, "year").year_before
    closed = tuple(name for name in (DSO, VAT) if name in known)
    asked = [(names, choice.period)] + ([(closed, whole)] if closed else [])
    questions = [
        Question(metrics, where=choice.where, since=period.since, until=period.until)
        for metrics, own in asked
        for period in (own, own.year_before)
    ]
    answers = ask_all(session, questions)
    found = []
    for (metrics, period), now, before in zip(asked, answers[::2], answers[1::2], strict=True):
        found += [Ratio(known[m], one(now, m), one(before, m), period) for m in metrics]
    return found


def benchmark(session: Session, ratio: Ratio) -> Answer:
    """Grain: one row a structure in scope. Columns: the ratio, a year before, and the group's quartiles."""
    return ask(
        session,
        Question(
            (ratio.indicator.name,),
            ("structure", "structure_name"),
            since=ratio.period.since,
            until=ratio.period.until,
            compare=("benchmark", "previous_year"),
        ),
    )


def accounts(session: Session, choice: Choice, code: str) -> Answer:
    """Grain: one row an account of a line. Columns: the amount and last year's, credit less debit."""
    question = choice.question((AMOUNT,), ("account", "account_label"), compare=("previous_year",))
    return ask(session, _within(question, Filter("income_line", "in", (code,))))


def entries(session: Session, choice: Choice, code: str, account: str) -> Rows:
    """Lines of entries, the earliest first; at most `MOST_ENTRIES` of them.

    Raises:
        AccessDenied: the persona may not see single entries.
    """
    of_account = (Filter("income_line", "in", (code,)), Filter("account", "in", (account,)))
    return rows(session, AMOUNT, _within(choice.question((AMOUNT,)), *of_account), limit=MOST_ENTRIES)


def sites(session: Session, structures: tuple[str, ...] = ()) -> dict[str, str]:
    """The sites of some structures (of all without) that have entries, id → name."""
    where = (Filter("structure", "in", structures),) if structures else ()
    table = ask(session, Question((AMOUNT,), ("site", "site_name"), where)).table
    names = zip(table.column("site").to_pylist(), table.column("site_name").to_pylist(), strict=True)
    return {i: name or i for i, name in sorted(names, key=lambda pair: str(pair[0])) if i}


def first_month(session: Session) -> date | None:
    """The first month with entries in the viewer's scope."""
    answer = ask(session, Question((AMOUNT,), grain="month", order=("metric_time",), limit=1))
    months: list[date | None] = answer.table.column("metric_time").to_pylist()
    return months[0] if months else None


def _within(question: Question, *more: Filter) -> Question:
    return replace(question, where=(*question.where, *more))
