"""How many cases a figure needs before it says something: one rule for every screen.

A rate of three cases moves by a third when one of them does. A figure on few cases is shown, and said to be; it is not
ranked among those on many, nor is its change judged. `cases.yml` names what counts the cases of a rate or a mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

#: Cases from which a figure is compared with others: with 30, one case more or less is three points of a rate.
ENOUGH = 30


def is_few(cases: int | float | Decimal | None) -> bool:
    """Whether a figure stands on too few cases; what nobody counts doesn't."""
    return cases is not None and cases == cases and abs(cases) < ENOUGH


def counted_by(metric: str, known: Collection[str]) -> str | None:
    """The indicator, one of the `known`, that counts what another one stands on."""
    count = _counts().get(metric)
    return count if count in known else None


@cache
def _counts() -> Mapping[str, str]:
    found: dict[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    return found
