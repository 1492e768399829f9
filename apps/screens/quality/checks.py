"""Checks by line over the kept builds; what fails, in words, with the rows for those who may see them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from apps.blocks import floats, written
from apps.charts import INK, finish, layer, layered, mark, on, tips
from apps.numbers import NOTHING, instant
from apps.screens.quality import data
from apps.screens.quality.measured import measured
from apps.screens.quality.trust import Checked, Failure, failures, subjects, worst
from apps.sentences import in_words
from apps.session import Session
from apps.words import say
from lake.access import lines_behind
from lake.checks.offending import MOST_ROWS, offending
from lake.errors import AccessDenied

#: Fill and sign by outcome; the sign says it again without colour.
_LOOKS = {"passed": ("#CDE5E2", "✓"), "warned": ("#F6C679", "▲"), "blocked": ("#EFA58F", "✕"), "none": ("#E6ECEE", "?")}
_BADGES = {"warned": (":material/warning:", "orange"), "blocked": (":material/error:", "red")}


def draw_checks(session: Session, line: str | None) -> None:
    language = session.language
    by_line = {name: data.checked(name) for name in session.marts if line in (None, name)}
    if not any(by_line.values()):
        st.info(say("quality.no_build", language), icon=":material/hourglass_empty:")
        return
    st.subheader(say("quality.failures", language), anchor=False)
    failing = [f for checked in by_line.values() for f in failures(checked)]
    if not failing:
        st.markdown(f":material/verified: {say('quality.failures_none', language)}")
    for place, failure in enumerate(failing):
        _failure(session, failure, place)
    st.subheader(say("quality.checks_title", language), anchor=False)
    _over_time(session, by_line)
    st.subheader(say("quality.by_subject", language), anchor=False)
    _by_subject(session, list(by_line.values()))


def _failure(session: Session, failure: Failure, place: int) -> None:
    language, result = session.language, failure.result
    icon, colour = _BADGES[result.outcome]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(say(f"quality.outcome.{result.outcome}", language), icon=icon, color=colour)
            subject = result.subject_en if language == "en" else result.subject_fr
            st.markdown(f"**{say(f'line.{failure.build.line}', language)} · {subject}**", width="content")
        st.markdown(result.says_en if language == "en" else result.says_fr)
        if session.sees_every_structure:
            st.caption(measured(result.detail, language))
        since = instant(failure.since, language)
        st.caption(say("quality.failure_since", language, build=f"`{failure.build.id}`", since=since))
        may_see = session.sees_every_structure and session.scope.allows("drill", *lines_behind(failure.build.line))
        if may_see and st.toggle(say("quality.offending", language), key=f"offending-{failure.build.id}-{place}"):
            _offending(session, failure)


def _offending(session: Session, failure: Failure) -> None:
    language = session.language
    try:
        rows = offending(failure.build, failure.result, scope=session.scope)
    except AccessDenied as error:
        st.info(in_words(error, language), icon=":material/lock:")
        return
    if rows is None:
        st.caption(say("quality.offending_none", language))
        return
    shown = rows.select([n for n in rows.column_names if not n.startswith("_")])
    for column, field in enumerate(shown.schema):
        if pa.types.is_decimal(field.type):
            shown = shown.set_column(column, field.name, shown.column(column).cast(pa.float64()))
    st.caption(say("quality.offending_some", language, n=rows.num_rows, most=MOST_ROWS))
    table = shown.to_pandas()
    st.dataframe(written(table, floats(table), language), hide_index=True, placeholder="")


def _over_time(session: Session, by_line: dict[str, list[Checked]]) -> None:
    language = session.language
    words = {outcome: say(f"quality.outcome.{outcome}", language) for outcome in _LOOKS}
    cells = []
    for line, checked in by_line.items():
        for one in checked:
            outcome = worst([r.outcome for r in one.results]) if one.results else "none"
            failed = sum(r.outcome != "passed" for r in one.results)
            cells.append(
                {
                    "line": say(f"line.{line}", language),
                    "place": one.build.id,
                    "built": instant(one.build.created_at, language),
                    "outcome": words[outcome],
                    "text": f"{_LOOKS[outcome][1]} {len(one.results) - failed}/{len(one.results)}",
                }
            )
    table = pd.DataFrame(cells).sort_values("place")
    table["nth"] = table.groupby("line").cumcount(ascending=False)
    base = {
        "y": on("line:N", sort=[say(f"line.{x}", language) for x in by_line], title=None),
        "x": on("nth:O", sort="descending", title=None, axis=None),
        "tooltip": tips(*(on(f"{name}:N") for name in ("line", "built", "place", "outcome", "text"))),
    }
    colours = on("outcome:N", scale={"domain": list(words.values()), "range": [_LOOKS[o][0] for o in words]})
    sign = mark("text", fontSize=12, color=INK, baseline="bottom", dy=-1)
    when = mark("text", fontSize=11, color="#5B6770", baseline="top", dy=3)
    layers = [
        layer(mark("rect", stroke="#FFFFFF", strokeWidth=3, cornerRadius=4), base, {"color": colours}),
        layer(sign, base, {"text": on("text:N")}),
        layer(when, base, {"text": on("built:N")}),
    ]
    chart = finish(layered(table, *layers), language, height=52 * len(by_line) + 50)
    st.vega_lite_chart(chart, alt=say("quality.checks_alt", language))


def _by_subject(session: Session, lines: Sequence[list[Checked]]) -> None:
    language = session.language
    rows = [
        {
            "line": say(f"line.{s.line}", language),
            "subject": (s.name_en if language == "en" else s.name_fr) or say("quality.reconciliation", language),
            "passed": s.passed,
            "failed": s.failed,
            "trend": "  ".join(_LOOKS[o][1] for o in s.trend),
        }
        for checked in lines
        for s in subjects(checked)
    ]
    if not rows:
        return
    table = pd.DataFrame(rows).sort_values("failed", ascending=False, kind="stable")
    names = {name: say(f"quality.column.{name}", language) for name in table}
    shown = written(table, {"passed": "count", "failed": "count"}, language)
    st.dataframe(shown, hide_index=True, column_config=names, placeholder=NOTHING)
