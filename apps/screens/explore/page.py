"""Explore: any indicators by any dimensions; select, go down, and through to the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from apps.ask import LineState
from apps.blocks import chips, empty, heading, trace, warnings_of
from apps.cases import is_few
from apps.numbers import NOTHING, change, figure
from apps.screens.explore import (
    about,
    address,
    behind,
    charted,
    controls,
    data,
    files,
    panes,
    peers,
    saved,
    shape,
    table,
)
from apps.screens.explore.about import Period
from apps.screens.explore.behind import Figure
from apps.screens.explore.controls import key
from apps.screens.explore.data import Known, View
from apps.screens.explore.exports import Sheet
from apps.screens.explore.pivot import TOTAL
from apps.screens.explore.selections import Members, text
from apps.screens.explore.state import TIME, Problem, State, between
from apps.screens.explore.table import Words
from apps.sentences import in_words
from apps.session import Session
from apps.words import escaped, say
from lake.errors import LakeError
from lake.semantic import Answer, Indicator
from lake.semantic.periods import last_day

_PER_ROW = 4

#: Rows of a table that are shown without scrolling.
_ROWS_SHOWN = 24

#: Columns beyond which the first stays in place while the others are scrolled.
_COLUMNS_SHOWN = 3


def draw(session: Session) -> None:
    indicators = data.known(session)
    if not indicators:
        heading(session, "explore")
        empty(session, "no_build", line=session.lines[0] if session.lines else "")
        return
    asked, problems = address.read(partial(_first, session, indicators))
    view, unknown = asked.only(indicators)
    dimensions = data.dimensions(session, view.show) if view.show else {}
    view, unfit = view.within(dimensions)
    if not view.show:  # nothing can be split or selected: the indicators that are not there say so already
        view, unfit = replace(view, grain=None, compare=None), ()
    known = Known(indicators, dimensions)
    view, coarse = _grained(session, view, known)
    view, refused = _compared(session, view, known)
    address.settle(view)
    shown = [indicators[n] for n in view.show]
    words = Words(
        session.language,
        controls.titles(dimensions, session.language),
        controls.labels(shown, session.language),
        view.grain,
        is_partial=not session.sees_every_structure,
    )
    states = data.lines(shown)
    _head(session, view, states, indicators)
    _problems(session, [_said(p, session) for p in (*problems, *unknown, *unfit, *coarse, *refused)])
    with st.container(key=key("choices")):
        controls.choices(session, view, known)
    if not view.show:
        empty(session, "no_indicator")
        return
    for state in states.values():
        warnings_of(session, state)
    span = data.days(session, view, states)
    if span is None:
        empty(session, "no_value", structures=about.structures(session))
        return
    st.session_state[key("span")] = span
    try:
        found = data.answer(session, view, span, indicators)
        standings = data.standings(session, found, panes.shown(view, dimensions), span, indicators)
    except LakeError as error:
        st.info(
            say("explore.problem.question", session.language, why=escaped(in_words(error, session.language))),
            icon=":material/info:",
        )
        return
    panes.chosen(session, view, words)
    _problems(session, _strangers(standings, words))
    with st.container(key=key("body")):
        main, side = st.columns([5, 2], gap="medium")
    with main:
        _answer(session, found, known, span, words)
    with side:
        panes.panes(session, view, standings, words, controls.offered(dimensions, words.titles))


def _first(session: Session, indicators: Mapping[str, Indicator]) -> State:
    """What is shown to who comes without a wish: the first headline of their first line, by structure."""
    headlines = [i for i in indicators.values() if i.headline and not i.needs_time] or list(indicators.values())
    amounts = [i for i in headlines if i.unit == "eur" and i.line == headlines[0].line]
    chosen = (amounts or headlines)[0]
    places = [d for d in ("structure_name", "site_name") if d in chosen.dimensions]
    by = places[-1:] if session.sees_one_structure else places[:1]
    return State(show=(chosen.name,), by=tuple(by), compare="previous_year")


def _head(session: Session, view: State, states: Mapping[str, LineState], indicators: Mapping[str, Indicator]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        heading(session, "explore")
        for line, state in states.items():
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                if len(states) > 1:
                    st.markdown(f"**{say(f'line.{line}', session.language)}**", width="content")
                chips(session, state)
    with st.container(horizontal=True, vertical_alignment="center", key=key("toolbar")):
        controls.toolbar(session)
        st.button(
            say("explore.reset", session.language),
            icon=":material/restart_alt:",
            type="tertiary",
            on_click=address.change,
            args=(lambda _: _first(session, indicators),),
            key=key("reset"),
        )
        saved.popover(session, view, indicators)
        with st.popover(say("explore.link.title", session.language), icon=":material/link:", type="tertiary"):
            st.caption(say("explore.link.help", session.language))
            st.code(address.link(view, session.language), language=None, wrap_lines=True)


def _problems(session: Session, said: Sequence[str]) -> None:
    if said:
        listed = "\n".join(f"- {s}" for s in said)
        st.warning(f"{say('explore.problem.title', session.language)}\n\n{listed}", icon=":material/link_off:")


def _said(problem: Problem, session: Session) -> str:
    language = session.language
    what = say(f"explore.problem.{problem.kind}", language, text=escaped(problem.text))
    if problem.instead is None:
        return what
    return say("explore.problem.instead", language, what=what, instead=say(problem.instead, language))


def _grained(session: Session, view: State, known: Known) -> tuple[State, tuple[Problem, ...]]:
    """The view by periods that its indicators have; a problem for others."""
    if view.grain is None or not view.show or view.grain in known.grains(view):
        return view, ()
    said = say(f"explore.grains.{view.grain}", session.language)
    return replace(view, grain=None).settled(), (Problem("grain", said, "explore.total_only"),)


def _compared(session: Session, view: State, known: Known) -> tuple[State, tuple[Problem, ...]]:
    """The view with the comparison that it can have; a problem for one that it can't."""
    asked = view.compare
    if asked is None or not view.show or asked in controls.compared(session, view, known):
        return view, ()
    said = say(f"explore.compares.{asked}", session.language)
    return replace(view, compare=None), (Problem("comparison", said, "explore.compares.none"),)


def _strangers(standings: Mapping[str, Members], words: Words) -> list[str]:
    """Selected values that nobody in this scope has."""
    return [
        say("explore.problem.member", words.language, text=escaped(words.pair(words.title(d), words.member(d, v))))
        for d, members in standings.items()
        for v in members.unknown
    ]


def _answer(session: Session, view: View, known: Known, span: Period, words: Words) -> None:
    st.caption(about.period(span, words))
    if not view.main.table.num_rows:
        empty(session, "no_rows")
        return
    _figures(session, view, known, span, words)
    chart = shape.chosen(view.state, view.members())
    standings = peers.standings(view, words) if chart == "peers" else {}
    told = peers.reasons(view) if not all(standings.values()) else ()  # in place of the drawing
    for note in view.main.notes:
        if note not in told:
            st.caption(f":material/info: {escaped(note.text(session.language))}")
    _within(session, view.state, known)
    if not view.state.dimensions and not standings:
        files.offer(session, view, known.indicators, span, words, [])
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        controls.charts(session, view.state)
        exporting = st.container(width="content")
    clicked, drawn = charted.draw(session, view, known.indicators, chart, standings, words)
    with exporting:
        files.offer(session, view, known.indicators, span, words, drawn)
    further = st.container()
    selected = _table(session, view, words)
    if view.state.dimensions:
        with further:
            _down(session, view, known, span, words, selected or clicked)


def _figures(session: Session, view: View, known: Known, span: Period, words: Words) -> None:
    """Each indicator over everything that is selected: the figure first, and where it comes from."""
    answer = view.total or (view.main if not view.state.dimensions else None)
    if answer is None:
        return
    row: dict[str, Any] = next(iter(answer.table.to_pylist()), {})
    shown = [n for n in view.state.show if n in answer.table.column_names]
    for start in range(0, len(shown), _PER_ROW):
        part = shown[start : start + _PER_ROW]
        for column, name in zip(st.columns(len(part)), part, strict=False):
            with column, st.container(border=True, height="stretch", key=key(f"figure-{name}")):
                _figure(session, view, known.indicators[name], row, answer, span, words)


def _figure(
    session: Session,
    view: View,
    indicator: Indicator,
    row: Mapping[str, Any],
    answer: Answer,
    span: Period,
    words: Words,
) -> None:
    language, unit = session.language, indicator.unit
    before = row.get(f"{indicator.name}__{view.state.compare}")
    is_reference = view.state.compare in ("previous_year", "previous_period", "budget")
    delta = change(row[indicator.name], before, unit, language) if is_reference else None
    named = say(f"explore.compares.{view.state.compare or 'none'}", language)
    count = view.counts.get(indicator.name, indicator.name if unit == "count" else "")
    is_weak = any(is_few(row.get(name)) for name in (count, f"{count}__{view.state.compare}"))
    if is_weak and delta:
        named = say("explore.few", language, what=named)
    colours = {"up": "normal", "down": "inverse"}
    st.metric(
        words.labels[indicator.name],
        figure(row[indicator.name], unit, language),
        delta,
        delta_color=colours.get(indicator.direction, "off") if delta and not is_weak else "off",  # type: ignore[arg-type]
        delta_description=words.pair(named, figure(before, unit, language)) if delta else None,
        help=indicator.definition(language),
    )
    with st.container(horizontal=True, gap="small"):
        trace(session, indicator, answer)
        if st.button(
            say("explore.rows.title", language),
            icon=":material/table_rows:",
            type="tertiary",
            key=key(f"rows-{indicator.name}"),
        ):
            behind.dialog(session, Figure(indicator, answer.builds, {}, data.filters(view.state), *span))


def _within(session: Session, view: State, known: Known) -> None:
    """A share or a rank of who doesn't see all structures is among what they see: says so, and offers the group's."""
    if session.sees_every_structure or view.compare not in ("share", "rank"):
        return
    with st.container(horizontal=True, vertical_alignment="center", key=key("within")):
        seen = say(f"explore.within.{view.compare}", session.language, structures=about.structures(session))
        st.caption(f":material/info: {seen}")
        if "benchmark" in controls.compared(session, view, known):
            st.button(
                say("explore.within.go", session.language),
                icon=":material/groups:",
                type="tertiary",
                on_click=address.change,
                args=(lambda v: replace(v, compare="benchmark", chart="auto"),),
                key=key("within-go"),
            )


def _table(session: Session, view: View, words: Words) -> dict[str, Any]:
    """Draw the table; the members of the row that is selected, none for the total."""
    made = table.sheet(view, words, "")
    order, short = list(made.titles), dict[str, str]()
    if view.state.compare == "benchmark":
        figures, short = peers.headings(view, _titles(made), words)
        order = [*made.titles[: made.grid.depth], *figures]
    shown = st.dataframe(
        table.shown(made, words),
        hide_index=True,
        placeholder=NOTHING,
        height="content" if len(made.grid.rows) <= _ROWS_SHOWN else 640,
        on_select="rerun",
        selection_mode="single-row",
        key=key(f"table-{controls.mark(view.state, 'table')}"),
        column_order=order,
        column_config={
            **{t: st.column_config.Column(label, help=t) for t, label in short.items()},
            **{t: st.column_config.Column(pinned=True) for t in order[:1] if len(order) > _COLUMNS_SHOWN},
        },
        alt=say("explore.table", session.language),
    )
    if shape.has_pivot(view.state) and not view.is_pivoted:
        st.caption(say("explore.too_wide", session.language, n=shape.MOST_COLUMNS))
    if view.is_cut:
        numbers = [figure(n, "count", session.language) for n in (data.MOST_ROWS, data.MOST_EXPORTED)]
        st.caption(say("explore.cut", session.language, n=numbers[0], most=numbers[1]))
    rows = shown.selection.rows  # type: ignore[union-attr]
    if not rows or rows[0] >= len(made.grid.rows):
        return {}
    row = made.grid.rows[rows[0]]
    return {h.column: row[i] for i, h in enumerate(made.grid.headings) if h.is_dimension and row[i] is not TOTAL}


def _titles(made: Sheet) -> dict[str, str]:
    """By column of figures, its title in a table without members in columns."""
    return {h.column: title for h, title in zip(made.grid.headings, made.titles, strict=True) if not h.is_dimension}


def _down(session: Session, view: View, known: Known, span: Period, words: Words, selected: Mapping[str, Any]) -> None:
    """What can be done with a member that was selected: keep it, split it, see its rows."""
    language = session.language
    if not selected:
        st.caption(say("explore.pick_row", language))
        return
    said = " · ".join(words.member(d, v) for d, v in selected.items())
    members = {d: text(v) for d, v in selected.items() if d != TIME}
    inside = _inside(view.state, selected, span)
    narrowed = view.state.drill(members, None)
    if inside != span and inside[0] and inside[1]:
        narrowed = replace(narrowed, period=between(inside[0], inside[1]))
    with st.container(border=True, key=key("down")):
        st.markdown(f"**{escaped(said)}**")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.button(
                say("explore.down.keep", language),
                icon=":material/filter_alt:",
                on_click=address.change,
                args=(lambda _: narrowed,),
                key=key("keep"),
            )
            offered = controls.offered(known.dimensions, words.titles)
            left = [d for d in offered if d not in members and d not in view.state.by]
            best = shape.next_dimension(view.state, left)
            split = st.selectbox(
                say("explore.down.split", language),
                left,
                index=left.index(best) if best in left else None,
                format_func=words.title,
                width=240,
                key=key(f"split-{controls.mark(view.state, said)}"),
            )
            st.button(
                say("explore.down.go", language),
                icon=":material/south_east:",
                type="primary",
                disabled=split is None,
                on_click=address.change,
                args=(lambda _: narrowed.drill(members, split),),
                key=key("go"),
            )
            for name in view.state.show:
                indicator = known.indicators[name]
                label = say("explore.down.rows", language)
                if len(view.state.show) > 1:
                    label = f"{label} · {words.labels[name]}"
                if st.button(label, icon=":material/table_rows:", type="tertiary", key=key(f"down-rows-{name}")):
                    cell = {d: v for d, v in selected.items() if d != TIME}
                    behind.dialog(session, Figure(indicator, view.main.builds, cell, data.filters(view.state), *inside))
                trace(session, indicator, view.main)


def _inside(view: State, selected: Mapping[str, Any], span: Period) -> Period:
    """The part of the period that the selected row is about."""
    first = selected.get(TIME)
    if first is None or view.grain is None:
        return span
    last = last_day(first, view.grain)
    return max(first, span[0] or first), min(last, span[1] or last)
