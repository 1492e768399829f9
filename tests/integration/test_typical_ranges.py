"""The sample's sites are as busy as real ones: their months are in the indicators' typical ranges."""

from __future__ import annotations

from datetime import date

import pytest
import typical
from group import RECORDS, UNTIL, Group

from lake.sample.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_nine_site_months_in_ten_are_in_the_typical_range_of_an_indicator(in_group: Group) -> None:
    world = World(RECORDS, 1, date.fromisoformat(UNTIL))
    since = {tenure.site.site_id: tenure.site.joined_on for tenure in world.tenures}
    found = [score for score in typical.scores(since) if score.cells >= typical.FEWEST_CELLS]
    assert len(found) > 200
    low = [s for s in found if s.share < 0.9 and s.indicator not in typical.OF_YOUNG_SITES]
    assert not low, typical.table(low)
