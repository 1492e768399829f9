"""A structure's budgets: what it planned, by line of the income statement and month, on the year before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from lake.sample.columns import Ints, decimals
from lake.sample.economics import (
    HQ_EXTERNAL,
    HQ_WAGES,
    INCOME_TAX,
    LAND_TAX,
    PROFIT_SHARE,
    SOCIAL,
    TRADES,
    WAGE_TAX,
    Floats,
    Months,
)
from lake.sample.world import World

#: Euros of twelve months by line of the income statement.
Plan = dict[str, Floats]

_INCOME_LINE = {
    "707100": "goods_sales",
    "707200": "goods_sales",
    "706800": "services",
    "706300": "services",
    "706400": "services",
    "741000": "subsidies",
    "744000": "subsidies",
}
_INCOME = {*_INCOME_LINE.values(), "reversals", "financial_income"}
_PURCHASE_LINE = {
    "607100": "goods_purchased",
    "607200": "goods_purchased",
    "602300": "materials",
    "604300": "external_costs",
}


def versions_for(world: World, rows: float, own: float) -> list[tuple[int, str]]:
    """Which budgets there are in about so many rows of a structure with `own` sites that have one: the last two
    years', then a revision, then the years before. Small samples have the last year's only."""
    last, *before = range(world.last.year, world.first.year - 1, -1)
    every = [(last, "B0"), *((year, "B0") for year in before[:1]), (last, "R1")]
    every += [(year, version) for year in before for version in ("B0", "R1") if (year, version) not in every]
    return every[: max(1, round(rows / (12 * (14 + 6 * own))))]


def budgets(
    world: World,
    structure_id: str,
    headquarters: str,
    own: Sequence[Months],
    shared: Sequence[Months],
    versions: Sequence[tuple[int, str]],
    rng: np.random.Generator,
) -> pa.Table:
    """The budgets of the sites with journals of their own, and of the head office with all others.

    `B0` is planned on the year before, `R1` on the year itself.
    """
    rows: list[tuple[date, str, str, str, int]] = []
    for year, version in versions:
        hope = rng.uniform(1.0, 1.05) if version == "B0" else rng.uniform(0.98, 1.02)
        spans = _basis(world, year - (version == "B0")), _basis(world, year)
        by_site: dict[str, Plan] = {headquarters: {}}
        for site in (*own, *shared):
            _plan(by_site.setdefault(site.site_id if site in own else headquarters, {}), site, spans, hope)
            _plan_head_office(by_site[headquarters], site, spans, hope)
        _plan_shares_of_the_profit(by_site[headquarters], by_site.values())
        rows += [
            (date(year, month, 1), version, site_id, line, round(euro) * 100)
            for site_id, plan in by_site.items()
            for line, euros in plan.items()
            if euros.any()
            for month, euro in enumerate(euros.tolist(), start=1)
        ]
    on, kept, site_ids, lines, cents = zip(*sorted(rows), strict=True)
    return pa.table(
        {
            "structure_id": pa.array([structure_id] * len(rows), pa.string()),
            "site_id": pa.array(site_ids, pa.string()),
            "income_line": pa.array(lines, pa.string()),
            "month_on": pa.array(on, pa.date32()),
            "budget_version": pa.array(kept, pa.string()),
            "amount_eur": decimals(np.array(cents, np.int64)),
        }
    )


def _normal(site: Months, spans: tuple[Ints, Ints]) -> Floats:
    """What was normal in the first of two years; in the second, where the site was not there all the first."""
    before, year = (site.normal[span] for span in spans)
    return before if before.all() else year


def _basis(world: World, year: int) -> Ints:
    """The twelve months of a year; in the place of those that the sample does not have, the same month of another."""
    months = (year - world.first.year) * 12 + 1 - world.first.month + np.arange(12)
    while (months < 0).any():
        months = np.where(months < 0, months + 12, months)
    while (months >= world.scale.months).any():
        months = np.where(months >= world.scale.months, months - 12, months)
    return months


def corrected(rows: pa.Table, _: np.random.Generator) -> pa.Table:
    """Other amounts on the same side: 5 % less, or a euro where nothing was planned."""
    cents = [
        (amount * 95).to_integral_value() if amount else 100 if line in _INCOME else -100
        for line, amount in zip(rows["income_line"].to_pylist(), rows["amount_eur"].to_pylist(), strict=True)
    ]
    place = rows.column_names.index("amount_eur")
    return rows.set_column(place, "amount_eur", decimals(np.array(cents, np.int64)))


def _plan(plan: Plan, site: Months, spans: tuple[Ints, Ints], hope: float) -> None:
    """Add what a site earns and spends, costs negative."""
    trade, normal = TRADES[site.line], _normal(site, spans) * hope
    for account, share in trade.income:
        _add(plan, _INCOME_LINE[account], normal * share)
    for account, share in trade.purchases:
        _add(plan, _PURCHASE_LINE[account], -normal * share)
    _add(plan, "wages", -normal * trade.wages)
    _add(plan, "social_charges", -normal * trade.wages * SOCIAL)
    _add(plan, "external_costs", -normal * trade.external)


def _plan_head_office(plan: Plan, site: Months, spans: tuple[Ints, Ints], hope: float) -> None:
    """Add what the head office spends because of a site."""
    trade, normal = TRADES[site.line], _normal(site, spans) * hope
    _add(plan, "wages", -normal * HQ_WAGES)
    _add(plan, "social_charges", -normal * HQ_WAGES * SOCIAL)
    _add(plan, "external_costs", -normal * HQ_EXTERNAL)
    _add(plan, "taxes", -normal * ((trade.wages + HQ_WAGES) * WAGE_TAX + LAND_TAX))
    _add(plan, "depreciation", -normal * trade.depreciation)
    _add(plan, "provisions", -_at_the_end(normal * 0.002))
    _add(plan, "reversals", _at_the_end(normal * 0.0015))
    _add(plan, "financial_income", _at_the_end(normal * 0.0008))
    _add(plan, "financial_costs", -_at_the_end(normal * 0.0025))


def _plan_shares_of_the_profit(plan: Plan, of_all: Iterable[Plan]) -> None:
    """Add what the employees and the State have of the structure's planned profit, as its books share it."""
    profit = sum((euros for each in of_all for euros in each.values()), np.zeros(12))
    if profit.sum() > 0:
        _add(plan, "profit_share", -_at_the_end(profit * PROFIT_SHARE))
        _add(plan, "income_tax", -_at_the_end(profit * INCOME_TAX))


def _at_the_end(euros: Floats) -> Floats:
    """The year's sum in December, when the books know it."""
    return np.append(np.zeros(11), euros.sum())


def _add(plan: Plan, line: str, euros: Floats) -> None:
    plan[line] = plan.get(line, np.zeros(12)) + euros
