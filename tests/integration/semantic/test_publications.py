"""Publications while the portal is up: new builds show at once, old files are let go, nobody gets an error."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lake import builds, semantic
from lake.errors import QueryError
from lake.semantic import Filter, execution
from lake.semantic.connection import Marts
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")


def open_files() -> set[str]:
    """The builds' files that this process holds open."""
    links = [p.readlink() for p in Path("/proc/self/fd").iterdir() if p.is_symlink() or p.exists()]
    return {str(link) for link in links if str(link).endswith(".duckdb")}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_replaced_build_is_let_go_when_nobody_asks_it(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "marts", Marts(idle_seconds=0.0))
    old = semantic.query(["audio_devices"], scope=tiny.scope()).builds[0]
    new = tiny.publish("audio", minutes=1)
    semantic.query(["audio_devices"], scope=tiny.scope())
    assert not [f for f in open_files() if old.id in f or new.id in f]


def test_marts_in_use_stay_open_and_the_oldest_idle_ones_go_first(tiny: Tiny) -> None:
    marts = Marts(kept=2)
    published = [tiny.publish("audio", minutes=m) for m in range(1, 5)]
    with marts.using(published[:1]) as busy:
        for build in published[1:]:
            with marts.using([build]):
                pass
        assert len(marts) == 2
        with busy.cursor(["S01"]) as cursor:
            assert cursor.execute("select count(*) from audio.secured.audio_fittings").fetchone() == (200,)
    marts.close()
    assert len(marts) == 0


def test_questions_during_publications_are_all_answered(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "marts", Marts(idle_seconds=0.0))
    stop = threading.Event()
    seen: list[int] = []
    failures: list[BaseException] = []

    def analyst(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                fresh = Filter("note", "!=", (f"{number}-{turn}",))
                answer = semantic.query(["audio_devices", "optical_revenue"], where=(), scope=tiny.scope("one"))
                again = semantic.query(["audio_devices"], where=[fresh], scope=tiny.scope("one"))
                seen.extend([answer.table.column("audio_devices")[0].as_py(), again.table.column(0)[0].as_py()])
            except BaseException as error:
                failures.append(error)
                return

    analysts = [threading.Thread(target=analyst, args=(n,)) for n in range(4)]
    for thread in analysts:
        thread.start()
    for minute in range(1, 8):
        newer = tiny.publish("audio", minutes=minute)
        for old in builds.builds("audio")[3:]:
            if old.id != newer.id:
                builds.remove(old)
    stop.set()
    for thread in analysts:
        thread.join(60)
    assert failures == []
    assert set(seen) == {200}


def test_a_rollback_is_followed(tiny: Tiny) -> None:
    first = builds.published_id("audio")
    assert first
    second = tiny.publish("audio", minutes=1)
    assert semantic.query(["audio_devices"], scope=tiny.scope()).builds[0].id == second.id
    builds.point("audio", first)
    assert semantic.query(["audio_devices"], scope=tiny.scope()).builds[0].id == first


def test_builds_whose_definitions_differ_say_so(tiny: Tiny) -> None:
    def forget(folder: Path) -> None:
        text = (folder / "semantic_manifest.json").read_text("utf-8")
        (folder / "semantic_manifest.json").unlink()
        (folder / "semantic_manifest.json").write_text(text.replace('"audio_returned"', '"audio_sent_back"'), "utf-8")

    tiny.publish("optical", change=forget, minutes=1)
    assert len(semantic.query(["audio_returned"], scope=tiny.scope()).table) == 1
    with pytest.raises(QueryError, match=r"audio, optical don't define 'audio_returned' alike.*lake run audio optical"):
        semantic.query(["audio_returned", "optical_revenue"], scope=tiny.scope())


def own_copy(name: str) -> Callable[[Path], None]:
    """A file of a build of its own: the miniature's builds share theirs."""

    def copy(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(data)

    return copy


def overwritten(path: Path) -> None:
    """What a bad disk leaves: other bytes, where the file's size and time stay."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 8)
        file.write(b"\xff" * (before.st_size // 2))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["audio.duckdb", "semantic_manifest.json"])
def test_a_mart_that_a_disk_damaged_is_answered_for_by_the_one_before(tiny: Tiny, name: str) -> None:
    first = builds.published_id("audio")
    second = tiny.publish("audio", minutes=1, change=own_copy(name))
    overwritten(second.folder / name)
    assert builds.published("audio") == second, "it looks whole"
    answer = semantic.query(["audio_devices"], scope=tiny.scope())
    assert (answer.builds[0].id, answer.table.column(0)[0].as_py()) == (first, 600)
    assert {i.line for i in semantic.metrics(scope=tiny.scope())} == {"audio", "optical"}
    assert builds.published("audio") != second


def test_a_damaged_mart_without_another_is_told_and_gives_no_trace(tiny: Tiny) -> None:
    only = tiny.publish("audio", minutes=1, change=own_copy("audio.duckdb"))
    for other in builds.builds("audio")[1:]:
        builds.remove(other)
    overwritten(only.database)
    with pytest.raises(QueryError, match="published of line 'audio' is damaged"):
        semantic.query(["audio_devices"], scope=tiny.scope())
    assert builds.published("audio") is None
