"""Lake against the published builds, source by source, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import streamlit as st
from babel.numbers import format_decimal

from apps.numbers import NOTHING, locale
from apps.screens.quality.trust import Checked, Reconciled, reconciled
from apps.session import Session
from apps.words import Language, catalogue, say
from lake import builds
from lake.checks import results


def draw_reconciliation(session: Session, line: str | None) -> None:
    language = session.language
    if not session.sees_every_structure:
        st.info(say("quality.totals_hidden", language), icon=":material/lock:")
        return
    published = [b for name in session.marts if line in (None, name) and (b := builds.published(name))]
    if not published:
        st.info(say("quality.no_build", language), icon=":material/hourglass_empty:")
        return
    checked = [Checked(b, tuple(results(b))) for b in published]
    numbers = {(n.source, n.what): n for one in checked for n in reconciled(one)}  # shared sources stand in every line
    untold = [one for one in checked if not any(r.compared for r in one.results)]
    if numbers:
        _numbers(session, list(numbers.values()))
    if untold:
        _as_said(session, untold)


def _numbers(session: Session, numbers: list[Reconciled]) -> None:
    language = session.language
    wrong = [n for n in numbers if n.difference]
    if wrong:
        text = say("quality.reconciled_bad", language, n=len(wrong), total=len(numbers))
        st.error(text, icon=":material/error:")
    else:
        sources = len({n.source for n in numbers})
        text = say("quality.reconciled_good", language, n=len(numbers), sources=sources)
        st.markdown(f":material/verified: {text}")
    rows = [
        {
            "source": n.source,
            "what": _what(n.what, language),
            "lake": exact(n.lake, language),
            "build": exact(n.build, language),
            "difference": exact(n.difference, language) if n.difference else "✓",
            "relation": n.relation.rpartition(".")[2] if n.what != "versions" else "inputs",
        }
        for n in sorted(numbers, key=lambda n: (not n.difference, n.source))
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config=_columns(rows[0], language), height=560, placeholder=NOTHING
    )


def _as_said(session: Session, checked: list[Checked]) -> None:
    language = session.language
    st.caption(say("quality.reconciled_old", language))
    rows = [
        {"source": r.subject_en, "relation": r.where, "detail": r.detail}
        for one in checked
        for r in one.results
        if r.kind == "reconciliation"
    ]
    if rows:
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, column_config=_columns(rows[0], language), placeholder=NOTHING
        )


def exact(value: Decimal, language: Language) -> str:
    """Every digit of a number, as the reader writes it."""
    digits = max(0, -int(value.as_tuple().exponent))
    return format_decimal(value, format="#,##0" + ("." + "0" * digits if digits else ""), locale=locale(language))


def _what(what: str, language: Language) -> str:
    key = f"quality.whats.{what}"
    return say(key, language) if key in catalogue() else what


def _columns(row: dict[str, str], language: Language) -> dict[str, object]:
    names: dict[str, object] = {name: say(f"quality.column.{name}", language) for name in row}
    for name in ("lake", "build", "difference"):
        if name in row:
            names[name] = st.column_config.TextColumn(str(names[name]), alignment="right")
    return names
