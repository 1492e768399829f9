"""Prototypes: the card refuses moved goalposts, the journal is append-only, a scaffold runs at once."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from lake.errors import PrototypeError, UnknownLine
from lake.prototypes import Journal, card, cards, scaffold, sprint_summary


class Memory:
    """The store's list of events, in memory; the integration tests use the real one."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def append(self, kind: str, event: dict[str, Any], /) -> int:
        self.kept.append({"kind": kind, **event})
        return len(self.kept)

    def find(self, *, where: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        wanted = (where or {}).items()
        return [e for e in self.kept if all(e[k] == v for k, v in wanted)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scaffold("audio", "first_try", owner="Data lab", today=date(2026, 1, 5), folder=tmp_path)
    return tmp_path


def test_a_scaffold_is_a_valid_card_with_a_page_that_compiles(folder: Path) -> None:
    made = card("audio/first_try", folder)
    assert (made.sprint, made.kill_on, made.stage) == ("2026-S02", date(2026, 3, 2), "hypothesis")
    compile((folder / "audio" / "first_try" / "page.py").read_text("utf-8"), "page.py", "exec")


def test_a_scaffold_overwrites_nothing(folder: Path) -> None:
    with pytest.raises(PrototypeError, match="exists already"):
        scaffold("audio", "first_try", owner="Data lab", today=date(2026, 1, 5), folder=folder)


@pytest.mark.parametrize("name", ["../../etc", "A", "x y", "a" * 60, ""])
def test_a_name_that_is_no_module_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PrototypeError, match="not a prototype's name"):
        scaffold("audio", name, owner="Data lab", today=date(2026, 1, 5), folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_line_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownLine, match="optical"):
        scaffold("optics", "first_try", owner="Data lab", today=date(2026, 1, 5), folder=tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"hypothesis": {"fr": "Un bel écran", "en": "A nice screen"}}, "hypothesis lacks"),
        ({"success": None}, "success"),
        ({"kill_on": "later"}, "kill_on"),
        ({"sprint": "soon"}, "sprint"),
        ({"key_users": []}, "key_users"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_card_that_lacks_its_promise_is_refused(folder: Path, change: dict[str, Any], why: str) -> None:
    path = folder / "audio" / "first_try" / "prototype.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("utf-8")), **change}), "utf-8")
    with pytest.raises(PrototypeError, match=why):
        cards(folder)


def test_a_prototype_goes_stage_by_stage_on_evidence(folder: Path) -> None:
    journal, it = Journal(Memory()), card("audio/first_try", folder)
    with pytest.raises(PrototypeError, match="without evidence"):
        journal.promote(it, who="Anne", why="  ", measured=70)
    stages = [journal.promote(it, who="Anne", why="7 of 9 use it", measured=78).after for _ in range(3)]
    assert stages == ["prototype", "pilot", "production"]
    with pytest.raises(PrototypeError, match="none after it"):
        journal.promote(it, who="Anne", why="more", measured=90)
    assert [(c.before, c.after) for c in journal.record(it).changes] == list(
        itertools.pairwise(["hypothesis", "prototype", "pilot", "production"])
    )


def test_a_missed_threshold_is_no_evidence_without_a_reason_which_is_kept(folder: Path) -> None:
    journal, it = Journal(Memory()), card("audio/first_try", folder)  # at least 60 %
    for measured in (59.9, -1):
        with pytest.raises(PrototypeError, match="misses its threshold"):
            journal.promote(it, who="Anne", why="5 of 9", measured=measured, despite=" ")
    for measured in (float("nan"), float("inf")):
        with pytest.raises(PrototypeError, match="no measured value"):
            journal.promote(it, who="Anne", why="5 of 9", measured=measured, despite="because")
    journal.promote(it, who="Anne", why="5 of 9", measured=59.5, despite="Two centres were closed")
    journal.promote(it, who="Anne", why="6 of 9", measured=60, despite="not needed")
    assert [c.despite for c in journal.record(it).changes] == ["Two centres were closed", None]
    text = sprint_summary([it], journal, "2026-S02", "fr")
    assert "5 of 9 · mesuré : 59,5 % · seuil manqué, promu parce que : Two centres were closed" in text


def test_what_was_promoted_before_reasons_were_asked_for_is_still_read(folder: Path) -> None:
    memory = Memory()
    journal, it = Journal(memory), card("audio/first_try", folder)
    journal.promote(it, who="Anne", why="7 of 9", measured=78)
    del memory.kept[0]["despite"]
    assert journal.record(it).changes[0].despite is None


def test_a_retired_prototype_stays_retired_and_keeps_its_journal(folder: Path) -> None:
    journal, it = Journal(Memory()), card("audio/first_try", folder)
    journal.rate(it, who="v1", role="group-director", rating=2, comment="Not for us")
    journal.retire(it, who="Anne", why="Nobody used it after week 3")
    record = journal.record(it)
    assert (record.stage, len(record.feedback), record.changes[0].why) == ("retired", 1, "Nobody used it after week 3")
    with pytest.raises(PrototypeError, match="retired already"):
        journal.retire(it, who="Anne", why="again")


def test_the_last_opinion_of_a_viewer_counts_and_all_are_kept(folder: Path) -> None:
    memory = Memory()
    journal, it = Journal(memory), card("audio/first_try", folder)
    for who, rating in [("v1", 1), ("v2", 4), ("v1", 5)]:
        journal.rate(it, who=who, role="group-director", rating=rating)
    record = journal.record(it)
    assert record.rating == 4.5
    assert len(memory.kept) == 3


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_a_rating_outside_one_to_five_is_refused(folder: Path, rating: int) -> None:
    with pytest.raises(PrototypeError, match="Give 1 to 5"):
        Journal(Memory()).rate(card("audio/first_try", folder), who="v", role="r", rating=rating)


def test_a_summary_holds_ratings_comments_and_decisions_but_no_markup_of_theirs(folder: Path) -> None:
    journal, it = Journal(Memory()), card("audio/first_try", folder)
    journal.viewed(it, who="v1", role="group-director")
    journal.rate(it, who="v1", role="group-director", rating=4, comment="# <b>Very</b>\n\n- useful")
    journal.promote(it, who="Anne", why="7 of 9", measured=78)
    text = sprint_summary([it], journal, "2026-S02", "fr")
    assert "**prototype**" in text
    assert "4,0 / 5 (1 avis)" in text
    assert r"\# \<b\>Very\</b\> - useful" in text
    assert "hypothèse → **prototype**, Anne: 7 of 9" in text
    assert "Aucun prototype" in sprint_summary([it], journal, "2031-S01", "fr")


def test_the_shipped_prototypes_have_valid_cards_and_one_for_each_line() -> None:
    assert {c.line for c in cards()} == {"audio", "dental", "optical", "childcare", "finance"}
