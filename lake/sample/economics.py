"""What a site sells, spends and employs each month, in euros and full-time equivalents.

All of it follows from what happens at the site, which is as busy in a small sample as in a large one. Books follow the
activity that is expected, not the events that chance made of it: with what was billed they agree to a few per cent over
the group, and less closely in a month of a site.

Shares of costs are those of mutualist centres; the closure of 2020 takes the sales away and leaves most of the costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lake.sample.world import Tenure, World

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trade:
    """How a line earns and spends.

    `euros` that one event of the line brings (see `World.activity`), without VAT, as measured on what the line writes.
    `income` and `purchases`: (account, share). `wages`, `external`, `depreciation`: shares of income. `staff`: yearly
    income for one full-time equivalent, by profession.
    """

    euros: float
    income: tuple[tuple[str, float], ...]
    purchases: tuple[tuple[str, float], ...]
    wages: float
    external: float
    depreciation: float
    staff: tuple[tuple[str, float], ...]


TRADES = {
    "audio": Trade(
        euros=1_630, income=(("707100", 1.0),), purchases=(("607100", 0.37),),
        wages=0.215, external=0.175, depreciation=0.025,
        staff=(("audiologist", 300_000), ("audiology_assistant", 450_000)),
    ),
    "optical": Trade(
        euros=215, income=(("707200", 1.0),), purchases=(("607200", 0.37),),
        wages=0.21, external=0.185, depreciation=0.03,
        staff=(("optician", 210_000), ("sales_assistant", 320_000)),
    ),
    "dental": Trade(
        euros=760, income=(("706300", 1.0),), purchases=(("602300", 0.07), ("604300", 0.11)),
        wages=0.39, external=0.14, depreciation=0.035,
        staff=(("dentist", 336_000), ("dental_assistant", 240_000)),
    ),
    # Families, the CAF's service subsidy, the communes.
    "childcare": Trade(
        euros=75, income=(("706400", 0.21), ("741000", 0.42), ("744000", 0.37)), purchases=(),
        wages=0.485, external=0.155, depreciation=0.02,
        staff=(("early_years_teacher", 247_000), ("childcare_assistant", 78_000)),
    ),
    # What head offices earn themselves: prevention, training, services to other mutual societies.
    "group": Trade(
        euros=1_900, income=(("706800", 1.0),), purchases=(),
        wages=0.34, external=0.40, depreciation=0.02,
        staff=(("administration", 110_000),),
    ),
}  # fmt: skip

#: Social charges and the tax on wages, as shares of wages; what headquarters and the tax on premises cost, as shares
#: of the structure's income; what the State and the employees have of a profit; income for one full-time equivalent at
#: headquarters.
SOCIAL, WAGE_TAX, LAND_TAX = 0.40, 0.06, 0.006
HQ_WAGES, HQ_EXTERNAL = 0.028, 0.014
INCOME_TAX, PROFIT_SHARE = 0.10, 0.03
HQ_STAFF = 1_350_000


@dataclass(frozen=True, eq=False)
class Months:
    """A site's months from the sample's first, in euros: income as earned, and `usual`, that of the months around."""

    line: str
    site_id: str
    income: Floats
    usual: Floats

    @property
    def normal(self) -> Floats:
        """The income that costs follow: partly the year around, as a month of holidays costs nearly as much."""
        return 0.7 * self.usual + 0.3 * self.income


def months(world: World, tenure: Tenure) -> Months:
    """The months of one tenure, the same for whoever asks; zero before it and after it."""
    calendar, count = world.calendar.astype("datetime64[M]"), world.scale.months
    activity = np.bincount((calendar - calendar[0]).astype(int), world.events(tenure), count)
    rng = world.rng("economics", tenure.site.site_id, tenure.since)
    income = activity * TRADES[tenure.site.line].euros * rng.uniform(0.95, 1.05) * rng.normal(1, 0.02, count)
    usual = np.zeros(count)
    for month in np.flatnonzero(activity > 0).tolist():
        around = income[max(0, month - 6) : month + 7]
        usual[month] = around[around > 0.3 * around.max()].mean()
    return Months(tenure.site.line, tenure.site.site_id, income, usual)
