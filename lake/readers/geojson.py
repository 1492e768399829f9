"""GeoJSON (OpenStreetMap and others): one row a feature, its properties and `longitude`, `latitude`, `id`.

A feature that is not a point stands at the middle of its bounds. Originals of the quarantine are features, one a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lake.contracts import Contract
from lake.readers.chunk import Chunk
from lake.readers.json import read_elements
from lake.readers.stream import Stream


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a feature collection, some thousands at a time."""
    return read_elements(stream, contract, encoding, "features", _row, again="geojson")


def header(stream: Stream, contract: Contract) -> list[str]:
    """The properties that occur in the first features."""
    first = next(read(stream, contract), None)
    return list(first.table.column_names) if first is not None else []


def _row(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    row: dict[str, Any] = {"id": feature.get("id")}
    row.update(properties if isinstance(properties, dict) else {})
    geometry = feature.get("geometry")
    points = list(_points(geometry.get("coordinates"))) if isinstance(geometry, dict) else []
    if len(points) == 1:
        row["longitude"], row["latitude"] = points[0]
    elif points:
        for name, values in zip(("longitude", "latitude"), zip(*points, strict=True), strict=True):
            numbers = [float(v.replace(",", ".")) for v in values]
            row[name] = (min(numbers) + max(numbers)) / 2
    return row


def _points(coordinates: Any) -> Iterator[tuple[str, str]]:
    """The points of a geometry of any depth. Numbers are text here, so that they keep their digits."""
    if not isinstance(coordinates, list) or not coordinates:
        return
    if isinstance(coordinates[0], str):
        if len(coordinates) >= 2 and isinstance(coordinates[1], str):
            yield coordinates[0], coordinates[1]
        return
    for inner in coordinates:
        yield from _points(inner)
