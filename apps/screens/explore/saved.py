"""Saved views on the screen: open, save, share, remove."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from apps.numbers import instant
from apps.screens.explore import address
from apps.screens.explore.controls import key
from apps.screens.explore.state import State, parse
from apps.sentences import in_words
from apps.session import Session
from apps.store import store
from apps.words import Language, escaped, say
from lake import access
from lake.access import Scope
from lake.errors import LakeError, StoreError
from lake.views import View, Views

PAGE = "explore"
_SAID = "explore-view-said"


def popover(session: Session, view: State, indicators: Collection[str]) -> None:
    """The list of saved views, and the form that saves the one on the screen."""
    language = session.language
    with st.popover(
        say("explore.views.title", language),
        icon=":material/bookmarks:",
        type="tertiary",
        on_change="rerun",
        key=key("views"),
    ) as opened:
        if not opened.open:
            return
        try:
            views = Views(store().views)
            _list(session, views, indicators)
            _form(session, views, view)
        except StoreError:
            st.info(say("explore.views.down", language), icon=":material/cloud_off:")


def _list(session: Session, views: Views, indicators: Collection[str]) -> None:
    language, reader = session.language, session.owner
    seen = [v for v in views.visible(reader, PAGE) if v.is_owned_by(reader) or not _is_lost(v, indicators)]
    if not seen:
        st.caption(say("explore.views.none", language))
    for view in seen:
        with st.container(horizontal=True, vertical_alignment="center", key=key(f"view-{view.id}")):
            with st.container(gap=None):
                badge = {"private": ":material/lock:", "role": ":material/group:", "official": ":material/verified:"}
                st.markdown(f"{badge[view.audience]} **{escaped(view.name)}**")
                at = instant(view.used_at, language)
                said = {
                    "audience": say(f"view.{view.audience}", language, role=session.role_label(view.role or "")),
                    "owner": session.role_label(view.owner_role),
                }
                st.caption(say("explore.views.used", language, **said, uses=view.uses, at=at))
                if gone := [name for name in view.address.get("show", ()) if name not in indicators]:
                    names = ", ".join(f"`{name}`" for name in gone)
                    st.caption(f":material/link_off: {say('explore.views.gone', language, names=names)}")
            st.button(
                say("explore.views.open", language),
                type="tertiary",
                on_click=_saying(lambda view=view: _open(views, view, reader), language),
                key=key(f"open-{view.id}"),
            )
            if views.can_remove(view, reader):
                st.button(
                    say("explore.views.remove", language),
                    type="tertiary",
                    icon=":material/delete:",
                    on_click=_saying(lambda view=view: views.remove(view.id, reader), language),
                    key=key(f"remove-{view.id}"),
                )


def _is_lost(view: View, indicators: Collection[str]) -> bool:
    """Whether nothing that a view shows is there for this reader: only its owner is told of it then."""
    shown = view.address.get("show", ())
    return bool(shown) and not set(shown) & set(indicators)


def _form(session: Session, views: Views, view: State) -> None:
    language, reader = session.language, session.owner
    st.markdown(f"**{say('explore.views.save', language)}**")
    st.text_input(say("explore.views.name", language), max_chars=80, key=key("view-name"))
    audience = st.segmented_control(
        say("explore.views.audience", language),
        ["private", "role", *(["official"] if reader.allows("publish") else [])],
        default="private",
        required=True,
        format_func=lambda a: say(f"explore.views.audiences.{a}", language),
        key=key("view-audience"),
    )
    if not reader.allows("publish"):
        able = (r.label(language) for r in access.policy().roles.values() if "publish" in r.permissions)
        st.caption(say("explore.views.official_by", language, who=", ".join(able)))
    if audience == "role":
        st.selectbox(
            say("explore.views.role", language),
            list(access.policy().roles),
            format_func=session.role_label,
            key=key("view-role"),
        )
    st.button(
        say("explore.views.done", language),
        type="primary",
        on_click=_save,
        args=(session, views, view),
        key=key("view-save"),
    )
    if said := st.session_state.pop(_SAID, None):
        st.markdown(said)


def _save(session: Session, views: Views, view: State) -> None:
    name, audience = st.session_state[key("view-name")], st.session_state[key("view-audience")]
    try:
        kept = views.save(
            name,
            page=PAGE,
            address=view.params(),
            scope=session.owner,
            audience=audience or "private",
            shared_with=st.session_state.get(key("view-role")) if audience == "role" else None,
        )
    except LakeError as error:
        st.session_state[_SAID] = f":orange[:material/edit: {escaped(in_words(error, session.language))}]"
    else:
        said = say("explore.views.saved", session.language, name=escaped(kept.name))
        st.session_state[_SAID] = f":green[:material/check: {said}]"


def _open(views: Views, view: View, reader: Scope) -> None:
    found, _ = parse(views.open(view.id, reader).address)
    address.change(lambda _: found)


def _saying(act: Callable[[], None], language: Language) -> Callable[[], None]:
    """A callback that says what went wrong instead of failing."""

    def acted() -> None:
        try:
            act()
        except LakeError as error:
            st.toast(in_words(error, language), icon=":material/info:")

    return acted
