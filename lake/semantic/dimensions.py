"""What indicators can be split and filtered by, as their definitions describe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lake.access import Scope
from lake.semantic.ask import with_source
from lake.semantic.definitions import GroupBy
from lake.semantic.manifest import METRIC_TIME
from lake.semantic.names import Vocabulary
from lake.semantic.publications import Source


@dataclass(frozen=True)
class Dimension:
    """One dimension. `name` is the shortest that means it for the indicators it was asked for.

    `is_event`: its values are single events or persons, so that asking by it needs the permission to drill.
    """

    name: str
    kind: Literal["entity", "categorical", "time"]
    label_fr: str
    label_en: str
    is_event: bool

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr


def dimensions(metrics: Sequence[str], *, scope: Scope) -> list[Dimension]:
    """What all these indicators can be split by, `metric_time` first, then by name.

    Raises:
        UnknownMetric: with the nearest valid names.
        AccessDenied: the scope doesn't see the line.
    """
    return with_source(metrics, scope, lambda source: _dimensions(tuple(metrics), source))


def _dimensions(metrics: tuple[str, ...], source: Source) -> list[Dimension]:
    vocabulary = Vocabulary(source.manifest, metrics)
    found = [
        _dimension(vocabulary.short(field), field, is_event=source.manifest.is_event(field))
        for field in source.manifest.reachable(metrics)
        if not (field.kind == "entity" and field.links)
    ]
    return sorted(found, key=lambda d: (d.name != METRIC_TIME, d.name))


def _dimension(name: str, field: GroupBy, *, is_event: bool) -> Dimension:
    plain = field.label or field.element.replace("_", " ").capitalize()
    return Dimension(
        name=name,
        kind=field.kind,
        label_fr=str(field.meta.get("label_fr") or plain),
        label_en=str(field.meta.get("label_en") or plain),
        is_event=is_event,
    )
