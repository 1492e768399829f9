"""How large and how old an imaginary group is that writes so many records.

Every site is as busy as a real one. So more records are more sites and a longer time, and fewer records are fewer
sites, of which most joined in the last months. Below about 80,000 rows no group is believable: that is the least that
is written, whatever is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

#: Rows that an ordinary site of each trade writes in a month, dirt and corrections included.
ROWS_A_MONTH = {"audio": 135.0, "optical": 460.0, "dental": 800.0, "childcare": 480.0}

#: The part of a group's rows that its sites write; the rest are registers and books.
_OF_SITES = 0.88

#: From so many records on, a group has so many whole years behind it.
_YEARS = ((9_000_000, 7), (6_500_000, 6), (4_500_000, 5), (2_500_000, 4), (150_000, 3), (0, 2))

#: Sites of each trade that there are at least: six peers beside one's own, in any benchmark; from three years on, those
#: of more than twelve of the eighteen structures.
_FEWEST, _FEWEST_WITH_YEARS = 7, 13

#: Months for which a site is open at least, and the second of a trade in the smallest group.
_YOUNGEST, _SECOND = 2, 4


@dataclass(frozen=True)
class Scale:
    """Months begin on `first` and end with that of the last day; of so many of them each trade's sites have data."""

    first: date
    months: int
    ages: tuple[int, ...]


def scale(records: int, last: date) -> Scale:
    """The group that writes about so many records until its last day."""
    years = next(years for least, years in _YEARS if records >= least)
    # A purchase is followed for 36 months: one month more shows whose customers came back.
    months = 12 * years + (years > 2)
    first = month_before(last, months - 1)
    site_months = records * _OF_SITES / sum(ROWS_A_MONTH.values())
    count = max(_FEWEST if years == 2 else _FEWEST_WITH_YEARS, round(site_months / months))
    spare = max(round(site_months), months + _SECOND + (count - 2) * _YOUNGEST) - count * _YOUNGEST
    ages = []
    for _ in range(count):
        more = min(spare, months - _YOUNGEST)
        ages.append(_YOUNGEST + more)
        spare -= more
    return Scale(first, months, tuple(ages))


def month_before(last: date, months: int) -> date:
    """The first day of the month that lies so many months before that of `last`."""
    start = last.year * 12 + last.month - 1 - months
    return date(start // 12, start % 12 + 1, 1)
