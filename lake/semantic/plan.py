"""A plan: the SQL for one shape of question, whatever the values in its filters. Made once, then remembered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lake.errors import QueryError
from lake.semantic import filters
from lake.semantic.cache import Cache
from lake.semantic.definitions import Relation
from lake.semantic.filters import Filter, Value
from lake.semantic.manifest import CORE, SECURED, Manifest
from lake.semantic.names import Item


@dataclass(frozen=True)
class Condition:
    """A filter whose field was found: which it is, and the filter with its values in the column's type."""

    item: Item
    filter: Filter


@dataclass(frozen=True)
class Plan:
    """MetricFlow's SQL with a placeholder for each value, and the relations that it reads."""

    sql: str
    relations: frozenset[Relation]

    @property
    def lines(self) -> frozenset[str]:
        """The lines whose marts it reads."""
        return frozenset(r.database for r in self.relations) - {CORE}

    def fill(self, conditions: Sequence[Condition]) -> tuple[str, dict[str, Value]]:
        """The statement and its parameters, for these values."""
        return filters.fill(self.sql, filters.spread([c.filter for c in conditions]))


_plans: Cache[Plan] = Cache(capacity=4096)


def plan(manifest: Manifest, metrics: Sequence[str], by: Sequence[Item], where: Sequence[Condition]) -> Plan:
    """The plan of a question.

    Raises:
        QueryError: MetricFlow finds none, or it would read something that is not secured.
    """
    shapes = tuple((c.item.name, c.item.reference, c.filter.shape) for c in where)
    groups = tuple(dict.fromkeys(item.name for item in by))
    key = (manifest.digest, tuple(metrics), groups, shapes)
    return _plans.fetch(key, lambda: _made(manifest, metrics, groups, shapes))[0]


def _made(
    manifest: Manifest,
    metrics: Sequence[str],
    groups: Sequence[str],
    shapes: Sequence[tuple[str, str, tuple[str, bool]]],
) -> Plan:
    slot = 0
    conditions = []
    for _, reference, shape in shapes:
        conditions.append(filters.template(shape, reference, slot))
        slot += filters.slots(shape)
    sql = manifest.sql(metrics, groups, conditions)
    made = Plan(sql, _relations(sql))
    if bare := sorted(r.sql for r in made.relations - manifest.time_spines if r.schema != SECURED):
        raise QueryError(
            f"{bare[0]} is not a secured view, so nothing of it may be asked.",
            remedy="Put its semantic model on a model made by secured(…): see docs/architecture.md.",
        )
    return made


_RELATION = re.compile(r'"([^"]+)"\."([^"]+)"\."([^"]+)"')


def _relations(sql: str) -> frozenset[Relation]:
    return frozenset(Relation(*names) for names in _RELATION.findall(sql))
