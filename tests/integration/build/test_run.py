"""Runs: a failure at any step leaves what is published and says why; one run at a time; a record of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace as changed
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from lake import build as building
from lake import builds, contracts, mirror, publish
from lake import run as runs
from lake.cli import app
from lake.errors import CheckFailed, ContractError, LeaseHeld, MirrorError, PublishError, StoreUnavailable
from lake.run import Run
from lake.store import Store

#: dbt and Great Expectations take seconds to start, more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Land = Callable[..., None]


def revenue() -> Decimal:
    """What readers see now."""
    build = builds.published("audio")
    assert build is not None
    with duckdb.connect(build.database, read_only=True) as con:
        (total,) = con.execute("select sum(price_eur) from atomic.fct_audio_fittings").fetchall()[0]
    return Decimal(total)


def counts(run: Run) -> dict[str, dict[str, int]]:
    return {step.name: step.counts for step in run.steps}


def test_a_failure_at_any_step_leaves_what_is_published_and_says_why(
    project: Path, store: Store, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(project / "expectations")  # test_checks.py has them; the reconciliation is enough here
    land(range(10))
    told: list[str] = []
    first = runs.run(store, ["audio"], project=project, report=lambda step, what, done, total: told.append(step))
    assert (first.state, first.exit_code) == ("published", 0)
    assert counts(first)["build"] == {"built": 1, "reused": 0, "failed": 0}
    assert counts(first)["check"] == {"passed": 4, "warned": 0, "blocked": 0}
    assert set(told) == {"mirror", "build", "check", "publish"}
    good = builds.published("audio")
    assert good is not None
    assert good.id == first.lines["audio"].build
    assert revenue() == 10 * Decimal("950.10")

    again = runs.run(store, ["audio"], project=project)
    assert (again.state, again.exit_code, again.lines["audio"].build) == ("unchanged", 0, good.id)
    land(range(10), price_eur=Decimal("1000.00"))

    # land
    def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("MongoDB does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "land", down)
        with pytest.raises(StoreUnavailable):
            runs.run(store, ["audio"], paths=["incoming"], project=project)
    assert failed(store, "land") == 69

    # mirror
    def broken(*_: object, **__: object) -> None:
        raise MirrorError("MongoDB gave 9 records, whose commits say 10.")

    with monkeypatch.context() as patch:
        patch.setattr(mirror, "mirror", broken)
        outcome = runs.run(store, ["audio"], project=project)
    assert outcome.exit_code == 1
    assert "whose commits say 10" in (outcome.lines["audio"].error or "")
    assert "build" not in counts(outcome), "there is nothing to build"

    # build
    fact = project / "models" / "marts" / "audio" / "fct_audio_fittings.sql"
    whole = fact.read_text()
    fact.write_text(whole.replace("select fitting_id", "select nothing_such as fitting_id"))
    outcome = runs.run(store, ["audio"], project=project)
    assert outcome.exit_code == 1
    assert "nothing_such" in (outcome.lines["audio"].error or "")

    # check
    fact.write_text(whole + " where fitting_id <> 'AP3'")
    outcome = runs.run(store, ["audio"], project=project)
    assert outcome.exit_code == CheckFailed.exit_code == 3
    assert "10 in the lake, 9 in fct_audio_fittings" in (outcome.lines["audio"].error or "")
    assert outcome.lines["audio"].build == good.id, "the one that readers see"

    # publish
    fact.write_text(whole)

    def full(line: str, build_id: str, **_: object) -> None:
        raise PublishError("No space is left.")

    with monkeypatch.context() as patch:
        patch.setattr(publish, "publish", full)
        outcome = runs.run(store, ["audio"], project=project)
    assert outcome.lines["audio"].error == "No space is left."

    assert builds.published("audio") == good
    assert revenue() == 10 * Decimal("950.10")
    last = runs.run(store, ["audio"], project=project)
    assert last.state == "published"
    assert revenue() == 10 * Decimal("1000.00")
    kept = runs.last_runs(store)
    assert [run.state for run in kept] == ["published", *["failed"] * 5, "unchanged", "published"]
    assert (kept[0].id, kept[0].steps, kept[0].lines) == (last.id, last.steps, last.lines)


def test_files_that_are_refused_stop_no_line_and_show_in_the_exit_code_and_the_record(
    project: Path, store: Store, land: Land, tmp_path: Path
) -> None:
    shutil.rmtree(project / "expectations")
    land(range(10))
    (tmp_path / "unknown.csv").write_text("a;b\n1;2\n")
    paths = [str(tmp_path / "unknown.csv"), str(tmp_path / "none" / "*.csv")]
    done = runs.run(store, ["audio"], paths=paths, project=project)
    assert (done.lines["audio"].state, done.exit_code) == ("published", runs.REFUSED_FILES)
    assert runs.REFUSED_FILES == 65
    assert counts(done)["land"]["refused_files"] == 2
    (kept,) = runs.last_runs(store)
    assert kept.refused == done.refused
    assert kept.exit_code == 65
    assert [file.partition(": ")[0] for file in kept.refused] == paths
    assert "is of no known source" in kept.refused[0]
    worse = changed(done, lines={"audio": runs.LineOutcome("failed", exit_code=3)})
    assert worse.exit_code == 3, "what keeps a line from being up to date comes first"


def failed(store: Store, step: str) -> int:
    """The exit code that the newest run's record gives its line; the record names the step."""
    newest = runs.last_runs(store, 1)[0]
    assert newest.state == "failed"
    assert newest.steps[-1].name == step
    assert newest.steps[-1].error
    assert newest.ended_at
    return newest.exit_code


def test_a_second_run_of_a_line_is_told_who_holds_it_and_does_nothing(project: Path, store: Store) -> None:
    with store.lease("run:audio"), pytest.raises(LeaseHeld, match=r"'run:audio' is held by process \d+ on"):
        runs.run(store, ["dental", "audio"], project=project)
    assert runs.last_runs(store) == []
    with store.lease("run:dental"):
        pass


def test_a_run_that_was_killed_is_marked_by_the_next_one(
    project: Path, store: Store, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs._Recorder(store, ["audio", "dental"])  # what a killed process leaves: a record, and a lease that is over
    other = runs._Recorder(store, ["finance"])

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_mirror", stop)
    with pytest.raises(KeyboardInterrupt):
        runs.run(store, ["audio"], project=project)

    def states() -> dict[tuple[str, ...], str]:
        return {tuple(run.lines): run.state for run in runs.last_runs(store)}

    with store.lease("run:finance"):
        assert states() == {("audio",): "failed", ("audio", "dental"): "killed", ("finance",): "running"}
    assert states()["finance",] == "killed", "it holds no lease any more, and did not end"
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0, shown.output
    assert runs.last_runs(store, 1)[0].lines["audio"].error == "It was told to stop."
    assert other.run.exit_code == 0


def test_a_broken_contract_stops_only_its_own_line(
    project: Path, store: Store, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(project / "expectations")
    land(range(10))
    (project / "contracts" / "dental").mkdir()
    (project / "contracts" / "dental" / "acts.yaml").write_text("kind: DataContract\n", "utf-8")
    monkeypatch.setattr("lake.contracts.FOLDER", project / "contracts")
    contracts._survey.cache_clear()
    done = runs.run(store, ["dental", "audio"], project=project)
    assert {line: one.state for line, one in done.lines.items()} == {"dental": "failed", "audio": "published"}
    assert done.exit_code == 1
    assert "dental/acts.yaml can't drive a source" in str(done.lines["dental"].error)
    (outcome,) = building.build_lines(["dental"], project=project)
    assert isinstance(outcome.error, ContractError)
