"""Every page, for every persona, in every state: drawn without an error, saying what it should, showing no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from group import Group, copied
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.registry import PAGES, Page
from apps.words import LANGUAGES, Language, say
from lake import access, builds
from lake.settings import LINES, MARTS, PROJECT, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROLES = list(access.load(PROJECT / "lake" / "access" / "policy.yml").roles)

#: Who is looked at in the states that are not the usual one: everything, one structure, one line.
FEW = ("group-director", "structure-director", "audio-analyst")

#: Nobody answers there.
NO_MONGODB = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200"

WHY = "Every device has a price"


def ready(group: Group, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All marts are published, fresh and checked."""


def empty(group: Group, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing has been built yet, and nobody keeps anything."""
    monkeypatch.setenv("LAKE_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("LAKE_MONGO_URI", NO_MONGODB)


def stale(group: Group, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The newest data are older than what is promised."""
    monkeypatch.setenv("LAKE_STALE_AFTER_HOURS", "0.000001")


def refused(group: Group, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A newer build of every mart did not pass its checks."""
    data = tmp_path / "copy"
    copied(group.data / "marts", data / "marts")
    monkeypatch.setenv("LAKE_DATA", str(data))
    monkeypatch.setenv("LAKE_MONGO_URI", NO_MONGODB)
    settings.cache_clear()
    for line in MARTS:
        good = builds.published(line)
        assert good
        folder = good.folder.with_name("99991231T000000-bad000")
        folder.mkdir()
        builds.save(replace(good, id=folder.name, folder=folder, status="refused", failures=(WHY,)))


def without_mongodb(group: Group, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The lake does not answer; the marts do."""
    monkeypatch.setenv("LAKE_MONGO_URI", NO_MONGODB)


State = Callable[[Group, pytest.MonkeyPatch, Path], None]
STATES: tuple[State, ...] = (ready, empty, stale, refused, without_mongodb)
CASES = [(page, role, state) for state in STATES for page in PAGES for role in (ROLES if state is ready else FEW)]


@pytest.mark.parametrize(
    ("page", "role", "state"), CASES, ids=[f"{page.key}-{role}-{state.__name__}" for page, role, state in CASES]
)
def test_a_page_says_what_it_should(
    in_group: Group, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: Page, role: str, state: State
) -> None:
    state(in_group, monkeypatch, tmp_path)
    settings.cache_clear()
    st.cache_resource.clear()
    language: Language = LANGUAGES[CASES.index((page, role, state)) % 2]
    app = opened(page.key, role, language)
    assert not app.exception
    said = texts(app)
    scope = access.scope(role)
    lines = [line for line in LINES if scope.sees(line)]
    if page.line and not scope.sees_mart(page.line):
        assert say("state.denied_title", language) in said
        assert not app.metric and not app.dataframe
        return
    question = "home_one" if page.key == "home" and len(lines) == 1 else page.key
    assert app.title[0].value == say(f"question.{question}", language)
    shown = [page.line] if page.line else lines if page.key == "home" else []
    if state is refused:
        assert all(WHY in e.value for e in app.error)
        assert len(app.error) >= len(shown)
    else:
        assert not app.error
    if state is empty:
        assert not app.metric
        assert all(f"`lake run {line}`" in said for line in shown)
    elif shown:  # a structure without a site of the line has no figure of it, and is told so
        nothing = say("state.none_in_scope", language, structures=", ".join(scope.structures))
        assert app.metric or nothing in said
    if state is stale:
        assert said.count(say("fresh.stale", language)) >= len(shown)
    if state is without_mongodb and page.key in ("datalab", "demo"):
        assert say("state.store_down", language) in said


def opened(page: str, role: str, language: Language) -> AppTest:
    """The portal on one page, as a persona sees it."""
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    if page != "home":
        app._page_hash = calc_hash(page)  # AppTest.switch_page knows only pages that are files
    return app.run()


def texts(app: AppTest) -> str:
    """All that stands on the screen."""
    parts = [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption, *app.text]
    parts += [*app.error, *app.warning, *app.info, *app.success]
    return "\n".join(str(e.value) for e in parts)
