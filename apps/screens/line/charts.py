"""The charts of a line's page: funnels, mixes, heat-maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from apps.charts import COLOURS, finish, number_format
from apps.words import Language, say

_INK = "#15262B"

#: Colours on which white can't be read.
_LIGHT = ("#D97706", "#6B8E23")


def funnel(table: pd.DataFrame, language: Language) -> Any:
    """Steps from top to bottom, each under its name. Columns: `label`, `value`, `before` (a year before: a tick),
    `text` (what is written at the end of the bar)."""
    edge = table[["value", "before"]].astype(float).max(axis=1)
    base = alt.Chart(table.assign(edge=edge)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=None),
        tooltip=[alt.Tooltip("label:N", title=" "), alt.Tooltip("text:N", title=" ")],
    )
    room = alt.Scale(domain=[0, (float(edge.max()) or 1.0) * 1.7])
    layers = [
        base.mark_bar(color=COLOURS[0], cornerRadiusEnd=3, height=16, yOffset=9).encode(
            x=alt.X("value:Q", title=None, axis=None, scale=room)
        ),
        base.mark_tick(color=COLOURS[1], thickness=3, height=22, yOffset=9).encode(x="before:Q"),
        base.mark_text(align="left", dx=8, dy=9, fontSize=13, fontWeight=600, color=_INK).encode(
            x="edge:Q", text="text:N"
        ),
        base.mark_text(align="left", dy=-10, fontSize=12, color="#4A5C62").encode(x=alt.value(0), text="label:N"),
    ]
    return finish(alt.layer(*layers), language, height=50 * len(table))


def mix(table: pd.DataFrame, order: Sequence[str], unit: str | None, language: Language) -> Any:
    """Shares by month, one on the other. Columns: `metric_time`, `part`, `value`, `share`; `order` is that of parts."""
    few = table["metric_time"].nunique() <= 14
    rank = table["part"].map({name: i for i, name in enumerate(order)})
    ranked = table.assign(rank=rank, ink=rank.map(lambda i: _INK if COLOURS[i % len(COLOURS)] in _LIGHT else "#FFFFFF"))
    base = alt.Chart(ranked).encode(
        x=alt.X(
            "yearmonth(metric_time):O",
            title=None,
            axis=alt.Axis(format="%b %y", labelAngle=0, labelOverlap=True, ticks=False),
        ),
        y=alt.Y(
            "share:Q",
            title=None,
            stack="zero",
            axis=alt.Axis(format=".0%", tickCount=4),
            scale=alt.Scale(domain=[0, 1]),
        ),
        order=alt.Order("rank:Q"),
        tooltip=[
            alt.Tooltip("metric_time:T", title=" ", format="%B %Y"),
            alt.Tooltip("part:N", title=" "),
            alt.Tooltip("share:Q", title=" ", format=".1%"),
            alt.Tooltip("value:Q", title=" ", format=number_format(unit)),
        ],
    )
    colours = alt.Color("part:N", scale=alt.Scale(domain=list(order), range=list(COLOURS[: len(order)])))
    layers = [base.mark_bar(stroke="#FFFFFF", strokeWidth=1).encode(color=colours)]
    if few:
        labels = base.mark_text(fontSize=11).encode(
            color=alt.Color("ink:N", scale=None),
            y=alt.Y("share:Q", stack="zero", bandPosition=0.5),
            text=alt.Text("share:Q", format=".0%"),
            opacity=alt.condition("datum.share >= 0.09", alt.value(1), alt.value(0)),
            detail="part:N",
        )
        layers.append(labels)
    return finish(alt.layer(*layers), language, height=260)


def heat(
    table: pd.DataFrame,
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    unit: str | None,
    language: Language,
    few: str | None = None,
) -> Any:
    """Cells in a colour that darkens with the value, which is written in each. Columns: `row`, `column`, `value`.
    Cells where `few` is true stand on few cases: they are written in parentheses, without colour."""
    is_few = table[few].astype(bool) if few else pd.Series(False, index=table.index)
    text = ".0%" if unit == "rate" else ",.1f"
    shown = table.assign(is_few=is_few)
    base = alt.Chart(shown).encode(
        x=alt.X(
            "column:O",
            sort=list(columns),
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, labelOverlap="greedy", ticks=False, domain=False),
        ),
        y=alt.Y("row:N", sort=list(rows), title=None, axis=alt.Axis(labelLimit=230, ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip("row:N", title=" "),
            alt.Tooltip("column:N", title=" "),
            alt.Tooltip("value:Q", title=" ", format=number_format(unit)),
            *(
                [alt.Tooltip("cases:Q", title=say("linepage.cases", language), format=",.0f")]
                if "cases" in table
                else []
            ),
        ],
    )
    low, high = float(table["value"].min()), float(table["value"].max())
    middle = low + (high - low) * 0.55
    cells = base.mark_rect(stroke="#FFFFFF", strokeWidth=2, cornerRadius=3).encode(
        color=alt.condition(
            "datum.is_few",
            alt.value("#F3F6F7"),
            alt.Color("value:Q", scale=alt.Scale(range=["#E3F0F1", "#0B6E75"], domain=[low, high]), legend=None),
        )
    )
    # A figure that its cell is too narrow for would cover its neighbours: the tooltip still has it.
    figures = base.mark_text(fontSize=alt.ExprRef("bandwidth('x') < 34 ? 0 : 11")).encode(
        text=alt.Text("value:Q", format=text),
        color=alt.condition(f"!datum.is_few && datum.value > {middle}", alt.value("#FFFFFF"), alt.value(_INK)),
        opacity=alt.condition("datum.is_few", alt.value(0.55), alt.value(1)),
    )
    return finish(alt.layer(cells, figures), language, height=30 * max(len(rows), 2) + 40)
