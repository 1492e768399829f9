"""The mirror of a real MongoDB."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake import mirror as mirrors
from lake.errors import LeaseHeld
from lake.settings import settings
from lake.store import Store

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def rows(count: int, begin: int = 0) -> list[dict[str, Any]]:
    return [
        {"visit_id": f"v{i}", "price_eur": Decimal(i) / 100, "changed_at": MONDAY, "animal": None if i % 3 else f"é{i}"}
        for i in range(begin, begin + count)
    ]


def content(source: str) -> list[dict[str, Any]]:
    tables = [pq.read_table(path) for path in mirrors.files(source)]
    found = pa.concat_tables(tables, promote_options="permissive").to_pylist()
    return sorted(found, key=lambda r: (r["_key"], r["_version"]))


def names(source: str) -> list[str]:
    return [path.name for path in mirrors.files(source)]


def test_only_new_batches_are_copied_and_neighbours_share_a_file(store: Store, zoo: Any) -> None:
    for begin in (0, 10, 20):
        zoo.land(store, rows(10, begin))
    done = mirrors.mirror(store, zoo.contract)
    assert (done.batches, done.records, names(zoo.contract.name)) == (3, 30, ["1-3.parquet"])
    before = mirrors.files(zoo.contract.name)[0].stat().st_mtime_ns
    zoo.land(store, rows(5, 30))
    done = mirrors.mirror(store, zoo.contract)
    assert (done.batches, done.records, names(zoo.contract.name)) == (1, 5, ["1-3.parquet", "4-4.parquet"])
    assert mirrors.files(zoo.contract.name)[0].stat().st_mtime_ns == before
    assert mirrors.mirror(store, zoo.contract).batches == 0
    assert content(zoo.contract.name) == zoo.records(store)


def test_the_types_and_freshness_come_from_contract_and_ledger(store: Store, zoo: Any) -> None:
    zoo.land(store, rows(3))
    mirrors.mirror(store, zoo.contract)
    schema = pq.read_schema(mirrors.files(zoo.contract.name)[0])
    assert schema.remove_metadata() == zoo.contract.mirror_schema
    (batch,) = store.committed_batches()
    assert schema.metadata[mirrors.LANDED_AT].decode() == batch.committed_at.isoformat()


def test_an_empty_source_has_typed_columns_until_records_come(store: Store, zoo: Any) -> None:
    mirrors.mirror(store, zoo.contract)
    (path,) = mirrors.files(zoo.contract.name)
    assert (path.name, pq.read_table(path).num_rows) == ("0-0.parquet", 0)
    assert pq.read_schema(path).remove_metadata() == zoo.contract.mirror_schema
    zoo.land(store, rows(1))
    mirrors.mirror(store, zoo.contract)
    assert names(zoo.contract.name) == ["1-1.parquet"]


def test_a_batch_that_landed_nothing_is_not_copied(store: Store, zoo: Any) -> None:
    zoo.land(store, rows(1))
    mirrors.mirror(store, zoo.contract)
    zoo.land(store, rows(1))
    assert mirrors.pending(store, zoo.contract) == []
    assert mirrors.mirror(store, zoo.contract).records == 0
    assert names(zoo.contract.name) == ["1-1.parquet"]


def test_a_full_rebuild_gives_the_same_content_and_leaves_no_gap(store: Store, zoo: Any) -> None:
    for begin in (0, 4, 8):
        zoo.land(store, rows(6, begin))
        mirrors.mirror(store, zoo.contract)
    before = content(zoo.contract.name)
    linked = [path.open("rb") for path in mirrors.files(zoo.contract.name)]
    assert mirrors.mirror(store, zoo.contract, full=True).records == 14
    assert names(zoo.contract.name) == ["1-3.parquet"]
    assert content(zoo.contract.name) == before
    assert [pq.read_table(file).num_rows for file in linked] == [6, 4, 4]
    for file in linked:
        file.close()
    assert len(list(settings().mirror.iterdir())) == 2  # The pointer and its folder.


def test_a_new_field_adds_a_column_and_leaves_the_old_files_alone(store: Store, zoo: Any) -> None:
    zoo.land(store, rows(2))
    mirrors.mirror(store, zoo.contract)
    old = mirrors.files(zoo.contract.name)[0]
    stamp = old.stat().st_mtime_ns
    field = dataclasses.replace(zoo.contract.field("legs"), name="wings", header="wings")
    wider = type(zoo)(dataclasses.replace(zoo.contract, version="1.1.0", fields=(*zoo.contract.fields, field)))
    assert [w.landed for w in wider.land(store, rows(2)).values()] == [0]  # Same content, a null more.
    wider.land(store, [{**rows(1, 2)[0], "wings": 2}])
    mirrors.mirror(store, wider.contract)
    assert old.stat().st_mtime_ns == stamp
    assert [row["wings"] for row in content(zoo.contract.name)].count(2) == 1
    incremental = content(zoo.contract.name)
    mirrors.mirror(store, wider.contract, full=True)
    assert content(zoo.contract.name) == incremental
    assert pq.read_schema(mirrors.files(zoo.contract.name)[0]).names[-1] == "wings"


def test_many_small_files_are_merged_without_a_change_of_content(
    store: Store, zoo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "FILES_KEPT", 3)
    zoo.land(store, rows(50, 100))
    for begin in range(9):
        zoo.land(store, rows(2, begin))
        mirrors.mirror(store, zoo.contract)
        assert len(names(zoo.contract.name)) <= 4
        assert content(zoo.contract.name) == zoo.records(store)


def test_a_merge_that_was_cut_short_shows_no_record_twice(
    store: Store, zoo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for begin in (0, 1):
        zoo.land(store, rows(1, begin))
        mirrors.mirror(store, zoo.contract)
    first, second = mirrors.files(zoo.contract.name)
    with monkeypatch.context() as patched:
        patched.setattr(mirrors, "FILES_KEPT", 1)
        patched.setattr(Path, "unlink", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            mirrors.mirror(store, zoo.contract)
    assert first.exists() and second.exists()
    assert names(zoo.contract.name) == ["1-2.parquet"]
    assert content(zoo.contract.name) == zoo.records(store)
    mirrors.mirror(store, zoo.contract)
    assert not first.exists() and not second.exists()


def test_a_crash_between_write_and_rename_is_made_good_by_the_next_run(
    store: Store, zoo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.land(store, rows(5))
    for full in (False, True):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                mirrors.mirror(store, zoo.contract, full=full)
        mirrors.mirror(store, zoo.contract)
        assert content(zoo.contract.name) == zoo.records(store)
        left = {path.name for path in settings().mirror.glob("**/*") if path.is_file()}
        assert left == {"1-1.parquet"}


def test_one_process_at_a_time_mirrors_a_source(store: Store, zoo: Any) -> None:
    with store.lease(f"mirror:{zoo.contract.name}"), pytest.raises(LeaseHeld):
        mirrors.mirror(store, zoo.contract)
