"""The use of indicators on a real MongoDB: counted by day and role, and of nobody."""

from __future__ import annotations

from datetime import date

from lake.store import Store
from lake.usage import Asked, Usage

SALES, TRIALS = "audio_net_sales_eur", "audio_trials_started"


def test_visits_add_up_by_role_and_old_ones_are_left_out(store: Store) -> None:
    usage = Usage(store.usage)
    assert usage.since(date(2026, 1, 1)) == {}
    usage.add({Asked(SALES, "audio-analyst", date(2026, 1, 5)): 2, Asked(SALES, "group-director", date(2026, 1, 4)): 1})
    usage.add({Asked(SALES, "audio-analyst", date(2026, 1, 5)): 1})
    usage.add({Asked(TRIALS, "audio-analyst", date(2025, 12, 1)): 9})
    usage.add({})
    found = usage.since(date(2026, 1, 1))
    assert set(found) == {SALES}
    assert found[SALES].visits == 4
    assert list(found[SALES].roles.items()) == [("audio-analyst", 3), ("group-director", 1)]
    assert found[SALES].last_on == date(2026, 1, 5)
    both = usage.since(date(2025, 12, 1))
    together = both[SALES] + both[TRIALS]
    assert together.visits == 13 and together.last_on == date(2026, 1, 5)


def test_nothing_is_kept_of_who_asked(store: Store) -> None:
    usage = Usage(store.usage)
    usage.add({Asked(SALES, "audio-analyst", date(2026, 1, 5)): 1})
    assert store.usage.find("") == [{"indicator": SALES, "role": "audio-analyst", "day": "2026-01-05", "n": 1}]
