"""Catalogue: every entry opens by a link, says where it comes from, and nobody looks up what is out of their scope."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
import streamlit as st
from group import Group
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.numbers import PARIS
from apps.screens.catalogue import data
from apps.words import LANGUAGES, Language, escaped, say
from lake import builds, semantic
from lake.access import scope
from lake.lineage import Change
from lake.settings import PROJECT, settings
from lake.store import open_store
from lake.usage import Asked, Usage
from lake.views import Views

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SALES = "indicator:audio_net_sales_eur"
PARTS = ("lineage", "details", "checks", "usage", "rows", "history")


def opened(entry: str | None = None, role: str = "group-director", language: Language = "en") -> AppTest:
    """The page, as a persona opens it by a link."""
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    if entry:
        app.query_params["entry"] = entry
    app._page_hash = calc_hash("catalogue")  # AppTest.switch_page knows only pages that are files
    return app.run()


def on(app: AppTest, part: str) -> AppTest:
    """One section of the entry."""
    app.button_group(key="catalogue-part").set_value(part).run()
    assert not app.exception and not app.error
    return app


def texts(app: AppTest) -> str:
    parts = [*app.title, *app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(str(e.value) for e in parts)


def links(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", [SALES, "dataset:fct_audio_fittings", "source:audio_fittings"])
def test_every_section_of_an_entry_is_drawn(in_group: Group, entry: str, language: Language) -> None:
    app = opened(entry, language=language)
    assert not app.exception and not app.error
    for part in PARTS:
        on(app, part)


def test_an_indicator_says_what_it_means_and_comes_from(in_group: Group) -> None:
    app = opened(SALES)
    indicator = next(
        i for i in semantic.metrics("audio", scope=scope("group-director")) if f"indicator:{i.name}" == SALES
    )
    assert app.title[0].value == indicator.label_en
    for said in (indicator.definition_en, indicator.formula_en, "Audio analyst"):
        assert said in texts(app)
    (graph,) = app.get("graphviz_chart")
    assert "dataset:fct_audio_fittings" in graph.proto.spec
    assert "fct_audio_fittings" in texts(opened("dataset:fct_audio_fittings"))


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "Structure qui a envoyé le fichier."), ("en", "Structure that sent the file.")],
)
@pytest.mark.parametrize("entry", ["dataset:fct_audio_fittings", "source:audio_fittings"])
def test_columns_and_fields_are_described_in_the_readers_language(
    in_group: Group, entry: str, language: Language, said: str
) -> None:
    shown = on(opened(entry, language=language), "details").table[0].value
    name, description = (say(f"catalogue.column.{column}", language) for column in ("name", "description"))
    assert shown.set_index(name)[description]["`structure_id`"] == escaped(said)


def test_what_checks_measured_is_said_in_the_readers_language(in_group: Group) -> None:
    checks = on(opened("source:audio_fittings", language="fr"), "checks").table[0].value
    assert set(checks["Sur"]) == {"Appareils livrés"}
    english = re.compile(r"\b(in|of|found|rows|exceptions?)\b")
    assert any(" dans le lac" in detail for detail in checks["Mesuré"])
    assert not [detail for detail in checks["Mesuré"] if english.search(detail)]


def test_what_changed_in_a_definition_is_said_in_the_readers_language(
    in_group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = builds.published("audio")
    assert build
    changed = {"unit": ("eur", "count"), "owner": ("audio-analyst", "finance-controller"), "label_fr": ("", "Ventes")}
    changes = [Change(build, None, facet, was, became) for facet, (was, became) in changed.items()]
    monkeypatch.setattr(data, "history", lambda entry: (changes, build.created_at))
    app = on(opened(SALES, language="fr"), "history")
    assert [c.value for c in app.code] == ["euros", "nombre", "Analyste audition", "Contrôle de gestion", "–", "Ventes"]
    assert "**Unité : changement**" in texts(app)


def test_a_slip_and_no_accent_still_find_it(in_group: Group) -> None:
    app = opened(language="fr")
    app.text_input(key="catalogue-search").input("tau de trasnformation").run()
    assert links(app)[0] == "**Taux de transformation**"


def test_what_is_not_known_is_said(in_group: Group) -> None:
    app = opened()
    app.text_input(key="catalogue-search").input("zyxwv").run()
    assert "Nothing looks like" in texts(app)


def test_an_entry_out_of_scope_is_not_shown(in_group: Group) -> None:
    app = opened("indicator:dental_acts", role="audio-analyst")
    assert "is not in the catalogue that the persona" in texts(app)
    app.text_input(key="catalogue-search").input("dental_acts").run()
    assert "**Acts performed**" not in links(app)


def test_the_rows_are_those_of_the_viewers_structures(in_group: Group) -> None:
    app = on(opened(SALES, role="structure-director"), "rows")
    assert set(app.dataframe[0].value["structure"]) == {"S01"}


def test_without_a_build_the_sources_are_there() -> None:
    app = opened("source:audio_fittings")
    assert not app.exception and not app.error
    assert say("catalogue.lineage_none", "en") in texts(app)
    on(app, "details")
    assert app.table[0].value[say("catalogue.column.name", "en")].tolist()[0] == "`fitting_id`"


def test_without_mongodb_only_what_needs_it_says_so(in_group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    settings.cache_clear()
    st.cache_resource.clear()
    app = opened("source:audio_fittings")
    assert say("catalogue.store_down", "en") in texts(on(app, "details"))
    assert app.table


def test_the_use_of_an_entry_is_told_and_sorts_the_list(in_group: Group, mongo_settings: str) -> None:
    asked = "optical_quotes_decided"
    today = datetime.now(PARIS).date()
    with open_store() as store:
        Usage(store.usage).add({Asked(asked, "optical-analyst", today): 4_000, Asked(asked, "retired-role", today): 1})
        Views(store.views).save(
            "Quotes of the week",
            page="explore",
            address={"show": [asked]},
            scope=scope("data-engineer", who="data-engineer"),
            audience="official",
        )
    st.cache_resource.clear()
    app = on(opened(f"indicator:{asked}", role="optical-analyst"), "usage")
    assert "**4,001 visits** in 30 days" in texts(app)
    assert "Optical analyst: 4,000 · retired-role: 1" in texts(app)
    assert any("Quotes of the week · official · Data engineer" in label for label in links(app))
    assert any("Where do quotes die" in label for label in links(app)), links(app)
    source = on(opened("source:optical_quotes", role="optical-analyst"), "usage")
    assert "visits** in 30 days" in texts(source)

    listed = opened(role="optical-analyst")
    assert links(listed)[0] != links(listed.toggle(key="catalogue-by-use").set_value(True).run())[0]
    assert "visits in 30 days" in texts(listed)


def test_without_mongodb_the_list_is_there_and_says_that_use_is_not(
    in_group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    settings.cache_clear()
    st.cache_resource.clear()
    app = opened().toggle(key="catalogue-by-use").set_value(True).run()
    assert say("catalogue.store_down", "en") in texts(app)
    assert links(app)


def test_an_entry_opens_by_its_name_alone_as_people_copy_it(in_group: Group) -> None:
    whole, bare = opened(SALES), opened(SALES.partition(":")[2])
    assert bare.title[0].value == whole.title[0].value
    assert not bare.warning
