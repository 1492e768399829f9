"""Rows of answers → the grid that the table and the exports show.

Totals are answers of their own, asked without the dimension: a rate's total is the rate of the whole, never the sum or
the mean of its parts. A total that nobody can give (a rank, a comparison that means something else there) is empty.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lake.text import sort_key

Row = Mapping[str, Any]


class _Total:
    """The member that stands for all of them."""

    def __repr__(self) -> str:
        return "TOTAL"


TOTAL = _Total()


@dataclass(frozen=True)
class Heading:
    """One column: a dimension, or the figures of `column` for one member of the dimension across (None: no pivot)."""

    column: str
    is_dimension: bool
    member: Any = None
    is_pivoted: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows under their headings. `total` is the last line, None when there is none."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None

    @property
    def depth(self) -> int:
        """How many columns are dimensions."""
        return sum(h.is_dimension for h in self.headings)


def flat(rows: Sequence[Row], dimensions: Sequence[str], values: Sequence[str], total: Row | None) -> Grid:
    """The rows as they came; the total below when there are dimensions to be the total of."""
    headings = (*(Heading(d, True) for d in dimensions), *(Heading(v, False) for v in values))
    body = tuple(tuple(row[h.column] for h in headings) for row in rows)
    if total is None or not dimensions:
        return Grid(headings, body)
    last = (TOTAL, *(None for _ in dimensions[1:]), *(total.get(v) for v in values))
    return Grid(headings, body, last)


def in_order(
    rows: Sequence[Row], dimensions: Sequence[str], value: str, ordered: Collection[str], totals: Sequence[Row] = ()
) -> list[Row]:
    """The rows by these dimensions, those of the first together; rows that are alike in them keep their order.

    Args:
        rows: one a combination of the dimensions and others.
        dimensions: the members of each stand in their own order if it is one of the `ordered`, else the largest first.
        value: the figure that tells the largest.
        ordered: dimensions whose members have an order of their own.
        totals: rows of the dimensions alone; without them the largest is the one with the largest row.
    """
    weighed = totals if any(row.get(value) is not None for row in totals) else rows
    largest: dict[tuple[Any, ...], float] = {}
    for row in weighed:
        key, weight = _key(row, dimensions), row[value]
        for end in range(1, len(key) + 1):
            if weight is not None:
                largest[key[:end]] = max(largest.get(key[:end], float(weight)), float(weight))

    def place(row: Row) -> tuple[Any, ...]:
        key = _key(row, dimensions)
        return tuple(
            _own_place(member)
            if name in ordered
            else (-largest.get(key[: number + 1], -math.inf), sort_key(str(member)))
            for number, (name, member) in enumerate(zip(dimensions, key, strict=True))
        )

    return sorted(rows, key=place)


def pivoted(
    rows: Sequence[Row],
    dimensions: Sequence[str],
    across: str,
    values: Sequence[str],
    *,
    by_row: Sequence[Row] = (),
    by_member: Sequence[Row] = (),
    total: Row | None = None,
) -> Grid:
    """A column a member of `across` and value, the total of each row at the end, and of each member below.

    Args:
        rows: one a combination of `dimensions` and `across`, in the order in which rows shall stand.
        dimensions: those in rows, one at least.
        across: the dimension whose members become columns.
        values: the columns of figures.
        by_row: the totals over `across`, one a combination of `dimensions`.
        by_member: the totals over the rows, one a member of `across`.
        total: the total of everything.
    """
    members = own_order({row[across] for row in rows})
    cells = {(_key(row, dimensions), row[across]): row for row in rows}
    ends = {_key(row, dimensions): row for row in by_row}
    headings = (
        *(Heading(d, True) for d in dimensions),
        *(Heading(v, False, m, True) for m in members for v in values),
        *(Heading(v, False, TOTAL, True) for v in values if by_row),
    )
    below = {row[across]: row for row in by_member}
    keys = list(dict.fromkeys(_key(row, dimensions) for row in rows))
    body = tuple(
        (*key, *(_cell(cells.get((key, m)), v) for m in members for v in values), *_end(ends.get(key), values, by_row))
        for key in keys
    )
    if total is None:
        return Grid(headings, body)
    first = (TOTAL, *(None for _ in dimensions[1:]))
    last = (*first, *(_cell(below.get(m), v) for m in members for v in values), *_end(total, values, by_row))
    return Grid(headings, body, last)


def _end(row: Row | None, values: Sequence[str], by_row: Sequence[Row]) -> tuple[Any, ...]:
    return tuple(_cell(row, v) for v in values) if by_row else ()


def _cell(row: Row | None, value: str) -> Any:
    return None if row is None else row.get(value)


def _key(row: Row, dimensions: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[d] for d in dimensions)


def own_order(members: set[Any]) -> list[Any]:
    """Members in their own order, what is empty last."""
    return sorted(members, key=_own_place)


def _own_place(member: Any) -> tuple[bool, Any]:
    return (member is None, sort_key(member) if isinstance(member, str) else 0 if member is None else member)
