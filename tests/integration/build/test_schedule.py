"""The schedule: on time, missed runs caught up once, one line's failure its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

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
    schedule._job("audio", memory, lambda line: 128 + signal.SIGTERM)
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
