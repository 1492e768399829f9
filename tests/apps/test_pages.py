"""Every page, for every persona, in both languages: drawn without an error, and saying what it should."""

from __future__ import annotations

import pytest
from group import Group
from streamlit.testing.v1 import AppTest

from apps.registry import PAGES
from apps.words import LANGUAGES, say
from lake import access
from lake.settings import LINES, PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROLES = list(access.load(PROJECT / "lake" / "access" / "policy.yml").roles)


def opened(page: str, *, role: str = "group-director", language: str = "fr") -> AppTest:
    """The portal on one page, as a persona sees it."""
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    app.run()
    if page != "home":
        app.switch_page(page)
        app.run()
    return app


def texts(app: AppTest) -> str:
    """All that stands on the screen."""
    parts = [e.value for e in [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption, *app.text]]
    parts += [e.value for e in [*app.error, *app.warning, *app.info, *app.success]]
    parts += [f"{m.label} {m.value} {m.delta}" for m in app.metric]
    return "\n".join(map(str, parts))


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
    shown = {line for line in LINES if any(line in (c.proto.page_link.page or "") for c in app.get("page_link"))}
    assert shown == {line for line in LINES if scope.sees(line)}
    assert app.metric
