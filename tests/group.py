"""The sample group, all the way to published marts, once for a whole test run (several processes share it).

Each group has the embedded MongoDB in its own folder. `LAKE_TEST_GROUPS=<folder>` keeps the groups from one run to the
next, which saves minutes while one works on screens; what they were built from is then yours to remember.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lake.settings import settings

#: Enough for every line, structure and kind of dirt; small enough to build in a minute or two.
RECORDS = 20_000

#: The last day of its data: tests ask for its months by their names.
UNTIL = "2025-12-31"


@dataclass(frozen=True)
class Group:
    """A published sample group: its environment (`LAKE_DATA`, …), its delivered files and the truth about them."""

    environment: dict[str, str]
    files: Path
    truth: dict[str, Any]

    @property
    def data(self) -> Path:
        return Path(self.environment["LAKE_DATA"])

    def lake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the `lake` command on this group, as a user would."""
        return _lake(self.environment, *arguments, check=check)


def copied(whole: Path, copy: Path, *without: str, function: Callable[[str, str], object] = os.link) -> None:
    """Copy a folder of a group, by hard links unless told, as it is at one moment.

    Tests in another process may publish in it meanwhile: where files went, or a pointer names what came too late for
    the copy, it is made again.
    """
    for _ in range(50):
        try:
            shutil.copytree(
                whole, copy, symlinks=True, copy_function=function, ignore=shutil.ignore_patterns(".building", *without)
            )
        except (shutil.Error, FileNotFoundError):
            pass
        else:
            if all(_is_whole(pointer) for pointer in copy.rglob("published.json")):
                return
        shutil.rmtree(copy, ignore_errors=True)
        time.sleep(0.1)
    raise AssertionError(f"{whole} never stays as it is")


def _is_whole(pointer: Path) -> bool:
    build = pointer.parent / json.loads(pointer.read_text("utf-8"))["build"] / "build.json"
    return build.exists() and json.loads(build.read_text("utf-8"))["status"] == "passed"


def published(shared: Path, seed: int) -> Group:
    """The group of a seed: made by the first who asks, waited for by the others."""

    def make(home: Path) -> None:
        environment, files = {"LAKE_DATA": str(home / "lake")}, str(home / "files")
        size = ("--records", str(RECORDS), "--seed", str(seed), "--until", UNTIL)
        _lake(environment, "sample", *size, "--out", files)
        _lake(environment, "land", files)
        _lake(environment, "run")

    home = made_once(shared, f"group-{seed}", make)
    files = home / "files"
    return Group({"LAKE_DATA": str(home / "lake")}, files, json.loads((files / "truth.json").read_text("utf-8")))


def made_once(shared: Path, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is costly to make, once for a test run, or for all of them if `LAKE_TEST_GROUPS` says where."""
    home = Path(os.environ.get("LAKE_TEST_GROUPS", shared)) / name
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            make(home)
            (home / "ready").touch()
    return home


def use(chosen: Group, monkeypatch: pytest.MonkeyPatch) -> Group:
    """Point this process's settings at a group."""
    for name, value in chosen.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return chosen


def _lake(environment: dict[str, str], *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lake")), *arguments],
        env={**os.environ, **environment, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"lake {' '.join(arguments)} exited with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
