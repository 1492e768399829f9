"""The charts of a view, one an indicator. A click on one selects a member."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from apps.charts import COLOURS, INK, Spec, finish, layer, layered, legend, mark, number_format, on, single, tips
from apps.words import Language, say

#: Name of what a click selects, and of the column that it selects by.
CLICKED, MEMBER = "clicked", "member"

_TIMES = {"day": "%d %b %Y", "week": "%d %b %Y", "month": "%b %Y", "quarter": "Q%q %Y", "year": "%Y"}

#: Periods up to which each has its own mark on the axis.
_MARKED = 14
_LIGHT, _DARK = "#E4F0F1", "#0A4F55"

#: Points that are all named, and at each end of either figure of more.
_NAMED, _NAMED_AT_EACH_END = 12, 2

#: The middle half of the group, and its median.
_BAND, _MEDIAN = "#DCE9EA", "#5B6770"


@dataclass(frozen=True)
class Plot:
    """What a chart shows. `data` has the columns `member` and `value`, and `time` or `other` where there is one;
    `units` are those of `value` and, for a scatter, of `x`; `titles` their words; `across` the members of `other`, in
    their order."""

    data: pd.DataFrame
    units: tuple[str | None, ...]
    titles: tuple[str, ...]
    grain: str | None = None
    across: tuple[str, ...] = ()


def lines(plot: Plot, language: Language) -> Spec:
    """A line a member over time; the members' order gives their colours, and dashes say them again."""
    members = list(dict.fromkeys(plot.data[MEMBER]))
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1]]
    named = {"columns": 3, "symbolType": "stroke", "symbolStrokeWidth": 3} if len(members) > 1 else None
    encoding = {
        "x": on("time:T", title=None, axis=_time_axis(plot, language)),
        "y": _value_axis(plot),
        "color": on(f"{MEMBER}:N", scale={"domain": members, "range": COLOURS}, legend=named),
        "strokeDash": on(f"{MEMBER}:N", scale={"domain": members, "range": dashes}, legend=None),
        "tooltip": tips(on("time:T", format=_time_format(plot, language)), on(f"{MEMBER}:N"), _said(plot)),
    }
    return _clickable(plot, mark("line", point={"size": 24}, strokeWidth=2.2), encoding, language, height=340)


def bars(plot: Plot, language: Language) -> Spec:
    """A bar a member, in the order of the rows."""
    order = list(dict.fromkeys(plot.data[MEMBER]))
    across = {"format": number_format(plot.units[0]), "tickCount": 5, "orient": "top"}
    encoding = {
        "y": on(f"{MEMBER}:N", sort=order, title=None, axis={"labelLimit": 220, "labelOverlap": False}),
        "x": on("value:Q", title=None, axis=across),
        "opacity": _unless_clicked(1, 0.35),
        "tooltip": tips(on(f"{MEMBER}:N"), _said(plot)),
    }
    drawn = mark("bar", color=COLOURS[0], cornerRadiusEnd=3, cursor="pointer")
    return _clickable(plot, drawn, encoding, language, height=max(140, 26 * len(order) + 40))


def peers(plot: Plot, language: Language) -> Spec:
    """Figures in the group: the band between its quartiles, its median, and each figure as a point with its rank; over
    time a band, a median and a line a member. Columns besides the usual: `q1`, `median`, `q3`, `rank` (in words)."""
    return _peers_over_time(plot, language) if plot.grain else _peers_by_row(plot, language)


def _peers_by_row(plot: Plot, language: Language) -> Spec:
    order = list(dict.fromkeys(plot.data[MEMBER]))
    across = {"format": number_format(plot.units[0]), "tickCount": 4, "orient": "top"}
    row = {"y": on(f"{MEMBER}:N", sort=order, title=None, axis={"labelLimit": 200, "labelOverlap": False})}
    value = on("value:Q", title=None, axis=across, scale={"zero": False, "padding": 64})
    median = mark("tick", color=_MEDIAN, thickness=2, size={"expr": "bandwidth('y')"})
    point = mark("circle", color=COLOURS[0], size=110, cursor="pointer")
    written = mark("text", dy=-11, fontSize=11, color=INK)
    layers = [
        layer(mark("rect", color=_BAND), row, {"x": on("q1:Q", title=None, axis=across), "x2": {"field": "q3"}}),
        layer(median, row, {"x": on("median:Q", title=None, axis=across)}),
        layer(point, row, {"x": value, "opacity": _unless_clicked(1, 0.35), "tooltip": _standing(plot, language)}),
        layer(written, row, {"x": value, "text": on("rank:N")}),
    ]
    return _clickable_layers(plot, layers, 2, language, height=max(90, 38 * len(order) + 40))


def _peers_over_time(plot: Plot, language: Language) -> Spec:
    members = list(dict.fromkeys(plot.data[MEMBER]))
    when = {"x": on("time:T", title=None, axis=_time_axis(plot, language))}
    low, high = (on(f"{part}:Q", aggregate="min", title=None) for part in ("q1", "median"))
    named = legend(members) if len(members) > 1 else None
    own = {
        "y": _value_axis(plot),
        "color": on(f"{MEMBER}:N", scale={"domain": members, "range": COLOURS}, legend=named),
        "shape": on(f"{MEMBER}:N", scale={"domain": members}, legend=named),
        "tooltip": _standing(plot, language, on("time:T", format=_time_format(plot, language))),
    }
    layers = [
        layer(mark("area", color=_BAND), when, {"y": low, "y2": {"field": "q3", "aggregate": "min"}}),
        layer(mark("line", color=_MEDIAN, strokeDash=[5, 4], strokeWidth=1.5), when, {"y": high}),
        layer(mark("line", point={"size": 45}, strokeWidth=2.2), when, own),
    ]
    return _clickable_layers(plot, layers, 2, language, height=320 + (20 * len(members) if named else 0))


def scatter(plot: Plot, language: Language) -> Spec:
    """A point a member: one indicator against another. All are named where they are few, else those at the edges."""
    form = number_format(plot.units[1])
    place = {
        "x": on("x:Q", title=plot.titles[1], axis={"format": form}, scale={"zero": False, "padding": 24}),
        "y": _value_axis(plot, title=plot.titles[0]),
    }
    more = {
        "opacity": _unless_clicked(0.85, 0.25),
        "tooltip": tips(on(f"{MEMBER}:N"), on("x:Q", title=plot.titles[1], format=form), _said(plot)),
    }
    named = replace(plot, data=plot.data.assign(name=plot.data[MEMBER].where(_at_an_edge(plot.data), "")))
    layers = [
        layer(mark("circle", color=COLOURS[0], size=90, cursor="pointer"), place, more),
        layer(mark("text", dy=-10, fontSize=11, color=INK, limit=160), place, {"text": on("name:N")}),
    ]
    return _clickable_layers(named, layers, 0, language, height=400)


def _at_an_edge(data: pd.DataFrame) -> pd.Series:
    """The points to name: all of a few, else those with the smallest and largest of either figure."""
    if len(data) <= _NAMED:
        return pd.Series(True, index=data.index)
    ends = [ranks <= _NAMED_AT_EACH_END for column in ("x", "value") for ranks in _ranks(data[column])]
    return pd.concat(ends, axis=1).any(axis=1)


def _ranks(figures: pd.Series) -> tuple[pd.Series, pd.Series]:
    return figures.rank(method="first"), figures.rank(method="first", ascending=False)


def heat(plot: Plot, language: Language) -> Spec:
    """A cell a pair of members, darker for more: told apart in grey, too."""
    rows, columns = list(dict.fromkeys(plot.data[MEMBER])), list(plot.across)
    angle = 0 if len(columns) * max(map(len, columns), default=0) <= 70 else -40
    turned = {"labelAngle": angle, **({"labelAlign": "center"} if angle == 0 else {})}
    longest = {"expr": f"max(32, width / {max(1, len(columns))} - 8)"} if angle == 0 else 120
    graded = {"format": number_format(plot.units[0]), "gradientLength": 220}
    encoding = {
        "y": on(f"{MEMBER}:N", sort=rows, title=None, axis={"labelLimit": 200, "labelOverlap": False}),
        "x": on("other:N", sort=columns, title=None, axis={**turned, "labelLimit": longest}),
        "color": on("value:Q", scale={"range": [_LIGHT, _DARK]}, legend=graded),
        "opacity": _unless_clicked(1, 0.35),
        "tooltip": tips(on(f"{MEMBER}:N"), on("other:N"), _said(plot)),
    }
    drawn = mark("rect", cursor="pointer", stroke="#FFFFFF", strokeWidth=1)
    return _clickable(plot, drawn, encoding, language, height=max(180, 24 * len(rows) + 90))


def pictured(chart: Spec, title: str, said: list[str]) -> Spec:
    """The chart as it leaves the portal: with its title and, below it, what a reader elsewhere must know."""
    heading = {
        "text": title,
        "subtitle": said,
        "anchor": "start",
        "fontSize": 16,
        "subtitleFontSize": 11,
        "subtitleColor": "#5B6770",
    }
    return {**chart, "title": heading, "width": 860, "background": "#FFFFFF", "padding": 16}


def _clickable_layers(plot: Plot, layers: list[Spec], clicked: int, language: Language, *, height: int) -> Spec:
    """A chart of several marks, one of which is clicked: a selection belongs to one view, which has a name for it."""
    layers[clicked] = {"name": "members", **layers[clicked]}
    click = {"name": CLICKED, "select": {"type": "point", "fields": [MEMBER]}, "views": ["members"]}
    return finish({**layered(plot.data, *layers), "params": [click]}, language, height=height)


def _standing(plot: Plot, language: Language, *before: Spec) -> list[Spec]:
    """What a figure in the group says when it is pointed at."""
    form = number_format(plot.units[0])
    parts = [
        on(f"{part}:Q", title=say(f"explore.peers.columns.{part}", language), format=form)
        for part in ("q1", "median", "q3")
    ]
    rank = on("rank:N", title=say("explore.peers.columns.rank", language))
    return tips(*before, on(f"{MEMBER}:N"), _said(plot), rank, *parts)


def _clickable(plot: Plot, drawn: Spec, encoding: Spec, language: Language, *, height: int) -> Spec:
    click = {"name": CLICKED, "select": {"type": "point", "fields": [MEMBER]}}
    return finish({**single(plot.data, drawn, encoding), "params": [click]}, language, height=height)


def _unless_clicked(shown: float, faded: float) -> Spec:
    """How opaque a mark is, and how much less when another one is selected."""
    return {"condition": {"param": CLICKED, "value": shown}, "value": faded}


def _said(plot: Plot) -> Spec:
    return on("value:Q", title=plot.titles[0], format=number_format(plot.units[0]))


def _time_format(plot: Plot, language: Language) -> str:
    form = _TIMES[plot.grain or "month"]
    return form.replace("Q%q", "T%q") if language == "fr" else form


def _time_axis(plot: Plot, language: Language) -> Spec:
    axis: Spec = {"format": _time_format(plot, language), "labelOverlap": True}
    times = sorted(set(plot.data["time"]))
    if len(times) <= _MARKED:
        axis["values"] = [{"year": t.year, "month": t.month, "date": t.day} for t in times]
    return axis


def _value_axis(plot: Plot, *, title: str | None = None) -> Spec:
    unit = plot.units[0]
    zero = {"zero": unit not in ("rate", "ratio")}
    return on("value:Q", title=title, axis={"format": number_format(unit)}, scale=zero)
