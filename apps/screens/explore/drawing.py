"""The charts of a view, one an indicator. Each is a single mark, so that a click on it selects a member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from apps.charts import COLOURS, finish, number_format
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


def lines(plot: Plot, language: Language) -> Any:
    """A line a member over time; the members' order gives their colours, and dashes say them again."""
    members = list(dict.fromkeys(plot.data[MEMBER]))
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1]]
    click = alt.selection_point(name=CLICKED, fields=[MEMBER])
    chart = (
        alt.Chart(plot.data)
        .mark_line(point=alt.OverlayMarkDef(size=24), strokeWidth=2.2)
        .encode(
            x=alt.X("time:T", title=None, axis=_time_axis(plot, language)),
            y=_value_axis(plot),
            color=alt.Color(
                f"{MEMBER}:N",
                scale=alt.Scale(domain=members, range=list(COLOURS)),
                legend=alt.Legend(columns=3, symbolType="stroke", symbolStrokeWidth=3) if len(members) > 1 else None,
            ),
            strokeDash=alt.StrokeDash(f"{MEMBER}:N", scale=alt.Scale(domain=members, range=dashes), legend=None),
            tooltip=[
                alt.Tooltip("time:T", title="\u2009", format=_time_format(plot, language)),
                alt.Tooltip(f"{MEMBER}:N", title=" "),
                alt.Tooltip("value:Q", title=plot.titles[0], format=number_format(plot.units[0])),
            ],
        )
        .add_params(click)
    )
    return finish(chart, language, height=340)


def bars(plot: Plot, language: Language) -> Any:
    """A bar a member, in the order of the rows."""
    click = alt.selection_point(name=CLICKED, fields=[MEMBER])
    order = list(dict.fromkeys(plot.data[MEMBER]))
    chart = (
        alt.Chart(plot.data)
        .mark_bar(color=COLOURS[0], cornerRadiusEnd=3, cursor="pointer")
        .encode(
            y=alt.Y(f"{MEMBER}:N", sort=order, title=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)),
            x=alt.X(
                "value:Q", title=None, axis=alt.Axis(format=number_format(plot.units[0]), tickCount=5, orient="top")
            ),
            opacity=alt.condition(click, alt.value(1), alt.value(0.35)),
            tooltip=[
                alt.Tooltip(f"{MEMBER}:N", title=" "),
                alt.Tooltip("value:Q", title=plot.titles[0], format=number_format(plot.units[0])),
            ],
        )
        .add_params(click)
    )
    return finish(chart, language, height=max(140, 26 * len(order) + 40))


def scatter(plot: Plot, language: Language) -> Any:
    """A point a member: one indicator against another."""
    click = alt.selection_point(name=CLICKED, fields=[MEMBER])
    chart = (
        alt.Chart(plot.data)
        .mark_circle(color=COLOURS[0], size=90, cursor="pointer")
        .encode(
            x=alt.X(
                "x:Q",
                title=plot.titles[1],
                axis=alt.Axis(format=number_format(plot.units[1])),
                scale=alt.Scale(zero=False, padding=12),
            ),
            y=_value_axis(plot, title=plot.titles[0]),
            opacity=alt.condition(click, alt.value(0.85), alt.value(0.25)),
            tooltip=[
                alt.Tooltip(f"{MEMBER}:N", title=" "),
                alt.Tooltip("x:Q", title=plot.titles[1], format=number_format(plot.units[1])),
                alt.Tooltip("value:Q", title=plot.titles[0], format=number_format(plot.units[0])),
            ],
        )
        .add_params(click)
    )
    return finish(chart, language, height=400)


def heat(plot: Plot, language: Language) -> Any:
    """A cell a pair of members, darker for more: told apart in grey, too."""
    click = alt.selection_point(name=CLICKED, fields=[MEMBER])
    rows, columns = list(dict.fromkeys(plot.data[MEMBER])), list(dict.fromkeys(plot.data["other"]))
    angle = 0 if len(columns) * max(map(len, columns), default=0) <= 70 else -40
    chart = (
        alt.Chart(plot.data)
        .mark_rect(cursor="pointer", stroke="#FFFFFF", strokeWidth=1)
        .encode(
            y=alt.Y(f"{MEMBER}:N", sort=rows, title=None, axis=alt.Axis(labelLimit=200, labelOverlap=False)),
            x=alt.X("other:N", sort=columns, title=None, axis=alt.Axis(labelAngle=angle, labelLimit=120)),
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(range=[_LIGHT, _DARK]),
                legend=alt.Legend(format=number_format(plot.units[0]), gradientLength=220),
            ),
            opacity=alt.condition(click, alt.value(1), alt.value(0.35)),
            tooltip=[
                alt.Tooltip(f"{MEMBER}:N", title=" "),
                alt.Tooltip("other:N", title="\u2009"),
                alt.Tooltip("value:Q", title=plot.titles[0], format=number_format(plot.units[0])),
            ],
        )
        .add_params(click)
    )
    return finish(chart, language, height=max(180, 24 * len(rows) + 90))


def pictured(chart: Any, title: str, said: list[str]) -> Any:
    """The chart as it leaves the portal: with its title and, below it, what a reader elsewhere must know."""
    heading = alt.Title(title, subtitle=said, anchor="start", fontSize=16, subtitleFontSize=11, subtitleColor="#5B6770")
    return chart.properties(title=heading, width=860, background="#FFFFFF", padding=16)


def _time_format(plot: Plot, language: Language) -> str:
    form = _TIMES[plot.grain or "month"]
    return form.replace("Q%q", "T%q") if language == "fr" else form


def _time_axis(plot: Plot, language: Language) -> alt.Axis:
    times = sorted(set(plot.data["time"]))
    marks = (
        [alt.DateTime(year=t.year, month=t.month, date=t.day) for t in times]
        if len(times) <= _MARKED
        else alt.Undefined
    )
    return alt.Axis(format=_time_format(plot, language), labelOverlap=True, values=marks)


def _value_axis(plot: Plot, *, title: str | None = None) -> Any:
    unit = plot.units[0]
    return alt.Y(
        "value:Q",
        title=title,
        axis=alt.Axis(format=number_format(unit)),
        scale=alt.Scale(zero=unit not in ("rate", "ratio")),
    )
