"""A line's page, designed for its trade's manager: headlines, then the sections of its plan, then any indicator."""

from __future__ import annotations

from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from apps.address import Filters
from apps.ask import frame, indicators, last_day, last_month_end, state
from apps.blocks import apart, chips, empty, heading, indicator_card, trace, warnings_of
from apps.cases import counted_by
from apps.charts import over_time as time_chart
from apps.numbers import day
from apps.screens.line import data, sections
from apps.screens.line.data import Choice
from apps.screens.line.places import draw_places
from apps.screens.line.plan import Plan, plan
from apps.session import Session
from apps.words import escaped, say
from lake.semantic import Indicator
from lake.semantic.periods import months_to

_GRAINS = ("month", "quarter", "year")
#: Headlines side by side: rows of three where they leave fewer gaps.
_PER_ROW = {5: 3, 6: 3, 9: 3}
_MOST_PER_ROW = 4


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
        empty(session, "no_data")
        return
    names = data.structures(session, known[0])
    with st.container(key="filters"):
        choice = _filters(session, line, known[0], names, (months_to(last, 12), last))
    if choice is None:
        return
    by_name = {i.name: i for i in known}
    layout = plan(line).within(by_name)
    newest = last_day(session, known[0].name) if choice.until > last else None
    if newest and choice.since > newest:
        empty(session, "after_data", day=day(newest, session.language))
        return
    if not _totals(session, known, layout, choice):
        return
    if newest and choice.until > newest:
        said = say("linepage.beyond", session.language, day=day(newest, session.language))
        st.info(said, icon=":material/event_upcoming:")
    _begin_detail(session, line, known, layout, choice)
    found = data.sections(session, layout, choice, last)
    sections.draw_losses(session, layout, found)
    sections.draw_mixes(session, layout, found, by_name)
    sections.draw_occupancy(session, layout, found, by_name)
    sections.draw_cohorts(session, layout, found, by_name)
    apart(session, line, now.published.id, partial(_detail, session, line, known, layout, choice))


def _filters(
    session: Session, line: str, any_indicator: Indicator, names: dict[str, str], period: tuple[date, date]
) -> Choice | None:
    language = session.language
    filters = Filters(line)
    left, middle, right = st.columns([1, 1.4, 1.4])
    with left:
        chosen = st.date_input(say("filter.period", language), format="DD/MM/YYYY", key=filters.days("period", period))
    with middle:
        structures = st.multiselect(
            say("filter.structures", language),
            list(names),
            format_func=lambda i: f"{names[i]} ({i})",
            placeholder=next(iter(names.values())) if len(names) == 1 else say("filter.structures_all", language),
            key=filters.several("structures", names),
        )
    of_sites = data.sites(session, any_indicator, tuple(structures))
    with right:
        sites = st.multiselect(
            say("filter.sites", language),
            list(of_sites),
            format_func=lambda i: f"{of_sites[i]} ({i})",
            placeholder=say("filter.sites_all", language),
            key=filters.several("sites", of_sites),
        )
    filters.settle(session)
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.info(say("filter.choose_both", language))
        return None
    return Choice(chosen[0], chosen[1], tuple(structures), tuple(sites))


def _totals(session: Session, known: list[Indicator], layout: Plan, choice: Choice) -> bool:
    """The headlines and the funnels, whose figures are asked together. False when there is none."""
    by_name = {i.name: i for i in known}
    shown = [i for i in known if i.headline] or known[:_MOST_PER_ROW]
    steps = [step for funnel in layout.funnels for step in funnel.steps if step in by_name]
    counts = {i.name: count for i in shown if (count := counted_by(i.name, by_name))}
    asked = dict.fromkeys([*(i.name for i in shown), *steps, *counts.values()])
    values, before, notes = data.totals(session, tuple(asked), choice)
    if all(pd.isna(value) or not value for value in values.values()):
        empty(session, "no_rows")
        return False
    per_row = _PER_ROW.get(len(shown), _MOST_PER_ROW)
    for start in range(0, len(shown), per_row):
        row = shown[start : start + per_row]
        for column, indicator in zip(st.columns(per_row), row, strict=False):
            with column, st.container(border=True, height="stretch"):
                count = counts.get(indicator.name, "")
                cases = (values.get(count), before.get(count))
                indicator_card(session, indicator, values[indicator.name], before[indicator.name], cases=cases)
    earlier = choice.year_before
    since, until = day(earlier.since, session.language), day(earlier.until, session.language)
    st.caption(say("period.compared", session.language, since=since, until=until))
    for note in notes:
        st.caption(f":material/info: {escaped(note)}")
    sections.draw_funnels(session, layout, by_name, values, before)
    return True


def _begin_detail(session: Session, line: str, known: list[Indicator], layout: Plan, choice: Choice) -> None:
    """What stands last is asked for while the sections are drawn: as it was chosen last, or as it will be at first."""
    chosen = {name: st.session_state.get(f"{line}-{name}") for name in ("indicator", "grain", "level")}
    indicator = next((i for i in known if i.name == chosen["indicator"]), known[0])
    cases = counted_by(indicator.name, {i.name for i in known})
    data.begin_detail(
        session, cases, choice, indicator, chosen["grain"] or "month", chosen["level"] or layout.levels[0]
    )


def _detail(session: Session, line: str, known: list[Indicator], layout: Plan, choice: Choice) -> None:
    language = session.language
    by_name = {i.name: i for i in known}
    filters = Filters(line)
    st.subheader(say("linepage.sections.indicator", language), anchor=False, divider="gray")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            say("filter.indicator", language),
            list(by_name),
            format_func=lambda n: by_name[n].label(language),
            key=filters.one("indicator", by_name, known[0].name),
        )
        grain = st.segmented_control(
            say("filter.grain", language),
            _GRAINS,
            required=True,
            format_func=lambda g: say(f"filter.grains.{g}", language),
            key=filters.one("grain", _GRAINS, "month"),
        )
    filters.settle(session)
    indicator = by_name[name]
    answer = data.over_time(session, [indicator], choice, grain or "month")
    months = frame(answer)
    if months.empty:
        empty(session, "no_rows")
        return
    st.markdown(f"##### {say('section.over_time', language)}")
    st.vega_lite_chart(
        time_chart(
            months,
            "metric_time",
            indicator.name,
            indicator.unit,
            language,
            grain=grain or "month",
            is_sum=indicator.is_additive,
        ),
        alt=f"{indicator.label(language)}: {say('section.over_time', language)}",
    )
    trace(session, indicator, answer)
    if not indicator.needs_time:
        draw_places(session, line, indicator, by_name, layout, choice)
