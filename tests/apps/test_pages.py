"""Every page, for every persona, in both languages: drawn without an error, and saying what it should."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from group import Group, copied
from pages import opened, texts
from streamlit.testing.v1 import AppTest

from apps import ask
from apps.numbers import day, instant
from apps.registry import PAGES
from apps.words import LANGUAGES, Language, escaped, say
from lake import access, builds, publish
from lake.builds import Build
from lake.prototypes import cards
from lake.settings import LINES, MARTS, PROJECT, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROLES = list(access.load(PROJECT / "lake" / "access" / "policy.yml").roles)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", [p.key for p in PAGES])
def test_a_page_answers_its_question_in_the_readers_language(in_group: Group, page: str, language: str) -> None:
    app = opened(page, language=language)
    assert not app.exception and not app.error
    assert app.title[0].value == say(f"question.{page}", language)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ROLES)
def test_the_home_page_shows_the_lines_of_a_persona_and_no_other(in_group: Group, role: str) -> None:
    app = opened("home", role=role)
    assert not app.exception and not app.error
    scope = access.scope(role)
    links = [link.proto.label for link in app.get("page_link")]
    assert links == [f"**{say(f'line.{line}', 'fr')}**" for line in LINES if scope.sees(line)]
    assert app.metric


@pytest.mark.parametrize("line", MARTS)
def test_a_line_outside_the_scope_says_so_and_shows_no_figure(in_group: Group, line: str) -> None:
    for role in [r for r in ROLES if not access.scope(r).sees_mart(line)]:
        app = opened(line, role=role, language="en")
        assert say("state.denied_title", "en") in texts(app)
        assert not app.metric


def test_an_empty_lake_says_how_to_fill_it() -> None:
    app = opened("home", language="en")
    assert not app.exception and not app.error
    for line in LINES:
        assert f"`lake run {line}`" in texts(app)
    assert say("checks.none", "en") in badges(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chips_say_up_to_which_day_events_are_known_and_when_they_were_landed(
    in_group: Group, language: Language
) -> None:
    build = builds.published("audio")
    assert build and build.newest_event_on
    shown = badges(opened("audio", language=language))
    events = say("fresh.events", language, day=day(build.newest_event_on, language), at="")
    assert events in shown and say("checks.passed", language) in shown


def test_a_name_in_the_address_that_no_page_reads_is_said_on_each(in_group: Group) -> None:
    for page in PAGES:
        app = opened(page.key, language="en", since="banana", **{"as": "nobody"})
        told = [i.value for i in app.info]
        assert say("filter.unknown", "en", what="since=banana") in told, page.key
        wrong = {"what": "as=nobody", "instead": escaped("as=group-director")}
        assert say("filter.not_followed", "en", **wrong) in told, page.key
    for page, names in (("explore", ("show", "grain")), ("catalogue", ("entry",)), ("datalab", ("prototype",))):
        told = [i.value for i in opened(page, language="en", **dict.fromkeys(names, "banana")).info]
        assert not any("banana" in text for text in told), page


@pytest.mark.parametrize(("page", "name"), [("catalogue", "entry"), ("datalab", "prototype")])
def test_a_link_to_what_is_not_there_says_so_and_brings_nothing_of_its_own_to_the_page(
    in_group: Group, page: str, name: str
) -> None:
    app = opened(page, language="en", **{name: "![i](https://elsewhere.example/i.png)" + "x" * 5000})
    (told,) = (w.value for w in app.warning if "elsewhere" in w.value)
    assert escaped("![i](https://elsewhere") in told and len(told) < 200


def test_old_data_are_called_old(in_group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_STALE_AFTER_HOURS", "0.000001")
    settings.cache_clear()
    app = opened("audio", language="en")
    assert say("fresh.stale", "en") in badges(app)
    assert any("figures are right as of then" in w.value for w in app.warning)
    assert app.metric


def own_audio(group: Group, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """The published build of a copy of the line's builds, which the test may change."""
    copied(group.data / "marts" / "audio", folder / "marts" / "audio")
    monkeypatch.setenv("LAKE_DATA", str(folder))
    settings.cache_clear()
    published = builds.published("audio")
    assert published
    return published


def test_a_refused_build_is_announced_and_the_good_one_stays(
    in_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = own_audio(in_group, tmp_path / "copy", monkeypatch)
    refused = good.folder.parent / "99991231T000000-bad000"
    refused.mkdir()
    builds.save(
        replace(good, id=refused.name, folder=refused, status="refused", failures=("Every device has a price",))
    )
    kept = json.loads(good.checks_file.read_text("utf-8"))
    wrong = next(r for r in kept["results"] if r["kind"] == "expectation")
    wrong |= {"outcome": "blocked"}
    (refused / good.checks_file.name).write_text(json.dumps(kept), "utf-8")
    for language in LANGUAGES:
        app = opened("audio", language=language)
        seen = say("state.seen", language, at=instant(good.created_at, language))
        for why in ("Every device has a price", wrong[f"says_{language}"], seen):
            assert any(why in e.value for e in app.error)
        assert say("checks.failed", language) in badges(app)
        assert app.metric


def test_readers_who_were_brought_back_to_an_earlier_build_are_told(
    in_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = own_audio(in_group, tmp_path / "copy", monkeypatch)
    newer = good.folder.parent / "99991231T000000-000001"
    copied(good.folder, newer, "build.json")
    builds.save(replace(good, id=newer.name, folder=newer, created_at=good.created_at + timedelta(days=1)))
    assert say("checks.went_back", "en") not in badges(opened("audio")), "one that waits to be published is no way back"
    builds.point("audio", newer.name)
    publish.rollback("audio", good.id, by="Anne as data-engineer")
    back = builds.rolled_back("audio")
    assert back
    who = {c: f"Anne ({access.policy().roles['data-engineer'].label(c)})" for c in LANGUAGES}
    for language in LANGUAGES:
        app = opened("audio", language=language)
        at, later = (instant(good.created_at + timedelta(days=days), language) for days in (0, 1))
        told = {"by": escaped(who[language]), "on": instant(back.at, language), "at": at, "newer": later}
        assert say("state.went_back", language, **told) in [w.value for w in app.warning]
        assert say("checks.went_back", language) in badges(app)


def test_a_group_made_from_other_builds_than_its_lines_show_says_so(
    in_group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "outdated", lambda build: ("audio", "dental") if build.line == "group" else ())
    for page in ("group", "home", "explore"):
        app = opened(page, language="en", **({"show": "group_customers"} if page == "explore" else {}))
        told = say("state.behind", "en", lines="Hearing aids, Dental")
        assert (told in [w.value for w in app.warning]) is (page != "home"), page


def test_what_was_not_checked_does_not_read_as_passed(in_group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    published = builds.published
    monkeypatch.setattr(builds, "published", lambda line: (b := published(line)) and replace(b, checks=None))
    said = badges(opened("audio", language="en"))
    assert say("checks.unchecked", "en") in said and say("checks.passed", "en") not in said


def test_a_line_page_narrows_to_the_chosen_structure(in_group: Group) -> None:
    app = opened("audio", language="en")
    whole = app.metric[0].value
    chosen = app.multiselect(key="audio-structures")
    chosen.select(chosen.options[0]).run()
    assert not app.exception and not app.error
    assert app.metric[0].value != whole


def test_without_mongodb_the_datalab_says_so_and_the_figures_stay(
    in_group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_MONGO_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    settings.cache_clear()
    st.cache_resource.clear()
    app = opened("datalab", language="en")
    assert any(say("state.store_down", "en") == w.value for w in app.warning)
    assert opened("audio", language="en").metric


def test_every_prototype_opens_and_takes_an_opinion(in_group: Group) -> None:
    for card in cards():
        st.cache_resource.clear()
        app = opened("datalab", language="en")
        app.button(key=f"open-{card.id}").click().run()
        assert not app.exception and not app.error, card.id
        assert app.title[0].value == card.title.en
        app.text_area[0].input("Clear").run()
        assert any(b.label == say("lab.send", "en") for b in app.button)


def test_only_those_who_decide_are_offered_to_promote(in_group: Group) -> None:
    offered = {}
    for role in ("audio-analyst", "group-director"):
        app = opened("datalab", role=role, language="en")
        app.button(key="open-audio/trials_at_risk").click().run()
        offered[role] = say("lab.move", "en") in [e.label for e in app.expander]
    assert offered == {"audio-analyst": False, "group-director": True}


def test_a_sprint_demo_goes_from_screen_to_screen_to_its_summary(in_group: Group) -> None:
    app = opened("demo", language="en")
    for _ in range(10):
        following = next(b for b in app.button if b.label == say("demo.next", "en"))
        if following.disabled:
            break
        following.click().run()
        assert not app.exception and not app.error
    assert re.search(r"# Sprint demo \d{4}-S\d{2}", texts(app))


def badges(app: AppTest) -> str:
    """What the chips say."""
    return "\n".join(str(m.value) for m in app.markdown)
