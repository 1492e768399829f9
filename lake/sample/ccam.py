"""Dental acts as the sample's centres perform them: codes, grouping codes and tariffs of the CCAM, and usual fees.

Source: CCAM version 81 of the Assurance maladie (1 January 2026); fees are invented around the caps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lake.sample.columns import Cents, Ints


class Act(NamedTuple):
    """An act as centres perform it. `fee` is usual and, for the first two baskets, the cap; `base` 0 is not covered."""

    code: str
    grouping: str
    base: int
    fee: int
    weight: float


#: Care by reason of the visit, in cents of the CCAM v81. Source: data/ccam of the Assurance maladie.
CARE: dict[str, tuple[Act, ...]] = {
    "check_up": (
        Act("HBJD001", "AXI", 2892, 2892, 0.60),
        Act("HBQK002", "AID", 2000, 2000, 0.25),
        Act("HBQD001", "TDS", 5000, 5000, 0.15),
    ),
    "care": (
        Act("HBMD053", "SDE", 3047, 3047, 0.20),
        Act("HBMD049", "SDE", 5200, 5200, 0.30),
        Act("HBMD038", "SDE", 6812, 6812, 0.25),
        Act("HBFD008", "END", 10400, 10400, 0.10),
        Act("HBFD033", "END", 4160, 4160, 0.15),
    ),
    "surgery": (
        Act("HBGD036", "ASC", 3900, 3900, 0.55),
        Act("HBGD022", "ASC", 4300, 4300, 0.25),
        Act("HBGD004", "ASC", 9614, 9614, 0.20),
    ),
    "emergency": (
        Act("HBQK389", "AID", 798, 798, 0.50),
        Act("HBFD033", "END", 4160, 4160, 0.30),
        Act("HBMD058", "SDE", 3047, 3047, 0.20),
    ),
}

#: Prosthetics by 100 % Santé basket: without out-of-pocket, capped, free.
BASKETS: tuple[tuple[Act, ...], ...] = (
    (
        Act("HBLD038", "CM0", 12000, 29000, 0.18),
        Act("HBLD634", "PF0", 12000, 50000, 0.14),
        Act("HBLD350", "CZ0", 12000, 44000, 0.14),
        Act("HBLD090", "IC0", 7000, 17500, 0.22),
        Act("HBLD490", "CT0", 1000, 6000, 0.22),
        Act("HBLD364", "PT0", 6450, 18000, 0.05),
        Act("HBLD031", "PA0", 18275, 110000, 0.03),
        Act("HBMD017", "RA0", 2150, 8000, 0.02),
    ),
    (
        Act("HBLD491", "PF1", 12000, 55000, 0.45),
        Act("HBLD158", "PF1", 12000, 55000, 0.20),
        Act("HBMD351", "IN1", 10000, 35000, 0.20),
        Act("HBLD131", "PA1", 19350, 70000, 0.05),
        Act("HBLD745", "IC1", 7000, 23000, 0.10),
    ),
    (
        Act("HBLD734", "PFC", 12000, 52000, 0.35),
        Act("HBLD403", "PFC", 12000, 60000, 0.15),
        Act("HBLD318", "PFC", 12000, 48000, 0.10),
        Act("HBLD245", "ICO", 7000, 22000, 0.20),
        Act("HBMD460", "INO", 10000, 38000, 0.10),
        Act("LBLD015", "IMP", 0, 90000, 0.10),
    ),
)
#: Share of quoted acts by basket once the reform is whole, in number. In euros that is near 58/31/11 %.
REFORMED = (0.69, 0.22, 0.09)
RAC0 = ("CM0", "CZ0", "PF0", "IC0", "CT0", "PA0", "PT0", "RA0", "RF0", "RS0")
REMOVABLE = ("PA0", "PT0", "RA0", "RF0", "RS0")

TEETH = tuple(f"{quadrant}{tooth}" for quadrant in range(1, 5) for tooth in range(1, 9))


def of(acts: tuple[Act, ...], name: str) -> Cents:
    """One amount of each act, in cents."""
    return np.array([getattr(act, name) for act in acts], dtype=np.int64)


def prices(rng: np.random.Generator, acts: tuple[Act, ...], chosen: Ints, *, is_free: bool) -> Cents:
    """Fees in whole euros: free ones spread around the usual, the others stand at their cap or somewhat under it."""
    usual = of(acts, "fee")[chosen]
    if is_free:
        factor = rng.lognormal(0, 0.22, len(chosen))
    else:
        factor = np.where(rng.random(len(chosen)) < 0.6, 1.0, rng.uniform(0.85, 1.0, len(chosen)))
    return (usual * factor / 100).astype(np.int64) * 100
