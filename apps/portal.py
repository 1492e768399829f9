"""Starts the portal: `lake portal`, or `streamlit run apps/portal.py`."""

from __future__ import annotations

import atexit
import gc
from functools import partial
from pathlib import Path
from threading import Thread

import streamlit as st

from apps.address import strangers
from apps.blocks import denied, guarded, keep_link
from apps.registry import PAGES, Page
from apps.session import Session, sign_in
from apps.words import say
from lake.semantic import prewarm

_STYLE = Path(__file__).with_name("portal.css")


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


def main() -> None:
    st.set_page_config(page_title="Lac & indicateurs", page_icon=":material/water:", layout="wide")
    st.html(_STYLE)
    _prewarm()
    session = sign_in()
    menu: dict[str, list[st.Page]] = {}
    for page in PAGES:
        shown = st.Page(
            partial(_draw, page, session),
            title=say(page.title, session.language),
            icon=page.icon,
            url_path=page.key,
            default=page.key == "home",
            visibility="visible" if page.is_allowed(session) else "hidden",
        )
        keep_link(page.key, shown)
        menu.setdefault(say(f"nav.{page.section}", session.language), []).append(shown)
    st.navigation(menu, expanded=True).run()


main()
