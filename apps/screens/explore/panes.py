"""Selections on the screen: for each dimension shown, a pane with its values, selected, possible and excluded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from apps.screens.explore import address
from apps.screens.explore.controls import key
from apps.screens.explore.selections import Member, Members, search
from apps.screens.explore.state import MOST_VALUES, State
from apps.screens.explore.table import Words
from apps.session import Session
from apps.words import escaped, say

#: Values that a pane shows before one has to search.
_SHOWN = 15
_EMPTY = "∅"


#: What is offered for selection when nothing else was chosen.
_USUAL = ("structure_name", "site_region")


def shown(view: State, dimensions: Collection[str]) -> tuple[str, ...]:
    """The dimensions with a pane: those selected on, those that rows are split by, those added; two at least."""
    asked = tuple(dict.fromkeys((*(p.dimension for p in view.picks), *view.by, *view.panes)))
    usual = tuple(d for d in _USUAL if d in dimensions and d not in asked)
    return asked + usual[: max(0, 2 - len(asked))]


def chosen(session: Session, view: State, words: Words) -> None:
    """What is selected now, each with a button to take it away; nothing when nothing is."""
    if not view.picks:
        return
    language = session.language
    with st.container(horizontal=True, vertical_alignment="center", key=key("chosen")):
        for pick in view.picks:
            said = ", ".join(words.member(pick.dimension, v) for v in pick.values[:3])
            more = f" +{len(pick.values) - 3}" if len(pick.values) > 3 else ""
            st.button(
                escaped(words.pair(words.title(pick.dimension), _short(said))) + more,
                icon=":material/close:",
                help=say("explore.remove_pick", language),
                on_click=_free,
                args=(pick.dimension,),
                key=key(f"free-{pick.dimension}"),
            )
        if len(view.picks) > 1:
            st.button(
                say("explore.clear_all", language),
                type="tertiary",
                on_click=address.change,
                args=(lambda v: replace(v, picks=()),),
                key=key("free-all"),
            )


def panes(
    session: Session, view: State, standings: Mapping[str, Members], words: Words, offered: Sequence[str]
) -> None:
    """The panes, and the choice of one more."""
    language = session.language
    st.markdown(f"**{say('explore.selections', language)}**", help=say("explore.selections_help", language))
    with st.container(key=key("boxes")):
        for dimension, members in standings.items():
            _pane(session, view, dimension, members, words)
    rest = [d for d in offered if d not in standings]

    def add() -> None:
        dimension = st.session_state[key("pane")]
        if dimension:
            address.change(lambda v: replace(v, panes=(*v.panes, dimension)))
        st.session_state[key("pane")] = None

    st.selectbox(
        say("explore.add_pane", language),
        rest,
        index=None,
        format_func=words.title,
        placeholder=say("explore.add_pane", language),
        label_visibility="collapsed",
        key=key("pane"),
        on_change=add,
    )


def _pane(session: Session, view: State, dimension: str, members: Members, words: Words) -> None:
    language = session.language
    counts = {s: members.count(s) for s in ("selected", "possible", "excluded")}  # type: ignore[arg-type]
    with st.container(border=True, gap="small", key=key(f"box-{dimension}")):
        st.markdown(f"**{escaped(words.title(dimension))}**")
        said = [say(f"explore.counts.{s}", language, n=n) for s, n in counts.items() if n]
        st.caption(" · ".join(said) or say("explore.no_value", language))
        typed = ""
        if len(members.all) > _SHOWN:
            typed = st.text_input(
                say("explore.find", language),
                placeholder=say("explore.find", language),
                label_visibility="collapsed",
                icon=":material/search:",
                key=key(f"find-{dimension}"),
            )
        found = search(members.all, typed, lambda v: words.member(dimension, v)) if typed else members.all
        visible = found[:_SHOWN]
        if not visible:
            st.caption(say("explore.no_match", language))
        _pills(view, dimension, visible, words)
        if len(found) > _SHOWN:
            st.caption(say("explore.more", language, n=len(found) - _SHOWN))
        with st.container(horizontal=True):
            possible = members.values("possible")
            if counts["excluded"] and possible and len(possible) <= MOST_VALUES:
                st.button(
                    say("explore.take_possible", language),
                    type="tertiary",
                    on_click=_take,
                    args=(dimension, (*members.values("selected"), *possible)),
                    key=key(f"take-{dimension}"),
                )
            if counts["selected"]:
                st.button(
                    say("explore.clear", language),
                    type="tertiary",
                    icon=":material/close:",
                    on_click=_free,
                    args=(dimension,),
                    key=key(f"clear-{dimension}"),
                )


def _pills(view: State, dimension: str, visible: Sequence[Member], words: Words) -> None:
    by_key = {_EMPTY if m.value is None else f"={m.value}": m for m in visible}
    name = key(f"pick-{dimension}")
    st.session_state[name] = [k for k, m in by_key.items() if m.standing == "selected"]

    def changed() -> None:
        visible_values = {m.value for m in by_key.values()}
        kept = [v for v in view.picked(dimension) if v not in visible_values]
        _take(dimension, (*kept, *(by_key[k].value for k in st.session_state[name])))

    st.pills(
        words.title(dimension),
        list(by_key),
        selection_mode="multi",
        format_func=lambda k: _label(by_key[k], words.member(dimension, by_key[k].value)),
        label_visibility="collapsed",
        key=name,
        on_change=changed,
    )


def _label(member: Member, said: str) -> str:
    text = escaped(_short(said))
    if member.is_empty:
        return f":material/block: {text}"
    return f":gray[~~{text}~~]" if member.standing == "excluded" else text


def _free(dimension: str) -> None:
    address.change(lambda view: view.pick(dimension, ()))


def _take(dimension: str, values: Sequence[str | None]) -> None:
    address.change(lambda view: view.pick(dimension, values))


def _short(said: str) -> str:
    return said if len(said) <= 40 else f"{said[:39]}…"
