"""A page's choices in its address: a link reopens the same view, and the browser's way back leads to the last one.

    filters = Filters("dental")
    chosen = st.multiselect(…, key=filters.several("structure", names))
    filters.settle(session)

The address is only ever a question: what it asks for that is no choice here, for this viewer, is left out, and `settle`
says so. A choice that is as usual isn't written; a page that one comes back to is as one left it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from apps.screens.explore.state import between, span
from apps.session import Session
from apps.words import say

#: Characters of a wrong value that are repeated to the reader.
_LONGEST = 40


@dataclass(frozen=True)
class _Choice:
    """One choice: how its value is read from the address (with what can't be read of it) and written to it."""

    name: str
    key: str
    usual: Any
    read: Callable[[Sequence[str]], tuple[Any, list[str]]]
    write: Callable[[Any], list[str] | None]


class Filters:
    """The choices of one page, or of a part of it that is redrawn alone. Their keys are those of the widgets, which
    must have no default of their own."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._choices: list[_Choice] = []
        self._wrong: list[str] = []

    def one(self, name: str, options: Collection[Any], usual: Any, text: Callable[[Any], str] = str) -> str:
        """A choice of one of the options, by their texts in the address."""
        known = {text(option): option for option in options}

        def read(asked: Sequence[str]) -> tuple[Any, list[str]]:
            return (known[asked[0]], []) if asked[0] in known else (usual, [asked[0]])

        return self._open(name, usual, read, lambda value: [text(value)] if text(value) in known else None)

    def several(self, name: str, options: Collection[str]) -> str:
        """A choice of any of the options; none of them is as usual."""

        def read(asked: Sequence[str]) -> tuple[Any, list[str]]:
            return [v for v in dict.fromkeys(asked) if v in options], [v for v in asked if v not in options]

        return self._open(name, [], read, lambda values: list(values) if set(values) <= set(options) else None)

    def days(self, name: str, usual: tuple[date, date]) -> str:
        """A choice of two days, as 2024-01-01..2024-12-31."""

        def read(asked: Sequence[str]) -> tuple[Any, list[str]]:
            first, last = span(asked[0], date.min) or (None, None) if ".." in asked[0] else (None, None)
            return ((first, last), []) if first and last else (usual, [asked[0]])

        def write(days: Any) -> list[str] | None:
            return [between(*days)] if isinstance(days, tuple) and len(days) == 2 else []

        return self._open(name, usual, read, write)

    def settle(self, session: Session) -> None:
        """Write to the address what is chosen now, and say what of it could not be followed. After the widgets."""
        for choice in self._choices:
            value = st.session_state[choice.key]
            said = [] if value == choice.usual else choice.write(value) or []
            if said != st.query_params.get_all(choice.name):
                if said:
                    st.query_params[choice.name] = said
                else:
                    del st.query_params[choice.name]
            st.session_state[_seen(choice.key)] = said
        if self._wrong:
            st.info(
                say("filter.not_followed", session.language, what=", ".join(self._wrong)), icon=":material/link_off:"
            )

    def _open(
        self,
        name: str,
        usual: Any,
        read: Callable[[Sequence[str]], tuple[Any, list[str]]],
        write: Callable[[Any], list[str] | None],
    ) -> str:
        """Give the widget its value where the address says another one than last time, and its key."""
        key = f"{self._page}-{name}"
        asked, seen = st.query_params.get_all(name), st.session_state.get(_seen(key), [])
        is_here = key in st.session_state
        if is_here and asked == seen:
            if write(st.session_state[key]) is None:  # other data or another scope: it is no choice any more
                st.session_state[key] = read(asked)[0] if asked else usual
        else:
            told = asked if asked or is_here else seen
            st.session_state[key], wrong = read(told) if told else (usual, [])
            self._wrong += [f"{name}={_short(text)}" for text in wrong if asked]
        self._choices.append(_Choice(name, key, usual, read, write))
        return key


def _seen(key: str) -> str:
    return f"{key}?"


def _short(text: str) -> str:
    clean = "".join(c for c in text if c.isprintable())
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"
