"""The intermediate balances (SIG) as a waterfall: from revenue to the net result, each step an amount of some lines.

The steps use the lines of the income statement, so that the waterfall and the statement can't disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.screens.finance.statement import PLACED, Line, Part, total

#: The steps between balances, by key of their words: the lines that each adds. A balance (no lines) is the sum so far.
_STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("revenue", ("goods_sales", "goods_produced", "services")),
    ("own_production", ("stored_production", "capitalised_production")),
    ("purchases", ("goods_purchased", "goods_stock_change", "materials", "materials_stock_change")),
    ("external", ("external_costs",)),
    ("value_added", ()),
    ("subsidies", ("subsidies",)),
    ("investment_grants", ("investment_grants",)),
    ("taxes", ("taxes",)),
    ("staff", ("wages", "social_charges")),
    ("ebe", ()),
    ("other_operating", ("membership_fees", "reversals", "other_income", "other_costs")),
    ("disposals", ("disposal_income", "disposal_costs")),
    ("dedicated_funds", ("dedicated_funds_income", "dedicated_funds_costs")),
    ("depreciation", ("depreciation", "provisions")),
    ("operating", ()),
    ("financial", ("joint_income", "joint_costs", "financial_income", "financial_costs")),
    ("current", ()),
    ("exceptional", ("exceptional_income", "exceptional_costs")),
    ("tax", ("profit_share", "income_tax")),
    ("outside", ()),
    ("net", ()),
)

#: Balances, which stand on the axis.
BALANCES = ("revenue", "value_added", "ebe", "operating", "current", "net")


@dataclass(frozen=True)
class Step:
    """One bar: it runs from `start` to `end`; `amount` is what it adds, or the balance that it stands for."""

    key: str
    amount: Decimal
    start: Decimal
    end: Decimal
    is_balance: bool


def waterfall(lines: Sequence[Line], part: Part = "actual") -> list[Step]:
    """The steps of one column of the statement; steps without an amount are left out, balances always stand."""
    steps: list[Step] = []
    level = Decimal(0)
    outside = tuple(line.code for line in lines if line.code not in PLACED)
    for key, codes in _STEPS:
        is_balance = key in BALANCES
        added = total(lines, part, outside if key == "outside" else codes) or Decimal(0)
        start, level = level, level + added
        if is_balance:
            steps.append(Step(key, level, Decimal(0), level, True))
        elif added:
            steps.append(Step(key, added, start, level, False))
    return steps
