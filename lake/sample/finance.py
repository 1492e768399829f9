"""The structures' books and budgets: one FEC a year and structure that balances to the cent, and what was planned."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import tally
from lake.sample.books import YEARS, books, detail_for, split
from lake.sample.budgets import budgets, corrected, versions_for
from lake.sample.dirt import GENTLE, Dirt
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

#: Part of the records that are budgets. Entries go up to twice beyond their part, until all books are monthly.
_BUDGETS, _MONTHLY_BOOKS = 0.15, 60_000


def generate(world: World, records: int, sink: Sink) -> None:
    """Deliver the FECs and budgets of every structure, and their truth."""
    entries = max(round(records * (1 - _BUDGETS)), min(records * 2, _MONTHLY_BOOKS))
    detail = detail_for(entries // (len(world.structures) * len(YEARS)))
    versions = versions_for(round(records * _BUDGETS) // len(world.structures), 3 + 11 * detail.own)
    for structure in world.structures:
        name, rng = structure.structure_id, world.rng("finance", structure.structure_id)
        sites = list(_sites(world, structure))
        for year, table in books(sites, detail, rng):
            names = {"siren": structure.siren, "fiscal_year_end_on": f"{year}1231"}
            live = sink.deliver("finance_entries", name, table, dirt=_FILES_ONLY, names=names)
            _tell(sink.truth, name, year, live)
        (headquarters,) = (tenure.site.site_id for tenure in world.tenures_of("group", name))
        planned = budgets(name, headquarters, *split(sites, detail), versions, rng)
        live = sink.deliver("finance_budgets", name, planned, dirt=GENTLE, correct=corrected)
        _tell_budgets(sink.truth, name, live)


def _sites(world: World, structure: Structure) -> Iterator[Months]:
    """The months of each site while it is the structure's, in order of line and site."""
    for line in TRADES:
        for tenure in world.tenures_of(line, structure.structure_id):
            yield months(world, tenure)


def _tell(truth: Truth, structure_id: str, year: int, live: pa.Table) -> None:
    """Headline figures of a year, by the first digits of accounts."""
    amount = pc.subtract(live["credit_eur"], live["debit_eur"])

    def total(*prefixes: str) -> Decimal:
        chosen = [pc.starts_with(live["account"], prefix) for prefix in prefixes]
        mask = chosen[0]
        for other in chosen[1:]:
            mask = pc.or_(mask, other)
        return Decimal(pc.sum(amount.filter(mask)).as_py() or 0)

    figures = {
        "finance_net_result_eur": total("6", "7"),
        "finance_revenue_eur": total("70"),
        "finance_ebe_eur": total("60", "61", "62", "63", "64", "70", "71", "72", "74"),
        "finance_staff_costs_eur": -total("641", "644", "645", "646", "647", "648", *(["649"] if year >= 2025 else [])),
    }
    for metric, value in figures.items():
        truth.add("finance", structure_id, year, metric, value)
    truth.add("finance", structure_id, year, "finance_entry_lines", live.num_rows)


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
