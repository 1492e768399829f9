"""The rows behind a figure, page by page, for who may drill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from apps import values
from apps.numbers import day, figure
from apps.sentences import in_words
from apps.session import Session
from apps.words import Language, escaped, say
from lake import semantic
from lake.builds import Build
from lake.errors import LakeError
from lake.semantic import Filter, Indicator

_PAGE = 100


@dataclass(frozen=True)
class Figure:
    """One figure on the screen: of which indicator, in which builds, for which members, under which selections and
    period. Its rows are those of its builds, whatever is published while one reads them."""

    indicator: Indicator
    builds: tuple[Build, ...]
    cell: Mapping[str, Any] = field(default_factory=dict)
    where: Sequence[Filter] = ()
    since: date | None = None
    until: date | None = None


def may_drill(session: Session, indicator: Indicator) -> bool:
    return all(session.scope.allows("drill", line) for line in indicator.lines if line != "group")


def dialog(session: Session, found: Figure) -> None:
    """Open the rows of a figure over the page."""
    for key in ("explore-rows-part", "explore-rows-page"):
        st.session_state.pop(key, None)
    shown = st.dialog(say("explore.rows.title", session.language), width="large", icon=":material/table_rows:")
    shown(lambda: _rows(session, found))()


def _rows(session: Session, found: Figure) -> None:
    language = session.language
    st.markdown(f"**{found.indicator.label(language)}**")
    if not may_drill(session, found.indicator):
        st.info(say("explore.rows.denied", language, who=session.label), icon=":material/lock:")
        return
    try:
        _page(session, found)
    except LakeError as error:
        st.info(in_words(error, session.language), icon=":material/info:")


def _page(session: Session, found: Figure) -> None:
    language = session.language
    part = st.session_state.get("explore-rows-part")
    number = st.session_state.get("explore-rows-page", 1)
    asked = {
        "cell": found.cell,
        "where": found.where,
        "since": found.since,
        "until": found.until,
        "limit": _PAGE,
        "builds": found.builds,
        "scope": session.scope,
    }
    first = semantic.rows(found.indicator.name, **asked)
    part = part if part in first.parts else first.metric
    if len(first.parts) > 1:
        labels = {i.name: i.label(language) for i in semantic.metrics(scope=session.scope)}
        st.caption(f"{say('trace.formula', language)} – {escaped(found.indicator.formula(language))}")
        part = st.segmented_control(
            say("explore.rows.part", language),
            first.parts,
            default=first.metric,
            required=True,
            format_func=lambda p: labels.get(p, p.replace("_", " ")),
            key="explore-rows-part",
        )
    page = first
    if part != first.metric or number > 1:
        page = semantic.rows(found.indicator.name, part=part, offset=(number - 1) * _PAGE, **asked)
    unit = page.columns[-1].unit
    st.markdown(
        say("explore.rows.behind", language, n=_count(page.count, session), figure=figure(page.figure, unit, language))
    )
    st.dataframe(_frame(page, session), hide_index=True, placeholder="", key="explore-rows-table")
    _turn(session, number, page.count)


def _turn(session: Session, number: int, count: int) -> None:
    """To the page before, and the next."""
    language, pages = session.language, -(-count // _PAGE)
    if pages < 2:
        return

    def go(to: int) -> None:
        st.session_state["explore-rows-page"] = to

    with st.container(horizontal=True, vertical_alignment="center"):
        for step, way, icon in ((-1, "previous", ":material/arrow_back:"), (1, "next", ":material/arrow_forward:")):
            st.button(
                say(f"explore.rows.{way}", language),
                icon=icon,
                type="tertiary",
                disabled=not 1 <= number + step <= pages,
                on_click=go,
                args=(number + step,),
                key=f"explore-rows-{way}",
            )
        first, last = (_count(n, session) for n in ((number - 1) * _PAGE + 1, min(number * _PAGE, count)))
        st.caption(say("explore.rows.page", language, first=first, last=last))


def _frame(page: semantic.Rows, session: Session) -> Any:
    """The rows for `st.dataframe`, written in the reader's locale; what each adds is the last column."""
    shown = [c for c in page.columns if not c.name.startswith("_")]
    titles = _distinct([*(c.label(session.language) for c in shown[:-1]), say("explore.rows.adds", session.language)])
    columns = {t: page.table.column(c.name).to_pylist() for t, c in zip(titles, shown, strict=True)}
    frame = pd.DataFrame({title: [_plain(v) for v in cells] for title, cells in columns.items()})
    return frame.style.format(
        {
            t: partial(_written, column=c.name, unit=c.unit, language=session.language)
            for t, c in zip(titles, shown, strict=True)
        }
    )


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _written(value: Any, *, column: str, unit: str | None, language: Language) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, date):
        return day(value, language)
    if isinstance(value, int | float) and not isinstance(value, bool) and not values.names(column, language):
        return figure(value, unit, language)
    return values.name(column, value, language)


def _distinct(titles: Sequence[str]) -> list[str]:
    return [t if titles.index(t) == i else f"{t} ({titles[: i + 1].count(t)})" for i, t in enumerate(titles)]


def _count(number: int, session: Session) -> str:
    return figure(number, "count", session.language)
