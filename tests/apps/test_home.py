"""The home page: what it says moved is what the semantic layer says, with the places that add up to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from group import Group

from apps.screens.home.data import moved
from apps.session import Session
from lake import access, semantic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_what_moved_is_the_change_of_two_whole_weeks(in_group: Group) -> None:
    scope = access.scope("group-director")
    move = moved(Session("fr", scope, "viewer-1"), "optical")
    assert move is not None and move.monday.weekday() == 0

    def asked(weeks: int, by: tuple[str, ...] = ()) -> list[dict[str, object]]:
        since = move.monday - timedelta(weeks=weeks)
        until = since + timedelta(days=6)
        answer = semantic.query([move.metric], by=by, since=since, until=until, scope=scope)
        return list(answer.table.to_pylist())

    def value(rows: list[dict[str, object]], name: str | None = None) -> float:
        return sum(float(str(r[move.metric] or 0)) for r in rows if name is None or r.get("site_name") == name)

    assert move.value == pytest.approx(value(asked(0)))
    assert move.before == pytest.approx(value(asked(1)))
    now, before = asked(0, ("site_name",)), asked(1, ("site_name",))
    assert move.sites
    for place in move.sites:
        assert place.change == pytest.approx(value(now, place.name) - value(before, place.name))
        assert place.change * move.change > 0
    assert [abs(p.change) for p in move.sites] == sorted((abs(p.change) for p in move.sites), reverse=True)


def test_figures_that_come_by_the_month_are_not_told_by_the_week(in_group: Group) -> None:
    assert moved(Session("en", access.scope("group-director"), "viewer-1"), "finance") is None
