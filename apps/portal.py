"""Draws the portal: the sidebar, and the page that the address names."""

from __future__ import annotations

import atexit
import gc
from functools import partial
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import streamlit as st

from apps.address import strangers
from apps.blocks import denied, guarded, keep_link, nowhere
from apps.registry import PAGES, Page
from apps.session import Session, sign_in
from apps.words import say
from lake.semantic import prewarm

_STYLE = Path(__file__).with_name("portal.css")

#: A file of our own: a Material icon of a page, unlike those on it, is fetched from a foreign host.
_ICON = Path(__file__).with_name("icon.png")


def _draw(page: Page, session: Session) -> None:
    if page.is_allowed(session):
        above = st.container()
        guarded(session, lambda: page.draw()(session))
        with above:
            strangers(session, page.key, page.parameters)
    else:
        denied(session)


@st.cache_resource(show_spinner=False)
def _prewarm() -> Thread:
    """Import what plans the questions, and every page, while the first visitor still reads: once for all visitors."""
    thread = Thread(target=_import_all, daemon=True)
    thread.start()
    return thread


def _import_all() -> None:
    prewarm()
    for page in PAGES:
        page.draw()
    gc.freeze()  # what is imported stays: no collection needs to walk through it again
    atexit.register(gc.unfreeze)  # or DuckDB's bindings report all of it as leaked in the terminal


def _path() -> str:
    """The path that the browser asks for, of one level: `apps/server.py` sees to that."""
    return unquote(urlsplit(st.context.url or "").path).rstrip("/").rpartition("/")[2]


def main() -> None:
    st.set_page_config(page_icon=str(_ICON), layout="wide")
    st.html(_STYLE)
    _prewarm()
    session = sign_in()
    menu: dict[str, list[st.Page]] = {}
    for known in PAGES:
        shown = st.Page(
            partial(_draw, known, session),
            title=say(known.title, session.language),
            icon=known.icon,
            url_path=known.path,
            default=not known.path,
            visibility="visible" if known.is_allowed(session) else "hidden",
        )
        keep_link(known.key, shown)
        menu.setdefault(say(f"nav.{known.section}", session.language), []).append(shown)
    if (path := _path()) not in {p.path for p in PAGES}:  # what Streamlit says of it is in English
        title = say("state.nowhere_title", session.language)
        menu[""] = [st.Page(partial(nowhere, session, path), title=title, url_path=path, visibility="hidden")]
    page = st.navigation(menu, expanded=True)
    st.set_page_config(page_title=f"{page.title} · {say('portal.name', session.language)}")
    page.run()


main()
