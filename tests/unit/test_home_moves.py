"""What moved most since the week before, and the places that explain it."""

from __future__ import annotations

import re
from datetime import date, timedelta

from apps.screens.home.moves import Contribution, contributions, last_monday, most_moved

WEEKS = [date(2025, 11, 3) + timedelta(weeks=n) for n in range(5)]


def test_a_week_is_whole_once_its_sunday_is_there() -> None:
    for day, monday in ((6, date(2025, 11, 24)), (7, date(2025, 12, 1)), (8, date(2025, 12, 1))):
        last = date(2025, 12, day)
        assert last_monday(last, last) == monday


def test_a_week_without_a_weekend_is_whole_once_more_is_known() -> None:
    friday, sunday = date(2025, 12, 5), date(2025, 12, 7)
    assert last_monday(friday, sunday) == date(2025, 11, 24)
    assert last_monday(friday, sunday + timedelta(days=1)) == date(2025, 12, 1)
    assert last_monday(friday - timedelta(days=1), sunday + timedelta(days=1)) == date(2025, 11, 24)


def test_what_stands_out_from_its_own_weeks_moved_most_not_what_is_biggest() -> None:
    move = most_moved(WEEKS, {"sales": [1000, 1400, 900, 1300, 1000], "pairs": [10, 11, 10, 11, 4]})
    assert move is not None
    assert (move.metric, move.monday, move.value, move.before, move.change) == ("pairs", WEEKS[-1], 4, 11, -7)


def test_a_move_on_a_small_base_is_told_only_where_there_is_no_other() -> None:
    leap = [2, 2, 2, 2, 10]
    sales = [1000, 1400, 900, 1300, 1000]
    move = most_moved(WEEKS, {"returns": leap, "sales": sales}, {"returns": "count", "sales": "eur"})
    assert move is not None and (move.metric, move.is_small) == ("sales", False)
    alone = most_moved(WEEKS, {"returns": leap}, {"returns": "count"})
    assert alone is not None and (alone.metric, alone.is_small) == ("returns", True)
    few = most_moved(WEEKS, {"sales": sales}, {"sales": "eur"}, cases=3)
    assert few is not None and few.is_small
    after_the_holidays = most_moved(WEEKS, {"sales": [1000, 1400, 900, 100, 1000]}, {"sales": "eur"})
    assert after_the_holidays is not None and after_the_holidays.is_small


def test_without_a_move_nothing_is_told() -> None:
    assert most_moved(WEEKS, {"sales": [5, 5, 5, 5, 5]}) is None
    assert most_moved(WEEKS[:2], {"sales": [5, 6]}) is None


def test_contributions_push_the_way_of_the_whole_the_largest_first() -> None:
    found = contributions({"a": -3, "b": 2, "c": -8, "d": -1, "e": -2, "f": 0}, -12)
    assert found == (Contribution("c", -8), Contribution("a", -3), Contribution("e", -2))


def test_the_changes_of_places_have_the_same_decimals() -> None:
    from apps.screens.home.page import _places

    told = _places([Contribution("A", 37.0), Contribution("B", 26.75), Contribution("C", -2.5)], "hours", "fr")
    assert [text for text in re.findall(r"[\d,]+", told) if text[0].isdigit()] == ["37,00", "26,75", "2,50"]
