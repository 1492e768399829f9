"""The schedule: each line is run on its own cron line, in Europe/Paris, for as long as `lake schedule` is up.

One line runs at a time, in a process of its own (`lake run LINE`): one that fails or hangs on to memory does not touch
the others, nor the schedule; one that goes on for longer than the schedule's limit is stopped. When a run ends, its
line's time is written to `<data>/runs/schedule.json`; what was missed while the schedule was down, or while the machine
slept, is caught up by one run. A line that names its hours is run once at each, also on the night of 25 hours.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

import yaml
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lake.builds import known_line, write_whole
from lake.errors import SettingsError, UnknownLine
from lake.settings import MARTS, settings

log = logging.getLogger(__name__)

ZONE = ZoneInfo("Europe/Paris")

#: How long a run that is going on may take to stop when the schedule is told to.
_STOP_SECONDS = 30.0

#: When lines were last run of which nobody knows: long ago, so that they are due at once.
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)

#: Runs one line; returns the exit code of `lake run`, or None if we stopped it because we were told to stop.
Runner = Callable[[str], int | None]


class _Times(CronTrigger):  # type: ignore[misc]
    """The times of a cron line. One that names its hours has each of them once a day, as cron(8) does: on the night of
    25 hours the first 02:30, on that of 23 hours 03:30 in its stead."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        at = _real(super().get_next_fire_time(previous_fire_time, now))
        while at is not None and at.fold and self._names_hours():
            at = _real(super().get_next_fire_time(at, at))
        return at

    def _names_hours(self) -> bool:
        (hours,) = (field for field in self.fields if field.name == "hour")
        return not str(hours).startswith("*")


def _real(at: datetime | None) -> datetime | None:
    """The same instant as clocks show it: no hour that was skipped, and `fold` only where an hour comes twice."""
    return at and at.astimezone(UTC).astimezone(ZONE)


class Schedule(BaseModel):
    """Cron lines by line, what every run lands first, and how long a run may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: dict[str, str]
    land: tuple[str, ...] = ()
    limit_hours: float = Field(default=6.0, gt=0)

    @field_validator("lines")
    @classmethod
    def _valid(cls, lines: dict[str, str]) -> dict[str, str]:
        for line, cron in lines.items():
            known_line(line)
            _Times.from_crontab(cron, timezone=ZONE)
            if any(character.isdigit() for character in cron.split()[4]):
                raise ValueError(f"'{cron}': name the weekday (mon … sun), its numbers don't mean the same everywhere")
        return lines

    def trigger(self, line: str) -> CronTrigger:
        return _Times.from_crontab(self.lines[line], timezone=ZONE)


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

    A line that never ran is not late: it runs at its next time. Nor is one whose last run is yet to come, since the
    clock was put back.
    """
    return {
        line: schedule.trigger(line).get_next_fire_time(None, min(last.get(line, now), now).astimezone(ZONE))
        for line in schedule.lines
    }


class Memory:
    """When each line was last run by a schedule, kept over restarts.

    Where the file is damaged every line is due: a run too many changes nothing, one too few leaves old figures.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def read(self) -> dict[str, datetime]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return {line: datetime.fromisoformat(at).astimezone(UTC) for line, at in kept.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            log.warning("schedule.forgotten file=%s why=%s every line is run once", self._path, error)
            return dict.fromkeys(MARTS, _UNKNOWN)

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
    processes = Processes(schedule)
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
        if code is None:
            log.info("schedule.stopped line=%s it is caught up at the next start", line)
            return
        level = logging.INFO if code == 0 else logging.ERROR
        log.log(level, "schedule.end line=%s exit_code=%d", line, code)
    memory.write(line, began)


class Processes:
    """Runs `lake run LINE`, one at a time, and can stop the one that is going on."""

    def __init__(self, schedule: Schedule) -> None:
        land = [argument for path in schedule.land for argument in ("--land", path)]
        self._command = [sys.executable, "-c", "from lake.cli import main; main()", "run", *land]
        self._limit = timedelta(hours=schedule.limit_hours)
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    def run(self, line: str) -> int | None:
        """Run a line to its end, for `limit_hours` at most."""
        with self._lock:
            if self._is_stopping:
                return None
            # In a session of its own: Ctrl-C reaches the schedule, which then stops it.
            running = subprocess.Popen([*self._command, line], stdin=subprocess.DEVNULL, start_new_session=True)
            self._running = running
        try:
            code = running.wait(self._limit.total_seconds())
        except subprocess.TimeoutExpired:
            log.error("schedule.hangs line=%s stopped after=%s (limit_hours)", line, self._limit)
            code = _end(running)
        return None if self._is_stopping and code else code

    def stop(self) -> None:
        """End the run that is going on, and start no more."""
        with self._lock:
            self._is_stopping = True
            running = self._running
        if running:
            _end(running)


def _end(running: subprocess.Popen[bytes]) -> int:
    """Tell a run to stop, then kill it with its children. Nothing half-done stays visible; the next run of the line
    marks it as killed."""
    if running.poll() is None:
        running.terminate()
    try:
        return running.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        return running.wait()
