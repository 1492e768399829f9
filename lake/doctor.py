"""What is wrong with the set-up, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml

from lake import access, builds, contracts, dbt, schedule, sources
from lake.checks import suites
from lake.errors import LakeError
from lake.origin import REMEDY
from lake.settings import MARTS, PROJECT, settings
from lake.status import Fault, MartStatus, status
from lake.store import Store, open_store
from lake.vault import compare_keys

_LOW_DISK_GB, _NO_DISK_GB = 10.0, 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` says what to do, unless it is `fine`."""

    topic: str
    level: Literal["fine", "warning", "wrong"]
    what: str
    remedy: str = ""


def examine(project: Path = PROJECT) -> Iterator[Finding]:
    """Look at everything, one finding after the other; what depends on something that is wrong is left out, and what
    breaks while it is looked at is a finding too."""
    yield _python()
    is_set = has_folder = True
    for finding in _folders():
        is_set = is_set and finding.topic != "settings"
        has_folder = has_folder and not (finding.topic == "data folder" and finding.level == "wrong")
        yield finding
    yield from _guarded("contracts", _contracts)
    yield from _guarded("dbt sources", lambda: [_declarations(project)])
    if is_set:
        yield from _attempt("policy", lambda: f"{len(access.policy().roles)} roles in {settings().policy.name}")
    yield from _attempt(
        "expectations", lambda: f"{sum(len(suites.load(line)) for line in (*MARTS, 'core'))} suites are valid"
    )
    if is_set:
        yield from _attempt("schedule", lambda: f"{len(schedule.load(settings().schedule).lines)} lines are scheduled")
    if is_set and has_folder:
        yield from _attempt("dbt project", lambda: _parse(project))
    yield from _guarded("usage reports", lambda: _telemetry(project))
    if is_set and has_folder:
        yield from _guarded("MongoDB", _mongo)


def _mongo() -> Iterator[Finding]:
    with open_store() as store:
        yield Finding("MongoDB", "fine", "answers" if settings().mongo_uri else "the embedded server runs here")
        words = {True: "are those of this lake", False: "are made at the first landing"}
        yield from _attempt("keys", lambda: words[compare_keys(store)])
        yield from _guarded("lake", lambda: _lake(store))


def _python() -> Finding:
    what = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info < (3, 14):
        return Finding("Python", "fine", what)
    return Finding("Python", "wrong", what, "Use Python 3.11, 3.12 or 3.13.")


def _folders() -> Iterator[Finding]:
    try:
        data = settings().data
    except LakeError as error:
        yield Finding("settings", "wrong", error.what, error.remedy)
        return
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
    yield from _guarded("secrets", lambda: [_secrets(settings().secrets)])


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


def _contracts() -> Iterator[Finding]:
    for one in contracts.broken():
        remedy = f"Correct it: files that may be of {one.source} are refused, and {one.line} is not built."
        yield Finding("contracts", "wrong", one.error.what, remedy)
    yield Finding("contracts", "fine", f"{len(contracts.catalogue())} are valid")


def _declarations(project: Path) -> Finding:
    stale = [line for line in sources.declared() if not sources.is_current(line, project)]
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
    if foreign := [s for s in found.sources if s.foreign]:
        names = ", ".join(s.name for s in foreign)
        yield Finding("mirror", "wrong", f"not that of this MongoDB for {names}: {foreign[0].foreign}.", REMEDY)
    elif behind:
        yield Finding("mirror", "warning", f"behind for {', '.join(behind)}.", "Run `lake run`, or `lake mirror`.")
    else:
        yield Finding("mirror", "fine", "has all that was landed")
    late = [s.name for s in found.sources if s.is_late]
    if late:
        yield Finding("deliveries", "warning", f"late for {', '.join(late)}.", "Ask who sends them.")
    for one in found.waiting:
        what = f"{one.shown} ({one.source}) waits: {'; '.join(map(str, one.doubts))}."
        yield Finding("deliveries", "warning", what, "Ask who sent it; if it is right, `lake land --confirm` it.")
    for holding in found.leases:
        age = datetime.now(UTC) - holding.since
        if age.total_seconds() > 6 * 3600:
            remedy = "If that process hangs, stop it: its lease is freed by itself."
            yield Finding("leases", "warning", f"{holding.name} is held by {holding.holder} for {age}.", remedy)
    for mart in found.marts:
        yield from _mart(mart)


def _mart(mart: MartStatus) -> Iterator[Finding]:
    topic, line = f"mart {mart.line}", mart.line
    faults = list(mart.faults)
    if mart.published and (path := builds.damage(mart.published)):  # status looks at sizes and times only
        faults.append(Fault(f"{path} is damaged: it is not what was written.", f"Run `lake run {line}`."))
    for fault in faults:
        yield Finding(topic, "wrong", fault.what, fault.remedy)
    newest = mart.newest
    if newest and newest.status in ("failed", "refused"):
        log = newest.folder / "dbt.log" if newest.status == "failed" else newest.docs / "index.html"
        what, remedy = f"build {newest.id} {newest.status}.", f"See {log}, correct it and `lake run {line}`."
        yield Finding(topic, "wrong", what, remedy)
    elif mart.published is None:
        if not faults:
            yield Finding(topic, "warning", "nothing is published.", f"Run `lake run {line}`.")
    elif mart.rolled_back:
        remedy = f"It holds until another build passes, or `lake publish {line}`."
        yield Finding(topic, "warning", f"{mart.rolled_back}.", remedy)
    elif mart.outdated:
        what = f"made from another build of {', '.join(mart.outdated)} than readers see now."
        yield Finding(topic, "warning", what, f"Run `lake run {line}`.")
    elif mart.is_stale:
        yield Finding(topic, "warning", "its data is stale.", f"Land what is new and `lake run {line}`.")
    elif not faults:
        yield Finding(topic, "fine", "is published and fresh")


def _attempt(topic: str, look: Callable[[], str]) -> Iterator[Finding]:
    """What a look says, as a finding."""
    return _guarded(topic, lambda: [Finding(topic, "fine", look())])


def _guarded(topic: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a look; what stops it is the last of them."""
    try:
        yield from look()
    except LakeError as error:
        yield Finding(topic, "wrong", error.what, error.remedy)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        yield Finding(topic, "wrong", f"{named}{error.strerror or error}.", "Correct that file or its rights.")
    except Exception as error:  # A damaged file that nobody foresaw must not hide the findings after it.
        said = " ".join(str(error).split())
        yield Finding(topic, "wrong", f"can't be looked at ({type(error).__name__}: {said}).", "Correct what it names.")
