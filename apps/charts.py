"""Charts that survive colour-blindness and print: one colour says one thing, shapes and direct labels say it again."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from apps.words import Language

#: Okabe–Ito order, darkened for white paper; the first is the portal's own.
COLOURS = ("#0B6E75", "#D97706", "#4C5FA8", "#A23B72", "#6B8E23", "#5B6770", "#B45309", "#1D4E89")

_FRENCH: dict[str, Any] = {
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
_ENGLISH: dict[str, Any] = {
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

_D3 = {"rate": ".1%", "eur": "$,.0f", "count": ",.0f"}


def number_format(unit: str | None) -> str:
    """The d3 format of a unit's axis."""
    return _D3.get(unit or "", ",.1f")


def finish(chart: Any, language: Language, *, height: int = 320) -> Any:
    """The house style on any chart: locale, quiet axes, no border."""
    return (
        chart.properties(height=height)
        .configure(locale=_FRENCH if language == "fr" else _ENGLISH, font="Source Sans, sans-serif")
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelFontSize=12, titleFontSize=12, gridColor="#E6ECEE", domainColor="#B7C4C8", tickColor="#B7C4C8"
        )
        .configure_legend(labelFontSize=12, titleFontSize=12, orient="top", title=None, labelLimit=260)
    )


def over_time(
    data: pd.DataFrame, when: str, value: str, unit: str | None, language: Language, *, split: str | None = None
) -> Any:
    """A line over time. Columns: `when` (day, first of the period), `value`, and `split` for one line a member."""
    base = alt.Chart(data).encode(
        x=alt.X(f"{when}:T", title=None, axis=alt.Axis(format="%b %Y", labelOverlap=True, tickCount=8)),
        y=alt.Y(
            f"{value}:Q", title=None, axis=alt.Axis(format=number_format(unit)), scale=alt.Scale(zero=unit != "rate")
        ),
        tooltip=[
            alt.Tooltip(f"{when}:T", title=" ", format="%B %Y"),
            *([alt.Tooltip(f"{split}:N", title=" ")] if split else []),
            alt.Tooltip(f"{value}:Q", title=" ", format=number_format(unit)),
        ],
    )
    if split:
        members = sorted(data[split].dropna().unique())
        chart = base.mark_line(point=alt.OverlayMarkDef(size=22), strokeWidth=2).encode(
            color=alt.Color(f"{split}:N", scale=alt.Scale(domain=members, range=list(COLOURS))),
            strokeDash=alt.StrokeDash(f"{split}:N", legend=None),
        )
    else:
        chart = base.mark_line(point=alt.OverlayMarkDef(size=22, color=COLOURS[0]), strokeWidth=2.2, color=COLOURS[0])
    return finish(chart, language)


def ranked(
    data: pd.DataFrame, name: str, value: str, unit: str | None, language: Language, *, reference: float | None = None
) -> Any:
    """Horizontal bars, largest first, with the figure written at the end of each bar and a line at `reference`."""
    bars = alt.Chart(data).encode(
        y=alt.Y(f"{name}:N", sort="-x", title=None, axis=alt.Axis(labelLimit=240)),
        x=alt.X(f"{value}:Q", title=None, axis=None),
        tooltip=[alt.Tooltip(f"{name}:N", title=" "), alt.Tooltip(f"{value}:Q", title=" ", format=number_format(unit))],
    )
    layers = [
        bars.mark_bar(color=COLOURS[0], cornerRadiusEnd=3),
        bars.mark_text(align="left", dx=4, fontSize=12, color="#15262B").encode(
            text=alt.Text(f"{value}:Q", format=number_format(unit))
        ),
    ]
    if reference is not None:
        mark = alt.Chart(pd.DataFrame({"x": [reference]})).mark_rule(color=COLOURS[1], strokeDash=[5, 4], strokeWidth=2)
        layers.append(mark.encode(x="x:Q"))
    return finish(alt.layer(*layers), language, height=max(120, 26 * len(data) + 20))
