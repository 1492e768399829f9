"""Great Expectations in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from lake.checks.runner import Examiner, Subject
from lake.errors import CheckFailed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SUITE = {
    "name": "sales",
    "subject_fr": "Ventes",
    "subject_en": "Sales",
    "table": "main.sales",
    "sql": None,
    "expectations": [
        {
            "expectation": "no_rows",
            "sql": "select * from {table} where price_eur > 2",
            "says_fr": "Rien n'est cher.",
            "says_en": "Nothing is dear.",
            "severity": "warns",
        }
    ],
}


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    path = tmp_path / "audio.duckdb"
    with duckdb.connect(path) as con:
        con.execute("create table sales as select unnest([1, 2, 3]) as price_eur")
    return Subject("a-build", "audio", str(tmp_path), {"audio": str(path)}, [SUITE])


def test_what_was_found_of_a_build_is_told_again_without_looking(subject: Subject) -> None:
    with Examiner() as examiner:
        found = examiner.results([subject, replace(subject, id="another")])
        assert [(id, r.outcome, r.detail) for id, results in found.items() for r in results] == [
            ("a-build", "warned", "1 of 3 rows"),
            ("another", "warned", "1 of 3 rows"),
        ]
        assert examiner._process
        examiner._process.kill()
        assert examiner.results([subject]) == {"a-build": found["a-build"]}


def test_an_examiner_whose_process_ended_says_how(subject: Subject) -> None:
    with Examiner() as examiner:
        examiner.start()
        assert examiner._process
        examiner._process.kill()
        with pytest.raises(CheckFailed, match=r"could not be run \(code -9\)"):
            examiner.results([subject])
