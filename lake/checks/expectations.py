"""Great Expectations on DuckDB: `python -m lake.checks.expectations DESCRIPTOR`, started by runner.py.

Each line of its input holds subjects, whose results are one line of JSON written to the descriptor. Subjects are looked
at side by side, in processes that are forked after the import.

Its SQL engine closes the connection before it reads rows, which on DuckDB gives empty results: here the engine is given
one connection that stays open. Regex and type expectations don't work on DuckDB; suites use SQL instead (`no_rows`).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from typing import Any, Literal

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.exceptions.exceptions import GreatExpectationsError

from lake.checks.results import Result
from lake.checks.runner import Subject
from lake.dbt import die_with_parent
from lake.settings import settings

#: The classes of expectations, which Great Expectations does not export by name.
_KINDS: Any = gx.expectations

#: SQL that finds rows of the suite's own table, each once; other SQL finds days, sites, pairs of rows.
_OF_THE_TABLE = re.compile(r"select \* from \{table\} where (?!.*\bunion\b)", re.IGNORECASE | re.DOTALL)


def main(answers: int) -> None:
    """Answer until nobody asks any more."""
    for line in sys.stdin:
        subjects = [Subject(**s) for s in json.loads(line)]
        processes = min(settings().threads, len(subjects))
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(processes, fork, initializer=die_with_parent) as pool:
            found = dict(pool.map(_examined, subjects))
        with os.fdopen(answers, "w", encoding="utf-8", closefd=False) as answered:
            answered.write(json.dumps(found) + "\n")


def _examined(subject: Subject) -> tuple[str, list[dict[str, Any]]]:
    """The results of all suites of a subject, in a Great Expectations context of its own."""
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = _open(context, subject)
    return subject.id, [vars(r) for suite in subject.suites for r in _run(source, subject.line, suite)]


def _open(context: Any, subject: Subject) -> Any:
    """A data source on the build's files, read-only, over one connection that stays open."""
    source = context.data_sources.add_sql(
        f"{subject.line}-{subject.id}", connection_string="duckdb:///:memory:", create_temp_table=False
    )
    engine = source.get_execution_engine()
    connection = engine.engine.connect()
    engine.get_connection = lambda: nullcontext(connection)
    statements = [f"attach '{_quoted(path)}' as \"{name}\" (read_only)" for name, path in subject.catalogs.items()]
    statements += [f"set file_search_path = '{_quoted(subject.folder)}'", "set TimeZone = 'Europe/Paris'"]
    for statement in statements:
        connection.execute(sa.text(statement))
        connection.commit()
    return source


def _run(source: Any, line: str, suite: dict[str, Any]) -> list[Result]:
    table = f'"{line}".{suite["table"]}' if suite["table"] else f"({suite['sql']})"
    asset = source.add_query_asset(suite["name"], query=f"select * from {table} as checked")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    return [_evaluate(batch, table, line, suite, expected) for expected in suite["expectations"]]


def _evaluate(batch: Any, table: str, line: str, suite: dict[str, Any], expected: dict[str, Any]) -> Result:
    words = {name: expected[name] for name in ("says_fr", "says_en", "severity")}
    parameters = {k: v for k, v in expected.items() if k not in (*words, "expectation")}
    try:
        found = batch.validate(_expectation(expected["expectation"], parameters, table), result_format="SUMMARY")
        raised = _raised(found.exception_info)
        holds = bool(found.success) and not raised
        detail = raised or _detail(expected, found.result, lambda: _rows(batch))
    except (ValueError, TypeError, KeyError, sa.exc.SQLAlchemyError, GreatExpectationsError) as error:
        holds, raised = False, f"could not be evaluated: {_line(error)}"
        detail = raised
    failed: Literal["blocked", "warned"] = "blocked" if raised or words["severity"] == "blocks" else "warned"
    return Result(
        kind="expectation",
        where=f"{line}/{suite['name']}",
        subject_fr=suite["subject_fr"],
        subject_en=suite["subject_en"],
        outcome="passed" if holds else failed,
        detail=detail,
        **words,
    )


def _expectation(name: str, parameters: dict[str, Any], table: str) -> Any:
    if name == "no_rows":
        return _KINDS.UnexpectedRowsExpectation(unexpected_rows_query=parameters["sql"].replace("{table}", table))
    kind = getattr(_KINDS, "".join(part.capitalize() for part in name.split("_")))
    return kind(**parameters)


def _raised(info: dict[str, Any]) -> str:
    """Why an expectation could not be evaluated: Great Expectations gives one trace, or one per metric."""
    traces = [info] if "raised_exception" in info else list(info.values())
    messages = [t["exception_message"] for t in traces if t.get("raised_exception")]
    return f"could not be evaluated: {_line(messages[0])}" if messages else ""


def _detail(expected: dict[str, Any], result: dict[str, Any], rows: Callable[[], int]) -> str:
    """What was observed, in words. Numbers only: values would show rows that the reader of the page may not see."""
    if "unexpected_count" in result:
        # An empty table has neither count.
        return f"{result['unexpected_count'] or 0:,} of {result['element_count'] or 0:,} rows"
    observed = result.get("observed_value") or 0
    if expected["expectation"] != "no_rows":
        return f"{observed:,} rows" if "row_count" in expected["expectation"] else f"{observed:,} in all"
    if not observed:
        return "no exception"
    if _OF_THE_TABLE.match(expected["sql"]):
        return f"{observed:,} of {rows():,} rows"
    return f"exceptions: {observed:,}, in {rows():,} rows checked"


def _rows(batch: Any) -> int:
    return int(batch.validate(_KINDS.ExpectTableRowCountToBeBetween(min_value=0)).result["observed_value"])


def _line(error: object) -> str:
    return re.sub(r"\s+", " ", str(error))[:300]


def _quoted(path: str) -> str:
    return path.replace("'", "''")


if __name__ == "__main__":
    main(int(sys.argv[1]))
