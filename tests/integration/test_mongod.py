"""The embedded server: shared, private, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lake.errors import SettingsError, StoreUnavailable
from lake.settings import settings
from lake.store import mongod, open_store

USE = """
from lake.store import open_store
with open_store() as store:
    store.runs.put("x", {"a": 1})
    print("open", flush=True)
    input()
"""


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def servers() -> list[psutil.Process]:
    """The servers, and keepers, of this test's own folder."""
    folder = str(settings().data)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(folder in word for word in process.info["cmdline"] or ()) and process.pid != os.getpid():
            found.append(process)
    return found


def user() -> subprocess.Popen[str]:
    """Another process that has the store open."""
    process = subprocess.Popen([sys.executable, "-c", USE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_processes_share_one_server_and_the_last_one_out_stops_it() -> None:
    first, second = user(), user()
    assert len(servers()) == 2  # The server and its keeper.
    first.communicate("\n")
    with open_store() as store:
        second.communicate("\n")
        assert store.runs.get("x") == {"a": 1}
        assert len(servers()) == 2
    until(lambda: not servers())


def test_a_server_whose_users_were_killed_stops() -> None:
    kill(user())
    until(lambda: not servers())
    with open_store() as store:
        assert store.runs.get("x") == {"a": 1}


@pytest.mark.parametrize("victim", ["mongod", "keeper.py"])
def test_a_killed_server_or_keeper_is_replaced_and_nothing_is_lost(victim: str) -> None:
    process = user()
    (found,) = (s for s in servers() if any(w.endswith(victim) for w in s.cmdline()[:3]))
    found.send_signal(signal.SIGKILL)
    found.wait(60)
    with open_store() as store:
        assert store.runs.get("x") == {"a": 1}
    kill(process)
    until(lambda: not servers())


def test_a_keeper_that_is_slow_to_see_its_server_end_does_not_spoil_the_next_start() -> None:
    process = user()
    server, keeper = sorted(servers(), key=lambda found: found.cmdline()[0].endswith("mongod"), reverse=True)
    keeper.send_signal(signal.SIGSTOP)
    server.send_signal(signal.SIGKILL)
    until(lambda: not mongod._answers(settings().data / "mongo" / "mongod.sock"))

    def go_on() -> None:  # As soon as another is starting, or after a while in which none was.
        with contextlib.suppress(AssertionError):
            until(lambda: {found.pid for found in servers()} > {keeper.pid}, 1)
        keeper.send_signal(signal.SIGCONT)

    going_on = threading.Thread(target=go_on)
    going_on.start()
    with open_store() as store:
        going_on.join()
        assert store.runs.get("x") == {"a": 1}
        assert len(servers()) == 2
    kill(process)
    until(lambda: not servers())


def test_only_its_owner_can_reach_it() -> None:
    with open_store():
        folder = settings().data / "mongo"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_ISSOCK((folder / "mongod.sock").stat().st_mode)
        (server,) = (s for s in servers() if s.cmdline()[0].endswith("mongod"))
        assert [c.laddr for c in server.net_connections("inet")] == []


def test_a_folder_that_was_moved_or_has_a_long_name_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store() as store:
        store.runs.put("x", {"a": 1})
    until(lambda: not servers())
    moved = tmp_path / ("long, " * 20)
    settings().data.rename(moved)
    monkeypatch.setenv("LAKE_DATA", str(moved))
    settings.cache_clear()
    with open_store() as store:
        assert store.runs.get("x") == {"a": 1}
    until(lambda: not servers())


def test_a_server_that_cannot_start_says_why_and_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "mongod"
    broken.write_text("#!/bin/sh\necho 'libcrypto.so.3: cannot open shared object file'\nexit 127\n")
    broken.chmod(0o700)
    monkeypatch.setattr(mongod, "binary", lambda: broken)
    with pytest.raises(StoreUnavailable, match=r"libcrypto\.so\.3.*LAKE_MONGO_URI") as caught, open_store():
        pass
    assert caught.value.exit_code == 69


def test_a_frozen_server_is_told_as_such_with_what_wakes_it() -> None:
    process = user()
    (server,) = (s for s in servers() if s.cmdline()[0].endswith("mongod"))
    server.send_signal(signal.SIGSTOP)
    try:
        until(lambda: server.status() == psutil.STATUS_STOPPED)
        with pytest.raises(StoreUnavailable, match=rf"is frozen.*kill -CONT {server.pid}"), open_store():
            pass
    finally:
        server.send_signal(signal.SIGCONT)
    with open_store() as store:
        assert store.runs.get("x") == {"a": 1}
    kill(process)
    until(lambda: not servers())


def test_a_server_that_ended_for_want_of_room_says_that_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "mongod"
    log = settings().data / "mongo" / "mongod.log"
    said = "WiredTiger error message [28]: No space left on device"
    full.write_text(f"#!/bin/sh\necho '***** SERVER RESTARTED *****\n{said}\n' >> '{log}'\nexit 100\n")
    full.chmod(0o700)
    with monkeypatch.context() as patched, pytest.raises(StoreUnavailable, match=r"disk is full.*Make room"):
        patched.setattr(mongod, "binary", lambda: full)
        with open_store():
            pass
    with open_store() as store:  # There is room again.
        store.runs.put("x", {"a": 1})
        assert mongod.diagnosis(settings().data / "mongo") is None
    until(lambda: not servers())


FILL = """
import os, pathlib
from lake.errors import StoreUnavailable
from lake.settings import settings
from lake.store import open_store

def write():
    try:
        with open_store() as store:
            for n in range(400):
                store.runs.put(f"r{n}", {"a": os.urandom(200_000)})
        print("written", flush=True)
    except StoreUnavailable as error:
        print(error.exit_code, error, flush=True)

with open_store() as store:
    store.runs.put("x", {"a": 1})
    ballast = settings().data / "ballast"
    room = os.statvfs(settings().data)
    ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - 2**21))
write()
write()
ballast.unlink()
write()
with open_store() as store:
    print(store.runs.get("x"), flush=True)
"""


def test_a_server_on_a_disk_that_fills_says_so_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    own = ["unshare", "--mount", *(() if os.getuid() == 0 else ("--map-root-user",)), "bash", "-ec"]
    mount = f"mount -t tmpfs -o size=600M tmpfs '{disk}'"
    if subprocess.run([*own, mount], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    command = f'{mount}; "$0" -c "$1"'
    done = subprocess.run(
        [*own, command, sys.executable, FILL],
        env={**os.environ, "LAKE_DATA": str(disk / "lake")},
        capture_output=True,
        text=True,
    )
    first, second, *rest = done.stdout.splitlines()
    for said in (first, second):
        assert said.startswith("69 ") and "its disk is full" in said, said
    assert rest == ["written", "{'a': 1}"], done.stderr


def test_the_portal_starts_an_embedded_server_again_that_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    from apps import store as portal

    monkeypatch.setattr(portal, "_failed", {})
    portal._held.clear()
    portal.store().runs.put("x", {"a": 1})
    (server,) = (s for s in servers() if s.cmdline()[0].endswith("mongod"))
    server.send_signal(signal.SIGKILL)
    server.wait(60)
    assert portal.store().runs.get("x") == {"a": 1}
    portal._held()[1].close()
    portal._held.clear()
    until(lambda: not servers())


def test_a_system_without_the_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongod.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(StoreUnavailable, match="Set LAKE_MONGO_URI"), open_store():
        pass


def test_an_address_that_nobody_answers_is_named_as_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "mongodb://user:secret@127.0.0.1:1/?serverSelectionTimeoutMS=100")
    settings.cache_clear()
    with pytest.raises(StoreUnavailable, match="LAKE_MONGO_URI does not answer") as caught, open_store():
        pass
    assert "secret" not in str(caught.value)


def test_an_address_that_is_none_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "http://somewhere")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="LAKE_MONGO_URI"), open_store():
        pass
