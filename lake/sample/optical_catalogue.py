"""What the optical shops sell, at which price, and what it costs their structure over the years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lake.sample.columns import Cents, Ints, Mask, Strings, dates, decimals, strings

FRAME, LENS, CONTACT, EXTRA = range(4)

_FAMILIES = ("frame", "lens", "contact_lenses", "extra")
_PREFIXES = ("MON", "VER", "LEN", "SUP")
_SUPPLIERS = ("Lunetterie du Jura", "Verres Atlantique", "Optique Rhône", "Contactis")
#: Kinds of product: class A, class B, second pair.
_A, _B, _SECOND = range(3)
#: List price with VAT and purchase price without, in cents, of lenses by kind and design.
_LENS_PRICES = ((3_250, 4_750, 7_500), (8_200, 12_100, 20_400), (1_500, 2_200, 3_900))
_LENS_COSTS = ((950, 1_400, 2_300), (2_150, 3_200, 5_400), (650, 900, 1_500))
#: Free-price frames that a structure offers.
_FRAMES = 25
_DESIGN_LABELS = ("unifocal", "mi-distance", "progressif")


@dataclass(frozen=True)
class Catalogue:
    """One row per product. `price` with VAT and `cost` without are in cents, as on the first day."""

    code: Strings
    label: Strings
    family: Ints
    kind: Ints
    design: Ints
    price: Cents
    cost: Cents
    luck: npt.NDArray[np.float64]
    first: date
    last: date

    def choose(self, luck: npt.NDArray[np.float64], family: Ints, is_a: Mask, is_second: Mask, design: Ints) -> Ints:
        """The product of each line, by its family, class and lens design; `luck` (0–1) picks among those that fit."""
        kind = np.where(is_a, _A, np.where(is_second, _SECOND, _B))
        chosen = np.zeros(len(luck), np.int64)
        wanted = family * 9 + np.where(family <= LENS, kind, _B) * 3 + np.where(family == LENS, design, 0)
        offered = self.family * 9 + self.kind * 3 + self.design
        for value in np.unique(wanted):
            mine, fitting = wanted == value, np.flatnonzero(offered == value)
            chosen[mine] = fitting[(luck[mine] * len(fitting)).astype(np.int64)]
        return chosen

    def prices(self) -> pa.Table:
        """The purchase prices: each product's first, then a new one in the years in which its supplier raises it."""
        product, day, cost = (
            [np.arange(len(self.code))],
            [np.full(len(self.code), np.datetime64(self.first))],
            [self.cost],
        )
        current = self.cost
        for year in range(self.first.year + 1, self.last.year + 1):
            raised = np.flatnonzero((self.luck * 10 * (year - 2000)) % 1 < 0.35)
            current = current.copy()
            current[raised] = current[raised] * 104 // 100
            product.append(raised)
            day.append(np.full(len(raised), np.datetime64(f"{year}-01-01")))
            cost.append(current[raised])
        index = np.concatenate(product)
        return pa.table(
            {
                "product_code": strings(self.code[index]),
                "valid_from_on": dates(np.concatenate(day)),
                "product_label": strings(self.label[index]),
                "supplier": strings(np.array(_SUPPLIERS)[self.family[index]]),
                "family": strings(np.array(_FAMILIES)[self.family[index]]),
                "unit_cost_eur": decimals(np.concatenate(cost)),
            }
        )


def catalogue(rng: np.random.Generator, first: date, last: date) -> Catalogue:
    """A structure's catalogue between two days."""
    rows: list[tuple[str, int, int, int, int, int]] = []
    rows += [(f"Monture 100 % Santé {i}", FRAME, _A, 0, 3_000, 850) for i in range(1, 3)]
    for i in range(1, _FRAMES + 1):
        price = int(rng.integers(70, 220)) * 100
        rows.append((f"Monture libre {i}", FRAME, _B, 0, price, price * 27 // 100))
    rows.append(("Monture seconde paire", FRAME, _SECOND, 0, 1_900, 700))
    for kind, offer in ((_A, "100 % Santé"), (_B, "libre"), (_SECOND, "seconde paire")):
        for design, label in enumerate(_DESIGN_LABELS):
            price, cost = _LENS_PRICES[kind][design], _LENS_COSTS[kind][design]
            rows.append((f"Verre {label} {offer}", LENS, kind, design, price, cost))
    rows += [(f"Lentilles mensuelles {i}", CONTACT, _B, 0, 2_600 + 700 * i, 1_100 + 300 * i) for i in (1, 2)]
    rows += [("Étui", EXTRA, _B, 0, 1_200, 380), ("Entretien", EXTRA, _B, 0, 900, 300)]
    family = np.array([r[1] for r in rows])
    number = np.concatenate([np.arange(1, (family == f).sum() + 1) for f in range(4)])
    return Catalogue(
        code=np.array([f"{_PREFIXES[f]}{n:04d}" for f, n in zip(family, number, strict=True)]),
        label=np.array([r[0] for r in rows]),
        family=family,
        kind=np.array([r[2] for r in rows]),
        design=np.array([r[3] for r in rows]),
        price=np.array([r[4] for r in rows], np.int64),
        cost=np.array([r[5] for r in rows], np.int64),
        luck=rng.random(len(rows)),
        first=first,
        last=last,
    )
