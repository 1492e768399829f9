"""The rows that an expectation does not hold for, read from the build when somebody asks: results keep numbers only.

The tables checked hold every structure, so these rows are for roles that may drill and see all structures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lake.access import ALL, Scope, lines_behind
from lake.builds import CORE, Build
from lake.checks import suites
from lake.checks.results import Result
from lake.checks.suites import Expectation, Suite
from lake.errors import AccessDenied
from lake.settings import GROUP, PROJECT

#: Rows given at most.
MOST_ROWS = 100


def offending(
    build: Build, result: Result, *, scope: Scope, limit: int = MOST_ROWS, project: Path = PROJECT
) -> pa.Table | None:
    """Rows of the build that break an expectation; None when they can't be told one by one (a sum, a count), or
    when the suite no longer has that expectation.

    Raises:
        AccessDenied: the role may not see rows of all structures.
    """
    line = result.where.partition("/")[0]
    scope.require("drill", *((GROUP,) if CORE in (line, build.line) else lines_behind(build.line)))
    if scope.structures != (ALL,):
        raise AccessDenied(
            f"Role '{scope.role.name}' sees some structures only, and a check is about all of them.",
            remedy="Ask somebody who sees all structures.",
        )
    found = _find(result, project) if result.kind == "expectation" else None
    sql = found and _statement(*found, line)
    if not sql:
        return None
    with duckdb.connect() as con:
        con.execute(f"set file_search_path = '{_quoted(build.folder)}'")
        con.execute("set TimeZone = 'Europe/Paris'")
        for name, path in build.databases.items():
            con.execute(f"attach '{_quoted(path)}' as \"{name}\" (read_only)")
        return con.sql(f"select * from ({sql.strip().rstrip(';')}) limit {int(limit)}").to_arrow_table()


def _find(result: Result, project: Path) -> tuple[Suite, Expectation] | None:
    """The expectation that a result is of, in the suites as they are now."""
    line, _, name = result.where.partition("/")
    for suite in suites.load(line, project):
        for expected in suite.expectations:
            if suite.name == name and expected.says_en == result.says_en:
                return suite, expected
    return None


def _statement(suite: Suite, expected: Expectation, line: str) -> str | None:
    table = f'"{line}".{suite.table}' if suite.table else f"({suite.sql})"
    if expected.expectation == "no_rows":
        return str(expected.parameters["sql"]).replace("{table}", table)
    breaks = _BREAKS.get(expected.expectation)
    condition = breaks(expected.parameters, table) if breaks else None
    return f"select * from {table} as checked where {condition}" if condition else None


def _outside(told: dict[str, Any], table: str) -> str | None:
    column = _name(told["column"])
    low, high = told.get("min_value"), told.get("max_value")
    under = "<=" if told.get("strict_min") else "<"
    over = ">=" if told.get("strict_max") else ">"
    parts = [f"{column} {under} {_literal(low)}"] if low is not None else []
    parts += [f"{column} {over} {_literal(high)}"] if high is not None else []
    return " or ".join(parts) or None


def _not_in(told: dict[str, Any], table: str) -> str:
    return f"{_name(told['column'])} not in ({', '.join(_literal(v) for v in told['value_set'])})"


def _repeated(columns: list[str], table: str) -> str:
    names = ", ".join(_name(c) for c in columns)
    return f"({names}) in (select ({names}) from {table} as again group by {names} having count(*) > 1)"


#: By expectation: the condition of the rows that break it, from its parameters and its table.
_BREAKS: dict[str, Callable[[dict[str, Any], str], str | None]] = {
    "expect_column_values_to_not_be_null": lambda told, table: f"{_name(told['column'])} is null",
    "expect_column_values_to_be_unique": lambda told, table: _repeated([told["column"]], table),
    "expect_column_values_to_be_between": _outside,
    "expect_column_values_to_be_in_set": _not_in,
    "expect_compound_columns_to_be_unique": lambda told, table: _repeated(told["column_list"], table),
}


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(value: object) -> str:
    """A parameter of a suite, which is part of the code."""
    if isinstance(value, bool | int | float):
        return str(value)
    return f"'{_quoted(value)}'"


def _quoted(value: object) -> str:
    return str(value).replace("'", "''")
