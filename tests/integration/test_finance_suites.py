"""Each expectation of the finance suites passes on the published group and fails on the rows it is about."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from group import Group

from lake import builds
from lake.checks import suites
from lake.checks.runner import Subject, run_suites

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: Suite → expectation → what is replaced in a copy of a row that fulfils the condition after `where`.
SPOILT: dict[str, dict[str, str]] = {
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
        "Entries are dated in their fiscal year (or a long one).": "fiscal_year_end_on + 1 as entry_on",
        "No fiscal year is missing between a structure's first and last.": "2030 as fiscal_year",
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
#: Of an empty mart.
EMPTY = {"There are entries.", "There are budgets."}


def _copy(build: builds.Build, path: Path, name: str) -> None:
    """A copy of the mart, with one bad row for each expectation or without rows."""
    shutil.copyfile(build.database, path)
    with duckdb.connect() as con:
        con.execute(f"set file_search_path = '{build.folder}'")
        con.execute(f"attach '{path}' as finance")
        con.execute("use finance")
        for suite, changes in SPOILT.items():
            table = f"atomic.fct_{suite}"
            if name == "empty":
                con.execute(f"delete from {table}")
                continue
            con.execute(f"create temp table kept as from {table}")
            for change in changes.values():
                replaced, _, condition = change.partition(" where ")
                con.execute(
                    f"insert into {table} select * replace ({replaced}) from kept "
                    f"where {condition or 'true'} order by _key limit 1"
                )
            con.execute("drop table kept")


def test_every_expectation_is_met_by_the_group_and_broken_by_the_rows_it_forbids(
    in_group: Group, tmp_path: Path
) -> None:
    build = builds.published("finance")
    assert build is not None
    expected = suites.load("finance")
    subjects = [Subject.of(build, expected)]
    for name in ("spoilt", "empty"):
        path = tmp_path / f"{name}.duckdb"
        _copy(build, path, name)
        catalogs = {"finance": str(path), "core": str(build.core_database)}
        subjects.append(Subject(name, "finance", str(build.folder), catalogs, [s.model_dump() for s in expected]))
    found = run_suites(subjects)

    assert [(r.says_en, r.detail) for r in found[build.id] if r.outcome != "passed"] == []
    broken = {name: {r.says_en for r in results if r.outcome != "passed"} for name, results in found.items()}
    must = {says for changes in SPOILT.values() for says in changes}
    assert must - broken["spoilt"] == set()
    assert EMPTY - broken["empty"] == set()
    assert {e.says_en for suite in expected for e in suite.expectations} == must | EMPTY
    assert [(n, r.says_en) for n, results in found.items() for r in results if "could not" in r.detail] == []
