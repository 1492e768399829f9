"""What Explore looks at: the address holds it whole, undo and redo go through it, and junk never breaks it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.screens.explore import shape
from apps.screens.explore.state import (
    CHARTS,
    COMPARES,
    GRAINS,
    PARAMETERS,
    PERIODS,
    TIME,
    History,
    Pick,
    State,
    between,
    parse,
    span,
)
from apps.words import LANGUAGES, say

NAMES = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True).filter(lambda n: n != TIME)
VALUES = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=20)
)


@st.composite
def states(draw: st.DrawFn) -> State:
    by = tuple(draw(st.lists(NAMES, max_size=4, unique=True)))
    grain = draw(st.sampled_from([None, *GRAINS]))
    dimensions = [*by, *([TIME] if grain else [])]
    picks = draw(st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=4, unique=True), max_size=3))
    return State(
        show=tuple(draw(st.lists(NAMES, max_size=4, unique=True))),
        by=by,
        across=draw(st.sampled_from([None, *dimensions])),
        picks=tuple(Pick(d, tuple(v)) for d, v in picks.items()),
        panes=tuple(draw(st.lists(NAMES, max_size=3, unique=True))),
        grain=grain,
        period=draw(st.sampled_from([*PERIODS, "2024-01-01..2024-12-31"])),
        compare=draw(st.sampled_from([None, *COMPARES])),
        chart=draw(st.sampled_from(CHARTS)),
    )


@given(states())
def test_the_address_gives_back_the_view_that_made_it(state: State) -> None:
    again, problems = parse(state.params())
    assert (again, problems) == (state, ())


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.lists(st.text(max_size=40), max_size=6)))
def test_no_address_is_an_error_and_what_it_yields_has_an_address(params: dict[str, list[str]]) -> None:
    state, _ = parse(params)
    assert parse(state.params()) == (state, ())


def test_what_cannot_be_followed_is_said_and_the_rest_is_followed() -> None:
    state, problems = parse(
        {
            "show": ["audio_net_sales_eur"],
            "by": ["site_name"],
            "across": ["nothing"],
            "pick": ["structure:S01", "x';drop table--:1", "a b:2"],
            "grain": ["eon"],
            "period": ["2024-13-01..2024-01-01"],
            "compare": ["last_summer"],
            "chart": ["pie"],
        }
    )
    assert state == State(("audio_net_sales_eur",), ("site_name",), picks=(Pick("structure", ("S01",)),))
    assert {p.kind for p in problems} == {"value"}
    assert len(problems) == 7
    instead = {p.text.partition("=")[0]: p.instead for p in problems if p.instead}
    assert set(instead) == {"across", "grain", "period", "compare", "chart"}
    assert all(say(key, language) for key in instead.values() for language in LANGUAGES)


def test_an_endless_address_is_cut_and_said() -> None:
    state, problems = parse({"pick": [f"site:{n}" for n in range(500)], "show": [f"m{n}" for n in range(99)]})
    assert len(state.picked("site")) == 200 and len(state.show) == 8
    assert [p.kind for p in problems] == ["too_many", "too_many"]


def test_indicators_and_dimensions_out_of_reach_are_left_out_with_their_names() -> None:
    state = State(("a", "b"), ("x", "y"), "y", (Pick("z", ("1",)),), panes=("w",))
    kept, wrong = state.only({"a"})
    assert kept.show == ("a",) and [(p.kind, p.text) for p in wrong] == [("indicator", "b")]
    within, unfit = state.within({"x"})
    assert (within.by, within.across, within.picks, within.panes) == (("x",), None, (), ())
    assert [p.text for p in unfit] == ["y", "z", "w"]


def test_drilling_selects_the_member_and_splits_it_by_the_next_dimension() -> None:
    state = State(("m",), ("structure_name",)).drill({"structure_name": "Abers"}, "site_name")
    assert state.picked("structure_name") == ("Abers",)
    assert state.by == ("site_name",)
    deeper = state.drill({"site_name": None}, None)
    assert deeper.picked("site_name") == (None,) and deeper.by == ("site_name",)


def test_picking_nothing_frees_the_dimension() -> None:
    state = State().pick("site", ("a", "b", "a"))
    assert state.picked("site") == ("a", "b")
    assert state.pick("site", ()) == State()


@given(st.lists(st.sampled_from(["undo", "redo", "a", "b", "c"]), max_size=30))
def test_undo_and_redo_are_each_others_inverse(steps: list[str]) -> None:
    history = History(State())
    for step in steps:
        if step == "undo":
            before, history = history, history.undo()
            assert not before.past or history.redo().now == before.now
        elif step == "redo":
            before, history = history, history.redo()
            assert not before.future or history.undo().now == before.now
        else:
            history = history.go(State((step,)))
            assert history.now == State((step,)) and (not history.past or history.undo().now != history.now)


def test_a_new_step_forgets_what_was_undone_and_the_same_view_is_no_step() -> None:
    a, b = State(("a",)), State(("b",))
    history = History(State()).go(a).undo().go(b)
    assert history.redo().now == b
    assert history.go(b) is history


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("12m", date(2025, 1, 1), date(2025, 12, 31)),
        ("24m", date(2024, 1, 1), date(2025, 12, 31)),
        ("ytd", date(2025, 1, 1), date(2025, 12, 31)),
        ("2024-02-29..2024-03-01", date(2024, 2, 29), date(2024, 3, 1)),
    ],
)
def test_a_period_ends_with_the_last_complete_month(period: str, first: date, last: date) -> None:
    assert span(period, date(2025, 12, 31)) == (first, last)


def test_twelve_months_begin_the_day_after_the_same_month_a_year_before() -> None:
    assert span("12m", date(2024, 2, 29)) == (date(2023, 3, 1), date(2024, 2, 29))
    assert span("all", date(2024, 2, 29)) == (None, None)
    assert span("2024-03-01..2024-02-01", date.max) is None
    assert span(between(date(2024, 1, 1), date(2024, 1, 1)), date.max) == (date(2024, 1, 1), date(2024, 1, 1))


@pytest.mark.parametrize(
    ("state", "members", "chart"),
    [
        (State(("m",), grain="month"), {}, "lines"),
        (State(("m",), ("d",), grain="month"), {"d": 5}, "lines"),
        (State(("m",), ("d",), grain="month"), {"d": 50}, "heat"),
        (State(("m",), ("d",)), {"d": 5}, "bars"),
        (State(("m", "n"), ("d",)), {"d": 50}, "scatter"),
        (State(("m",), ("d", "e")), {}, "heat"),
        (State(("m",), ("d", "e", "f")), {}, "table"),
        (State(("m",), ("d",), chart="table"), {"d": 5}, "table"),
        (State(("m",), ("d",), chart="lines"), {"d": 5}, "bars"),
        (State(("m",), ("site",), compare="benchmark"), {"site": 50}, "peers"),
        (State(("m",), compare="benchmark"), {}, "peers"),
        (State(("m",), ("site",), grain="month", compare="benchmark"), {"site": 50}, "peers"),
        (State(("m",), ("site", "d"), grain="month", compare="benchmark"), {"site": 5}, "table"),
        (State(("m",), ("site",), compare="benchmark", chart="bars"), {"site": 5}, "bars"),
    ],
)
def test_the_chart_fits_what_is_asked_and_the_readers_choice_wins_where_it_can(
    state: State, members: dict[str, int], chart: str
) -> None:
    assert shape.chosen(state, members) == chart


@given(states())
def test_every_chart_chosen_is_one_that_can_be_drawn(state: State) -> None:
    if state.dimensions:
        assert shape.chosen(state, dict.fromkeys(state.dimensions, 100)) in shape.possible(state)


def test_going_down_leads_from_structure_to_site_and_then_to_what_is_left() -> None:
    offered = ["structure_name", "site_region", "site_name", "site_commune", "brand"]
    assert shape.next_dimension(State(by=("structure_name",)), offered) == "site_name"
    assert shape.next_dimension(State(by=("site_commune",)), offered) == "structure_name"
    assert shape.next_dimension(State(by=("brand",)), ["brand"]) is None


def test_a_total_is_compared_only_where_it_means_the_same() -> None:
    monthly = State(("m",), ("d",), grain="month")
    over_all, by_month = None, "month"
    for compare in ("previous_year", "budget", "share", *shape.RUNNING):
        assert shape.total_keeps(compare, monthly, over_all) and shape.total_keeps(compare, monthly, by_month)
    for compare in ("previous_period", "index"):
        assert not shape.total_keeps(compare, monthly, over_all) and shape.total_keeps(compare, monthly, by_month)
    assert shape.total_keeps("previous_period", State(("m",), ("d",)), over_all)
    assert not shape.total_keeps("rank", State(("m",), ("d",)), over_all)


def test_who_sees_one_structure_is_compared_with_the_group_whatever_it_is_split_by() -> None:
    for by, one, all_ in (((), True, False), (("sex",), True, False), (("site_region",), False, False)):
        state = State(("m",), by)
        assert ("benchmark" in shape.comparisons(state, {"m"}, (), is_one=True)) is one
        assert ("benchmark" in shape.comparisons(state, {"m"}, ())) is all_
    for by in (("site_name", "structure_name"), ("site",)):
        assert "benchmark" in shape.comparisons(State(("m",), by), {"m"}, ())
        assert shape.place(State(("m",), by)) == "site"


@pytest.mark.parametrize(
    ("dimension", "ordered"),
    [
        (TIME, True),
        ("fitted_on__month", True),
        ("weekday", True),
        ("dental_act_person_age_band", True),
        ("child_age", True),
        ("person_sex", False),
        ("site_name", False),
    ],
)
def test_periods_and_what_is_numbered_have_an_order_of_their_own(dimension: str, ordered: bool) -> None:
    assert shape.is_ordered(dimension) is ordered


def test_a_heat_map_has_the_rows_and_columns_of_the_table() -> None:
    assert shape.axes(State(("m",), ("a", "b"))) == ("a", "b")
    assert shape.axes(State(("m",), ("a", "b"), across="a")) == ("b", "a")
    assert shape.axes(State(("m",), ("a",), grain="month")) == ("a", TIME)
    assert shape.axes(State(("m",), ("a",), across="a", grain="month")) == (TIME, "a")
