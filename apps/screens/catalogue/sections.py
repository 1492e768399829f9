"""The sections of an entry: lineage, checks, use, rows and history. One is drawn at a time, and only that one asks."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pyarrow as pa
import streamlit as st

from apps.blocks import floats, link, written
from apps.numbers import NOTHING, age, day, figure, instant
from apps.registry import PAGES
from apps.screens.catalogue import data
from apps.screens.catalogue.data import Known
from apps.screens.catalogue.entries import KINDS, Entry
from apps.screens.catalogue.graph import Words, dot, picture
from apps.screens.catalogue.naming import ICONS, node_name
from apps.screens.catalogue.tables import draw_table
from apps.screens.quality.measured import measured
from apps.session import Session
from apps.values import worded
from apps.words import Language, escaped, say
from apps.words import catalogue as words
from lake.checks import Result
from lake.contracts import catalogue as contracts
from lake.errors import AccessDenied, StoreError
from lake.lineage import Node

#: Entries listed on each side of the graph.
_LISTED = 12

#: Columns that only lead back to a record.
_TECHNICAL = "_"


def draw_lineage(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    way = found.ways.get(entry.line)
    if way is None or entry.id not in way.nodes:
        st.info(say("catalogue.lineage_none", language), icon=":material/hourglass_empty:")
        return

    def address(node: Node) -> str:
        if node.kind == "screen" or found.entry(node.id) is None:
            return ""
        return "?" + urlencode({"entry": node.id, "lang": language, "as": session.role})

    def file(node: Node) -> str:
        known = contracts().get(node.name)
        return say("catalogue.file", language, format=known.reading.format.upper() if known else "")

    words = Words(
        label=lambda node: node_name(found, node, language),
        address=address,
        file=file,
        several=lambda kind, n: say(f"catalogue.several.{kind}", language, n=n),
    )
    st.caption(say("catalogue.lineage_note", language))
    before = [n for n in way.before(entry.id) if n.kind in KINDS]
    after = [n for n in way.after(entry.id) if n.kind in KINDS]
    names = {side: ", ".join(words.label(n) for n in nodes) or NOTHING for side, nodes in (("b", before), ("a", after))}
    label = entry.label.to(language)
    st.graphviz_chart(
        dot(picture(way, entry.id, words)),
        width="stretch",
        alt=say("catalogue.lineage_alt", language, name=label, before=names["b"], after=names["a"]),
    )
    for column, title, nodes in zip(st.columns(2), ("made_from", "serves"), (before, after), strict=True):
        with column:
            _linked(session, found, title, nodes)


def _linked(session: Session, found: Known, title: str, nodes: list[Node]) -> None:
    """The same as the graph for those who read or use a keyboard."""
    entries = [e for n in nodes if (e := found.entry(n.id))]
    if not entries:
        return
    st.markdown(f"**{say(f'catalogue.{title}', session.language)}**")
    for entry in entries[:_LISTED]:
        _link(session, entry)
    if len(entries) > _LISTED:
        with st.expander(say("catalogue.more", session.language, n=len(entries) - _LISTED)):
            for entry in entries[_LISTED:]:
                _link(session, entry)


def _link(session: Session, entry: Entry) -> None:
    kind = say(f"catalogue.kinds.{entry.kind}", session.language)
    label = f"{entry.label.to(session.language)} :gray[· {kind}]"
    st.page_link(link("catalogue"), label=label, icon=ICONS[entry.kind], query_params={"entry": entry.id})


def draw_checks(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    checks = data.checks_of(found, entry)
    way = found.ways.get(entry.line)
    tests = way.nodes[entry.id].tests if way and entry.id in way.nodes else 0
    if not checks:
        st.info(say("catalogue.checks_none", language), icon=":material/rule:")
    else:
        passed = sum(c.outcome == "passed" for c in checks)
        st.markdown(say("catalogue.checks_summary", language, passed=passed, failed=len(checks) - passed))
        rows = [
            {
                "outcome": say(f"catalogue.outcomes.{c.outcome}", language),
                "about": escaped(_about(found, c, language)),
                "says": escaped(c.says_en if language == "en" else c.says_fr),
                **({"detail": escaped(measured(c.detail, language))} if session.sees_every_structure else {}),
            }
            for c in sorted(checks, key=lambda c: ("blocked", "warned", "passed").index(c.outcome))
        ]
        draw_table(rows, say("catalogue.parts.checks", language), language)
    if tests:
        st.caption(say("catalogue.checks_dbt", language, n=tests))


def _about(found: Known, check: Result, language: Language) -> str:
    """What a check is about; a reconciliation names its source."""
    source = found.entry(f"source:{check.subject_en}")
    return source.label.to(language) if source else check.subject_en if language == "en" else check.subject_fr


def draw_usage(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    _asked(session, found, entry)
    pages = {p.key: p for p in PAGES if p.is_allowed(session)}
    screens = data.screens(found, entry)
    st.markdown(f"**{say('catalogue.shown_on', language)}**")
    if not screens:
        st.caption(say("catalogue.shown_none", language))
    for screen in screens:
        if screen.name in pages:
            label = f"{node_name(found, screen, language)} :gray[· {session.role_label(screen.owner)}]"
            st.page_link(link(screen.name), label=label, icon=pages[screen.name].icon)
    st.markdown(f"**{say('catalogue.views', language)}**")
    _views(session, found, entry)
    st.markdown(f"**{say('catalogue.prototypes', language)}**")
    prototypes = data.prototypes_of(session, found, entry)
    if not prototypes:
        st.caption(say("catalogue.prototypes_none", language))
    for card in prototypes:
        label = f"{card.title.to(language)} :gray[· {card.sprint}]"
        asked = {"prototype": card.id}
        st.page_link(link("datalab"), label=label, icon=":material/science:", query_params=asked)
    others = [e for e in data.made_from_it(found, entry) if e.kind == "indicator"]
    if others:
        st.markdown(f"**{say('catalogue.enters', language)}**")
        for other in others[:_LISTED]:
            _link(session, other)


def _asked(session: Session, found: Known, entry: Entry) -> None:
    """How often it was asked for, by which roles, and when last."""
    language = session.language
    try:
        use = data.uses(found).get(entry.id)
    except StoreError:
        return  # what follows says so
    if use is None or use.last_on is None:
        st.caption(say("catalogue.use_none", language, days=data.USED_DAYS))
        return
    st.markdown(
        say(
            "catalogue.use",
            language,
            n=figure(use.visits, "count", language),
            days=data.USED_DAYS,
            day=day(use.last_on, language),
        )
    )
    roles = (
        say("catalogue.use_role", language, role=session.role_label(r), n=figure(n, "count", language))
        for r, n in use.roles.items()
    )
    st.caption(" · ".join(roles))


def _views(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    try:
        views = data.views_of(session, found, entry)
    except StoreError:
        st.caption(say("catalogue.store_down", language))
        return
    if not views:
        st.caption(say("catalogue.views_none", language))
    for view in views:
        used = age(datetime.now(UTC) - view.used_at, language)
        label = say(
            "catalogue.view",
            language,
            name=escaped(view.name),
            audience=say(f"view.{view.audience}", language, role=session.role_label(view.role or "")),
            owner=session.role_label(view.owner_role),
            uses=view.uses,
            age=used,
        )
        if view.page in st.session_state["links"]:
            address = {name: list(values) for name, values in view.address.items()}
            st.page_link(link(view.page), label=label, icon=":material/bookmark:", query_params=address)


def draw_rows(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    try:
        rows = data.sample(session, found, entry)
    except AccessDenied:
        st.info(say("catalogue.rows_denied", language, who=session.label), icon=":material/lock:")
        return
    if rows is None or not rows.table.num_rows:
        st.info(say("catalogue.rows_none", language), icon=":material/inbox:")
        return
    shown = [c for c in rows.columns if not c.name.startswith(_TECHNICAL)]
    table = rows.table.select([c.name for c in shown])
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.float64()))
    counted = found.entry(f"indicator:{rows.metric}")
    st.caption(
        say(
            "catalogue.rows_note",
            language,
            shown=rows.table.num_rows,
            count=figure(rows.count, "count", language),
            since=day(rows.table.column(0)[0].as_py(), language),
            metric=counted.label.to(language) if counted else rows.metric,
        )
    )
    config = {c.name: c.label(language) for c in shown}
    said = worded(table.to_pandas(), language)
    units = {c.name: c.unit or None for c in shown if c.name in floats(said)}
    st.dataframe(
        written(said, units, language), hide_index=True, column_config=config, height="content", placeholder=""
    )


def draw_history(session: Session, found: Known, entry: Entry) -> None:
    language = session.language
    changes, since = data.history(entry)
    if since is None:
        st.info(say("catalogue.history_none", language), icon=":material/hourglass_empty:")
        return
    if not changes:
        st.markdown(say("catalogue.history_same", language, at=instant(since, language)))
        return
    st.caption(say("catalogue.history_since", language, at=instant(since, language)))
    for change in changes:
        with st.container(border=True):
            since = f"`{change.earlier.id}` → " if change.earlier else ""
            st.caption(f"{instant(change.build.created_at, language)} · {since}`{change.build.id}`")
            if not change.facet:
                st.markdown(f"**{say('catalogue.appeared', language)}**")
                continue
            facet = say(f"catalogue.facets.{change.facet}", language)
            st.markdown(f"**{say('catalogue.changed', language, facet=facet)}**")
            for column, title, text in zip(
                st.columns(2), ("was", "became"), (change.before, change.after), strict=True
            ):
                with column:
                    st.caption(say(f"catalogue.{title}", language))
                    st.code(_told(session, change.facet, text), language=None, wrap_lines=True)


def _told(session: Session, facet: str, text: str) -> str:
    """A part of a definition: codes by their words, what is written for machines as it stands."""
    if facet == "owner" and text:
        return session.role_label(text)
    word = f"catalogue.{facet}s.{text}"
    return say(word, session.language) if word in words() else text or NOTHING
