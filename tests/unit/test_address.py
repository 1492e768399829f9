"""What a page's address says becomes the choices on the page, and the other way round; never an error."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from apps.words import escaped, say


def page() -> None:
    from datetime import date

    import streamlit as st

    from apps.address import Filters, strangers
    from apps.session import Session
    from lake import access

    session = Session("en", access.scope("group-director"), "a test")
    structures = st.session_state.get("in-scope", ["S01", "S02", "S03"])
    filters = Filters("trade")
    st.date_input("Period", key=filters.days("period", (date(2025, 1, 1), date(2025, 12, 31))))
    st.multiselect("Structures", structures, key=filters.several("structures", structures))
    st.segmented_control("Grain", ["month", "year"], key=filters.one("grain", ["month", "year"], "month"))
    filters.settle(session)
    strangers(session, "trade", ("entry",))


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
    ("name", "value", "left", "instead"),
    [
        ("period", "yesterday", [], "1 Jan 2025 – 31 Dec 2025"),
        ("period", "2025-13-01..2025-01-01", [], "1 Jan 2025 – 31 Dec 2025"),
        ("period", "2025-12-31..2025-01-01", [], "1 Jan 2025 – 31 Dec 2025"),
        ("period", "12m", [], "1 Jan 2025 – 31 Dec 2025"),
        ("grain", "decade", [], "grain=month"),
        ("structures", ["S02", "S99"], ["S02"], "structures=S02"),
        ("structures", "<script>\x00" + "x" * 500, [], "no filter “structures”"),
    ],
)
def test_what_cannot_be_followed_is_said_with_what_is_shown_instead(
    name: str, value: str | list[str], left: list[str], instead: str
) -> None:
    app = opened(**{name: value})
    assert chosen(app) == (USUAL[0], left, USUAL[2])
    assert len(app.info) == 1
    before, _, after = say("filter.not_followed", "en", what=f"{name}=", instead=instead).partition(f"{name}=")
    assert app.info[0].value.startswith(f"{before}{escaped(f'{name}=')}")
    assert app.info[0].value.endswith(escaped(instead) + after.rpartition(instead)[2])
    assert len(app.info[0].value) < 300
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


def test_names_that_no_choice_has_are_said_as_long_as_the_address_has_them() -> None:
    app = opened(since="banana", entry="mine", grain="year", lang="en")
    assert [i.value for i in app.info] == [say("filter.unknown", "en", what="since=banana")]
    assert chosen(app)[2] == "year"
    assert app.run().info
    del app.query_params["since"]
    assert not app.run().info


def test_of_many_names_the_first_are_said() -> None:
    app = opened(**{f"x{n}": "y" * 500 for n in range(50)})
    assert len(app.info) == 1 and app.info[0].value.count("=") == 5
    assert "…" in app.info[0].value and len(app.info[0].value) < 500
