"""The internal benchmark: a structure's (or site's) value against the group's median, quartiles and rank.

Who sees all structures gets plain quartiles. Who doesn't must not read a peer's own figure from them, and the median
of an odd number of values *is* one. So theirs are means of the values around the quartile, three of which at least are
of peers that they don't see; the rank stays exact. There is no benchmark with fewer than five peers, or when one to
four of them are out of sight. Filters on structures and sites choose the rows, never the peers: otherwise a filter that
lets one peer more in would tell that peer's figure. So would any filter whose values belong to few of them (a commune,
a practitioner, a chair): who doesn't see all structures gets no benchmark with a value that fewer than five share.
A row of which such a filter leaves but a part has no benchmark: its peers are whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from lake.access import ALL
from lake.errors import QueryError
from lake.semantic.answer import Column
from lake.semantic.asked import Asked
from lake.semantic.filters import Filter
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.names import Vocabulary
from lake.semantic.question import Question
from lake.semantic.rows_by_key import Key, Row
from lake.semantic.sheet import Sheet

#: Peers without which there is no benchmark.
FEWEST_PEERS = 5

#: Values of peers out of sight that a quartile is at least made of, for who doesn't see them.
FEWEST_HIDDEN = 3

_PLACES = ("structure", "site")

_PARTS: dict[str, tuple[str, str]] = {
    "q1": ("premier quartile du groupe", "group's first quartile"),
    "median": ("médiane du groupe", "group's median"),
    "q3": ("troisième quartile du groupe", "group's third quartile"),
    "rank": ("rang dans le groupe", "rank in the group"),
    "peers": ("pairs comparés", "peers compared"),
}


@dataclass(frozen=True)
class _Level:
    """What is compared: `place` is structure or site, `column` says where rows name it; else it is `own` in all."""

    place: str
    column: str | None
    own: str | None
    #: Names of the columns that must be alike for rows to be compared: the period, and what events are split by.
    alike: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Where a value stands among its peers."""

    q1: float
    median: float
    q3: float
    rank: int | None
    peers: int


def add_benchmark(sheet: Sheet, asked: Asked) -> None:
    """Add the quartiles of the group, the rank in it and the number of peers, for each indicator.

    Raises:
        QueryError: the question is not by structure or site, or splits them by what is no event's own.
    """
    vocabulary = Vocabulary(asked.source.manifest, asked.question.metrics)
    level = _level(asked, vocabulary)
    where = tuple(f for f in asked.question.where if _leads_from(vocabulary, f.field) not in _PLACES)
    question = Question(
        asked.question.metrics,
        (level.place, *level.alike),
        where,
        asked.question.since,
        asked.question.until,
        asked.question.grain if METRIC_TIME in level.alike else None,
    )
    if _singles_out(asked, where):
        sheet.note(
            "benchmark",
            "Pas de comparaison avec ce filtre : une de ses valeurs concerne moins de "
            f"{FEWEST_PEERS} autres structures, et en trahirait les chiffres.",
            "No benchmark with this filter: one of its values is shared by fewer than "
            f"{FEWEST_PEERS} other structures, whose figures it would give away.",
        )
        for column in sheet.metrics:
            _add(sheet, column, {id(row): None for row in sheet.rows}, told=len(sheet.rows))
        return
    group = asked.ask_of(question, (ALL,)).table.to_pylist()
    seen = {_key(row, (level.place, *level.alike)) for row in asked.ask(question).table.to_pylist()}
    if len(where) < len(asked.question.where):
        sheet.note(
            "benchmark",
            "Les pairs sont ceux de tout le groupe : les filtres de structure et de site ne les restreignent pas.",
            "Peers are those of the whole group: filters on structures and sites don't narrow them.",
        )
    for column in sheet.metrics:
        standings, parts = _standings(sheet, column, level, group, seen)
        if parts:
            sheet.note(
                "benchmark",
                f"{column.label_fr} : pas de comparaison là où les filtres ne laissent qu'une partie d'une structure : "
                "ses pairs sont entiers.",
                f"{column.label_en}: no benchmark where the filters leave but a part of a structure: "
                "its peers are whole.",
            )
        _add(sheet, column, standings, told=parts)


def _singles_out(asked: Asked, where: tuple[Filter, ...]) -> bool:
    """Whether a value that the filters let through belongs to too few structures that the reader doesn't see."""
    if asked.scope.structures == (ALL,) or not where:
        return False
    fields = tuple(dict.fromkeys(f.field for f in where))
    question = Question(
        asked.question.metrics, (_PLACES[0], *fields), where, asked.question.since, asked.question.until
    )
    sharing: dict[Key, set[Any]] = {}
    for row in asked.ask_of(question, (ALL,)).table.to_pylist():
        if row[_PLACES[0]] not in asked.scope.structures:
            sharing.setdefault(_key(row, fields), set()).add(row[_PLACES[0]])
    return any(len(structures) < FEWEST_PEERS for structures in sharing.values())


def _level(asked: Asked, vocabulary: Vocabulary) -> _Level:
    question = asked.question
    named: dict[str, str] = {}
    alike = []
    for name in question.by:
        item = vocabulary.item(name, question.grain)
        if item.field.name in _PLACES:
            named[item.field.name] = name
        elif _leads_from(vocabulary, name) not in _PLACES:
            if item.field.kind == "entity":
                raise QueryError(f"There is no benchmark by '{name}'.", remedy="Compare structures or sites.")
            alike.append(name)
    # A part of a structure (its sites of a region) would be compared with whole structures.
    parts = [name for name in question.by if name not in named.values() and _leads_from(vocabulary, name) == "site"]
    if parts and "site" not in named:
        raise QueryError(f"There is no benchmark by '{parts[0]}'.", remedy="Compare structures or sites.")
    for place in reversed(_PLACES):
        if place in named:
            return _Level(place, named[place], None, tuple(alike))
    if asked.scope.structures == (ALL,) or len(asked.scope.structures) != 1:
        raise QueryError("A benchmark compares structures or sites.", remedy="Ask by structure or by site.")
    return _Level("structure", None, asked.scope.structures[0], tuple(alike))


def _leads_from(vocabulary: Vocabulary, name: str) -> str:
    """The entity that a dimension is reached from, or is."""
    field = vocabulary.item(name).field
    return field.links[0] if field.links else field.name


def _standings(
    sheet: Sheet, column: Column, level: _Level, group: Sequence[Row], seen: set[Key]
) -> tuple[dict[int, Standing | None], int]:
    """Each row's standing, by the row's identity; None where there are too few peers, or the row is but a part of its
    place. And how many rows are such parts."""
    held: dict[Key, dict[Any, Any]] = {}
    hidden: dict[Key, set[Any]] = {}
    for row in group:
        if row[column.name] is None or row[level.place] is None:
            continue
        alike = _key(row, level.alike)
        held.setdefault(alike, {})[row[level.place]] = row[column.name]
        if (row[level.place], *alike) not in seen:
            hidden.setdefault(alike, set()).add(row[level.place])
    found: dict[int, Standing | None] = {}
    parts = 0
    for row in sheet.rows:
        alike = _key(row, level.alike)
        own = row[level.column] if level.column else level.own
        among = held.get(alike, {})
        if _is_part(row[column.name], among.get(own)):
            found[id(row)] = None
            parts += 1
        else:
            found[id(row)] = standing(among, hidden.get(alike, set()), own, down=column.direction == "down")
    return found, parts


def _is_part(value: Any, whole: Any) -> bool:
    """Whether a row's figure is not that of its whole place. Sums of floats may differ in their last digits."""
    return value is not None and whole is not None and not math.isclose(value, whole, rel_tol=1e-9, abs_tol=1e-9)


def standing(values: Mapping[Any, Any], hidden: set[Any], own: Any, *, down: bool = False) -> Standing | None:
    """Where `own` stands among the values by place; `hidden` are the places that the reader doesn't see."""
    peers = len(values) - (own in values)
    if peers < FEWEST_PEERS or 0 < len(hidden - {own}) < FEWEST_PEERS:
        return None
    ordered = sorted(values.items(), key=lambda item: item[1])
    quartiles = [_quantile(ordered, hidden - {own}, share) for share in (0.25, 0.5, 0.75)]
    rank = None
    if own in values:
        better = [v for v in values.values() if (v < values[own] if down else v > values[own])]
        rank = len(better) + 1
    return Standing(quartiles[0], quartiles[1], quartiles[2], rank, peers)


def _quantile(ordered: Sequence[tuple[Any, Any]], hidden: set[Any], share: float) -> float:
    position = share * (len(ordered) - 1)
    if not hidden:
        low = int(position)
        high = min(low + 1, len(ordered) - 1)
        below, above = float(ordered[low][1]), float(ordered[high][1])
        return below + (above - below) * (position - low)
    middle = round(position)
    for reach in range(1, len(ordered)):
        window = ordered[max(middle - reach, 0) : middle + reach + 1]
        if sum(place in hidden for place, _ in window) >= FEWEST_HIDDEN:
            break
    return sum(float(value) for _, value in window) / len(window)


def _add(sheet: Sheet, column: Column, standings: Mapping[int, Standing | None], *, told: int = 0) -> None:
    """Add the columns of one indicator, and a note if rows have no standing beyond those of which it is told why."""
    for part, (fr, en) in _PARTS.items():
        is_count = part in ("rank", "peers")
        sheet.add(
            replace(
                column,
                name=f"{column.name}__benchmark_{part}",
                label_fr=f"{column.label_fr} – {fr}",
                label_en=f"{column.label_en} – {en}",
                unit="count" if is_count else column.unit,
                format="#,##0" if is_count else column.format,
                of=column.name,
                comparison="benchmark",
            ),
            lambda row, part=part: getattr(standings[id(row)], part, None),  # type: ignore[misc]
            pa.int64() if is_count else pa.float64(),
        )
    without = sum(s is None for s in standings.values()) - told
    if without:
        sheet.note(
            "benchmark",
            f"{column.label_fr} : pas de comparaison pour {without} ligne(s), il faut au moins {FEWEST_PEERS} pairs.",
            f"{column.label_en}: no benchmark for {without} row(s), at least {FEWEST_PEERS} peers are needed.",
        )


def _key(row: Mapping[str, Any], names: Sequence[str]) -> Key:
    return tuple(row[name] for name in names)
