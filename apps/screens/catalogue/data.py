"""What the catalogue asks: entries of the published builds, and of one entry its checks, use, rows and history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from apps.ask import last_day
from apps.numbers import PARIS
from apps.screens.catalogue.entries import Entry, Text, of_dataset, of_indicator, of_source, ordered
from apps.session import Session
from apps.store import store
from apps.words import catalogue as words
from lake import builds, lineage, semantic
from lake.builds import CORE, Build
from lake.checks import Result, results, suites
from lake.contracts import catalogue
from lake.errors import QueryError
from lake.lineage import Change, Lineage, Node
from lake.prototypes import Card, cards
from lake.semantic import Rows
from lake.settings import LINES, MARTS
from lake.status import SourceStatus, status
from lake.usage import Usage, Use
from lake.views import View, Views

#: The lines of the catalogue in the order of screens: those that have a mart, then those that all share.
ALL_LINES = (*LINES, "group", "geo")

#: Lines whose data stand in the shared dimensions, which every mart's build holds.
SHARED = ("group", "geo")

#: Rows shown of an entry, from the last days that have any.
SAMPLE_ROWS = 20
_SAMPLE_DAYS = 31

#: Keys of the names of what no suite of checks names.
_NAMES = "catalogue.names."

#: Days over which use is told, today included.
USED_DAYS = 30


@dataclass(frozen=True)
class Known:
    """All that a viewer may look up. `ways` are the lineages of the published builds by line, `builds` these builds;
    a shared line has those of the newest build."""

    entries: tuple[Entry, ...]
    builds: Mapping[str, Build]
    ways: Mapping[str, Lineage]

    def entry(self, id: str | None) -> Entry | None:
        """The entry of an id; of a name alone, as people copy it from the screen, where only one entry has it."""
        exact = next((e for e in self.entries if e.id == id), None)
        named = [e for e in self.entries if e.name == id]
        return exact or (named[0] if len(named) == 1 else None)


def known(session: Session) -> Known:
    """The entries of the lines in scope. Without any build there are the sources, which their contracts describe."""
    published = {mart: build for mart in session.marts if (build := builds.published(mart))}
    newest = max(published.values(), key=lambda b: b.created_at, default=None)
    if newest:
        published = {line: newest for line in SHARED if session.scope.sees(line)} | published
    ways = {line: lineage.read(build).within(session.scope.sees) for line, build in published.items()}
    called = names()
    entries = [of_indicator(i) for i in semantic.metrics(scope=session.scope)]
    for line, way in ways.items():
        own = [n for n in way.nodes.values() if n.kind == "dataset" and n.line == line]
        is_built = line == published[line].line  # the group's mart may not be there yet, its shared dimensions are
        entries += [of_dataset(n, way, called) for n in own if is_built or n.needs == (line,)]
    sources = [c for c in catalogue().values() if session.scope.sees(c.line)]
    entries += [of_source(c, ways.get(c.line), called) for c in sources]
    return Known(tuple(ordered(entries, ALL_LINES)), published, ways)


def checks_of(found: Known, entry: Entry) -> list[Result]:
    """The checks of the published build that bear on an entry: of the datasets and sources that it is made from."""
    build, way = found.builds.get(entry.line), found.ways.get(entry.line)
    if build is None or way is None or entry.id not in way.nodes:
        return []
    bearing = {entry.name} | {n.name for n in _bearing(way, entry)}
    return [r for r in results(build) if _about(r) in bearing]


def _about(result: Result) -> str | None:
    """The source reconciled, or the table that the suite checks."""
    if result.kind == "reconciliation":
        return result.subject_en
    return _suites()[result.where][0] if result.where in _suites() else None


def _bearing(way: Lineage, entry: Entry) -> list[Node]:
    if entry.kind == "source":
        return [n for n in way.nodes.values() if entry.name in n.reconciles]
    before = [n for n in way.before(entry.id) if n.kind in ("source", "dataset")]
    own = {name for n in (*before, way.nodes[entry.id]) for name in n.reconciles}
    nearest = {p for n in (way.nodes[entry.id], *way.before(entry.id)) if n.kind == "view" for p in n.before}
    return [n for n in before if n.name in own or n.id in nearest]


def screens(found: Known, entry: Entry) -> list[Node]:
    """The pages that show an entry, by the exposures of the build; empty for one made before they were declared."""
    way = found.ways.get(entry.line)
    return [n for n in way.after(entry.id) if n.kind == "screen"] if way and entry.id in way.nodes else []


def made_from_it(found: Known, entry: Entry) -> list[Entry]:
    """The indicators and datasets that are made from an entry and that the viewer may look up."""
    way = found.ways.get(entry.line)
    after = {n.id for n in way.after(entry.id)} if way and entry.id in way.nodes else set()
    return [e for e in found.entries if e.id in after]


def uses(found: Known) -> dict[str, Use]:
    """The use of each entry over the last days, by id: an indicator's own; that of a dataset or a source is what is
    made of it. An entry that nobody asked for has none.

    Raises:
        StoreUnavailable: MongoDB does not answer.
    """
    today = datetime.now(PARIS).date()
    own = Usage(store().usage).since(today - timedelta(days=USED_DAYS - 1))
    summed = {e.id: sum((own[name] for name in _asked(found, e) if name in own), Use()) for e in found.entries}
    return {id: use for id, use in summed.items() if use.visits}


def _asked(found: Known, entry: Entry) -> set[str]:
    """The indicators by whose names an entry is asked for."""
    if entry.kind == "indicator":
        return {entry.name}
    return {e.name for e in made_from_it(found, entry) if e.kind == "indicator"}


def views_of(session: Session, found: Known, entry: Entry) -> list[View]:
    """The saved views, among those the viewer may open, that ask for an indicator, or for one made from the entry.

    Raises:
        StoreUnavailable: MongoDB does not answer.
    """
    asked = _asked(found, entry)
    visible = Views(store().views).visible(session.owner)
    return [v for v in visible if asked & {value for values in v.address.values() for value in values}]


def prototypes_of(session: Session, found: Known, entry: Entry) -> list[Card]:
    """The prototypes of the viewer's lines that name an indicator, or one made from the entry, in their code."""
    asked = _asked(found, entry)
    return [c for c in cards() if c.line in session.lines and asked & _words(c.page.parent)]


@lru_cache(maxsize=256)
def _words(folder: Path) -> frozenset[str]:
    """Every word of the modules in a folder; they are part of the code, so they do not change."""
    return frozenset(word for path in folder.glob("*.py") for word in re.findall(r"\w+", path.read_text("utf-8")))


def landed(source: str) -> SourceStatus | None:
    """What the lake holds of a source.

    Raises:
        StoreUnavailable: MongoDB does not answer.
    """
    return next((s for s in status(store()).sources if s.name == source), None)


def sample(session: Session, found: Known, entry: Entry) -> Rows | None:
    """Some of the newest rows in the viewer's scope; None if no indicator counts the entry's rows.

    Raises:
        AccessDenied: the role may not see rows.
    """
    for metric in _counting(found, entry):
        try:
            until = last_day(session, metric) if _has_days(session, metric) else None
            since = until - timedelta(days=_SAMPLE_DAYS) if isinstance(until, date) else None
            return semantic.rows(metric, since=since, limit=SAMPLE_ROWS, scope=session.scope)
        except QueryError:  # a state, or a rank: another indicator of the same rows may do
            continue
    return None


def _counting(found: Known, entry: Entry) -> Sequence[str]:
    """Indicators whose rows are the entry's."""
    if entry.kind == "indicator":
        return [entry.name]
    way = found.ways.get(entry.line)
    if way is None or entry.id not in way.nodes:
        return []
    if entry.kind == "source":
        datasets = [n.id for n in way.nodes.values() if entry.name in n.reconciles]
    else:
        datasets = [entry.id]
    views = [n.id for n in way.nodes.values() if n.kind == "view" and set(n.before) & set(datasets)]
    visible = {e.id for e in found.entries}
    counting = [n for n in way.nodes.values() if n.kind == "indicator" and set(n.before) & set(views)]
    return [n.name for n in counting if n.id in visible][:3]


def _has_days(session: Session, metric: str) -> bool:
    return not next((i.needs_time for i in semantic.metrics(scope=session.scope) if i.name == metric), True)


def history(entry: Entry) -> tuple[list[Change], datetime | None]:
    """How the definition changed over the kept builds, and how far back they go."""
    # Any build's manifest describes the shared dimensions too; the group's is made when any of what it holds changes.
    kept = (entry.line in MARTS and builds.builds(entry.line)) or builds.builds(CORE)
    return lineage.history(kept, entry.id), min((b.created_at for b in kept), default=None)


def names() -> dict[str, Text]:
    """What the tables and the sources are called: as the checks call them, or else by a name of the catalogue's own."""
    own = {key.removeprefix(_NAMES): Text(**said) for key, said in words().items() if key.startswith(_NAMES)}
    return own | dict(_suites().values())


@lru_cache(maxsize=1)
def _suites() -> dict[str, tuple[str, Text]]:
    """By `<line>/<suite>`: the table that it checks, and what it calls it; part of the code, so they do not change."""
    return {
        f"{line}/{s.name}": (s.table.rpartition(".")[2], Text(s.subject_fr, s.subject_en))
        for line in (CORE, *MARTS)
        for s in suites.load(line)
        if s.table
    }
