"""Names as people write them → the one thing of the manifest that is meant, or an error that says what could be.

`site_commune`, `site__commune` and `commune` are the same when nothing else is called so. `metric_time` and every date
can carry a grain: `metric_time__month`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lake.errors import QueryError, UnknownDimension
from lake.semantic.cache import Cache
from lake.semantic.definitions import GroupBy
from lake.semantic.manifest import GRAINS, METRIC_TIME, Manifest


@dataclass(frozen=True)
class Item:
    """One dimension that was asked for: under which name, which it is, and at which grain if it is a date."""

    asked: str
    field: GroupBy
    grain: str | None = None

    @property
    def name(self) -> str:
        """The name under which MetricFlow knows it, and under which it gives it back."""
        return f"{self.field.name}__{self.grain}" if self.grain else self.field.name

    @property
    def reference(self) -> str:
        """How a filter refers to it. Names are the manifest's own: nothing of what was typed is in it."""
        if self.grain:
            return f"{{{{ TimeDimension('{self.field.name}', '{self.grain}') }}}}"
        return f"{{{{ {'Entity' if self.field.kind == 'entity' else 'Dimension'}('{self.field.name}') }}}}"


#: What names mean, by manifest and metrics. Worked out at each question, it was half of its time in Python.
_meanings: Cache[Mapping[str, tuple[GroupBy, ...]]] = Cache(capacity=512)


class Vocabulary:
    """The names by which the given metrics can be split and filtered."""

    def __init__(self, manifest: Manifest, metrics: Sequence[str]) -> None:
        self._manifest = manifest
        self._metrics = tuple(metrics)

    def item(self, asked: str, grain: str | None = None) -> Item:
        """What `asked` means. `grain` is that of metric_time when its name says none.

        Raises:
            UnknownDimension: no dimension is called so; with the nearest.
            QueryError: it exists but the metrics can't be split by it, or the name means several, or the grain is none.
        """
        name, own_grain = _split_grain(asked)
        found = self._find(name)
        if found.kind != "time":
            if own_grain:
                raise QueryError(f"'{name}' is not a date and has no grain.", remedy=f"Ask for '{name}'.")
            return Item(asked, found)
        return Item(asked, found, own_grain or (grain if found.name == METRIC_TIME else None) or "day")

    def short(self, field: GroupBy) -> str:
        """The shortest name that means this field here."""
        for name in (field.element, "_".join((*field.links, field.element))):
            if self._by_name.get(name) == (field,):
                return name
        return field.name

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The short names of all of it, sorted."""
        return tuple(sorted(self.short(field) for field in self._all if not (field.kind == "entity" and field.links)))

    @cached_property
    def _all(self) -> tuple[GroupBy, ...]:
        return self._manifest.reachable(self._metrics)

    @property
    def _by_name(self) -> Mapping[str, tuple[GroupBy, ...]]:
        """Each name → what it can mean; more than one thing when none is nearer than the others."""
        return _meanings.fetch((self._manifest.digest, self._metrics), self._find_meanings)[0]

    def _find_meanings(self) -> Mapping[str, tuple[GroupBy, ...]]:
        exact = {g.name: g for g in self._all}
        candidates: dict[str, list[GroupBy]] = {}
        for field in self._all:
            for name in _spellings(field) - exact.keys():
                candidates.setdefault(name, []).append(field)
        meant = {name: _nearest(fields) for name, fields in candidates.items()}
        return meant | {name: (field,) for name, field in exact.items()}

    def _find(self, name: str) -> GroupBy:
        found = self._by_name.get(name, ())
        if len(found) == 1:
            return found[0]
        if found:
            raise QueryError(
                f"'{name}' can mean {' or '.join(sorted(g.name for g in found))}.",
                remedy="Ask for one of them by that name.",
            )
        blind = [m for m in self._metrics if name not in Vocabulary(self._manifest, (m,))._by_name]
        if blind != list(self._metrics) or self._exists(name):
            raise QueryError(
                f"{' and '.join(blind or self._metrics)} can't be split by '{name}'.",
                remedy=f"Possible: {', '.join(self.names)}.",
            )
        raise UnknownDimension(name, self.names)

    def _exists(self, name: str) -> bool:
        return any(name in Vocabulary(self._manifest, (m,))._by_name for m in self._manifest.metrics)


def _split_grain(asked: str) -> tuple[str, str | None]:
    name, separator, grain = asked.rpartition("__")
    return (name, grain) if separator and grain in GRAINS else (asked, None)


def _spellings(field: GroupBy) -> set[str]:
    """`site__site_name` is also `site_site_name`, `site_name` and `site__name`; `site__commune` also `site_commune`."""
    names = {field.name, field.element, "_".join((*field.links, field.element))}
    if field.links and field.element.startswith(prefix := f"{field.links[-1]}_"):
        names.add("__".join((*field.links, field.element.removeprefix(prefix))))
    return names


def _nearest(fields: list[GroupBy]) -> tuple[GroupBy, ...]:
    """Of things with the same name: the metric's own, then that with the fewest steps to it."""

    def distance(field: GroupBy) -> tuple[int, bool]:
        return len(field.links), field.is_joined

    least = min(distance(f) for f in fields)
    return tuple(f for f in fields if distance(f) == least)
