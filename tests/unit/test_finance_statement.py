"""The income statement: its order, its totals, its variances, the waterfall made of it, and how it is written."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from apps.screens.finance.balances import waterfall
from apps.screens.finance.period import Period, months_to
from apps.screens.finance.statement import PLACED, Line, Row, Variance, statement, total, variance
from apps.screens.finance.table import Block, Place, amount, html, places, rate


def euros(code: str, actual: int | None, budget: int | None = None, last_year: int | None = None) -> Line:
    known = [None if v is None else Decimal(v) for v in (actual, budget, last_year)]
    return Line(code, f"fr {code}", f"en {code}", *known)


LINES = [
    euros("goods_sales", 1000, 900, 950),
    euros("services", 500, 600, 500),
    euros("subsidies", 200, 200, 100),
    euros("goods_purchased", -400, -380, -390),
    euros("external_costs", -300, -300, -290),
    euros("wages", -600, -580, -590),
    euros("depreciation", None, -50, -40),
    euros("financial_costs", -10, None, -12),
    euros("income_tax", -30, None, None),
]


def by_key(lines: list[Line]) -> dict[str, Row]:
    return {row.key: row for row in statement(lines)}


def test_totals_and_results_add_up_the_lines() -> None:
    rows = by_key(LINES)
    assert rows["revenue"].actual == 1500
    assert rows["total_operating_income"].actual == 1700
    assert rows["total_operating_costs"].actual == 1300
    assert rows["operating_result"].actual == 400
    assert rows["financial_result"].actual == -10
    assert rows["current_result"].actual == 390
    assert rows["net_result"].actual == 360
    assert rows["net_result"].last_year == 228


def test_a_result_of_lines_that_the_budget_lacks_whole_has_no_variance_to_it() -> None:
    rows = by_key(LINES)
    assert rows["operating_result"].budget == 390 and rows["operating_result"].unplanned == ()
    for key, lacking in (("current_result", ["financial_costs"]), ("net_result", ["financial_costs", "income_tax"])):
        assert rows[key].budget is None and rows[key].to_budget == Variance(None, None)
        assert [line.code for line in rows[key].unplanned] == lacking
    planned = [euros("financial_costs", -10, -8), euros("financial_income", 3), euros("income_tax", None, -20)]
    rows = by_key([*LINES[:-2], *planned, euros("exceptional_costs", -5)])
    assert rows["net_result"].budget == 390 - 28  # what is exceptional is not planned, and counts in full
    assert rows["net_result"].to_budget.effect == (400 - 10 + 3 - 5) - 362
    assert rows["net_result"].unplanned == ()


def test_an_incomplete_budget_is_said_in_its_cell() -> None:
    shown = html([Block(statement(LINES), "2025", "2024")], "en", thousands=False)
    assert shown.count(">incomplete budget<") == 2 and ">no budget<" in shown


def test_a_cost_is_shown_without_a_sign_and_more_of_it_is_unfavourable() -> None:
    wages = by_key(LINES)["wages"]
    assert (wages.actual, wages.budget) == (600, 580)
    assert wages.to_budget == Variance(Decimal(-20), Decimal(-20) / Decimal(580))


def test_what_was_budgeted_and_not_spent_counts_as_a_gain() -> None:
    row = by_key(LINES)["depreciation"]
    assert row.actual is None
    assert row.to_budget.effect == 50


def test_without_a_reference_there_is_no_variance() -> None:
    assert variance(Decimal(5), None) == Variance(None, None)
    assert variance(Decimal(5), Decimal(0)) == Variance(Decimal(5), None)


def test_the_order_is_statutory_and_every_line_stands_once() -> None:
    keys = [row.key for row in statement([euros(code, 1) for code in reversed(PLACED)])]
    assert [key for key in keys if key in PLACED] == list(PLACED)
    assert keys[0] == "operating_income" and keys[-1] == "net_result"


def test_a_line_that_the_layout_does_not_know_is_shown_before_the_result_and_counts() -> None:
    rows = statement([*LINES, euros("unmapped", 7)])
    assert [row.key for row in rows][-2:] == ["unmapped", "net_result"]
    assert rows[-1].actual == 367


def test_what_has_no_amount_is_left_out_but_results_stand() -> None:
    rows = by_key([euros("services", 100), euros("taxes", 0)])
    assert "taxes" not in rows and "operating_costs" not in rows and "total_operating_costs" not in rows
    assert rows["exceptional_result"].actual is None
    assert rows["net_result"].actual == 100


def test_the_waterfall_ends_where_the_statement_ends() -> None:
    lines = [*LINES, euros("unmapped", 7)]
    steps = {step.key: step for step in waterfall(lines)}
    assert steps["value_added"].amount == 800
    assert steps["ebe"].amount == 400
    assert steps["net"].amount == total(lines, "actual") == 367
    assert (steps["purchases"].start, steps["purchases"].end) == (1500, 1100)
    assert "depreciation" not in steps


@pytest.mark.parametrize(
    ("value", "language", "thousands", "text"),
    [
        (Decimal("1234567.89"), "fr", False, "1\u202f234\u202f568"),
        (Decimal("-1234567.89"), "en", True, "(1,235)"),
        (Decimal("-0.2"), "en", True, "0"),
        (None, "fr", True, "–"),
    ],
)
def test_amounts_are_written_as_accountants_do(value: Decimal, language: str, thousands: bool, text: str) -> None:
    assert amount(value, language, thousands=thousands) == text  # type: ignore[arg-type]


def test_a_rate_that_says_nothing_is_said_to() -> None:
    assert rate(Decimal("-0.1234"), "fr") == "(12,3\u202f%)"
    assert rate(Decimal(25), "fr") == "n.s."
    assert rate(None, "en") == "–"


def test_the_table_escapes_names_and_marks_what_is_unfavourable() -> None:
    shown = html(
        [Block(statement([euros("wages", -2000, -1000), Line("x", "<b>", "<b>", Decimal(1))]), "March", "March")],
        "en",
        thousands=False,
    )
    assert "<b>" not in shown and "&lt;b&gt;" in shown
    assert '<td class="against">(1,000)</td><td class="against">(100.0%)</td>' in shown
    assert '<th scope="row">en wages</th><td class="block">2,000</td>' in shown


def cells(table: str, label: str) -> str:
    return table.partition(f'<th scope="row">{label}</th>')[2].partition("</tr>")[0]


def test_a_month_stands_beside_the_year_to_date_and_has_dashes_where_it_has_nothing() -> None:
    month, year = statement([euros("wages", -10)]), statement([euros("wages", -30), euros("taxes", -5)])
    shown = html([Block(month, "March", "March 24"), Block(year, "January – March", "before")], "en", thousands=False)
    wages, taxes = cells(shown, "en wages"), cells(shown, "en taxes")
    assert wages.index(">10<") < wages.index(">30<")
    assert taxes.startswith('<td class="block">–</td>') and ">5<" in taxes


@pytest.mark.parametrize("thousands", [False, True])
def test_a_variance_is_what_a_reader_finds_who_subtracts_the_two_amounts_beside_it(thousands: bool) -> None:
    unit = Decimal(1000 if thousands else 1)
    parts = [
        ("goods_sales", "1000.4", "999.6", "998.5"),
        ("wages", "-10.5", "-9.5", "-10.4"),
        ("services", "0.4", "1.6", "-0.4"),
    ]
    lines = [Line(code, code, code, *(Decimal(v) * unit for v in values)) for code, *values in parts]
    rows = statement(lines)
    shown = html([Block(rows, "2025", "2024")], "en", thousands=thousands)
    for cells in re.findall(r"<td class=\"block\">.*?</tr>", shown):
        found = re.findall(r"<td[^>]*>([^<]*)</td>", cells)
        if len(found) < 7:
            continue  # nothing was recorded there
        actual, budget, gap, _, before, moved, _ = (
            int(re.sub(r"[^\d-]", "", text.replace("(", "-")) or 0) for text in found
        )
        signs = {gap == sign * (actual - budget) and moved == sign * (actual - before) for sign in (1, -1)}
        assert True in signs, found


def test_places_stand_beside_what_they_make_together() -> None:
    rows = statement([euros("services", 100), euros("wages", -30)])
    found = [Place("A & B", {"services": Decimal(60)}), Place("C", {"services": Decimal(40)})]
    shown = places(rows, found, "en", thousands=False)
    assert "A &amp; B" in shown
    services = cells(shown, "en services")
    assert services.index(">100<") < services.index(">60<") < services.index(">40<")
    assert cells(shown, "en wages").count("–") == 2


def test_periods_are_whole_months_and_the_year_before_has_the_same() -> None:
    february = date(2024, 2, 1)
    assert Period.of(february, "month") == Period(date(2024, 2, 1), date(2024, 2, 29))
    assert Period.of(february, "month").year_before == Period(date(2023, 2, 1), date(2023, 2, 28))
    assert Period.of(february, "to_date") == Period(date(2024, 1, 1), date(2024, 2, 29))
    assert Period.of(february, "year").is_whole_year
    assert months_to(date(2024, 2, 29), date(2023, 12, 1)) == [date(2024, 2, 1), date(2024, 1, 1), date(2023, 12, 1)]
