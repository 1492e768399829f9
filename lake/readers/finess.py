"""The open file of establishments (FINESS): `;`, a first line `finess;etalab;N;date`, then records of two kinds.

`structureet` (32 fields) says what an establishment is, `geolocalisation` where it stands, in metres of the projection
that is legal there: Lambert-93, or a UTM zone overseas. Each is a row; what the other kind has is null. The reader adds
`section`, the date of the extract, and latitude and longitude (WGS 84) wherever the projection is known.
Source: data.gouv.fr, «FINESS extraction du fichier des établissements».
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import inf

import numpy as np
import pyarrow.compute as pc

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers.chunk import Broken, Chunk, text_table
from lake.readers.stream import Stream
from lake.readers.text import Block, blocks, mark_of

#: Columns of each kind of record, in order.
SECTIONS: dict[str, tuple[str, ...]] = {
    "structureet": (
        "section", "nofinesset", "nofinessej", "rs", "rslongue", "complrs", "compldistrib", "numvoie", "typvoie",
        "voie", "compvoie", "lieuditbp", "commune", "departement", "libdepartement", "ligneacheminement", "telephone",
        "telecopie", "categetab", "libcategetab", "categagretab", "libcategagretab", "siret", "codeape", "codemft",
        "libmft", "codesph", "libsph", "dateouv", "dateautor", "datemaj", "numuai",
    ),
    "geolocalisation": ("section", "nofinesset", "coordxet", "coordyet", "sourcecoordet", "datemajcoord"),
}  # fmt: skip

#: What every row has, whatever its kind.
COLUMNS = tuple(dict.fromkeys((*(c for names in SECTIONS.values() for c in names), "extrait", "latitude", "longitude")))

_HEAD = re.compile(r"^\ufeff?finess;etalab;[^;]*;(?P<date>[^;]+)", re.IGNORECASE)

#: EPSG codes of the legal projections, by how `sourcecoordet` writes them: `…,LAMBERT_93`, `…,UTM_N20`,
#: `…EPSG:4471 RGM04/UTM zone 38S (Mayotte)`. Source: arrêté du 5 mars 2019 (systèmes de référence).
_UTM = {"20N": 5490, "21N": 4467, "22N": 2972, "38S": 4471, "40S": 2975}
_PROJECTION = re.compile(r"EPSG:(?P<epsg>\d{4,5})|(?P<lambert>LAMBERT[_ -]?93)|UTM[_ ](?:zone )?(?P<utm>\w{2,3})", re.I)


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a FINESS file, block by block.

    Raises:
        ReadError: its first line is not that of a FINESS file.
    """
    extracted: str | None = None
    head = b""
    for block in blocks(stream, contract.reading.encodings, encoding):
        if extracted is None:
            extracted, head = _extracted(block), mark_of(block.encoding) + block.original(0)
            block = block.following(1)
        yield _chunk(block, head, extracted)
    if extracted is None:
        raise ReadError("The file is empty: a FINESS file has at least its first line.", remedy="Have it sent again.")


def header(stream: Stream, contract: Contract) -> list[str]:
    """The columns of a FINESS file, for recognising it; none if it is not one."""
    first = next(blocks(stream, contract.reading.encodings, size=1 << 16), None)
    return list(COLUMNS) if first is not None and _HEAD.match(first.texts[0]) else []


def _extracted(block: Block) -> str:
    found = _HEAD.match(block.texts[0])
    if not found:
        raise ReadError(
            "The first line is not that of a FINESS file.", remedy="Expected finess;etalab;N;date of the extract."
        )
    return found["date"].strip()


def _chunk(block: Block, head: bytes, extracted: str) -> Chunk:
    values = pc.split_pattern(block.lines, ";").to_pylist()
    rows: list[dict[str, str | None]] = []
    lines: list[int] = []
    broken = [Broken(block.first + i, block.original(i), why) for i, why in block.spoiled.items()]
    for index, fields in enumerate(values):
        if index in block.spoiled or not any(field.strip() for field in fields):
            continue
        names = SECTIONS.get(fields[0].strip().casefold())
        why = f"row: neither {' nor '.join(SECTIONS)}" if names is None else _misfit(fields, names)
        if why:
            broken.append(Broken(block.first + index, block.original(index), why))
            continue
        assert names is not None
        row = dict(zip(names, fields, strict=False))
        latitude, longitude = _degrees(row)
        own = {"section": fields[0].strip().casefold(), "extrait": extracted}
        rows.append({**row, **own, "latitude": latitude, "longitude": longitude})
        lines.append(index)
    there = set().union(*rows)
    columns = [name for name in COLUMNS if name in there]
    kept = np.array(lines, np.int64)
    return Chunk(
        table=text_table(columns, [[row.get(name) for row in rows] for name in columns], len(rows)),
        lines=kept + block.first,
        original=lambda i: block.original(int(kept[i])),
        head=head,
        broken=tuple(sorted(broken, key=lambda b: b.line)),
        encoding=block.encoding,
        remarks=block.remarks,
        size=len(block.raw),
        again="finess",
    )


def _misfit(fields: list[str], names: tuple[str, ...]) -> str:
    """The last column may be missing, since older extracts have none, and empty ones may follow."""
    if len(fields) < len(names) - 1 or any(field.strip() for field in fields[len(names) :]):
        return f"row: {len(fields)} fields instead of {len(names)}"
    return ""


def _degrees(row: dict[str, str]) -> tuple[str | None, str | None]:
    """Latitude and longitude of a place, in degrees; nothing where its projection or its co-ordinates are unknown."""
    epsg = _epsg(row.get("sourcecoordet", ""))
    try:
        x, y = float(row["coordxet"].replace(",", ".")), float(row["coordyet"].replace(",", "."))
    except (KeyError, ValueError):
        return None, None
    if epsg is None:
        return None, None
    longitude, latitude = _transform(epsg)(x, y)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None, None
    return f"{latitude:.6f}", f"{longitude:.6f}"


@lru_cache
def _epsg(source: str) -> int | None:
    found = _PROJECTION.search(source)
    if found is None:
        return None
    if found["epsg"]:
        return int(found["epsg"])
    if found["lambert"]:
        return 2154
    zone = found["utm"].upper()
    return _UTM.get(zone if zone[0].isdigit() else zone[1:] + zone[0])


@lru_cache
def _transform(epsg: int) -> Callable[[float, float], tuple[float, float]]:
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    try:
        return Transformer.from_crs(epsg, 4326, always_xy=True).transform
    except CRSError:
        return lambda x, y: (inf, inf)
