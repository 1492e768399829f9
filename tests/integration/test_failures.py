"""What MongoDB's failures are for those who run the lake: one code that says «again», and what to do."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from members import Member, member

from lake.errors import SettingsError, StoreError, StoreRefused, StoreUnavailable
from lake.settings import settings
from lake.store import Store, open_store

QUICK = "directConnection=true&serverSelectionTimeoutMS=800&connectTimeoutMS=300&heartbeatFrequencyMS=500"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """A server that fails on demand."""
    with member(tmp_path_factory.mktemp("failing") / "db", "--setParameter", "enableTestCommands=1") as found:
        yield found


@pytest.fixture
def failing(server: Member, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("LAKE_MONGO_URI", f"mongodb://{server.host}/?{QUICK}")
    settings.cache_clear()
    with open_store() as store:
        yield store
        store.drop()


@contextlib.contextmanager
def failure(server: Member, *commands: str, **data: Any) -> Iterator[None]:
    """Inside, these commands fail."""
    point = {"configureFailPoint": "failCommand", "data": {"failCommands": commands, **data}}
    server.client.admin.command({**point, "mode": "alwaysOn"})
    try:
        yield
    finally:
        server.client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (14031, StoreUnavailable, "disk is full. Make room"),
        (91, StoreUnavailable, "Run again|running and reachable"),  # it shuts down
        (189, StoreUnavailable, "Run again|running and reachable"),  # another is elected
        (11600, StoreUnavailable, "Run again|running and reachable"),  # interrupted by its end
        (50, StoreUnavailable, "Run again"),  # too slow
        (112, StoreUnavailable, "Run again"),  # a conflict of writes
        (2, StoreError, "MongoDB failed"),  # what we asked is wrong: asking again does not help
    ],
)
def test_what_passes_has_the_one_code_that_says_again(
    server: Member, failing: Store, code: int, kind: type[StoreError], says: str
) -> None:
    with failure(server, "find", "update", errorCode=code):
        for ask in (lambda: failing.runs.get("x"), lambda: failing.runs.put("x", {}), lambda: failing.files()):
            with pytest.raises(kind, match=says) as caught:
                ask()
            assert type(caught.value) is kind
            assert caught.value.exit_code == (69 if kind is StoreUnavailable else 1)


def test_a_connection_that_is_cut_says_again(server: Member, failing: Store) -> None:
    with (
        failure(server, "find", closeConnection=True),
        pytest.raises(StoreUnavailable, match=r"LAKE_MONGO_URI does not answer: .* reachable"),
    ):
        failing.runs.get("x")


def test_a_cursor_that_fails_between_two_replies_says_again(server: Member, failing: Store) -> None:
    for n in range(300):
        failing.prototypes.append("x", {"n": n})
    with failure(server, "getMore", errorCode=43), pytest.raises(StoreUnavailable):
        failing.prototypes.find()


def test_a_disk_that_is_full_while_a_file_lands_says_that_it_is_full(server: Member, failing: Store, zoo: Any) -> None:
    zoo.land(failing, [{"visit_id": "v1"}])
    with (
        failure(server, "insert", errorCode=14031),
        pytest.raises(StoreUnavailable, match="its disk is full"),
    ):
        zoo.land(failing, [{"visit_id": "v2"}])
    zoo.land(failing, [{"visit_id": "v2"}])
    assert {r["visit_id"] for r in zoo.records(failing)} == {"v1", "v2"}


def test_a_lease_that_cannot_be_taken_for_a_failure_says_again(server: Member, failing: Store) -> None:
    with (
        failure(server, "insert", errorCode=91),
        pytest.raises(StoreUnavailable) as caught,
        failing.lease("x"),
    ):
        pass
    assert caught.value.exit_code == 69


def test_a_frozen_server_is_told_as_such_by_who_is_in_the_middle_and_who_opens(server: Member, failing: Store) -> None:
    failing.runs.put("x", {"a": 1})
    server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match=r"does not answer in time.*frozen or overloaded"):
            failing.runs.get("x")
        with pytest.raises(StoreUnavailable, match="does not answer in time"), open_store():
            pass
        assert not failing.answers()
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert failing.runs.get("x") == {"a": 1}, "it goes on where it was"


def test_a_file_of_certificates_that_is_not_there_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "mongodb://localhost/?tls=true&tlsCAFile=/nowhere.pem")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="LAKE_MONGO_URI"), open_store():
        pass


def test_what_a_person_must_grant_is_not_worth_trying_again() -> None:
    assert StoreRefused.exit_code == 77
    assert not issubclass(StoreRefused, StoreUnavailable)
