"""Indicators worked out by hand, in SQL on the staging rows, against what the semantic layer answers.

A test file says for each indicator of a line its `Part` or its formula; they share nothing with the models and
definitions that they check but the staging rows. A cell is one figure over a month, quarter or year: of the group, or
of one structure, site or commune, which the question filters, splits by, or sees alone in its scope.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest

from lake import access, builds, semantic
from lake.access import Role, Scope
from lake.semantic import Filter

#: How a cell's place is asked for.
WAYS = ("group", "filter", "split", "scope")

_PLACES = {
    "structure": "structure_id = ?",
    "site": "site_id = ?",
    "site_commune": "site_id in (select site_id from core.atomic.dim_site where is_current and commune_name = ?)",
}


@dataclass(frozen=True)
class Part:
    """`select {value} from {rows}` where `condition` holds and `day` is in the period, added up over `each` if told.

    `rows` has structure_id and site_id.
    """

    value: str
    rows: str
    day: str
    condition: str = "true"
    each: str | None = None


#: From the values of other indicators at a cell to this one's.
Formula = Callable[[Callable[[str], float]], float]


def parts(rows: str, day: str, **values: str) -> dict[str, Part]:
    """Indicators that are aggregates of the same rows."""
    return {name: Part(value, rows, day) for name, value in values.items()}


def ratio(above: str, below: str, factor: float = 1) -> Formula:
    """One indicator over another; 0 over nothing."""
    return lambda value: value(above) / value(below) * factor if value(below) else 0.0


@dataclass(frozen=True)
class Cell:
    """One figure. `place` is one of `dimension` (structure, site, site_commune), None for the whole group."""

    since: date
    until: date
    way: str = "group"
    dimension: str = "structure"
    place: str | None = None


class ByHand:
    """Answers in plain SQL on the staging views of one published line, beside those of `other_lines`."""

    def __init__(
        self,
        line: str,
        parts: Mapping[str, Part],
        formulas: Mapping[str, Formula],
        other_lines: Sequence[str] = (),
    ) -> None:
        build = builds.published(line)
        assert build is not None
        others = [other for name in other_lines if (other := builds.published(name))]
        self.line = line
        self.names = {name for name in {**parts, **formulas} if name.startswith(f"{line}_")}
        self.con = duckdb.connect()
        self.con.execute(f"set file_search_path = '{','.join(str(b.folder) for b in (build, *others))}'")
        for one in (build, *others):
            self.con.execute(f"attach '{one.database}' as \"{one.line}\" (read_only)")
        self.con.execute(f"attach '{build.core_database}' as core (read_only)")
        self.con.execute(f'use "{line}"')
        self._parts, self._formulas = parts, formulas

    def value(self, name: str, cell: Cell) -> float:
        """The indicator; 0 where nothing happened, as for a missing answer."""
        if name in self._formulas:
            return self._formulas[name](lambda other: self.value(other, cell))
        part = self._parts[name]
        where, values = [f"({part.condition})", f"{part.day} between ? and ?"], list[object]((cell.since, cell.until))
        if cell.place:
            where.append(_PLACES[cell.dimension])
            values.append(cell.place)
        sql = f"select {part.value} as value from {part.rows} as records where {' and '.join(where)}"
        if part.each:
            sql = f"select sum(value) from ({sql} group by {part.each})"
        ((found,),) = self.con.execute(sql, values).fetchall()
        return float(found or 0)

    def cells(self, rng: random.Random, rows: str, day: str) -> Iterator[Cell]:
        """Years, quarters and months in which something happened, of the group and of the places where it did."""
        events = self.con.execute(
            f"select structure_id, site_id, commune_name, r.{day} from {rows} r "
            "join core.atomic.dim_site using (site_id, structure_id) where is_current order by r._key"
        ).fetchall()
        while True:
            structure, site, commune, on = rng.choice(events)
            months = rng.choice((1, 3, 12))
            first = date(on.year, (on.month - 1) // months * months + 1, 1)
            after = first.month - 1 + months
            last = date.fromordinal(date(first.year + after // 12, after % 12 + 1, 1).toordinal() - 1)
            way, dimension = rng.choice(WAYS), rng.choice(tuple(_PLACES))
            if way == "group":
                yield Cell(first, last)
            elif way == "scope":
                yield Cell(first, last, way, place=structure)
            else:
                yield Cell(first, last, way, dimension, {"structure": structure, "site": site}.get(dimension, commune))


def ask(name: str, cell: Cell) -> float:
    """What the semantic layer answers; 0 for no row or no value."""
    scope = access.scope("group-director")
    if cell.way == "scope":
        assert cell.place
        scope = _director(cell.place)
    found: list[dict[str, Any]] = semantic.query(
        [name],
        by=[cell.dimension] if cell.way == "split" else [],
        where=[Filter(cell.dimension, "=", (cell.place,))] if cell.way == "filter" else [],
        since=cell.since,
        until=cell.until,
        scope=scope,
    ).table.to_pylist()
    rows = [row for row in found if cell.way != "split" or row[cell.dimension] == cell.place]
    assert len(rows) <= 1
    return float(rows[0][name] or 0) if rows else 0.0


def every_indicator_is_checked(by_hand: ByHand, elsewhere: set[str]) -> None:
    """None is forgotten, none is invented; `elsewhere` are checked otherwise."""
    names = {i.name for i in semantic.metrics() if i.name.startswith(f"{by_hand.line}_")}
    assert names == by_hand.names | {n for n in elsewhere if n.startswith(f"{by_hand.line}_")}


def random_cells_agree(
    by_hand: ByHand,
    rows: str,
    day: str,
    *,
    count: int = 100,
    slack: Callable[[str], float] = lambda name: 1e-9,
    filled_share: float = 1 / 3,
) -> None:
    """At least `count` cells, at least two of each indicator, around events of `rows`; many are not empty."""
    names = sorted(by_hand.names)
    count = max(count, 2 * len(names))
    cells = by_hand.cells(random.Random(f"cells of {by_hand.line}"), rows, day)
    ways, filled = dict.fromkeys(WAYS, 0), 0
    for number in range(count):
        name, cell = names[number % len(names)], next(cells)
        found = ask(name, cell)
        assert found == pytest.approx(by_hand.value(name, cell), rel=1e-9, abs=slack(name)), (name, cell)
        ways[cell.way] += 1
        filled += found != 0
    assert filled > count * filled_share
    assert min(ways.values()) > count / 8


def _director(structure: str) -> Scope:
    role = Role(
        name=f"director of {structure}",
        label_fr=structure,
        label_en=structure,
        lines=("*",),
        structures=(structure,),
        permissions=("read",),
    )
    return Scope(role, "tester")
