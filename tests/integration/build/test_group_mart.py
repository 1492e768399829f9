"""The mart across lines: made from what is published of them, after them, and never in their way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from lake import build as building
from lake import builds, doctor, publish, status
from lake import run as runs
from lake.checks import results
from lake.errors import CheckFailed
from lake.run import Run
from lake.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Land = Callable[..., None]

FACT = """
select _key, structure_id, 'audio' as business_line, price_eur as revenue_eur, fitted_on
from {{ ref('fct_audio_fittings') }}
"""

DEFINED = """
version: 2
models:
  - name: fct_group_services
    description: One service.
    config: {meta: {revenue_of: {audio: audio_revenue_eur}}}
    columns:
      - {name: _key, data_type: blob}
      - {name: structure_id, data_type: varchar}
      - {name: business_line, data_type: varchar}
      - {name: revenue_eur, data_type: 'decimal(18,2)'}
      - {name: fitted_on, data_type: date}
"""


@pytest.fixture
def fact(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model of a group of one line, in the tiny project."""
    monkeypatch.setattr(building, "made_from", lambda mart: ("audio",) if mart == "group" else ())
    shutil.rmtree(project / "expectations")
    profiles = (project / "profiles.yml").read_text("utf-8").splitlines()
    others = ("alias: dental", "alias: optical", "alias: childcare")
    (project / "profiles.yml").write_text("\n".join(x for x in profiles if not any(o in x for o in others)), "utf-8")
    folder = project / "models" / "marts" / "group"
    folder.mkdir()
    (folder / "fct_group_services.yml").write_text(DEFINED, "utf-8")
    (folder / "group_services.sql").write_text("{{ secured('fct_group_services') }}", "utf-8")
    path = folder / "fct_group_services.sql"
    path.write_text(FACT, "utf-8")
    return path


def revenue() -> Decimal:
    """What readers of the group see now."""
    build = builds.published("group")
    assert build is not None
    with duckdb.connect(build.database, read_only=True) as con:
        return Decimal(con.execute("select sum(revenue_eur) from atomic.fct_group_services").fetchall()[0][0])


def outdated() -> tuple[str, ...]:
    build = builds.published("group")
    assert build is not None
    return building.outdated(build)


def states(run: Run) -> dict[str, str]:
    return {line: outcome.state for line, outcome in run.lines.items()}


def test_a_line_that_was_never_published_is_named_with_what_to_do(store: Store, project: Path, fact: Path) -> None:
    done = runs.run(store, ["group"], project=project)
    assert done.exit_code == 1
    error = done.lines["group"].error or ""
    assert "made from what is published of audio: of audio nothing is yet" in error
    assert "Run `lake run audio group`." in error
    assert builds.builds("group") == []
    assert not builds.building("group").exists()


def test_the_group_is_made_from_what_is_published_after_the_lines_of_its_run(
    store: Store, project: Path, fact: Path, land: Land
) -> None:
    land(range(10))
    first = runs.run(store, ["group", "audio"], project=project)  # in whatever order they are named
    assert states(first) == {"group": "published", "audio": "published"}
    assert [s.name for s in first.steps] == ["mirror", *["build", "check", "publish"] * 2]
    made, audio = builds.published("group"), builds.published("audio")
    assert made is not None
    assert audio is not None
    assert made.made_from == {"audio": audio.id}
    assert made.inputs == {}
    assert (made.as_of, made.newest_event_on) == (audio.as_of, audio.newest_event_on)
    assert revenue() == 10 * Decimal("950.10")
    (checked,) = [r for r in results(made) if r.subject_en == "audio_revenue_eur"]
    assert [(c.what, c.lake, c.build) for c in checked.compared] == [
        ("revenue_eur", "9501.00", "9501.00"),
        ("structures", "2", "2"),
    ]

    again = runs.run(store, ["audio", "group"], project=project)
    assert states(again) == {"audio": "unchanged", "group": "unchanged"}

    land(range(10), price_eur=Decimal("1000.00"))
    assert states(runs.run(store, ["audio"], project=project)) == {"audio": "published"}
    assert revenue() == 10 * Decimal("950.10"), "until the group is run"
    assert outdated() == ("audio",)
    assert states(runs.run(store, ["group"], project=project)) == {"group": "published"}
    assert revenue() == 10 * Decimal("1000.00")

    assert outdated() == ()
    assert states(runs.run(store, ["audio"], force=True, project=project)) == {"audio": "published"}
    assert outdated() == (), "the same again gives the same"

    publish.rollback("audio", audio.id)
    assert outdated() == ("audio",)
    mart = status._mart("group", datetime.now(UTC))
    assert mart.outdated == ("audio",)
    (finding,) = doctor._mart(mart)
    assert (finding.level, finding.remedy) == ("warning", "Run `lake run group`.")
    assert states(runs.run(store, ["group"], project=project)) == {"group": "published"}
    assert revenue() == 10 * Decimal("950.10"), "readers of the line and of the group see the same"


def test_what_fails_in_the_group_or_in_a_line_leaves_the_other_as_it_is(
    store: Store, project: Path, fact: Path, land: Land
) -> None:
    land(range(10))
    runs.run(store, ["audio", "group"], project=project)
    good = builds.published("group")

    fact.write_text(FACT.replace("price_eur as", "cast(price_eur + 0.01 as decimal(18, 2)) as"), "utf-8")
    land(range(10), price_eur=Decimal("1000.00"))
    refused = runs.run(store, ["audio", "group"], project=project)
    assert states(refused) == {"audio": "published", "group": "failed"}
    assert refused.exit_code == CheckFailed.exit_code == 3
    assert "10,000.00 published of audio, 10,000.10 in fct_group_services, 2 structures, of which 2 differ" in (
        refused.lines["group"].error or ""
    )
    assert builds.published("group") == good

    fact.write_text("select nothing_such", "utf-8")
    failed = runs.run(store, ["audio", "group"], project=project)
    assert states(failed) == {"audio": "unchanged", "group": "failed"}
    assert builds.published("group") == good

    fact.write_text(FACT, "utf-8")
    audio = project / "models" / "marts" / "audio" / "fct_audio_fittings.sql"
    audio.write_text("select nothing_such", "utf-8")
    halved = runs.run(store, ["audio", "group"], project=project)
    assert states(halved) == {"audio": "failed", "group": "published"}
    assert halved.exit_code == 1
    assert revenue() == 10 * Decimal("1000.00"), "of what readers see of the line"


def test_a_test_that_joins_a_line_and_the_group_is_the_group_s(
    store: Store, project: Path, fact: Path, land: Land
) -> None:
    (project / "tests" / "data" / "group_keeps_every_fitting.sql").write_text(
        "-- Nothing is lost.\nselect * from {{ ref('fct_audio_fittings') }} anti join {{ ref('fct_group_services') }} "
        "using (_key)",
        "utf-8",
    )
    land(range(10))
    assert states(runs.run(store, ["audio", "group"], project=project)) == {"audio": "published", "group": "published"}
    fact.write_text(f"{FACT} where false", "utf-8")
    failed = runs.run(store, ["audio", "group"], force=True, project=project)
    assert states(failed) == {"audio": "published", "group": "failed"}
    assert "group_keeps_every_fitting" in (failed.lines["group"].error or "")
