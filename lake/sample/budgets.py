"""A structure's budgets: what it planned, by line of the income statement and month, on the year before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from lake.sample.books import YEARS
from lake.sample.columns import decimals
from lake.sample.economics import HQ_EXTERNAL, HQ_WAGES, LAND_TAX, SOCIAL, TRADES, WAGE_TAX, Floats, Months
from lake.sample.world import FIRST

_INCOME_LINE = {
    "707100": "goods_sales",
    "707200": "goods_sales",
    "706300": "services",
    "706400": "services",
    "741000": "subsidies",
}
_PURCHASE_LINE = {
    "607100": "goods_purchased",
    "607200": "goods_purchased",
    "602300": "materials",
    "604300": "external_costs",
}


def versions_for(rows: int) -> list[tuple[int, str]]:
    """Which budgets there are in about so many rows of a structure: the last years' first, then their revisions."""
    every = [(year, version) for version in ("B0", "R1") for year in reversed(YEARS)]
    return every[: max(1, rows // 110)]


def budgets(
    structure_id: str,
    headquarters: str,
    sites: Sequence[Months],
    versions: Sequence[tuple[int, str]],
    rng: np.random.Generator,
) -> pa.Table:
    """The budgets, all at the head office. `B0` is planned on the year before, `R1` on the year itself."""
    rows: list[tuple[str, date, str, int]] = []
    for year, version in versions:
        hope = rng.uniform(1.0, 1.05) if version == "B0" else rng.uniform(0.98, 1.02)
        start = (max(year - (version == "B0"), FIRST.year) - FIRST.year) * 12
        for line, amounts in _planned(sites, slice(start, start + 12), hope).items():
            rows += [(line, date(year, month, 1), version, cents) for month, cents in enumerate(amounts, start=1)]
    lines, on, kept, cents = zip(*sorted(rows, key=lambda row: row[1:3]), strict=True)
    return pa.table(
        {
            "structure_id": pa.array([structure_id] * len(rows), pa.string()),
            "site_id": pa.array([headquarters] * len(rows), pa.string()),
            "income_line": pa.array(lines, pa.string()),
            "month_on": pa.array(on, pa.date32()),
            "budget_version": pa.array(kept, pa.string()),
            "amount_eur": decimals(np.array(cents, np.int64)),
        }
    )


def _planned(sites: Sequence[Months], year: slice, hope: float) -> dict[str, list[int]]:
    """Cents by line of the income statement and month, costs negative, rounded to 100 €."""
    planned: dict[str, Floats] = {}

    def add(line: str, euros: Floats) -> None:
        planned[line] = planned.get(line, np.zeros(12)) + euros

    for site in sites:
        trade, normal = TRADES[site.line], site.normal[year] * hope
        for account, share in trade.income:
            add(_INCOME_LINE[account], normal * share)
        for account, share in trade.purchases:
            add(_PURCHASE_LINE[account], -normal * share)
        wages = normal * (trade.wages + HQ_WAGES)
        add("wages", -wages)
        add("social_charges", -wages * SOCIAL)
        add("external_costs", -normal * (trade.external + HQ_EXTERNAL))
        add("taxes", -wages * WAGE_TAX - normal * LAND_TAX)
        add("depreciation", -normal * trade.depreciation)
    return {line: [round(euro / 100) * 10_000 for euro in euros.tolist()] for line, euros in planned.items()}
