"""`lake mirror --verify`: each kind of damage is found and named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lake import mirror as mirrors
from lake.mirror_proof import differences
from lake.store import Store

MONDAY, TUESDAY = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)


@pytest.fixture
def mirrored(store: Store, zoo: Any) -> Store:
    """Two batches: two visits, then a correction, a deletion and a new one."""
    rows = [{"visit_id": f"v{i}", "price_eur": Decimal("1.10"), "changed_at": MONDAY} for i in range(4)]
    zoo.land(store, rows[:3])
    changed = {**rows[0], "price_eur": Decimal("-2.25"), "changed_at": TUESDAY}
    zoo.land(store, [changed, {"visit_id": "v1", "changed_at": TUESDAY, "_deleted": True}, rows[3]])
    mirrors.mirror(store, zoo.contract)
    return store


def damage(source: str, change: Callable[[pa.Table], pa.Table]) -> None:
    (path,) = mirrors.files(source)
    pq.write_table(change(pq.read_table(path)), path)


def with_column(name: str, change: Callable[[Any], Any]) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index(name)
        return table.set_column(at, table.schema.field(at), change(table[name]).cast(table.schema.field(at).type))

    return changed


def test_a_true_mirror_has_no_differences(mirrored: Store, zoo: Any) -> None:
    assert differences(mirrored, zoo.contract) == []


def test_an_empty_source_has_no_differences(store: Store, zoo: Any) -> None:
    mirrors.mirror(store, zoo.contract)
    assert differences(store, zoo.contract) == []


def test_a_lost_row_is_named_with_its_batch(mirrored: Store, zoo: Any) -> None:
    damage(zoo.contract.name, lambda t: t.filter(pc.not_equal(t["visit_id"], "v3")))
    found = differences(mirrored, zoo.contract)
    assert [(d.batch, d.what) for d in found if d.batch] == [(2, "records and checksum")]
    assert {d.what for d in found if d.batch is None} == {
        "records",
        "live keys",
        "sum of price_eur",
        "sum of price_eur over live keys",
    }


def test_a_changed_value_is_named_with_its_batch(mirrored: Store, zoo: Any) -> None:
    damage(zoo.contract.name, with_column("animal", lambda c: pc.if_else(pc.is_null(c), "cat", c)))
    found = differences(mirrored, zoo.contract)
    assert [(d.batch, d.mirror) for d in found] == [(1, "3"), (2, "3")]
    assert str(found[0]).startswith("zoo_visits, batch 1: rows whose content is not what was landed")


def test_a_cent_too_much_is_found(mirrored: Store, zoo: Any) -> None:
    damage(zoo.contract.name, with_column("price_eur", lambda c: pc.add(c, pa.scalar(Decimal("0.01")))))
    found = differences(mirrored, zoo.contract)
    sums = [(d.lake, d.mirror) for d in found if d.what == "sum of price_eur over live keys"]
    assert sums == [("-0.05", "-0.02")]


def test_a_record_changed_in_mongodb_is_named_with_its_batch(mirrored: Store, zoo: Any) -> None:
    mirrored._db[zoo.contract.name].delete_one({"visit_id": "v2"})
    found = differences(mirrored, zoo.contract)
    assert (found[0].batch, found[0].what) == (1, "MongoDB's records are not those of the commit")


def test_the_command_fails_and_names_the_source(
    mirrored: Store, zoo: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lake import cli, contracts

    def run(*arguments: str) -> object:
        monkeypatch.setattr("sys.argv", ["lake", "mirror", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code

    monkeypatch.setattr(contracts, "catalogue", lambda folder=Path(): {zoo.contract.name: zoo.contract})
    assert run("--verify") == 0
    assert "control totals are equal" in capsys.readouterr().out
    damage(zoo.contract.name, lambda t: t.slice(1))
    assert run("--verify") == 1
    out, err = capsys.readouterr()
    assert "zoo_visits, batch 1" in out
    assert "lake mirror --full" in err
    assert run("--full", "--verify") == 0


def test_a_file_that_is_cut_short_is_a_difference_and_no_trace(mirrored: Store, zoo: Any) -> None:
    (path,) = mirrors.files(zoo.contract.name)
    whole = path.read_bytes()
    path.unlink()  # A build may hold the same file under another name.
    path.write_bytes(whole[: len(whole) // 2])
    (found,) = differences(mirrored, zoo.contract)
    assert (found.what, found.batch) == ("its files", None)
    assert found.mirror.startswith("unreadable")
