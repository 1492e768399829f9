"""Freshness of each source against what its contract promises."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from apps.blocks import written
from apps.numbers import NOTHING, age
from apps.screens.quality import data
from apps.session import Session
from apps.words import say
from lake.status import SourceStatus


def draw_freshness(session: Session, line: str | None) -> None:
    language = session.language
    sources = data.sources(session)
    if sources is None:
        return  # the page has said that the lake does not answer
    kept = [s for s in sources if line in (None, data.line_of(s.name))]
    delivered, late = [s for s in kept if s.landed_at], [s for s in kept if s.is_late]
    if late:
        text = say("quality.fresh_bad", language, n=len(late), total=len(kept))
        st.warning(text, icon=":material/schedule:")
    elif delivered:
        st.markdown(f":material/verified: {say('quality.fresh_good', language, n=len(delivered))}")
    st.caption(say("quality.fresh_note", language))
    rows = [_row(session, s) for s in sorted(kept, key=lambda s: (not s.is_late, s.landed_at is not None, s.name))]
    if not rows:
        return
    table = pd.DataFrame(rows)
    names = {name: say(f"quality.column.{name}", language) for name in table}
    units = {name: "count" for name in ("records", "quarantined") if name in table}
    st.dataframe(
        written(table, units, language), hide_index=True, column_config=names, height="content", placeholder=NOTHING
    )


def _row(session: Session, source: SourceStatus) -> dict[str, object]:
    language = session.language
    promised = data.promised_days(source.name)
    state = "late" if source.is_late else "ontime" if source.landed_at else "missing"
    row: dict[str, object] = {
        "source": source.name,
        "state": say(f"quality.states.{state}", language),
        "landed": age(datetime.now(UTC) - source.landed_at, language) if source.landed_at else NOTHING,
        "promised": say("quality.days", language, n=promised) if promised else say("quality.unpromised", language),
    }
    if session.sees_every_structure:
        row |= {"records": source.records, "quarantined": source.quarantined}
    return row
