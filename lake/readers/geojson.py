"""GeoJSON and Overpass (OpenStreetMap): one row an object, its properties and `longitude`, `latitude`, `@id`.

Both forms that Overpass gives are read: features with properties, and the API's own `elements` with tags. A feature
that is not a point stands at the middle of its bounds; an element that is none at its `center`. An export without
metadata has no `@timestamp` an object: the collection's own stands for it, the instant to which all of them are known.
Originals of the quarantine are objects, one a line. Source: wiki.openstreetmap.org/wiki/Overpass_API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from lake.contracts import Contract
from lake.readers.chunk import Chunk
from lake.readers.json import Shape, read_elements
from lake.readers.stream import Stream

#: The instant to which a collection is known: of an Overpass export, and of the API's own answer.
_TIMESTAMP = re.compile(r'"(?:timestamp|timestamp_osm_base)"\s*:\s*"([^"]+)"')


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a collection, some thousands at a time."""
    return read_elements(stream, contract, encoding, "features|elements", _shaping, again="geojson")


def header(stream: Stream, contract: Contract) -> list[str]:
    """The properties that occur in the first objects."""
    first = next(read(stream, contract), None)
    return list(first.table.column_names) if first is not None else []


def _shaping(head: str) -> tuple[Shape, str]:
    found = _TIMESTAMP.search(head)
    known_to = found[1] if found else None
    return partial(_row, known_to=known_to), f'{{"timestamp": "{known_to}", "features": [\n' if found else ""


def _row(found: dict[str, Any], known_to: str | None) -> dict[str, Any]:
    is_element = found.get("type") in ("node", "way", "relation")
    row = _of_element(found) if is_element else _of_feature(found)
    if row.get("@timestamp") is None:
        row["@timestamp"] = known_to
    return row


def _of_element(element: dict[str, Any]) -> dict[str, Any]:
    """An object of the API: `{"type": "node", "id": 1, "lat": …, "lon": …, "tags": {…}}`."""
    tags, center = element.get("tags"), element.get("center")
    place = center if isinstance(center, dict) else element
    return {
        **(tags if isinstance(tags, dict) else {}),
        "@id": f"{element.get('type')}/{element.get('id')}",
        "@timestamp": element.get("timestamp"),
        "longitude": place.get("lon"),
        "latitude": place.get("lat"),
    }


def _of_feature(feature: dict[str, Any]) -> dict[str, Any]:
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
    if row.get("@id") is None:
        row["@id"] = row["id"]
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
