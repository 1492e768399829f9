"""FINESS: descriptions and places of establishments, in the legal projection of each territory."""

from __future__ import annotations

import io

import pytest

from lake.contracts import contract
from lake.errors import ReadError
from lake.readers import read
from lake.readers.chunk import Chunk
from lake.readers.stream import Plain

FINESS = contract("geo_finess")
HEAD = "finess;etalab;93;2026-11-12"


def described(finess: str = "010000024", department: str = "01", commune: str = "451", uai: str = ";") -> str:
    return (
        f"structureet;{finess};010780054;CH DE FLEYRIAT;CENTRE HOSPITALIER;;;900;RTE;DE PARIS;;;{commune};{department};"
        "AIN;01440 VIRIAT;0474454647;;355;Centre Hospitalier (C.H.);1102;Centres Hospitaliers;26010004500012;8610Z;03;"
        f"ARS;1;Public;1979-02-13;1979-02-13;2020-02-04{uai}"
    )


def placed(x: str, y: str, source: str, finess: str = "010000024") -> str:
    return f"geolocalisation;{finess};{x};{y};{source};2026-11-02"


def chunks(*lines: str, encoding: str = "utf-8") -> list[Chunk]:
    return list(read(Plain(io.BytesIO("\n".join((*lines, "")).encode(encoding))), FINESS))


def test_both_kinds_of_record_are_rows_with_the_date_of_the_extract() -> None:
    (chunk,) = chunks(
        HEAD, described(), placed("870262.2", "6571540.8", "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93")
    )
    first, second = chunk.table.to_pylist()
    assert (first["record_type"], first["establishment_name"]) == ("structureet", "CH DE FLEYRIAT")
    assert (first["department_code"], first["commune_number"], first["x_m"]) == ("01", "451", None)
    assert (second["record_type"], second["finess"], second["establishment_name"]) == (
        "geolocalisation",
        "010000024",
        None,
    )
    assert {row["extracted_on"] for row in (first, second)} == {"2026-11-12"}
    assert chunk.lines.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("x", "y", "source", "longitude", "latitude"),
    [
        ("870262.2", "6571540.8", "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93", 5.20918, 46.22229),
        ("870262,2", "6571540,8", "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,Lambert 93", 5.20918, 46.22229),
        ("657242.9", "1795384.4", "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,UTM_N20", -61.52874, 16.234),
        ("353672.8", "544349.1", "1,ATLASANTE,90,BAN,EPSG:2972 RGFG95/UTM zone 22N (Guyane)", -52.31973, 4.92347),
        ("353672.8", "544349.1", "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,UTM_N22", -52.31973, 4.92347),
    ],
)
def test_a_place_has_degrees_whatever_its_territory(
    x: str, y: str, source: str, longitude: float, latitude: float
) -> None:
    """Places that others converted, with PROJ."""
    (chunk,) = chunks(HEAD, placed(x, y, source))
    (row,) = chunk.table.to_pylist()
    assert float(row["longitude"]) == pytest.approx(longitude, abs=2e-5)
    assert float(row["latitude"]) == pytest.approx(latitude, abs=2e-5)


@pytest.mark.parametrize(
    ("x", "y", "source"), [("1", "2", "unknown"), ("", "", "LAMBERT_93"), ("1", "2", "EPSG:99999")]
)
def test_a_place_in_no_known_projection_has_no_degrees_and_is_kept(x: str, y: str, source: str) -> None:
    (chunk,) = chunks(HEAD, placed(x, y, source))
    (row,) = chunk.table.to_pylist()
    assert (row["latitude"], row["longitude"]) == (None, None)


def test_a_line_of_another_kind_or_width_is_set_apart() -> None:
    (chunk,) = chunks(HEAD, "structureej;1;2", described(uai=";;;x"), "structureet;1", described(uai=""), "")
    assert chunk.table.num_rows == 1
    assert [(b.line, b.reason) for b in chunk.broken] == [
        (2, "row: neither structureet nor geolocalisation"),
        (3, "row: 34 fields instead of 32"),
        (4, "row: 2 fields instead of 32"),
    ]


def test_a_row_of_the_quarantine_is_read_again() -> None:
    (chunk,) = chunks(HEAD, described(), encoding="cp1252")
    (again,) = read(
        Plain(io.BytesIO(chunk.head + chunk.original(0))), FINESS, again=chunk.again, encoding=chunk.encoding
    )
    assert again.table.equals(chunk.table)


def test_another_file_is_refused() -> None:
    with pytest.raises(ReadError, match="not that of a FINESS file"):
        chunks("a;b", "1;2")
    with pytest.raises(ReadError, match="empty"):
        chunks()
