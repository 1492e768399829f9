"""The charts of a line's page: funnels, mixes, heat-maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from apps.charts import COLOURS, INK, Spec, finish, layer, layered, legend, mark, number_format, on, tips
from apps.words import Language

#: Colours on which white can't be read.
_LIGHT = ("#D97706", "#6B8E23")


def funnel(table: pd.DataFrame, language: Language) -> Spec:
    """Steps from top to bottom, each under its name. Columns: `label`, `value`, `before` (a year before: a tick),
    `text` (what is written at the end of the bar)."""
    edge = table[["value", "before"]].astype(float).max(axis=1)
    scale = {"domain": [0, (float(edge.max()) or 1.0) * 1.7]}
    base = {
        "y": on("label:N", sort=None, title=None, axis=None),
        "tooltip": tips(on("label:N"), on("text:N")),
    }
    figures = mark("text", align="left", dx=8, dy=9, fontSize=13, fontWeight=600, color=INK)
    names = mark("text", align="left", dy=-10, fontSize=12, color="#4A5C62")
    layers = [
        layer(
            mark("bar", color=COLOURS[0], cornerRadiusEnd=3, height=16, yOffset=9),
            base,
            {"x": on("value:Q", title=None, axis=None, scale=scale)},
        ),
        layer(mark("tick", color=COLOURS[1], thickness=3, height=22, yOffset=9), base, {"x": on("before:Q")}),
        layer(figures, base, {"x": on("edge:Q"), "text": on("text:N")}),
        layer(names, base, {"x": {"value": 0}, "text": on("label:N")}),
    ]
    return finish(layered(table.assign(edge=edge), *layers), language, height=50 * len(table))


def mix(table: pd.DataFrame, order: Sequence[str], unit: str | None, language: Language) -> Spec:
    """Shares by month, one on the other. Columns: `metric_time`, `part`, `value`, `share`; `order` is that of parts."""
    few = table["metric_time"].nunique() <= 14
    colours = dict(zip(order, COLOURS * (len(order) // len(COLOURS) + 1), strict=False))
    inks = {name: INK if colour in _LIGHT else "#FFFFFF" for name, colour in colours.items()}
    places = {name: place for place, name in enumerate(order)}
    ranked = table.assign(rank=table["part"].map(places), ink=table["part"].map(inks))
    months = {"format": "%b %y", "labelAngle": 0, "labelOverlap": True, "ticks": False}
    shares = {"format": ".0%", "tickCount": 4}
    base = {
        "x": on("metric_time:O", timeUnit="yearmonth", title=None, axis=months),
        "y": on("share:Q", title=None, stack="zero", axis=shares, scale={"domain": [0, 1]}),
        "order": on("rank:Q"),
        "tooltip": tips(
            on("metric_time:T", format="%B %Y"),
            on("part:N"),
            on("share:Q", format=".1%"),
            on("value:Q", format=number_format(unit)),
        ),
    }
    filled = on("part:N", scale={"domain": list(order), "range": list(colours.values())}, legend=legend(order))
    layers = [layer(mark("bar", stroke="#FFFFFF", strokeWidth=1), base, {"color": filled})]
    if few:
        labels = {
            "color": on("ink:N", scale=None),
            "y": on("share:Q", stack="zero", bandPosition=0.5),
            "text": on("share:Q", format=".0%"),
            "opacity": {"condition": {"test": "datum.share >= 0.09", "value": 1}, "value": 0},
            "detail": on("part:N"),
        }
        layers.append(layer(mark("text", fontSize=11), base, labels))
    return finish(layered(ranked, *layers), language, height=280)


def heat(
    table: pd.DataFrame,
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    unit: str | None,
    language: Language,
    few: str | None = None,
    more: Mapping[str, str] | None = None,
) -> Spec:
    """Cells in a colour that darkens with the value, which is written in each. Columns: `row`, `column`, `value`.
    Cells where `few` is true stand on few cases: they are written paler, without colour. `more` are columns of numbers
    that the tooltip tells, with their titles."""
    is_few = table[few].astype(bool) if few else pd.Series(False, index=table.index)
    text = ".0%" if unit == "rate" else ",.1f"
    plain = {"labelFlush": False, "ticks": False, "domain": False}
    across = {"orient": "top", "labelAngle": 0, "labelOverlap": "greedy", **plain}
    told = [on(f"{column}:Q", title=title, format=",.0f") for column, title in (more or {}).items()]
    base = {
        "x": on("column:O", sort=list(columns), title=None, axis=across),
        "y": on("row:N", sort=list(rows), title=None, axis={"labelLimit": 230, **plain}),
        "tooltip": tips(on("row:N"), on("column:N"), on("value:Q", format=number_format(unit)), *told),
    }
    low, high = float(table["value"].min()), float(table["value"].max())
    dark = low + (high - low) * 0.72
    depth = on("value:Q", scale={"range": ["#E3F0F1", "#0B6E75"], "domain": [low, high]}, legend=None)
    pale = {"test": "datum.is_few", "value": "#F3F6F7"}
    # A figure that its cell is too narrow for would cover its neighbours: the tooltip still has it.
    figures = mark("text", fontSize={"expr": "bandwidth('x') < 34 ? 0 : 11"})
    written = {
        "text": on("value:Q", format=text),
        "color": {"condition": {"test": f"!datum.is_few && datum.value > {dark}", "value": "#FFFFFF"}, "value": INK},
        "opacity": {"condition": {"test": "datum.is_few", "value": 0.55}, "value": 1},
    }
    layers = [
        layer(
            mark("rect", stroke="#FFFFFF", strokeWidth=2, cornerRadius=3), base, {"color": depth | {"condition": pale}}
        ),
        layer(figures, base, written),
    ]
    return finish(layered(table.assign(is_few=is_few), *layers), language, height=30 * max(len(rows), 2) + 40)
