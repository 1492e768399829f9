"""The sample's sites are as busy as real ones: their months are in the indicators' typical ranges."""

from __future__ import annotations

import pytest
import typical
from group import Group

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_nine_site_months_in_ten_are_in_the_typical_range_of_an_indicator(in_group: Group) -> None:
    found = [score for score in typical.scores() if score.cells >= typical.FEWEST_CELLS]
    assert len(found) > 200
    low = [score for score in found if score.share < 0.9]
    assert not low, typical.table(low)
