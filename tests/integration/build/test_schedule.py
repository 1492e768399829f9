"""The schedule: on time, missed runs caught up once, one line's failure its own."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shared import case

from lake import schedule
from lake.errors import SettingsError
from lake.schedule import Memory, Schedule
from lake.settings import MARTS, settings

DAILY = Schedule(lines={"audio": "15 5 * * *", "dental": "30 5 * * mon-fri"})


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll for a condition, with a bound."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_cron_lines_are_in_paris_winter_and_summer() -> None:
    winter = schedule.due(DAILY, {}, datetime(2026, 1, 9, 12, tzinfo=UTC))
    assert winter["audio"].astimezone(UTC) == datetime(2026, 1, 10, 4, 15, tzinfo=UTC)
    assert winter["dental"].astimezone(UTC) == datetime(2026, 1, 12, 4, 30, tzinfo=UTC), "the 10th is a Saturday"
    summer = schedule.due(DAILY, {}, datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert summer["audio"].astimezone(UTC) == datetime(2026, 7, 2, 3, 15, tzinfo=UTC)


def times(cron: str, start: datetime, count: int) -> list[str]:
    """The first times of a cron line after an instant, as clocks in Paris show them."""
    trigger, found, at = Schedule(lines={"audio": cron}).trigger("audio"), [], None
    for _ in range(count):
        at = trigger.get_next_fire_time(at, at or start.astimezone(schedule.ZONE))
        assert at is not None
        found.append(at.isoformat(timespec="minutes"))
    return found


def test_a_nightly_job_runs_once_on_the_night_of_25_hours() -> None:
    before = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert times("30 2 * * *", before, 2) == ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]
    assert times("0 2,3 * * *", before, 2) == ["2026-10-25T02:00+02:00", "2026-10-25T03:00+01:00"]
    assert times("0 * * * *", before, 5)[2:] == [
        f"2026-10-25T0{hour}" for hour in ("2:00+02:00", "2:00+01:00", "3:00+01:00")
    ]


def test_a_nightly_job_runs_once_on_the_night_of_23_hours() -> None:
    before = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert times("30 2 * * *", before, 2) == ["2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"]
    assert times("30 2,3 * * *", before, 2) == ["2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"]


@pytest.mark.parametrize("minute", [50, 70, 110])
def test_a_nightly_job_that_ran_is_not_run_again_after_a_restart_in_the_hour_that_comes_twice(minute: int) -> None:
    first = datetime(2026, 10, 25, 0, 30, 1, tzinfo=UTC)
    nightly = Schedule(lines={"audio": "30 2 * * *"})
    at = schedule.due(nightly, {"audio": first}, datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=minute))
    assert at["audio"].astimezone(UTC) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    missed = schedule.due(nightly, {"audio": first - timedelta(days=1)}, first + timedelta(minutes=minute))
    assert missed["audio"].astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "the first one was missed"


def test_the_night_job_of_the_case_runs_once(capsys: pytest.CaptureFixture[str]) -> None:
    simulated = runpy.run_path(str(case("20-night-job-runs-twice") / "dst.py"))["sim"]
    capsys.readouterr()
    start = datetime(2026, 10, 24, 23, 40, tzinfo=schedule.ZONE)
    assert simulated("30 2 * * *", start, 24) == ["2026-10-25T02:30:00+02:00"]


def test_a_last_run_that_is_yet_to_come_keeps_no_line_waiting() -> None:
    now = datetime(2026, 1, 9, 12, tzinfo=UTC)
    clock_was_wrong = {"audio": now + timedelta(days=4000)}
    assert schedule.due(DAILY, clock_was_wrong, now)["audio"] == schedule.due(DAILY, {}, now)["audio"]


@pytest.mark.parametrize("text", ["", "{", '{"audio": 5}', '{"audio": "yesterday"}', "[]", "\0" * 40])
def test_a_damaged_memory_runs_every_line_once_and_is_made_anew(tmp_path: Path, text: str) -> None:
    now, path = datetime.now(UTC), tmp_path / "schedule.json"
    path.write_text(text)
    memory = Memory(path)
    assert all(at < now for at in schedule.due(DAILY, memory.read(), now).values())
    memory.write("audio", now)
    at = schedule.due(DAILY, memory.read(), now)
    assert at["audio"] > now > at["dental"], "the others are still due"


def test_a_run_that_hangs_is_stopped_and_is_not_taken_for_our_own_stop(tmp_path: Path) -> None:
    processes = schedule.Processes(Schedule(lines={}, limit_hours=1e-9))
    assert processes.run("audio") in (-signal.SIGTERM, 128 + signal.SIGTERM)


def test_a_run_that_does_not_heed_our_stop_is_killed_with_its_children_and_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_STOP_SECONDS", 0.1)
    processes = schedule.Processes(Schedule(lines={}))
    heard = tmp_path / "child"
    processes._command = ["bash", "-c", f"trap '' TERM; sleep 600 & echo $! > {heard}; wait"]
    memory = Memory(tmp_path / "schedule.json")
    running = threading.Thread(target=schedule._job, args=("audio", memory, processes.run))
    running.start()
    until(lambda: heard.exists() and heard.read_text().endswith("\n"))
    processes.stop()
    running.join()
    assert memory.read() == {}
    until(lambda: not alive(int(heard.read_text())))


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_runs_missed_for_days_are_caught_up_by_one_and_a_failure_is_its_own(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    memory = Memory(tmp_path / "schedule.json")
    for line in ("audio", "finance"):
        memory.write(line, now - timedelta(days=10))
    hour = (now.astimezone(schedule.ZONE).hour + 12) % 24  # half a day from now: none is due while this runs
    lines = {"audio": f"15 {hour} * * *", "finance": f"45 {hour} * * *", "optical": f"30 {hour} * * *"}
    ran: Counter[str] = Counter()

    def runner(line: str) -> int:
        ran[line] += 1
        if line == "audio":
            raise OSError("out of disk")
        return 0

    for _ in range(2):  # and a restart does not run them again
        up = schedule.scheduler(Schedule(lines=lines), memory, runner)
        up.start()
        until(lambda up=up: all(job.next_run_time > now for job in up.get_jobs()))
        up.shutdown(wait=True)
    assert ran == {"audio": 1, "finance": 1}, "ten missed runs are one; a line that never ran is not late"
    assert all(at >= now for at in memory.read().values())


def test_a_run_that_the_schedule_stopped_is_caught_up_at_the_next_start(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "schedule.json")
    before = datetime.now(UTC) - timedelta(days=2)
    memory.write("audio", before)
    schedule._job("audio", memory, lambda line: None)
    assert memory.read()["audio"] == before
    schedule._job("audio", memory, lambda line: 3)
    assert memory.read()["audio"] > before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lines: {audio: '15 5 * *'}", "Wrong number of fields"),
        ("lines: {audio: '15 25 * * *'}", "higher than the maximum"),
        ("lines: {audio: '15 5 * * 1'}", "name the weekday"),
        ("lines: {udio: '15 5 * * *'}", "Did you mean audio"),
        ("line: {}", "lines"),
        ("{", "not a schedule"),
    ],
)
def test_a_schedule_that_is_wrong_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=why):
        schedule.load(path)


def test_the_schedule_that_is_shipped_has_every_line_and_the_group_after_them() -> None:
    shipped = schedule.load(settings().schedule)
    assert tuple(shipped.lines) == MARTS
    midnight = datetime(2026, 1, 5, tzinfo=UTC)
    at = schedule.due(shipped, dict.fromkeys(MARTS, midnight), midnight)
    assert max(at, key=lambda line: at[line]) == "group"


def test_sigterm_stops_it_cleanly(tmp_path: Path, mongo_settings: str) -> None:
    (tmp_path / "schedule.yml").write_text("lines: {audio: '0 3 1 1 *'}")
    process = subprocess.Popen(
        [sys.executable, "-c", "from lake.cli import main; main()", "schedule"],
        env={**os.environ, "LAKE_SCHEDULE": str(tmp_path / "schedule.yml")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("audio")
    until(lambda: (settings().runs / "schedule.json").exists())
    process.terminate()
    _, logged = process.communicate(timeout=60)
    assert process.returncode == 0, logged
    assert "schedule.stopped" in logged
