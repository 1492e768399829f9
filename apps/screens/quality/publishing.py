"""The builds of each line, what changed between them, and which one readers see."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.numbers import NOTHING, instant
from apps.screens.quality import data
from apps.screens.quality.confirm import confirm, say_outcome
from apps.screens.quality.quarantine import refused
from apps.screens.quality.reconciliation import exact
from apps.screens.quality.trust import Checked, restated
from apps.session import Session
from apps.words import Language, escaped, say
from lake import builds
from lake.access import lines_behind
from lake.build import outdated
from lake.builds import Build, Rollback
from lake.settings import GROUP, made_from

_COLOURS = {"passed": "green", "warned": "orange", "built": "gray", "refused": "red", "failed": "red"}
_ICONS = {
    "passed": ":material/verified:",
    "warned": ":material/warning:",
    "built": ":material/hourglass_empty:",
    "refused": ":material/block:",
    "failed": ":material/error:",
}


def draw_builds(session: Session, line: str | None) -> None:
    language = session.language
    say_outcome()
    if not session.scope.allows("publish"):
        refused(session, "publish")
    shown = [x for x in session.marts if line in (None, x)]
    if not any(builds.builds(name) for name in shown):
        st.info(say("quality.no_build", language), icon=":material/hourglass_empty:")
        return
    for name in shown:
        kept = data.checked(name)
        if not kept:
            continue
        st.subheader(say(f"line.{name}", language), anchor=False)
        current = builds.published(name)
        back = builds.rolled_back(name)
        if back:
            at = instant(back.at, language)
            st.info(
                say("quality.rolled_back", language, build=back.build, by=escaped(session.signed(back.by)), at=at),
                icon=":material/undo:",
            )
        if current and (moved := outdated(current)):
            lines = ", ".join(say(f"line.{line}", language) for line in moved)
            st.info(say("quality.outdated", language, lines=lines, line=name), icon=":material/sync_problem:")
        for one, older in zip(kept, [*kept[1:], None], strict=True):
            _build(session, one, older, current, back)


def _build(session: Session, one: Checked, older: Checked | None, current: Build | None, back: Rollback | None) -> None:
    language, build = session.language, one.build
    is_current = current is not None and build.id == current.id
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{instant(build.created_at, language)}**", width="content")
            key = _look(build)
            st.badge(say(f"quality.build_states.{key}", language), icon=_ICONS[key], color=_COLOURS[key])
            if is_current:
                st.badge(say("quality.build_readers", language), icon=":material/visibility:", color="primary")
            elif back and build.id in back.builds:
                st.badge(say("quality.build_away", language), icon=":material/undo:", color="orange")
            if (
                not is_current
                and _may_show(session, build)
                and st.button(say("quality.show_build", language), key=f"publish-{build.id}")
            ):
                _confirm(session, build, current)
        seconds = round(build.seconds)
        as_of = instant(build.as_of, language)
        st.caption(
            f"`{build.id}` · "
            + say("quality.build_of", language, as_of=as_of, seconds=seconds, checks=_checks(build, language))
        )
        for why in build.failures[:3] if session.sees_every_structure else ():
            st.caption(f":material/error: {why}")
        if older and session.sees_every_structure:
            _restated(session, one, older)


def _look(build: Build) -> str:
    """How a build stands: passing with warnings is not passing without."""
    return "warned" if build.status == "passed" and build.checks and build.checks.warned else build.status


def _may_show(session: Session, build: Build) -> bool:
    return build.status == "passed" and session.scope.allows("publish", *lines_behind(build.line))


def _checks(build: Build, language: Language) -> str:
    if build.checks is None:
        return say("quality.build_unchecked", language)
    failed = build.checks.warned + build.checks.blocked
    return say("quality.build_checks", language, passed=build.checks.passed, failed=failed)


def _restated(session: Session, one: Checked, older: Checked) -> None:
    """Numbers and control totals of the sources that are others than in the build before."""
    language = session.language
    if not all(any(r.compared for r in c.results) for c in (one, older)):
        return
    changes = restated(one, older)
    at = instant(older.build.created_at, language)
    if not changes:
        st.caption(say("quality.restated_none", language, at=at))
        return
    with st.expander(say("quality.restated", language, at=at)):
        rows = [
            {
                "source": c.source,
                "what": c.what,
                "before": exact(c.before, language),
                "after": exact(c.after, language),
                "difference": exact(c.after - c.before, language),
            }
            for c in changes
        ]
        names = {name: say(f"quality.column.{name}", language) for name in rows[0]}
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config=names,
            key=f"restated-{one.build.id}",
            placeholder=NOTHING,
        )


def _confirm(session: Session, build: Build, current: Build | None) -> None:
    language = session.language
    line = say(f"line.{build.line}", language)

    def told(one: Build | None) -> str:
        if one is None:
            return say("quality.publish_nothing", language)
        at, as_of = instant(one.created_at, language), instant(one.as_of, language)
        return say("quality.publish_current", language, at=at, as_of=as_of)

    def act() -> str:
        shown = data.show_build(session, build)
        return say("quality.published", language, line=line, build=shown.id)

    at, as_of = instant(build.created_at, language), instant(build.as_of, language)
    text = say("quality.publish_text", language, line=line, at=at, as_of=as_of, current=told(current))
    if build.line in made_from(GROUP) and builds.published(GROUP):
        text = f"{text}\n\n{say('quality.publish_group', language)}"
    confirm(session, say("quality.publish_title", language), text, act)
