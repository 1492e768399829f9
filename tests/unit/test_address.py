"""What a page's address says becomes the choices on the page, and the other way round; never an error."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from apps.words import say


def page() -> None:
    from datetime import date

    import streamlit as st

    from apps.address import Filters
    from apps.session import Session
    from lake import access

    session = Session("en", access.scope("group-director"), "a test")
    structures = st.session_state.get("in-scope", ["S01", "S02", "S03"])
    filters = Filters("trade")
    st.date_input("Period", key=filters.days("period", (date(2025, 1, 1), date(2025, 12, 31))))
    st.multiselect("Structures", structures, key=filters.several("structures", structures))
    st.segmented_control("Grain", ["month", "year"], key=filters.one("grain", ["month", "year"], "month"))
    filters.settle(session)


def opened(**asked: str | list[str]) -> AppTest:
    app = AppTest.from_function(page)
    for name, value in asked.items():
        app.query_params[name] = value
    return app.run()


def chosen(app: AppTest) -> tuple[object, object, object]:
    assert not app.exception
    period, structures = app.date_input(key="trade-period").value, app.multiselect(key="trade-structures").value
    return period, structures, app.session_state["trade-grain"]


def address(app: AppTest) -> dict[str, list[str]]:
    return {n: v if isinstance(v, list) else [v] for n, v in app.query_params.items()}


USUAL = ((date(2025, 1, 1), date(2025, 12, 31)), [], "month")


def test_without_an_address_choices_are_as_usual_and_nothing_is_written() -> None:
    app = opened()
    assert chosen(app) == USUAL
    assert address(app) == {}
    assert not app.info


def test_a_link_reopens_the_choices() -> None:
    app = opened(period="2024-02-01..2024-02-29", structures=["S03", "S01"], grain="year")
    assert chosen(app) == ((date(2024, 2, 1), date(2024, 2, 29)), ["S03", "S01"], "year")
    assert not app.info


def test_a_choice_is_written_and_one_taken_back_is_removed() -> None:
    app = opened()
    app.multiselect(key="trade-structures").select("S02").run()
    app.date_input(key="trade-period").set_value((date(2024, 1, 1), date(2024, 3, 31))).run()
    assert address(app) == {"structures": ["S02"], "period": ["2024-01-01..2024-03-31"]}
    again = opened(**address(app))
    assert chosen(again) == chosen(app)
    app.multiselect(key="trade-structures").unselect("S02").run()
    assert address(app) == {"period": ["2024-01-01..2024-03-31"]}


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("period", "yesterday", []),
        ("period", "2025-13-01..2025-01-01", []),
        ("period", "2025-12-31..2025-01-01", []),
        ("period", "12m", []),
        ("grain", "decade", []),
        ("structures", ["S02", "S99"], ["S02"]),
        ("structures", "<script>\x00" + "x" * 500, []),
    ],
)
def test_what_cannot_be_followed_is_said_and_left_out(name: str, value: str | list[str], left: list[str]) -> None:
    app = opened(**{name: value})
    assert chosen(app) == (USUAL[0], left, USUAL[2])
    assert len(app.info) == 1
    assert app.info[0].value.startswith(say("filter.not_followed", "en", what=f"{name}=")[:25])
    assert len(app.info[0].value) < 250
    assert address(app).get(name, []) == left
    assert not app.run().info  # said once


def test_another_address_in_the_same_session_is_followed() -> None:
    app = opened(structures="S01")
    app.query_params["structures"] = ["S02"]
    assert chosen(app.run())[1] == ["S02"]
    del app.query_params["structures"]
    assert chosen(app.run()) == USUAL


def test_what_is_no_choice_any_more_is_dropped_quietly() -> None:
    app = opened(structures=["S01", "S03"])
    app.session_state["in-scope"] = ["S03"]
    app.run()
    assert chosen(app)[1] == ["S03"]
    assert address(app)["structures"] == ["S03"]
    assert not app.info


def test_a_period_half_chosen_waits_for_its_end() -> None:
    app = opened()
    app.date_input(key="trade-period").set_value((date(2024, 1, 1),)).run()
    assert chosen(app)[0] == (date(2024, 1, 1),)
    assert "period" not in app.query_params
