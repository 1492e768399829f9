"""What there is to know of an entry beside its definition: units and range, columns, the contract's fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from apps.numbers import age, figure
from apps.screens.catalogue import data
from apps.screens.catalogue.data import Known
from apps.screens.catalogue.descriptions import described
from apps.screens.catalogue.entries import Entry
from apps.screens.catalogue.tables import draw_table
from apps.session import Session
from apps.values import name as value_name
from apps.words import Language, escaped, say
from lake import semantic
from lake.contracts import Contract, contract
from lake.errors import StoreError
from lake.semantic import Dimension, Indicator


def draw_details(session: Session, found: Known, entry: Entry) -> None:
    if entry.kind == "indicator":
        indicator = next(i for i in semantic.metrics(scope=session.scope) if i.name == entry.name)
        dimensions = semantic.dimensions([indicator.name], scope=session.scope)
        _facts(session, _of_indicator(found, indicator, dimensions, session.language))
    elif entry.kind == "source":
        _source(session, contract(entry.name))
    else:
        _columns(session, found, entry)


def _facts(session: Session, facts: list[tuple[str, str]]) -> None:
    for word, text in facts:
        st.markdown(f"**{say(f'catalogue.{word}', session.language)}** — {text}")


def _of_indicator(
    found: Known, indicator: Indicator, dimensions: Sequence[Dimension], language: Language
) -> list[tuple[str, str]]:
    facts = [
        ("unit", say(f"catalogue.units.{indicator.unit}", language)),
        ("direction", say(f"catalogue.directions.{indicator.direction}", language)),
        ("additive", say(f"catalogue.additives.{str(indicator.is_additive).lower()}", language)),
    ]
    if indicator.typical:
        low, high = (figure(value, indicator.unit, language) for value in indicator.typical)
        facts.append((f"typical.{indicator.typical_in}", say("catalogue.range", language, low=low, high=high)))
    sources = ((found.entry(f"source:{name}"), name) for name in indicator.sources)
    named = (f"{entry.label.to(language)} `{name}`" if entry else f"`{name}`" for entry, name in sources)
    facts.append(("sources", ", ".join(named)))
    if indicator.parameters:
        facts.append(("parameters", _parameters(indicator, language)))
    split = (d for d in dimensions if not d.is_event and d.name != "metric_time")
    facts.append(("split", ", ".join(f"{d.label(language)} `{d.name}`" for d in split)))
    return facts


def _parameters(indicator: Indicator, language: Language) -> str:
    """The legal parameters that an indicator rests on, by their names; and what of them is not verified."""
    names = {p.name: p.label(language) for p in semantic.parameters()}
    told = ", ".join(f"{escaped(names.get(name, name))} `{name}`" for name in indicator.parameters)
    doubt = semantic.doubt(indicator)
    return f"{told} · :material/rule: {escaped(doubt.text(language))}" if doubt else told


def _columns(session: Session, found: Known, entry: Entry) -> None:
    node = found.ways[entry.line].nodes[entry.id]
    language = session.language
    rows = [
        {"name": f"`{c.name}`", "description": escaped(described(c.description, language)), "sql": escaped(c.kind)}
        for c in node.columns
    ]
    _table(session, "columns", rows)


def _source(session: Session, source: Contract) -> None:
    language = session.language
    promise = say("catalogue.promise_none", language)
    if source.freshness_days:
        promise = say("catalogue.promise_days", language, n=source.freshness_days)
    facts = [
        ("grain", described(source.grain, language)),
        ("key", ", ".join(f"`{f.name}`" for f in source.key)),
        ("contract", f"`{source.line}/{source.path.name}` · {source.version} · {source.reading.format.upper()}"),
        ("versions", f"`{source.version_order}`"),
        ("promise", promise),
        ("landed", _landed(session, source.name)),
    ]
    _facts(session, facts)
    rows = [
        {
            "header": escaped(f.header),
            "name": f"`{f.name}`",
            "description": escaped(described(f.description, language)),
            "kind": say(f"catalogue.types.{f.kind}", language),
            "required": "✓" if f.required else "",
            "values": escaped(", ".join(value_name(f.name, value, language) for value in f.allowed)),
            "personal": say(f"catalogue.personals.{f.personal}", language) if f.personal else "",
        }
        for f in source.fields
    ]
    _table(session, "fields", rows)


def _landed(session: Session, source: str) -> str:
    language = session.language
    try:
        now = data.landed(source)
    except StoreError:
        return say("catalogue.store_down", language)
    if now is None or now.landed_at is None:
        return say("catalogue.landed_none", language)
    if not session.sees_every_structure:  # the counts are of all structures together
        return say("catalogue.landed_at", language, age=age(datetime.now(UTC) - now.landed_at, language))
    said = say(
        "catalogue.landed_is",
        language,
        records=figure(now.records, "count", language),
        age=age(datetime.now(UTC) - now.landed_at, language),
        quarantined=figure(now.quarantined, "count", language),
    )
    return f"{said} · :material/schedule: {say('catalogue.late', language)}" if now.is_late else said


def _table(session: Session, key: str, rows: list[dict[str, str]]) -> None:
    title = say(f"catalogue.{key}", session.language)
    st.subheader(title, anchor=False)
    draw_table(rows, title, session.language)
