"""How the columns of an answer are described: by what the definitions say of an indicator or a dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lake.semantic.answer import Column
from lake.semantic.manifest import METRIC_TIME, Manifest
from lake.semantic.names import Item


def dimension_column(item: Item) -> Column:
    """The column of a dimension, under the name by which it was asked."""
    label = item.field.label or item.field.element.replace("_", " ").capitalize()
    return _described(item.asked, item.grain, "Date" if item.field.name == METRIC_TIME else label, item.field.meta)


def element_column(manifest: Manifest, model: str, element: str, *, is_day: bool) -> Column:
    """The column of a dimension or an entity of one model, under its own name."""
    raw = manifest.element(model, element)
    label = raw.get("label") or element.replace("_", " ").capitalize()
    return _described(element, "day" if is_day else None, label, (raw.get("config") or {}).get("meta") or {})


def _described(name: str, grain: str | None, label: str, meta: Mapping[str, Any]) -> Column:
    return Column(
        name=name,
        kind="time" if grain else "dimension",
        label_fr=str(meta.get("label_fr") or label),
        label_en=str(meta.get("label_en") or label),
        unit=str(meta.get("unit") or ""),
        format="date" if grain else str(meta.get("format") or ""),
        grain=grain,
    )


def metric_column(manifest: Manifest, name: str) -> Column:
    """The column of an indicator."""
    definition = manifest.metrics[name]
    meta = definition.meta
    label = definition.label or name
    return Column(
        name=name,
        kind="metric",
        label_fr=str(meta.get("label_fr") or label),
        label_en=str(meta.get("label_en") or label),
        unit=str(meta.get("unit") or ""),
        format=str(meta.get("format") or ""),
        direction=str(meta.get("direction") or "none"),
    )
