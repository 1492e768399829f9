"""SIGKILL at random moments of building and publishing: readers see a whole build or the one before, always."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lake import builds
from lake.builds import Build
from lake.settings import settings

#: dbt and Great Expectations take seconds to start, more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WHOLE = 10 * Decimal("950.10")

#: Builds and publishes the tiny line, again and again. With `quick`, a stand-in for dbt makes the tables at once, so
#: that many kills fall into the steps of the lake itself.
CHILD = """
import os
import sys
from dataclasses import replace
from pathlib import Path

import duckdb

from lake import build, builds, contracts, dbt, publish, sources

project, is_quick = Path(sys.argv[1]), sys.argv[2] == "quick"
known = contracts.catalogue(project / "contracts")
sources.catalogue = lambda: known


def stand_in(self, arguments, *, environment, **rest):
    name = arguments[arguments.index("--target") + 1]
    with duckdb.connect(f"{environment['LAKE_BUILD_FOLDER']}/{name}.duckdb") as con:
        con.execute(f"set file_search_path = '{environment['LAKE_BUILD_FOLDER']}'")
        con.execute("create schema atomic")
        if name == "audio":
            con.execute("create table atomic.fct_audio_fittings as from lake.audio_fittings where _line < 6")
            con.execute("insert into atomic.fct_audio_fittings from lake.audio_fittings where _line >= 6")
    return dbt.Result((), 1)


def work():
    while True:
        (outcome,) = build.build_lines(["audio"], project=project, force=True)
        assert outcome.build, outcome.error
        builds.save(replace(outcome.build, status="passed"))
        publish.publish("audio")
        print(outcome.build.id, flush=True)


if is_quick:
    dbt.Session.run = stand_in
for _ in sys.stdin:  # a line is an order to start; forked, since importing everything takes two seconds
    child = os.fork()
    if not child:
        work()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


def read(build: Build) -> Decimal:
    with duckdb.connect(build.database, read_only=True) as con:
        (total,) = con.execute("select sum(price_eur) from atomic.fct_audio_fittings").fetchall()[0]
    return Decimal(total)


def order(parent: subprocess.Popen[str]) -> int:
    """Start a child; returns its process id."""
    assert parent.stdin is not None
    parent.stdin.write("start\n")
    parent.stdin.flush()
    return int(answer(parent))


def answer(parent: subprocess.Popen[str]) -> str:
    assert parent.stdout is not None
    line = parent.stdout.readline()
    assert line, "the child's parent ended"
    return line.strip()


@pytest.mark.parametrize(("mode", "kills", "longest_seconds"), [("quick", 25, 0.6), ("dbt", 3, 9.0)])
def test_a_kill_at_any_moment_leaves_only_whole_builds(
    project: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch, mode: str, kills: int, longest_seconds: float
) -> None:
    monkeypatch.setenv("LAKE_BUILDS_KEPT", "2")
    settings.cache_clear()
    mirror(1, range(10))
    dice = random.Random(20261121)
    ended, seen, wrong = threading.Event(), set[str](), list[str]()

    def reader() -> None:
        """What a screen does: follow the pointer, open what it names."""
        while not ended.is_set():
            build = builds.published("audio")
            if build:
                seen.add(build.id)
                try:
                    total = read(build)
                except duckdb.IOException:  # removed since: then the pointer has moved on
                    total = WHOLE if builds.published_id("audio") != build.id else Decimal(0)
                if total != WHOLE:
                    wrong.append(f"{build.id}: {total}")
            time.sleep(0.01)

    thread = threading.Thread(target=reader)
    thread.start()
    command = [sys.executable, "-c", CHILD, str(project), mode]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
            for kill in range(kills + 1):
                child = order(parent)
                if kill in (0, kills) or mode == "quick":
                    last = answer(parent)  # one is whole; the next is killed somewhere on its way
                if kill < kills:
                    time.sleep(dice.uniform(0, longest_seconds))
                os.kill(child, signal.SIGKILL)
                while answer(parent) != "dead":
                    pass
                for build in builds.builds("audio"):
                    assert build.status in ("built", "passed")
                    assert read(build) == WHOLE
            assert parent.stdin is not None
            parent.stdin.close()
    finally:
        ended.set()
        thread.join()
    assert wrong == []
    assert seen
    assert last in [b.id for b in builds.builds("audio")]
    assert len([b for b in builds.builds("audio") if b.status == "passed"]) <= 3
    assert read(builds.build("audio", builds.published_id("audio") or "")) == WHOLE
