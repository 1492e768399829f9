"""A file of any number of sales, as a trade's software would write it: cp1252, `;`, decimal commas, dd/mm/yyyy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lake.contracts import Contract, load

ROWS = 100_000
HEADER = (
    "N° vente;Structure;Magasin;N° adhérent;Nom;Article;Classe;Quantité;Prix TTC;Part AMO;Renouvellement;Date;"
    "Remarque;Modifié le"
)


def contract() -> Contract:
    return load(Path(__file__).with_name("sales.yaml"))


def write(path: Path, count: int, begin: int = 0) -> Path:
    """Sales number `begin` to `begin + count`, always the same for a number."""
    with path.open("w", encoding="cp1252", newline="\r\n") as file:
        file.write(HEADER + "\n")
        for at in range(begin, begin + count, ROWS):
            file.write("\n".join(_lines(at, min(ROWS, begin + count - at))) + "\n")
    return path


def _lines(begin: int, count: int) -> list[str]:
    chance = np.random.default_rng(begin)
    structures = chance.integers(1, 19, count).tolist()
    sites = chance.integers(1, 30, count).tolist()
    people = chance.integers(0, 400_000, count).tolist()
    articles = chance.integers(0, 900, count).tolist()
    cents = chance.integers(0, 300_000, count).tolist()
    days = (np.datetime64("2019-01-01") + chance.integers(0, 2500, count)).astype("datetime64[D]").tolist()
    return [
        f"V{begin + i:012d};S{structure:02d};S{structure:02d}-OPT-{site:02d};{person:08d};MARTIN Zoé;"
        f"Monture référence {article:05d};{'A' if article % 4 == 0 else 'B'};{1 + article % 3};"
        f"{cent // 100},{cent % 100:02d};"
        f"{'' if cent % 3 else '12,50'};{'Oui' if person % 2 else 'Non'};{day:%d/%m/%Y};"
        f"{'' if cent % 10 else 'À rappeler'};{day:%d/%m/%Y} 17:{cent % 60:02d}:00"
        for i, (structure, site, person, article, cent, day) in enumerate(
            zip(structures, sites, people, articles, cents, days, strict=True)
        )
    ]
