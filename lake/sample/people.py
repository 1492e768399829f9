"""The customers of the group: a pool from which every line draws, so that people are followed across lines.

Kept as columns (numpy), one element a person; a person is known by position. Sorted by home town and birth, so that
people of a given age who live near a site are found by two binary searches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.str_]

#: Health-insurance schemes and the share of people in each.
SCHEMES = {"general": 0.78, "agricultural": 0.08, "self_employed": 0.09, "students": 0.02, "other": 0.03}

#: Member numbers are a 9 and the place, below this, in a shuffled list.
_NUMBERS = 100_000_000

#: Days in a year, leap years included.
YEAR = 365.2425

_FIRST = {
    "F": ("Marie", "Jeanne", "Françoise", "Monique", "Nathalie", "Isabelle", "Hélène", "Zoé", "Léa", "Camille", "Inès",
          "Chloé", "Manon", "Jade", "Louise", "Alice", "Maëlle", "Anaïs", "Aïcha", "Noémie"),
    "M": ("Jean", "Pierre", "Michel", "André", "Philippe", "René", "Louis", "Alain", "Gérard", "François", "Noël",
          "Léo", "Gabriel", "Raphaël", "Arthur", "Jules", "Adam", "Loïc", "Rémi", "Karim"),
}  # fmt: skip
_LAST = (
    "Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Lefèvre", "Garcia", "Roux", "Fournier", "Girard",
    "Mercier", "Blanc", "Guérin", "Boyer", "Garnier", "Chevalier", "Legrand", "Gauthier", "Perrin", "Clément", "Morin",
    "Dumont", "Fontaine", "Roussel", "Vincent", "Muller", "Dufour", "Mathieu", "Masson", "Rivière", "Lemaître", "Faure",
    "Renaud", "Colin", "Le Goff", "Bénard", "Haddad", "Nguyen", "Da Silva", "Traoré",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """One element a person in every column. `town` and `commune` are positions in `places.communes()`.

    `town` is where they go for care (the pool is sorted by it), `commune` where they live. `number` is the clear
    member number ("N° adhérent") that landing turns into the pseudonym. `birth` and `enrolled` are days.
    """

    number: Texts
    birth: Days
    sex: Texts
    scheme: Texts
    town: Ints
    commune: Ints
    enrolled: Days
    changed: Days

    def __len__(self) -> int:
        return len(self.birth)

    def positions(self, numbers: Texts) -> Ints:
        """Where the people with these member numbers stand in the pool."""
        return self._by_number[numbers.astype(np.int64) % _NUMBERS]

    @cached_property
    def _by_number(self) -> Ints:
        return np.argsort(self.number.astype(np.int64) % _NUMBERS)


def make(rng: np.random.Generator, n: int, towns: Ints, weights: npt.NDArray[np.float64], near: list[Ints],
         young: npt.NDArray[np.bool_], first: np.datetime64, last: np.datetime64) -> People:  # fmt: skip
    """Draw `n` people.

    Args:
        towns: communes that have sites; `weights` their share of people; `near` the communes around each;
            `young` whether there is a nursery, which gives the town more small children.
        first, last: the days between which the group's activity lies.
    """
    which = np.sort(rng.choice(len(towns), n, p=weights))
    town = towns[which]
    child = rng.random(n) < np.where(young[which], 0.34, 0.06)
    old = rng.random(n) < 0.42
    age = np.where(old, rng.normal(71, 9.5, n), rng.normal(39, 17, n)).clip(7, 99)
    span = int((last - first) / np.timedelta64(1, "D"))
    days_old = np.where(child, rng.integers(30, span + 3 * 365, n), (age * YEAR).astype(np.int64))
    birth = last - days_old.astype("timedelta64[D]")
    order = np.lexsort((birth, town))
    town, birth = town[order], birth[order]
    elsewhere = rng.random(n) < 0.35
    commune = town.copy()
    positions = {int(t): i for i, t in enumerate(towns)}
    for value in np.unique(town):
        mine = np.flatnonzero((town == value) & elsewhere)
        commune[mine] = rng.choice(near[positions[int(value)]], len(mine))
    enrolled = np.maximum(birth + rng.integers(20, 150, n).astype("timedelta64[D]"),
                          first - rng.integers(30, 9 * 365, n).astype("timedelta64[D]"))  # fmt: skip
    enrolled = np.minimum(enrolled, last)
    sex = np.where(rng.random(n) < 0.54, "F", "M")
    scheme = rng.choice(list(SCHEMES), n, p=list(SCHEMES.values()))
    number = (9 * _NUMBERS + rng.permutation(n)).astype(np.str_)
    return People(number, birth, sex, scheme, town, commune, enrolled, enrolled)


def identity(field: str, people: People, who: Ints) -> list[str] | None:
    """Clear personal values of people, invented, for a field that a contract says must never be stored.

    The field's name tells what is wanted (`first_name`, `phone`, `email`, `nir` or `social_security`, `address`,
    `…name`); None when it tells nothing.
    """
    sex, seed = people.sex[who], (who * 2654435761) % 4294967291
    first = [_FIRST[s][i % len(_FIRST[s])] for s, i in zip(sex, seed.tolist(), strict=True)]
    last = [_LAST[i // 31 % len(_LAST)] for i in seed.tolist()]
    makers: dict[str, Any] = {
        "first_name": lambda: first,
        "last_name": lambda: [name.upper() for name in last],
        "name": lambda: [f"{b.upper()} {a}" for a, b in zip(first, last, strict=True)],
        "phone": lambda: [f"06 99 {i % 100:02d} {i // 100 % 100:02d} {i // 10000 % 100:02d}" for i in seed.tolist()],
        "mail": lambda: [f"adherent{i}@exemple.invalid" for i in who.tolist()],
        "address": lambda: [f"{i % 180 + 1} rue des Exemples" for i in seed.tolist()],
    }
    for word in ("nir", "social_security"):
        makers[word] = lambda: _nir(people, who)
    return next((make() for word, make in makers.items() if word in field), None)


def _nir(people: People, who: Ints) -> list[str]:
    """Numbers that look like a social-security number and can't be one (département 99, commune 999)."""
    months = people.birth[who].astype("datetime64[M]").astype(int)
    bodies = [
        f"{1 if s == 'M' else 2}{(m // 12 + 1970) % 100:02d}{m % 12 + 1:02d}99999{w % 1000:03d}"
        for s, m, w in zip(people.sex[who], months.tolist(), who.tolist(), strict=True)
    ]
    return [f"{body}{97 - int(body) % 97:02d}" for body in bodies]
