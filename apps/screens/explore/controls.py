"""The choices of a view. The address holds them: each widget shows what it says, and changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from apps.screens.explore import address, shape
from apps.screens.explore.data import Known
from apps.screens.explore.state import MOST_DIMENSIONS, MOST_INDICATORS, PERIODS, TIME, Compare, State, between
from apps.session import Session
from apps.words import Language, say
from lake.semantic import Dimension, Indicator
from lake.text import sort_key

_NONE = "none"
_PLACES = ("structure_name", "site_name", "site_commune", "department", "site_region", "line")


def key(part: str) -> str:
    return f"explore-{part}"


def mark(view: State, more: str) -> str:
    """A short name of a view: what was selected in one is not selected in another."""
    return f"{abs(hash((view, more))):x}"


def controlled(part: str, value: Any, step: Callable[[State, Any], State]) -> dict[str, Any]:
    """What a widget needs to show `value` and, when it changes, to take `step`."""
    st.session_state[key(part)] = value

    def changed() -> None:
        address.change(lambda view: step(view, st.session_state[key(part)]))

    return {"key": key(part), "on_change": changed}


def titles(dimensions: Mapping[str, Dimension], language: Language) -> dict[str, str]:
    """A title for each dimension, no two alike: a code is called so, and a name says what its label doesn't."""
    found = {n: d.label(language) + (" (code)" if d.kind == "entity" else "") for n, d in dimensions.items()}
    labels = list(found.values())
    return {
        TIME: say("explore.time", language),
        **{n: t if labels.count(t) == 1 else f"{t} · {n.replace('_', ' ')}" for n, t in found.items()},
    }


def labels(indicators: Sequence[Indicator], language: Language) -> dict[str, str]:
    """A label for each indicator: with its line, when they are of several."""
    if len({i.line for i in indicators}) < 2:
        return {i.name: i.label(language) for i in indicators}
    return {i.name: qualified(i, language) for i in indicators}


def qualified(indicator: Indicator, language: Language) -> str:
    label = indicator.label(language)
    return f"{say(f'line.{indicator.line}', language)} · {label}"


def offered(dimensions: Mapping[str, Dimension], named: Mapping[str, str]) -> list[str]:
    """The dimensions in the order in which they are chosen: places, then the others by title."""
    places = [d for d in _PLACES if d in dimensions]
    return places + sorted((d for d in dimensions if d not in places), key=lambda d: sort_key(named[d]))


def toolbar(session: Session) -> None:
    """Undo, redo, start again."""
    language, history = session.language, address.history()
    st.button(
        say("explore.undo", language),
        icon=":material/undo:",
        type="tertiary",
        help=say("explore.undo_help", language),
        disabled=not history.past,
        on_click=address.undo,
        key=key("undo"),
    )
    st.button(
        say("explore.redo", language),
        icon=":material/redo:",
        type="tertiary",
        help=say("explore.redo_help", language),
        disabled=not history.future,
        on_click=address.redo,
        key=key("redo"),
    )


def choices(session: Session, view: State, known: Known) -> None:
    """Indicators, dimensions, time, period, comparison, columns."""
    language = session.language
    named = titles(known.dimensions, language)
    left, right = st.columns([3, 2])
    with left:
        _indicators(session, view, known)
    with right:
        st.multiselect(
            say("explore.by", language),
            offered(known.dimensions, named),
            format_func=lambda d: named[d],
            placeholder=say("explore.by_none", language),
            max_selections=MOST_DIMENSIONS,
            select_all=False,  # it would take as many as it can, and say nothing of the others
            **controlled("by", list(view.by), lambda v, by: v.split(by)),
        )
    columns = st.columns([1, 1, 1, 1])
    with columns[0]:
        st.selectbox(
            say("explore.grain", language),
            [_NONE, *known.grains(view)],
            format_func=lambda g: say(f"explore.grains.{g}", language),
            **controlled("grain", view.grain or _NONE, lambda v, g: replace(v, grain=_some(g)).settled()),
        )
    with columns[1]:
        _period(session, view)
    with columns[2]:
        compares = compared(session, view, known)
        st.selectbox(
            say("explore.compare", language),
            [_NONE, *compares],
            format_func=lambda c: say(f"explore.compares.{c}", language),
            help=say("explore.compare_how", language),
            **controlled("compare", view.compare or _NONE, lambda v, c: replace(v, compare=_some(c))),
        )
    with columns[3]:
        pivots = view.dimensions if len(view.dimensions) > 1 and view.compare != "benchmark" else ()
        across = view.across if view.across in pivots else None
        st.selectbox(
            say("explore.across", language),
            [_NONE, *pivots],
            format_func=lambda d: say("explore.across_none", language) if d == _NONE else named[d],
            disabled=not pivots,
            **controlled("across", across or _NONE, lambda v, d: replace(v, across=_some(d))),
        )


def compared(session: Session, view: State, known: Known) -> tuple[Compare, ...]:
    """The comparisons that this reader can have of a view."""
    return shape.comparisons(view, known.additive, known.budgeted, is_one=session.sees_one_structure)


def charts(session: Session, view: State) -> None:
    """Which chart."""
    language = session.language
    possible = shape.possible(view)
    st.segmented_control(
        say("explore.chart", language),
        ["auto", *possible],
        required=True,
        format_func=lambda c: say(f"explore.charts.{c}", language),
        label_visibility="collapsed",
        **controlled(
            "chart", view.chart if view.chart in possible else "auto", lambda v, c: replace(v, chart=c or "auto")
        ),
    )


def _indicators(session: Session, view: State, known: Known) -> None:
    language = session.language
    st.multiselect(
        say("explore.show", language),
        list(known.indicators),
        format_func=lambda n: qualified(known.indicators[n], language),
        placeholder=say("explore.show_none", language),
        max_selections=MOST_INDICATORS,
        select_all=False,
        **controlled("show", list(view.show), lambda v, show: replace(v, show=tuple(show))),
    )


def _period(session: Session, view: State) -> None:
    language = session.language
    is_fixed = ".." in view.period
    st.selectbox(
        say("explore.period", language),
        [*PERIODS, "custom"],
        format_func=lambda p: say(f"explore.periods.{p}", language),
        **controlled("period", "custom" if is_fixed else view.period, _other_period),
    )
    if is_fixed:
        first, _, last = view.period.partition("..")
        st.date_input(
            say("explore.days", language),
            format="DD/MM/YYYY",
            label_visibility="collapsed",
            **controlled("days", (date.fromisoformat(first), date.fromisoformat(last)), _other_days),
        )


def _other_period(view: State, chosen: str) -> State:
    if chosen != "custom":
        return replace(view, period=chosen)
    today = date.today()
    shown: tuple[date | None, date | None] = st.session_state.get(key("span"), (None, None))
    return replace(view, period=between(shown[0] or today.replace(year=today.year - 1), shown[1] or today))


def _other_days(view: State, days: Sequence[date]) -> State:
    return replace(view, period=between(days[0], days[1])) if len(days) == 2 else view


def _some(chosen: str) -> Any:
    return None if chosen == _NONE else chosen
