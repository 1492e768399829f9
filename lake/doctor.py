"""What is wrong with the set-up, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml

from lake import access, builds, contracts, dbt, schedule, sources
from lake.checks import suites
from lake.errors import LakeError
from lake.settings import MARTS, PROJECT, settings
from lake.status import status
from lake.store import Store, open_store

_LOW_DISK_GB, _NO_DISK_GB = 10.0, 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` says what to do, unless it is `fine`."""

    topic: str
    level: Literal["fine", "warning", "wrong"]
    what: str
    remedy: str = ""


def examine(project: Path = PROJECT) -> Iterator[Finding]:
    """Look at everything, one finding after the other; what depends on something that is wrong is left out."""
    yield _python()
    yield from _folders()
    yield _attempt("contracts", lambda: f"{len(contracts.catalogue())} are valid")
    yield _declarations(project)
    yield _attempt("policy", lambda: f"{len(access.policy().roles)} roles in {settings().policy.name}")
    yield _attempt(
        "expectations", lambda: f"{sum(len(suites.load(line)) for line in (*MARTS, 'core'))} suites are valid"
    )
    yield _attempt("schedule", lambda: f"{len(schedule.load(settings().schedule).lines)} lines are scheduled")
    yield _attempt("dbt project", lambda: _parse(project))
    yield from _telemetry(project)
    try:
        with open_store() as store:
            yield Finding("MongoDB", "fine", "answers" if settings().mongo_uri else "the embedded server runs here")
            yield from _lake(store)
    except LakeError as error:
        yield Finding("MongoDB", "wrong", error.what, error.remedy)


def _python() -> Finding:
    what = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info < (3, 14):
        return Finding("Python", "fine", what)
    return Finding("Python", "wrong", what, "Use Python 3.11, 3.12 or 3.13.")


def _folders() -> Iterator[Finding]:
    data = settings().data
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        yield Finding("data folder", "wrong", f"{data} can't be made: {error.strerror}.", "Set LAKE_DATA to another.")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield Finding(
            "data folder", "wrong", f"{data} can't be written.", "Set LAKE_DATA to another, or give the rights."
        )
        return
    yield Finding("data folder", "fine", str(data))
    free_gb = shutil.disk_usage(data).free / 1e9
    level: Literal["fine", "warning", "wrong"] = (
        "wrong" if free_gb < _NO_DISK_GB else "warning" if free_gb < _LOW_DISK_GB else "fine"
    )
    remedy = "Free some, or set LAKE_DATA to a larger disk. LAKE_BUILDS_KEPT says how many builds stay."
    yield Finding("disk", level, f"{free_gb:.0f} GB are free", remedy)
    yield _secrets(settings().secrets)


def _secrets(folder: Path) -> Finding:
    """Keys are for their owner's eyes."""
    given = settings().pseudonym_key and settings().quarantine_key
    if not folder.exists():
        return Finding("secrets", "fine", "given by settings" if given else "made at the first landing")
    exposed = [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]
    if exposed:
        names = " ".join(str(path) for path in exposed)
        return Finding("secrets", "wrong", "others can read the keys.", f"Run `chmod go-rwx {names}`; change the keys.")
    return Finding("secrets", "fine", "readable by their owner only")


def _declarations(project: Path) -> Finding:
    lines = {c.line for c in contracts.catalogue().values()}
    stale = [line for line in sorted(lines) if not sources.is_current(line, project)]
    if stale:
        return Finding("dbt sources", "wrong", f"not what the contracts of {', '.join(stale)} say.", sources.REMEDY)
    return Finding("dbt sources", "fine", "are what the contracts say")


def _parse(project: Path) -> str:
    target = settings().data / "dbt" / "doctor"
    with dbt.Session(project, target, {}) as session:
        target.mkdir(parents=True, exist_ok=True)
        result = session.run([], target=target, log=target / "dbt.log")
    if result.failures:
        raise LakeError(result.failures[0], remedy=f"dbt's messages are in {target / 'parse.log'}.")
    return "parses"


def _telemetry(project: Path) -> Iterator[Finding]:
    """Nothing is reported over the network: health data, closed networks."""
    flags = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8")).get("flags", {})
    file = project / ".streamlit" / "config.toml"
    browser = tomllib.loads(file.read_text("utf-8")).get("browser", {}) if file.exists() else {}
    switches = {
        "dbt_project.yml": flags.get("send_anonymous_usage_stats") is False,
        ".streamlit/config.toml": browser.get("gatherUsageStats") is False,
    }
    for name, is_off in switches.items():
        remedy = f"Restore {name}: it must say that no usage is sent."
        what = f"off in {name}" if is_off else f"on in {name}"
        yield Finding("usage reports", "fine" if is_off else "wrong", what, remedy)


def _lake(store: Store) -> Iterator[Finding]:
    found = status(store)
    behind = [s.name for s in found.sources if s.behind]
    if behind:
        yield Finding("mirror", "warning", f"behind for {', '.join(behind)}.", "Run `lake run`, or `lake mirror`.")
    else:
        yield Finding("mirror", "fine", "has all that was landed")
    late = [s.name for s in found.sources if s.is_late]
    if late:
        yield Finding("deliveries", "warning", f"late for {', '.join(late)}.", "Ask who sends them.")
    for holding in found.leases:
        age = datetime.now(UTC) - holding.since
        if age.total_seconds() > 6 * 3600:
            remedy = "If that process hangs, stop it: its lease is freed by itself."
            yield Finding("leases", "warning", f"{holding.name} is held by {holding.holder} for {age}.", remedy)
    for mart in found.marts:
        yield _mart(mart.line, mart.published is not None, mart.newest, is_stale=mart.is_stale)


def _mart(line: str, is_published: bool, newest: builds.Build | None, *, is_stale: bool) -> Finding:
    topic = f"mart {line}"
    if newest and newest.status in ("failed", "refused"):
        log = newest.folder / "dbt.log" if newest.status == "failed" else newest.docs / "index.html"
        return Finding(
            topic, "wrong", f"build {newest.id} {newest.status}.", f"See {log}, correct it and `lake run {line}`."
        )
    if not is_published:
        return Finding(topic, "warning", "nothing is published.", f"Run `lake run {line}`.")
    if is_stale:
        return Finding(topic, "warning", "its data is stale.", f"Land what is new and `lake run {line}`.")
    return Finding(topic, "fine", "is published and fresh")


def _attempt(topic: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(topic, "fine", look())
    except LakeError as error:
        return Finding(topic, "wrong", error.what, error.remedy)
