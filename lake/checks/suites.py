"""Suites: what is expected of a table, in words that a manager understands.

One YAML file per suite, `expectations/<line>/<suite>.yml` (`<line>` may be `core`):

    name: audio_fittings                     # the file's name
    subject_fr: Appareillages livrés
    subject_en: Hearing aids delivered
    table: atomic.fct_audio_fittings         # or  sql: a query whose rows are checked
    expectations:
      - expectation: expect_column_values_to_be_between
        column: price_eur
        min_value: 0
        says_fr: Aucun prix n'est négatif.
        says_en: No price is negative.
        severity: blocks                     # or warns
      - expectation: no_rows                 # any SQL that must find nothing; {table} is the suite's table
        sql: select * from {table} where fitted_on > current_date
        …
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from lake.checks.results import Severity
from lake.errors import CheckFailed
from lake.settings import PROJECT

#: What of Great Expectations works on DuckDB (1.24 with DuckDB 2.0, measured); `no_rows` stands for the rest.
Kind = Literal[
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_compound_columns_to_be_unique",
    "expect_column_sum_to_be_between",
    "expect_table_row_count_to_be_between",
    "no_rows",
]


class Expectation(BaseModel):
    """One thing expected. Further keys are the expectation's own parameters (`min_value`, `value_set`, `mostly`, …)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    expectation: Kind
    says_fr: str
    says_en: str
    severity: Severity

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Suite(BaseModel):
    """What is expected of one table, or of the rows of one query."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    subject_fr: str
    subject_en: str
    table: str | None = None
    sql: str | None = None
    expectations: tuple[Expectation, ...]

    @model_validator(mode="after")
    def _one_subject(self) -> Suite:
        if (self.table is None) == (self.sql is None):
            raise ValueError("give either table or sql")
        return self


def load(line: str, project: Path = PROJECT) -> list[Suite]:
    """The suites of a line (or `core`), by name.

    Raises:
        CheckFailed: a file is not a suite; says which, and why.
    """
    return [_load(path) for path in sorted((project / "expectations" / line).glob("*.yml"))]


def _load(path: Path) -> Suite:
    try:
        suite = Suite.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise CheckFailed(f"{path.name} is not a suite: {error}", remedy="See lake/checks/suites.py.") from error
    if suite.name != path.stem:
        raise CheckFailed(f"{path.name} names itself '{suite.name}'.", remedy="Give file and suite one name.")
    return suite
