"""Catalogue: what does a figure mean, and where does it come from? The list with its search, or one entry."""

from __future__ import annotations

import streamlit as st

from apps.blocks import heading, link
from apps.numbers import figure
from apps.screens.catalogue.data import ALL_LINES, USED_DAYS, Known, known, uses
from apps.screens.catalogue.entries import KINDS, Entry
from apps.screens.catalogue.entry import draw_entry
from apps.screens.catalogue.naming import ICONS, line_name
from apps.screens.catalogue.search import search
from apps.session import Session
from apps.words import LANGUAGES, escaped, say, short
from lake.errors import StoreError
from lake.usage import Use

#: Entries shown at once.
_PAGE = 20


def draw(session: Session) -> None:
    found = known(session)
    asked = st.query_params.get("entry")
    entry = found.entry(asked)
    if entry:
        draw_entry(session, found, entry)
        return
    heading(session, "catalogue")
    if asked:
        text = say("catalogue.gone", session.language, entry=escaped(short(asked)), who=session.label)
        st.warning(text, icon=":material/lock:")
    _list(session, found)


def _list(session: Session, found: Known) -> None:
    language = session.language
    asked = st.text_input(
        say("catalogue.search", language),
        type="search",
        placeholder=say("catalogue.search", language),
        help=say("catalogue.search_help", language),
        label_visibility="collapsed",
        key="catalogue-search",
    )
    lines = [x for x in ALL_LINES if any(e.line == x for e in found.entries)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        line = st.selectbox(
            say("catalogue.line", language),
            ["", *lines],
            format_func=lambda x: line_name(x, language) if x else say("catalogue.all_lines", language),
            width=220,
            key="catalogue-line",
        )
        kept = [e for e in search(asked or "", found.entries, _called(found)) if line in ("", e.line)]
        counts = {kind: sum(e.kind == kind for e in kept) for kind in KINDS}
        kind = st.pills(
            say("catalogue.kind", language),
            KINDS,
            format_func=lambda k: say(f"catalogue.counts.{k}", language, n=counts[k]),
            key="catalogue-kind",
        )
        by_use = st.toggle(
            say("catalogue.by_use", language),
            help=say("catalogue.by_use_help", language, days=USED_DAYS),
            key="catalogue-by-use",
        )
    shown = [e for e in kept if kind in (None, e.kind)]
    used = _uses(session, found) if by_use else {}
    if used:
        shown.sort(key=lambda e: -used.get(e.id, Use()).visits)
    if not shown:
        st.info(say("catalogue.nothing", language, asked=escaped(short(asked))), icon=":material/search_off:")
        return
    st.caption(say("catalogue.found", language, n=len(shown)))
    question = (asked, line, kind, by_use)
    if st.session_state.get("catalogue-question") != question:
        st.session_state["catalogue-question"], st.session_state["catalogue-shown"] = question, _PAGE
    most = st.session_state["catalogue-shown"]
    for entry in shown[:most]:
        _row(session, entry, used.get(entry.id, Use()) if by_use else None)
    if len(shown) > most and st.button(say("catalogue.more", language, n=len(shown) - most)):
        st.session_state["catalogue-shown"] = most + _PAGE
        st.rerun()


def _called(found: Known) -> dict[str, str]:
    """What people call each line and each unit, in both languages."""
    keys = {line: f"catalogue.also.{line}" for line in ALL_LINES}
    keys |= {entry.unit: f"catalogue.units.{entry.unit}" for entry in found.entries if entry.unit}
    return {of: " ".join(say(key, language) for language in LANGUAGES) for of, key in keys.items()}


def _uses(session: Session, found: Known) -> dict[str, Use]:
    """The use of each entry; nothing, and said so, while the lake does not answer. Asked for only when wanted: the list
    itself needs no lake."""
    try:
        return uses(found)
    except StoreError:
        st.warning(say("catalogue.store_down", session.language), icon=":material/cloud_off:")
        return {}


def _row(session: Session, entry: Entry, use: Use | None) -> None:
    language = session.language
    label = entry.label.to(language)
    with st.container(gap="xxsmall"):
        st.page_link(link("catalogue"), label=f"**{label}**", icon=ICONS[entry.kind], query_params={"entry": entry.id})
        said = [say(f"catalogue.kinds.{entry.kind}", language), line_name(entry.line, language)]
        if entry.rank:
            said.append(say("catalogue.headline", language))
        if use is not None:
            said.append(say("catalogue.used", language, n=figure(use.visits, "count", language), days=USED_DAYS))
        name = f" · `{entry.name}`" if entry.name != label else ""
        st.caption(f"{' · '.join(said)}{name} — {entry.definition.to(language)}")
