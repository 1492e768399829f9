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


_NAMES = (
    "Mutualité des Monts Noirs",
    "Mutualité des Deux Fleuves",
    "Mutualité Alpes et Collines",
    "Mutualité des Hauts Lacs",
    "Mutualité des Volcans Bleus",
    "Mutualité des Grands Crus",
    "Mutualité de la Plaine du Levant",
    "Mutualité des Trois Sources",
    "Mutualité des Coteaux Blancs",
    "Mutualité des Beffrois",
    "Mutualité des Falaises",
    "Mutualité des Bocages",
    "Mutualité des Abers",
    "Mutualité de l'Estuaire",
    "Mutualité des Châteaux",
    "Mutualité des Porcelaines",
    "Mutualité des Gaves et Garonne",
    "Mutualité des Deux Mers",
)

#: The structures that work in each trade, in the order in which a growing group has sites there. The first seven of all
#: trades are, together, all eighteen structures.
WORKING: dict[str, tuple[str, ...]] = {
    line: tuple(f"S{number:02d}" for number in numbers)
    for line, numbers in {
        "audio": (1, 2, 5, 6, 11, 13, 14, 3, 10, 4, 9, 16, 8),
        "dental": (1, 2, 3, 7, 10, 12, 15, 5, 18, 6, 13, 17, 11),
        "optical": (1, 2, 4, 8, 9, 13, 16, 11, 10, 5, 3, 14, 12),
        "childcare": (2, 10, 4, 7, 17, 18, 14, 13, 15, 12, 8, 16, 6),
    }.items()
}


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
        Structure(f"S{number:02d}", name, luhn(f"99900{number:03d}")) for number, name in enumerate(_NAMES, start=1)
    )


def luhn(digits: str) -> str:
    """The digits with the check digit that makes them pass the Luhn check (SIREN, SIRET, FINESS)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)
