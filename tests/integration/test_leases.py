"""Leases: who holds them, and when they are taken over."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lake import mirror as mirrors
from lake.errors import LeaseHeld
from lake.store import Store, leases


def held(store: Store, **changes: Any) -> None:
    """A lease that somebody else left in the collection."""
    with store.lease("x"):
        document = store._db["_leases"].find_one({"_id": "x"})
    assert document is not None
    store._db["_leases"].insert_one(document | {"token": "theirs", **changes})


def taken(store: Store) -> bool:
    try:
        with store.lease("x") as lease:
            lease.check()
            return True
    except LeaseHeld:
        return False


def test_a_lease_of_a_living_process_is_not_taken(store: Store) -> None:
    held(store)
    assert not taken(store)


def test_a_lease_of_another_host_is_not_taken_before_it_expires(store: Store) -> None:
    held(store, host="elsewhere", boot_id="another", pid=1)
    assert not taken(store)
    store._db["_leases"].update_one({"_id": "x"}, {"$set": {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}})
    assert taken(store)


def test_a_lease_of_a_process_of_this_host_that_is_gone_is_taken_at_once(store: Store) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    held(store, pid=gone.pid)
    assert taken(store)


def test_a_process_id_that_was_given_to_another_process_holds_nothing(store: Store) -> None:
    held(store, start_ticks=1)
    assert taken(store)


@pytest.mark.parametrize("elsewhere", [{"boot_id": "another"}, {"pid_namespace": "pid:[1]"}, {"uid": -1}])
def test_a_process_that_cannot_be_seen_from_here_is_not_taken_for_gone(store: Store, elsewhere: dict[str, Any]) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    held(store, host=socket.gethostname(), pid=gone.pid, **elsewhere)
    assert not taken(store), "it may be a process of a container with our name: its lease expires by itself"


def test_a_lease_of_an_older_version_of_the_lake_expires_by_itself(store: Store) -> None:
    held(store)
    store._db["_leases"].update_one({"_id": "x"}, {"$unset": {"boot_id": "", "pid_namespace": "", "start_ticks": ""}})
    assert not taken(store)


def test_a_change_of_the_clock_frees_no_lease(store: Store) -> None:
    held(store, since=datetime(2001, 1, 1, tzinfo=UTC))
    assert not taken(store), "when a process began is counted in ticks since the boot"


def test_the_heartbeat_moves_the_expiry(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.01)
    with store.lease("x"):
        first = store._db["_leases"].find_one({"_id": "x"})
        assert first is not None
        deadline = datetime.now(UTC) + timedelta(seconds=60)
        while (store._db["_leases"].find_one({"_id": "x"}) or {})["expires_at"] <= first["expires_at"]:
            assert datetime.now(UTC) < deadline
    assert store._db["_leases"].count_documents({}) == 0


def test_a_holder_that_lost_its_lease_adds_nothing_to_the_mirror(store: Store, zoo: Any) -> None:
    zoo.land(store, [{"visit_id": "v1"}])

    def lose(_: int) -> None:
        store._db["_leases"].update_one({"_id": "mirror:zoo_visits"}, {"$set": {"token": "theirs"}})

    with pytest.raises(LeaseHeld, match="mirror:zoo_visits"):
        mirrors.mirror(store, zoo.contract, progress=lose)
    assert mirrors.files(zoo.contract.name) == []
