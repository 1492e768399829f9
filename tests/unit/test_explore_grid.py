"""Explore's selections and its table: what is possible, what is excluded, and totals that nobody adds up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.screens.explore.pivot import TOTAL, flat, in_order, pivoted
from apps.screens.explore.selections import Member, members, search, text

VALUES = st.sets(st.one_of(st.none(), st.text("abcé", max_size=3)), max_size=8)


def test_selected_come_first_then_possible_then_excluded() -> None:
    found = members({"Brest", "Nantes", "Évry", None}, {"Nantes", "Évry"}, ("Brest", "Nantes"))
    assert found.all == (
        Member("Brest", "selected", is_empty=True),
        Member("Nantes", "selected"),
        Member("Évry", "possible"),
        Member(None, "excluded"),
    )
    assert (found.count("selected"), found.values("possible")) == (2, ("Évry",))


def test_a_selected_value_that_the_scope_does_not_have_is_unknown_and_not_listed() -> None:
    found = members({"S01"}, {"S01"}, ("S05",))
    assert found.unknown == ("S05",)
    assert found.all == (Member("S01", "possible"),)


@given(VALUES, VALUES, VALUES)
def test_every_value_stands_in_one_place_and_only_once(
    universe: set[str | None], possible: set[str | None], picked: set[str | None]
) -> None:
    found = members(universe, possible, picked)
    values = [m.value for m in found.all]
    assert len(values) == len(set(values)) and set(values) == universe | possible
    assert set(found.values("selected")) == picked & (universe | possible)
    assert set(found.values("possible")) == possible - picked
    assert set(found.values("excluded")) == universe - possible - picked
    assert set(found.unknown) == picked - universe - possible


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (date(2024, 1, 2), "2024-01-02"),
        (Decimal("12.50"), "12.50"),
        (3, "3"),
        (None, None),
        (float("nan"), None),
    ],
)
def test_values_are_written_as_filters_read_them(value: object, written: str | None) -> None:
    assert text(value) == written


def test_a_search_forgives_accents_and_capitals() -> None:
    found = members({"Évry-Courcouronnes", "Nantes"}, set(), ())
    assert [m.value for m in search(found.all, "EVRY cour", str)] == ["Évry-Courcouronnes"]
    assert search(found.all, "", str) == found.all


def test_the_total_of_a_rate_is_the_one_that_was_asked_not_a_sum() -> None:
    grid = flat([{"d": "a", "r": 0.5}, {"d": "b", "r": 0.1}], ["d"], ["r"], {"r": 0.2})
    assert grid.rows == (("a", 0.5), ("b", 0.1))
    assert grid.total == (TOTAL, 0.2)


def test_without_dimensions_there_is_nothing_to_total() -> None:
    assert flat([{"r": 0.2}], [], ["r"], {"r": 0.2}).total is None


def test_a_pivot_keeps_every_cell_and_takes_its_totals_from_their_own_questions() -> None:
    rows = [
        {"d": "b", "y": 2024, "r": 0.9},
        {"d": "a", "y": 2023, "r": 0.5},
        {"d": "a", "y": None, "r": 0.7},
    ]
    grid = pivoted(
        rows,
        ["d"],
        "y",
        ["r"],
        by_row=[{"d": "a", "r": 0.55}, {"d": "b", "r": 0.9}],
        by_member=[{"y": 2023, "r": 0.5}, {"y": 2024, "r": 0.9}],
        total={"r": 0.6},
    )
    assert [(h.column, h.member) for h in grid.headings] == [
        ("d", None),
        ("r", 2023),
        ("r", 2024),
        ("r", None),
        ("r", TOTAL),
    ]
    assert grid.rows == (("b", None, 0.9, None, 0.9), ("a", 0.5, None, 0.7, 0.55))
    assert grid.total == (TOTAL, 0.5, 0.9, None, 0.6)


CELLS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from([1, 2, None])), st.integers(-9, 9), min_size=1, max_size=9
)


@given(CELLS)
def test_no_figure_is_lost_or_doubled_by_a_pivot(cells: dict[tuple[str, int | None], int]) -> None:
    rows = [{"d": d, "m": m, "v": v} for (d, m), v in cells.items()]
    grid = pivoted(rows, ["d"], "m", ["v"])
    found = {
        (row[0], heading.member): value
        for row in grid.rows
        for heading, value in zip(grid.headings[1:], row[1:], strict=True)
        if value is not None
    }
    assert found == cells


def test_rows_stand_in_their_own_order_where_they_have_one_else_by_what_they_weigh() -> None:
    rows = [
        {"place": "Brest", "age": "75+", "m": 1},
        {"place": None, "age": "00-05", "m": 9},
        {"place": "Nantes", "age": "75+", "m": 5},
        {"place": "Brest", "age": "00-05", "m": 4},
        {"place": "Nantes", "age": None, "m": None},
    ]

    def told(dimensions: list[str], totals: list[dict[str, object]] | None = None) -> list[tuple[object, ...]]:
        ordered = in_order(rows, dimensions, "m", ["age"], totals or [])
        return list(dict.fromkeys(tuple(row[d] for d in dimensions) for row in ordered))

    assert told(["age"]) == [("00-05",), ("75+",), (None,)]
    assert told(["place"]) == [(None,), ("Nantes",), ("Brest",)], "the largest cell first"
    totals = [{"place": "Brest", "m": 50}, {"place": "Nantes", "m": 7}, {"place": None, "m": 9}]
    assert told(["place"], totals) == [("Brest",), (None,), ("Nantes",)], "the largest total first"
    assert told(["place"], [{"place": "Brest"}]) == told(["place"]), "totals that nobody could give tell nothing"
    assert told(["place", "age"]) == [
        (None, "00-05"),
        ("Nantes", "75+"),
        ("Nantes", None),
        ("Brest", "00-05"),
        ("Brest", "75+"),
    ]


@given(CELLS)
def test_an_order_keeps_every_row(cells: dict[tuple[str, int | None], int]) -> None:
    rows = [{"d": d, "m": m, "v": v} for (d, m), v in cells.items()]
    for ordered in ([], ["m"], ["d", "m"]):
        found = in_order(rows, ["d", "m"], "v", ordered)
        assert sorted(map(str, found)) == sorted(map(str, rows))
        assert [r["d"] for r in found] == [d for d in dict.fromkeys(r["d"] for r in found) for r in rows if r["d"] == d]


@pytest.mark.parametrize(
    ("typed", "name"),
    [("coeur", "Cœur"), ("l'hay", "L’Haÿ"), ("l’hay", "L'Haÿ"), ("etienne", "Étienne"), ("saint denis", "Saint‑Denis")],
)
def test_a_search_forgives_ligatures_accents_and_apostrophes(typed: str, name: str) -> None:
    """As `19-search-oe-and-apostrophe` of the shared cases."""
    found = members([name, "Autre"], [name, "Autre"], [])
    assert [m.value for m in search(found.all, typed, lambda value: value or "")] == [name]


def test_members_stand_in_french_order() -> None:
    names = ["Zuydcoote", "Échirolles", "Œting", "Lyon", "Calais"]
    assert members(names, names, []).values("possible") == ("Calais", "Échirolles", "Lyon", "Œting", "Zuydcoote")
