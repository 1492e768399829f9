"""A source whose file is the whole of its scope: what a newer delivery no longer holds is withdrawn in its batch; one
that would take away a large part, looks old or is mostly refused waits for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shared import case

from apps.screens.quality import data
from lake import access, mirror
from lake.contracts import Contract, WholeOf, catalogue, contract, load
from lake.contracts.changes import Change
from lake.errors import AccessDenied
from lake.land import land, retry, waiting
from lake.land.report import Report
from lake.mirror_proof import differences
from lake.readers import text
from lake.store import Store
from lake.vault import vault
from tests.integration.land.conftest import Land

PLANS = load(Path(__file__).parents[2] / "contracts" / "lab" / "plans.yaml")
ORDERED = replace(PLANS, version_order="changed_at")
HEADER = "Structure;Site;Mois;Montant;Modifié le"

Held = Callable[[], dict[str, int]]


def plan(sites: Mapping[str, int | str], structure: str = "S01", month: str = "01/01/2027", changed: str = "") -> bytes:
    """A file: an amount by site."""
    rows = [f"{structure};{site};{month};{amount};{changed}" for site, amount in sites.items()]
    return "\n".join([HEADER, *rows, ""]).encode()


@pytest.fixture
def send(deliver: Land) -> Callable[..., Report]:
    """Land files of the source, by the end of their names: `send(_v2=plan(...))`."""

    def run(contract: Contract = PLANS, confirmed: Any = None, **files: bytes) -> Report:
        named = {f"S01_plans_2027{end if end != 'first' else ''}.csv": data for end, data in files.items()}
        return deliver(named, contract=contract, confirmed=confirmed)

    return run


@pytest.fixture
def held(store: Store) -> Held:
    """What counts in the lake: amounts by site, of all structures and months."""

    def read() -> dict[str, int]:
        batches = store.committed_batches(PLANS.name)
        rows = [r for table in store.tables(PLANS.name, batches) for r in table.to_pylist()]
        state = {r["_key"]: r for r in sorted(rows, key=lambda r: (r["_order"], r["_batch"], r["_version"]))}
        return {r["site"]: int(r["amount_eur"]) for r in state.values() if not r["_deleted"]}

    return read


def engineer() -> access.Scope:
    return access.scope("data-engineer", who="Anne")


def test_what_a_newer_file_no_longer_holds_is_withdrawn_in_its_batch(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}))
    (file,) = send(_v2=plan({"A": 10, "B": 2})).files
    assert (file.read, file.landed, file.unchanged, file.quarantined, file.withdrawn) == (2, 1, 1, 0, 1)
    assert held() == {"A": 10, "B": 2}
    batch = store.committed_batches(PLANS.name)[-1]
    assert (batch.records, batch.withdrawn) == (2, 1)
    ledger = store.files(PLANS.name)[-1]
    assert (ledger.read, ledger.withdrawn, ledger.scopes) == (2, 1, (("S01", "2027"),))
    mirror.mirror(store, PLANS)
    assert differences(store, PLANS) == []
    assert store.control_totals(PLANS).live_sums["amount_eur"] == 12


def test_both_files_in_one_batch_end_in_the_second_alone(send: Callable[..., Report], held: Held) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}), _v2=plan({"A": 1, "B": 2}))
    assert held() == {"A": 1, "B": 2}


@pytest.mark.parametrize("its", [PLANS, ORDERED], ids=["landing", "changed_at"])
def test_a_withdrawn_key_that_returns_is_there_again(send: Callable[..., Report], held: Held, its: Contract) -> None:
    day = "05/01/2027 08:00:00"
    send(its, first=plan({"A": 1, "B": 2, "C": 3}, changed=day))
    send(its, _v2=plan({"A": 1, "B": 2}, changed=day))
    (file,) = send(its, _v3=plan({"A": 1, "B": 2, "C": 3, "D": 4}, changed=day)).files
    assert (file.landed, file.unchanged) == (2, 2), "C is back, D is new"
    assert held() == {"A": 1, "B": 2, "C": 3, "D": 4}
    send(its, _v4=plan({"A": 1, "B": 2, "D": 4}, changed=day))
    assert held() == {"A": 1, "B": 2, "D": 4}, "withdrawn a second time"


def test_the_same_file_again_adds_and_withdraws_nothing(store: Store, send: Callable[..., Report], held: Held) -> None:
    first, second = plan({"A": 1, "B": 2, "C": 3}), plan({"A": 1, "B": 2})
    for _ in range(2):
        send(first=first, _v2=second)
    assert held() == {"A": 1, "B": 2}
    assert len(store.committed_batches(PLANS.name)) == 1
    send(_v3=first)  # A, B, A: the third says again what the first said.
    assert held() == {"A": 1, "B": 2, "C": 3}


def test_two_scopes_of_one_file_are_told_apart_and_an_absent_one_is_left(
    deliver: Land, send: Callable[..., Report], held: Held
) -> None:
    contract = replace(PLANS, reading=PLANS.reading.model_copy(update={"files": (r"^plans(_\w+)?\.csv$",)}))
    both = plan({"A": 1, "B": 2, "C": 3}) + plan({"X": 7, "Y": 8, "Z": 9}, month="01/01/2028").split(b"\n", 1)[1]
    deliver({"plans.csv": both}, contract=contract)
    deliver({"plans_v2.csv": plan({"X": 7, "Z": 9}, month="01/01/2028")}, contract=contract)
    assert held() == {"A": 1, "B": 2, "C": 3, "X": 7, "Z": 9}


def test_a_row_that_the_name_does_not_mean_speaks_for_no_scope(deliver: Land, held: Held) -> None:
    deliver({"S02_plans_2027.csv": plan({"K": 4, "L": 5, "M": 6}, "S02")}, contract=PLANS)
    stray = plan({"A": 1}) + plan({"K": 40}, "S02").split(b"\n", 1)[1]
    deliver({"S01_plans_2027.csv": stray}, contract=PLANS)
    assert held() == {"A": 1, "K": 40, "L": 5, "M": 6}


def test_a_key_whose_row_was_refused_is_not_absent(send: Callable[..., Report], held: Held) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}))
    (file,) = send(_v2=plan({"A": 10, "B": "x"})).files
    assert (file.landed, file.quarantined, file.withdrawn) == (1, 1, 1)
    assert held() == {"A": 10, "B": 2}, "C is gone; B is there, as it was"


def test_where_a_refused_row_has_no_key_a_withdrawal_waits(send: Callable[..., Report], held: Held) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}))
    (file,) = send(_v2=plan({"A": 10, "B": 20, "Total": 30})).files
    assert file.status == "waiting" and "no key that can be read" in file.why
    assert held() == {"A": 1, "B": 2, "C": 3}
    (file,) = send(_v3=plan({"A": 10, "B": 20, "C": 30, "Total": 60})).files
    assert (file.status, file.landed, file.withdrawn) == ("landed", 3, 0), "nothing is gone, so nothing is doubtful"


def test_a_delivery_that_takes_away_a_large_part_waits_and_nothing_of_it_is_visible(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    whole = {f"A{n}": n for n in range(1, 201)}
    send(first=plan(whole))
    cut = plan({f"A{n}": n * 10 for n in range(1, 151)})
    (file,) = send(_v2=cut).files
    assert (file.status, file.read, file.landed, file.withdrawn) == ("waiting", 150, 0, 0)
    assert file.why == "it would take away 50 of the 200 records of S01 2027"
    assert held() == whole
    assert len(store.files(PLANS.name)) == len(store.committed_batches(PLANS.name)) == 1
    (one,) = waiting.waiting(store)
    assert (one.name, one.doubts[0].count, one.confirmed_by) == ("S01_plans_2027_v2.csv", 50, None)
    (file,) = send(_v2=cut, confirmed=engineer()).files
    assert (file.status, file.landed, file.withdrawn) == ("landed", 150, 50)
    assert len(held()) == 150 and waiting.waiting(store) == []


def test_a_delivery_that_was_confirmed_lands_when_it_comes_again(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}))
    cut = plan({"A": 1})
    send(_v2=cut)
    (one,) = waiting.waiting(store)
    with pytest.raises(AccessDenied):
        waiting.confirm(store, one.id, access.scope("audio-analyst"))
    assert waiting.confirm(store, one.id, engineer()).confirmed_by == "Anne as data-engineer"
    assert send(_v2=cut).files[0].withdrawn == 2
    assert held() == {"A": 1}


def test_a_delivery_that_a_newer_one_overtook_while_it_waited_never_lands_by_itself(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}), _v2=plan({"A": 10}))
    assert len(waiting.waiting(store)) == 1, "a file that landed before in the same batch does not overtake it"
    send(_v3=plan({"A": 10, "B": 2}))
    assert waiting.waiting(store) == []
    (file,) = send(_v2=plan({"A": 10})).files
    assert (file.status, file.why) == ("known", "it waited, and S01_plans_2027_v3.csv has landed meanwhile")
    assert held() == {"A": 10, "B": 2}


def test_few_records_of_a_small_scope_go_without_asking_but_never_more_than_half(
    send: Callable[..., Report], held: Held
) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3, "D": 4}))
    assert send(_v2=plan({"A": 1, "B": 2})).files[0].status == "landed"
    assert send(_v3=plan({"Z": 1})).files[0].status == "waiting"
    assert held() == {"A": 1, "B": 2}


def test_the_share_is_the_contracts_own(send: Callable[..., Report], held: Held) -> None:
    assert PLANS.whole_of is not None
    contract = replace(PLANS, whole_of=WholeOf(PLANS.whole_of.scope, share=0, floor=0))
    send(contract, first=plan({"A": 1, "B": 2, "C": 3}))
    assert send(contract, _v2=plan({"A": 1, "B": 2})).files[0].status == "waiting"
    assert send(contract, _v3=plan({"A": 1, "B": 2, "C": 30})).files[0].status == "landed"
    assert held() == {"A": 1, "B": 2, "C": 30}


def test_a_file_that_breaks_off_withdraws_nothing_though_confirmed(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}))
    (file,) = send(_v2=plan({"A": 10, "B": 20})[:-8], confirmed=engineer()).files
    assert file.broke_at and file.withdrawn == 0
    assert held() == {"A": 10, "B": 2, "C": 3}
    assert store.files(PLANS.name)[-1].scopes == ()


@pytest.mark.parametrize("data", [b"", f"{HEADER}\n".encode()], ids=["no byte", "no row"])
def test_an_empty_file_says_nothing_of_any_scope(send: Callable[..., Report], held: Held, data: bytes) -> None:
    send(first=plan({"A": 1, "B": 2}))
    send(_v2=data)
    assert held() == {"A": 1, "B": 2}


def test_a_table_of_which_most_rows_are_refused_does_not_stand(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    send(_v1=plan({"A": 1, "B": 1, "C": 1}))
    (file,) = send(_v2=plan({"A": 2, "B": "x", "C": "x"})).files
    assert file.status == "waiting"
    assert file.why == "2 of its 3 rows are refused (amount_eur: not a number)"
    assert held() == {"A": 1, "B": 1, "C": 1} and store.quarantine.count() == {}
    (file,) = send(_v2=plan({"A": 2, "B": "x", "C": "x"}), confirmed=engineer()).files
    assert (file.landed, file.quarantined) == (1, 2)


def test_a_few_rows_in_the_place_of_nothing_land_though_most_are_refused(
    send: Callable[..., Report], held: Held
) -> None:
    (file,) = send(first=plan({"A": 1, "B": "x", "C": "x"})).files
    assert (file.status, file.landed, file.quarantined) == ("landed", 1, 2)
    assert held() == {"A": 1}


def test_a_delivery_older_than_what_the_lake_knows_waits(send: Callable[..., Report], held: Held) -> None:
    send(ORDERED, _new=plan({"A": 2, "B": 2, "C": 2}, changed="05/02/2027 08:00:00"))
    (file,) = send(ORDERED, _old=plan({"A": 1, "B": 1, "X": 1}, changed="05/01/2027 08:00:00")).files
    assert (file.status, file.why) == ("waiting", "the lake knows something newer of S01 2027")
    assert held() == {"A": 2, "B": 2, "C": 2}


def test_an_older_copy_of_what_the_lake_holds_does_not_wait(send: Callable[..., Report], held: Held) -> None:
    send(ORDERED, _new=plan({"A": 2, "B": 2}, changed="05/02/2027 08:00:00"))
    (file,) = send(ORDERED, _old=plan({"A": 1, "B": 1}, changed="05/01/2027 08:00:00")).files
    assert (file.status, file.landed, file.withdrawn) == ("landed", 2, 0)
    assert held() == {"A": 2, "B": 2}


def test_a_file_named_after_an_earlier_day_than_one_that_landed_waits(deliver: Land, held: Held) -> None:
    named = PLANS.reading.model_copy(update={"files": (r"^plans_(?P<date>\d{8})\.csv$",)})
    contract = replace(PLANS, reading=named, whole_of=WholeOf(()))
    deliver({"plans_20270301.csv": plan({"A": 2, "B": 2, "C": 2})}, contract=contract)
    (file,) = deliver({"plans_20270201.csv": plan({"A": 1, "B": 1, "C": 1})}, contract=contract).files
    assert (file.status, file.why) == ("waiting", "the lake knows something newer: plans_20270301.csv")
    deliver({"plans_20270401.csv": plan({"A": 3, "B": 3})}, contract=contract)
    assert held() == {"A": 3, "B": 3}


def test_a_refused_row_that_is_read_again_does_not_undo_a_newer_delivery(
    store: Store, send: Callable[..., Report], held: Held
) -> None:
    send(first=plan({"A": 1, "B": 2, "C": "x", "D": "x"}))
    send(_v2=plan({"A": 1, "B": 2, "D": 40}))
    fields = tuple(replace(f, kind="string") if f.name == "amount_eur" else f for f in PLANS.fields)
    lenient = replace(PLANS, version="2.0.0", changes=(Change("2.0.0", retyped=("amount_eur",)),), fields=fields)
    (done,) = retry.retry(store, vault(), [PLANS.name], contracts={PLANS.name: lenient})
    assert (done.tried, done.landed, done.unchanged, done.still) == (2, 0, 2, 0)
    assert held() == {"A": 1, "B": 2, "D": 40}
    first, _ = store.files(PLANS.name)
    assert (first.read, first.landed, first.unchanged, first.quarantined) == (4, 2, 2, 0)


def test_a_scope_whose_fields_were_renamed_is_the_same_scope(send: Callable[..., Report], store: Store) -> None:
    send(first=plan({"A": 1, "B": 2, "C": 3}))
    names = {"structure_id": "structure", "month_on": "planned_on", "site": "place"}
    assert PLANS.whole_of is not None
    scope = tuple(replace(part, field=names[part.field]) for part in PLANS.whole_of.scope)
    renamed = replace(
        PLANS,
        version="2.0.0",
        changes=(Change("2.0.0", renamed=tuple(names.items())),),
        fields=tuple(replace(f, name=names.get(f.name, f.name)) for f in PLANS.fields),
        structure="structure",
        whole_of=replace(PLANS.whole_of, scope=scope),
    )
    (file,) = send(renamed, _v2=plan({"A": 1, "B": 20})).files
    assert (file.status, file.read, file.withdrawn) == ("landed", 2, 1)
    mirror.mirror(store, renamed)
    assert differences(store, renamed) == []
    totals = store.control_totals(renamed)
    assert (totals.live, totals.live_sums["amount_eur"]) == (2, 21)
    (file,) = send(renamed, _v3=plan({"A": 1})).files
    assert file.withdrawn == 1, "a key that landed under the new names, in the same scope"


def test_a_large_file_is_compared_whole(
    send: Callable[..., Report], held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several chunks of rows, several ranges of keys."""
    monkeypatch.setattr(sys.modules["lake.store.scopes"], "_AT_ONCE", 64)
    monkeypatch.setitem(text.blocks.__kwdefaults__, "size", 4096)
    send(first=plan({f"A{n}": n for n in range(1, 1001)}))
    (file,) = send(_v2=plan({f"A{n}": n for n in range(1, 1001) if n % 10})).files
    assert (file.read, file.landed, file.unchanged, file.withdrawn) == (900, 0, 900, 100)
    assert held() == {f"A{n}": n for n in range(1, 1001) if n % 10}


def test_a_line_taken_out_of_a_corrected_budget_no_longer_counts(store: Store) -> None:
    """Case 02."""
    folder = case("02-snapshot-dropped-line")
    first, second = land([str(folder / f"S01_budget_2027{end}.xlsx") for end in ("", "_v2")]).files
    assert (first.landed, second.read, second.landed, second.withdrawn) == (24, 12, 12, 12)
    totals = store.control_totals(contract("finance_budgets"))
    assert (totals.live, totals.live_sums["amount_eur"]) == (12, Decimal("-13200.00"))


def test_a_line_fewer_in_a_corrected_filoue_export_no_longer_counts(store: Store, tmp_path: Path) -> None:
    for end, hours in (("", (100, 110, 120)), ("_v2", (100, 111))):
        (file,) = land([str(filoue(tmp_path, end, hours))]).files
    assert (file.landed, file.unchanged, file.withdrawn) == (1, 1, 1)
    assert store.control_totals(contract("childcare_filoue")).live_sums["billed_hours"] == 211


def test_the_portal_lets_a_waiting_delivery_through_and_lands_it_where_it_lies(store: Store, tmp_path: Path) -> None:
    land([str(filoue(tmp_path, "", (100, 110, 120)))])
    assert land([str(filoue(tmp_path, "_v2", (100,)))]).waiting
    session: Any = SimpleNamespace(scope=engineer())
    (one,) = data.waiting(store, session)
    report = data.let_through(store, session, one)
    assert report is not None and (report.status, report.withdrawn) == ("landed", 2)
    assert data.waiting(store, session) == []
    assert store.control_totals(contract("childcare_filoue")).live_sums["billed_hours"] == 100


def filoue(folder: Path, end: str, hours: tuple[int, ...]) -> Path:
    """A Filoué export with a child for each number of hours billed."""
    header = (
        "NUMERO_CAF;NUMERO_DOSSIER_AFC;TOP_ALLOC;MATRICULE;REGIME;DATE_NAISSANCE_INDIVIDU;CODE_POSTAL_FAMILLE;"
        "VILLE_FAMILLE;NOMBRE_HEURES_FACTUREES;NOMBRE_HEURES_REALISEES;MONTANT_FACTURE;MONTANT_HORAIRE;TAUX_EFFORT;"
        "PREMIERJOUR;DERNIERJOUR\n"
    )
    line = "751;123;0;;1;01/02/2023;75011;PARIS;{}.00;90.00;150.00;1.5000;0.000600;02/01/2025;19/12/2025\n"
    path = folder / f"S01_S01-CHI-01_filoue_2025{end}.csv"
    path.write_text(header + "".join(line.format(h) for h in hours), "utf-8")
    return path


def test_every_contract_whose_file_has_no_row_for_what_is_deleted_says_what_it_is_the_whole_of() -> None:
    """Those that are neither the whole of anything nor told what is deleted: by decision (see the ADR)."""
    told = {c.name for c in catalogue().values() if c.whole_of or c.deletion_field}
    assert set(catalogue()) - told == {"finance_entries", "group_sites"}
