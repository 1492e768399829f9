"""A rollback holds: no run shows again what somebody rolled back from, nor the same made once more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from lake import builds, doctor, publish
from lake import run as runs
from lake import status as room
from lake.build import outdated
from lake.builds import Build
from lake.cli import app
from lake.errors import PublishError
from lake.store import Store
from tests.integration.build.test_publish import START, put


def as_run(store: Store, build: Build) -> tuple[str, str | None, str]:
    """What a run does with a build that passed: state of the line, the build that readers see, what else is to know."""
    recorder = runs._Recorder(store, [build.line])
    runs._publish(recorder, [build], lambda step, what, done, total: None)
    outcome = recorder.run.lines[build.line]
    return outcome.state, outcome.build, outcome.note


def same_as(build: Build, nth: int) -> Build:
    """The same made once more, as `lake run --force` does."""
    again = replace(put("passed", nth), fingerprint=build.fingerprint)
    builds.save(again)
    return again


def test_no_run_undoes_a_rollback_until_another_build_passes(store: Store) -> None:
    first, second = put("passed", 0), put("passed", 1)
    assert as_run(store, second) == ("published", second.id, "")
    publish.rollback("audio", by="Ana as analyst")
    state, seen, note = as_run(store, second)
    assert (state, seen) == ("held", first.id)
    assert note.startswith(f"rolled back from {second.id} by Ana as analyst at ")
    assert as_run(store, same_as(second, 2))[:2] == ("held", first.id), "the same made once more"
    third = put("passed", 3)
    assert as_run(store, third) == ("published", third.id, "")
    assert builds.rolled_back("audio") is None
    assert as_run(store, third) == ("unchanged", third.id, "")


def test_somebody_who_publishes_ends_it(store: Store) -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    publish.rollback("audio")
    assert publish.publish("audio", unattended=True) == first
    assert publish.publish("audio") == second
    assert builds.rolled_back("audio") is None
    assert as_run(store, second)[0] == "unchanged"


def test_an_earlier_build_that_somebody_publishes_is_a_rollback_too_and_all_after_it_stay_away(store: Store) -> None:
    made = [put("passed", nth) for nth in range(4)]
    publish.publish("audio")
    publish.publish("audio", made[2].id, by="Bea")
    publish.rollback("audio", by="Cleo")
    back = builds.rolled_back("audio")
    assert back
    assert (builds.published("audio"), back.build, back.by) == (made[1], made[3].id, "Cleo")
    assert set(back.builds) == {made[2].id, made[3].id}
    assert as_run(store, same_as(made[2], 5))[:2] == ("held", made[1].id)
    assert publish.publish("audio", made[2].id, by="Bea") == made[2], "forward, but not to the newest"
    assert as_run(store, made[3])[:2] == ("held", made[2].id)


def test_a_build_that_passed_and_was_never_shown_is_not_kept_away(store: Store) -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio", first.id)
    assert builds.rolled_back("audio") is None
    assert as_run(store, second)[0] == "published"


def test_readers_of_a_damaged_build_are_not_shown_what_was_rolled_back_from(store: Store) -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    publish.rollback("audio")
    first.database.unlink()
    assert builds.published("audio") is None
    with pytest.raises(PublishError, match="sent back to is damaged or gone"):
        publish.publish("audio", second.id, unattended=True)
    assert publish.publish("audio", second.id) == second


def test_commands_say_who_rolled_back_from_what_and_when() -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    done = CliRunner().invoke(app, ["rollback", "audio"])
    assert done.exit_code == 0, done.output
    assert f"audio: {first.id} is published\naudio: rolled back from {second.id} by " in done.output
    mart = room._mart("audio", START)
    assert mart.rolled_back == builds.rolled_back("audio")
    (finding,) = doctor._mart(mart)
    assert (finding.level, finding.what) == ("warning", f"{mart.rolled_back}.")
    listed = CliRunner().invoke(app, ["builds", "audio"]).output
    assert f"audio: rolled back from {second.id} by " in listed
    assert f"{second.id}  passed, kept away" in listed


def test_the_group_says_that_it_does_not_follow_a_line_until_it_is_made_anew() -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    group = replace(put("passed", 2, "group"), made_from={"audio": second.id})
    builds.save(group)
    (group.folder / "audio.duckdb").hardlink_to(second.database)
    publish.publish("group")
    done = CliRunner().invoke(app, ["rollback", "audio"])
    assert "group: is made from the build of 'audio' that readers saw before; `lake run group`" in done.output
    assert builds.published("audio") == first
    assert outdated(group) == ("audio",)
