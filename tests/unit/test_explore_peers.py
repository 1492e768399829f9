"""Explore's benchmark: where rows stand in the group, in words and as points; who may not know is told so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from apps.cases import ENOUGH
from apps.screens.explore import peers, shape
from apps.screens.explore.data import View
from apps.screens.explore.state import State
from apps.screens.explore.table import Words
from apps.words import Language, say
from lake.semantic import Answer, Column, Note
from lake.semantic.answer import Timings

PARTS = ("q1", "median", "q3", "rank", "peers")


def view(rows: Sequence[Mapping[str, Any]], by: Sequence[str], grain: Any = None, notes: Sequence[Note] = ()) -> View:
    """The view of an indicator compared with the group, answered by these rows."""
    table = pa.Table.from_pylist([dict(row) for row in rows])
    names = [n for n in table.column_names if n.startswith("m")]
    columns = [Column("m", "metric", "Délai", "Wait", "days")]
    columns += [
        Column(n, "metric", f"Délai – {n}", f"Wait – {n}", "days", of="m", comparison="benchmark")
        for n in names
        if n.startswith("m__")
    ]
    state = State(("m",), tuple(by), grain=grain, compare="benchmark")
    return View(
        state, Answer(table, tuple(columns), (), "", {}, Timings(0, 0), tuple(notes)), None, None, None, is_cut=False
    )


def row(value: float | None, rank: int | None, **more: Any) -> dict[str, Any]:
    """A row in a group of nine whose middle half is 10 to 20; without a rank, in none."""
    parts = (10.0, 15.0, 20.0, rank, 8) if rank else (None,) * len(PARTS)
    return {**more, "m": value, **{f"m__benchmark_{part}": told for part, told in zip(PARTS, parts, strict=True)}}


def words(language: Language, grain: str | None = None) -> Words:
    return Words(language, {}, {"m": "Wait"}, grain)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (25.0, "**Your structure**: 25 d, **rank 9 of 9**, above the middle half of the group (10 d – 20 d)."),
        (20.0, "**Your structure**: 20 d, **rank 9 of 9**, within the middle half of the group (10 d – 20 d)."),
        (9.0, "**Your structure**: 9 d, **rank 9 of 9**, below the middle half of the group (10 d – 20 d)."),
    ],
)
def test_one_structure_is_told_its_rank_and_on_which_side_it_stands(value: float, said: str) -> None:
    found = view([row(value, 9)], ())
    told = peers.sentences(found, words("en"), "days", peers.standings(found, words("en"))["m"])
    assert [text.replace("\u00a0", " ") for text in told] == [said]


def test_many_are_told_by_their_ends_and_their_numbers_on_each_side() -> None:
    rows = [row(v, n, structure_name=f"N{n}") for n, v in enumerate((30.0, 21.0, 12.0, 4.0), 1)]
    found = view(rows, ("structure_name",))
    told = peers.sentences(found, words("fr"), "days", peers.standings(found, words("fr"))["m"])
    assert told == [
        "De **N1** (rang 1 sur 9) à **N4** (rang 4 sur 9) : 2 au-dessus de la moitié centrale du groupe, "
        "1 dedans, 1 en dessous."
    ]


def test_over_time_the_last_period_is_told_and_every_one_drawn() -> None:
    rows = [row(12.0 + n, 3 + n, metric_time=date(2025, n, 1), site="S1", site_name="Gare") for n in (1, 2, 3)]
    found = view(rows, ("site_name",), "month")
    standings = peers.standings(found, words("en", "month"))["m"]
    told = peers.sentences(found, words("en", "month"), "days", standings)
    assert len(told) == 1 and told[0].startswith("**Mar 2025**: **Gare**") and "rank 6 of 9" in told[0]
    plot, left_out = peers.plot(found, words("en", "month"), found.main.column("m"), standings)
    assert list(plot.data["value"]) == [13.0, 14.0, 15.0] and left_out == 0


def test_places_of_one_name_are_told_apart_by_their_code() -> None:
    rows = [row(1.0, 1, site=f"S{n}", site_name=name) for n, name in enumerate(("Gare", "Gare", "Port"))]
    assert peers.members(view(rows, ("site_name",)), words("en")) == ["Gare (S0)", "Gare (S1)", "Port"]


def test_rows_without_a_figure_or_without_peers_do_not_stand_in_the_group() -> None:
    rows = [row(None, None, structure_name="A"), row(5.0, None, structure_name="B"), row(5.0, 8, structure_name="C")]
    standings = peers.standings(view(rows, ("structure_name",)), words("en"))
    assert [one.member for one in standings["m"]] == ["C"]


def test_the_table_does_without_the_number_of_peers_and_without_what_nobody_may_know() -> None:
    found = view([row(5.0, 8, structure_name="C")], ("structure_name",))
    titles = {column.name: column.name.upper() for column in found.values}
    order, short = peers.headings(found, titles, words("en"))
    assert order == ["M", *(f"M__BENCHMARK_{part}" for part in ("RANK", "Q1", "MEDIAN", "Q3"))]
    assert short["M__BENCHMARK_Q1"] == "1st quartile" and "M" not in short
    refused = view([row(5.0, None, structure_name="C")], ("structure_name",))
    assert peers.headings(refused, titles, words("en")) == (["M"], {})


def test_of_the_notes_those_of_the_benchmark_say_why_there_is_none() -> None:
    why, other = Note("benchmark", "pourquoi", "why"), Note("month", "mois", "month")
    assert peers.reasons(view([row(5.0, None)], (), notes=(other, why))) == (why,)


def test_the_worst_stay_in_the_drawing_when_it_can_not_hold_all() -> None:
    rows = [row(float(100 - rank), rank, site=f"S{rank:03}") for rank in range(1, 61)]
    found = view(rows, ("site",))
    plot, left = peers.plot(found, words("en"), found.main.column("m"), peers.standings(found, words("en"))["m"])
    shown = list(plot.data["member"])
    assert len(shown) == shape.MOST_BARS and left == 60 - shape.MOST_BARS
    assert {"S001", "S060"} <= set(shown)


def test_over_time_both_ends_of_the_last_period_are_drawn() -> None:
    months = (date(2025, 1, 1), date(2025, 2, 1))
    rows = [row(float(rank), rank, site=f"S{rank:02}", metric_time=on) for on in months for rank in range(1, 21)]
    found = view(rows, ("site",), "month")
    told = words("en", "month")
    plot, left = peers.plot(found, told, found.main.column("m"), peers.standings(found, told)["m"])
    assert set(plot.data["member"]) == {"S01", "S02", "S03", "S04", "S17", "S18", "S19", "S20"} and left == 12


def test_rows_on_few_cases_are_marked_and_not_told_as_first_or_last() -> None:
    rows = [row(float(10 * rank), rank, site=f"S{rank}") for rank in range(1, 6)]
    found = replace(
        view(rows, ("site",)), counts={"m": "n"}, keys=("site",), cases={("m", (f"S{n}",)): 50 for n in (2, 3, 4, 5)}
    )
    standings = peers.standings(found, words("en"))["m"]
    assert [one.is_few for one in standings] == [True, False, False, False, False]
    told = " ".join(peers.sentences(found, words("en"), "days", standings))
    assert "**S2** (rank 2 of 9)" in told and "**S1**" not in told
    assert say("explore.peers.on_few", "en", few=1, of=5, n=ENOUGH) in told
    plot, _ = peers.plot(found, words("en"), found.main.column("m"), standings)
    assert plot.data["rank"][0] == "rank 1 of 9 · few cases"
