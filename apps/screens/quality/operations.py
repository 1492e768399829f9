"""The last runs and their steps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.numbers import NOTHING, figure, instant
from apps.screens.quality import data
from apps.session import Session
from apps.words import Language, catalogue, say
from lake.run import Run

_ICONS = {
    "running": ":material/hourglass_top:",
    "published": ":material/check_circle:",
    "unchanged": ":material/check:",
    "held": ":material/undo:",
    "failed": ":material/error:",
    "killed": ":material/cancel:",
}


def draw_runs(session: Session, line: str | None) -> None:
    held = data.lake()
    if held is None:
        return  # the page has said that the lake does not answer
    runs = [r for r in data.runs(held, session) if line is None or line in r.lines]
    if not runs:
        st.info(say("quality.runs_none", session.language), icon=":material/inbox:")
    for place, run in enumerate(runs):
        _run(session, run, is_open=place == 0)


def _run(session: Session, run: Run, *, is_open: bool) -> None:
    language = session.language
    seconds = NOTHING
    if run.ended_at:
        seconds = say("quality.seconds", language, n=round((run.ended_at - run.started_at).total_seconds()))
    state = say(f"quality.run_states.{run.state}", language)
    title = say("quality.run_title", language, at=instant(run.started_at, language), state=state, seconds=seconds)
    with st.expander(title, icon=_ICONS[run.state], expanded=is_open):
        for line, outcome in run.lines.items():
            if not session.scope.sees(line):
                continue
            ended = say(f"quality.run_states.{outcome.state}", language)
            build = f" · `{outcome.build}`" if outcome.build else ""
            st.markdown(f"{_ICONS[outcome.state]} **{say(f'line.{line}', language)}** — {ended}{build}")
            if outcome.error and session.sees_every_structure:
                st.caption(outcome.error)
        _steps(session, run)
        st.caption(f"`{run.id}` · {_process(run.process, language)}")


def _steps(session: Session, run: Run) -> None:
    language = session.language
    rows = []
    for step in run.steps:
        row = {
            "step": say(f"quality.steps.{step.name}", language),
            "lasted": say("quality.seconds", language, n=figure(step.seconds, "count", language)),
        }
        if session.sees_every_structure:
            row["counts"] = step.error or " · ".join(_count(name, n, language) for name, n in step.counts.items())
        rows.append(row)
    if rows:
        names = {name: say(f"quality.column.{name}", language) for name in rows[0]}
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config=names,
            height="content",
            key=f"steps-{run.id}",
            placeholder=NOTHING,
        )


def _count(name: str, number: int, language: Language) -> str:
    """One number of a step; a run of another version can have one that has no words."""
    key, shown = f"quality.counts.{name}", figure(number, "count", language)
    return say(key, language, n=shown) if key in catalogue() else f"{name} {shown}"


def _process(process: str, language: Language) -> str:
    """Who ran it, which a run tells as `process 12 on name`."""
    words = process.split(" ", 3)
    return say("quality.process", language, number=words[1], host=words[3]) if len(words) == 4 else process
