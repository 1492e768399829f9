"""A line's page: its indicators over the chosen period, over time, by structure and by site."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from apps.ask import frame, indicators, last_month_end, state, years_before
from apps.blocks import chips, empty, heading, indicator_card, trace, warnings_of
from apps.charts import over_time as time_chart
from apps.charts import ranked
from apps.numbers import day, figure
from apps.screens.line import data
from apps.screens.line.data import Choice
from apps.session import Session
from apps.words import say
from lake.semantic import Indicator

_GRAINS = ("month", "quarter", "year")
_PER_ROW = 4


def draw(session: Session, line: str) -> None:
    now = state(line)
    with st.container(horizontal=True, vertical_alignment="center"):
        heading(session, line)
        chips(session, now)
    warnings_of(session, now)
    known = indicators(session, line)
    if now.published is None or not known:
        empty(session, "no_build", line=line)
        return
    last = last_month_end(session, now.published, known[0].name)
    if last is None:
        empty(session, "no_rows")
        return
    with st.container(key="filters"):
        choice = _filters(session, line, known[0], (years_before(last + timedelta(days=1), 1), last))
    if choice is None:
        return
    _totals(session, known, choice)
    _detail(session, line, known, choice)


def _filters(session: Session, line: str, any_indicator: Indicator, period: tuple[date, date]) -> Choice | None:
    language = session.language
    names = data.structures(session, any_indicator)
    left, right = st.columns([1, 2])
    with left:
        chosen = st.date_input(say("filter.period", language), period, format="DD/MM/YYYY", key=f"{line}-period")
    with right:
        structures = st.multiselect(
            say("filter.structures", language),
            list(names),
            format_func=lambda i: f"{names[i]} ({i})",
            placeholder=say("filter.structures_all", language),
            key=f"{line}-structures",
        )
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.info(say("filter.choose_both", language))
        return None
    return Choice(chosen[0], chosen[1], tuple(structures))


def _totals(session: Session, known: list[Indicator], choice: Choice) -> None:
    shown = [i for i in known if i.headline] or known[:_PER_ROW]
    values, before = data.totals(session, shown, choice)
    for start in range(0, len(shown), _PER_ROW):
        row = shown[start : start + _PER_ROW]
        for column, indicator in zip(st.columns(_PER_ROW), row, strict=False):
            with column, st.container(border=True, height="stretch"):
                indicator_card(session, indicator, values[indicator.name], before[indicator.name])
    earlier = choice.year_before
    since, until = day(earlier.since, session.language), day(earlier.until, session.language)
    st.caption(say("period.compared", session.language, since=since, until=until))


def _detail(session: Session, line: str, known: list[Indicator], choice: Choice) -> None:
    language = session.language
    by_name = {i.name: i for i in known}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            say("filter.indicator", language),
            list(by_name),
            format_func=lambda n: by_name[n].label(language),
            key=f"{line}-indicator",
        )
        grain = st.segmented_control(
            say("filter.grain", language),
            _GRAINS,
            default="month",
            required=True,
            format_func=lambda g: say(f"filter.grains.{g}", language),
            key=f"{line}-grain",
        )
    indicator = by_name[name]
    answer = data.over_time(session, [indicator], choice, grain or "month")
    months = frame(answer)
    if months.empty:
        empty(session, "no_rows")
        return
    st.subheader(say("section.over_time", language), anchor=False)
    st.altair_chart(time_chart(months, "metric_time", indicator.name, indicator.unit, language))
    trace(session, indicator, answer)
    _by_structure(session, line, indicator, choice)
    _by_site(session, line, indicator, choice)


def _by_structure(session: Session, line: str, indicator: Indicator, choice: Choice) -> None:
    language = session.language
    table = frame(data.split(session, indicator, choice, ("structure_name",))).dropna()
    if table.empty:
        return
    st.subheader(say("section.by_structure", language), anchor=False)
    reference = None
    if indicator.unit == "rate":
        values, _ = data.totals(session, [indicator], choice)
        reference = values[indicator.name]
    st.altair_chart(ranked(table, "structure_name", indicator.name, indicator.unit, language, reference=reference))
    if reference is not None:
        st.caption(say("section.reference", language, value=figure(reference, indicator.unit, language)))


def _by_site(session: Session, line: str, indicator: Indicator, choice: Choice) -> None:
    language = session.language
    table = frame(data.split(session, indicator, choice, ("site", "site_name", "site_commune", "structure_name")))
    if table.empty:
        return
    st.subheader(say("section.by_site", language), anchor=False)
    st.dataframe(
        table,
        hide_index=True,
        column_order=["site_name", "site_commune", "structure_name", indicator.name],
        column_config={
            "site_name": st.column_config.TextColumn(say("column.site", language), width="medium"),
            "site_commune": st.column_config.TextColumn(say("column.commune", language)),
            "structure_name": st.column_config.TextColumn(say("column.structure", language)),
            indicator.name: _number_column(indicator, language),
        },
        key=f"{line}-sites",
    )


def _number_column(indicator: Indicator, language: str) -> object:
    formats = {"rate": "percent", "eur": "euro", "count": "localized"}
    label = indicator.label("en" if language == "en" else "fr")
    return st.column_config.NumberColumn(label, format=formats.get(indicator.unit or "", "%.2f"))
