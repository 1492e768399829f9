"""Checks: what blocks, what warns, and a reconciliation that is exact to the cent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from lake import build, builds, publish
from lake.builds import Build
from lake.checks import check, results
from lake.checks.reconcile import reconcile
from lake.errors import CheckFailed, PublishError
from lake.store import Store

#: dbt and Great Expectations take seconds to start, more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Land = Callable[..., None]

DEAR = """
  - expectation: no_rows
    sql: select * from {table} where price_eur > 3400
    says_fr: Aucun prix n'est élevé.
    says_en: No price is dear.
    severity: blocks
"""


def checked(store: Store, project: Path) -> Build:
    """A fresh build, checked."""
    (outcome,) = build.build_lines(["audio"], project=project)
    assert outcome.build is not None, outcome.error
    return check(store, [outcome.build], project=project)[0]


def not_passed(build: Build) -> list[tuple[str, str, str]]:
    return [(r.says_en, r.outcome, r.detail) for r in results(build) if r.outcome != "passed"]


def reconciled(store: Store, project: Path) -> dict[str, tuple[str, str]]:
    """A fresh build, reconciled: what became of each relation, and why."""
    (outcome,) = build.build_lines(["audio"], project=project, force=True)
    assert outcome.build is not None, outcome.error
    return {r.where: (r.outcome, r.detail) for r in reconcile(store, outcome.build)}


def test_only_a_build_that_passed_its_checks_is_published(project: Path, store: Store, land: Land) -> None:
    land(range(10))
    good = checked(store, project)
    assert not_passed(good) == []
    assert good.status == "passed"
    assert good.checks is not None
    assert {"no exception", "0 of 10 rows"} <= {r.detail for r in results(good)}
    assert (good.checks.passed, good.checks.warned, good.checks.blocked) == (12, 0, 0)
    assert builds.build("audio", good.id) == good
    assert "Aucun prix ne dépasse" in (good.docs / "index.html").read_text("utf-8")
    assert "No price is above" in (good.docs / "index.en.html").read_text("utf-8")
    assert publish.publish("audio") == good
    assert builds.published("audio") == good
    written = good.checks_file.stat().st_mtime_ns
    assert check(store, [good], project=project) == [good]
    assert good.checks_file.stat().st_mtime_ns == written, "a build that passed the same suites is not checked again"

    land(range(2), price_eur=Decimal("3500.00"))
    warned = checked(store, project)
    assert not_passed(warned) == [("No price is above 3,000 €.", "warned", "2 of 10 rows")]
    assert publish.publish("audio") == warned
    assert publish.rollback("audio") == good
    assert builds.published_id("audio") == good.id

    suite = project / "expectations" / "audio" / "audio_fittings.yml"
    changed = suite.read_text("utf-8").replace("warns", "blocks").replace("column: ear", "column: nose")
    suite.write_text(changed.replace("'^AP", "'^XP") + DEAR, "utf-8")
    refused = check(store, [warned], project=project)[0]
    outcomes = {(says, outcome) for says, outcome, _ in not_passed(refused)}
    refusing = ("No price is above 3,000 €.", "The ear is known.", "Numbers look as they should.", "No price is dear.")
    assert outcomes == {(says, "blocked") for says in refusing}
    details = {says: detail for says, _, detail in not_passed(refused)}
    assert details["Numbers look as they should."] == "exceptions: 10, in 10 rows checked"
    assert details["No price is dear."] == "2 of 10 rows"
    assert any("could not be evaluated" in detail for _, _, detail in not_passed(refused))
    with pytest.raises(PublishError, match="refused by its checks"):
        publish.publish("audio")
    assert builds.published("audio") == good

    suite.write_text("name: other\n")
    with pytest.raises(CheckFailed, match=r"audio_fittings\.yml is not a suite"):
        check(store, [warned], project=project)


def test_a_mart_that_differs_from_the_lake_by_one_cent_is_refused(project: Path, store: Store, land: Land) -> None:
    land(range(10))
    land(range(3), price_eur=Decimal("10.10"))
    land(range(1), _deleted=True)
    assert reconciled(store, project) == {
        "audio.lake.audio_fittings": ("passed", "14 versions in the lake, 14 in the build"),
        "fct_audio_fittings": ("passed", "9 in the lake, 9 in fct_audio_fittings; price_eur: 6,670.90 and 6,670.90"),
    }
    fact = project / "models" / "marts" / "audio" / "fct_audio_fittings.sql"
    whole = fact.read_text()
    cent = "cast(case when fitting_id = 'AP5' then price_eur - 0.01 else price_eur end as decimal(18, 2)) as price_eur"
    fact.write_text(whole.replace("price_eur", cent))
    assert reconciled(store, project)["fct_audio_fittings"] == (
        "blocked",
        "9 in the lake, 9 in fct_audio_fittings; price_eur: 6,670.90 and 6,670.89",
    )
    fact.write_text(whole + " where fitting_id <> 'AP5'")
    assert reconciled(store, project)["fct_audio_fittings"] == (
        "blocked",
        "9 in the lake, 8 in fct_audio_fittings; price_eur: 6,670.90 and 5,720.80",
    )
    described = fact.with_suffix(".yml")
    leaves_out = "{reconciles: [audio_fittings], leaves_out: \"fitting_id = 'AP5'\"}"
    described.write_text(described.read_text().replace("{reconciles: [audio_fittings]}", leaves_out))
    assert reconciled(store, project)["fct_audio_fittings"] == (
        "passed",
        "9 in the lake, 8 in fct_audio_fittings; 1 left out where fitting_id = 'AP5'; price_eur: 6,670.90 and 6,670.90",
    )


def test_a_mirror_that_lost_a_record_or_changed_one_is_refused(
    project: Path, store: Store, land: Land, mirror: Callable[..., Path]
) -> None:
    land(range(10))
    mirror(1, range(9))
    lost = reconciled(store, project)["audio.lake.audio_fittings"]
    assert lost == ("blocked", "10 versions in the lake, 9 in the build")
    mirror(1, range(10), _hash=7)
    changed = reconciled(store, project)["audio.lake.audio_fittings"]
    assert changed == ("blocked", "10 versions in the lake, 10 in the build, whose contents differ")
