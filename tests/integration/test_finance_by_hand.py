"""Every finance indicator, on random cells, against SQL written by hand on the staging rows.

A cell is an indicator, in the group, one structure or one site, over one month, quarter or year. The SQL below knows
account numbers and budget lines; it shares nothing with the models and definitions that it checks but the staging rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb
import pytest
from group import Group

from lake import access, builds, semantic
from lake.semantic import Filter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CELLS = 150

ENTRIES = """(
    select
        e.*, s.structure_id, coalesce(j.site_id, h.site_id) as site_id, credit_eur - debit_eur as s,
        (s.structure_id, year(e.entry_on)) in (
            select (structure_id, year(month_on)) from staging.stg_finance__budgets
        ) as has_budget
    from staging.stg_finance__entries e
    join core.atomic.dim_structure s using (siren)
    join core.atomic.dim_site h on h.structure_id = s.structure_id and h.line = 'group'
    left join (select distinct site_id from core.atomic.dim_site) j on j.site_id = e.journal_code[4:]
)"""
BUDGETS = """(
    select b.*, amount_eur as s
    from staging.stg_finance__budgets b
    where budget_version = (
        select max(budget_version) from staging.stg_finance__budgets o
        where o.structure_id = b.structure_id and year(o.month_on) = year(b.month_on)
    )
)"""
STAFF = "group_staff"


def accounts(*prefixes: str) -> str:
    return " or ".join(f"account like '{prefix}%'" for prefix in prefixes)


NEW = "fiscal_year_end_on >= date '2025-12-31'"
TURNOVER = ("701", "702", "703", "7091", "7092", "704", "705", "706", "707", "7097", "708")
EBE = f"{accounts('60', '61', '62', '63', '64', '70', '71', '72', '74')}"
OTHER = f"({accounts('75')}) and not account like '755%' or ({accounts('65')}) and not account like '655%'"
OPERATING = f"{EBE} or {OTHER} or {accounts('781', '681')} or ({accounts('791')}) and not ({NEW})"
FINANCIAL = f"{accounts('76', '66', '786', '686')} or ({accounts('796')}) and not ({NEW})"
WAGES = f"{accounts('641', '644', '648')} or account like '649%' and ({NEW})"
SOCIAL = accounts("645", "646", "647")

#: Indicator → sign and accounts, over S = credit less debit.
BOOKS: dict[str, tuple[int, str]] = {
    "finance_net_result_eur": (1, accounts("6", "7")),
    "finance_amount_eur": (1, accounts("6", "7")),
    "finance_costs_eur": (-1, accounts("6")),
    "finance_revenue_eur": (1, accounts(*TURNOVER)),
    "finance_trade_margin_eur": (1, accounts("707", "7097", "607", "6097", "6037")),
    "finance_production_eur": (1, f"({accounts('70', '71', '72')}) and not ({accounts('707', '7097')})"),
    "finance_value_added_eur": (1, accounts("70", "71", "72", "60", "61", "62")),
    "finance_ebe_eur": (1, EBE),
    "finance_operating_result_eur": (1, OPERATING),
    "finance_current_result_eur": (1, f"{OPERATING} or {accounts('755', '655')} or {FINANCIAL}"),
    "finance_staff_costs_eur": (-1, f"{WAGES} or {SOCIAL}"),
    "finance_goods_sales_eur": (1, accounts("707", "708", "7097")),
    "finance_goods_produced_eur": (1, accounts("701", "702", "703", "7091", "7092")),
    "finance_services_eur": (1, accounts("704", "705", "706")),
    "finance_stored_production_eur": (1, accounts("71")),
    "finance_capitalised_production_eur": (1, accounts("72")),
    "finance_subsidies_eur": (1, accounts("74")),
    "finance_reversals_eur": (1, f"{accounts('781')} or account like '791%' and not ({NEW})"),
    "finance_other_income_eur": (
        1,
        f"{accounts('750', '751', '752', '753', '754', '758')} or account like '757%' and ({NEW})",
    ),
    "finance_goods_purchased_eur": (-1, accounts("607", "6087", "6097")),
    "finance_goods_stock_change_eur": (-1, accounts("6037")),
    "finance_materials_eur": (-1, accounts("601", "602", "6091", "6092")),
    "finance_materials_stock_change_eur": (-1, accounts("6031", "6032")),
    "finance_external_costs_eur": (-1, accounts("604", "605", "606", "6094", "6095", "61", "62")),
    "finance_taxes_eur": (-1, accounts("63")),
    "finance_wages_eur": (-1, WAGES),
    "finance_social_charges_eur": (-1, SOCIAL),
    "finance_depreciation_eur": (-1, accounts("6811", "6812")),
    "finance_provisions_eur": (-1, accounts("6815", "6816", "6817")),
    "finance_other_costs_eur": (-1, f"{accounts('651', '653', '654', '658')} or account like '657%' and ({NEW})"),
    "finance_joint_income_eur": (1, accounts("755")),
    "finance_joint_costs_eur": (-1, accounts("655")),
    "finance_financial_income_eur": (1, f"{accounts('76', '786')} or account like '796%' and not ({NEW})"),
    "finance_financial_costs_eur": (-1, accounts("66", "686")),
    "finance_exceptional_income_eur": (1, f"{accounts('77', '787')} or account like '797%' and not ({NEW})"),
    "finance_exceptional_costs_eur": (-1, accounts("67", "687")),
    "finance_profit_share_eur": (-1, accounts("691")),
    "finance_income_tax_eur": (-1, accounts("695", "698", "699")),
    "finance_unmapped_eur": (1, "false"),
    "finance_compared_amount_eur": (1, f"has_budget and ({accounts('6', '7')})"),
    "finance_compared_revenue_eur": (1, f"has_budget and ({accounts(*TURNOVER)})"),
    "finance_compared_ebe_eur": (1, f"has_budget and ({EBE})"),
    "finance_compared_staff_costs_eur": (-1, f"has_budget and ({WAGES} or {SOCIAL})"),
}
#: Indicator → sign and lines of the budget's last version.
PLANNED: dict[str, tuple[int, str]] = {
    "finance_budget_amount_eur": (1, "true"),
    "finance_budget_revenue_eur": (1, "income_line in ('goods_sales', 'goods_produced', 'services')"),
    "finance_budget_ebe_eur": (
        1,
        "income_line in ('goods_sales', 'goods_produced', 'services', 'stored_production', 'capitalised_production', "
        "'subsidies', 'goods_purchased', 'goods_stock_change', 'materials', 'materials_stock_change', "
        "'external_costs', 'taxes', 'wages', 'social_charges')",
    ),
    "finance_budget_staff_costs_eur": (-1, "income_line in ('wages', 'social_charges')"),
}
#: Indicator → (factor, numerator, denominator).
RATIOS: dict[str, tuple[float, str, str]] = {
    "finance_ebe_rate": (1, "finance_ebe_eur", "finance_revenue_eur"),
    "finance_staff_costs_rate": (1, "finance_staff_costs_eur", "finance_revenue_eur"),
    "finance_staff_costs_share": (1, "finance_staff_costs_eur", "finance_costs_eur"),
    "finance_external_rate": (1, "finance_external_costs_eur", "finance_revenue_eur"),
    "finance_operating_margin_rate": (1, "finance_operating_result_eur", "finance_revenue_eur"),
    "finance_net_margin_rate": (1, "finance_net_result_eur", "finance_revenue_eur"),
    "finance_dso_days": (365, "finance_receivables_eur", "finance_fiscal_year_revenue_eur"),
    "finance_revenue_per_fte_eur": (12, "finance_revenue_eur", STAFF),
}
GAPS = ("amount", "revenue", "ebe", "staff_costs")
#: Checked otherwise: growth below, versions by the mart's unit test.
ELSEWHERE = {"finance_revenue_growth_rate", "finance_budget_versions_eur"}


@dataclass(frozen=True)
class Cell:
    since: date
    until: date
    structure: str | None
    site: str | None


class ByHand:
    """Answers in plain SQL on the staging views of the published line."""

    def __init__(self) -> None:
        build = builds.published("finance")
        assert build is not None
        self.con = duckdb.connect()
        self.con.execute(f"set file_search_path = '{build.database.parent}'")
        self.con.execute(f"attach '{build.database}' as finance (read_only)")
        self.con.execute(f"attach '{build.core_database}' as core (read_only)")
        self.con.execute("use finance")

    def value(self, name: str, cell: Cell) -> float:
        """The indicator; 0 where nothing happened, as for a missing answer."""
        if name in BOOKS:
            sign, where = BOOKS[name]
            return sign * self._sum("s", ENTRIES, "entry_on", where, cell)
        if name in PLANNED:
            sign, where = PLANNED[name]
            return sign * self._sum("s", BUDGETS, "month_on", where, cell)
        if name == "finance_entry_lines":
            return self._sum("1", ENTRIES, "entry_on", "true", cell)
        if name == "finance_receivables_eur":
            return -self._sum("s", ENTRIES, "fiscal_year_end_on", accounts("411"), cell)
        if name == "finance_fiscal_year_revenue_eur":
            return self._sum("s", ENTRIES, "fiscal_year_end_on", accounts(*TURNOVER), cell)
        if name == STAFF:
            return self._sum("fte", "core.atomic.fct_group_staff", "month_on", "true", cell)
        if name in RATIOS:
            factor, numerator, denominator = RATIOS[name]
            below = self.value(denominator, cell)
            return factor * self.value(numerator, cell) / below if below else 0.0
        what, unit = name.removeprefix("finance_").rsplit("_gap_", 1)
        planned = self.value(f"finance_budget_{what}_eur", cell)
        gap = self.value(f"finance_compared_{what}_eur", cell) - planned
        if unit == "eur":
            return gap
        return gap / abs(planned) if planned else 0.0

    def _sum(self, value: str, rows: str, day: str, condition: str, cell: Cell) -> float:
        where, values = [f"({condition})", f"{day} between ? and ?"], list[object]((cell.since, cell.until))
        for column, kept in (("structure_id", cell.structure), ("site_id", cell.site)):
            if kept:
                where.append(f"{column} = ?")
                values.append(kept)
        sql = f"select sum({value}) from {rows} as records where {' and '.join(where)}"
        ((found,),) = self.con.execute(sql, values).fetchall()
        return float(found or 0)


def _cells(rng: random.Random, by_hand: ByHand) -> Iterator[Cell]:
    """Years, quarters and months, of the group, a structure or a site."""
    places = by_hand.con.execute(
        f"select structure_id, site_id, entry_on from {ENTRIES} order by siren, fiscal_year_end_on, line_number"
    ).fetchall()
    while True:
        structure, site, day = rng.choice(places)
        months = rng.choice((1, 3, 12, 12))
        first = date(day.year, (day.month - 1) // months * months + 1, 1)
        after = first.month - 1 + months
        last = date.fromordinal(date(first.year + after // 12, after % 12 + 1, 1).toordinal() - 1)
        kind = rng.choice(("group", "structure", "site"))
        yield Cell(first, last, None if kind == "group" else structure, site if kind == "site" else None)


def _ask(name: str, cell: Cell) -> float:
    where = [Filter("structure", "=", (cell.structure,))] if cell.structure else []
    where += [Filter("site", "=", (cell.site,))] if cell.site else []
    scope = access.scope("group-director")
    table = semantic.query([name], where=where, since=cell.since, until=cell.until, scope=scope).table
    return float(table.column(name)[0].as_py() or 0) if table.num_rows else 0.0


def test_every_indicator_is_checked_by_hand(in_group: Group) -> None:
    names = {i.name for i in semantic.metrics() if i.name.startswith("finance_")}
    gaps = {f"finance_{what}_gap_{unit}" for what in GAPS for unit in ("eur", "rate")}
    others = {"finance_entry_lines", "finance_receivables_eur", "finance_fiscal_year_revenue_eur"}
    assert names == {*BOOKS, *PLANNED, *RATIOS, *gaps, *others, *ELSEWHERE}


def test_a_random_cell_is_what_the_staging_rows_say(in_group: Group) -> None:
    rng = random.Random("cells of finance")
    by_hand = ByHand()
    names = sorted({i.name for i in semantic.metrics() if i.name.startswith("finance_")} - ELSEWHERE)
    cells = _cells(rng, by_hand)
    seen_something = 0
    for number in range(max(CELLS, 2 * len(names))):
        name, cell = names[number % len(names)], next(cells)
        found = _ask(name, cell)
        assert found == pytest.approx(by_hand.value(name, cell), rel=1e-9, abs=1e-9), (name, cell)
        seen_something += found != 0
    assert seen_something > CELLS / 3


def test_growth_is_against_the_same_period_a_year_earlier(in_group: Group) -> None:
    by_hand = ByHand()
    name = "finance_revenue_growth_rate"
    rows = semantic.query([name], grain="year", scope=access.scope("group-director")).table.to_pylist()
    found = {row["metric_time"].year: row[name] for row in rows if row[name] is not None}
    years = {
        year: by_hand.value("finance_revenue_eur", Cell(date(year, 1, 1), date(year, 12, 31), None, None))
        for year in range(2019, 2026)
    }
    assert found == pytest.approx({year: years[year] / years[year - 1] - 1 for year in range(2020, 2026)})


def test_lines_of_the_income_statement_make_the_result_in_every_structure_and_year(in_group: Group) -> None:
    scope = access.scope("group-director")
    lines = semantic.query(["finance_amount_eur"], by=["structure", "income_line"], grain="year", scope=scope).table
    results = semantic.query(["finance_net_result_eur"], by=["structure"], grain="year", scope=scope).table
    added = lines.group_by(["structure", "metric_time"]).aggregate([("finance_amount_eur", "sum")]).to_pylist()
    assert {(r["structure"], r["metric_time"]): r["finance_amount_eur_sum"] for r in added} == {
        (r["structure"], r["metric_time"]): r["finance_net_result_eur"] for r in results.to_pylist()
    }
