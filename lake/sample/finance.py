"""The structures' books and budgets: one FEC a year and structure that balances to the cent, and what was planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import tally
from lake.sample.books import FiscalYear, books, detail_for, split
from lake.sample.budgets import budgets, corrected, versions_for
from lake.sample.dirt import GENTLE, NONE, Dirt
from lake.sample.economics import TRADES, Months, months
from lake.sample.places import Structure
from lake.sample.sink import Sink
from lake.sample.truth import Truth
from lake.sample.world import World

#: A FEC is whole or it is not one: only whole files are sent twice, cut or garbled.
_FILES_ONLY = Dirt(
    repeated=0, corrected=0, returned=0, deleted=0, broken=0, loses_rows=False,
    resent_renamed=0.06, resent_same=0.04, late=0, cut=0.04, wrong_encoding=0.02,
)  # fmt: skip

#: Parts of the records that are entries and budgets.
_ENTRIES, _BUDGETS = 0.04, 0.02


def generate(world: World, sink: Sink) -> None:
    """Deliver the FECs and budgets of every structure, and their truth."""
    structures = len(world.structures)
    detail = detail_for(world.records * _ENTRIES / (structures * world.scale.months / 12))
    versions = versions_for(world, world.records * _BUDGETS / structures, 1 + 3 * detail.own)
    for structure in world.structures:
        name, rng = structure.structure_id, world.rng("finance", structure.structure_id)
        sites = list(_sites(world, structure))
        for year, table in books(world, name, sites, detail, rng):
            names = {"siren": structure.siren, "fiscal_year_end_on": f"{year.ends_on:%Y%m%d}"}
            live = sink.deliver("finance_entries", name, table, dirt=_dirt(world, year), names=names)
            _tell(sink.truth, name, year, live)
        (headquarters,) = (tenure.site.site_id for tenure in world.tenures_of("group", name))
        planned = budgets(world, name, headquarters, *split(sites, detail), versions, rng)
        live = sink.deliver("finance_budgets", name, planned, dirt=GENTLE, correct=corrected)
        _tell_budgets(sink.truth, name, live)


def _dirt(world: World, year: FiscalYear) -> Dirt:
    """The running year's books were sent before its last month, too."""
    if year.ends_on < world.last.replace(day=1):
        return _FILES_ONLY
    return replace(NONE, grows_from=(world.last.replace(day=1) - date(1970, 1, 1)).days)


def _sites(world: World, structure: Structure) -> Iterator[Months]:
    """The months of each site while it is the structure's, in order of line and site."""
    for line in TRADES:
        for tenure in world.tenures_of(line, structure.structure_id):
            yield months(world, tenure)


def _tell(truth: Truth, structure_id: str, fiscal: FiscalYear, live: pa.Table) -> None:
    """Headline figures of a file's entries by year of the entry, by the first digits of accounts."""
    amount = pc.subtract(live["credit_eur"], live["debit_eur"])
    live = live.append_column("amount", amount)
    staff = ("641", "644", "645", "646", "647", "648", *(["649"] if fiscal.begins_on >= date(2025, 1, 1) else []))
    figures: dict[str, dict[int, Decimal] | dict[int, int]] = {
        "finance_net_result_eur": _total(live, "6", "7"),
        "finance_revenue_eur": _total(live, "70"),
        "finance_ebe_eur": _total(live, "60", "61", "62", "63", "64", "70", "71", "72", "74"),
        "finance_staff_costs_eur": {year: -value for year, value in _total(live, *staff).items()},
        "finance_entry_lines": tally.count(live, "entry_on"),
    }
    for metric, by_year in figures.items():
        for year, value in by_year.items():
            truth.add("finance", structure_id, year, metric, value)


def _total(live: pa.Table, *prefixes: str) -> dict[int, Decimal]:
    """Credit less debit of the accounts that begin so, by year of the entry."""
    mask = pc.match_substring_regex(live["account"], f"^({'|'.join(prefixes)})")
    return tally.total(live, "entry_on", "amount", mask)


def _tell_budgets(truth: Truth, structure_id: str, live: pa.Table) -> None:
    """The budgeted revenue of each year, in its last version."""
    is_revenue = pc.is_in(live["income_line"], pa.array(["goods_sales", "goods_produced", "services"]))
    revised = {
        d.year
        for d, v in zip(live["month_on"].to_pylist(), live["budget_version"].to_pylist(), strict=True)
        if v == "R1"
    }
    years = pc.year(live["month_on"])
    last = pc.if_else(pc.is_in(years, pa.array(sorted(revised), pa.int64())), "R1", "B0")
    mask = pc.and_(is_revenue, pc.equal(live["budget_version"], last))
    for year, value in tally.total(live, "month_on", "amount_eur", mask).items():
        truth.add("finance", structure_id, year, "finance_budget_revenue_eur", value)
