"""A column that is absent, new or renamed is remembered by delivery, warned of until somebody answers, and its values
are empty, never «no»."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shared import case

from lake import access, mirror
from lake.checks.columns import column_results, questioned
from lake.contracts import contract
from lake.errors import AccessDenied, ContractError
from lake.land import land, questions
from lake.land.questions import open_questions
from lake.store import Store

FITTINGS = contract("audio_fittings")
SOURCE = FITTINGS.name
Renewals = Callable[[], list[bool | None]]


@pytest.fixture
def renewals(store: Store) -> Renewals:
    """`is_renewal` of each fitting, as it counts now."""

    def read() -> list[bool | None]:
        rows = [r for t in store.tables(SOURCE, store.committed_batches(SOURCE)) for r in t.to_pylist()]
        state = {r["_key"]: r for r in sorted(rows, key=lambda r: (r["_order"], r["_batch"], r["_version"]))}
        return [r["is_renewal"] for r in state.values() if not r["_deleted"]]

    return read


@pytest.fixture
def renamed(store: Store) -> Path:
    """Case 05, landed: «Renouvellement» is called «Renouv.»."""
    (path,) = case("05-renamed-optional-column").glob("*.csv")
    assert land([str(path)]).files[0].landed == 5
    return path


def engineer() -> access.Scope:
    return access.scope("data-engineer", who="Anne")


def warned(store: Store, folder: Path, line: str = "audio") -> dict[str, str]:
    """What the check of columns warns of in a build, by source."""
    build: Any = SimpleNamespace(line=line, folder=folder)
    found = column_results(questioned(store, build), build)
    assert {r.severity for r in found} == {"warns"}
    return {r.subject_en: r.detail for r in found if r.outcome == "warned"}


def test_a_renamed_column_is_asked_about_and_its_values_are_empty(
    store: Store, renamed: Path, renewals: Renewals, tmp_path: Path
) -> None:
    (asked,) = open_questions(store, FITTINGS)
    assert (asked.kind, asked.name, asked.files, asked.last) == ("absent", "is_renewal", 1, renamed.name)
    assert asked.beside == ("Renouv.",)
    assert renewals() == [None] * 5
    assert warned(store, tmp_path) == {SOURCE: f"is_renewal (absent, 1 files, last {renamed.name})"}


def test_an_alias_is_read_from_the_next_landing_on_and_lands_the_file_again(
    store: Store, renamed: Path, renewals: Renewals, tmp_path: Path
) -> None:
    assert questions.alias(store, SOURCE, "is_renewal", "Renouv.", engineer()) == [renamed.name]
    assert open_questions(store, FITTINGS) == [] and warned(store, tmp_path) == {}
    (file,) = land([str(renamed)]).files
    assert (file.status, file.landed, file.missing, file.extra) == ("landed", 5, (), ())
    assert renewals() == [True] * 5
    assert land([str(renamed)]).files[0].status == "known", "once read, it is known"


def test_what_was_accepted_is_no_longer_warned_of(store: Store, renamed: Path, tmp_path: Path) -> None:
    questions.accept(store, SOURCE, "absent", "is_renewal", engineer())
    assert warned(store, tmp_path) == {}
    (answered,) = questions.questions(store, FITTINGS)
    assert answered.answer == "accepted, Anne as data-engineer"
    assert land([str(renamed)]).files[0].status == "known"


def test_a_column_that_earlier_files_had_not_is_new(store: Store, renamed: Path, tmp_path: Path) -> None:
    lines = renamed.read_bytes().splitlines()
    path = tmp_path / renamed.name.replace("2024-07", "2024-08")
    path.write_bytes(b"\n".join([lines[0] + b";Cabine", *(line + b";3" for line in lines[1:])]))
    land([str(path)])
    assert {(q.kind, q.name) for q in open_questions(store, FITTINGS)} == {("absent", "is_renewal"), ("new", "Cabine")}


def test_only_who_may_answers_and_no_header_is_of_two_fields(store: Store, renamed: Path) -> None:
    with pytest.raises(AccessDenied):
        questions.accept(store, SOURCE, "absent", "is_renewal", access.scope("audio-analyst"))
    with pytest.raises(ContractError, match="'Marque' is the column of 'brand' already"):
        questions.alias(store, SOURCE, "is_renewal", "Marque", engineer())


def test_a_field_that_falls_empty_at_one_structure_is_warned_of(store: Store, zoo: Any, tmp_path: Path) -> None:
    """Two structures of the small source; the newest file of one has no number of legs."""

    def visits(structure: str, file: int, legs: int | None) -> list[dict[str, Any]]:
        return [
            {"visit_id": f"{structure}-{file}-{n}", "structure_id": structure, "legs": legs if n else None}
            for n in range(60)
        ]

    for file in (1, 2):
        zoo.land(store, visits("S01", file, 4), visits("S02", file, 4))
    zoo.land(store, visits("S01", 3, 4), visits("S02", 3, None))
    mirror.mirror(store, zoo.contract)
    folder = tmp_path / "inputs" / zoo.contract.name
    folder.mkdir(parents=True)
    for path in mirror.files(zoo.contract.name):
        shutil.copy(path, folder)
    from lake.checks.columns import _emptied

    assert list(_emptied(zoo.contract, SimpleNamespace(folder=tmp_path))) == [  # type: ignore[arg-type]
        "S02 legs: 100% empty, 2% before"
    ]
