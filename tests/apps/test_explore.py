"""Explore: its figures are the semantic layer's, its address holds it, and nobody sees more than their scope."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from group import Group
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.numbers import day, figure, instant
from apps.screens.explore import about, data
from apps.screens.explore.data import View
from apps.screens.explore.selections import text
from apps.screens.explore.state import State
from apps.screens.explore.table import Words
from apps.sentences import in_words
from apps.session import Session
from apps.values import names as names_of
from apps.words import LANGUAGES, Language, escaped, say
from lake import access, builds, semantic
from lake.errors import ViewError
from lake.semantic import Filter
from lake.settings import PROJECT, settings
from lake.store import open_store
from lake.views import Views

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROLES = list(access.load(PROJECT / "lake" / "access" / "policy.yml").roles)
YEAR = {"since": date(2025, 1, 1), "until": date(2025, 12, 31)}
PERIOD = "2025-01-01..2025-12-31"
SALES, SHARE = "audio_net_sales_eur", "audio_class_1_share"


def opened(role: str = "group-director", language: str = "en", **address: Any) -> AppTest:
    """The page, as a persona opens it by a link."""
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    for name, value in address.items():
        app.query_params[name] = value
    app._page_hash = calc_hash("explore")  # AppTest.switch_page knows only pages that are files
    return app.run()


def params(app: AppTest) -> dict[str, Any]:
    return {k: v for k, v in app.query_params.items() if k not in ("as", "lang")}


def asked(metric: str, role: str = "group-director", **more: Any) -> Any:
    """The single value of an indicator, asked of the semantic layer."""
    return semantic.query([metric], scope=access.scope(role), **more).table.column(metric).to_pylist()[0]


def values(metric: str, by: str, role: str = "group-director", **more: Any) -> set[Any]:
    """The members with which an indicator has a value."""
    table = semantic.query([metric], by=[by], scope=access.scope(role), **more).table.to_pylist()
    return {row[by] for row in table if row[metric] is not None}


def pane(app: AppTest, dimension: str) -> Any:
    return next(p for p in app.pills if p.key == f"explore-pick-{dimension}")


def warnings(app: AppTest) -> str:
    return "\n".join(w.value for w in app.warning)


def fine(app: AppTest) -> AppTest:
    assert not app.exception and not app.error
    return app


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
def test_every_persona_starts_with_a_figure_of_its_own(in_group: Group, role: str, language: str) -> None:
    app = fine(opened(role, language))
    shown = params(app)["show"]
    assert access.scope(role).sees(shown.partition("_")[0])
    assert app.metric[0].value not in ("–", "")
    offered = app.multiselect(key="explore-show").options
    assert len(offered) == len(semantic.metrics(scope=access.scope(role)))


def test_the_total_of_a_rate_is_the_rate_of_the_whole(in_group: Group) -> None:
    app = fine(opened(show=[SHARE, SALES], by="structure_name", period=PERIOD))
    whole = {name: asked(name, **YEAR) for name in (SHARE, SALES)}
    assert [m.value for m in app.metric] == [figure(whole[SHARE], "rate", "en"), figure(whole[SALES], "eur", "en")]
    table = app.dataframe[0].value
    assert table.iloc[-1, 0] == "Total"
    assert table.iloc[-1, 1] == pytest.approx(float(whole[SHARE]))
    assert table.iloc[-1, 1] != pytest.approx(table.iloc[:-1, 1].mean())
    assert len(table) == len(values(SALES, "structure_name", **YEAR)) + 1


def test_a_pivots_totals_are_right_on_both_sides(in_group: Group) -> None:
    app = fine(opened(show=SHARE, by=["structure_name", "person_sex"], across="person_sex", period=PERIOD))
    table = app.dataframe[0].value
    women = [Filter("person_sex", "=", ("F",))]
    assert table.iloc[-1]["Woman"] == pytest.approx(asked(SHARE, where=women, **YEAR))
    first = table.iloc[0]
    own = [Filter("structure_name", "=", (first["Structure"],))]
    assert first["Total"] == pytest.approx(asked(SHARE, where=own, **YEAR))
    assert table.iloc[-1]["Total"] == pytest.approx(asked(SHARE, **YEAR))


def test_picking_a_value_shows_what_remains_possible_elsewhere(in_group: Group) -> None:
    app = fine(opened(show=SALES, by=["structure_name", "site_region"], period=PERIOD))
    region = sorted(values(SALES, "site_region", **YEAR))[0]
    pane(app, "site_region").set_value([f"={region}"]).run()
    fine(app)
    assert params(app)["pick"] == f"site_region:{region}"
    here = [Filter("site_region", "=", (region,))]
    assert app.metric[0].value == figure(asked(SALES, where=here, **YEAR), "eur", "en")
    possible = values(SALES, "structure_name", where=here, **YEAR)
    struck = {o.partition("~~")[2].partition("~~")[0] for o in pane(app, "structure_name").options if "~~" in o}
    assert struck.isdisjoint(possible)
    assert len(pane(app, "structure_name").options) - len(struck) == len(possible)
    others = pane(app, "site_region").options
    assert not any("~~" in o for o in others), "a dimension's own selection excludes none of its values"


def test_undo_and_redo_go_through_every_step(in_group: Group) -> None:
    app = fine(opened(show=SALES, by="structure_name", period=PERIOD))
    first = params(app)
    app.selectbox(key="explore-grain").set_value("quarter").run()
    second = params(app)
    app.multiselect(key="explore-by").set_value([]).run()
    third = params(app)
    assert (second["grain"], "by" in third) == ("quarter", False)
    app.button(key="explore-undo").click().run()
    assert params(app) == second and app.multiselect(key="explore-by").value == ["structure_name"]
    app.button(key="explore-undo").click().run()
    assert params(app) == first and app.button(key="explore-undo").disabled
    app.button(key="explore-redo").click().run()
    app.button(key="explore-redo").click().run()
    assert params(fine(app)) == third and app.button(key="explore-redo").disabled


def test_the_address_reopens_the_exact_view_in_another_session(in_group: Group) -> None:
    app = fine(opened(show=SALES, by="structure_name", period=PERIOD))
    app.selectbox(key="explore-compare").set_value("previous_year").run()
    app.selectbox(key="explore-grain").set_value("month").run()
    app.selectbox(key="explore-across").set_value("metric_time").run()
    again = fine(opened(**params(app)))
    assert params(again) == params(app)
    assert [(m.value, m.delta) for m in again.metric] == [(m.value, m.delta) for m in app.metric]
    assert again.dataframe[0].value.equals(app.dataframe[0].value)


@pytest.mark.parametrize(
    "address",
    [
        {"show": "x'; drop table--"},
        {"show": [SALES, "zzz"], "by": ["nope", "structure_name"]},
        {"show": SALES, "by": "person"},
        {"show": SALES, "pick": ["structure:\x00", "site_name:" + "é" * 500, ":", "{{ Dimension('x') }}:1"]},
        {"show": SALES, "grain": "century", "period": "0000-00-00..x", "compare": "x", "chart": "x", "across": "x"},
        {"show": [SALES] * 50, "by": ["a", "b", "c", "d", "e", "f"]},
        {"show": SALES, "pick": ["is_renewal:perhaps"]},
        {"show": SALES, "pick": ["fitted_on__month:2024-99-01"]},
    ],
)
def test_a_hostile_address_gives_a_message_and_never_an_error(in_group: Group, address: dict[str, Any]) -> None:
    app = fine(opened(**address))
    assert app.warning or app.info
    assert app.title[0].value == say("question.explore", "en")


@pytest.mark.parametrize("compare", ["index", "benchmark", "budget", "rank", "share", "rolling_12_months"])
@pytest.mark.parametrize("grain", ["month", ""])
def test_every_comparison_answers_or_says_why_not(in_group: Group, compare: str, grain: str) -> None:
    address = {"show": "finance_revenue_eur", "by": "structure_name", "compare": compare, "grain": grain}
    fine(opened(**address, period=PERIOD))


def test_somebody_elses_structure_shows_no_figure_of_it(in_group: Group) -> None:
    other = next(iter(values(SALES, "structure") - {"S01"}))
    app = fine(opened("structure-director", show=SALES, by="site_name", pick=f"structure:{other}"))
    assert f"{other}" in warnings(app)
    assert not app.metric and not app.dataframe
    assert say("state.no_rows", "en") in [c.value for c in app.caption]
    everything = fine(opened("structure-director", show=SALES, by="structure", period=PERIOD))
    assert everything.metric[0].value == figure(asked(SALES, "structure-director", **YEAR), "eur", "en")
    assert list(everything.dataframe[0].value.iloc[:-1, 0]) == ["S01"]


def test_another_lines_indicator_is_not_shown(in_group: Group) -> None:
    app = fine(opened("dental-analyst", show=SALES, by="structure_name"))
    assert SALES.replace("_", "\\_") in warnings(app)
    assert not app.metric
    assert say("state.no_indicator", "en") in [c.value for c in app.caption]


def test_the_rows_behind_a_figure_are_shown_and_make_it(in_group: Group) -> None:
    devices = "audio_devices_fitted"
    app = fine(opened(show=devices, period=PERIOD))
    app.button(key=f"explore-rows-{devices}").click().run()
    fine(app)
    whole = figure(asked(devices, **YEAR), "count", "en")
    assert any(f"**{whole}**" in m.value for m in app.markdown)
    assert len(app.dataframe[-1].value)


def test_who_may_not_drill_is_told_so_and_sees_no_row(
    in_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(
        "default: reader\nroles:\n"
        "  reader: {label_fr: Lecture, label_en: Reader, lines: '*', structures: '*', permissions: [read]}\n"
    )
    monkeypatch.setenv("LAKE_POLICY", str(policy))
    settings.cache_clear()
    app = fine(opened("reader", show=SALES))
    tables = len(app.dataframe)
    app.button(key=f"explore-rows-{SALES}").click().run()
    fine(app)
    assert any(i.value == say("explore.rows.denied", "en", who="Reader") for i in app.info)
    assert len(app.dataframe) == tables


def test_without_mongodb_only_the_saved_views_are_missing(in_group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    settings.cache_clear()
    st.cache_resource.clear()
    assert fine(opened()).metric


def test_an_empty_lake_says_so() -> None:
    app = fine(opened())
    assert say("state.empty_title", "en") in "\n".join(m.value for m in app.markdown)


def test_a_view_with_too_many_rows_says_so_and_its_export_holds_them_all(
    in_group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = State((SALES,), ("site_name",), grain="month", period=PERIOD)
    session = Session("en", access.scope("group-director"), "viewer")
    whole = _answered(session, view)
    rows = whole.main.table.num_rows
    monkeypatch.setattr(data, "MOST_ROWS", 10)
    cut = _answered(session, view)
    assert cut.is_cut and cut.main.table.num_rows == 10
    assert cut.total and whole.total and cut.total.table.equals(whole.total.table)
    exported = data.everything(session, cut, (YEAR["since"], YEAR["until"]))
    assert not exported.is_cut and exported.main.table.equals(whole.main.table)
    monkeypatch.setattr(data, "MOST_EXPORTED", rows - 1)
    assert data.everything(session, cut, (YEAR["since"], YEAR["until"])).is_cut


def test_an_official_view_is_offered_only_to_who_may_publish(in_group: Group, mongo_settings: str) -> None:
    st.cache_resource.clear()
    for role, offered in (("audio-analyst", 2), ("data-engineer", 3)):
        app = opened(role, **{"show": SALES})
        app.session_state["explore-views"] = True
        fine(app.run())
        audience = [c for c in app.segmented_control if c.key == "explore-view-audience"]
        assert [len(c.options) for c in audience] == [offered]


def _answered(session: Session, view: State) -> View:
    return data.answer(session, view, (YEAR["since"], YEAR["until"]), data.known(session))


@pytest.mark.parametrize("compare", ["year_to_date", "rolling_12_months", "previous_period", "index"])
@pytest.mark.parametrize("across", ["metric_time", "site_name"])
def test_a_pivot_has_the_totals_of_what_is_compared(in_group: Group, compare: Any, across: str) -> None:
    view = State((SALES,), ("site_name",), across, grain="month", period=PERIOD, compare=compare)
    grid = _answered(Session("en", access.scope("group-director"), "viewer"), view).grid
    name = f"{SALES}__{compare}"
    shown = [i for i, heading in enumerate(grid.headings) if heading.column == name]
    assert grid.total and shown
    if compare in ("year_to_date", "rolling_12_months"):
        assert None not in [grid.total[i] for i in shown]
        last = asked(SALES, since=date(2025, 1, 1), until=date(2025, 12, 31))
        assert grid.total[shown[-1]] == last
    adding_up = shown[:-1] if across == "metric_time" and compare != "index" else []
    for i in adding_up:
        assert sum(row[i] or 0 for row in grid.rows) == (grid.total[i] or 0), grid.headings[i]


def test_a_shared_view_opens_in_the_scope_of_who_opens_it(in_group: Group, mongo_settings: str) -> None:
    st.cache_resource.clear()
    app = _with_views(opened("group-director", show=SALES, by="structure", period=PERIOD))
    app.text_input(key="explore-view-name").input("All structures *now*").run()
    next(c for c in app.segmented_control if c.key == "explore-view-audience").set_value("role").run()
    app.selectbox(key="explore-view-role").set_value("structure-director").run()
    app.button(key="explore-view-save").click().run()
    assert any(r"All structures \*now\*" in m.value for m in fine(app).markdown)
    assert not _opening(_with_views(opened("optical-analyst")))
    director = _with_views(opened("structure-director"))
    _opening(director)[0].click().run()
    assert params(fine(director)) == {"show": SALES, "by": "structure", "period": PERIOD}
    assert list(director.dataframe[0].value.iloc[:-1, 0]) == ["S01"]


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    [
        ("private", {"data-engineer"}),
        ("role", {"data-engineer", "audio-analyst"}),
        ("official", {"data-engineer", "audio-analyst", "group-director"}),
    ],
)
def test_a_view_says_whose_it_is_for_whom_and_when_it_was_last_used(
    in_group: Group, mongo_settings: str, audience: Any, seen_by: set[str]
) -> None:
    st.cache_resource.clear()
    with open_store() as store:
        Views(store.views).save(
            "Sales by structure",
            page="explore",
            address={"show": [SALES], "by": ["structure"]},
            scope=access.scope("data-engineer", who="data-engineer"),
            audience=audience,
            shared_with="audio-analyst" if audience == "role" else None,
        )
    told = {"private": "private", "role": "shared with Audio analyst", "official": "official"}[audience]
    line = say("explore.views.used", "en", audience=told, owner="Data engineer", uses=0, at="")
    for role in ("data-engineer", "audio-analyst", "group-director", "dental-analyst"):
        app = _with_views(opened(role))
        assert bool(_opening(app)) is (role in seen_by), role
        captions = [c.value for c in app.caption]
        assert any(c.startswith(line) for c in captions) is (role in seen_by)
        may_publish = access.scope(role).allows("publish")
        assert (say("explore.views.official_by", "en", who="Data engineer") in captions) is not may_publish
        removable = [b for b in app.button if str(b.key).startswith("explore-remove-")]
        assert bool(removable) is (role == "data-engineer")


def _with_views(app: AppTest) -> AppTest:
    app.session_state["explore-views"] = True  # the popover is open
    return fine(app.run())


def _opening(app: AppTest) -> list[Any]:
    return [b for b in app.button if str(b.key).startswith("explore-open-")]


def test_a_view_whose_indicator_is_gone_stays_with_its_owner_who_reads_what_is_gone(
    in_group: Group, mongo_settings: str
) -> None:
    st.cache_resource.clear()
    with open_store() as store:
        for role in ("audio-analyst", "group-director"):
            who = access.scope(role, who=role)
            address = {"show": ["audio_renamed_eur"], "by": ["structure"]}
            Views(store.views).save("Old sales", page="explore", address=address, scope=who, audience="private")
        who = access.scope("data-engineer", who="data-engineer")
        Views(store.views).save("Gone", page="explore", address=address, scope=who, audience="official")
    app = _with_views(opened("audio-analyst"))
    assert [m.value for m in app.markdown if "Old sales" in m.value or "Gone" in m.value] == [
        ":material/lock: **Old sales**"
    ]
    assert say("explore.views.gone", "en", names="`audio_renamed_eur`") in "".join(c.value for c in app.caption)
    _opening(app)[0].click().run()
    assert "audio_renamed_eur" in warnings(fine(app)).replace("\\", "")


@pytest.mark.parametrize("name", ["", "   ", "\u200b"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_view_without_a_name_is_asked_for_one(
    in_group: Group, mongo_settings: str, name: str, language: Language
) -> None:
    st.cache_resource.clear()
    app = _with_views(opened(language=language))
    app.text_input(key="explore-view-name").input(name).run()
    app.button(key="explore-view-save").click().run()
    error = in_words(ViewError("A view needs a name.", remedy="Give it one of 1 to 80 characters."), language)
    assert any(escaped(error) in m.value for m in fine(app).markdown)
    with open_store() as store:
        assert not Views(store.views).visible(access.scope("group-director", who="group-director"))


@pytest.mark.parametrize(
    "address",
    [
        {"by": ["structure_name", "device_class"], "across": "device_class"},
        {"by": ["structure_name"], "grain": "month", "across": "metric_time", "compare": "previous_year"},
        {"by": ["structure_name"], "pick": ["device_class:1"], "pane": ["device_class"], "compare": "benchmark"},
    ],
)
def test_a_view_shared_across_lines_says_what_is_out_of_scope(in_group: Group, address: dict[str, Any]) -> None:
    app = fine(opened("dental-analyst", show=SALES, **address))
    assert SALES in warnings(app).replace("\\", "")
    assert say("state.no_indicator", "en") in "".join(c.value for c in app.caption)


def test_what_can_hold_some_choices_only_does_not_offer_to_take_all(in_group: Group) -> None:
    app = fine(opened())
    for name in ("show", "by"):
        field = app.multiselect(key=f"explore-{name}").proto
        assert 0 < field.max_selections < len(field.options)
        assert not field.select_all


def test_another_persona_in_the_same_session_sees_its_own(in_group: Group) -> None:
    app = fine(opened(show=SALES, by="structure_name", period=PERIOD))
    app.selectbox(key="as").set_value("dental-analyst").run()
    assert not fine(app).metric and SALES.replace("_", "\\_") in warnings(app)
    app.button(key="explore-reset").click().run()
    assert params(fine(app))["show"].startswith("dental_") and app.metric


@pytest.mark.parametrize("dimension", ["fitted_on__month", "is_renewal", "person_age_band", "site", "department"])
def test_values_of_every_kind_can_be_picked(in_group: Group, dimension: str) -> None:
    devices = "audio_devices_fitted"
    app = fine(opened(show=devices, by=dimension, period=PERIOD))
    chosen = sorted(values(devices, dimension, **YEAR), key=str)[0]
    app.pills[0].set_value([f"={text(chosen)}"]).run()
    own = [Filter(dimension, "=", (chosen,))]
    assert fine(app).metric[0].value == figure(asked(devices, where=own, **YEAR), "count", "en")
    assert len(app.dataframe[0].value) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("by", ["structure_name", "site_name"])
def test_places_are_drawn_in_the_group_with_their_ranks_in_words(in_group: Group, by: str, language: Language) -> None:
    app = fine(opened("group-director", language, show=SALES, by=by, compare="benchmark", period=PERIOD))
    place = by.partition("_")[0]
    answer = semantic.query(
        [SALES], by=[by, place], compare=["benchmark"], scope=access.scope("group-director"), **YEAR
    )
    rows = {row[place]: row for row in answer.table.to_pylist()}
    ranks = sorted((row[f"{SALES}__benchmark_rank"], row[by]) for row in rows.values() if row[SALES] is not None)
    said = "\n".join(m.value for m in app.markdown)
    for rank, name in (ranks[0], ranks[-1]):
        assert say("explore.peers.end", language, name=escaped(name), rank=rank, of=len(ranks)) in said
    assert len(app.get("vega_lite_chart")) == 1
    table = app.dataframe[0].value
    assert sorted(table.iloc[:-1, -2]) == pytest.approx([rank for rank, _ in ranks])


def test_a_director_of_one_structure_reads_its_rank_and_no_peers_figure(in_group: Group) -> None:
    app = fine(opened("structure-director", show=SALES, compare="benchmark", period=PERIOD))
    answer = semantic.query([SALES], compare=["benchmark"], scope=access.scope("structure-director"), **YEAR)
    (row,) = answer.table.to_pylist()
    rank = say(
        "explore.peers.rank", "en", rank=row[f"{SALES}__benchmark_rank"], of=row[f"{SALES}__benchmark_peers"] + 1
    )
    assert any(m.value.startswith("**Your structure**") and f"**{rank}**" in m.value for m in app.markdown)
    captions = "\n".join(c.value for c in app.caption)
    assert say("explore.peers.smoothed", "en") in captions
    others = values(SALES, "structure_name") - values(SALES, "structure_name", "structure-director")
    shown = "\n".join([captions, *(m.value for m in app.markdown), app.dataframe[0].value.to_csv()])
    assert others and not any(name in shown for name in others)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_benchmark_that_there_cannot_be_is_told_in_place_of_the_drawing(in_group: Group, language: Language) -> None:
    own = values(SALES, "person_commune_code", "structure-director", **YEAR)
    shared = {
        commune: values(SALES, "structure", where=[Filter("person_commune_code", "=", (commune,))], **YEAR)
        for commune in sorted(own, key=str)
    }
    commune = next(c for c, structures in shared.items() if len(structures) < 5)
    address = {"show": SALES, "by": "structure_name", "compare": "benchmark", "period": PERIOD}
    app = fine(opened("structure-director", language, **address, pick=f"person_commune_code:{commune}"))
    assert not app.get("vega_lite_chart")
    assert any(escaped(say("explore.peers.none", language, label="")[:20]) in m.value for m in app.markdown)
    where = [Filter("person_commune_code", "=", (commune,))]
    scope = access.scope("structure-director")
    answer = semantic.query([SALES], by=["structure"], where=where, compare=["benchmark"], scope=scope, **YEAR)
    captions = [c.value for c in app.caption]
    assert all(captions.count(escaped(note.text(language))) == 1 for note in answer.notes) and answer.notes
    assert app.metric[0].value == figure(asked(SALES, "structure-director", where=where, **YEAR), "eur", language)


@pytest.mark.parametrize("compare", ["share", "rank"])
def test_a_share_or_rank_within_the_scope_says_so_and_offers_the_groups(in_group: Group, compare: str) -> None:
    address = {"show": SALES, "by": "site_name", "compare": compare, "period": PERIOD}
    app = fine(opened("structure-director", **address))
    said = say(f"explore.within.{compare}", "en", structures="S01")
    assert any(said in c.value for c in app.caption)
    assert say("explore.within.column", "en", what="")[1:] in app.dataframe[0].value.columns[-1]
    app.button(key="explore-within-go").click().run()
    assert params(fine(app))["compare"] == "benchmark" and app.get("vega_lite_chart")
    whole = fine(opened(**address))
    assert not any(b.key == "explore-within-go" for b in whole.button)
    assert "your scope" not in whole.dataframe[0].value.columns[-1]


def test_what_an_address_asks_in_vain_is_said_with_what_is_shown_instead(in_group: Group) -> None:
    app = fine(
        opened(show=SALES, by="structure_name", grain="century", period="soon", compare="budget", since="banana")
    )
    told = warnings(app)
    for key in ("explore.total_only", "explore.periods.12m", "explore.compares.none"):
        assert say("explore.problem.instead", "en", what="", instead=say(key, "en")).strip() in told
    assert "century" in told and "soon" in told and say("explore.compares.budget", "en") in told
    assert [i.value for i in app.info] == [say("filter.unknown", "en", what="since=banana")]


def test_the_table_and_the_heat_map_have_their_members_in_one_order(in_group: Group) -> None:
    fees = "dental_fees_eur"
    app = fine(opened(show=fees, by=["person_age_band", "site_region"], across="site_region", period=PERIOD))
    names = list(app.dataframe[0].value.iloc[:-1, 0])
    chart = json.loads(app.get("vega_lite_chart")[0].proto.spec)["encoding"]
    bands = [b for b in names_of("person_age_band", "en").values() if b in names]
    assert names == [*bands, *(n for n in names if n not in bands)] == chart["y"]["sort"]
    turned = fine(opened(show=fees, by=["person_age_band", "site_region"], across="person_age_band", period=PERIOD))
    table = turned.dataframe[0].value
    assert list(table.iloc[:-1]["Total"]) == sorted(table.iloc[:-1]["Total"], reverse=True)
    chart = json.loads(turned.get("vega_lite_chart")[0].proto.spec)["encoding"]
    assert list(table.iloc[:-1, 0]) == chart["y"]["sort"]
    assert list(table.columns[1:-1]) == chart["x"]["sort"] == names


def test_files_tell_the_newest_event_and_the_landing(in_group: Group) -> None:
    view = State((SALES,), ("structure_name",), period=PERIOD)
    for language in LANGUAGES:
        session = Session(language, access.scope("group-director"), "viewer")
        found, words = _answered(session, view), Words(language, {}, {SALES: "x"}, None)
        span = (YEAR["since"], YEAR["until"])
        told = dict(about.lines(session, found, data.known(session), span, words, ""))
        build = builds.published("audio")
        assert build and told[say("explore.about.events", language)] == day(build.newest_event_on, language)
        assert told[say("explore.about.landed", language)] == instant(build.as_of, language)
        assert day(build.newest_event_on, language) in about.origin(found, words)


def test_only_periods_that_the_indicators_have_are_offered_and_another_is_said(in_group: Group) -> None:
    monthly = "childcare_invoiced_hours"
    app = fine(opened(show=[monthly, "childcare_attended_hours"], grain="day", period=PERIOD))
    offered = app.selectbox(key="explore-grain").options
    assert offered == [say(f"explore.grains.{grain}", "en") for grain in ("none", "month", "quarter", "year")]
    assert say("explore.problem.grain", "en", text=escaped(say("explore.grains.day", "en"))) in warnings(app)
    assert len(app.metric) == 2
    app.multiselect(key="explore-show").set_value(["childcare_attended_hours"]).run()
    assert say("explore.grains.day", "en") in fine(app).selectbox(key="explore-grain").options
    assert not app.warning


def test_an_indicator_without_a_value_in_scope_hides_no_other(in_group: Group) -> None:
    scope = access.scope("structure-director")
    amounts = [i.name for i in semantic.metrics(scope=scope) if i.unit == "eur" and not i.needs_time]
    (whole,) = semantic.query(amounts, scope=scope).table.to_pylist()
    without = next(name for name in amounts if whole[name] is None)
    app = fine(opened("structure-director", show=[without, SALES], by="structure_name"))
    assert app.metric[0].value == "–" and app.metric[1].value != "–"
    alone = fine(opened("structure-director", show=without, by="structure_name"))
    assert say("state.no_value", "en", structures="S01") in [c.value for c in alone.caption]


@pytest.mark.parametrize("role", ["structure-director", "group-director"])
def test_a_part_of_a_structure_does_not_stand_among_whole_ones(in_group: Group, role: str) -> None:
    scope, staff = access.scope(role), "group_fte_months"
    own = values(staff, "site", "structure-director", **YEAR)
    where = [Filter("site", "!=", (min(own),))]
    answer = semantic.query([staff], by=["structure"], where=where, compare=["benchmark"], scope=scope, **YEAR)
    ranks = {row["structure"]: row[f"{staff}__benchmark_rank"] for row in answer.table.to_pylist()}
    assert len(own) > 1 and ranks["S01"] is None
    assert all(rank is not None for structure, rank in ranks.items() if structure != "S01")
    picks = [f"site:{site}" for site in sorted(own)[1:]]
    app = fine(opened(role, show=staff, by="structure_name", pick=picks, compare="benchmark", period=PERIOD))
    assert not app.get("vega_lite_chart")
    said = "no benchmark where the filters leave but a part of a structure"
    assert any(escaped(said) in c.value for c in app.caption)
