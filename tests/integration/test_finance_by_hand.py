"""Every finance indicator, on random cells, against SQL written by hand on the staging rows.

The SQL below knows account numbers and budget lines; it shares nothing with the models and definitions that it checks
but the staging rows: see `by_hand.py`.
"""

from __future__ import annotations

from datetime import date

import pytest
from by_hand import ByHand, Cell, Formula, Part, every_indicator_is_checked, random_cells_agree, ratio
from group import Group

from lake import access, semantic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ENTRIES = """(
    select
        e.*, y.start_on, s.structure_id, coalesce(j.site_id, h.site_id) as site_id, credit_eur - debit_eur as s,
        (s.structure_id, year(e.entry_on)) in (
            select (structure_id, year(month_on)) from staging.stg_finance__budgets
        ) as has_budget
    from staging.stg_finance__entries e
    join (
        select siren, fiscal_year_end_on, date_trunc('month', min(entry_on))::date as start_on
        from staging.stg_finance__entries group by all
    ) y using (siren, fiscal_year_end_on)
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


def accounts(*prefixes: str) -> str:
    return " or ".join(f"account like '{prefix}%'" for prefix in prefixes)


NEW = "start_on >= date '2025-01-01'"
SOLD = ("701", "702", "703", "7091", "7092", "704", "705", "706", "7094", "7095", "7096")
TURNOVER = (*SOLD, "707", "7097", "708", "7098")
OWED = accounts("411", "413", "416", "418", "419")
EBE = f"{accounts('60', '61', '62', '63', '64', '70', '71', '72', '74')}"
OTHER = f"({accounts('75')}) and not account like '755%' or ({accounts('65')}) and not account like '655%'"
FUNDS = f"({accounts('689', '789')}) and start_on >= date '2020-01-01'"
OPERATING = f"{EBE} or {OTHER} or {FUNDS} or {accounts('781', '681')} or ({accounts('791')}) and not ({NEW})"
VAT = f"""({accounts("4457", "44587")}) and (siren, fiscal_year_end_on, journal_code, entry_number, entry_on) in (
    select (siren, fiscal_year_end_on, journal_code, entry_number, entry_on) from staging.stg_finance__entries
    where account like '70%'
)"""
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
    "finance_goods_sales_eur": (1, accounts("707", "708", "7097", "7098")),
    "finance_goods_produced_eur": (1, accounts("701", "702", "703", "7091", "7092")),
    "finance_services_eur": (1, accounts("704", "705", "706", "7094", "7095", "7096")),
    "finance_stored_production_eur": (1, accounts("71")),
    "finance_capitalised_production_eur": (1, accounts("72")),
    "finance_subsidies_eur": (1, f"account like '74%' and not (account like '747%' and {NEW})"),
    "finance_investment_grants_eur": (1, f"account like '747%' and {NEW}"),
    "finance_membership_fees_eur": (1, "false"),
    "finance_reversals_eur": (1, f"{accounts('781')} or account like '791%' and not ({NEW})"),
    "finance_other_income_eur": (1, accounts("750", "751", "752", "753", "754", "756", "758")),
    "finance_disposal_income_eur": (1, f"account like '757%' and {NEW}"),
    "finance_dedicated_funds_income_eur": (1, f"account like '789%' and {FUNDS}"),
    "finance_goods_purchased_eur": (-1, accounts("607", "6087", "6097", "6098")),
    "finance_goods_stock_change_eur": (-1, accounts("6037")),
    "finance_materials_eur": (-1, accounts("601", "602", "6091", "6092")),
    "finance_materials_stock_change_eur": (-1, "account like '603%' and not account like '6037%'"),
    "finance_external_costs_eur": (
        -1,
        accounts("604", "605", "606", "6094", "6095", "6096", *(f"608{n}" for n in range(1, 7)), "61", "62"),
    ),
    "finance_taxes_eur": (-1, accounts("63")),
    "finance_wages_eur": (-1, WAGES),
    "finance_social_charges_eur": (-1, SOCIAL),
    "finance_depreciation_eur": (-1, f"account like '6811%' or account like '6812%' and not ({NEW})"),
    "finance_provisions_eur": (-1, accounts("6815", "6816", "6817")),
    "finance_other_costs_eur": (-1, accounts("651", "653", "654", "656", "658")),
    "finance_disposal_costs_eur": (-1, f"account like '657%' and {NEW}"),
    "finance_dedicated_funds_costs_eur": (-1, f"account like '689%' and {FUNDS}"),
    "finance_joint_income_eur": (1, accounts("755")),
    "finance_joint_costs_eur": (-1, accounts("655")),
    "finance_financial_income_eur": (1, f"{accounts('76', '786')} or account like '796%' and not ({NEW})"),
    "finance_financial_costs_eur": (-1, accounts("66", "686")),
    "finance_exceptional_income_eur": (1, f"{accounts('77', '787')} or account like '797%' and not ({NEW})"),
    "finance_exceptional_costs_eur": (-1, accounts("67", "687")),
    "finance_profit_share_eur": (-1, accounts("691")),
    "finance_income_tax_eur": (-1, accounts("695", "696", "698", "699")),
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
        "'subsidies', 'investment_grants', 'goods_purchased', 'goods_stock_change', 'materials', "
        "'materials_stock_change', 'external_costs', 'taxes', 'wages', 'social_charges')",
    ),
    "finance_budget_staff_costs_eur": (-1, "income_line in ('wages', 'social_charges')"),
}
GAPS = ("amount", "revenue", "ebe", "staff_costs")

PARTS: dict[str, Part] = {
    **{name: Part(f"{sign} * sum(s)", ENTRIES, "entry_on", where) for name, (sign, where) in BOOKS.items()},
    **{name: Part(f"{sign} * sum(s)", BUDGETS, "month_on", where) for name, (sign, where) in PLANNED.items()},
    "finance_entry_lines": Part("count(*)", ENTRIES, "entry_on"),
    "finance_receivables_eur": Part("-sum(s)", ENTRIES, "fiscal_year_end_on", OWED),
    "finance_fiscal_year_revenue_eur": Part("sum(s)", ENTRIES, "fiscal_year_end_on", accounts(*TURNOVER)),
    "finance_fiscal_year_vat_eur": Part("sum(s)", ENTRIES, "fiscal_year_end_on", VAT),
    "finance_daily_sales_eur": Part(
        "sum(s::double / (fiscal_year_end_on - start_on + 1))",
        ENTRIES,
        "fiscal_year_end_on",
        f"{accounts(*TURNOVER)} or {VAT}",
    ),
    "staff": Part("sum(fte)", "core.atomic.fct_group_staff", "month_on"),
}


def gap(what: str) -> Formula:
    """What the books say of the years that have a budget, less that budget."""
    return lambda value: value(f"finance_compared_{what}_eur") - value(f"finance_budget_{what}_eur")


def gap_rate(what: str) -> Formula:
    planned = f"finance_budget_{what}_eur"
    return lambda value: gap(what)(value) / abs(value(planned)) if value(planned) else 0.0


FORMULAS: dict[str, Formula] = {
    "finance_ebe_rate": ratio("finance_ebe_eur", "finance_revenue_eur"),
    "finance_staff_costs_rate": ratio("finance_staff_costs_eur", "finance_revenue_eur"),
    "finance_staff_costs_share": ratio("finance_staff_costs_eur", "finance_costs_eur"),
    "finance_external_rate": ratio("finance_external_costs_eur", "finance_revenue_eur"),
    "finance_operating_margin_rate": ratio("finance_operating_result_eur", "finance_revenue_eur"),
    "finance_net_margin_rate": ratio("finance_net_result_eur", "finance_revenue_eur"),
    "finance_dso_days": ratio("finance_receivables_eur", "finance_daily_sales_eur"),
    "finance_sales_vat_rate": ratio("finance_fiscal_year_vat_eur", "finance_fiscal_year_revenue_eur"),
    "finance_revenue_per_fte_eur": ratio("finance_revenue_eur", "staff", 12),
    **{f"finance_{what}_gap_eur": gap(what) for what in GAPS},
    **{f"finance_{what}_gap_rate": gap_rate(what) for what in GAPS},
}
#: Checked otherwise: growth below, versions by the mart's unit test.
ELSEWHERE = {"finance_revenue_growth_rate", "finance_budget_versions_eur"}


def test_every_indicator_is_checked_by_hand(in_group: Group) -> None:
    every_indicator_is_checked(ByHand("finance", PARTS, FORMULAS), ELSEWHERE)


def test_a_random_cell_is_what_the_staging_rows_say(in_group: Group) -> None:
    random_cells_agree(ByHand("finance", PARTS, FORMULAS), ENTRIES, "entry_on")


def test_growth_is_against_the_same_period_a_year_earlier(in_group: Group) -> None:
    by_hand = ByHand("finance", PARTS, FORMULAS)
    name = "finance_revenue_growth_rate"
    rows = semantic.query([name], grain="year", scope=access.scope("group-director")).table.to_pylist()
    found = {row["metric_time"].year: row[name] for row in rows if row[name] is not None}
    years = {
        year: by_hand.value("finance_revenue_eur", Cell(date(year, 1, 1), date(year, 12, 31))) for year in (2024, 2025)
    }
    assert found == pytest.approx({2025: years[2025] / years[2024] - 1})


def test_lines_of_the_income_statement_make_the_result_in_every_structure_and_year(in_group: Group) -> None:
    scope = access.scope("group-director")
    lines = semantic.query(["finance_amount_eur"], by=["structure", "income_line"], grain="year", scope=scope).table
    results = semantic.query(["finance_net_result_eur"], by=["structure"], grain="year", scope=scope).table
    added = lines.group_by(["structure", "metric_time"]).aggregate([("finance_amount_eur", "sum")]).to_pylist()
    assert {(r["structure"], r["metric_time"]): r["finance_amount_eur_sum"] for r in added} == {
        (r["structure"], r["metric_time"]): r["finance_net_result_eur"] for r in results.to_pylist()
    }
