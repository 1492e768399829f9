"""The charts of a view on the screen, and what a click in one of them selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from apps.screens.explore import controls, drawing, peers, shape, table
from apps.screens.explore.data import View
from apps.screens.explore.drawing import Plot
from apps.screens.explore.peers import Standing
from apps.screens.explore.state import TIME, Chart
from apps.screens.explore.table import Words
from apps.session import Session
from apps.words import escaped, say
from lake.semantic import Indicator

_DRAW = {
    "peers": drawing.peers,
    "lines": drawing.lines,
    "bars": drawing.bars,
    "scatter": drawing.scatter,
    "heat": drawing.heat,
}

#: What a click selects: by dimension, the value.
Clicked = dict[str, Any]


def draw(
    session: Session,
    view: View,
    indicators: Mapping[str, Indicator],
    chart: Chart,
    standings: Mapping[str, Sequence[Standing]],
    words: Words,
) -> tuple[Clicked, list[Any]]:
    """Draw the charts; what a click selects, and the charts themselves.

    Args:
        standings: by indicator, where its rows stand in the group; empty unless that is what is drawn.
    """
    if chart == "table":
        return {}, []
    if chart == "peers":
        return _in_the_group(session, view, indicators, standings, words)
    drawn: list[Any] = []
    clicked: Clicked = {}
    made, left_out = table.plots(view, words, chart, {i.name for i in indicators.values() if i.is_additive})
    for plot in made:
        if plot.data.empty:
            continue
        if len(made) > 1:
            st.markdown(f"**{escaped(plot.titles[0])}**")
        label = _one(session, view, chart, plot, drawn, words)
        clicked |= _member(view, words, chart, label) if label is not None else {}
    _left_out(session, left_out)
    return clicked, drawn


def _in_the_group(
    session: Session,
    view: View,
    indicators: Mapping[str, Indicator],
    standings: Mapping[str, Sequence[Standing]],
    words: Words,
) -> tuple[Clicked, list[Any]]:
    """Each indicator in the group: in words, drawn, and how that is read; or why it can't be."""
    drawn: list[Any] = []
    clicked: Clicked = {}
    rows = dict(zip(peers.members(view, words), view.main.table.to_pylist(), strict=True))
    for name, found in standings.items():
        metric, indicator = view.main.column(name), indicators[name]
        if not found:
            peers.draw_reason(view, words, metric)
            continue
        if len(standings) > 1:
            st.markdown(f"**{escaped(words.label(metric))}**")
        for sentence in peers.sentences(view, words, indicator.unit, found):
            st.markdown(sentence)
        plot, left_out = peers.plot(view, words, metric, found)
        label = _one(session, view, "peers", plot, drawn, words)
        peers.draw_how(session, indicator)
        _left_out(session, left_out)
        if label in rows:
            clicked |= {d: rows[label][d] for d in view.state.by}
    return clicked, drawn


def _one(session: Session, view: View, chart: Chart, plot: Plot, drawn: list[Any], words: Words) -> str | None:
    """Draw a chart, add it to those `drawn`, and return the words of the member that was clicked in it."""
    made = _DRAW[chart](plot, session.language)
    event = st.vega_lite_chart(
        made,
        on_select="rerun",
        selection_mode=drawing.CLICKED,
        key=controls.key(f"chart-{len(drawn)}-{controls.mark(view.state, chart)}"),
        alt=words.pair(say(f"explore.charts.{chart}", session.language), ", ".join(plot.titles)),
    )
    drawn.append(made)
    picked = (event.selection or {}).get(drawing.CLICKED) or []  # type: ignore[union-attr]
    return picked[0].get(drawing.MEMBER) if picked and isinstance(picked[0], dict) else None


def _member(view: View, words: Words, chart: Chart, label: str) -> Clicked:
    """The member that was clicked, found again by its words."""
    if chart == "scatter":
        for row in view.main.table.to_pylist():
            if " · ".join(words.member(d, row[d]) for d in view.state.dimensions) == label:
                return {d: row[d] for d in view.state.dimensions}
        return {}
    dimension = shape.axes(view.state)[0] if chart == "heat" else view.state.by[0] if view.state.by else TIME
    values = {words.member(dimension, v): v for v in view.main.table.column(dimension).to_pylist()}
    return {dimension: values[label]} if label in values else {}


def _left_out(session: Session, number: int) -> None:
    if number:
        st.caption(say("explore.chart_left_out", session.language, n=number))
