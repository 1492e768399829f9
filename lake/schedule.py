"""The schedule: each line is run on its own cron line, in Europe/Paris, for as long as `lake schedule` is up.

One line runs at a time, in a process of its own (`lake run LINE`): one that fails or hangs on to memory does not touch
the others, nor the schedule. When a run ends, its line's time is written to `<data>/runs/schedule.json`; what was
missed while the schedule was down, or while the machine slept, is caught up by one run.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

import yaml
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from lake.builds import known_line, write_whole
from lake.errors import SettingsError, UnknownLine
from lake.settings import settings

log = logging.getLogger(__name__)

ZONE = ZoneInfo("Europe/Paris")

#: How long a run that is going on may take to stop when the schedule is told to.
_STOP_SECONDS = 30.0

#: Runs one line; returns the exit code of `lake run`.
Runner = Callable[[str], int]


class Schedule(BaseModel):
    """Cron lines by line, and what every run lands first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: dict[str, str]
    land: tuple[str, ...] = ()

    @field_validator("lines")
    @classmethod
    def _valid(cls, lines: dict[str, str]) -> dict[str, str]:
        for line, cron in lines.items():
            known_line(line)
            CronTrigger.from_crontab(cron, timezone=ZONE)
            if any(character.isdigit() for character in cron.split()[4]):
                raise ValueError(f"'{cron}': name the weekday (mon … sun), its numbers don't mean the same everywhere")
        return lines

    def trigger(self, line: str) -> CronTrigger:
        return CronTrigger.from_crontab(self.lines[line], timezone=ZONE)


def load(path: Path) -> Schedule:
    """The schedule of a file.

    Raises:
        SettingsError: it can't be read, or a cron line is wrong.
    """
    try:
        return Schedule.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError, UnknownLine) as error:
        raise SettingsError(f"{path} is not a schedule: {error}", remedy="LAKE_SCHEDULE names the file.") from error


def due(schedule: Schedule, last: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """When each line runs next. A time in the past means that runs were missed: one is due at once.

    A line that never ran is not late: it runs at its next time.
    """
    return {
        line: schedule.trigger(line).get_next_fire_time(None, last.get(line, now).astimezone(ZONE))
        for line in schedule.lines
    }


class Memory:
    """When each line was last run by a schedule, kept over restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def read(self) -> dict[str, datetime]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return {line: datetime.fromisoformat(at) for line, at in kept.items()}

    def write(self, line: str, at: datetime) -> None:
        with self._lock:
            kept = {**self.read(), line: at}
            write_whole(self._path, json.dumps({name: when.isoformat() for name, when in kept.items()}))


def scheduler(schedule: Schedule, memory: Memory, runner: Runner) -> BackgroundScheduler:
    """A scheduler with a job per line, not started yet."""
    made = BackgroundScheduler(
        timezone=ZONE,
        executors={"default": ThreadPoolExecutor(1)},
        # However late and however many were missed: once.
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    now, last = datetime.now(UTC), memory.read()
    for line, at in due(schedule, last, now).items():
        if line not in last:
            memory.write(line, now)
        log.info("schedule.next line=%s at=%s missed=%s", line, at.isoformat(timespec="minutes"), at < now)
        made.add_job(_job, schedule.trigger(line), args=(line, memory, runner), id=line, next_run_time=at)
    return made


def serve(schedule: Schedule) -> None:
    """Stay up until SIGTERM or SIGINT; a run that is going on is then told to stop and waited for."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    processes = _Processes(schedule.land)
    made = scheduler(schedule, Memory(settings().runs / "schedule.json"), processes.run)
    made.start()
    stopped.wait()
    log.info("schedule.stopping")
    made.pause()
    processes.stop()
    made.shutdown(wait=True)
    log.info("schedule.stopped")


def _job(line: str, memory: Memory, runner: Runner) -> None:
    """Run one line and remember it, also if it failed: the next try is at its next time."""
    began = datetime.now(UTC)
    log.info("schedule.start line=%s", line)
    try:
        code = runner(line)
    except Exception:
        log.exception("schedule.failed line=%s", line)
    else:
        level = logging.INFO if code == 0 else logging.ERROR
        log.log(level, "schedule.end line=%s exit_code=%d", line, code)
        if code == -signal.SIGTERM or code == 128 + signal.SIGTERM:
            return  # stopped by us: it is caught up at the next start
    memory.write(line, began)


class _Processes:
    """Runs `lake run LINE`, one at a time, and can stop the one that is going on."""

    def __init__(self, land: tuple[str, ...]) -> None:
        self._land = [argument for path in land for argument in ("--land", path)]
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    def run(self, line: str) -> int:
        with self._lock:
            if self._is_stopping:
                return -signal.SIGTERM
            # In a session of its own: Ctrl-C reaches the schedule, which then stops it.
            self._running = subprocess.Popen(
                [sys.executable, "-c", "from lake.cli import main; main()", "run", line, *self._land],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._running.wait()

    def stop(self) -> None:
        with self._lock:
            self._is_stopping = True
            running = self._running
        if running and running.poll() is None:
            running.terminate()
            try:
                running.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()  # nothing half-done stays visible; the next run marks it as killed
