"""What changed in an indicator between two builds of a line: the cells first, then the records that caused it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from apps.ask import indicators
from apps.numbers import NOTHING, instant
from apps.screens.quality import data
from apps.screens.quality.restated import cells, differences, export, records, summary
from apps.sentences import in_words
from apps.session import Session
from apps.values import name as value_name
from apps.words import escaped, say
from lake import builds
from lake.builds import Build
from lake.errors import LakeError
from lake.semantic import Indicator, Restatement

#: Records drawn; the file has all.
_SHOWN = 500


def draw_changes(session: Session, line: str | None) -> None:
    language = session.language
    kept = {name: data.comparable(session, name) for name in session.marts if line in (None, name)}
    ready = [name for name, found in kept.items() if len(found) > 1 and indicators(session, name)]
    if not ready:
        st.info(say("quality.changes.too_few", language), icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = ready[0] if len(ready) == 1 else _choose_line(session, ready)
        indicator = _choose_indicator(session, indicators(session, chosen))
        older, newer = _choose_builds(session, chosen, kept[chosen])
    try:
        told = data.restatement(session, indicator.name, older, newer)
    except LakeError as error:
        st.info(escaped(in_words(error, language)), icon=":material/info:")
        return
    _answer(session, told, indicator)


def _choose_line(session: Session, lines: Sequence[str]) -> str:
    return st.selectbox(
        say("quality.line", session.language),
        lines,
        format_func=lambda name: say(f"line.{name}", session.language),
        width=200,
        key="changes-line",
    )


def _choose_indicator(session: Session, known: Sequence[Indicator]) -> Indicator:
    labels = {i.name: i.label(session.language) for i in known}
    name = st.selectbox(
        say("quality.changes.indicator", session.language),
        list(labels),
        format_func=lambda name: labels[name],
        width=320,
        key=f"changes-indicator-{known[0].line}",
    )
    return next(i for i in known if i.name == name)


def _choose_builds(session: Session, line: str, kept: Sequence[Build]) -> tuple[str, str]:
    """The older and the newer build; what readers see and the one before it unless chosen."""
    language = session.language
    current = builds.published_id(line)
    by_id = {build.id: build for build in kept}

    def label(id: str) -> str:
        at = instant(by_id[id].created_at, language)
        state = (
            "" if by_id[id].status == "passed" else f" · {say(f'quality.build_states.{by_id[id].status}', language)}"
        )
        return f"{at}{state}{' · ' + say('quality.build_readers', language) if id == current else ''}"

    ids = list(by_id)
    newest = ids.index(current) if current in by_id and current != ids[-1] else 0
    newer = st.selectbox(
        say("quality.changes.newer", language), ids[:-1], newest, format_func=label, width=280, key=f"changes-to-{line}"
    )
    earlier = [id for id in ids if id < newer]
    older = st.selectbox(
        say("quality.changes.older", language), earlier, format_func=label, width=280, key=f"changes-from-{newer}"
    )
    return older, newer


def _answer(session: Session, told: Restatement, indicator: Indicator) -> None:
    language = session.language
    if not len(told.cells) and not told.record_count:
        with st.container(border=True, horizontal_alignment="center"):
            st.markdown(f"##### :material/verified: {say('quality.changes.nothing', language)}")
            st.caption(say("quality.changes.nothing_more", language, n=told.cell_count))
        _rest(session, told)
        return
    st.markdown(f"**{summary(told, indicator, language)}**")
    if len(told.cells):
        table = cells(told, indicator, language, lambda code: value_name("structure", code, language))
        right = [c for c in table if c not in ("month", "structure")]
        _table(session, table, right, "changes-cells")
    if told.records is not None and len(told.records):
        st.subheader(say("quality.changes.records", language), anchor=False)
        named = data.named(told.records, told.after.lake)
        labels = {i.name: i.label(language) for i in indicators(session, told.after.line)}
        if told.record_count > _SHOWN:
            st.caption(say("quality.changes.some", language, n=_SHOWN, total=told.record_count))
        _table(session, records(named, labels, language, _SHOWN), ["before", "after", "row"], "changes-records")
    _export(session, told)
    _rest(session, told)


def _table(session: Session, table: pd.DataFrame, right: Sequence[str], key: str) -> None:
    columns: dict[str, object] = {}
    for name in table:
        label = say(f"quality.column.{name}", session.language)
        columns[name] = st.column_config.TextColumn(label, alignment="right" if name in right else "left")
    st.dataframe(table, hide_index=True, column_config=columns, key=key, placeholder=NOTHING)


def _export(session: Session, told: Restatement) -> None:
    language = session.language
    name = f"{told.metric}_{told.before.id}_{told.after.id}"
    with st.container(horizontal=True):
        for what, table in (("cells", told.cells), ("records", told.records)):
            if table is not None and len(table):
                st.download_button(
                    say(f"quality.changes.export_{what}", language),
                    lambda t=table, w=what: export(data.named(t, told.after.lake) if w == "records" else t),
                    f"{name}_{what}.csv",
                    "text/csv",
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"changes-export-{what}",
                )


def _rest(session: Session, told: Restatement) -> None:
    """What else is not the same in the two builds, and what a reader must know."""
    for note in told.notes:
        st.caption(f":material/info: {escaped(note.text(session.language))}")
    if said := differences(told, session.language):
        with st.expander(say("quality.changes.differences", session.language)):
            st.markdown("\n".join(f"- {text}" for text in said))
