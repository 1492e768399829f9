"""The charts of the finance page: the waterfall of the balances, and a ratio among its peers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from apps.charts import COLOURS, finish
from apps.screens.finance.balances import Step
from apps.screens.finance.table import amount
from apps.words import Language, say

_ADDS, _TAKES = "#6BAED6", COLOURS[1]


def waterfall(steps: Sequence[Step], language: Language) -> Any:
    """Bars from revenue down to the net result: balances stand on the axis, what adds and what takes away floats.
    Colour says it once, the sign of the figure and the place say it again."""
    kinds = [say(f"finance.waterfall.{kind}", language) for kind in ("balance", "adds", "takes")]
    table = pd.DataFrame(
        {
            "label": [say(f"finance.balance.{s.key}", language) for s in steps],
            "low": [float(min(s.start, s.end)) for s in steps],
            "high": [float(max(s.start, s.end)) for s in steps],
            "kind": [kinds[0] if s.is_balance else kinds[1] if s.amount > 0 else kinds[2] for s in steps],
            "figure": [amount(s.amount, language, thousands=True) for s in steps],
        }
    )
    base = alt.Chart(table).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip("label:N", title=" "),
            alt.Tooltip("figure:N", title="k€"),
            alt.Tooltip("kind:N", title=" "),
        ],
    )
    bars = base.mark_bar(cornerRadius=2, height={"band": 0.72}).encode(
        x=alt.X("low:Q", title=None, axis=alt.Axis(format="~s", tickCount=6)),
        x2="high:Q",
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[COLOURS[0], _ADDS, _TAKES])),
    )
    figures = base.mark_text(align="left", dx=6, fontSize=12, color="#15262B").encode(x="high:Q", text="figure:N")
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color="#5B6770").encode(x="x:Q")
    return finish(alt.layer(bars, zero, figures), language, height=28 * len(steps) + 40)
