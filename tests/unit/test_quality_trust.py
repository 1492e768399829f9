"""What the kept results of checks say: since when something fails, the trend of a subject, what was restated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.screens.quality.measured import measured
from apps.screens.quality.reconciliation import exact
from apps.screens.quality.trust import Checked, Outcome, failures, reconciled, restated, subjects
from apps.words import Language
from lake.builds import Build
from lake.checks import Compared, Result

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def result(says: str, outcome: Outcome, subject: str = "Sales", **more: Any) -> Result:
    return Result("expectation", "audio/sales", subject, subject, says, says, "blocks", outcome, "", **more)


def checked(day: int, *results: Result) -> Checked:
    at = DAY + timedelta(days=day)
    build = Build("audio", str(day), Path(), "passed", at, 1.0, at, None, None, "f", "v")
    return Checked(build, results)


def newest_first(*outcomes: Outcome) -> Sequence[Checked]:
    """A build a day, with one check that ended so."""
    return [checked(day, result("priced", outcome)) for day, outcome in enumerate(outcomes)][::-1]


@pytest.mark.parametrize(
    ("outcomes", "since"),
    [
        (("passed", "blocked"), 1),
        (("blocked", "passed", "warned", "blocked"), 2),
        (("warned", "warned"), 0),
        (("blocked",), 0),
    ],
)
def test_a_failure_lasts_since_the_first_build_of_an_unbroken_row(outcomes: tuple[Outcome, ...], since: int) -> None:
    (failure,) = failures(newest_first(*outcomes))
    assert failure.since == DAY + timedelta(days=since)


def test_what_blocks_comes_before_what_warns_and_what_holds_is_no_failure() -> None:
    found = failures([checked(0, result("a", "warned"), result("b", "passed"), result("c", "blocked"))])
    assert [f.result.says_en for f in found] == ["c", "a"]


def test_a_build_that_was_not_checked_says_nothing() -> None:
    unchecked, before = checked(1), checked(0, result("a", "blocked"))
    assert [f.build.id for f in failures([unchecked, before])] == ["0"]
    assert failures([unchecked]) == []
    assert subjects([unchecked]) == []


def test_a_subject_counts_its_checks_and_shows_its_trend_oldest_first() -> None:
    old = checked(0, result("a", "passed"), result("b", "blocked"))
    new = checked(1, result("a", "passed"), result("b", "warned"), result("c", "passed", subject="Returns"))
    sales, returns = subjects([new, old])
    assert (sales.name_en, sales.passed, sales.failed, sales.trend) == ("Sales", 1, 1, ("blocked", "warned"))
    assert (returns.name_en, returns.passed, returns.trend) == ("Returns", 1, ("passed",))


def test_the_reconciliation_is_one_subject_however_many_sources_it_is_about() -> None:
    about = [replace(result("same", "passed", subject=name), kind="reconciliation") for name in ("fittings", "returns")]
    (subject,) = subjects([checked(0, *about)])
    assert (subject.name_fr, subject.passed, subject.trend) == (None, 2, ("passed",))


def numbers(day: int, lake: str, build: str) -> Checked:
    return checked(day, result("same", "passed", subject="fittings", compared=(Compared("price_eur", lake, build),)))


def test_a_difference_is_told_to_the_cent() -> None:
    (number,) = reconciled(numbers(0, "10000000000.10", "10000000000.11"))
    assert number.difference == Decimal("0.01")


def test_what_changed_between_two_builds_is_restated() -> None:
    (change,) = restated(numbers(1, "12.50", "12.50"), numbers(0, "10.00", "10.00"))
    assert (change.source, change.before, change.after) == ("fittings", Decimal("10.00"), Decimal("12.50"))
    assert restated(numbers(1, "12.50", "12.50"), numbers(0, "12.50", "12.50")) == []


@pytest.mark.parametrize(
    ("detail", "language", "said"),
    [
        ("1,200 of 40,000 rows", "fr", "1\u202f200 sur 40\u202f000 lignes"),
        ("1,200 of 40,000 rows", "en", "1,200 of 40,000 rows"),
        ("exceptions: 1, in 12,345 rows checked", "fr", "1 cas d'écart, pour 12\u202f345 lignes contrôlées"),
        ("no exception", "fr", "aucun cas d'écart"),
        ("12,345 rows", "en", "12,345 rows"),
        ("3 found", "fr", "3 trouvés"),
        ("could not be evaluated: no such column", "fr", "n'a pas pu être évalué : no such column"),
        (
            "213 in the lake, 213 in stg_geo__communes; population: 13,707,801.50 and 13,707,801.50",
            "fr",
            "213 dans le lac, 213 dans stg_geo__communes ; "
            "population : 13\u202f707\u202f801,50 et 13\u202f707\u202f801,50",
        ),
        ("9 versions in the lake, 8 in the build", "fr", "9 versions dans le lac, 8 dans la construction"),
        ("said otherwise", "fr", "said otherwise"),
    ],
)
def test_what_was_measured_is_said_in_the_readers_language(detail: str, language: Language, said: str) -> None:
    assert measured(detail, language) == said


def test_no_cent_of_a_total_is_rounded_away() -> None:
    assert exact(Decimal("10268360.00"), "en") == "10,268,360.00"
    assert exact(Decimal("-0.01"), "fr") == "-0,01"
    assert exact(Decimal("1540"), "fr") == "1\u202f540"
