"""What a site sells and spends each month, in euros, as its activity goes.

Shares of costs are those of mutualist centres; the closure of 2020 takes the sales away and leaves most of the costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lake.sample.world import CALENDAR, FIRST, LAST, Tenure, World

Floats = npt.NDArray[np.float64]

MONTHS = (LAST.year - FIRST.year + 1) * 12
_MONTH_OF_DAY = CALENDAR.astype("datetime64[M]").astype(int) - (FIRST.year - 1970) * 12


@dataclass(frozen=True)
class Trade:
    """How a line earns and spends. `euros` of income for one unit of activity; the rest are shares of income.

    `income` and `purchases`: (account, share).
    """

    euros: float
    income: tuple[tuple[str, float], ...]
    purchases: tuple[tuple[str, float], ...]
    wages: float
    external: float
    depreciation: float


TRADES = {
    "audio": Trade(915, (("707100", 1.0),), (("607100", 0.37),), 0.215, 0.175, 0.025),
    "optical": Trade(536, (("707200", 1.0),), (("607200", 0.37),), 0.21, 0.185, 0.03),
    "dental": Trade(824, (("706300", 1.0),), (("602300", 0.07), ("604300", 0.11)), 0.39, 0.14, 0.035),
    "childcare": Trade(93.5, (("706400", 0.3), ("741000", 0.7)), (), 0.505, 0.155, 0.02),
}

#: Social charges and the tax on wages, as shares of wages; what headquarters and the tax on premises cost, as shares
#: of the structure's income.
SOCIAL, WAGE_TAX, LAND_TAX = 0.40, 0.06, 0.006
HQ_WAGES, HQ_EXTERNAL = 0.028, 0.014


@dataclass(frozen=True, eq=False)
class Months:
    """A site's months since January 2019, in euros: income as earned, `normal` as it would be in an average month."""

    line: str
    site_id: str
    income: Floats
    normal: Floats


def months(world: World, tenure: Tenure, rng: np.random.Generator) -> Months:
    """The months of one tenure; zero before it and after it."""
    trade = TRADES[tenure.site.line]
    activity = np.bincount(_MONTH_OF_DAY, world.activity(tenure, CALENDAR), MONTHS)
    price = trade.euros * rng.uniform(0.85, 1.15)
    income = activity * price * rng.normal(1, 0.02, MONTHS)
    # Costs follow the size of the year around, not the month: a closed month costs nearly as much as another.
    normal = np.zeros(MONTHS)
    for month in np.flatnonzero(activity > 0).tolist():
        around = income[max(0, month - 6) : month + 7]
        normal[month] = around[around > 0.3 * around.max()].mean()
    return Months(tenure.site.line, tenure.site.site_id, income, 0.7 * normal + 0.3 * income)
