"""The income statement in its statutory order: lines, subtotals, totals and results, from amounts by line.

Amounts are credit less debit, so income is positive and a cost negative; a statement shows both as they are spoken of,
costs without a sign in the part of the costs. Variances are effects on the result: what lowers it is negative, be it
less income or more cost.

Source: plan comptable général, income statement in list form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["heading", "line", "total", "result"]
Side = Literal["income", "cost", "result"]
Part = Literal["actual", "budget", "last_year"]

_REVENUE = ("goods_sales", "goods_produced", "services")
_INCOME = (
    *_REVENUE,
    "stored_production",
    "capitalised_production",
    "subsidies",
    "investment_grants",
    "membership_fees",
    "reversals",
    "other_income",
    "disposal_income",
    "dedicated_funds_income",
)
_PURCHASES = ("goods_purchased", "goods_stock_change", "materials", "materials_stock_change")
_STAFF = ("wages", "social_charges")
_COSTS = (
    *_PURCHASES,
    "external_costs",
    "taxes",
    *_STAFF,
    "depreciation",
    "provisions",
    "other_costs",
    "disposal_costs",
    "dedicated_funds_costs",
)
_JOINT = ("joint_income", "joint_costs")
_FINANCIAL = ("financial_income", "financial_costs")
_EXCEPTIONAL = ("exceptional_income", "exceptional_costs")
_TAX = ("profit_share", "income_tax")

#: What a whole budget has, each with the results below it. What is exceptional is left out: nobody plans it.
_PLANNED = ((*_INCOME, *_COSTS), (*_JOINT, *_FINANCIAL), _TAX)

#: Lines that the statement places; what stands in none of them is shown before the result.
PLACED = (*_INCOME, *_COSTS, *_JOINT, *_FINANCIAL, *_EXCEPTIONAL, *_TAX)


@dataclass(frozen=True)
class Line:
    """One line of the statement over a period. An amount is None where nothing was recorded or budgeted."""

    code: str
    label_fr: str
    label_en: str
    actual: Decimal | None = None
    budget: Decimal | None = None
    last_year: Decimal | None = None

    def label(self, language: str) -> str:
        return self.label_en if language == "en" else self.label_fr


@dataclass(frozen=True)
class Variance:
    """The effect on the result of what differs from a reference. `rate` is a share of the reference."""

    effect: Decimal | None
    rate: Decimal | None


@dataclass(frozen=True)
class Row:
    """One row as it is shown. `line` is None for what adds up lines; its words stand under `key`. `unplanned` are the
    lines for which such a row has no budget: that of its other lines would be another sum than the actual one."""

    key: str
    kind: Kind
    side: Side
    line: Line | None
    actual: Decimal | None
    budget: Decimal | None
    last_year: Decimal | None
    to_budget: Variance
    to_last_year: Variance
    unplanned: tuple[Line, ...] = ()


@dataclass(frozen=True)
class _Sum:
    key: str
    kind: Kind
    side: Side
    codes: tuple[str, ...] = ()


_OPERATING = (*_INCOME, *_COSTS)
_CURRENT = (*_OPERATING, *_JOINT, *_FINANCIAL)

#: What the statement is made of, from top to bottom. A string is a line.
_LAYOUT: tuple[str | _Sum, ...] = (
    _Sum("operating_income", "heading", "income"),
    *_REVENUE,
    _Sum("revenue", "total", "income", _REVENUE),
    *_INCOME[len(_REVENUE) :],
    _Sum("total_operating_income", "total", "income", _INCOME),
    _Sum("operating_costs", "heading", "cost"),
    *_COSTS,
    _Sum("total_operating_costs", "total", "cost", _COSTS),
    _Sum("operating_result", "result", "result", _OPERATING),
    *_JOINT,
    *_FINANCIAL,
    _Sum("financial_result", "result", "result", _FINANCIAL),
    _Sum("current_result", "result", "result", _CURRENT),
    *_EXCEPTIONAL,
    _Sum("exceptional_result", "result", "result", _EXCEPTIONAL),
    *_TAX,
)


def statement(lines: Sequence[Line]) -> list[Row]:
    """The rows of the statement. Lines without any amount are left out, and so are headings and totals without lines;
    results always stand. Lines that the layout doesn't know come before the net result, and count in it."""
    by_code = {line.code: line for line in lines if _has_amount(line)}
    rest = tuple(code for code in by_code if code not in PLACED)
    rows = []
    for item in (*_LAYOUT, *rest, _Sum("net_result", "result", "result", tuple(by_code))):
        if isinstance(item, str):
            if item in by_code:
                rows.append(_row(item, "line", side(item), [by_code[item]], by_code[item]))
        elif item.kind == "heading":
            codes = _INCOME if item.side == "income" else _COSTS
            if any(code in by_code for code in codes):
                rows.append(_row(item.key, "heading", item.side, []))
        else:
            parts = [by_code[code] for code in item.codes if code in by_code]
            if parts or item.kind == "result":
                rows.append(_row(item.key, item.kind, item.side, parts))
    return rows


def total(lines: Sequence[Line], part: Part, codes: Sequence[str] | None = None) -> Decimal | None:
    """The sum of some lines (of all without `codes`), credit less debit; None when none has an amount."""
    amounts = [getattr(line, part) for line in lines if codes is None or line.code in codes]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def variance(value: Decimal | None, reference: Decimal | None) -> Variance:
    """What `value` adds to the result, against `reference`; both credit less debit. What is missing counts as nothing
    when the other is there."""
    if reference is None:
        return Variance(None, None)
    effect = (value or Decimal(0)) - reference
    return Variance(effect, effect / abs(reference) if reference else None)


def _row(key: str, kind: Kind, side: Side, parts: Sequence[Line], line: Line | None = None) -> Row:
    actual, budget, last_year = total(parts, "actual"), total(parts, "budget"), total(parts, "last_year")
    unplanned = _unplanned(parts) if line is None and budget is not None else ()
    budget = None if unplanned else budget
    sign = -1 if side == "cost" else 1
    return Row(
        key,
        kind,
        side,
        line,
        None if actual is None else actual * sign,
        None if budget is None else budget * sign,
        None if last_year is None else last_year * sign,
        variance(actual, budget),
        variance(actual, last_year),
        unplanned,
    )


def _unplanned(parts: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with amounts of a part of the result in which nothing is budgeted."""
    found: list[Line] = []
    for codes in _PLANNED:
        lines = [line for line in parts if line.code in codes]
        if total(lines, "budget") is None:
            found += [line for line in lines if line.actual]
    return tuple(found)


def side(code: str) -> Side:
    """The part of the statement in which a line stands; what the layout doesn't know is part of the result."""
    if code in _COSTS or code in _TAX or code.endswith("_costs"):
        return "cost"
    return "income" if code in PLACED else "result"


def _has_amount(line: Line) -> bool:
    return any(amount for amount in (line.actual, line.budget, line.last_year))
