"""Between the view and the browser: the address says it, the session remembers the steps."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from apps.screens.explore.state import PARAMETERS, History, Problem, State, parse
from apps.words import Language

_HISTORY, _VIEW = "explore-history", "explore-view"


def read(default: Callable[[], State]) -> tuple[State, tuple[Problem, ...]]:
    """The view that the address asks for; without one, the last one of this session, or the default."""
    history: History | None = st.session_state.get(_HISTORY)
    asked = {name: st.query_params.get_all(name) for name in PARAMETERS if name in st.query_params}
    if not asked:
        state = history.now if history else default()
        st.session_state[_HISTORY] = history or History(state)
        _write(state)
        return state, ()
    state, problems = parse(asked)
    st.session_state[_HISTORY] = history.go(state) if history else History(state)
    return state, problems


def settle(view: State) -> None:
    """Remember what is on the screen: what the next change starts from."""
    st.session_state[_VIEW] = view


def history() -> History:
    found: History = st.session_state[_HISTORY]
    return found


def change(step: Callable[[State], State]) -> None:
    """On to another view, made from the one on the screen. For callbacks."""
    _become(history().go(step(st.session_state[_VIEW])))


def undo() -> None:
    _become(history().undo())


def redo() -> None:
    _become(history().redo())


def link(view: State, language: Language) -> str:
    """The address that reopens a view. It says nothing of who looks: that is the opener's own."""
    base = (st.context.url or "").partition("?")[0]
    pairs = [(name, value) for name, values in view.params().items() for value in values]
    return f"{base}?{urlencode([('lang', language), *pairs])}"


def _become(history: History) -> None:
    st.session_state[_HISTORY] = history
    _write(history.now)


def _write(state: State) -> None:
    """The whole address at once: neither the browser's Back nor a link copied meanwhile finds a part of a view."""
    others = {name: st.query_params.get_all(name) for name in st.query_params if name not in PARAMETERS}
    st.query_params.from_dict(others | state.params())
