"""Landing batches on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from lake.errors import LeaseHeld, StoreError
from lake.settings import settings
from lake.store import QuarantinedRow, Store, Written, open_store

MONDAY, TUESDAY = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)


def visit(price: str, at: datetime = MONDAY, key: str = "v1", **more: Any) -> dict[str, Any]:
    return {"visit_id": key, "price_eur": Decimal(price), "changed_at": at, **more}


def prices(records: list[dict[str, Any]]) -> list[tuple[int, Decimal]]:
    return [(r["_version"], r["price_eur"]) for r in records]


def test_an_unchanged_row_adds_nothing(store: Store, zoo: Any) -> None:
    assert list(zoo.land(store, [visit("10")]).values()) == [Written(1, 0)]
    assert list(zoo.land(store, [visit("10")]).values()) == [Written(0, 1)]
    assert prices(zoo.records(store)) == [(0, Decimal(10))]


def test_a_value_that_returns_to_an_earlier_state_is_a_new_version(store: Store, zoo: Any) -> None:
    zoo.land(store, [visit("10")])
    zoo.land(store, [visit("20")], [visit("10"), visit("10")])
    assert prices(zoo.records(store)) == [(0, Decimal(10)), (1, Decimal(20)), (2, Decimal(10))]
    assert store.control_totals(zoo.contract).live_sums == {"price_eur": Decimal(10)}


def test_a_correction_that_arrives_before_the_original_wins(store: Store, zoo: Any) -> None:
    zoo.land(store, [visit("20", TUESDAY)])
    zoo.land(store, [visit("10", MONDAY)])
    totals = store.control_totals(zoo.contract)
    assert (totals.records, totals.live, totals.live_sums["price_eur"]) == (2, 1, Decimal(20))


def test_an_old_file_sent_again_under_another_name_adds_nothing(store: Store, zoo: Any) -> None:
    zoo.land(store, [visit("10", MONDAY)], [visit("20", TUESDAY)])
    assert list(zoo.land(store, [visit("10", MONDAY)]).values()) == [Written(0, 1)]


def test_a_tombstone_hides_its_key_even_if_it_arrives_first(store: Store, zoo: Any) -> None:
    zoo.land(store, [{"visit_id": "v1", "changed_at": TUESDAY, "_deleted": True}])
    zoo.land(store, [visit("10", MONDAY)])
    assert store.control_totals(zoo.contract).live == 0


def test_nothing_of_an_open_or_aborted_batch_is_visible(store: Store, zoo: Any) -> None:
    batch = store.begin(zoo.contract)
    number = batch.add_file("a.csv", "00", 1)
    batch.write(zoo.table([visit("10")], number))
    batch.quarantine([QuarantinedRow(number, 3, ("legs: not a number",), [b"secret"], 6)])
    for _ in range(2):
        assert (store.files(), store.committed_batches(), store.quarantine.list()) == ([], [], [])
        assert store.control_totals(zoo.contract, batch.number).records == 0
        batch.abort()
    assert list(zoo.land(store, [visit("10")]).values()) == [Written(1, 0)]


def test_a_batch_whose_lease_was_taken_over_cannot_commit(store: Store, zoo: Any) -> None:
    stale = store.begin(zoo.contract)
    stale.write(zoo.table([visit("10")], stale.add_file("a.csv", "00", 1)))
    zoo.land(store, [visit("20")])
    with pytest.raises(StoreError, match="took over"):
        stale.commit()
    assert prices(zoo.records(store)) == [(0, Decimal(20))]


def test_what_a_dead_batch_wrote_after_the_sweep_gives_way(store: Store, zoo: Any) -> None:
    dead = store.begin(zoo.contract)
    batch = store.begin(zoo.contract)
    dead.write(zoo.table([visit("10"), visit("11", key="v2")]))
    dead._drain()
    batch.write(zoo.table([visit("20"), visit("30", key="v3")], batch.add_file("a.csv", "00", 1)))
    batch.commit()
    assert {r["visit_id"]: r["price_eur"] for r in zoo.records(store)} == {"v1": Decimal(20), "v3": Decimal(30)}


def test_rows_that_are_not_accounted_for_stop_the_commit(store: Store, zoo: Any) -> None:
    batch = store.begin(zoo.contract)
    number = batch.add_file("a.csv", "00", 1)
    batch.write(zoo.table([visit("10")], number))
    batch.read(number, 2)
    with pytest.raises(StoreError, match="2 rows read, but 1 landed"):
        batch.commit()
    assert store.committed_batches() == []


def test_a_delivery_is_recognised_by_name_and_bytes(store: Store, zoo: Any) -> None:
    batch = store.begin(zoo.contract)
    batch.add_file("a.csv", "aa", 7)
    assert store.delivered(zoo.contract.name, "a.csv", "aa") is None
    batch.commit()
    found = store.delivered(zoo.contract.name, "a.csv", "aa")
    assert found is not None and (found.size, found.read) == (7, 0)
    assert store.delivered(zoo.contract.name, "b.csv", "aa") is None
    assert store.delivered(zoo.contract.name, "a.csv", "bb") is None


def test_a_retry_moves_a_row_out_of_quarantine_with_its_commit(store: Store, zoo: Any) -> None:
    batch = store.begin(zoo.contract)
    number = batch.add_file("a.csv", "aa", 7)
    batch.quarantine(QuarantinedRow(number, line, ("legs: wrong",), [b"x"], 1) for line in (2, 3))
    batch.commit()
    first, second = store.quarantine.list()
    assert (first.id, first.line, first.reasons) == (f"{number}:1", 2, ("legs: wrong",))
    for is_kept in (False, True):
        retry = store.begin(zoo.contract)
        retry.write(zoo.table([visit("10")], number))
        retry.release([first.id])
        assert len(store.quarantine.list()) == 2
        retry.commit() if is_kept else retry.abort()
    assert store.quarantine.list() == [second]
    assert store.quarantine.count() == {zoo.contract.name: 1}
    with pytest.raises(StoreError, match=first.id):
        store.quarantine.get(first.id)
    (file,) = store.files()
    assert (file.landed, file.quarantined, file.read) == (1, 1, 2)


def test_a_lease_has_one_holder_and_says_who(store: Store) -> None:
    with store.lease("run:audio"):
        with pytest.raises(LeaseHeld, match=r"'run:audio' is held by process \d+ on"), store.lease("run:audio"):
            pass
        with store.lease("run:dental"):
            pass
    with store.lease("run:audio"):
        pass


def test_many_rows_with_many_versions_of_each_key_land_in_order(store: Store, zoo: Any) -> None:
    rows = [visit(str(i), key=f"v{i % 7000}") for i in range(50_000)]
    (written,) = zoo.land(store, rows).values()
    assert written == Written(50_000, 0)
    records = zoo.records(store)
    assert len(records) == 50_000
    assert {r["price_eur"] // 7000 == r["_version"] for r in records} == {True}
    (batch,) = store.committed_batches()
    assert store.control_totals(zoo.contract).hash_sum == batch.hash_sum == sum(r["_hash"] for r in records)


def test_a_source_that_can_t_be_sharded_lands_all_the_same(
    store: Store, zoo: Any, caplog: pytest.LogCaptureFixture
) -> None:
    as_cluster = Store(store._db, is_sharded=True)  # A mongod, which does not know how to shard.
    zoo.land(as_cluster, [visit("10")])
    assert f"store.not_sharded source={zoo.contract.name}" in caplog.text
    # On a cluster the key of a collection that holds records must have its index.
    indexed = [index["key"] for index in store._db[zoo.contract.name].index_information().values()]
    assert [("structure_id", 1), ("_id", 1)] in indexed
    assert prices(zoo.records(store)) == [(0, Decimal(10))]


def test_the_primary_is_read_whatever_the_uri_says(
    store: Store, mongod: str, zoo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", f"{mongod}&readPreference=secondaryPreferred")
    settings.cache_clear()
    with open_store() as other:
        assert other._db.client.read_preference.name == "Primary"
        zoo.land(other, [visit("10")])
        assert list(zoo.land(other, [visit("10")]).values()) == [Written(0, 1)]
