"""The rows that break an expectation, and who may see them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from lake.access import scope
from lake.builds import Build
from lake.checks.offending import offending
from lake.checks.results import Result
from lake.errors import AccessDenied

SUITE = """
name: sales
subject_fr: Ventes
subject_en: Sales
table: atomic.fct_sales
expectations:
  - {expectation: expect_column_values_to_not_be_null, column: price, says_fr: x, says_en: priced, severity: blocks}
  - {expectation: expect_column_values_to_be_unique, column: id, says_fr: x, says_en: one id, severity: blocks}
  - {expectation: expect_column_values_to_be_between, column: price, min_value: 0, max_value: 10, strict_max: true, \
says_fr: x, says_en: in range, severity: warns}
  - {expectation: expect_column_values_to_be_in_set, column: ear, value_set: [left, right], says_fr: x, \
says_en: known ear, severity: warns}
  - {expectation: expect_compound_columns_to_be_unique, column_list: [id, ear], says_fr: x, says_en: one id and ear, \
severity: blocks}
  - {expectation: no_rows, sql: "select id from {table} where ear = 'nose';", says_fr: x, says_en: no nose, \
severity: blocks}
  - {expectation: expect_table_row_count_to_be_between, min_value: 100, says_fr: x, says_en: enough, severity: blocks}
"""


@pytest.fixture
def build(tmp_path: Path) -> Build:
    folder = tmp_path / "build"
    folder.mkdir()
    suites = tmp_path / "project" / "expectations" / "audio"
    suites.mkdir(parents=True)
    (suites / "sales.yml").write_text(SUITE, "utf-8")
    duckdb.connect(str(folder / "core.duckdb")).close()
    with duckdb.connect(str(folder / "audio.duckdb")) as con:
        con.execute("create schema atomic")
        con.execute("create table atomic.fct_sales (id int, price decimal(18, 2), ear varchar)")
        con.execute(
            "insert into atomic.fct_sales values (1, 5, 'left'), (2, null, 'right'), (3, 10, 'nose'), (3, -1, 'left')"
        )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Build("audio", "1", folder, "refused", now, 1.0, now, None, None, "f", "v")


def result(says: str) -> Result:
    return Result("expectation", "audio/sales", "Ventes", "Sales", "x", says, "blocks", "blocked", "")


@pytest.mark.parametrize(
    ("says", "ids"),
    [
        ("priced", [2]),
        ("one id", [3, 3]),
        ("in range", [3, 3]),
        ("known ear", [3]),
        ("one id and ear", []),
        ("no nose", [3]),
    ],
)
def test_the_rows_that_break_an_expectation_are_found(build: Build, tmp_path: Path, says: str, ids: list[int]) -> None:
    rows = offending(build, result(says), scope=scope("data-engineer"), project=tmp_path / "project")
    assert rows is not None
    assert sorted(rows["id"].to_pylist()) == ids


def test_what_is_not_about_single_rows_has_none(build: Build, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for says in ("enough", "an expectation of another time"):
        assert offending(build, result(says), scope=scope("data-engineer"), project=project) is None


@pytest.mark.parametrize("role", ["structure-director", "dental-analyst"])
def test_who_sees_some_structures_or_another_line_sees_no_row(build: Build, tmp_path: Path, role: str) -> None:
    with pytest.raises(AccessDenied):
        offending(build, result("priced"), scope=scope(role), project=tmp_path / "project")
