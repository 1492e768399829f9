"""Quality and operations: what it says is what the checks found, and who may not do something is not offered it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from group import Group
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.words import LANGUAGES, Language, say
from lake import access, builds
from lake.builds import Build
from lake.checks import results
from lake.settings import PROJECT, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PARTS = ("checks", "reconciliation", "freshness", "quarantine", "runs", "builds")
ROLES = list(access.load(PROJECT / "lake" / "access" / "policy.yml").roles)
NO_MONGO = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200"


def opened(role: str = "data-engineer", language: Language = "en") -> AppTest:
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    app._page_hash = calc_hash("quality")  # AppTest.switch_page knows only pages that are files
    return app.run()


def on(app: AppTest, part: str) -> AppTest:
    app.button_group(key="quality-part").set_value(part).run()
    assert not app.exception and not app.error
    return app


def texts(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.success]
    return "\n".join(str(e.value) for e in parts)


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


@pytest.fixture
def two_builds(in_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Build, Build]:
    """The audio mart alone, without MongoDB: the published build, and one before it that passed too."""
    data = tmp_path / "copy"
    shutil.copytree(in_group.data / "marts" / "audio", data / "marts" / "audio", copy_function=os.link)
    monkeypatch.setenv("LAKE_DATA", str(data))
    monkeypatch.setenv("LAKE_MONGO_URI", NO_MONGO)
    settings.cache_clear()
    st.cache_resource.clear()
    current = builds.published("audio")
    assert current
    return current, _copied(current, "20000101T000000-000001")


def _copied(build: Build, id: str) -> Build:
    """A build like another, with files of its own where they are rewritten."""
    folder = build.folder.with_name(id)
    shutil.copytree(build.folder, folder, copy_function=os.link, ignore=lambda *_: {"build.json"})
    copy = replace(build, id=id, folder=folder)
    builds.save(copy)
    return copy


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
def test_every_section_is_drawn_for_every_persona(in_group: Group, role: str, language: Language) -> None:
    st.cache_resource.clear()
    app = opened(role, language)
    assert not app.exception and not app.error
    assert app.title[0].value == say("question.quality", language)
    for part in PARTS:
        on(app, part)


def test_totals_over_all_structures_are_not_for_who_sees_one(in_group: Group) -> None:
    st.cache_resource.clear()
    app = opened("structure-director")
    assert "in quarantine" not in texts(app)
    assert say("quality.totals_hidden", "en") in texts(on(app, "reconciliation"))
    assert "quarantined" not in on(app, "freshness").dataframe[0].value


def test_a_persona_without_the_permission_is_told_who_has_it(in_group: Group) -> None:
    st.cache_resource.clear()
    app = opened("group-director")
    for part, button in (("quarantine", "retry"), ("builds", "show_build")):
        on(app, part)
        assert "Personas who may: Data engineer" in texts(app)
        assert say(f"quality.{button}", "en") not in labels(app)


def test_the_quarantine_is_counted_by_reason_and_read_again_after_confirmation(in_group: Group) -> None:
    st.cache_resource.clear()
    app = on(opened(), "quarantine")
    source = app.selectbox(key="quality-source").value
    truth = in_group.truth["sources"][source]["quarantined"]
    assert app.dataframe[0].value["rows"].sum() >= truth  # a row can have several reasons
    next(b for b in app.button if b.label == say("quality.retry", "en")).click().run()
    app.button(key="confirm").click().run()
    assert not app.exception and not app.error
    assert f"`{source}`: {truth} row(s) read again, 0 in the lake, 0 known already, {truth} in quarantine." in texts(
        app
    )


def test_a_refused_build_says_why_since_when_and_shows_the_rows(two_builds: tuple[Build, Build]) -> None:
    current, _ = two_builds
    bad = _copied(current, "29991231T000000-bad000")
    kept = json.loads(bad.checks_file.read_text("utf-8"))
    wrong = next(r for r in kept["results"] if r["where"].startswith("audio/") and r["kind"] == "expectation")
    wrong |= {"outcome": "blocked", "detail": "2 of 10 rows"}
    builds.write_whole(bad.checks_file, json.dumps(kept))
    assert current.checks
    builds.save(replace(bad, status="refused", checks=replace(current.checks, blocked=1)))
    app = opened()
    assert wrong["says_en"] in texts(app)
    assert "2 of 10 rows" in texts(app)
    assert "With reservations: Hearing aids." in texts(app)
    app.toggle[0].set_value(True).run()
    assert not app.exception and not app.error
    assert say("quality.offending_some", "en", n=0, most=100) in texts(app) or app.dataframe
    hidden = opened("structure-director")
    assert wrong["says_en"] in texts(hidden)
    assert "2 of 10 rows" not in texts(hidden)
    assert not hidden.toggle


def test_an_earlier_build_is_shown_to_readers_after_confirmation(two_builds: tuple[Build, Build]) -> None:
    current, earlier = two_builds
    app = on(opened(), "builds")
    app.button(key=f"publish-{earlier.id}").click().run()
    assert builds.published_id("audio") == current.id
    assert "Readers of “Hearing aids” will see the build of" in texts(app)
    app.button(key="confirm").click().run()
    assert builds.published_id("audio") == earlier.id
    assert f"now see build `{earlier.id}`" in texts(app)
    app.button(key=f"publish-{current.id}").click().run()
    app.button(key="confirm").click().run()
    assert builds.published_id("audio") == current.id


def test_every_number_of_the_reconciliation_is_shown(in_group: Group) -> None:
    st.cache_resource.clear()
    app = on(opened(), "reconciliation")
    build = builds.published("audio")
    assert build
    compared = {(r.subject_en, c.what) for r in results(build) for c in r.compared}
    if compared:
        table = app.dataframe[0].value
        assert len(compared) <= len(table)
        assert set(table["difference"]) == {"✓"}
    else:
        assert say("quality.reconciled_old", "en") in texts(app)


def test_without_mongodb_checks_and_builds_stay(two_builds: tuple[Build, Build]) -> None:
    app = opened()
    assert say("quality.store_down", "en") in texts(app)
    assert app.dataframe
    for part in PARTS:
        on(app, part)


def test_an_empty_lake_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", NO_MONGO)
    settings.cache_clear()
    st.cache_resource.clear()
    app = opened()
    assert not app.exception and not app.error
    assert say("quality.verdict_none", "en") in texts(app)
    assert say("quality.no_build", "en") in texts(app)
