"""What several pages draw: headings, chips, states, indicator cards and where a figure comes from."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from apps.ask import LineState
from apps.cases import is_few
from apps.numbers import NOTHING, age, change, day, figure, instant, is_small, places, typed
from apps.sentences import in_words
from apps.session import Session
from apps.words import Language, escaped, say, short
from lake import access, builds, semantic
from lake.checks import results
from lake.errors import LakeError
from lake.semantic import Answer, Indicator

log = logging.getLogger(__name__)

_DELTA_COLOUR = {"up": "normal", "down": "inverse", "none": "off"}


def heading(session: Session, page: str) -> None:
    """The question that the page answers."""
    st.title(say(f"question.{page}", session.language), anchor=False)


def keep_link(page: str, target: st.Page) -> None:
    """Remember a page's address for `link`."""
    st.session_state.setdefault("links", {})[page] = target


def link(page: str) -> st.Page:
    """The address of a page, for `st.page_link` and `st.switch_page`."""
    return st.session_state["links"][page]


def chips(session: Session, state: LineState) -> None:
    """Freshness and checks, in two chips whose words, icons and colours say the same thing."""
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        _chips(session, state)


def _chips(session: Session, state: LineState) -> None:
    language = session.language
    if state.published is None:
        st.badge(say("checks.none", language), icon=":material/hourglass_empty:", color="gray")
        return
    built = say("fresh.built", language, at=instant(state.published.created_at, language))
    fresh = freshness(state.published.newest_event_on, age(state.age, language), language)
    if state.kind == "stale":
        stale = f"{say('fresh.stale', language)} · {fresh}"
        st.badge(stale, icon=":material/schedule:", color="orange", help=built)
    else:
        st.badge(fresh, icon=":material/schedule:", color="gray", help=built)
    checks = state.published.checks
    if state.newer:
        st.badge(say("checks.went_back", language), icon=":material/history:", color="orange")
    if state.failed:
        st.badge(say("checks.failed", language), icon=":material/error:", color="red")
    elif checks is None:
        st.badge(say("checks.unchecked", language), icon=":material/help:", color="gray")
    elif checks.warned:
        st.badge(say("checks.warned", language), icon=":material/warning:", color="orange")
    else:
        st.badge(say("checks.passed", language), icon=":material/verified:", color="green")


def freshness(newest: date | None, landed: str, language: Language) -> str:
    """How fresh data are: the day of the newest event, which is what figures end with, and when they were landed."""
    if newest is None:
        return say("fresh.landed", language, at=landed)
    return say("fresh.events", language, day=day(newest, language), at=landed)


def landed_at(at: datetime | None, language: Language) -> str:
    """The instant of a landing, as `freshness` takes it where what is read may be read much later."""
    return say("fresh.at", language, at=instant(at, language))


def warnings_of(session: Session, state: LineState) -> None:
    """Says that the figures are old, that a newer build was refused and why, that somebody went back to an earlier one,
    or that the group's are not those of its lines; nothing when all is well."""
    language = session.language
    if state.kind == "stale" and state.published:
        at = instant(state.published.as_of, language)
        st.warning(say("state.stale", language, at=at, age=age(state.age, language)), icon=":material/schedule:")
    if state.is_instead and state.published:
        at = instant(state.published.created_at, language)
        st.warning(say("state.instead", language, at=at), icon=":material/healing:")
    if state.failed:
        why = " · ".join(_causes(session, state.failed)[:3]) or NOTHING
        at = instant(state.failed.created_at, language)
        seen = say("state.seen_none", language)
        if state.published:
            seen = say("state.seen", language, at=instant(state.published.created_at, language))
        st.error(say("state.failed", language, at=at, seen=seen, why=why), icon=":material/error:")
    if state.newer and state.published and state.back:
        at, newer = (instant(b.created_at, language) for b in (state.published, state.newer))
        told = {
            "by": escaped(session.signed(state.back.by)),
            "on": instant(state.back.at, language),
            "at": at,
            "newer": newer,
        }
        st.warning(say("state.went_back", language, **told), icon=":material/history:")
    if state.behind:
        lines = ", ".join(say(f"line.{line}", language) for line in state.behind)
        st.warning(say("state.behind", language, lines=lines), icon=":material/sync_problem:")


def _causes(session: Session, build: builds.Build) -> list[str]:
    """What was wrong with a build: the checks that refused it, and what dbt said."""
    blocked = [r for r in results(build) if r.outcome == "blocked"]
    said = [f"{session.text(r.subject_fr, r.subject_en)} – {session.text(r.says_fr, r.says_en)}" for r in blocked]
    return [*said, *build.failures]


def empty(session: Session, reason: str, **values: object) -> None:
    """The designed state of nothing to show. `reason` is a key of `state` in words.yml; "no_data" is `without_data`."""
    said = without_data(session) if reason == "no_data" else say(f"state.{reason}", session.language, **values)
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"##### :material/inbox: {say('state.empty_title', session.language)}")
        st.caption(said)


def without_data(session: Session) -> str:
    """Why a line has nothing for this viewer, whatever is chosen: no choice of theirs would change it."""
    reason = "none_received" if session.sees_every_structure else "none_in_scope"
    return say(f"state.{reason}", session.language, structures=", ".join(session.scope.structures))


def denied(session: Session) -> None:
    """The designed state of a page outside the persona's lines."""
    language = session.language
    lines = ", ".join(say(f"line.{line}", language) for line in session.lines) or NOTHING
    with st.container(border=True):
        st.markdown(f"##### :material/lock: {say('state.denied_title', language)}")
        st.caption(say("state.denied", language, who=session.label, lines=lines))


def nowhere(session: Session, path: str) -> None:
    """The designed state of an address that no page has."""
    language = session.language
    with st.container(border=True):
        st.markdown(f"##### :material/link_off: {say('state.nowhere_title', language)}")
        st.caption(say("state.nowhere", language, path=escaped(path)))
        st.page_link(link("home"), label=say("page.home", language), icon=":material/home:")


def guarded(session: Session, draw: Callable[[], None]) -> None:
    """Draw; what goes wrong becomes a sentence with a reference that stands in the log, never a traceback."""
    try:
        draw()
    except Exception as error:
        reference = secrets.token_hex(4)
        log.exception("portal.page_failed ref=%s", reference)
        what = (
            in_words(error, session.language)
            if isinstance(error, LakeError)
            else say("state.unexpected", session.language)
        )
        title = say("state.broken_title", session.language)
        st.error(f"**{title}**\n\n{say('state.broken', session.language, what=what, ref=reference)}")


@st.fragment
def apart(session: Session, line: str, build: str, draw: Callable[[], None]) -> None:
    """Draw a part of a page whose widgets redraw it alone. The whole page is redrawn when it would no longer show the
    same build, or the viewer's scope has changed, so that a page never shows two."""
    published = builds.published(line)
    if published is None or published.id != build or access.policy().roles.get(session.role) != session.scope.role:
        st.rerun()
    guarded(session, draw)


def indicator_card(
    session: Session,
    indicator: Indicator,
    value: float | None,
    before: float | None,
    trend: Sequence[float] = (),
    cases: Sequence[float | None] = (),
) -> None:
    """One indicator: its figure, its change on the same period a year before, and its months as a sparkline. `cases`
    are how many it stands on, now and before: on few, its change is told without a judgement."""
    language = session.language
    delta = change(value, before, indicator.unit, language)
    is_weak = is_small(before, indicator.unit) or any(is_few(n) for n in cases)
    against = "incomparable" if not delta else "small" if is_weak else "against"
    doubt = semantic.doubt(indicator)
    mark, warning = (" :material/rule:", f"\n\n{doubt.text(language)}") if doubt else ("", "")
    st.metric(
        indicator.label(language) + mark,
        figure(value, indicator.unit, language, short=True),
        delta,
        delta_color=_DELTA_COLOUR[indicator.direction] if against == "against" and _tells(delta) else "off",
        delta_description=say(f"period.{against}", language),
        help=indicator.definition(language) + warning,
        chart_data=list(trend) if len(trend) > 1 else None,
        chart_type="area",
        height="stretch",
    )


def number_field(session: Session, label: str, *, key: str) -> Decimal | None:
    """A field for a number, typed as the reader's language writes numbers: what browsers call a field for numbers makes
    15 of 1,5. None where nothing was typed, or no number, which is said below."""
    language = session.language
    text = st.text_input(label, key=key, placeholder=say("number.example", language))
    if not text:
        return None
    try:
        return typed(text, language)
    except ValueError:
        st.error(say("number.unread", language, text=escaped(short(text)), example=say("number.example", language)))
        return None


def written(table: pd.DataFrame, units: Mapping[str, str], language: Language) -> Any:
    """A table for `st.dataframe`, its figures as the reader writes them: they stay numbers, and sort as such.

    A column's own format follows the browser, which may speak another language.

    Args:
        units: the unit of each column of figures.
    """
    return table.style.format(
        {
            name: partial(figure, unit=unit, language=language, decimals=places(table[name], unit))
            for name, unit in units.items()
        }
    )


def floats(table: pd.DataFrame) -> dict[str, None]:
    """The columns of a table that hold numbers with decimals, for `written` where nobody tells their units."""
    return dict.fromkeys(table.select_dtypes("float"))


def _tells(delta: str | None) -> bool:
    """Whether a change is more than nothing, as it is written: +0,0 % is neither good nor bad."""
    return any(digit in (delta or "") for digit in "123456789")


def trace(session: Session, indicator: Indicator, answer: Answer) -> None:
    """Where a figure comes from: definition, formula, build, freshness, checks, and the query that was run."""
    language = session.language
    with st.popover(say("trace.title", language), icon=":material/help:", type="tertiary"):
        st.markdown(f"**{indicator.label(language)}**")
        st.write(indicator.definition(language))
        st.markdown(f"**{say('trace.formula', language)}** — {indicator.formula(language)}")
        for note in (n for n in answer.notes if n.comparison == "parameters"):
            st.markdown(f":material/rule: {escaped(note.text(language))}")
        builds = ", ".join(f"{say(f'line.{b.line}', language)} `{b.id}`" for b in answer.builds)
        st.markdown(f"**{say('trace.build', language)}** — {builds}")
        fresh = freshness(answer.newest_event_on, landed_at(answer.as_of, language), language)
        st.markdown(f"**{say('trace.freshness', language)}** — {fresh}")
        if indicator.sources:
            st.markdown(f"**{say('trace.sources', language)}** — {', '.join(indicator.sources)}")
        st.page_link(
            link("catalogue"),
            label=say("trace.catalogue", language),
            icon=":material/menu_book:",
            query_params={"entry": f"indicator:{indicator.name}"},
        )
        with st.expander(say("trace.sql", language)):
            st.code(answer.sql, language="sql")
