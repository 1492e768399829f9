"""JSON lines, JSON and GeoJSON."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from lake.contracts import Contract, contract
from lake.readers import geojson, jsonl, read
from lake.readers.stream import Plain
from lake.readers.text import TOO_LONG
from lake.readers.values import as_text, json_line
from tests.lab import GOOD, broken, chunks, reading, rows

JSONL = reading(format="jsonl", encodings=("utf-8",))
JSON = reading(format="json", encodings=("utf-8",))
GEO = reading(format="geojson", encodings=("utf-8",))


def lines(*objects: object) -> bytes:
    return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()


def test_values_become_text_in_the_dialect_of_the_contract() -> None:
    (found,) = rows(lines({**GOOD, "Prix": 1234.5, "Pièces": 3, "Renouvellement": True, "Remarque": None}), JSONL)
    assert (found["price_eur"], found["parts"], found["is_renewal"], found["comment"]) == ("1234,5", "3", "true", None)


def test_numbers_keep_all_their_digits() -> None:
    (found,) = rows(b'{"N\xc2\xb0 appareil": "D1", "Prix": 1234567890123456.78}\n{"Prix": 1e3}', JSONL)[:1]
    assert found["price_eur"] == "1234567890123456,78"


def test_a_line_that_is_no_object_is_broken_alone() -> None:
    data = lines(GOOD) + b"[1]\n{broken\n\n" + lines(GOOD)
    assert len(rows(data, JSONL)) == 2
    assert [(b.line, b.original) for b in broken(data, JSONL)] == [(2, b"[1]\n"), (3, b"{broken\n")]
    assert chunks(data, JSONL)[0].lines.tolist() == [1, 5]


def test_the_header_is_that_of_the_first_line_that_is_json() -> None:
    assert jsonl.header(Plain(io.BytesIO(b"{broken\n" + lines(GOOD))), JSONL) == list(GOOD)


def test_the_header_of_geojson_is_that_of_its_first_feature() -> None:
    feature = {"type": "Feature", "properties": GOOD, "geometry": {"type": "Point", "coordinates": [2.3, 48.8]}}
    data = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    assert set(GOOD) <= set(geojson.header(Plain(io.BytesIO(data)), GEO))


def test_a_duration_is_hours_minutes_and_seconds() -> None:
    assert as_text(timedelta(hours=8, minutes=30, seconds=5), ",") == "08:30:05"


def test_a_row_as_a_line_of_json_keeps_its_numbers() -> None:
    row = {"a": 1.5, "b": Decimal("1.50"), "c": True, "d": None, "e": float("inf")}
    assert json_line(row) == b'{"a": 1.5, "b": 1.50, "c": true, "d": null, "e": "inf"}\n'


def test_a_cut_last_line_is_named() -> None:
    data = lines(GOOD, GOOD)[:-5]
    assert chunks(data, JSONL)[0].cut_at == 2


def test_nested_objects_have_dotted_names() -> None:
    (found,) = rows(lines({"N° appareil": "D1", "x": {"Prix": 1}}), JSONL)
    assert found == {"device_id": "D1"}
    assert chunks(lines({"N° appareil": "D1", "x": {"Prix": 1}}), JSONL)[0].extra == ("x.Prix",)


@pytest.mark.parametrize("shape", ["{}", '{{"count": 2, "records": {}}}'])
def test_an_array_is_found_wherever_it_is(shape: str) -> None:
    array = json.dumps([GOOD, {**GOOD, "N° appareil": "D101"}])
    data = (shape.replace("{}", array) if shape == "{}" else shape.format(array)).encode()
    assert [r["device_id"] for r in rows(data, JSON)] == ["D100", "D101"]


def test_elements_do_not_depend_on_the_pieces_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps([{**GOOD, "N° appareil": f"D{n}"} for n in range(1000, 1100)], ensure_ascii=False).encode()
    for size in (7, 64, 1000):
        monkeypatch.setattr("lake.readers.json._PIECE", size)
        assert [r["device_id"] for r in rows(data, JSON)] == [f"D{n}" for n in range(1000, 1100)]


def test_a_broken_element_spoils_itself_only() -> None:
    objects = [json.dumps({**GOOD, "N° appareil": f"D{n}"}) for n in (1001, 1002, 1003)]
    data = f"[{objects[0]}, {objects[1][:-20]}}}, {objects[2]}]".encode()
    assert [r["device_id"] for r in rows(data, JSON)] == ["D1001", "D1003"]
    assert [b.line for b in broken(data, JSON)] == [2]


def test_a_cut_array_gives_what_was_whole() -> None:
    data = json.dumps([GOOD, GOOD, GOOD]).encode()[:-30]
    assert len(rows(data, JSON)) == 2
    assert chunks(data, JSON)[0].cut_at == 3


def test_a_feature_is_a_row_with_its_place() -> None:
    collection = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "node/1",
                "properties": {"N° appareil": "D1", "shop": "optician"},
                "geometry": {"type": "Point", "coordinates": [2.3522, 48.8566]},
            },
            {
                "type": "Feature",
                "properties": {"N° appareil": "D2"},
                "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 1], [0, 0]]]},
            },
        ],
    }
    (chunk,) = geojson.read(Plain(io.BytesIO(json.dumps(collection).encode())), GEO)
    first, second = chunk.table.to_pylist()
    assert (first["id"], first["shop"], first["longitude"], first["latitude"]) == (
        "node/1",
        "optician",
        "2,3522",
        "48,8566",
    )
    assert (second["longitude"], second["latitude"]) == ("1", "0,5")
    again = b"".join(chunk.original(i) for i in range(2))
    (same,) = geojson.read(Plain(io.BytesIO(again)), GEO)
    assert same.table.equals(chunk.table)


def test_bytes_that_are_no_text_spoil_their_own_element_only() -> None:
    objects = [json.dumps({**GOOD, "N° appareil": f"D{n}"}, ensure_ascii=False).encode() for n in (1001, 1002, 1003)]
    data = b"[" + b",".join([objects[0], objects[1].replace("é".encode(), b"\xff"), objects[2]]) + b"]"
    assert [r["device_id"] for r in rows(data, JSON)] == ["D1001", "D1003"]
    (bad,) = broken(data, JSON)
    assert bad.line == 2
    assert b"\xff" in bad.original


def test_json_of_another_encoding_is_read_if_the_contract_knows_it() -> None:
    data = json.dumps([GOOD], ensure_ascii=False).encode("cp1252")
    assert len(rows(data, reading(format="json", encodings=("utf-8", "cp1252")))) == 1
    assert len(broken(data, JSON)) == 1


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "-1E+99999999999999999999"])
@pytest.mark.parametrize("contract", [JSON, JSONL], ids=["json", "jsonl"])
def test_a_number_beyond_all_bounds_stays_as_it_is_written(contract: Contract, number: str) -> None:
    row = f'{{"N° appareil": "D1", "Prix": {number}}}'
    (found,) = rows((row if contract is JSONL else f"[{row}]").encode(), contract)
    assert found["price_eur"] == number


def test_a_long_element_is_one_row_and_the_others_are_read() -> None:
    long = {**GOOD, "N° appareil": "D101", "Nom patient": "é" * 12_000_000}
    data = json.dumps([GOOD, long, {**GOOD, "N° appareil": "D102"}], ensure_ascii=False).encode()
    assert [r["device_id"] for r in rows(data, JSON)] == ["D100", "D101", "D102"]
    data = data.replace(b'"D101"', b"D101")
    (found,) = broken(data, JSON)
    assert (found.line, len(found.original) > 24_000_000) == (2, True)
    assert [r["device_id"] for r in rows(data, JSON)] == ["D100", "D102"]


def test_an_element_beyond_the_longest_is_kept_in_parts_of_its_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.readers.json._LONGEST", 3000)
    monkeypatch.setattr("lake.readers.json._PIECE", 500)
    long = {**GOOD, "Nom patient": "x]" * 4000}
    data = json.dumps([GOOD, long, {**GOOD, "N° appareil": "D102"}], ensure_ascii=False).encode()
    assert [r["device_id"] for r in rows(data, JSON)] == ["D100", "D102"]
    parts = broken(data, JSON)
    assert len(parts) > 1
    assert {(b.line, b.reason) for b in parts} == {(2, TOO_LONG)}
    kept = b"".join(b.original.removesuffix(b"\n") for b in parts).decode()
    assert json.loads(kept.rstrip(", ")) == long
    assert [int(n) for c in chunks(data, JSON) for n in c.lines] == [1, 3]


OVERPASS = contract("geo_competitors")
OBJECT = {"@id": "node/1", "amenity": "dentist", "name": "Cabinet"}


def competitors(document: dict[str, Any]) -> list[dict[str, str | None]]:
    (chunk,) = read(Plain(io.BytesIO(json.dumps(document).encode())), OVERPASS)
    again = read(Plain(io.BytesIO(chunk.head + chunk.original(0))), OVERPASS, again=chunk.again)
    assert next(iter(again)).table.to_pylist()[0].items() >= chunk.table.to_pylist()[0].items()
    return chunk.table.to_pylist()


def test_an_export_without_metadata_has_the_instant_of_the_collection() -> None:
    point = {"type": "Point", "coordinates": [4.38, 45.43]}
    own = {**OBJECT, "@id": "node/2", "@timestamp": "2025-01-02T03:04:05Z"}
    features = [{"type": "Feature", "properties": p, "geometry": point, "id": p["@id"]} for p in (OBJECT, own)]
    found = competitors(
        {
            "type": "FeatureCollection",
            "generator": "overpass-ide",
            "timestamp": "2026-11-30T06:00:00Z",
            "features": features,
        }
    )
    assert [(r["osm_id"], r["changed_at"]) for r in found] == [
        ("node/1", "2026-11-30T06:00:00Z"),
        ("node/2", "2025-01-02T03:04:05Z"),
    ]


def test_the_answer_of_the_overpass_api_is_read_too() -> None:
    tags = {"amenity": "dentist", "name": "Cabinet"}
    elements = [
        {"type": "node", "id": 1, "lat": 45.43, "lon": 4.38, "tags": tags},
        {"type": "way", "id": 2, "center": {"lat": 45.5, "lon": 4.5}, "nodes": [3, 4], "tags": tags},
    ]
    found = competitors(
        {
            "version": 0.6,
            "osm3s": {"timestamp_osm_base": "2026-11-30T06:00:00Z", "copyright": "ODbL"},
            "elements": elements,
        }
    )
    assert [(r["osm_id"], r["latitude"], r["amenity"], r["changed_at"]) for r in found] == [
        ("node/1", "45.43", "dentist", "2026-11-30T06:00:00Z"),
        ("way/2", "45.5", "dentist", "2026-11-30T06:00:00Z"),
    ]


def test_a_feature_without_its_number_among_its_properties_has_that_of_the_feature() -> None:
    feature = {"type": "Feature", "id": "way/7", "properties": {"shop": "optician"}, "geometry": None}
    assert competitors({"timestamp": "2026-11-30T06:00:00Z", "features": [feature]})[0]["osm_id"] == "way/7"


@pytest.mark.parametrize(
    ("number", "member", "price"),
    [
        ("900001173.0", "900001173", "900001173"),
        ("9.00001173E8", "900001173", "900001173"),
        ("9.00001E+14", "9.00001E+14", "900001000000000"),
    ],
)
def test_a_number_whose_digits_are_lost_is_an_amount_and_no_identity(number: str, member: str, price: str) -> None:
    (found,) = rows(f'{{"N° adhérent": {number}, "Prix": {number}}}'.encode(), JSONL)
    assert (found["person_id"], found["price_eur"]) == (member, price)


def test_the_byte_that_ends_a_file_of_dos_is_no_element() -> None:
    data = json.dumps(GOOD).encode() + b"\n\x1a"
    for each in (JSON, JSONL):
        assert len(rows(data, each)) == 1
        assert not broken(data, each)


def devices(*numbers: int) -> str:
    return json.dumps([{**GOOD, "N° appareil": f"D{n}"} for n in numbers], ensure_ascii=False)


@pytest.mark.parametrize(
    "text",
    [
        f"{devices(1, 2)}{devices(3)}",
        f"{devices(1)}\n,\n{devices(2)}\n\ufeff{devices(3)}\0\0",
        f'{{"page": 1, "records": {devices(1)}, "crs": {{"a": [1]}}}}\n{{"records": {devices(2, 3)}, "count": 2}}',
        f'{{"janvier": {devices(1, 2)}, "bornes": [1, 2], "février": {devices(3)}}}',
        f'{{"d": {{"results": {devices(1, 2)}}}}}{devices(3)}',
        f"{devices(1)}{devices(2)[1:-1]}{devices(3)[1:-1]}",
    ],
    ids=["arrays", "arrays apart", "pages", "arrays of one object", "nested", "objects"],
)
@pytest.mark.parametrize("piece", [1 << 20, 40])
def test_rows_after_the_end_of_an_array_are_read(text: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = reading(format="json", encodings=("utf-8",), options={"records": "results"}) if '"d"' in text else JSON
    if contract is JSON:
        monkeypatch.setattr("lake.readers.json._PIECE", max(piece, 300))
    assert [r["device_id"] for r in rows(text.encode(), contract)] == ["D1", "D2", "D3"]
    assert not broken(text.encode(), contract)
    assert [int(n) for c in chunks(text.encode(), contract) for n in c.lines] == [1, 2, 3]


def test_what_follows_an_array_and_is_no_json_is_set_apart() -> None:
    data = f"{devices(1)} page 2 {devices(2, 3)}".encode()
    assert [r["device_id"] for r in rows(data, JSON)] == ["D1", "D3"]
    (bad,) = broken(data, JSON)
    assert (bad.line, bad.original.startswith(b"page 2 [")) == (2, True)


def test_an_array_that_the_contract_does_not_name_is_no_rows() -> None:
    named = reading(format="json", encodings=("utf-8",), options={"records": "records"})
    data = f'{{"records": {devices(1)}, "links": [{{"rel": "next"}}]}}'.encode()
    assert [r["device_id"] for r in rows(data, named)] == ["D1"]
    assert not broken(data, named)


def test_each_collection_of_a_file_has_its_own_instant() -> None:
    data = "".join(
        json.dumps({"timestamp": at, "features": [{"type": "Feature", "properties": {**OBJECT, "@id": each}}]})
        for at, each in (("2026-11-30T06:00:00Z", "node/1"), ("2026-12-01T06:00:00Z", "node/2"))
    ).encode()
    found = list(read(Plain(io.BytesIO(data)), OVERPASS))
    told = [(r["osm_id"], r["changed_at"]) for chunk in found for r in chunk.table.to_pylist()]
    assert told == [("node/1", "2026-11-30T06:00:00Z"), ("node/2", "2026-12-01T06:00:00Z")]
    for chunk in found:
        (again,) = read(Plain(io.BytesIO(chunk.head + chunk.original(0))), OVERPASS, again=chunk.again)
        assert again.table["changed_at"].equals(chunk.table["changed_at"])
