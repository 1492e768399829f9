"""Charts that survive colour-blindness and print: one colour says one thing, shapes and direct labels say it again.

A chart is a Vega-Lite specification, a plain dict whose `data` is its table: an Altair object that says the same costs
forty milliseconds to build and check (measured 2026-11-21), and a page has a dozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from apps.words import Language, say
from lake.text import sort_key

#: Okabe–Ito order, darkened for white paper; the first is the portal's own.
COLOURS = ("#0B6E75", "#D97706", "#4C5FA8", "#A23B72", "#6B8E23", "#5B6770", "#B45309", "#1D4E89")

#: What is written on white.
INK = "#15262B"

#: From one period to the next.
_STEPS = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}

#: A Vega-Lite specification, or a part of one.
Spec = dict[str, Any]

_FRENCH: Spec = {
    "number": {
        "decimal": ",",
        "thousands": "\u202f",
        "grouping": [3],
        "currency": ["", "\u00a0€"],
        "percent": "\u202f%",
    },
    "time": {
        "dateTime": "%A %e %B %Y à %X",
        "date": "%d/%m/%Y",
        "time": "%H:%M:%S",
        "periods": ["", ""],
        "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
        "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
        "months": [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        "shortMonths": [
            "janv.",
            "févr.",
            "mars",
            "avr.",
            "mai",
            "juin",
            "juil.",
            "août",
            "sept.",
            "oct.",
            "nov.",
            "déc.",
        ],
    },
}
_ENGLISH: Spec = {
    "number": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["€", ""]},
    "time": {
        "dateTime": "%A %e %B %Y at %X",
        "date": "%d/%m/%Y",
        "time": "%H:%M:%S",
        "periods": ["am", "pm"],
        "days": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
        "shortDays": ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
        "months": [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        "shortMonths": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    },
}

_HOUSE: Spec = {
    "font": "Source Sans, sans-serif",
    "view": {"strokeWidth": 0},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": "#E6ECEE",
        "domainColor": "#B7C4C8",
        "tickColor": "#B7C4C8",
    },
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "orient": "top", "title": None, "labelLimit": 260},
}

_KINDS = {"N": "nominal", "O": "ordinal", "Q": "quantitative", "T": "temporal"}

_D3 = {"rate": ".1%", "eur": "$,.0f", "count": ",.0f"}


def number_format(unit: str | None) -> str:
    """The d3 format of a unit's axis."""
    return _D3.get(unit or "", ",.1f")


def on(column: str, **more: Any) -> Spec:
    """A channel that shows a column, named with the letter of its kind: `on("value:Q", title=None)`."""
    name, _, kind = column.rpartition(":")
    return {"field": name, "type": _KINDS[kind], **more}


def mark(kind: str, **more: Any) -> Spec:
    return {"type": kind, **more}


def tips(*shown: Spec) -> list[Spec]:
    """What a mark says when it is pointed at. Titles are keys there: those who have none get blanks that differ."""
    return [{"title": " " + "\u200b" * place, **channel} for place, channel in enumerate(shown)]


def layer(drawn: Spec, *encodings: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> Spec:
    """One mark of a chart, with its channels; of a row of its own rather than the chart's table, if `data` is one."""
    own = {"data": {"values": [dict(data)]}} if data is not None else {}
    return {**own, "mark": drawn, "encoding": {name: way for channels in encodings for name, way in channels.items()}}


def layered(table: pd.DataFrame, *layers: Spec) -> Spec:
    """Marks on one another, the last on top."""
    return {"data": table, "layer": list(layers)}


def single(table: pd.DataFrame, drawn: Spec, encoding: Spec) -> Spec:
    """A chart of one mark."""
    return {"data": table, "mark": drawn, "encoding": encoding}


def finish(chart: Spec, language: Language, *, height: int = 320) -> Spec:
    """The house style on any chart: locale, quiet axes, no border."""
    return {**chart, "height": height, "config": {"locale": _FRENCH if language == "fr" else _ENGLISH, **_HOUSE}}


def legend(labels: Sequence[str], *, room: int | None = None) -> Spec:
    """A legend above the chart, on as many lines as it takes: one that is cut doesn't tell its last.

    `room` is for charts whose rows have long names: pixels that a narrow screen leaves beside them. There the width of
    the drawing is known too late to lay the legend out by it.
    """
    widths = [6 * len(label) + 28 for label in labels]
    widest = max(widths, default=1)
    if room is None:
        return {"columns": {"expr": f"max(1, floor(width / {widest}))"}, "rowPadding": 2}
    return {"columns": 0 if sum(widths) <= room else max(1, room // widest), "rowPadding": 2}


def inlined(chart: Spec) -> Spec:
    """The chart with its rows as JSON, for where there is no portal to hand them over."""
    rows = [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
        for row in chart["data"].astype(object).where(chart["data"].notna(), None).to_dict("records")
    ]
    return {**chart, "data": {"values": rows}}


def every_period(
    table: pd.DataFrame, when: str, grain: str, *, split: str | None = None, zero: Sequence[str] = ()
) -> pd.DataFrame:
    """A row for every period from the first to the last, of each member of `split`: one without data is empty, and a
    line breaks there rather than run straight over it; what is a sum (`zero`) is 0 there."""
    known = table.dropna(subset=[when]).assign(**{when: pd.to_datetime(table[when])})
    if known.empty:
        return known
    periods = pd.date_range(known[when].min(), known[when].max(), freq=_STEPS[grain])
    keys = {when: periods, **({split: known[split].unique()} if split else {})}
    whole = pd.DataFrame(index=pd.MultiIndex.from_product(keys.values(), names=list(keys))).reset_index()
    return whole.merge(known, on=list(keys), how="left").fillna(dict.fromkeys(zero, 0.0))


def over_time(
    data: pd.DataFrame,
    when: str,
    value: str,
    unit: str | None,
    language: Language,
    *,
    split: str | None = None,
    grain: str = "month",
    is_sum: bool = False,
) -> Spec:
    """A line over time. Columns: `when` (day, first of the period), `value`, and `split` for one line a member. It
    breaks where a period has no data, and is 0 there if the values are sums."""
    data = every_period(data, when, grain, split=split, zero=(value,) if is_sum else ())
    form = number_format(unit)
    encoding = {
        "x": on(f"{when}:T", title=None, axis={"format": "%b %Y", "labelOverlap": True, "tickCount": 8}),
        "y": on(f"{value}:Q", title=None, axis={"format": form}, scale={"zero": unit != "rate"}),
        "tooltip": tips(
            on(f"{when}:T", format="%B %Y"),
            *([on(f"{split}:N")] if split else []),
            on(f"{value}:Q", format=form),
        ),
    }
    if split:
        members = sorted(data[split].dropna().unique(), key=sort_key)
        encoding["color"] = on(f"{split}:N", scale={"domain": members, "range": COLOURS})
        encoding["strokeDash"] = on(f"{split}:N", legend=None)
        drawn = mark("line", point={"size": 22}, strokeWidth=2)
    else:
        drawn = mark("line", point={"size": 22, "color": COLOURS[0]}, strokeWidth=2.2, color=COLOURS[0])
    return finish(single(data, drawn, encoding), language)


def ranked(
    data: pd.DataFrame, name: str, value: str, unit: str | None, language: Language, *, reference: float | None = None
) -> Spec:
    """Horizontal bars, largest first, with the figure written at the end of each bar and a line at `reference`."""
    form = number_format(unit)
    # Room for the figure at the end of the longest bar, however narrow the chart.
    low, high = (min(0.0, float(data[value].min())), max(0.0, float(data[value].max()), reference or 0.0) or 1.0)
    base = {
        "y": on(f"{name}:N", sort="-x", title=None, axis={"labelLimit": 240}),
        "x": on(f"{value}:Q", title=None, axis=None, scale={"domain": [low, 1.15 * high]}),
        "tooltip": tips(on(f"{name}:N"), on(f"{value}:Q", format=form)),
    }
    layers = [
        layer(mark("bar", color=COLOURS[0], cornerRadiusEnd=3), base),
        layer(mark("text", align="left", dx=4, fontSize=12, color=INK), base, {"text": on(f"{value}:Q", format=form)}),
    ]
    if reference is not None:
        line = mark("rule", color=COLOURS[1], strokeDash=[5, 4], strokeWidth=2)
        layers.append(layer(line, {"x": on("x:Q")}, data={"x": reference}))
    return finish(layered(data, *layers), language, height=max(120, 26 * len(data) + 20))


def among_peers(
    data: pd.DataFrame, name: str, value: str, unit: str | None, language: Language, *, is_small: str | None = None
) -> Spec:
    """Each place's value among the group's: a dot, its value a year before as a hollow diamond, the band between the
    group's quartiles and the line of its median.

    Args:
        data: one row a place, with the columns of the comparisons `previous_year` and `benchmark` beside `value`.
        name: column of the place's name.
        is_small: column that says that a value stands on few cases; its dot is hollow.
    """
    words = (say("peers.now", language), say("peers.before", language), say("peers.small", language))
    order = list(data.sort_values(value, ascending=False)[name])
    now = pd.DataFrame({"place": data[name], "value": data[value], "kind": words[0]})
    if is_small:
        now.loc[data[is_small].astype(bool), "kind"] = words[2]
    before = pd.DataFrame({"place": data[name], "value": data[f"{value}__previous_year"], "kind": words[1]})
    points = pd.concat([before, now]).dropna()
    kinds = [word for word in words if word in set(points["kind"])]
    marks = {words[0]: (COLOURS[0], "circle"), words[1]: ("#8A9BA1", "diamond"), words[2]: (COLOURS[1], "triangle-up")}
    named = legend(kinds, room=230)
    encoding = {
        "y": on("place:N", sort=order, title=None, axis={"labelLimit": 240, "grid": True}),
        "x": on("value:Q", title=None, axis={"format": number_format(unit)}, scale={"zero": False}),
        "color": on("kind:N", scale={"domain": kinds, "range": [marks[k][0] for k in kinds]}, legend=named),
        "shape": on("kind:N", scale={"domain": kinds, "range": [marks[k][1] for k in kinds]}),
        "tooltip": tips(on("place:N"), on("kind:N"), on("value:Q", format=number_format(unit))),
    }
    layers = [layer(mark("point", filled=True, size=80, opacity=1), encoding)]
    group = data[[f"{value}__benchmark_{part}" for part in ("q1", "median", "q3")]].dropna()
    if not group.empty:
        quartiles = dict(zip(("q1", "median", "q3"), group.iloc[0].astype(float).tolist(), strict=True))
        median = mark("rule", color="#5B6770", strokeDash=[5, 4], strokeWidth=1.5)
        layers = [
            layer(mark("rect", color="#DCE9EA"), {"x": on("q1:Q"), "x2": {"field": "q3"}}, data=quartiles),
            layer(median, {"x": on("median:Q")}, data=quartiles),
            *layers,
        ]
    return finish(layered(points, *layers), language, height=max(140, 24 * len(order) + 60))
