"""The portal in a real browser: what an analyst does in the morning, in both languages, wide and narrow."""

from __future__ import annotations

import itertools
import json
import re
import time

import pytest
from browser import MARKS, settled
from group import Group
from playwright.sync_api import Page, expect

from apps import browser
from apps.registry import PAGES
from apps.words import LANGUAGES, Language, say
from lake import access
from lake.settings import PROJECT

pytestmark = MARKS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [p.key for p in PAGES])
def test_a_link_opens_every_page_in_the_readers_language(page: Page, portal: str, key: str, language: Language) -> None:
    page.goto(f"{portal}/{key if key != 'home' else ''}?lang={language}")
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(say(f"question.{key}", language))
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_that_no_page_has_says_so_and_leads_home(page: Page, portal: str, language: Language) -> None:
    page.goto(f"{portal}/nowhere?lang={language}")
    settled(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(say("state.nowhere_title", language))).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("link", name=say("page.home", language)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("question.home", language))


@pytest.mark.parametrize("path", ["foo/bar", "audio/S01/2025", "_none/x/"])
def test_an_address_of_several_levels_says_so_too(page: Page, portal: str, path: str) -> None:
    page.goto(f"{portal}/{path}?lang=en")
    settled(page)
    expect(page.get_by_text(say("state.nowhere_title", "en"))).to_be_visible()
    shown = path.strip("/").replace("/", "\N{DIVISION SLASH}")
    expect(page.get_by_text(f"“{shown}”")).to_be_visible()


def test_the_icon_of_the_page_is_our_own(page: Page, portal: str) -> None:
    page.goto(f"{portal}/?lang=en")
    settled(page)
    icon = page.locator("link[rel~=icon]").first.get_attribute("href") or ""
    answer = page.request.get(f"{portal}/{icon.lstrip('/.')}" if "://" not in icon else icon)
    assert answer.ok and answer.headers["content-type"] == "image/png"
    assert answer.body() == (PROJECT / "apps" / "icon.png").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_streamlit_itself_speaks_the_readers_language(page: Page, portal: str, language: Language) -> None:
    english, french = list(browser.catalogue()), list(browser.catalogue().values())
    own, other = (french, english) if language == "fr" else (english, french)
    page.goto(f"{portal}/explore?lang={language}&as=group-director")
    settled(page)
    page.get_by_label(say("explore.show", language), exact=True).press_sequentially("zzz")
    expect(page.get_by_text(own[english.index("No results")])).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_test_id("stDataFrame").first.hover()
    full = own[english.index("Fullscreen")]
    expect(page.get_by_test_id("stDataFrame").get_by_label(full).first).to_be_attached()
    foreign = {text for text in other if text not in own and "{}" not in text}
    assert not foreign & set(page.evaluate(_CHROME))


def test_streamlit_changes_its_language_with_the_reader(page: Page, portal: str) -> None:
    page.goto(f"{portal}/explore?lang=fr")
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    for language, told in (("en", "Fullscreen"), ("fr", "Plein écran"), ("en", "Fullscreen")):
        sidebar.get_by_text(language.upper(), exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(say("question.explore", language))
        settled(page)
        page.get_by_test_id("stDataFrame").first.hover()
        expect(page.get_by_test_id("stDataFrame").get_by_label(told).first).to_be_attached()


def test_figures_are_in_the_language_of_the_page_not_of_the_browser(page: Page, portal: str) -> None:
    for key in ("audio", "finance"):
        page.goto(f"{portal}/{key}?lang=fr")
        settled(page)
        said = page.evaluate(
            "document.body.innerText + [...document.querySelectorAll('svg text')].map(e => e.textContent)"
        )
        assert not re.findall(r"\d[.]\d+\s?[%€h]|€\d", said)


@pytest.mark.parametrize(("key", "label"), [("finance", "finance.month"), ("catalogue", "catalogue.line")])
def test_what_is_chosen_is_said_in_the_language_switched_to(page: Page, portal: str, key: str, label: str) -> None:
    policy = access.policy().roles["group-director"]
    page.goto(f"{portal}/{key}?lang=fr&as=group-director")
    settled(page)
    said = page.get_by_label(say(label, "fr"), exact=True)
    first = said.input_value()
    for language in ("en", "fr"):
        page.get_by_test_id("stSidebar").get_by_text(language.upper(), exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(say(f"question.{key}", language))
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_label(say("portal.persona", language), exact=True)).to_have_value(policy.label(language))
        settled(page)
        now = page.get_by_label(say(label, language), exact=True).input_value()
        assert (now == first) == (language == "fr")
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_a_persona_sees_only_its_lines_also_by_a_direct_link(page: Page, portal: str) -> None:
    page.goto(f"{portal}/dental?lang=en&as=audio-analyst")
    settled(page)
    expect(page.get_by_text(say("state.denied_title", "en"))).to_be_visible()
    menu = page.get_by_test_id("stSidebarNav")
    expect(menu.get_by_text(say("line.audio", "en"))).to_be_visible()
    expect(menu.get_by_text(say("line.dental", "en"))).to_have_count(0)


def test_the_director_of_a_structure_sees_no_other_structure(page: Page, portal: str, group: Group) -> None:
    page.goto(f"{portal}/finance?lang=en&as=structure-director")
    settled(page)
    page.get_by_label(say("filter.structures", "en")).click()
    options = page.get_by_role("option").all_inner_texts()
    assert [o for o in options if "(S" in o and "(S01)" not in o] == []
    assert any("(S01)" in o for o in options)


@pytest.mark.parametrize("width", [420, 900, 1440])
def test_no_page_is_wider_than_its_window(page: Page, portal: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for language, key in zip(itertools.cycle(LANGUAGES), [p.key for p in PAGES], strict=False):
        page.goto(f"{portal}/{key if key != 'home' else ''}?lang={language}")
        settled(page)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, key
        cut = page.evaluate(
            "[...document.querySelectorAll('[data-testid=stMetricValue] *')].filter(e => e.scrollWidth > e.clientWidth"
            " + 1 && getComputedStyle(e).textOverflow == 'ellipsis').map(e => e.innerText)"
        )
        assert not cut, (key, cut)


def test_the_keyboard_goes_from_the_menu_to_the_answer_and_one_sees_where_it_is(page: Page, portal: str) -> None:
    page.goto(f"{portal}/explore?lang=en")
    settled(page)
    stops: list[str] = []
    while len(stops) < 80 and not (stops and stops[-1].startswith("BODY")):
        page.keyboard.press("Tab")
        tag, name, is_marked = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.tagName, e.getAttribute('aria-label') || e.innerText || '',"
            " (s.outlineStyle != 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow != 'none'] }"
        )
        stops.append(f"{tag} {name}")
        if tag in ("A", "BUTTON"):  # fields show it by their border, tables in their canvas
            assert is_marked, stops[-1]
    said = ["page.home", "portal.persona", "explore.show", "explore.compare", "trace.title", "explore.export.title"]
    places = [next(i for i, stop in enumerate(stops) if say(key, "en") in stop) for key in said]
    assert places == sorted(places)


def test_changing_the_grain_redraws_without_an_error(page: Page, portal: str) -> None:
    page.goto(f"{portal}/optical?lang=en")
    settled(page)
    page.get_by_role("radio", name=say("filter.grains.quarter", "en")).click()
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_role("heading", name=say("section.over_time", "en"))).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_publication_appears_in_an_open_session(page: Page, portal: str, group: Group, language: Language) -> None:
    page.goto(f"{portal}/audio?lang={language}")
    settled(page)
    before = _published(group, "audio")
    _trace_names(page, before, language)
    headline = page.get_by_test_id("stMetricValue").first.inner_text()
    _run_anew(group)
    assert _published(group, "audio") != before
    page.get_by_role("radio", name=say("filter.grains.quarter", language)).click()
    _trace_names(page, _published(group, "audio"), language)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(headline)  # the same records: the same figure
    expect(page.get_by_role("radio", name=say("filter.grains.quarter", language))).to_be_checked()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_a_double_click_sends_an_opinion_once_and_whole(page: Page, portal: str) -> None:
    page.goto(f"{portal}/datalab?lang=en&prototype=childcare/free_hours")
    settled(page)
    page.get_by_label(say("lab.comment", "en")).fill("Twice clicked")
    page.get_by_test_id("stFeedbackButton").nth(4).click()
    page.get_by_role("button", name=say("lab.send", "en")).dblclick()
    expect(page.get_by_text(say("lab.thanks", "en"))).to_be_visible()
    expect(page.get_by_label(say("lab.comment", "en"))).to_have_value("Twice clicked")
    page.get_by_role("button", name=say("lab.back", "en")).click()
    settled(page)
    expect(page.get_by_text(re.compile(r"5 / 5 · 1 rating")).first).to_be_visible()


def test_a_comma_typed_for_a_measure_stays_a_comma(page: Page, portal: str) -> None:
    page.goto(f"{portal}/datalab?lang=en&as=group-director&prototype=optical/lost_quotes")
    settled(page)
    page.get_by_text(say("lab.move", "en")).click()
    field = page.get_by_label(say("lab.measured", "en", unit="pts"))
    field.press_sequentially("1,5")
    page.get_by_label(say("lab.evidence", "en")).fill("Two shops")
    page.get_by_role("button", name="Pilot").click()
    expect(page.get_by_text(say("number.unread", "en", text="1,5", example="1,234.5"))).to_be_visible()
    expect(field).to_have_value("1,5")
    expect(page.get_by_label(say("lab.evidence", "en"))).to_have_value("Two shops")


def test_an_opinion_on_a_prototype_is_kept_and_counted(page: Page, portal: str) -> None:
    page.goto(f"{portal}/datalab?lang=en")
    settled(page)
    page.get_by_test_id("stButton").get_by_role("button", name=say("lab.open", "en")).first.click()
    expect(page.get_by_text(say("lab.useful", "en"))).to_be_visible()
    settled(page)
    page.get_by_test_id("stFeedbackButton").nth(3).click()
    page.get_by_label(say("lab.comment", "en")).fill("Useful on Mondays")
    page.get_by_role("button", name=say("lab.send", "en")).click()
    expect(page.get_by_text(say("lab.thanks", "en"))).to_be_visible()
    page.get_by_role("button", name=say("lab.back", "en")).click()
    settled(page)
    expect(page.get_by_text(re.compile(r"4 / 5 · 1 rating")).first).to_be_visible()


#: All that stands in what is not ours: labels, tooltips, hints.
_CHROME = """() => {
  const said = [...document.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap(
    e => ['aria-label', 'title', 'placeholder'].map(name => e.getAttribute(name)));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest('[data-testid=stMarkdownContainer], script, style, noscript'))
      said.push(walker.currentNode.nodeValue.trim());
  return said.filter(Boolean);
}"""


def _published(group: Group, line: str) -> str:
    return str(json.loads((group.data / "marts" / line / "published.json").read_text("utf-8"))["build"])


def _trace_names(page: Page, build: str, language: Language) -> None:
    """The figure says that it comes from this build."""
    page.get_by_role("button", name=say("trace.title", language)).first.click()
    expect(page.get_by_text(build).first).to_be_visible()
    page.keyboard.press("Escape")


def _run_anew(group: Group) -> None:
    """Publish a new build, once no other test is publishing one."""
    for _ in range(60):
        try:
            group.lake("run", "audio", "--force")
            return
        except AssertionError as error:
            if "is held by" not in str(error):
                raise
            time.sleep(2)
    raise AssertionError("another test is publishing for two minutes")
