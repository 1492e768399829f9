"""Quality and operations: what it says is what the checks found, and who may not do something is not offered it."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import streamlit as st
from group import Group, copied
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.numbers import figure
from apps.screens.quality import data
from apps.words import LANGUAGES, Language, say
from lake import access, builds
from lake.builds import Build
from lake.checks import results
from lake.errors import StoreUnavailable
from lake.seals import seal
from lake.settings import PROJECT, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PARTS = ("checks", "reconciliation", "freshness", "quarantine", "runs", "builds", "changes")
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
    copied(in_group.data / "marts" / "audio", data / "marts" / "audio")
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


def test_the_numbers_of_a_runs_steps_are_in_the_readers_language(in_group: Group) -> None:
    st.cache_resource.clear()
    app = opened("data-engineer", "fr")
    on(app, "runs")
    counts = " · ".join(app.dataframe[0].value["counts"])
    assert "construite" in counts and "tenus" in counts
    assert not {"records", "built", "passed"} & set(counts.split())


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
    assert not app.success  # not one of them passes
    assert [w.value for w in app.warning] == [say("quality.retried_none", "en", source=source, tried=truth)]


def test_the_rows_in_quarantine_of_lines_and_shared_sources_add_up_to_the_tab(in_group: Group) -> None:
    st.cache_resource.clear()
    app = opened()
    held = [re.search(r"([\d,]+) rows? in quarantine", c.value) for c in app.caption]
    of_lines = sum(int(found[1].replace(",", "")) for found in held if found)
    total = figure(of_lines, "count", "en")
    assert say("quality.quarantine_some", "en", n=total) in texts(on(app, "quarantine"))
    for source in app.selectbox(key="quality-source").options:
        name, _, waiting = source.partition(" · ")
        app.selectbox(key="quality-source").set_value(name).run()
        reasons = int(app.dataframe[0].value["rows"].sum())
        told = say("quality.reasons_note", "en", reasons=figure(reasons, "count", "en"), n=waiting)
        assert (told in texts(app)) is (figure(reasons, "count", "en") != waiting)


def test_a_build_with_a_warning_does_not_read_as_one_without(two_builds: tuple[Build, Build]) -> None:
    current, earlier = two_builds
    said = []
    for warned in (0, 1):
        for build in (current, earlier):
            assert build.checks
            builds.save(replace(build, checks=replace(build.checks, warned=warned if build is earlier else 0)))
        said.append(texts(on(opened(), "builds")).count(say("quality.build_states.warned", "en")))
    assert said[0] < said[1]


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


@pytest.fixture
def restated(two_builds: tuple[Build, Build]) -> Build:
    """A published build in which one fitting of the first structure's director costs 100 € more than in the one before,
    and another is gone. Its mart is changed, not its inputs: `other` is the cause."""
    current, _ = two_builds
    (structure,) = access.scope("structure-director").structures
    newer = _copied(current, "29991231T000000-000002")
    newer.database.unlink()
    shutil.copyfile(current.database, newer.database)
    with duckdb.connect() as con:
        con.execute(f"set file_search_path = '{newer.folder}'")
        con.execute(f"attach '{newer.database}' as audio; use audio")
        fact = "audio.atomic.fct_audio_fittings"
        own = f"select fitting_id from {fact} where structure_id = '{structure}' order by fitted_on"
        first, last = f"({own}, fitting_id limit 1)", f"({own} desc, fitting_id limit 1)"
        con.execute(f"update {fact} set price_eur = price_eur + 100 where fitting_id = {first}")
        con.execute(f"delete from {fact} where fitting_id = {last}")
    newer = replace(newer, files={**newer.files, **seal(newer.folder, [newer.database.name])})
    builds.save(newer)
    builds.point("audio", newer.id)
    return newer


def changes(app: AppTest, indicator: str = "audio_sales_eur") -> AppTest:
    on(app, "changes")
    app.selectbox(key="changes-indicator-audio").set_value(indicator).run()
    assert not app.exception and not app.error
    return app


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_changed_between_two_builds_is_told_cells_first_then_records(restated: Build, language: Language) -> None:
    app = changes(opened(language=language))
    cells, records = (d.value for d in app.dataframe)
    assert list(cells.columns) == ["month", "structure", "before", "after", "difference", "other"]
    assert len(cells) == 2
    assert cells["difference"][0].startswith("+100")
    assert cells["difference"][1].startswith("-")
    assert set(records["cause"]) == {say("quality.changes.kinds.other", language)}
    assert len(records) == 2
    assert set(records["source"]) == {"audio_fittings"}
    assert [b.label for b in app.get("download_button")] == [
        say("quality.changes.export_cells", language),
        say("quality.changes.export_records", language),
    ]
    assert app.selectbox(key="changes-to-audio").value == restated.id


def test_nothing_changed_is_a_state_of_its_own(restated: Build) -> None:
    app = changes(opened(), "audio_prescriptions")
    assert say("quality.changes.nothing", "en") in texts(app)
    assert not app.dataframe


def test_a_director_is_told_the_changes_of_the_own_structure(restated: Build) -> None:
    (structure,) = access.scope("structure-director").structures
    app = changes(opened("structure-director"))
    assert set(app.dataframe[0].value["structure"]) == {structure}
    assert len(app.dataframe[0].value) <= 2


def test_records_are_for_personas_who_may_drill(
    restated: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(
        "default: reader\nroles:\n"
        "  reader: {label_fr: Lecteur, label_en: Reader, lines: '*', structures: '*', permissions: [read]}\n",
        "utf-8",
    )
    monkeypatch.setenv("LAKE_POLICY", str(policy))
    settings.cache_clear()
    app = changes(opened("reader"))
    assert "The records themselves need the permission to drill" in texts(app)
    assert len(app.dataframe) == 1


def test_one_build_has_nothing_to_be_compared_with(two_builds: tuple[Build, Build]) -> None:
    builds.remove(two_builds[1])
    for build in builds.builds("audio"):
        if build.id != two_builds[0].id:
            builds.remove(build)
    assert say("quality.changes.too_few", "en") in texts(on(opened(), "changes"))


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


def test_a_lake_that_goes_away_while_one_reads_is_said_in_a_sentence(
    in_group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreUnavailable("MongoDB does not answer: gone.")

    st.cache_resource.clear()
    app = opened()
    for name, part in (("quarantined", "quarantine"), ("runs", "runs")):
        monkeypatch.setattr(data, name, gone)
        on(app, part)
        assert say("quality.store_down", "en") in [w.value for w in app.warning]


def test_an_empty_lake_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", NO_MONGO)
    settings.cache_clear()
    st.cache_resource.clear()
    app = opened()
    assert not app.exception and not app.error
    assert say("quality.verdict_none", "en") in texts(app)
    assert say("quality.no_build", "en") in texts(app)
