"""Rows that broke their contract: why, one of them in clear for those who may, and reading them again."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from apps.blocks import written
from apps.numbers import NOTHING, figure
from apps.screens.quality import data
from apps.screens.quality.confirm import NothingDone, confirm, say_outcome
from apps.sentences import reason
from apps.session import Session
from apps.words import escaped, say
from lake import access
from lake.access import Permission
from lake.contracts import contract
from lake.store import Counted, Store

#: Rows that the portal reads again by itself; more are for the command.
_MOST_RETRIED = 20_000


def draw_quarantine(session: Session, line: str | None) -> None:
    language = session.language
    held = opened(session)
    if held is None:
        return
    counted = [c for c in data.quarantined(held, session) if line in (None, data.line_of(c.source))]
    if not counted:
        st.markdown(f":material/verified: {say('quality.quarantine_none', language)}")
        return
    waiting = {s: n for s, n in held.quarantine.count().items() if s in {c.source for c in counted}}
    total = figure(sum(waiting.values()), "count", language)
    st.markdown(say("quality.quarantine_some", language, n=total))
    source = st.selectbox(
        say("quality.choose_source", language),
        sorted(waiting, key=lambda s: (-waiting[s], s)),
        format_func=lambda s: f"{s} · {figure(waiting[s], 'count', language)}",
        width=360,
        key="quality-source",
    )
    _reasons(session, held, source, [c for c in counted if c.source == source], waiting[source])
    if waiting[source] > _MOST_RETRIED:
        n = figure(waiting[source], "count", language)
        st.info(say("quality.retry_long", language, n=n, source=source), icon=":material/terminal:")
    elif st.button(say("quality.retry", language), icon=":material/replay:"):
        _confirm(session, held, source)


def opened(session: Session) -> Store | None:
    """The lake, for those who may work on what it has not taken; says why where there is none to show."""
    if not session.scope.allows("quarantine"):
        refused(session, "quarantine")
        return None
    held = data.lake()  # The page has said so if the lake does not answer.
    if held is not None:
        say_outcome()
    return held


def refused(session: Session, permission: Permission) -> None:
    """Says that the persona may not, and who may."""
    roles = access.policy().roles.values()
    able = ", ".join(r.label(session.language) for r in roles if permission in r.permissions)
    text = say("quality.denied", session.language, who=session.label, able=able)
    st.info(text, icon=":material/lock:")


def _reasons(session: Session, held: Store, source: str, counted: Sequence[Counted], waiting: int) -> None:
    language = session.language
    names = data.file_names(held, source)
    rows = [
        {
            "reason": reason(c.reason, language),
            "rows": c.rows,
            "file": names.get(c.file, str(c.file)),
            "example": c.first,
        }
        for c in sorted(counted, key=lambda c: (-c.rows, c.reason))
    ]
    table = pd.DataFrame(rows)
    if table["rows"].sum() != waiting:
        counts = {
            "reasons": figure(int(table["rows"].sum()), "count", language),
            "n": figure(waiting, "count", language),
        }
        st.caption(say("quality.reasons_note", language, **counts))
    columns = {name: say(f"quality.column.{name}", language) for name in table}
    st.dataframe(
        written(table, {"rows": "count"}, language), hide_index=True, column_config=columns, placeholder=NOTHING
    )
    if st.toggle(say("quality.show_row", language), key=f"show-row-{source}"):
        example = st.selectbox(say("quality.column.example", language), table["example"].unique(), width=360)
        row, text = data.row(held, session, str(example))
        file = names.get(row.file, str(row.file))
        st.caption(say("quality.row_is", language, line=row.line, file=file, version=row.contract_version))
        for why in row.reasons:
            st.markdown(f"- `{reason(why, language)}`")
        st.code(text, language=None, wrap_lines=True)


def _confirm(session: Session, held: Store, source: str) -> None:
    language = session.language

    def act() -> str:
        done = data.try_again(held, session, source)
        if done.tried == done.still:
            raise NothingDone(say("quality.retried_none", language, source=source, tried=done.tried))
        counts = {"tried": done.tried, "landed": done.landed, "unchanged": done.unchanged, "still": done.still}
        rounded = (
            say("quality.retried_rounded", language, n=n, field=escaped(field)) for field, n in done.rounded.items()
        )
        return " ".join((say("quality.retried", language, source=source, **counts), *rounded))

    text = say("quality.retry_text", language, source=source, version=contract(source).version)
    confirm(session, say("quality.retry_title", language), text, act)
