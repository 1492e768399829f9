"""A page's choices in its address: a link reopens the same view, and the browser's way back leads to the last one.

    filters = Filters("dental")
    chosen = st.multiselect(…, key=filters.several("structure", names))
    filters.settle(session)

The address is only ever a question: what it asks for that is no choice here, for this viewer, is left out, and `settle`
says so, with what is shown instead; `strangers` says it of names that no choice has. A choice that is as usual isn't
written; a page that one comes back to is as one left it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from apps.numbers import day
from apps.screens.explore.state import between, span
from apps.session import MISREAD, Session
from apps.words import Language, escaped, say, short

#: Names that nobody knows that are repeated to the reader.
_MOST = 5

#: Names that every address has: the choices of `apps.session`.
_EVERYWHERE = ("lang", "as")

#: Where the session keeps the names that a page's choices have.
_NAMES = "address-names"


@dataclass(frozen=True)
class _Choice:
    """One choice: how its value is read from the address (with what can't be read of it), written to it, and said to
    the reader where it stands for what the address asked."""

    name: str
    key: str
    usual: Any
    read: Callable[[Sequence[str]], tuple[Any, list[str]]]
    write: Callable[[Any], list[str] | None]
    told: Callable[[Any, Language], str]


class Filters:
    """The choices of one page (by its key in the registry), or of a part of it that is redrawn alone. Their keys are
    those of the widgets, which must have no default of their own."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._choices: list[_Choice] = []
        self._wrong: dict[str, list[str]] = {}

    def one(self, name: str, options: Collection[Any], usual: Any, text: Callable[[Any], str] = str) -> str:
        """A choice of one of the options, by their texts in the address."""
        known = {text(option): option for option in options}

        def read(asked: Sequence[str]) -> tuple[Any, list[str]]:
            return (known[asked[0]], []) if asked[0] in known else (usual, [asked[0]])

        def write(value: Any) -> list[str] | None:
            return [text(value)] if text(value) in known else None

        return self._open(name, usual, read, write, lambda value, language: f"{name}={text(value)}")

    def several(self, name: str, options: Collection[str]) -> str:
        """A choice of any of the options; none of them is as usual."""

        def read(asked: Sequence[str]) -> tuple[Any, list[str]]:
            return [v for v in dict.fromkeys(asked) if v in options], [v for v in asked if v not in options]

        def write(values: Any) -> list[str] | None:
            return list(values) if set(values) <= set(options) else None

        def told(values: Any, language: Language) -> str:
            if not values:
                return say("filter.unfiltered", language, name=name)
            return ", ".join(f"{name}={value}" for value in values)

        return self._open(name, [], read, write, told)

    def days(self, name: str, usual: tuple[date, date]) -> str:
        """A choice of two days, as 2024-01-01..2024-12-31."""

        def read(asked: Sequence[str]) -> tuple[Any, list[str]]:
            first, last = span(asked[0], date.min) or (None, None) if ".." in asked[0] else (None, None)
            return ((first, last), []) if first and last else (usual, [asked[0]])

        def write(days: Any) -> list[str] | None:
            return [between(*days)] if isinstance(days, tuple) and len(days) == 2 else []

        def told(days: Any, language: Language) -> str:
            return " – ".join(day(one, language) for one in days)

        return self._open(name, usual, read, write, told)

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
            told = [c.told(st.session_state[c.key], session.language) for c in self._choices if c.name in self._wrong]
            asked = [one for wrong in self._wrong.values() for one in wrong]
            _tell("not_followed", session, what=", ".join(asked), instead=", ".join(told))

    def _open(
        self,
        name: str,
        usual: Any,
        read: Callable[[Sequence[str]], tuple[Any, list[str]]],
        write: Callable[[Any], list[str] | None],
        told: Callable[[Any, Language], str],
    ) -> str:
        """Give the widget its value where the address says another one than last time, and its key."""
        key = f"{self._page}-{name}"
        asked, seen = st.query_params.get_all(name), st.session_state.get(_seen(key), [])
        is_here = key in st.session_state
        if is_here and asked == seen:
            if write(st.session_state[key]) is None:  # other data or another scope: it is no choice any more
                st.session_state[key] = read(asked)[0] if asked else usual
        else:
            followed = asked if asked or is_here else seen
            st.session_state[key], wrong = read(followed) if followed else (usual, [])
            if wrong and asked:
                self._wrong[name] = [f"{name}={short(text)}" for text in wrong]
        self._choices.append(_Choice(name, key, usual, read, write, told))
        st.session_state.setdefault(_NAMES, {}).setdefault(self._page, set()).add(name)
        return key


def strangers(session: Session, page: str, own: Collection[str] = ()) -> None:
    """Say what the address asks for by names that no choice of the page has, `own` aside; and which persona or language
    it asked for that is none. After the page."""
    if wrong := st.session_state.pop(MISREAD, None):
        shown = [f"{name}={st.session_state[name]}" for name in wrong]
        asked = [f"{name}={short(text)}" for name, text in wrong.items()]
        _tell("not_followed", session, what=", ".join(asked), instead=", ".join(shown))
    known = {*_EVERYWHERE, *own, *st.session_state.get(_NAMES, {}).get(page, ())}
    strange = [f"{short(name)}={short(st.query_params[name])}" for name in st.query_params if name not in known]
    if strange:
        _tell("unknown", session, what=", ".join(strange[:_MOST]) + (", …" if len(strange) > _MOST else ""))


def _tell(key: str, session: Session, **values: str) -> None:
    said = {name: escaped(text) for name, text in values.items()}
    st.info(say(f"filter.{key}", session.language, **said), icon=":material/link_off:")


def _seen(key: str) -> str:
    return f"{key}?"
