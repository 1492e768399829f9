"""How much of a nursery fits into a small sample: fewer places than its licence has, on some of its open days."""

from __future__ import annotations

import numpy as np

from lake.sample.people import Days
from lake.sample.world import Tenure

#: Records of the line from which nurseries have the size of their licence.
_FULL_SIZE_RECORDS = 1_500_000


def places_of(tenure: Tenure, records: int) -> int:
    """The places of a nursery, where the line has so many records."""
    return max(5, round(tenure.capacity * float(np.clip(records / _FULL_SIZE_RECORDS, 0.2, 1.0))))


def days_that_fit(open_days: Days, n: float, places: int) -> int:
    """How many of a nursery's open days `n` rows allow: a day has about as many children as places."""
    months = max(1, len(np.unique(open_days.astype("datetime64[M]"))))
    count = n / (3 + 2.2 * places)
    if count > months:  # several days a month share the month's invoices
        count = (n - 1.2 * places * months) / (3 + places)
    return min(round(count), len(open_days))
