"""Each expectation of the finance suites passes on the published group and fails on the rows it is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import Group
from spoil import Copies, Spoilt, every_expectation_is_met_and_broken

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SPOILT: Spoilt = {
    "finance_entries": {
        "The entries of each structure of the group balance, fiscal year by fiscal year.": "debit_eur + 1 as debit_eur",
        "The files of legal units that are none of the group's balance.": (
            "debit_eur + 1 as debit_eur, '333333333' as siren, '333333333' as structure_id"
        ),
        "Each entry (journal and number) balances.": "'odd' as entry_number",
        "Each line is on the debit or the credit side, not on both nor on none.": "true as has_unusual_amounts",
        "Each account number begins with three digits.": "true as has_unusual_account",
        "Each account of costs or income falls in a line of the income statement.": (
            "'unmapped' as income_line where account_class = '6' and amount_eur <> 0"
        ),
        "Each line has its journal, its document and their dates (cash accounting apart).": ("null as piece_on"),
        "No fiscal year under the rules of 2025 uses an account that they abolished.": (
            "true as has_rules_of_2025, '791000' as account"
        ),
        "Entries are dated in their fiscal year.": "fiscal_year_end_on + 1 as entry_on",
        "A structure's fiscal years follow one another, without a gap and without an overlap.": (
            "date '2030-01-01' as fiscal_year_start_on, date '2030-12-31' as fiscal_year_end_on"
        ),
        "At the end of a fiscal year, customers are not creditors.": "'411000' as account, 1e12 as amount_eur",
        "The result is no more than half the income.": "-1e12 as amount_eur where account_class = '6'",
    },
    "finance_budgets": {
        "A budgeted amount is dated on the first day of its month.": "month_on + 1 as month_on",
        "Each line of a budget has its twelve months.": "'joint_costs' as income_line",
        "Income is positive and costs are negative.": "1 as amount_eur where income_line = 'wages'",
        "A budgeted site is, or was, the structure's.": "'S99' as structure_id",
        "Each budget plans some revenue.": "1999 as budget_year",
    },
}

COPIES: Copies = {
    "empty": (
        "; ".join(f"delete from atomic.fct_{suite}" for suite in SPOILT),
        {"There are entries.", "There are budgets."},
    ),
}


def test_every_expectation_is_met_by_the_group_and_broken_by_what_it_forbids(in_group: Group, tmp_path: Path) -> None:
    every_expectation_is_met_and_broken("finance", SPOILT, COPIES, tmp_path)
