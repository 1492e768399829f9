"""Charts are Vega-Lite as its compiler takes it, in the reader's locale, and nothing that a mark says hides another."""

from __future__ import annotations

import json
import re
from datetime import date

import pandas as pd
import pytest
import vl_convert

from apps import charts
from apps.charts import Spec
from apps.screens.explore import drawing
from apps.screens.explore.drawing import Plot
from apps.screens.line import charts as line_charts
from apps.words import Language

_MONTHS = [date(2025, month, 1) for month in range(1, 13)]
_PEERS = {
    "name": ["Évry", "Brest"],
    "v": [0.5, 0.25],
    "v__previous_year": [0.4, None],
    "v__benchmark_q1": [0.2, 0.2],
    "v__benchmark_median": [0.3, 0.3],
    "v__benchmark_q3": [0.4, 0.4],
    "is_few": [True, False],
}


def _each(language: Language) -> dict[str, Spec]:
    months = pd.DataFrame({"metric_time": _MONTHS, "v": [1234.5 * n for n in range(12)]})
    split = pd.concat([months.assign(part="A"), months.assign(part="B")])
    members = pd.DataFrame({"member": ["Évry", "Brest"], "value": [1234.5, 10.0], "x": [0.5, 0.1], "other": ["a", "b"]})
    cells = pd.DataFrame({"row": ["a", "b"], "column": ["c", "c"], "value": [0.2, 0.9], "few": [True, False]})
    steps = pd.DataFrame({"label": ["a", "b"], "value": [2.0, 1.0], "before": [3.0, 1.0], "text": ["2", "1"]})
    points = Plot(members, ("eur", "rate"), ("Ventes", "Taux"), across=("a", "b"))
    standing = {"q1": 5.0, "median": 10.0, "q3": 2000.0, "rank": "rang 1 sur 9"}
    moments = pd.DataFrame({"time": pd.to_datetime(_MONTHS), "member": "a", "value": months["v"]})
    return {
        "over_time": charts.over_time(months, "metric_time", "v", "eur", language),
        "over_time_split": charts.over_time(split, "metric_time", "v", "eur", language, split="part"),
        "ranked": charts.ranked(members, "member", "value", "eur", language, reference=20.0),
        "among_peers": charts.among_peers(pd.DataFrame(_PEERS), "name", "v", "rate", language, is_small="is_few"),
        "funnel": line_charts.funnel(steps, language),
        "mix": line_charts.mix(split.assign(value=1.0, share=0.5), ["A", "B"], "eur", language),
        "heat": line_charts.heat(cells, columns=["c"], rows=["a", "b"], unit="rate", language=language, few="few"),
        "lines": drawing.lines(Plot(moments, ("eur",), ("Ventes",), "month"), language),
        "bars": drawing.bars(points, language),
        "scatter": drawing.scatter(points, language),
        "peers": drawing.peers(Plot(members.assign(**standing), ("eur",), ("Ventes",)), language),
        "peers_over_time": drawing.peers(Plot(moments.assign(**standing), ("eur",), ("Ventes",), "month"), language),
        "explore_heat": drawing.heat(points, language),
    }


@pytest.mark.parametrize("name", _each("fr"))
def test_the_compiler_takes_every_chart(name: str) -> None:
    assert "<svg" in vl_convert.vegalite_to_svg({**charts.inlined(_each("fr")[name]), "width": 400})


def test_amounts_and_months_are_written_in_the_readers_locale() -> None:
    drawn = {lang: vl_convert.vegalite_to_svg(charts.inlined(_each(lang)["over_time"])) for lang in ("fr", "en")}
    assert "10\u202f000\u00a0€" in drawn["fr"] and "janv. 2025" in drawn["fr"]
    assert "€10,000" in drawn["en"] and "Jan 2025" in drawn["en"]


@pytest.mark.parametrize("name", _each("en"))
def test_no_two_things_that_a_mark_says_have_the_same_title(name: str) -> None:
    """A title is a key there: of two alike, one would not be shown."""
    chart = _each("en")[name]
    for part in chart.get("layer", [chart]):
        titles = [channel["title"] for channel in part["encoding"].get("tooltip", [])]
        assert len(set(titles)) == len(titles)


def test_rows_are_inlined_as_json_that_keeps_days_and_what_is_missing() -> None:
    table = pd.DataFrame({"day": [date(2025, 1, 1), None], "v": [1.5, float("nan")]})
    rows = json.loads(json.dumps(charts.inlined({"data": table})))["data"]["values"]
    assert rows == [{"day": "2025-01-01", "v": 1.5}, {"day": None, "v": None}]


def test_a_click_in_a_chart_of_several_marks_belongs_to_the_one_that_is_named() -> None:
    for name in ("peers", "peers_over_time"):
        chart = _each("en")[name]
        (click,) = chart["params"]
        named = [part["mark"]["type"] for part in chart["layer"] if part.get("name") in click["views"]]
        assert named == ["circle" if name == "peers" else "line"]


def test_a_heat_map_has_its_members_in_the_order_they_come() -> None:
    data = pd.DataFrame({"member": ["b", "a"], "other": ["2", "1"], "value": [1.0, 2.0]})
    drawn = drawing.heat(Plot(data, ("eur",), ("Ventes",), across=("1", "2")), "en")["encoding"]
    assert (drawn["y"]["sort"], drawn["x"]["sort"]) == (["b", "a"], ["1", "2"])


def _drawn(spec: Spec) -> str:
    return vl_convert.vegalite_to_svg({**charts.inlined(spec), "width": 400})


@pytest.mark.parametrize(("is_sum", "pieces", "points"), [(False, 2, 4), (True, 1, 6)])
def test_a_line_breaks_where_a_period_has_no_data_and_is_zero_where_it_is_a_sum(
    is_sum: bool, pieces: int, points: int
) -> None:
    table = pd.DataFrame({"metric_time": [_MONTHS[n] for n in (0, 1, 4, 5)], "v": [10.0, 20.0, 30.0, 40.0]})
    spec = charts.over_time(table, "metric_time", "v", "count", "en", is_sum=is_sum)
    assert list(spec["data"]["v"].fillna(-1)) == [10, 20, *([0, 0] if is_sum else [-1, -1]), 30, 40]
    svg = _drawn(spec)
    (line,) = re.findall(r'aria-roledescription="line mark"[^>]*d="([^"]+)"', svg) or re.findall(
        r'd="([^"]+)"[^>]*aria-roledescription="line mark"', svg
    )
    assert line.count("M") == pieces
    assert svg.count('aria-roledescription="point"') == points


def test_members_of_a_chart_over_time_each_have_every_period() -> None:
    table = pd.DataFrame({"time": pd.to_datetime([_MONTHS[n] for n in (0, 2, 1)]), "member": list("aab"), "value": 1.0})
    whole = charts.every_period(table, "time", "month", split="member", zero=("value",))
    assert [(t.month, m, v) for t, m, v in whole.itertuples(index=False)] == [
        (1, "a", 1), (1, "b", 0), (2, "a", 0), (2, "b", 1), (3, "a", 1), (3, "b", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("grain", "n"), [("day", 8), ("week", 2), ("month", 1), ("quarter", 1), ("year", 1)])
def test_every_grain_has_its_periods(grain: str, n: int) -> None:
    first = {"day": "2025-01-06", "week": "2025-01-06"}.get(grain, "2025-01-01")
    last = {"day": "2025-01-13", "week": "2025-01-13"}.get(grain, "2025-01-01")
    table = pd.DataFrame({"t": pd.to_datetime([first, last]).unique(), "v": 1.0})
    assert len(charts.every_period(table, "t", grain)) == n


@pytest.mark.parametrize(("count", "named"), [(3, 3), (40, 4)])
def test_the_points_of_a_scatter_have_names_those_at_the_edges_where_they_are_many(count: int, named: int) -> None:
    table = pd.DataFrame({"member": [f"Site {n}" for n in range(count)], "x": range(count), "value": range(count)})
    svg = _drawn(drawing.scatter(Plot(table.astype({"x": float, "value": float}), ("eur", "rate"), ("A", "B")), "en"))
    assert {f"Site {n}" for n in range(count) if f">Site {n}<" in svg} == {
        f"Site {n}" for n in (range(count) if count == named else (0, 1, count - 2, count - 1))
    }
