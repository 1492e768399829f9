"""Working through the quarantine: rows land once their contract or their file is right."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.contracts import Contract
from lake.land.originals import original
from lake.land.report import Report
from lake.land.retry import Retried, retry
from lake.readers.text import blocks
from lake.settings import PROJECT
from lake.store import Store
from lake.store.quarantine import forget
from lake.vault import vault
from tests.lab import DEVICES, GOOD, reading, row, text

Deliver = Callable[..., Report]
States = Callable[[], dict[str, dict[str, Any]]]

NAME = "S01_devices_2024.csv"


def again(store: Store, contract: Contract = DEVICES, **options: Any) -> Retried:
    (done,) = retry(store, vault(), [contract.name], contracts={contract.name: contract}, **options)
    return done


def fail(*args: object) -> None:
    raise MemoryError


def with_maximum(maximum: int, version: str = "1.1.0") -> Contract:
    fields = tuple(changed(f, maximum=maximum) if f.name == "price_eur" else f for f in DEVICES.fields)
    return changed(DEVICES, fields=fields, version=version)


def test_rows_land_once_the_contract_accepts_them(deliver: Deliver, store: Store, states: States) -> None:
    deliver({NAME: text(row(1001), row(1002, price_eur="7 000,00"), row(1003, price_eur="9 000,00")).encode("cp1252")})
    done = again(store, with_maximum(8000))
    assert (done.tried, done.landed, done.still) == (2, 1, 1)
    assert (states()["D1002"]["_file"], states()["D1002"]["_line"]) == (1, 3)
    (left,) = store.quarantine.list(DEVICES.name)
    assert (left.line, left.reasons, left.contract_version) == (4, ("price_eur: above 8000",), "1.1.0")
    (file,) = store.files(DEVICES.name)
    assert (file.read, file.landed, file.quarantined) == (3, 2, 1)


def test_a_retry_says_how_many_values_it_rounded(deliver: Deliver, store: Store) -> None:
    deliver({NAME: text(row(1001), row(1002, price_eur="950,105"), row(1003, price_eur="x")).encode("cp1252")})
    fields = tuple(changed(f, rounding=True) if f.name == "price_eur" else f for f in DEVICES.fields)
    done = again(store, changed(DEVICES, fields=fields, version="1.1.0"))
    assert (done.landed, done.still, dict(done.rounded)) == (1, 1, {"price_eur": 1})


def test_nothing_changes_where_nothing_passes(deliver: Deliver, store: Store) -> None:
    deliver({NAME: text(row(price_eur="x")).encode()})
    done = again(store)
    assert (done.tried, done.landed, done.still) == (1, 0, 1)
    assert len(store.committed_batches(DEVICES.name)) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_rows_of_an_encoding_land_once_it_is_accepted(
    deliver: Deliver, store: Store, states: States, encoding: str
) -> None:
    rows = [row(1001), row(1002, comment='"two\r\nlines"'), row(1003, comment="é")]
    file = deliver({NAME: text(*rows).encode(encoding)}).files[0]
    assert (file.landed, file.quarantined) == (0, 3)
    done = again(store, reading(encodings=("cp1252", "utf-16-le")))
    assert (done.tried, done.landed) == (3, 3)
    assert [states()[f"D{n}"]["_line"] for n in (1001, 1002, 1003)] == [2, 3, 5]
    assert states()["D1002"]["comment"] == "two\nlines"
    assert store.quarantine.list() == []


def test_rows_of_many_files_and_heads_are_told_apart(deliver: Deliver, store: Store, states: States) -> None:
    headers = list(reversed(list(GOOD)))
    other = text(";".join(reversed(row(2001, price_eur="7000").split(";"))), headers=headers).encode("cp1252")
    deliver({NAME: text(row(1001, price_eur="7000"), "D1;x").encode("cp1252"), "S02_devices_2024.csv": other})
    done = again(store, with_maximum(8000))
    assert (done.tried, done.landed, done.still) == (3, 2, 1)
    assert {k: v["structure_id"] for k, v in states().items()} == {"D1001": "S01", "D2001": "S02"}


def test_only_one_file_can_be_tried(deliver: Deliver, store: Store) -> None:
    deliver(
        {NAME: text(row(1001, price_eur="7000")).encode(), "S02_devices_2024.csv": text(row(1002, ear="?")).encode()}
    )
    assert again(store, with_maximum(8000), file=1).tried == 1


def test_a_file_of_a_missing_column_lands_once_it_has_an_alias(deliver: Deliver, states: States) -> None:
    headers = ["Tarif" if h == "Prix" else h for h in GOOD]
    data = {NAME: text(row(), headers=headers).encode()}
    assert len(deliver(data).refused) == 1
    fields = tuple(changed(f, aliases=("Tarif",)) if f.name == "price_eur" else f for f in DEVICES.fields)
    assert deliver(data, changed(DEVICES, fields=fields)).total("landed") == 1
    assert str(states()["D100"]["price_eur"]) == "1234.50"


def test_rows_of_typed_formats_are_read_again(deliver: Deliver, store: Store, tmp_path: Path, states: States) -> None:
    files = (r"^(?P<structure_id>S\d\d)_devices_\d{4}\.parquet$",)
    contract = changed(
        with_maximum(1000), reading=DEVICES.reading.model_copy(update={"format": "parquet", "files": files})
    )
    table = pa.table({**{h: [v] for h, v in GOOD.items()}, "Prix": pa.array([1234.5])})
    pq.write_table(table, tmp_path / "t.parquet")
    data = (tmp_path / "t.parquet").read_bytes()
    assert deliver({"S01_devices_2024.parquet": data}, contract).files[0].quarantined == 1
    assert again(store, changed(contract, fields=DEVICES.fields)).landed == 1
    assert str(states()["D100"]["price_eur"]) == "1234.50"
    assert states()["D100"]["_line"] == 1


def test_a_retried_row_that_is_known_already_is_unchanged(deliver: Deliver, store: Store) -> None:
    deliver({NAME: text(row(1001, price_eur="7000")).encode()})
    deliver({"S01_devices_2025.csv": text(row(1001, price_eur="7000")).encode()}, with_maximum(8000))
    done = again(store, with_maximum(8000))
    assert (done.landed, done.unchanged, done.still) == (0, 1, 0)


def test_a_retry_that_fails_leaves_the_quarantine_as_it_was(
    deliver: Deliver, store: Store, monkeypatch: pytest.MonkeyPatch, states: States
) -> None:
    deliver({NAME: text(row(1001, price_eur="7000")).encode()})
    with monkeypatch.context() as patched:
        patched.setattr("lake.store.Batch.commit", fail)
        with pytest.raises(MemoryError):
            again(store, with_maximum(8000))
    assert len(store.quarantine.list()) == 1
    assert states() == {}
    assert again(store, with_maximum(8000)).landed == 1


def test_reasons_are_counted(deliver: Deliver, store: Store) -> None:
    deliver({NAME: text(row(1001, price_eur="x"), row(1002, price_eur="x"), row(1003, ear="?")).encode()})
    assert [(c.reason, c.rows) for c in store.quarantine.reasons(DEVICES.name)] == [
        ("price_eur: not a number", 2),
        ("ear: not among the allowed values", 1),
    ]


def parts(store: Store) -> list[str]:
    """Ids of the parts that are kept, whoever wrote them."""
    return sorted(d["_id"] for d in store._db["_quarantine_parts"].find({}, {"_id": 1}))


def huge_row(number: int, megabytes: int = 10) -> str:
    """A long value in a column that is not stored, and a price above the contract's."""
    return row(number, price_eur="7000", patient_name="Ménard-" * (megabytes * 125_000))


def test_a_row_of_40_megabytes_is_kept_whole_until_its_contract_accepts_it(
    deliver: Deliver, store: Store, states: States
) -> None:
    line = huge_row(1002, megabytes=40)
    report = deliver({NAME: text(row(1001), line, row(1003), "D1004;").encode()})
    assert (report.total("read"), report.total("landed"), report.total("quarantined")) == (4, 2, 2)
    first, second = store.quarantine.list(DEVICES.name)
    assert (first.line, first.reasons, second.line) == (3, ("price_eur: above 6000",), 5)
    assert first.size > 40_000_000
    assert parts(store) == [f"1:{first.id[2:]}/{n}" for n in range(1, 6)]
    is_whole = original(store, vault(), first).original == f"{line}\r\n".encode()
    assert is_whole
    assert again(store).still == 2
    done = again(store, with_maximum(8000))
    assert (done.landed, done.still) == (1, 1)
    assert (states()["D1002"]["_line"], str(states()["D1002"]["price_eur"])) == (3, "7000.00")
    assert parts(store) == [], "what has landed is kept no longer: it held a clear name"
    assert [held.id for held in store.quarantine.list()] == [second.id]
    assert store._db["_quarantine"].count_documents({}) == 1


def test_parts_of_a_landing_that_fails_are_removed(
    deliver: Deliver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = text(row(1001), huge_row(1002)).encode()
    with monkeypatch.context() as patched:
        patched.setattr("lake.store.Batch.commit", fail)
        with pytest.raises(MemoryError):
            deliver({NAME: data})
    assert parts(store) == []
    assert deliver({NAME: data}).total("quarantined") == 1
    assert len(parts(store)) == 2


def test_parts_of_a_killed_landing_are_removed_by_the_next(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    data = text(row(1001), huge_row(1002)).encode()
    (tmp_path / NAME).write_bytes(data)
    script = f"""
import os, signal, sys
from lake.store import Batch
Batch.commit = lambda self: os.kill(os.getpid(), signal.SIGKILL)
from lake.land import land
from tests.lab import DEVICES
land([{str(tmp_path / NAME)!r}], contracts={{DEVICES.name: DEVICES}})
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(parts(store)) == 2
    assert store.quarantine.list() == []
    deliver({"S02_devices_2024.csv": text(row(2001)).encode()})
    assert parts(store) == []
    assert deliver({NAME: data}).total("quarantined") == 1
    (held,) = store.quarantine.list()
    is_whole = original(store, vault(), held).original == f"{huge_row(1002)}\r\n".encode()
    assert is_whole


def test_what_a_retry_released_goes_even_if_it_was_killed_right_after_its_commit(
    deliver: Deliver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver({NAME: text(huge_row(1002)).encode()})
    steps = iter([forget, fail])  # As the retry begins, and after its commit.
    with monkeypatch.context() as patched:
        patched.setattr("lake.store.quarantine.forget", lambda *arguments: next(steps)(*arguments))
        with pytest.raises(MemoryError):
            again(store, with_maximum(8000))
    assert (len(parts(store)), store.quarantine.list()) == (2, [])
    deliver({"S02_devices_2024.csv": text(row(2001)).encode()}, with_maximum(8000))
    assert (parts(store), store._db["_quarantine"].count_documents({})) == ([], 0)


def test_a_row_beyond_the_longest_line_is_kept_in_parts_that_never_land(
    deliver: Deliver, store: Store, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.readers.text._LONGEST", 2000)
    monkeypatch.setitem(blocks.__kwdefaults__, "size", 500)
    # Its last part alone would be a row.
    line = "y" * 4000 + row(1002)
    report = deliver({NAME: text(row(1001), line, row(1003)).encode()})
    held = store.quarantine.list()
    assert (report.total("landed"), report.total("quarantined")) == (2, len(held))
    assert len(held) > 1
    assert {h.line for h in held} == {3}
    assert b"".join(original(store, vault(), h).original for h in held) == f"{line}\r\n".encode()
    done = again(store)
    assert (done.landed, done.still) == (0, len(held))
    assert states().keys() == {"D1001", "D1003"}


def test_many_rows_are_read_again_some_at_a_time(
    deliver: Deliver, store: Store, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.land.originals._ROWS", 3)
    deliver({NAME: text(*(row(n, price_eur="7000" if n % 2 else "x") for n in range(1000, 1020))).encode()})
    done = again(store, with_maximum(8000))
    assert (done.tried, done.landed, done.still) == (20, 10, 10)
    assert set(states()) == {f"D{n}" for n in range(1001, 1020, 2)}


def test_a_value_too_long_for_a_document_is_refused(deliver: Deliver, store: Store) -> None:
    deliver({NAME: text(row(1001), row(1002, comment="x" * 300_000)).encode()})
    (held,) = store.quarantine.list(DEVICES.name)
    assert "comment: longer than 262,144 bytes" in held.reasons
