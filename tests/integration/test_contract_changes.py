"""A contract against what has landed under it: without a declared way across, landing and mirror refuse the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lab import DEVICES, row, text

from lake import contracts, mirror
from lake.contracts import Contract
from lake.contracts.changes import Change, faults, parsed, shape, way
from lake.errors import ContractError, MirrorError
from lake.land import land
from lake.mirror_proof import differences
from lake.store import Store, current

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def visits(*ids: str, **values: Any) -> list[dict[str, Any]]:
    return [{"visit_id": one, "price_eur": Decimal("1.10"), "changed_at": MONDAY, **values} for one in ids]


def field(contract: Contract, one: str, **changes: Any) -> Contract:
    return replace(contract, fields=tuple(replace(f, **changes) if f.name == one else f for f in contract.fields))


def version(contract: Contract, number: str, **change: Any) -> Contract:
    return replace(contract, version=number, changes=(*contract.changes, Change(number, **change)))


def mirrored(contract: Contract) -> dict[str, dict[str, Any]]:
    """What the files hold, as readers of them all see it."""
    tables = [pq.read_table(path) for path in mirror.files(contract.name)]
    assert {str(table.schema.remove_metadata()) for table in tables} == {str(contract.mirror_schema)}
    return {row["visit_id"]: row for row in pa.concat_tables(tables).to_pylist()}


def without(name: str) -> Callable[[Contract], Contract]:
    return lambda c: replace(c, fields=tuple(f for f in c.fields if f.name != name))


#: What is done to the contract, what is said of it, and what is to be written.
CHANGED: dict[str, tuple[Callable[[Contract], Contract], str, str]] = {
    "renamed": (lambda c: field(c, "legs", name="paws"), "field 'legs' is gone", "renamed: {legs: its new name}"),
    "removed": (without("animal"), "field 'animal' is gone", "removed: [animal]"),
    "retyped": (lambda c: field(c, "legs", kind="string"), "'legs' was integer and is string", "retyped: [legs]"),
    "rescaled": (lambda c: field(c, "price_eur", scale=3), "was decimal(2) and is decimal(3)", "retyped: [price_eur]"),
    "bounded": (lambda c: field(c, "legs", maximum=3), "maximum of 'legs' was None and is 3", "narrowed: [legs]"),
    "required": (lambda c: field(c, "animal", required=True), "required of 'animal'", "narrowed: [animal]"),
    "listed": (lambda c: field(c, "animal", allowed=("cat",)), "allowed of 'animal'", "narrowed: [animal]"),
    "patterned": (lambda c: field(c, "animal", pattern="c.*"), "pattern of 'animal'", "narrowed: [animal]"),
    "formed": (
        lambda c: field(c, "visited_on", form="first of month"),
        "form of 'visited_on'",
        "narrowed: [visited_on]",
    ),
    "keyed": (lambda c: field(c, "animal", key_position=9), "the key was visit_id", "again: true"),
    "ordered": (lambda c: replace(c, version_order="landing"), "versions were ordered by changed_at", "again: true"),
    "unit": (lambda c: field(c, "price_eur", unit="count"), "unit of 'price_eur' was eur", "again: true"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_that_is_not_declared_refuses_the_source_and_says_what_to_write(
    name: str, store: Store, zoo: Any
) -> None:
    change, said, write = CHANGED[name]
    base = field(zoo.contract, "price_eur", unit="eur")
    type(zoo)(base).land(store, visits("v1", animal="cat", legs=4))
    mirror.mirror(store, base)
    same = change(base)
    for contract in (same, replace(same, version="2.0.0")):
        with pytest.raises(ContractError) as refused:
            mirror.mirror(store, contract)
        assert said in refused.value.what
        assert write in refused.value.remedy
        with pytest.raises(ContractError, match="is not the one that its records landed under"):
            store.begin(contract)
    assert "a version above 1.0.0" in str(_refusal(store, same))
    assert "for 2.0.0" in str(_refusal(store, replace(same, version="2.0.0")))
    assert (mirrored(zoo.contract)["v1"]["legs"], len(store.committed_batches())) == (4, 1)


def _refusal(store: Store, contract: Contract) -> ContractError:
    with pytest.raises(ContractError) as refused:
        store.begin(contract)
    return refused.value


def test_an_optional_field_more_and_rules_that_allow_more_need_nothing(store: Store, zoo: Any) -> None:
    strict = field(field(zoo.contract, "legs", minimum=2, maximum=4), "animal", allowed=("cat",))
    type(zoo)(strict).land(store, visits("v1", animal="cat", legs=4))
    wings = replace(zoo.contract.field("legs"), name="wings", header="wings")
    wider = field(field(strict, "legs", minimum=0, maximum=8), "animal", allowed=("cat", "dog"))
    wider = replace(wider, fields=(*wider.fields, wings))
    mirror.mirror(store, wider)
    assert mirrored(wider)["v1"]["wings"] is None
    assert differences(store, wider) == []


def test_records_of_all_versions_are_read_by_the_declared_way(store: Store, zoo: Any) -> None:
    first = zoo.contract
    zoo.land(store, visits("v1", animal="cat", legs=4))
    mirror.mirror(store, first)
    second = field(field(first, "legs", name="paws"), "price_eur", name="amount_eur")
    second = replace(second, control_totals=("amount_eur",))
    second = version(second, "2.0.0", renamed=(("legs", "paws"), ("price_eur", "amount_eur")))
    type(zoo)(second).land(store, [{"visit_id": "v2", "amount_eur": Decimal(5), "changed_at": MONDAY, "paws": 2}])
    assert mirror.mirror(store, second).records == 2, "the mirror is made anew, typed by the contract"
    found = mirrored(second)
    assert [(found[v]["paws"], found[v]["amount_eur"]) for v in ("v1", "v2")] == [(4, Decimal("1.10")), (2, Decimal(5))]
    assert differences(store, second) == []
    assert store.control_totals(second).live_sums["amount_eur"] == Decimal("6.10")

    third = field(without("animal")(second), "paws", kind="string")
    third = version(third, "3.0.0", retyped=("paws",), removed=("animal",))
    mirror.mirror(store, third)
    found = mirrored(third)
    assert [found[v]["paws"] for v in ("v1", "v2")] == ["4", "2"]
    assert "animal" not in found["v1"]
    assert differences(store, third) == []
    assert mirror.mirror(store, third).records == 0, "once"


def test_what_can_t_be_cast_is_told(store: Store, zoo: Any) -> None:
    zoo.land(store, visits("v1", animal="cat"))
    retyped = version(field(zoo.contract, "animal", kind="integer", scale=0), "2.0.0", retyped=("animal",))
    with pytest.raises(MirrorError, match=r"'animal' of 'zoo_visits' was string and can't become int64.*again: true"):
        mirror.mirror(store, retyped)


def test_what_is_delivered_again_replaces_what_landed_before(store: Store, zoo: Any) -> None:
    rows = visits("v1", "v2", animal="cat")
    zoo.land(store, rows)
    mirror.mirror(store, zoo.contract)
    again = version(replace(zoo.contract, version_order="landing"), "2.0.0", again=True)
    assert mirror.mirror(store, again).records == 0
    assert mirrored(again) == {}
    assert store.control_totals(again).records == 0
    assert mirror.foreign(again, store.own_id(), store.committed_batches()) is None
    (counts,) = type(zoo)(again).land(store, rows[:1]).values()
    assert (counts.landed, counts.unchanged) == (1, 0), "the same content is no version of what is left out"
    assert mirror.mirror(store, again).records == 1
    assert list(mirrored(again)) == ["v1"]
    assert [b.number for b in current(store.committed_batches(), again)] == [2]
    assert differences(store, again) == []
    assert store.control_totals(again).live == 1


def test_verify_notices_a_file_of_another_type(store: Store, zoo: Any) -> None:
    zoo.land(store, visits("v1", legs=4))
    mirror.mirror(store, zoo.contract)
    (path,) = mirror.files(zoo.contract.name)
    table = pq.read_table(path)
    at = table.schema.get_field_index("legs")
    pq.write_table(table.set_column(at, "legs", table["legs"].cast(pa.string())), path)
    (found,) = differences(store, zoo.contract)
    assert str(found) == f"zoo_visits: type of legs in {path.name}: int64 in the lake, string in the mirror"


def test_a_lake_of_before_shapes_were_kept_is_compared_by_names_and_types(store: Store, zoo: Any) -> None:
    zoo.land(store, visits("v1", legs=4))
    store._db["_batches"].update_many({}, {"$unset": {"rules": ""}})
    store.begin(field(zoo.contract, "legs", maximum=3)).abort()
    with pytest.raises(ContractError, match="'legs' was integer and is string"):
        store.begin(field(zoo.contract, "legs", kind="string"))


def test_a_source_that_is_refused_stops_no_other_and_the_same_file_is_read_again_under_another_version(
    store: Store, tmp_path: Path, zoo: Any
) -> None:
    file = tmp_path / "S01_devices_2024.csv"
    file.write_bytes(text(row(1001), row(1002)).encode("cp1252"))

    def landed(contract: Contract) -> tuple[str, int, int]:
        (report,) = land([str(file)], contracts={contract.name: contract, zoo.contract.name: zoo.contract}).files
        return report.status, report.landed, report.unchanged

    assert landed(DEVICES) == ("landed", 2, 0)
    assert landed(DEVICES)[0] == "known"
    assert landed(replace(DEVICES, version="1.1.0")) == ("landed", 0, 2), "known under another version of the contract"
    assert landed(replace(DEVICES, version="1.1.0"))[0] == "known"
    changed = replace(without("comment")(DEVICES), version="1.2.0")
    (refused,) = land([str(file)], contracts={DEVICES.name: changed}).files
    assert refused.status == "refused"
    assert "field 'comment' is gone" in refused.why


def test_where_the_last_landed_wins_a_file_is_read_again_only_if_what_it_landed_is_left_out(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "S01_devices_2024.csv"
    file.write_bytes(text(row(1001)).encode("cp1252"))
    last_wins = replace(DEVICES, version_order="landing")

    def landed(contract: Contract) -> tuple[str, int]:
        (report,) = land([str(file)], contracts={contract.name: contract}).files
        return report.status, report.landed

    assert landed(last_wins) == ("landed", 1)
    assert landed(replace(last_wins, version="1.1.0"))[0] == "known", "it would undo what came after it"
    assert landed(version(last_wins, "2.0.0", again=True)) == ("landed", 1)


def test_an_older_contract_than_what_landed_is_told_so(store: Store, zoo: Any) -> None:
    newer = version(field(zoo.contract, "legs", name="paws"), "2.0.0", renamed=(("legs", "paws"),))
    type(zoo)(newer).land(store, visits("v1", paws=4))
    with pytest.raises(ContractError, match=r"under version 2\.0\.0 .* this is 1\.0\.0: field 'paws' is gone"):
        store.begin(zoo.contract)


def test_a_name_that_returns_is_another_field(zoo: Any) -> None:
    first = shape(zoo.contract)
    changes = (Change("2.0.0", renamed=(("legs", "paws"),)), Change("3.0.0", removed=("paws",)))
    assert way(first, replace(zoo.contract, version="3.0.0", changes=changes)).names["legs"] is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("x", "has no version"),
        ({"renamed": {}}, "has no version"),
        ({"version": "two"}, "is not a semantic one"),
        ({"version": "2.0.0", "renaned": {}}, "renaned is none of"),
        ({"version": "2.0.0", "renamed": ["a"]}, "renamed maps names"),
        ({"version": "2.0.0", "removed": "a"}, "renamed maps names"),
        ({"version": "2.0.0", "again": "yes"}, "renamed maps names"),
    ],
)
def test_what_changes_can_t_say_is_refused(entry: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parsed([entry])


def test_changes_name_fields_and_versions_that_there_are(zoo: Any, tmp_path: Path) -> None:
    wrong = replace(zoo.contract, changes=parsed([{"version": "9.0.0", "renamed": {"a": "b"}, "narrowed": ["c"]}]))
    assert list(faults(wrong)) == [
        "changes 9.0.0 is above the contract's version 1.0.0",
        "changes 9.0.0: renamed 'b' is not a field that is stored",
        "changes 9.0.0: narrowed 'c' is not a field that is stored",
    ]
    written = zoo.contract.path.read_text("utf-8")
    file = tmp_path / "zoo" / "visits.yaml"
    file.parent.mkdir()
    entry = "  - {property: changes, value: [{version: 1.0.0, renamed: {feet: legs}}]}\n"
    file.write_text(f"{written.rstrip()}\n{entry}", "utf-8")
    assert contracts.load(file).changes == (Change("1.0.0", renamed=(("feet", "legs"),)),)
