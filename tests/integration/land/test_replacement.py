"""A corrected file closes the rows in quarantine that it holds, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest

from lake import access
from lake.access import Role, Scope
from lake.contracts import Contract
from lake.errors import AccessDenied, ReadError
from lake.land.replacement import Replaced, replace
from lake.land.report import Report
from lake.readers.columns import LINE_HEADER
from lake.store import Store
from lake.vault import vault
from tests.lab import DEVICES, row, text

Deliver = Callable[..., Report]
States = Callable[[], dict[str, dict[str, Any]]]

NAME = "S01_devices_2024.csv"
FIXED = "S01_devices_2024_fix.csv"

#: As the files of a structure's month are named, its period a group.
DATED = changed(
    DEVICES,
    reading=DEVICES.reading.model_copy(
        update={"files": (r"^(?P<structure_id>S\d\d)_devices_(?P<year>\d{4})(_\w+)?\.csv$",)}
    ),
)

#: Another source, of a line of its own.
OTHER = changed(
    DEVICES,
    name="other_devices",
    line="other",
    reading=DEVICES.reading.model_copy(update={"files": (r"^(?P<structure_id>S\d\d)_others_\d{4}\.csv$",)}),
)


def corrected(
    store: Store, folder: Path, name: str, data: bytes, contract: Contract = DEVICES, **options: Any
) -> Replaced:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    known = {contract.name: contract, OTHER.name: OTHER}
    options.setdefault("scope", access.scope("data-engineer", who="Anne"))
    return replace(store, vault(), str(folder / name), contracts=known, **options)


def held(store: Store) -> list[str]:
    return [held.id for held in store.quarantine.list()]


def test_a_corrected_file_closes_the_rows_of_the_one_it_replaces(
    deliver: Deliver, store: Store, tmp_path: Path, states: States
) -> None:
    deliver({NAME: text(row(1001), row(1002, price_eur="x"), "D1003;").encode()})
    done = corrected(store, tmp_path / "fixed", NAME, text(row(1001), row(1002), row(1003)).encode())
    assert (done.report.landed, done.report.unchanged, done.closed, done.left) == (2, 1, 2, 0)
    assert held(store) == []
    assert set(states()) == {"D1001", "D1002", "D1003"}


def test_a_corrected_file_of_another_name_says_what_it_replaces(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    deliver({NAME: text("D1002;").encode(), "S02_devices_2024.csv": text("D2002;").encode()})
    with pytest.raises(ReadError, match="Which file does S01_devices_2024_fix"):
        corrected(store, tmp_path / "fixed", FIXED, text(row(1002)).encode())
    corrected(store, tmp_path / "fixed", FIXED, text(row(1002)).encode(), instead_of=1)
    assert held(store) == ["2:1"]


def test_the_same_file_again_replaces_nothing(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    data = text("D1002;").encode()
    deliver({NAME: data})
    with pytest.raises(ReadError, match="delivered before"):
        corrected(store, tmp_path / "fixed", NAME, data)
    assert held(store) == ["1:1"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("S02_devices_2024.csv", "structure_id S02 instead of S01"),
        ("S01_devices_2023.csv", "year 2023 instead of 2024"),
        ("S02_devices_2023.csv", "structure_id S02 instead of S01, year 2023 instead of 2024"),
    ],
)
def test_a_file_of_another_structure_or_period_replaces_nothing_unless_forced(
    deliver: Deliver, store: Store, tmp_path: Path, states: States, name: str, told: str
) -> None:
    deliver({NAME: text(row(1001, price_eur="x")).encode()}, DATED)
    with pytest.raises(ReadError, match=rf"can't replace file 1 \(S01_devices_2024.csv\): its name tells {told}"):
        corrected(store, tmp_path / "fixed", name, text(row(1001)).encode(), DATED, instead_of=1)
    assert (held(store), states()) == (["1:1"], {})
    corrected(store, tmp_path / "fixed", name, text(row(1001)).encode(), DATED, instead_of=1, force=True)
    assert (held(store), set(states())) == ([], {"D1001"})


def test_names_tell_the_same_in_any_case(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    deliver({"s01_devices_2024.csv": text(row(1001, price_eur="x")).encode()}, DATED)
    assert corrected(store, tmp_path / "fixed", FIXED, text(row(1001)).encode(), DATED, instead_of=1).closed == 1


def test_rows_that_the_corrected_file_does_not_hold_stay(
    deliver: Deliver, store: Store, tmp_path: Path, states: States
) -> None:
    deliver({NAME: text(row(1001), row(1002, price_eur="x"), row(1003, ear="?")).encode()})
    # The sender took one wrong row out and changed others.
    data = text(row(1001, comment="new"), row(1003), row(1004)).encode()
    done = corrected(store, tmp_path / "fixed", FIXED, data, instead_of=1)
    assert (done.report.landed, done.closed, done.left) == (3, 1, 1)
    assert held(store) == ["1:1"]
    assert set(states()) == {"D1001", "D1003", "D1004"}


def test_a_file_that_holds_none_of_the_rows_lands_nothing(
    deliver: Deliver, store: Store, tmp_path: Path, states: States
) -> None:
    deliver({NAME: text(row(1001), row(1002, price_eur="x")).encode()})
    with pytest.raises(ReadError, match=r"holds none of the rows in quarantine of file 1 \(S01_devices_2024.csv"):
        corrected(store, tmp_path / "fixed", FIXED, text(row(1001), row(1004)).encode(), instead_of=1)
    assert (held(store), set(states())) == (["1:1"], {"D1001"})
    assert len(store.files(DEVICES.name)) == 1


def test_rows_are_closed_by_force_and_the_batch_says_by_whom(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    deliver({NAME: text(row(1001), row(1002, price_eur="x"), "TOTAL;1").encode()})
    data = text(row(1001, comment="new")).encode()
    done = corrected(store, tmp_path / "fixed", FIXED, data, instead_of=1, force=True)
    assert (done.closed, done.left, held(store)) == (2, 0, [])
    (forced,) = store.quarantine.forced()
    assert (forced.by, forced.file, forced.rows) == ("Anne as data-engineer", 1, 1), "one is covered: as many are new"
    assert store.quarantine.forced(DEVICES.name, file=1) == [forced]
    assert store.quarantine.forced("other") == store.quarantine.forced(file=2) == []


def test_rows_without_a_key_are_counted(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    deliver({NAME: text(row(1001), "D1002;", "D1003;").encode()})
    with pytest.raises(ReadError, match="holds none of the rows in quarantine"):
        corrected(store, tmp_path / "one", FIXED, text(row(1001), row(1002)).encode(), instead_of=1)
    done = corrected(store, tmp_path / "two", FIXED, text(row(1001), row(1002), row(1003)).encode(), instead_of=1)
    assert (done.closed, held(store)) == (2, [])


def test_rows_whose_place_is_their_key_are_counted(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    place = changed(DEVICES.field("parts"), name="place", header=LINE_HEADER, key_position=2, required=True)
    placed = changed(DEVICES, fields=(*DEVICES.fields, place))
    deliver({NAME: text(row(1001), row(1002, price_eur="x")).encode()}, placed)
    assert corrected(store, tmp_path / "fixed", FIXED, text(row(1002)).encode(), placed, instead_of=1).closed == 1


def test_a_corrected_row_that_is_still_wrong_takes_the_place_of_the_one_before(
    deliver: Deliver, store: Store, tmp_path: Path
) -> None:
    deliver({NAME: text(row(1001, price_eur="x"), row(1002, ear="?")).encode()})
    data = text(row(1001), row(1002, ear="!")).encode()
    assert corrected(store, tmp_path / "fixed", FIXED, data, instead_of=1).closed == 2
    assert held(store) == ["2:1"]


def test_a_file_of_another_source_replaces_nothing(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    deliver({NAME: text(row(1001, price_eur="x")).encode()})
    with pytest.raises(ReadError, match=r"is of other_devices and can't replace file 1 \(.*\), of lab_devices"):
        corrected(store, tmp_path / "fixed", "S01_others_2024.csv", text(row(1001)).encode(), instead_of=1, force=True)
    assert held(store) == ["1:1"]


def only(line: str) -> Scope:
    """A role with the quarantine of one line, which a policy can give and a scope is made from."""
    return Scope(
        Role.model_construct(
            name="x", label_fr="x", label_en="x", lines=(line,), structures=("*",), permissions=("read", "quarantine")
        ),
        "Anne",
    )


def test_both_files_are_of_lines_whose_quarantine_the_role_has(deliver: Deliver, store: Store, tmp_path: Path) -> None:
    deliver({NAME: text(row(1001, price_eur="x")).encode()})
    with pytest.raises(AccessDenied, match="of line lab"):
        corrected(store, tmp_path / "fixed", FIXED, text(row(1001)).encode(), instead_of=1, scope=only("other"))
    with pytest.raises(AccessDenied, match="of line lab"):
        corrected(
            store, tmp_path / "fixed", "S01_others_2024.csv", text(row(1)).encode(), instead_of=1, scope=only("other")
        )
    with pytest.raises(AccessDenied, match="may not see or retry the quarantine"):
        corrected(store, tmp_path / "fixed", NAME, b"", scope=access.scope("group-director"))
    assert held(store) == ["1:1"]
    assert corrected(store, tmp_path / "fixed", FIXED, text(row(1001)).encode(), instead_of=1, scope=only("lab")).closed
