"""One screen of what is there, and what is wrong with the set-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lake import builds, contracts, doctor, publish
from lake import status as room
from lake.cli import app
from lake.doctor import Finding
from lake.settings import PROJECT, settings
from lake.store import Store

#: dbt and Great Expectations take seconds to start, more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Land = Callable[..., None]


@pytest.fixture
def tiny_catalogue(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    known = contracts.catalogue(project / "contracts")
    for module in (room, doctor.contracts):
        monkeypatch.setattr(module, "catalogue", lambda: known)
    return project


def test_status_says_what_is_there_how_fresh_and_what_the_mirror_lacks(
    tiny_catalogue: Path, store: Store, land: Land
) -> None:
    land(range(10))
    contract = contracts.load(tiny_catalogue / "contracts" / "audio" / "fittings.yaml")
    (source,) = room.status(store).sources
    assert (source.name, source.batches, source.records, source.quarantined, source.behind) == (
        "audio_fittings",
        1,
        10,
        0,
        0,
    )
    assert source.landed_at == store.committed_batches(contract.name)[0].committed_at
    for path in (settings().mirror / contract.name).glob("*.parquet"):
        path.unlink()
    with store.lease("run:audio"):
        found = room.status(store)
    assert found.sources[0].behind == 10
    assert [holding.name for holding in found.leases] == ["run:audio"]
    assert {mart.line: mart.published for mart in found.marts} == dict.fromkeys(settings_lines(), None)
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0, shown.output
    assert "10 behind" in shown.output
    assert "nothing is published" in shown.output


def settings_lines() -> tuple[str, ...]:
    return room.MARTS


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.topic: finding.level for finding in findings}


def test_doctor_finds_what_is_wrong_and_says_what_to_do(
    tiny_catalogue: Path, store: Store, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(range(1))
    project = tiny_catalogue
    (project / ".streamlit").mkdir()
    (project / ".streamlit" / "config.toml").write_text("[browser]\ngatherUsageStats = false\n")
    findings = list(doctor.examine(project))
    expected = {"mart audio": "warning", "mart dental": "warning"}  # nothing is published yet
    assert {t: level for t, level in levels(findings).items() if t in expected} == expected
    assert {level for topic, level in levels(findings).items() if not topic.startswith("mart")} == {"fine"}

    settings().secrets.mkdir(mode=0o700)
    (settings().secrets / "pseudonym.key").touch(mode=0o644)
    (settings().secrets / "pseudonym.key").chmod(0o644)
    sources_file = project / "models" / "staging" / "audio" / "_audio__sources.yml"
    sources_file.write_text(sources_file.read_text("utf-8") + "# by hand\n", "utf-8")
    (project / "models" / "marts" / "audio" / "broken.sql").write_text("select * from {{ ref('nothing_such') }}")
    (project / ".streamlit" / "config.toml").write_text("")
    policy = project / "policy.yml"
    policy.write_text("roles: 3")
    monkeypatch.setenv("LAKE_POLICY", str(policy))
    monkeypatch.setenv("LAKE_SCHEDULE", str(project / "none.yml"))
    settings.cache_clear()
    wrong = {f.topic: f for f in doctor.examine(project) if f.level == "wrong"}
    assert set(wrong) == {"secrets", "dbt sources", "dbt project", "usage reports", "policy", "schedule"}
    assert all(finding.remedy for finding in wrong.values())
    assert "nothing_such" in wrong["dbt project"].what
    assert "chmod go-rwx" in wrong["secrets"].remedy


def test_stale_data_and_a_refused_build_are_said(tmp_path: Path) -> None:
    from tests.integration.build.test_publish import put

    old = put("passed", 0)
    publish.publish("audio")
    assert old.as_of is not None
    assert not room.is_stale(old, old.as_of + timedelta(hours=35))
    assert room.is_stale(old, old.as_of + timedelta(hours=37))
    assert room._mart("audio", old.as_of + timedelta(hours=37)).is_stale
    (stale,) = doctor._mart(room._mart("audio", old.as_of + timedelta(hours=37)))
    assert stale.level == "warning"
    refused = put("refused", 1)
    assert builds.newest("audio", "refused") == refused
    now = room._mart("audio", old.as_of)
    assert [f.level for f in doctor._mart(now)] == ["wrong"]
    assert [f.level for f in doctor._mart(replace(now, newest=replace(refused, status="passed")))] == ["fine"]


@pytest.mark.parametrize(
    ("name", "value", "topic"),
    [
        ("LAKE_THREADS", "many", "settings"),
        ("LAKE_MEMORY_GB", "-1", "settings"),
        ("LAKE_DATA", __file__, "data folder"),
    ],
)
def test_doctor_goes_on_after_what_is_wrong(name: str, value: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    settings.cache_clear()
    found = levels(list(doctor.examine()))
    assert [t for t, level in found.items() if level == "wrong"] == [topic]
    assert {"Python", "contracts", "dbt sources", "expectations", "usage reports"} < set(found)
    shown = CliRunner().invoke(app, ["doctor"])
    assert (shown.exit_code, type(shown.exception)) == (1, SystemExit)


def test_what_breaks_while_doctor_looks_is_a_finding() -> None:
    def broken() -> Iterator[Finding]:
        yield Finding("lake", "fine", "first")
        raise KeyError("nothing such")

    assert [(f.topic, f.level) for f in doctor._guarded("lake", broken)] == [("lake", "fine"), ("lake", "wrong")]


def test_the_project_itself_passes_what_needs_no_lake() -> None:
    assert doctor._declarations(PROJECT).level == "fine"
    assert {finding.level for finding in doctor._telemetry(PROJECT)} == {"fine"}
    assert doctor._python().level == "fine"
