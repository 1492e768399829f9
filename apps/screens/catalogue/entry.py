"""One entry of the catalogue: definition first, then one section at a time."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from apps.ask import state
from apps.blocks import chips, link
from apps.screens.catalogue.data import Known
from apps.screens.catalogue.details import draw_details
from apps.screens.catalogue.entries import Entry
from apps.screens.catalogue.naming import line_name
from apps.screens.catalogue.sections import draw_checks, draw_history, draw_lineage, draw_rows, draw_usage
from apps.session import Session
from apps.words import say

_SECTIONS: dict[str, Callable[[Session, Known, Entry], None]] = {
    "lineage": draw_lineage,
    "details": draw_details,
    "checks": draw_checks,
    "usage": draw_usage,
    "rows": draw_rows,
    "history": draw_history,
}


def draw_entry(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    st.page_link(link("catalogue"), label=say("catalogue.back", language), icon=":material/arrow_back:")
    st.title(entry.label.to(language), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(say(f"catalogue.kinds.{entry.kind}", language), color="primary")
        st.badge(line_name(entry.line, language), color="gray")
        if entry.rank:
            st.badge(say("catalogue.headline", language), icon=":material/star:", color="gray")
        if entry.line in session.marts and (now := state(entry.line)).published:
            chips(session, now)
    st.markdown(entry.definition.to(language))
    if formula := entry.formula.to(language):
        st.markdown(f"**{say('catalogue.formula', language)}** — {formula}")
    with st.container(horizontal=True, vertical_alignment="center"):
        who = ", ".join(session.role_label(owner) for owner in entry.owners)
        owner = f" · {say('catalogue.owner', language, who=who)}" if who else ""
        st.caption(f"`{entry.name}`{owner}")
        if entry.kind == "indicator" and "explore" in st.session_state["links"]:
            st.page_link(
                link("explore"),
                label=say("catalogue.explore", language),
                icon=":material/query_stats:",
                query_params={"show": entry.name},
            )
    part = st.segmented_control(
        say("catalogue.part", language),
        list(_SECTIONS),
        default="lineage",
        required=True,
        format_func=lambda p: say(f"catalogue.parts.{p}", language),
        label_visibility="collapsed",
        key="catalogue-part",
    )
    _SECTIONS[part or "lineage"](session, found, entry)
