"""The sections of a line's plan, drawn: funnels, losses, mixes, occupancy, cohorts. One without rows is left out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from apps.cases import ENOUGH, is_few
from apps.charts import every_period, ranked
from apps.numbers import figure, quarter, short_month
from apps.screens.line import charts
from apps.screens.line.data import Sections
from apps.screens.line.logic import by_hour, emptiest, parts_of, shares, unique_names
from apps.screens.line.plan import Clock, Parts, Plan, Split
from apps.session import Session
from apps.values import in_order, name, named
from apps.words import say
from lake.semantic import Indicator

#: Sites shown in the heat-map by month; those with the lowest occupancy.
_MOST_SITES = 20

#: An hour of the week that was open for less than this in all says little.
_FEWEST_HOURS = 10

Figures = Mapping[str, float | None]
Known = Mapping[str, Indicator]


def draw_funnels(session: Session, plan: Plan, known: Known, values: Figures, before: Figures) -> None:
    """Each funnel's steps, in per cent of the step before."""
    language = session.language
    shown = [(f, [s for s in f.steps if values.get(s)]) for f in plan.funnels]
    shown = [(funnel, steps) for funnel, steps in shown if len(steps) > 1]
    if not shown:
        return
    st.subheader(say("linepage.sections.journey", language), anchor=False, divider="gray")
    for column, (funnel, steps) in zip(st.columns(len(shown)), shown, strict=True):
        rows = []
        for previous, step in zip([None, *steps], steps, strict=False):
            value = values[step] or 0.0
            text = figure(value, known[step].unit, language, short=True)
            if previous:
                share = figure(value / (values[previous] or 1.0), "rate", language)
                text = say("linepage.step", language, value=text, share=share)
            row = {"label": known[step].label(language), "value": value, "before": before.get(step), "text": text}
            rows.append(row)
        with column:
            title = funnel.title.to(language)
            st.markdown(f"##### {title}")
            st.vega_lite_chart(charts.funnel(pd.DataFrame(rows), language), alt=title)
    st.caption(say("linepage.funnel_note", language))


def draw_losses(session: Session, plan: Plan, found: Sections) -> None:
    """What is lost on the way, by reason; rows without a reason aren't losses."""
    language = session.language
    shown = []
    for item, table in zip(plan.losses, found.losses, strict=True):
        kept = table.dropna(subset=[item.by, item.metric])
        kept = kept[kept[item.metric] > 0]
        if not kept.empty:
            names = named(kept[item.by], item.by, language, say("linepage.unknown", language))
            shown.append((item, kept.assign(reason=names)))
    if not shown:
        return
    st.subheader(say("linepage.sections.losses", language), anchor=False, divider="gray")
    for column, (item, table) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            title = item.title.to(language)
            st.markdown(f"##### {title}")
            st.vega_lite_chart(ranked(table, "reason", item.metric, "count", language), alt=title)


def draw_mixes(session: Session, plan: Plan, found: Sections, known: Known) -> None:
    """Shares by month, two charts a row."""
    language = session.language
    shown = []
    for item, table in zip(plan.mixes, found.mixes, strict=True):
        parts, order = _parts(session, item, table, known)
        if not parts.empty:
            shown.append((item, parts, order))
    if not shown:
        return
    st.subheader(say("linepage.sections.mix", language), anchor=False, divider="gray")
    for start in range(0, len(shown), 2):
        for column, (item, parts, order) in zip(st.columns(2, gap="large"), shown[start : start + 2], strict=False):
            with column:
                title = item.title.to(language)
                st.markdown(f"##### {title}")
                st.vega_lite_chart(charts.mix(parts, order, known[item.metrics[0]].unit, language), alt=title)


def _parts(session: Session, item: Split | Parts, table: pd.DataFrame, known: Known) -> tuple[pd.DataFrame, list[str]]:
    """The shares of a mix, and the names of its parts in their order."""
    language = session.language
    if isinstance(item, Parts):
        labels = {name: known[name].label(language) for name in item.metrics}
        return shares(parts_of(table, labels)), list(labels.values())
    names = named(table[item.by], item.by, language, say("linepage.unknown", language))
    long = shares(table.assign(part=names, value=table[item.metric]))
    return long, in_order(long["part"].dropna(), item.by, language)


def draw_occupancy(session: Session, plan: Plan, found: Sections, known: Known) -> None:
    """What is used of what is open: by weekday and hour, and by site and month."""
    used = plan.occupancy
    if used is None or found.by_month is None or found.by_month.empty:
        return
    language = session.language
    st.subheader(say("linepage.sections.occupancy", language), anchor=False, divider="gray")
    if used.clock and found.by_hour is not None:
        _week(session, used.clock, found.by_hour, known)
    months = found.by_month.assign(place=unique_names(found.by_month, "site_name", "site"))
    shown = emptiest(months, used.metric, used.open, "place", _MOST_SITES)
    rows = list(shown["place"].cat.categories)
    title = say("linepage.by_month", language, metric=known[used.metric].label(language))
    st.markdown(f"##### {title}")
    told = months.dropna(subset=[used.metric, used.open])["place"].nunique()
    if told > len(rows):
        st.caption(say("linepage.emptiest", language, n=len(rows), of=told))
    starts = every_period(shown, "metric_time", "month")["metric_time"].unique()
    cells = shown.assign(
        row=shown["place"],
        column=[short_month(m, language) for m in shown["metric_time"]],
        value=shown[used.metric],
    )[["row", "column", "value"]]
    columns = [short_month(m, language) for m in starts]
    st.vega_lite_chart(charts.heat(cells, columns=columns, rows=rows, unit="rate", language=language), alt=title)


def _week(session: Session, clock: Clock, table: pd.DataFrame, known: Known) -> None:
    """Weekdays from top to bottom, hours from left to right."""
    language = session.language
    title = say("linepage.by_hour", language, metric=known[clock.metric].label(language))
    st.markdown(f"##### {title}")
    hours = by_hour(table, clock.used, clock.open)
    if hours.empty:
        st.caption(say("linepage.no_hours", language))
        return
    few = hours["opened"] < _FEWEST_HOURS
    cells = hours.assign(
        row=named(hours["weekday"], "weekday", language, ""),
        column=named(hours["clock_hour"], "clock_hour", language, ""),
        value=hours["rate"],
        is_few=few,
    )
    through = range(hours["clock_hour"].min(), hours["clock_hour"].max() + 1)
    chart = charts.heat(
        cells,
        columns=[name("clock_hour", hour, language) for hour in through],
        rows=[name("weekday", day, language) for day in sorted(hours["weekday"].unique())],
        unit="rate",
        language=language,
        few="is_few",
        more={"used": say("linepage.used_hours", language), "opened": say("linepage.open_hours", language)},
    )
    st.vega_lite_chart(chart, alt=title)
    note = [say("linepage.hours_note", language)]
    if few.any():
        note.append(say("linepage.few_hours", language, n=_FEWEST_HOURS))
    st.caption(" ".join(note))


def draw_cohorts(session: Session, plan: Plan, found: Sections, known: Known) -> None:
    """The renewal of those of a quarter, by what they are split by."""
    item, table = plan.cohorts, found.cohorts
    if item is None or table is None:
        return
    language = session.language
    kept = table.dropna(subset=[item.metric, item.quarter, item.by])
    if kept.empty:
        return
    title = item.title.to(language)
    st.subheader(title, anchor=False, divider="gray")
    st.caption(f"{item.note.to(language)} {say('linepage.few', language, n=ENOUGH)}")
    cells = pd.DataFrame(
        {
            "row": named(kept[item.by], item.by, language, say("linepage.unknown", language)),
            "column": [quarter(q, language) for q in kept[item.quarter]],
            "value": kept[item.metric],
            "cases": kept[item.count],
            "is_few": kept[item.count].map(is_few),
        }
    )
    columns = [quarter(q, language) for q in sorted(kept[item.quarter].unique())]
    chart = charts.heat(
        cells,
        columns=columns,
        rows=in_order(cells["row"], item.by, language),
        unit=known[item.metric].unit,
        language=language,
        few="is_few",
        more={"cases": say("linepage.cases", language)},
    )
    st.vega_lite_chart(chart, alt=title)
