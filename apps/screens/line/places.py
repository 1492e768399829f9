"""Sites or structures in context: against the group's quartiles and a year before, with caution where cases are few."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import streamlit as st

from apps.address import Filters
from apps.blocks import empty, written
from apps.cases import ENOUGH, counted_by
from apps.charts import among_peers
from apps.numbers import NOTHING, change, figure
from apps.screens.line import data
from apps.screens.line.data import NAMES, Choice
from apps.screens.line.logic import AT_EACH_END, Standing, standing, unique_names
from apps.screens.line.plan import Level, Plan
from apps.session import Session
from apps.words import Language, escaped, say
from lake.semantic import Indicator


def draw_places(
    session: Session, line: str, indicator: Indicator, known: Collection[str], plan: Plan, choice: Choice
) -> None:
    """The best and the worst, what to say of them, and all of them as a table."""
    language = session.language
    filters = Filters(line)
    st.markdown(f"##### {say('linepage.sections.places', language)}")
    level = plan.levels[0]
    if len(plan.levels) > 1:
        level = st.segmented_control(
            say("linepage.level", language),
            plan.levels,
            required=True,
            format_func=lambda item: say(f"linepage.levels.{item}", language),
            key=filters.one("level", plan.levels, level),
        )
    filters.settle(session)
    key, name = NAMES[level][:2]
    table = data.places(session, indicator, counted_by(indicator.name, known), choice, level)
    table = table.dropna(subset=[indicator.name])
    if table.empty:
        empty(session, "no_rows")
        return
    table = table.assign(place=unique_names(table, name, key))
    found = standing(table, indicator.name, lower_is_better=indicator.direction == "down")
    _say(session, indicator, found, is_whole=session.sees_every_structure and not choice.where)
    st.vega_lite_chart(
        among_peers(found.shown, "place", indicator.name, indicator.unit, language, is_small="is_few"),
        alt=f"{indicator.label(language)}: {say(f'linepage.levels.{level}', language)}",
    )
    has_group = table[f"{indicator.name}__benchmark_median"].notna().any()
    st.caption(say("peers.how" if has_group else "peers.too_few", language))
    with st.expander(say("linepage.table", language), icon=":material/table_rows:"):
        _table(session, table, indicator, level)


def _say(session: Session, indicator: Indicator, found: Standing, *, is_whole: bool) -> None:
    """What the chart shows, in words, before it. Of the whole group, a quarter is below its own first quartile: there
    the spread is told."""
    language = session.language
    said = []
    if found.ranked and is_whole:
        said += _spread(found, indicator, language)
    elif found.ranked and indicator.direction in ("up", "down"):
        said.append(say(f"linepage.behind.{indicator.direction}", language, behind=found.behind, of=found.ranked))
    if found.few:
        key = "few" if found.ranked else "all_few"
        said.append(say(f"linepage.behind.{key}", language, few=found.few, of=found.compared, n=ENOUGH))
    if (found.ranked or found.compared) > 2 * AT_EACH_END:
        said.append(say("linepage.behind.ends", language, n=AT_EACH_END))
    st.markdown(" ".join(said))


def _spread(found: Standing, indicator: Indicator, language: Language) -> list[str]:
    """The ends and the middle half, against a year before; nothing where there is no group to compare with."""
    name = indicator.name
    ends = found.shown[[name, f"{name}__previous_year"]].astype(float)
    quartiles = found.shown[[f"{name}__benchmark_q1", f"{name}__benchmark_q3"]].dropna().astype(float)
    if quartiles.empty:
        return []

    def told(place: int) -> str:
        value, before = ends.iloc[place]
        moved = change(value, before, indicator.unit, language)
        shown = figure(value, indicator.unit, language, short=True)
        return say("linepage.spread.moved", language, value=shown, change=moved.replace("-", "−")) if moved else shown

    return [
        say(
            f"linepage.spread.{'none' if indicator.direction == 'none' else 'known'}",
            language,
            best=escaped(found.shown["place"].iloc[0]),
            of_best=told(0),
            worst=escaped(found.shown["place"].iloc[-1]),
            of_worst=told(-1),
            q1=figure(quartiles.iloc[0, 0], indicator.unit, language, short=True),
            q3=figure(quartiles.iloc[0, 1], indicator.unit, language, short=True),
        )
    ]


def _table(session: Session, table: pd.DataFrame, indicator: Indicator, level: Level) -> None:
    language = session.language
    name = indicator.name
    numbers = {
        name: indicator.label(language),
        f"{name}__previous_year": say("linepage.column.before", language),
        f"{name}__benchmark_median": say("linepage.column.median", language),
    }
    counts = {
        f"{name}__benchmark_rank": say("linepage.column.rank", language),
        "cases": say("linepage.column.cases", language),
    }
    texts = {"place": _title(level, language)}
    if level == "site":
        texts |= {"site_commune": say("column.commune", language), "structure_name": say("column.structure", language)}
    shown = [*texts, *numbers, *(c for c in counts if table[c].notna().any())]
    units = dict.fromkeys(numbers, indicator.unit) | dict.fromkeys(counts, "count")
    ranked = table.sort_values(name, ascending=indicator.direction == "down").astype(dict.fromkeys(units, "float"))
    st.dataframe(
        written(ranked, units, language),
        hide_index=True,
        column_order=shown,
        column_config={
            **{c: st.column_config.TextColumn(label, pinned=c == "place") for c, label in texts.items()},
            **numbers,
            **counts,
        },
        placeholder=NOTHING,
        alt=say("linepage.table", language),
    )


def _title(level: Level, language: Language) -> str:
    return say("column.site" if level == "site" else "column.structure", language)
