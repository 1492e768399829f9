"""The charts of a view, one an indicator. Each is a single mark, so that a click on it selects a member."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from apps.charts import COLOURS, Spec, finish, mark, number_format, on, single, tips
from apps.words import Language

#: Name of what a click selects, and of the column that it selects by.
CLICKED, MEMBER = "clicked", "member"

_TIMES = {"day": "%d %b %Y", "week": "%d %b %Y", "month": "%b %Y", "quarter": "Q%q %Y", "year": "%Y"}

#: Periods up to which each has its own mark on the axis.
_MARKED = 14
_LIGHT, _DARK = "#E4F0F1", "#0A4F55"


@dataclass(frozen=True)
class Plot:
    """What a chart shows. `data` has the columns `member` and `value`, and `time` or `other` where there is one;
    `units` are those of `value` and, for a scatter, of `x`; `titles` their words."""

    data: pd.DataFrame
    units: tuple[str | None, ...]
    titles: tuple[str, ...]
    grain: str | None = None


def lines(plot: Plot, language: Language) -> Spec:
    """A line a member over time; the members' order gives their colours, and dashes say them again."""
    members = list(dict.fromkeys(plot.data[MEMBER]))
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1]]
    legend = {"columns": 3, "symbolType": "stroke", "symbolStrokeWidth": 3} if len(members) > 1 else None
    encoding = {
        "x": on("time:T", title=None, axis=_time_axis(plot, language)),
        "y": _value_axis(plot),
        "color": on(f"{MEMBER}:N", scale={"domain": members, "range": COLOURS}, legend=legend),
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


def scatter(plot: Plot, language: Language) -> Spec:
    """A point a member: one indicator against another."""
    form = number_format(plot.units[1])
    encoding = {
        "x": on("x:Q", title=plot.titles[1], axis={"format": form}, scale={"zero": False, "padding": 12}),
        "y": _value_axis(plot, title=plot.titles[0]),
        "opacity": _unless_clicked(0.85, 0.25),
        "tooltip": tips(on(f"{MEMBER}:N"), on("x:Q", title=plot.titles[1], format=form), _said(plot)),
    }
    return _clickable(plot, mark("circle", color=COLOURS[0], size=90, cursor="pointer"), encoding, language, height=400)


def heat(plot: Plot, language: Language) -> Spec:
    """A cell a pair of members, darker for more: told apart in grey, too."""
    rows, columns = list(dict.fromkeys(plot.data[MEMBER])), list(dict.fromkeys(plot.data["other"]))
    angle = 0 if len(columns) * max(map(len, columns), default=0) <= 70 else -40
    turned = {"labelAngle": angle, **({"labelAlign": "center"} if angle == 0 else {})}
    longest = {"expr": f"max(32, width / {max(1, len(columns))} - 8)"} if angle == 0 else 120
    legend = {"format": number_format(plot.units[0]), "gradientLength": 220}
    encoding = {
        "y": on(f"{MEMBER}:N", sort=rows, title=None, axis={"labelLimit": 200, "labelOverlap": False}),
        "x": on("other:N", sort=columns, title=None, axis={**turned, "labelLimit": longest}),
        "color": on("value:Q", scale={"range": [_LIGHT, _DARK]}, legend=legend),
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
