"""Any order of arrivals ends in the state that a plain dictionary gives."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake import mirror as mirrors
from lake.store import Store, batches
from lake.store.versions import content_hashes, hashes, key_ids

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
#: A row: key, its order, its content, whether it deletes.
rows = st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 2), st.booleans())
#: Batches of files of rows; everything arrives in this order.
deliveries = st.lists(st.lists(st.lists(rows, max_size=6), min_size=1, max_size=2), min_size=1, max_size=5)


def model(arrivals: list[tuple[str, int, int, bool]]) -> tuple[dict[str, int], int]:
    """State by key, and how many versions are kept: what docs/architecture.md says, over a list."""
    versions: dict[str, list[tuple[int, int, bool]]] = {}
    for key, order, content, is_deleted in arrivals:
        same_order = [v for v in versions.setdefault(key, []) if v[0] == order]
        if not same_order or same_order[-1] != (order, content, is_deleted):
            versions[key].append((order, content, is_deleted))
    states = {key: max(enumerate(found), key=lambda v: (v[1][0], v[0]))[1] for key, found in versions.items()}
    live = {key: content for key, (_, content, is_deleted) in states.items() if not is_deleted}
    return live, sum(len(found) for found in versions.values())


def as_row(arrival: tuple[str, int, int, bool]) -> dict[str, Any]:
    key, order, content, is_deleted = arrival
    at = MONDAY + timedelta(days=order)
    return {"visit_id": key, "changed_at": at, "price_eur": Decimal(content), "_deleted": is_deleted}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries, st.sampled_from([1, 3, 20_000]), st.booleans())
def test_any_sequence_ends_in_the_state_of_a_plain_dictionary(
    store: Store, zoo: Any, monkeypatch: pytest.MonkeyPatch, found: Any, chunk: int, mirror_each: bool
) -> None:
    store.drop()
    monkeypatch.setattr(batches, "ROWS", chunk)
    mirrors.mirror(store, zoo.contract, full=True)
    for files in found:
        store.begin(zoo.contract).write(zoo.table([as_row(row) for row in itertools.chain(*files)]))  # Dies unfinished.
        zoo.land(store, *([as_row(row) for row in file] for file in files))
        if mirror_each:
            mirrors.mirror(store, zoo.contract)
    expected, versions = model([row for files in found for file in files for row in file])
    totals = store.control_totals(zoo.contract)
    assert (totals.live, totals.records) == (len(expected), versions)
    assert totals.live_sums["price_eur"] == sum(expected.values())
    mirrors.mirror(store, zoo.contract)
    tables = [pa.parquet.read_table(path) for path in mirrors.files(zoo.contract.name)]
    state: dict[str, dict[str, Any]] = {}
    for row in sorted(pa.concat_tables(tables).to_pylist(), key=lambda r: (r["_order"], r["_version"])):
        state[row["visit_id"]] = row
    assert {key: int(row["price_eur"]) for key, row in state.items() if not row["_deleted"]} == expected


def test_keys_are_digested_with_their_lengths_and_nulls(zoo: Any) -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("abc", None), ("", "abc"), (None, "abc")]
    table = zoo.table([{"visit_id": a, "structure_id": b} for a, b in pairs])
    ids = key_ids(table, zoo.contract)
    assert len({i.tobytes() for i in ids}) == len(pairs)
    assert {int(i["version"]) for i in ids} == {0}


def test_a_content_hash_ignores_the_order_of_fields_and_missing_nulls(zoo: Any) -> None:
    table = zoo.table([{"visit_id": "a", "animal": "cat"}, {"visit_id": "a", "animal": "dog"}])
    every = hashes(table, ["visit_id", "animal", "legs"])
    assert every.tolist() == hashes(table, ["animal", "visit_id"]).tolist()
    assert every[0] != every[1]
    assert content_hashes({"a": pa.array([b"x"])}).tolist() != content_hashes({"a": pa.array([b"y"])}).tolist()
