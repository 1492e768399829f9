"""The charts of the finance page: the waterfall of the balances, and a ratio among its peers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from apps.charts import COLOURS, INK, Spec, finish, layer, layered, legend, mark, on, tips
from apps.screens.finance.balances import Step
from apps.screens.finance.table import amount
from apps.words import Language, say

_ADDS, _TAKES = "#6BAED6", COLOURS[1]


def waterfall(steps: Sequence[Step], language: Language) -> Spec:
    """Bars from revenue down to the net result: balances stand on the axis, what adds and what takes away floats.
    Colour says it once, the sign of the figure and the place say it again."""
    kinds = [say(f"finance.waterfall.{kind}", language) for kind in ("balance", "adds", "takes")]
    table = pd.DataFrame(
        {
            "label": [say(f"finance.balance.{s.key}", language) for s in steps],
            "low": [float(min(s.start, s.end)) / 1000 for s in steps],
            "high": [float(max(s.start, s.end)) / 1000 for s in steps],
            "kind": [kinds[0] if s.is_balance else kinds[1] if s.amount > 0 else kinds[2] for s in steps],
            "figure": [amount(s.amount, language, thousands=True) for s in steps],
        }
    )
    # Room for the figure at the end of the longest bar, whatever the width.
    room = [min(0.0, float(table["low"].min())), float(table["high"].max()) * 1.3]
    base = {
        "y": on("label:N", sort=None, title=None, axis={"labelLimit": 260, "ticks": False, "domain": False}),
        "tooltip": tips(on("label:N"), on("figure:N", title=say("finance.thousands", language)), on("kind:N")),
    }
    named = legend(kinds, room=190)
    floating = {
        "x": on("low:Q", title=None, axis={"format": ",.0f", "tickCount": 4}, scale={"domain": room}),
        "x2": {"field": "high"},
        "color": on(
            "kind:N",
            scale={"domain": kinds, "range": [COLOURS[0], _ADDS, _TAKES]},
            legend=named,
        ),
    }
    figures = mark("text", align="left", dx=6, fontSize=12, color=INK)
    layers = [
        layer(mark("bar", cornerRadius=2, height={"band": 0.72}), base, floating),
        layer(mark("rule", color="#5B6770"), {"x": on("x:Q")}, data={"x": 0}),
        layer(figures, base, {"x": on("high:Q"), "text": on("figure:N")}),
    ]
    return finish(layered(table, *layers), language, height=28 * len(steps) + 40)
