"""Where a figure comes from, and whether it can be trusted: the catalogue and the quality page in a real browser."""

from __future__ import annotations

import re

import pytest
from browser import MARKS, settled
from group import Group
from playwright.sync_api import Page, expect

from apps.words import LANGUAGES, Language, say

pytestmark = MARKS


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_misspelt_search_to_the_source_of_the_figure(page: Page, portal: str, language: Language) -> None:
    page.goto(f"{portal}/catalogue?lang={language}")
    settled(page)
    page.get_by_placeholder(say("catalogue.search", language)).fill("tau de trasnformation audio")
    page.keyboard.press("Enter")
    label = {"fr": "Taux de transformation", "en": "Trial conversion"}[language]
    page.get_by_role("link", name=label).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(label)
    settled(page)
    graph = page.get_by_test_id("stGraphVizChart")
    source = graph.locator("a").filter(has_text=re.compile("CSV")).first
    expect(source).to_be_visible()
    source.click()
    expect(page).to_have_url(re.compile("entry=source"))
    settled(page)
    expect(page.get_by_text(say("catalogue.kinds.source", language), exact=True).first).to_be_visible()
    assert f"lang={language}" in page.url


def test_a_link_opens_an_entry_and_its_sections_by_keyboard(page: Page, portal: str) -> None:
    page.goto(f"{portal}/catalogue?lang=en&entry=indicator:audio_conversion")
    settled(page)
    page.get_by_role("radio", name=say("catalogue.parts.lineage", "en")).or_(
        page.get_by_role("button", name=say("catalogue.parts.lineage", "en"), exact=True)
    ).first.focus()
    for key in ("ArrowRight", "Tab"):  # a group of radios is walked by arrows, one of buttons by tabs
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        settled(page)
    expect(page.get_by_text(say("catalogue.split", "en"))).to_be_visible()


@pytest.mark.parametrize("path", ["catalogue", "catalogue?entry=indicator:audio_conversion", "quality"])
def test_the_pages_fit_a_narrow_window(page: Page, portal: str, path: str) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{portal}/{path}")
    settled(page)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_quarantine_is_read_again_once_confirmed(page: Page, portal: str, language: Language) -> None:
    page.goto(f"{portal}/quality?lang={language}&as=data-engineer")
    settled(page)
    _choose(page, say("quality.parts.quarantine", language))
    page.get_by_role("button", name=say("quality.retry", language)).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(say("quality.retry_title", language))
    dialog.get_by_role("button", name=say("quality.confirm", language)).click()
    expect(dialog).to_have_count(0)
    said = say("quality.retried", language, source="x", tried=0, landed=0, unchanged=0, still=0).split(",")[-1]
    expect(page.get_by_test_id("stAlert").filter(has_text=said.split()[-1].rstrip("."))).to_be_visible()


def test_an_earlier_build_is_shown_to_readers_and_the_newer_again(page: Page, portal: str, group: Group) -> None:
    group.lake("run", "finance", "--force")
    newest, before = re.findall(r"\d{8}T\d{9}-[0-9a-f]{6}", group.lake("builds", "finance").stdout)[:2]
    page.goto(f"{portal}/quality?lang=en&as=data-engineer")
    settled(page)
    for build in (before, newest):
        _choose(page, say("quality.parts.builds", "en"))
        page.locator(f".st-key-publish-{build}").get_by_role("button").click()
        page.get_by_role("dialog").get_by_role("button", name=say("quality.confirm", "en")).click()
        expect(page.get_by_test_id("stAlert").filter(has_text=build)).to_be_visible()
        assert re.search(rf"\*\s+{build}", group.lake("builds", "finance").stdout)


def _choose(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first.click()
    settled(page)
