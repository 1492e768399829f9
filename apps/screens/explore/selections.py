"""Of each dimension, which values are selected, which still possible, which excluded by the other selections.

A value is *possible* when the indicators have rows with it under the selections made on the other dimensions and the
period; its own dimension's selection doesn't count, so that another value can be picked beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from lake.text import fold, sort_key

Standing = Literal["selected", "possible", "excluded"]
_ORDER: dict[Standing, int] = {"selected": 0, "possible": 1, "excluded": 2}


@dataclass(frozen=True)
class Member:
    """One value of a dimension. `is_empty`: it is selected, and the other selections leave no row of it."""

    value: str | None
    standing: Standing
    is_empty: bool = False


@dataclass(frozen=True)
class Members:
    """The values of one dimension: selected first, then possible, then excluded; alphabetical in each."""

    all: tuple[Member, ...]
    #: Values selected that the dimension doesn't have, within the reader's scope.
    unknown: tuple[str | None, ...] = ()

    def count(self, standing: Standing) -> int:
        return sum(m.standing == standing for m in self.all)

    def values(self, standing: Standing) -> tuple[str | None, ...]:
        return tuple(m.value for m in self.all if m.standing == standing)


def text(value: Any) -> str | None:
    """A value as the address and filters write it; None is the empty value."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def members(universe: Iterable[Any], possible: Iterable[Any], picked: Iterable[str | None]) -> Members:
    """Every value in its standing. `universe` is all values in scope, `possible` those left by the other selections."""
    left = {text(v) for v in possible}
    known = {text(v) for v in universe} | left
    chosen = tuple(dict.fromkeys(picked))
    found = [
        Member(value, "selected", is_empty=value not in left)
        if value in chosen
        else Member(value, "possible" if value in left else "excluded")
        for value in known
    ]
    ordered = sorted(found, key=lambda m: (_ORDER[m.standing], m.value is None, sort_key(m.value or "")))
    return Members(tuple(ordered), tuple(v for v in chosen if v not in known))


def search(found: Iterable[Member], typed: str, said: Callable[[str | None], str]) -> tuple[Member, ...]:
    """The members in whose code or name (`said`) every word that was typed occurs, however it is spelt."""
    words = fold(typed).split()
    return tuple(m for m in found if all(word in fold(f"{m.value or ''} {said(m.value)}") for word in words))
