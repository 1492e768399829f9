"""Charts that survive colour-blindness and print: one colour says one thing, shapes and direct labels say it again."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from apps.words import Language, say

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
            alt.Tooltip(f"{when}:T", title=" ", format="%B %Y"),  # titles are keys: blank ones differ
            *([alt.Tooltip(f"{split}:N", title="\u2002")] if split else []),
            alt.Tooltip(f"{value}:Q", title="\u2003", format=number_format(unit)),
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
        tooltip=[
            alt.Tooltip(f"{name}:N", title=" "),
            alt.Tooltip(f"{value}:Q", title="\u2003", format=number_format(unit)),
        ],
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


def among_peers(
    data: pd.DataFrame, name: str, value: str, unit: str | None, language: Language, *, is_small: str | None = None
) -> Any:
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
    base = alt.Chart(points).encode(
        y=alt.Y("place:N", sort=order, title=None, axis=alt.Axis(labelLimit=240, grid=True)),
        x=alt.X("value:Q", title=None, axis=alt.Axis(format=number_format(unit)), scale=alt.Scale(zero=False)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[marks[k][0] for k in kinds])),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=[marks[k][1] for k in kinds])),
        tooltip=[
            alt.Tooltip("place:N", title=" "),
            alt.Tooltip("kind:N", title="\u2002"),
            alt.Tooltip("value:Q", title="\u2003", format=number_format(unit)),
        ],
    )
    layers = [base.mark_point(filled=True, size=80, opacity=1)]
    group = data[[f"{value}__benchmark_{part}" for part in ("q1", "median", "q3")]].dropna()
    if not group.empty:
        quartiles = alt.Chart(pd.DataFrame([group.iloc[0].tolist()], columns=["q1", "median", "q3"]))
        layers = [
            quartiles.mark_rect(color="#DCE9EA").encode(x="q1:Q", x2="q3:Q"),
            quartiles.mark_rule(color="#5B6770", strokeDash=[5, 4], strokeWidth=1.5).encode(x="median:Q"),
            *layers,
        ]
    return finish(alt.layer(*layers), language, height=max(140, 24 * len(order) + 60))
