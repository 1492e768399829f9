"""Quality and operations: can the figures be trusted? Each line in one look, then one section at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from apps.ask import LineState, state
from apps.blocks import chips, heading
from apps.numbers import figure
from apps.screens.quality import data
from apps.screens.quality.changes import draw_changes
from apps.screens.quality.checks import draw_checks
from apps.screens.quality.deliveries import draw_deliveries
from apps.screens.quality.freshness import draw_freshness
from apps.screens.quality.operations import draw_runs
from apps.screens.quality.publishing import draw_builds
from apps.screens.quality.quarantine import draw_quarantine
from apps.screens.quality.reconciliation import draw_reconciliation
from apps.session import Session
from apps.words import say
from lake.errors import StoreError
from lake.status import SourceStatus

_SECTIONS: dict[str, Callable[[Session, str | None], None]] = {
    "checks": draw_checks,
    "reconciliation": draw_reconciliation,
    "freshness": draw_freshness,
    "deliveries": draw_deliveries,
    "quarantine": draw_quarantine,
    "runs": draw_runs,
    "builds": draw_builds,
    "changes": draw_changes,
}


def draw(session: Session) -> None:
    language = session.language
    heading(session, "quality")
    states = {line: state(line) for line in session.marts}
    sources = data.sources(session)
    _verdict(session, states)
    if sources is None:
        st.warning(say("quality.store_down", language), icon=":material/cloud_off:")
    with st.container(border=True):
        for line, now in states.items():
            _line(session, line, now, [s for s in sources or () if data.line_of(s.name) == line])
        shared = [s for s in sources or () if data.line_of(s.name) not in states]
        if said := _of_sources(session, shared):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{say('quality.quarantine_shared', language)}**", width="content")
                st.caption(" · ".join(said))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            say("quality.part", language),
            list(_SECTIONS),
            default="checks",
            required=True,
            format_func=lambda p: say(f"quality.parts.{p}", language),
            label_visibility="collapsed",
            key="quality-part",
        )
        line = st.selectbox(
            say("quality.line", language),
            ["", *session.marts],
            format_func=lambda x: say(f"line.{x}", language) if x else say("quality.every_line", language),
            label_visibility="collapsed",
            width=220,
            key="quality-line",
        )
    try:
        _SECTIONS[part or "checks"](session, line or None)
    except StoreError:
        if sources is not None:  # it went away since it was asked for them
            st.warning(say("quality.store_down", language), icon=":material/cloud_off:")


def _verdict(session: Session, states: dict[str, LineState]) -> None:
    language = session.language
    shown = {line: now for line, now in states.items() if now.published}
    if not shown:
        st.info(say("quality.verdict_none", language), icon=":material/hourglass_empty:")
        return
    weak = [line for line, now in shown.items() if _is_weak(now)]
    if weak:
        names = ", ".join(say(f"line.{line}", language) for line in weak)
        st.markdown(f"##### :material/warning: {say('quality.verdict_bad', language, lines=names)}")
    else:
        st.markdown(f"##### :material/verified: {say('quality.verdict_good', language, n=len(shown))}")


def _line(session: Session, line: str, now: LineState, sources: Sequence[SourceStatus]) -> None:
    language = session.language
    said = []
    if now.published and (checks := now.published.checks):
        said.append(say("quality.held", language, passed=checks.passed, failed=_fails(now)))
    said += _of_sources(session, sources)
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{say(f'line.{line}', language)}**", width="content")
            chips(session, now)
        st.caption(" · ".join(said))


def _of_sources(session: Session, sources: Sequence[SourceStatus]) -> list[str]:
    """The rows of some sources that are in quarantine, and how many of them are late."""
    said = []
    if session.sees_every_structure and (held := sum(s.quarantined for s in sources)):
        said.append(say("quality.in_quarantine", session.language, n=figure(held, "count", session.language)))
    if late := sum(s.is_late for s in sources):
        said.append(say("quality.late", session.language, n=late))
    return said


def _is_weak(now: LineState) -> bool:
    return now.kind == "stale" or bool(now.failed or now.newer or now.behind or _fails(now))


def _fails(now: LineState) -> int:
    checks = now.published.checks if now.published else None
    return checks.warned + checks.blocked if checks else 0
