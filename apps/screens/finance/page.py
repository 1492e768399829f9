"""Finance: the income statement as a finance director knows it, its balances and ratios, down to the entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from apps.address import Filters
from apps.ask import frame, indicators, last_month_end, state
from apps.blocks import apart, chips, empty, heading, indicator_card, trace, warnings_of
from apps.charts import among_peers
from apps.numbers import NOTHING, change, day, figure, month
from apps.screens.finance import data
from apps.screens.finance.balances import waterfall
from apps.screens.finance.charts import waterfall as waterfall_chart
from apps.screens.finance.data import AMOUNT, DSO, Choice, Ratio
from apps.screens.finance.period import SPANS, Span, months_to
from apps.screens.finance.statement import Line, Row, side, statement
from apps.screens.finance.table import AGAINST, cents
from apps.screens.finance.views import draw_statement
from apps.screens.line.data import structures
from apps.session import Session
from apps.words import say
from lake.semantic import Indicator

#: Rows of the statement that stand above it as its answer.
_ANSWER = ("revenue", "operating_result", "current_result", "net_result")
_PER_ROW = 3
_UNITS = ("k€", "€")

#: What the table of entries tells of each between its day and its place, and the column it stands in.
_ENTRY = {
    "journal": "journal_code",
    "number": "entry_number",
    "piece": "piece_reference",
    "account": "account",
    "label": "account_label",
    "debit": "debit_eur",
    "credit": "credit_eur",
}
_AMOUNTS = ("amount", "last_year", "effect")

#: The sides of an entry, one of which is empty in each: written as text, since an empty number reads "None".
_SIDES = ("debit", "credit")


def draw(session: Session, line: str) -> None:
    now = state(line)
    with st.container(horizontal=True, vertical_alignment="center"):
        heading(session, line)
        chips(session, now)
    warnings_of(session, now)
    known = {i.name: i for i in indicators(session, line)}
    if now.published is None or not known:
        empty(session, "no_build", line=line)
        return
    last = last_month_end(session, now.published, AMOUNT)
    first = data.first_month(session)
    if last is None or first is None:
        empty(session, "no_data")
        return
    choice = _filters(session, known[AMOUNT], months_to(last, first))
    found, answer = data.lines(session, choice)
    rows = statement(found)
    if all(row.line is None for row in rows):
        empty(session, "no_rows")
        return
    _answer(session, rows)
    _notes(session, choice, rows, is_unfinished=choice.period.until > last)
    names = structures(session, known[AMOUNT])
    is_short = st.session_state["finance-unit"] == _UNITS[0]
    st.subheader(say("finance.section.statement", session.language), anchor=False)
    shown = partial(draw_statement, session, rows, choice, thousands=is_short, has_many=len(names) > 1)
    apart(session, line, now.published.id, shown)
    trace(session, known[AMOUNT], answer)
    found_ratios = _ratios(session, known, choice)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(say("finance.section.balances", session.language), anchor=False)
        st.caption(say("finance.balances_note", session.language))
        st.vega_lite_chart(
            waterfall_chart(waterfall(found), session.language),
            alt=say("finance.section.balances", session.language),
        )
    with right:
        apart(session, line, now.published.id, partial(_peers, session, found_ratios, has_many=len(names) > 1))
    apart(session, line, now.published.id, partial(_drill, session, found, choice))


def _filters(session: Session, any_indicator: Indicator, months: Sequence[date]) -> Choice:
    language = session.language
    names = structures(session, any_indicator)
    filters = Filters("finance")
    with st.container(key="finance-filters"):
        left, right = st.columns(2)
        with left:
            chosen = st.multiselect(
                say("filter.structures", language),
                list(names),
                format_func=lambda i: f"{names[i]} ({i})",
                placeholder=next(iter(names.values())) if len(names) == 1 else say("filter.structures_all", language),
                key=filters.several("structures", names),
            )
        is_told = bool(chosen) or len(names) == 1
        of_sites = data.sites(session, tuple(chosen)) if is_told else {}
        with right:
            sites = st.multiselect(
                say("finance.site", language),
                list(of_sites),
                format_func=lambda i: f"{of_sites[i]} ({i})",
                placeholder=say("finance.site_all" if is_told else "finance.site_first", language),
                disabled=not is_told,
                key=filters.several("sites", of_sites),
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            span: Span = st.segmented_control(
                say("finance.span", language),
                SPANS,
                required=True,
                format_func=lambda s: say(f"finance.spans.{s}", language),
                key=filters.one("span", SPANS, "to_date"),
            )
            until = st.selectbox(
                say("finance.month", language),
                months,
                format_func=lambda m: month(m, language),
                width=220,
                key=filters.one("month", months, months[0], lambda m: f"{m:%Y-%m}"),
            )
            st.segmented_control(
                say("finance.unit", language),
                _UNITS,
                required=True,
                format_func=lambda u: say("finance.thousands", language) if u == _UNITS[0] else u,
                key=filters.one("unit", _UNITS, _UNITS[0]),
            )
    filters.settle(session)
    return Choice(until, span, tuple(chosen), tuple(sites))


def _answer(session: Session, rows: Sequence[Row]) -> None:
    """The results before their details, against the budget where there is one."""
    language = session.language
    by_key = {row.key: row for row in rows}
    shown = [by_key[key] for key in _ANSWER if key in by_key]
    for column, row in zip(st.columns(len(shown)), shown, strict=True):
        reference = row.budget if row.budget is not None else row.last_year
        delta = change(row.actual, reference, "eur", language)
        basis = "none" if delta is None else "budget" if row.budget is not None else "last_year"
        with column, st.container(border=True, height="stretch"):
            st.metric(
                say(f"finance.row.{row.key}", language).partition(" (")[0].lstrip("0123456789. "),
                figure(row.actual, "eur", language, short=True),
                delta,
                delta_color="normal" if delta else "off",
                delta_description=say(f"finance.against.{basis}", language),
            )


def _notes(session: Session, choice: Choice, rows: Sequence[Row], *, is_unfinished: bool) -> None:
    language = session.language
    if is_unfinished:
        st.info(say("finance.unfinished", language), icon=":material/event_upcoming:")
    if all(row.budget is None for row in rows):
        st.info(say("finance.no_budget", language), icon=":material/savings:")
    if choice.sites:
        st.caption(say("finance.head_office", language))


def _ratios(session: Session, known: dict[str, Indicator], choice: Choice) -> list[Ratio]:
    language = session.language
    st.subheader(say("finance.section.ratios", language), anchor=False)
    found = data.ratios(session, known, choice)
    for start in range(0, len(found), _PER_ROW):
        for column, ratio in zip(st.columns(_PER_ROW), found[start : start + _PER_ROW], strict=False):
            with column, st.container(border=True, height="stretch"):
                indicator_card(session, ratio.indicator, ratio.value, ratio.before)
    for ratio in found:
        if ratio.indicator.name == DSO:
            st.caption(say("finance.dso_year", language, year=ratio.period.until.year))
    return found


def _peers(session: Session, found: Sequence[Ratio], *, has_many: bool) -> None:
    language = session.language
    question = say(f"finance.section.{'peers' if has_many else 'peer'}", language)
    by_name = {ratio.indicator.name: ratio for ratio in found}
    filters = Filters("finance")
    st.subheader(question, anchor=False)
    name = st.selectbox(
        say("finance.ratio", language),
        list(by_name),
        format_func=lambda n: by_name[n].indicator.label(language),
        key=filters.one("ratio", by_name, next(iter(by_name))),
    )
    filters.settle(session)
    answer = data.benchmark(session, by_name[name])
    table = frame(answer).dropna(subset=[name])
    if table.empty:
        empty(session, "no_rows")
        return
    indicator = by_name[name].indicator
    st.vega_lite_chart(
        among_peers(table, "structure_name", name, indicator.unit, language),
        alt=f"{indicator.label(language)}: {question}",
    )
    st.caption(say("peers.how" if table[f"{name}__benchmark_median"].notna().any() else "peers.too_few", language))


def _drill(session: Session, found: Sequence[Line], choice: Choice) -> None:
    language = session.language
    by_code = {line.code: line for line in found if line.actual is not None or line.last_year is not None}
    if not by_code:
        return
    st.subheader(say("finance.section.drill", language), anchor=False)
    filters = Filters("finance")
    left, right = st.columns(2)
    with left:
        code = st.selectbox(
            say("finance.line", language),
            list(by_code),
            format_func=lambda c: by_code[c].label(language),
            key=filters.one("line", by_code, next(iter(by_code))),
        )
    accounts = data.accounts(session, choice, code).table.to_pylist()
    names = {row["account"]: row["account_label"] or NOTHING for row in accounts}
    with right:
        account = st.selectbox(
            say("finance.account", language),
            list(names),
            format_func=lambda a: f"{a} · {names[a]}",
            key=filters.one("account", names, next(iter(names), None)),
        )
    filters.settle(session)
    sign = -1 if side(code) == "cost" else 1
    table = pd.DataFrame(
        {
            "account": list(names),
            "label": list(names.values()),
            "amount": _signed(accounts, AMOUNT, sign),
            "last_year": _signed(accounts, f"{AMOUNT}__previous_year", sign),
            "effect": _signed(accounts, f"{AMOUNT}__previous_year_gap", 1),
        }
    )
    _table(session, table, say("finance.accounts", language, line=by_code[code].label(language)))
    if not session.scope.allows("drill", "finance"):
        st.info(say("finance.no_drill", language), icon=":material/lock:")
    elif account is not None:
        _entries(session, choice, code, account, sign)


def _entries(session: Session, choice: Choice, code: str, account: str, sign: int) -> None:
    language = session.language
    page = data.entries(session, choice, code, account)
    rows = page.table.to_pylist()
    names = data.sites(session)
    shown = {
        "day": [day(row["entry_on"], language) for row in rows],
        **{
            n: [cents(row[column], language) if n in _SIDES and row[column] else row[column] or "" for row in rows]
            for n, column in _ENTRY.items()
            if column in page.table.column_names
        },
        "structure": [row["structure"] for row in rows],
        "site": [names.get(row["site"], row["site"]) for row in rows],
    }
    if "debit" not in shown:  # a build from before entries told their sides
        shown["amount"] = _signed(rows, AMOUNT, sign)
    table = pd.DataFrame(shown)
    _table(session, table, say("finance.entries", language, account=account))
    total = NOTHING if page.figure is None else cents(page.figure * sign, language)
    st.caption(say("finance.entries_total", language, n=page.count, total=total))
    if page.count > len(rows):
        st.caption(say("finance.entries_cut", language, n=len(rows)))


def _signed(rows: Sequence[dict[str, Any]], name: str, sign: int) -> list[Decimal | None]:
    return [None if row[name] is None else row[name] * sign for row in rows]


def _table(session: Session, table: pd.DataFrame, title: str) -> None:
    """Amounts to the cent, as the statement writes them; what is unfavourable is coloured."""
    language = session.language
    st.markdown(f"**{title}**")
    amounts = [name for name in table.columns if name in _AMOUNTS]
    shown = table.style.set_uuid("finance").format(partial(cents, language=language), subset=[*amounts], na_rep=NOTHING)
    if "effect" in table:
        shown = shown.map(lambda v: f"color: {AGAINST}" if v is not None and v < 0 else "", subset=["effect"])
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            name: st.column_config.Column(
                say(f"finance.column.{name}", language), alignment="right" if name in (*amounts, *_SIDES) else "left"
            )
            for name in table.columns
        },
        placeholder=NOTHING,
        alt=title,
    )
