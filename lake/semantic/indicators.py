"""The indicators that can be asked for, as their definitions describe them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lake.access import Scope
from lake.errors import UnknownLine
from lake.semantic.cache import Cache
from lake.semantic.definitions import Definition
from lake.semantic.manifest import GRAINS, Manifest
from lake.semantic.names import Vocabulary
from lake.semantic.parameters import of_metric
from lake.semantic.publications import published
from lake.settings import GROUP, MARTS


@dataclass(frozen=True)
class Indicator:
    """One indicator. `lines` are those that a reader must see, its own first; `marts` what it is computed from, none if
    that is shared dimensions alone. `typical` is the range in which the value of a site in a month surprises nobody, or
    in a year (`typical_in`).

    `needs_time`: it compares periods, and is asked by a grain of metric_time only. `is_additive`: the values of its
    parts add up to its own, so a total under a column, or a stack of bars, is true. `grains` are those of metric_time
    that it has figures by, the finest first; `parameters` the legal ones that it rests on.
    """

    name: str
    lines: tuple[str, ...]
    marts: tuple[str, ...]
    label_fr: str
    label_en: str
    definition_fr: str
    definition_en: str
    formula_fr: str
    formula_en: str
    unit: str
    format: str
    direction: str
    owner: str
    typical: tuple[float, float] | None
    typical_in: str
    rank: int | None
    needs_time: bool
    is_additive: bool
    grains: tuple[str, ...]
    sources: tuple[str, ...]
    parameters: tuple[str, ...]
    dimensions: tuple[str, ...]

    @property
    def headline(self) -> bool:
        """Among the figures that its line is judged by; `rank` 1 is the first of them."""
        return self.rank is not None

    @property
    def line(self) -> str:
        return self.lines[0]

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr

    def definition(self, lang: str) -> str:
        return self.definition_en if lang == "en" else self.definition_fr

    def formula(self, lang: str) -> str:
        return self.formula_en if lang == "en" else self.formula_fr


#: After every headline.
_LAST = 1_000

_known: Cache[tuple[Indicator, ...]] = Cache(capacity=24)


def metrics(line: str | None = None, *, scope: Scope | None = None) -> list[Indicator]:
    """Every indicator of the published builds, headlines first; of one line, or those a scope sees.

    Raises:
        UnknownLine: with the nearest known ones.
    """
    if line is not None and line not in MARTS:
        raise UnknownLine(line, MARTS)
    builds = published()
    found: list[Indicator] = []
    for own in MARTS if line is None else (line,):
        if own in builds:
            told = _indicators(Manifest.read(builds[own].semantic_manifest))
            found += [i for i in told if i.line == own and i.marts]
        if own == GROUP and builds:  # those of the shared dimensions, which every build holds
            newest = max(builds.values(), key=lambda build: build.created_at)
            found += [i for i in _indicators(Manifest.read(newest.semantic_manifest)) if not i.marts]
    visible = [i for i in found if scope is None or all(scope.sees(needed) for needed in i.lines)]
    return sorted(visible, key=lambda i: (MARTS.index(i.line), i.rank or _LAST))


def grains(indicators: Iterable[Indicator]) -> tuple[str, ...]:
    """The grains by which all of these have figures, the finest first."""
    told = [set(i.grains) for i in indicators]
    return tuple(grain for grain in GRAINS if all(grain in own for own in told))


def indicator(manifest: Manifest, name: str) -> Indicator:
    """One indicator of a manifest that has it."""
    return next(i for i in _indicators(manifest) if i.name == name)


def _indicators(manifest: Manifest) -> tuple[Indicator, ...]:
    known = _known.get(manifest.digest)
    if known is None:
        known = tuple(_indicator(manifest, d) for d in manifest.metrics.values())
        _known.put(manifest.digest, known)
    return known


def _indicator(manifest: Manifest, definition: Definition) -> Indicator:
    meta = definition.meta
    label = definition.label or definition.name

    def own_first(line: str) -> tuple[bool, str]:
        return not definition.name.startswith(line), line

    typical = meta.get("typical")
    return Indicator(
        name=definition.name,
        lines=tuple(sorted(manifest.lines(definition.name), key=own_first)),
        marts=tuple(sorted(manifest.marts(definition.name), key=own_first)),
        label_fr=str(meta.get("label_fr") or label),
        label_en=str(meta.get("label_en") or label),
        definition_fr=str(meta.get("definition_fr") or definition.description),
        definition_en=str(meta.get("definition_en") or definition.description),
        formula_fr=str(meta.get("formula_fr") or ""),
        formula_en=str(meta.get("formula_en") or ""),
        unit=str(meta.get("unit") or ""),
        format=str(meta.get("format") or ""),
        direction=str(meta.get("direction") or "none"),
        owner=str(meta.get("owner") or ""),
        typical=(float(typical[0]), float(typical[1])) if typical else None,
        typical_in=str(meta.get("typical_in") or "month"),
        rank=int(meta.get("headline") or 0) or None,
        needs_time=definition.needs_time,
        is_additive=definition.is_additive,
        grains=manifest.grains(definition.name),
        sources=tuple(str(s) for s in meta.get("sources") or ()),
        parameters=of_metric(manifest, definition.name),
        dimensions=Vocabulary(manifest, (definition.name,)).names,
    )
