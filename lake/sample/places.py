"""Where the imaginary group lives: real French communes (`communes.csv`), invented structures in them.

One row of `communes.csv` is one commune: the structure whose territory it is, INSEE code, main postcode, name,
département, region, latitude and longitude (WGS 84, degrees), population (rounded from the INSEE's legal populations).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

#: Code of each line in a site's id.
LINE_CODES = {"audio": "AUD", "dental": "DEN", "optical": "OPT", "childcare": "CHI", "group": "HQ"}


@dataclass(frozen=True)
class Commune:
    """One commune. `structure_id`: the structure whose territory it is in."""

    structure_id: str
    insee_code: str
    postcode: str
    name: str
    department_code: str
    department: str
    region: str
    latitude: float
    longitude: float
    population: int


@dataclass(frozen=True)
class Structure:
    """One mutualist structure of the group. `siren` passes the Luhn check; 999… is not given to real companies."""

    structure_id: str
    name: str
    siren: str
    lines: tuple[str, ...]


_STRUCTURES = (
    ("Mutualité des Monts Noirs", "audio optical dental"),
    ("Mutualité des Deux Fleuves", "audio optical dental childcare"),
    ("Mutualité Alpes et Collines", "audio dental"),
    ("Mutualité des Hauts Lacs", "optical childcare"),
    ("Mutualité des Volcans Bleus", "audio optical dental"),
    ("Mutualité des Grands Crus", "audio"),
    ("Mutualité de la Plaine du Levant", "dental childcare"),
    ("Mutualité des Trois Sources", "optical"),
    ("Mutualité des Coteaux Blancs", "optical"),
    ("Mutualité des Beffrois", "audio optical dental childcare"),
    ("Mutualité des Falaises", "audio optical"),
    ("Mutualité des Bocages", "dental"),
    ("Mutualité des Abers", "audio optical childcare"),
    ("Mutualité de l'Estuaire", "audio childcare"),
    ("Mutualité des Châteaux", "dental"),
    ("Mutualité des Porcelaines", "optical"),
    ("Mutualité des Gaves et Garonne", "childcare"),
    ("Mutualité des Deux Mers", "dental childcare"),
)


@lru_cache(maxsize=1)
def communes() -> tuple[Commune, ...]:
    """Every commune that the group knows, by structure and INSEE code."""
    with (Path(__file__).parent / "communes.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Commune(
                **{k: v for k, v in row.items() if k not in ("latitude", "longitude", "population")},
                latitude=float(row["latitude"]),
                longitude=float(row["longitude"]),
                population=int(row["population"]),
            )
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=1)
def structures() -> tuple[Structure, ...]:
    """The 18 structures, S01 to S18."""
    return tuple(
        Structure(f"S{number:02d}", name, luhn(f"99900{number:03d}"), tuple(lines.split()))
        for number, (name, lines) in enumerate(_STRUCTURES, start=1)
    )


def luhn(digits: str) -> str:
    """The digits with the check digit that makes them pass the Luhn check (SIREN, SIRET, FINESS)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)
