"""What a file or a picture says of itself, so that a reader elsewhere can trust it and find it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from apps.blocks import freshness, landed_at
from apps.numbers import day, figure, instant
from apps.screens.explore.data import MOST_EXPORTED, View
from apps.screens.explore.state import State
from apps.screens.explore.table import Words
from apps.session import Session
from apps.words import say
from lake.semantic import Indicator

Period = tuple[date | None, date | None]


def title(view: State, words: Words) -> str:
    """`Ventes nettes par Structure`: what a view shows, in a line."""
    shown = ", ".join(words.labels[n] for n in view.show)
    dimensions = ", ".join(words.title(d) for d in view.dimensions)
    return f"{shown} · {dimensions}" if dimensions else shown


def period(span: Period, words: Words) -> str:
    language = words.language
    if span[0] is None or span[1] is None:
        return say("explore.all_time", language)
    return say("explore.from_to", language, since=day(span[0], language), until=day(span[1], language))


def structures(session: Session) -> str:
    """The structures that the reader sees."""
    if session.sees_every_structure:
        return say("portal.structures_all", session.language)
    return ", ".join(session.scope.structures)


def selections(view: State, words: Words) -> str:
    """The selections in words."""
    said = [
        words.pair(words.title(p.dimension), ", ".join(words.member(p.dimension, v) for v in p.values))
        for p in view.picks
    ]
    return " · ".join(said) or say("explore.about.no_filter", words.language)


def origin(view: View, words: Words) -> str:
    """The builds that the figures come from, and how fresh they are."""
    language = words.language
    builds = ", ".join(f"{b.line} {b.id}" for b in view.main.builds)
    fresh = freshness(view.main.newest_event_on, landed_at(view.main.as_of, language), language)
    return f"{words.pair(say('explore.about.build', language), builds)} · {fresh}"


def lines(
    session: Session, view: View, indicators: Mapping[str, Indicator], span: Period, words: Words, link: str
) -> list[tuple[str, str]]:
    """Everything that the second sheet of a workbook says: label and text."""
    language = session.language

    def label(part: str) -> str:
        return say(f"explore.about.{part}", language)

    found = [
        (label("view"), title(view.state, words)),
        (label("period"), period(span, words)),
        (label("filters"), selections(view.state, words)),
        (label("scope"), f"{session.label} – {structures(session)}"),
        (label("rates"), label("rates_text")),
    ]
    for name in view.state.show:
        indicator = indicators[name]
        found.append((label("indicator"), f"{indicator.label(language)} – {indicator.definition(language)}"))
        found.append((label("formula"), indicator.formula(language)))
    found += [(label("build"), f"{b.line} {b.id}") for b in view.main.builds]
    found.append((label("events"), day(view.main.newest_event_on, language)))
    found.append((label("landed"), instant(view.main.as_of, language)))
    found.append((label("checks"), say(f"explore.checks.{view.main.check_status}", language)))
    found += [(label("note"), note.text(language)) for note in view.main.notes]
    if view.is_cut:
        number = figure(MOST_EXPORTED, "count", language)
        found.append((label("note"), say("explore.cut_export", language, n=number)))
    found.append((label("address"), link))
    found.append((label("exported"), instant(datetime.now(UTC), language)))
    return found
