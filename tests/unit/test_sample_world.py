"""The imaginary group: what every line may rely on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from lake.sample.places import WORKING, communes, luhn, structures
from lake.sample.world import Tenure, World

UNTIL = date(2025, 12, 31)


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> World:
    """A large group: seven years, more than two hundred sites."""
    return World(10_000_000, request.param, UNTIL)


def passes_luhn(digits: str) -> bool:
    return luhn(digits[:-1]) == digits


def day(text: str) -> np.ndarray:
    return np.array([text], "datetime64[D]")


def test_the_group_has_eighteen_structures_with_one_to_four_lines() -> None:
    assert [s.structure_id for s in structures()] == [f"S{n:02d}" for n in range(1, 19)]
    lines = [sum(s.structure_id in working for working in WORKING.values()) for s in structures()]
    assert all(1 <= count <= 4 for count in lines)
    assert all(passes_luhn(s.siren) and s.siren.startswith("999") for s in structures())


@pytest.mark.parametrize(("records", "peers"), [(20_000, 6), (1_000_000, 12)])
def test_every_trade_has_enough_structures_to_be_compared(records: int, peers: int) -> None:
    group = World(records, 1, UNTIL)
    for line in WORKING:
        assert len({t.structure_id for t in group.tenures if t.site.line == line}) > peers - (records > 100_000)


def test_every_structure_has_a_site_in_some_trade_at_any_size() -> None:
    group = World(20_000, 1, UNTIL)
    assert {t.structure_id for t in group.tenures if t.site.line != "group"} == {s.structure_id for s in structures()}


@pytest.mark.parametrize(
    ("records", "years", "fewest", "most"),
    [(20_000, 2, 40, 50), (1_000_000, 3, 60, 90), (4_000_000, 4, 150, 300), (20_000_000, 7, 400, 800)],
)
def test_more_records_are_more_years_and_sites(records: int, years: int, fewest: int, most: int) -> None:
    group = World(records, 1, UNTIL)
    assert (group.last - group.first).days // 365 == years
    assert fewest <= len({t.site.site_id for t in group.tenures}) <= most


@pytest.mark.parametrize("line", WORKING)
def test_a_site_is_as_busy_in_a_small_group_as_in_a_large_one(line: str) -> None:
    def a_day(records: int) -> float:
        group = World(records, 1, UNTIL)
        days = [group.events(t) for t in group.tenures if t.site.line == line]
        return float(np.mean([events[events > 0].mean() for events in days if events.any()]))

    assert a_day(20_000) == pytest.approx(a_day(1_000_000), rel=0.25)


def test_data_run_to_yesterday_unless_told() -> None:
    assert World(20_000, 1).last == datetime.now(ZoneInfo("Europe/Paris")).date() - timedelta(days=1)


def test_luhn_is_that_of_a_known_siren() -> None:
    assert luhn("73282932") == "732829320"


def test_communes_are_real_places_of_their_departement() -> None:
    places = communes()
    assert len({c.insee_code for c in places}) == len(places) >= 150
    assert all(c.insee_code[:2] == c.department_code == c.postcode[:2] for c in places)
    assert all(41 < c.latitude < 51.2 and -5 < c.longitude < 9.6 for c in places)
    assert {c.structure_id for c in places} == {s.structure_id for s in structures()}


def test_sites_have_valid_numbers_and_one_structure_at_a_time(world: World) -> None:
    sites = {t.site.site_id: t.site for t in world.tenures}
    assert all(passes_luhn(s.siret) and len(s.siret) == 14 for s in sites.values())
    assert all(passes_luhn(s.finess) and len(s.finess) == 9 for s in sites.values())
    assert len({s.siret for s in sites.values()}) == len({s.finess for s in sites.values()}) == len(sites)
    for site_id in sites:
        mine = [t for t in world.tenures if t.site.site_id == site_id]
        assert [t.until for t in mine[:-1]] == [t.since for t in mine[1:]]
        assert all(t.until is None or t.since < t.until for t in mine)


def test_some_sites_open_close_grow_and_change_structure(world: World) -> None:
    sites = {t.site.site_id: t.site for t in world.tenures}
    pairs = [(a, b) for a, b in zip(world.tenures, world.tenures[1:], strict=False) if a.site == b.site]
    assert any(s.opened_on >= world.first for s in sites.values())
    assert any(s.closed_on for s in sites.values())
    assert any(a.structure_id != b.structure_id for a, b in pairs)
    assert any(a.structure_id == b.structure_id and a.capacity < b.capacity for a, b in pairs)


def busiest(world: World, line: str) -> Tenure:
    """The largest site that was there all the time."""
    lasting = [
        t
        for t in world.tenures
        if t.site.line == line and t.until is None and t.since < world.first and t.site.joined_on == world.first
    ]
    return max(lasting, key=lambda t: t.site.size)


def test_activity_knows_holidays_sundays_and_the_closure_of_2020(world: World) -> None:
    optical = busiest(world, "optical")
    ordinary = world.activity(optical, day("2019-04-02"))[0]
    assert ordinary > 0
    assert world.activity(optical, day("2019-05-01"))[0] == 0
    assert world.activity(optical, day("2019-04-07"))[0] == 0
    assert world.activity(optical, day("2020-03-31"))[0] < 0.2 * ordinary
    assert world.activity(optical, day("2019-04-06"))[0] > ordinary


def test_nothing_happens_before_a_site_opens_nor_after_it_left(world: World) -> None:
    for tenure in world.tenures:
        active = world.calendar[world.events(tenure) > 0]
        if len(active):
            assert active[0] >= np.datetime64(max(tenure.since, tenure.site.opened_on, tenure.site.joined_on))
            assert tenure.until is None or active[-1] < np.datetime64(tenure.until)


def test_nurseries_are_open_about_223_days_a_year(world: World) -> None:
    days = np.arange(np.datetime64("2023-01-01"), np.datetime64("2024-01-01"))
    assert 215 <= world.is_open("childcare", days).sum() <= 235


def test_events_fall_on_days_of_activity(world: World) -> None:
    tenure = busiest(world, "audio")
    days = world.days(world.rng("test"), tenure, before=30)
    assert len(days) == pytest.approx(world.activity(tenure, world.around(tenure, 30)).sum(), rel=0.15)
    assert (np.diff(days) >= np.timedelta64(0, "D")).all()
    assert (world.activity(tenure, days) > 0).all()


def test_people_drawn_have_the_age_asked_for_on_the_day(world: World) -> None:
    tenure = busiest(world, "childcare")
    days = np.sort(world.rng("days").choice(world.calendar, 400))
    who = world.draw_people(world.rng("who"), tenure, days, ages=(0.2, 3))
    age = (days - world.people.birth[who]).astype(int) / 365.2425
    assert age.min() >= 0.19
    assert age.max() <= 3.01


def test_people_use_several_lines(world: World) -> None:
    found: dict[str, set[int]] = {}
    for line, ages in (("audio", (55, 95)), ("optical", (10, 95))):
        found[line] = set()
        for tenure in world.tenures_of(line, "S01"):
            rng = world.rng("cross", line, tenure.site.site_id, tenure.since)
            who = world.draw_people(rng, tenure, world.days(rng, tenure, before=0), ages)
            found[line] |= set(who.tolist())
    assert len(found["audio"] & found["optical"]) > 50


def test_member_numbers_lead_back_to_their_people(world: World) -> None:
    who = np.array([0, 17, len(world.people) - 1, 17])
    assert world.people.positions(world.people.number[who]).tolist() == who.tolist()


def test_chance_depends_on_the_names_and_on_nothing_drawn_before(world: World) -> None:
    before = world.rng("a", 1).random()
    world.rng("b").random(1000)
    assert world.rng("a", 1).random() == before
    assert world.rng("a", 2).random() != before


def test_numbers_given_by_software_are_unique_over_structures(world: World) -> None:
    ids = [i for s in world.structures for i in world.ids("AP", s.structure_id, 50).to_pylist()]
    assert len(set(ids)) == len(ids)
    assert ids[0] == "AP010000001"


def test_the_reform_is_phased_in(world: World) -> None:
    days = np.array(["2018-06-01", "2020-06-01", "2021-01-01"], "datetime64[D]")
    assert world.reform("optical", days).tolist() == [0, 1, 1]
    assert world.reform("audio", days).tolist() == [0, 0.3, 1]
