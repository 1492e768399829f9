"""The lines' pages: the sections of each trade, any of its indicators, one structure or all, in words too."""

from __future__ import annotations

from datetime import date

import pytest
from group import Group
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.cases import counted_by
from apps.screens.line.plan import plan
from apps.words import LANGUAGES, Language, escaped, say
from lake import access, semantic
from lake.settings import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

TRADES = ("audio", "dental", "optical", "childcare")


def opened(line: str, language: Language = "en", role: str = "group-director", **address: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    for name, value in address.items():
        app.query_params[name] = value
    app._page_hash = calc_hash(line)  # AppTest.switch_page knows only pages that are files
    return app.run()


def said(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*app.subheader, *app.markdown, *app.caption])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("line", TRADES)
def test_a_trades_page_has_the_sections_of_its_plan(in_group: Group, line: str, language: Language) -> None:
    app = opened(line, language)
    assert not app.exception and not app.error
    shown, layout = said(app), plan(line)
    for item in (*layout.funnels, *layout.mixes):
        assert item.title.to(language) in shown
    assert (say("linepage.sections.occupancy", language) in shown) == (layout.occupancy is not None)
    if layout.cohorts:  # None was followed to its end in the group of tests, whose data are of two years.
        assert (layout.cohorts.title.to(language) in shown) == (layout.cohorts.follow_up_months < 24)
    assert say("linepage.sections.places", language) in shown


@pytest.mark.parametrize("line", TRADES)
def test_one_structure_is_compared_by_its_sites_and_any_indicator_is_drawn(in_group: Group, line: str) -> None:
    app = opened(line)
    first = app.multiselect(key=f"{line}-structures").options[0]
    app.multiselect(key=f"{line}-structures").select(first).run()
    assert not app.exception and not app.error
    known = semantic.metrics(line, scope=access.scope("group-director"))
    for indicator in (known[-1], next(i for i in known if counted_by(i.name, {k.name for k in known}))):
        app.selectbox(key=f"{line}-indicator").set_value(indicator.name).run()
        assert not app.exception and not app.error
        assert app.selectbox(key=f"{line}-indicator").value == indicator.name


def test_the_table_of_places_shows_the_figures_of_the_semantic_layer(in_group: Group) -> None:
    app = opened("optical")
    app.selectbox(key="optical-indicator").set_value("optical_net_sales_eur")
    app.segmented_control(key="optical-level").set_value("structure").run()
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    since, until = app.date_input(key="optical-period").value
    answer = semantic.query(
        ["optical_net_sales_eur"], by=["structure"], since=since, until=until, scope=access.scope("group-director")
    )
    expected = {r["structure"]: float(r["optical_net_sales_eur"]) for r in answer.table.to_pylist()}
    assert dict(zip(table["structure"], table["optical_net_sales_eur"], strict=True)) == pytest.approx(expected)


def headlines(app: AppTest) -> list[tuple[str, str]]:
    return [(metric.label, metric.value) for metric in app.metric]


def test_across_the_lines_structures_are_compared_and_not_sites_of_different_trades(in_group: Group) -> None:
    app = opened("group", level="site")
    assert not app.exception
    assert not [c for c in app.segmented_control if c.label == say("linepage.level", "en")]
    assert any("level" in info.value for info in app.info)
    names = set(app.dataframe[-1].value["place"])
    assert "Mutualité des Abers" in names


def test_a_link_reopens_the_exact_view_of_a_trade(in_group: Group) -> None:
    app = opened("dental")
    site = app.multiselect(key="dental-sites").options[0].rpartition("(")[2].rstrip(")")
    app.multiselect(key="dental-sites").select(app.multiselect(key="dental-sites").options[0])
    app.date_input(key="dental-period").set_value((date(2023, 1, 1), date(2024, 12, 31))).run()
    app.selectbox(key="dental-indicator").set_value("dental_no_show_rate")
    app.segmented_control(key="dental-level").set_value("structure").run()
    assert not app.exception and not app.error
    assert app.query_params["sites"] in (site, [site])
    again = opened("dental", **{name: value for name, value in app.query_params.items() if name not in ("as", "lang")})
    assert not again.exception and not again.error and not again.info
    assert headlines(again) == headlines(app)
    assert again.selectbox(key="dental-indicator").value == "dental_no_show_rate"
    assert again.segmented_control(key="dental-level").value == "structure"
    assert again.query_params == app.query_params


def test_what_a_link_may_not_ask_for_is_said_and_changes_nothing(in_group: Group) -> None:
    usual = opened("audio", role="structure-director")
    app = opened("audio", role="structure-director", structures="S02", period="soon", indicator="no_such_thing")
    assert not app.exception and not app.error
    assert headlines(app) == headlines(usual) != []
    for asked in ("period=soon, structures=S02", "indicator=no_such_thing"):
        assert any(escaped(asked) in info.value for info in app.info)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("line", ["dental", "childcare"])
def test_the_hours_of_the_week_are_drawn(in_group: Group, line: str, language: Language) -> None:
    app = opened(line, language)
    clock = plan(line).occupancy.clock  # type: ignore[union-attr]
    label = next(i for i in semantic.metrics(line) if i.name == clock.metric).label(language)  # type: ignore[union-attr]
    assert say("linepage.by_hour", language, metric=label) in said(app)
    assert say("linepage.hours_note", language)[:40] in said(app)


def test_a_director_sees_the_group_only_as_quartiles(in_group: Group) -> None:
    app = opened("optical", role="structure-director")
    assert not app.exception and not app.error
    if app.dataframe:
        assert set(app.dataframe[0].value["structure_name"]) == {
            row["structure_name"]
            for row in semantic.query(
                ["optical_sales"], by=["structure_name"], scope=access.scope("structure-director")
            ).table.to_pylist()
        }


def test_part_of_a_month_is_told_of_what_is_known_by_month(in_group: Group) -> None:
    app = opened("childcare")
    assert "known by whole months" not in said(app)
    app.date_input(key="childcare-period").set_value((date(2024, 3, 1), date(2024, 6, 12))).run()
    assert "Care revenue: known by whole months" in said(app).replace("\\", "")


def test_of_the_whole_group_the_spread_is_told_and_of_a_part_how_many_are_behind(in_group: Group) -> None:
    chosen = {"indicator": "optical_net_sales_eur", "level": "structure"}
    whole = said(opened("optical", period="2021-01-01..2025-12-31", **chosen))
    assert "The middle half of the group runs from" in whole and "first quartile." not in whole
    part = said(opened("optical", period="2021-01-01..2025-12-31", structures="S01", **chosen))
    assert "The middle half of the group runs" not in part and "below the group's first quartile." in part


def test_a_period_after_the_data_is_one_state_and_one_that_reaches_beyond_is_told(in_group: Group) -> None:
    app = opened("audio", period="2031-01-01..2031-12-31")
    assert not app.exception and not app.error and not app.metric
    assert any(c.value.startswith("Data go up to") for c in app.caption)
    app = opened("audio", period="2025-07-01..2031-06-30")
    assert app.metric and any("compare unequal lengths" in info.value for info in app.info)
