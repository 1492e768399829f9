"""The pointer: only what passed, in order, kept long enough, and back again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from lake import builds, checks, doctor, publish
from lake import status as room
from lake.builds import Build, Status
from lake.cli import app
from lake.errors import BuildError, LakeError, LeaseHeld, PublishError, UnknownBuild, UnknownLine
from lake.seals import seal
from lake.settings import settings

START = datetime(2026, 1, 5, 4, tzinfo=UTC)


def put(status: Status, nth: int, line: str = "audio", core_id: str | None = None) -> Build:
    """A build as `lake build` leaves it, made by hand."""
    place = builds.building(line)
    place.mkdir(parents=True)
    with duckdb.connect(place / f"{line}.duckdb") as con:
        con.execute(f"create table made as select {nth} as nth")
    if core_id:
        duckdb.connect(place / "core.duckdb").close()
    at = START + timedelta(hours=nth)
    made = Build(
        line=line,
        id=builds.new_id(at),
        folder=place,
        status=status,
        created_at=at,
        seconds=1.0,
        as_of=at,
        newest_event_on=at.date(),
        core_id=core_id,
        fingerprint=str(nth),
        code_version="0",
        files=seal(place, [f"{line}.duckdb", "core.duckdb"]),
    )
    builds.save(made)
    return builds.settle(made)


def ids(line: str = "audio") -> list[str]:
    return [b.id for b in builds.builds(line)]


def test_the_newest_build_is_published_and_the_last_five_stay() -> None:
    made = [put("passed", nth) for nth in range(7)]
    assert publish.publish("audio") == made[6]
    assert builds.published("audio") == made[6]
    assert ids() == [b.id for b in reversed(made[2:])]
    assert not (builds.building("audio").parent / "removed").exists()


def test_ids_sort_by_time_within_a_second_too() -> None:
    made = [builds.new_id(START + timedelta(milliseconds=n)) for n in range(2000)]
    assert made == sorted(made)


@pytest.mark.parametrize(
    ("status", "why"), [("built", "was not checked"), ("refused", "refused by its checks"), ("failed", "dbt.log")]
)
def test_a_build_that_did_not_pass_is_never_published(status: Status, why: str) -> None:
    good = put("passed", 0)
    publish.publish("audio")
    bad = put(status, 1)
    for build_id in (None, bad.id):
        with pytest.raises(PublishError, match=why):
            publish.publish("audio", build_id)
    with pytest.raises(PublishError, match=why):
        publish.rollback("audio", bad.id)
    assert builds.published("audio") == good


def test_going_back_and_forth_is_one_pointer_move() -> None:
    first, _, third = put("passed", 0), put("refused", 1), put("passed", 2)
    publish.publish("audio")
    assert publish.rollback("audio") == first
    assert builds.published("audio") == first
    with pytest.raises(PublishError, match="no earlier build that passed"):
        publish.rollback("audio")
    assert publish.publish("audio") == third
    assert publish.rollback("audio", first.id) == first
    with pytest.raises(UnknownBuild, match=f"'20200101T000000-abcdef'.*{first.id}.*See `lake builds audio`"):
        publish.rollback("audio", "20200101T000000-abcdef")


def test_a_build_of_another_line_or_a_path_is_no_build_of_this_one() -> None:
    own, other = put("passed", 0), put("passed", 1, "dental")
    publish.publish("audio")
    for id in (other.id, f"../dental/{other.id}", f"../../marts/audio/{own.id}", f"{own.id}/", "..", ".", "", "/"):
        for asked in (publish.rollback, publish.publish):
            if id:
                with pytest.raises(UnknownBuild):
                    asked("audio", id)
        with pytest.raises(UnknownBuild):
            builds.build("audio", id)
    for id in (f"../dental/{other.id}", "..", ""):  # a pointer that was written by hand
        builds.point("audio", id)
        assert builds.published_id("audio") is None
        assert builds.published("audio") == own, "what passed last"
        assert builds.pointer_fault("audio") == "published.json is damaged"
    assert publish.publish("audio") == own


def zeroed(path: Path) -> None:
    """What a bad disk leaves: the first 64 KB are zeros."""
    with path.open("r+b") as file:
        file.write(bytes(2**16))


def test_a_build_that_can_t_be_opened_is_neither_published_nor_gone_back_to() -> None:
    good, broken, last = put("passed", 0), put("passed", 1), put("passed", 2)
    publish.publish("audio")
    zeroed(broken.database)
    assert builds.damage(broken) == broken.database
    assert builds.damage(last) is None
    with pytest.raises(BuildError, match=f"{broken.id} of 'audio' can't be opened: audio.duckdb .*`lake run audio`"):
        publish.publish("audio", broken.id)
    assert publish.rollback("audio") == good
    (good.database).unlink()
    assert builds.damage(good) == good.database
    (status,) = (m for m in (room._mart("audio", START),) if m.faults)
    assert "audio.duckdb is damaged or gone: readers see nothing of the line" in status.faults[0].what
    assert [f.remedy for f in status.faults] == ["Run `lake run audio`, or `lake publish audio --build …` for another."]
    assert [f.level for f in doctor._mart(status)] == ["wrong"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"a"', "null", "\x00", '{"build": 3}'])
def test_a_damaged_file_of_one_line_is_said_and_stops_nothing_else(text: str, caplog: pytest.LogCaptureFixture) -> None:
    first, second, other = put("passed", 0), put("passed", 1), put("passed", 0, "dental")
    publish.publish("audio")
    publish.publish("dental")
    (second.folder / "build.json").write_text(text)
    (builds.folder("dental") / "published.json").write_text(text)

    assert builds.builds("audio") == [first]
    assert builds.damaged("audio") == [second.folder]
    assert builds.published("audio") == first, "readers see the one before"
    assert builds.published("dental") == other
    assert [r.getMessage().split()[0] for r in caplog.records if r.levelname == "WARNING"] == ["build.damaged"] * 2
    with pytest.raises(PublishError, match="is damaged"):
        builds.build("audio", second.id)
    audio, dental = room._mart("audio", START), room._mart("dental", START)
    assert audio.faults[0].remedy == f"Remove {second.folder}."
    assert audio.faults[1].what == f"build {second.id} is damaged or gone: readers see {first.id} instead."
    assert [f.what for f in dental.faults] == [f"published.json is damaged: readers see {other.id} instead."]
    assert [f.level for mart in (audio, dental) for f in doctor._mart(mart)] == ["wrong"] * 3
    listed = CliRunner().invoke(app, ["builds", "audio", "dental"])
    assert listed.exit_code == 0, listed.output
    assert f"{second.id}  damaged" in listed.output
    asked = CliRunner().invoke(app, ["query", "--metrics", "audio_net_sales_eur"])
    assert isinstance(asked.exception, LakeError), asked.output

    assert publish.publish("audio") == first
    assert publish.publish("dental") == other
    assert builds.published("dental") == other


def flipped(path: Path) -> None:
    """One bit is another, in a file whose size and time stay."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncated, emptied, Path.unlink, zeroed])
def test_readers_of_a_damaged_mart_see_the_one_before_and_status_says_so(damage: Callable[[Path], object]) -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    damage(second.database)
    assert builds.published("audio") == first
    (fault,) = room._mart("audio", START).faults
    assert fault.what == f"{second.database} is damaged or gone: readers see {first.id} instead."
    with pytest.raises(BuildError, match=r"audio\.duckdb is damaged or gone"):
        publish.publish("audio", second.id)


def test_a_flipped_bit_is_found_by_its_digest_and_then_readers_see_the_one_before() -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    flipped(second.database)
    assert builds.published("audio") == second, "a look at its size and time tells nothing"
    assert builds.damage(second) == second.database
    assert ["is damaged: it is not what was written" in f.what for f in doctor._mart(room._mart("audio", START))] == [
        True
    ]
    with pytest.raises(BuildError, match="damaged"):
        publish.publish("audio", second.id)
    assert builds.distrust(second) == second.database
    assert builds.published("audio") == first


def test_a_mart_that_came_back_from_a_backup_with_other_times_is_whole() -> None:
    good = put("passed", 0)
    publish.publish("audio")
    os.utime(good.database, ns=(0, 0))
    assert builds.published("audio") == good
    assert builds.damage(good) is None


def changed_json(path: Path, **changes: object) -> None:
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({k: v for k, v in {**document, **changes}.items() if v is not None}), "utf-8")


def test_what_a_newer_version_added_and_an_older_did_not_write_is_no_damage(caplog: pytest.LogCaptureFixture) -> None:
    older, newer = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    names = ("format", "files", "lake", "origins", "made_from", "failures", "core_id", "seconds", "checks")
    changed_json(older.folder / "build.json", **dict.fromkeys(names))
    checks = {"passed": 1, "warned": 0, "blocked": 0, "checked_at": START.isoformat(), "skipped": 3}
    changed_json(newer.folder / "build.json", invented={"a": 1}, checks=checks)
    changed_json(builds.folder("audio") / "published.json", invented=True, format=None)
    newest, oldest = builds.builds("audio")
    assert (newest.id, newest.checks and newest.checks.passed) == (newer.id, 1)
    assert oldest == changed(older, files={}, seconds=0.0)
    assert builds.published("audio") == newest
    assert room._mart("audio", START).faults == ()
    assert publish.rollback("audio").id == older.id, "a build without seals is opened instead"
    assert [r.getMessage() for r in caplog.records if r.levelname == "WARNING"] == []


def test_a_form_that_only_a_newer_version_reads_takes_no_line_from_its_readers() -> None:
    first, second = put("passed", 0), put("passed", 1)
    publish.publish("audio")
    changed_json(second.folder / "build.json", format=builds.FORMAT + 1)
    assert builds.published("audio") == first
    assert (builds.damaged("audio"), builds.newer("audio")) == ([], [second.folder])
    newer, pointer = room._mart("audio", START).faults
    assert newer.what == f"build {second.id} is of a newer version of this software."
    assert pointer.what == f"build {second.id} is of a newer version of this software: readers see {first.id} instead."
    changed_json(builds.folder("audio") / "published.json", format=builds.FORMAT + 1)
    assert builds.published("audio") == first
    assert publish.publish("audio") == first, "publishing writes the form of this version"


def test_results_of_checks_that_can_t_be_read_are_none_and_the_checks_run_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    build = put("passed", 0)
    one = {"kind": "expectation", "where": "w", "subject_fr": "s", "subject_en": "s", "says_fr": "x", "says_en": "x"}
    one |= {"severity": "warns", "outcome": "passed", "detail": "", "invented": 1}
    build.checks_file.write_text(json.dumps({"suites": "m", "results": [one]}), "utf-8")
    assert [r.outcome for r in checks.results(build)] == ["passed"]
    assert checks._kept_mark(build) == "m"
    for text in ("", "{", "[]", json.dumps({"format": checks.FORMAT + 1, "suites": "m", "results": [one]})):
        build.checks_file.write_text(text, "utf-8")
        assert checks.results(build) == []
        assert checks._kept_mark(build) is None
    assert len([r for r in caplog.records if r.getMessage().startswith("checks.damaged")]) == 8


def test_ids_are_whole_however_narrow_the_terminal() -> None:
    made = [put("passed", nth, line) for nth, line in enumerate(("audio", "childcare"))]
    for columns in ("30", "80", "200"):
        listed = CliRunner().invoke(app, ["builds"], env={"COLUMNS": columns}).output
        assert all(build.id in listed for build in made)
        assert listed.count("\n") == 3, "whole lines, where no terminal shows them"


def test_the_published_build_stays_however_old_and_so_does_the_core_of_a_kept_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LAKE_BUILDS_KEPT", "2")
    settings.cache_clear()
    cores = [put("built", nth, "core") for nth in range(4)]
    old = put("passed", 0, core_id=cores[0].id)
    publish.publish("audio")
    newer = [put("passed", nth, core_id=cores[3].id) for nth in range(1, 4)]
    publish.publish("audio", old.id)
    assert ids() == [newer[2].id, newer[1].id, old.id]
    assert ids("core") == [cores[3].id, cores[2].id, cores[0].id]


def test_what_failed_last_is_kept_to_look_into_and_goes_when_a_later_build_passed() -> None:
    put("failed", 0)
    good = put("passed", 1)
    failed = put("failed", 2)
    publish.publish("audio", good.id)
    assert ids() == [failed.id, good.id]
    last = put("passed", 3)
    publish.publish("audio")
    assert ids() == [last.id, good.id]


def test_a_reader_with_an_old_build_open_keeps_it_when_its_files_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUILDS_KEPT", "1")
    settings.cache_clear()
    old = put("passed", 0)
    publish.publish("audio")
    with duckdb.connect(old.database, read_only=True) as reader:
        put("passed", 1)
        publish.publish("audio")
        assert old.id not in ids()
        assert not old.folder.exists()
        assert reader.execute("select nth from made").fetchall() == [(0,)]
        now = builds.published("audio")
        assert now is not None
        with duckdb.connect(now.database, read_only=True) as other:
            assert other.execute("select nth from made").fetchall() == [(1,)]


def test_nothing_to_publish_and_an_unknown_line_say_so() -> None:
    assert builds.published("audio") is None
    with pytest.raises(PublishError, match="has no build"):
        publish.publish("audio")
    with pytest.raises(UnknownLine, match="Did you mean audio"):
        builds.known_line("audi")


def test_two_publications_of_a_line_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    with builds.alone("publish:audio"), pytest.raises(LeaseHeld, match="process"), builds.alone("publish:audio"):
        pass


def test_the_commands_publish_list_and_go_back() -> None:
    first, second, refused = put("passed", 0), put("passed", 1), put("refused", 2)

    def lake(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
        return done.exit_code, done.stdout

    for command in ("publish", "rollback"):
        denied = CliRunner().invoke(app, [command, "audio", "--as", "group-director"])
        assert type(denied.exception).__name__ == "AccessDenied"
    assert builds.published("audio") is None
    code, said = lake("publish", "audio")
    assert (code, "was refused by its checks" in said) == (1, True)
    assert lake("publish", "audio", "--build", second.id) == (0, f"audio: {second.id} is published\n")
    code, said = lake("rollback", "audio")
    assert (code, said.splitlines()[0]) == (0, f"audio: {first.id} is published")
    code, said = lake("builds", "audio")
    assert code == 0
    rows = [line.split() for line in said.splitlines()[1:-1]]
    assert [row[1:4] for row in rows] == [
        [refused.id, "refused", "2026-01-05"],
        [second.id, "passed,", "kept"],
        ["*", first.id, "passed"],
    ]
