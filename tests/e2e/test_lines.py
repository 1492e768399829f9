"""The trades and the accounts in a real browser: nurseries compared on occupancy, a statement read to its entries."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from browser import MARKS, settled
from group import Group
from playwright.sync_api import Browser, Page, expect

from apps.numbers import figure
from apps.screens.line.plan import plan
from apps.words import LANGUAGES, Language, say
from lake import access, semantic
from lake.semantic import Filter

pytestmark = MARKS


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a list by its words."""
    page.get_by_label(label, exact=True).click()
    page.keyboard.type(option)
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    settled(page)


SINCE, UNTIL = date(2025, 1, 1), date(2025, 12, 31)
OCCUPANCY = "childcare_real_occupancy"


def _network() -> tuple[list[str], float]:
    """Two structures with nurseries, and the occupancy of these together, as the semantic layer gives it."""

    def asked(by: tuple[str, ...], *where: Filter) -> list[dict[str, Any]]:
        everyone = access.scope("group-director")
        answer = semantic.query([OCCUPANCY], by=by, where=where, since=SINCE, until=UNTIL, scope=everyone)
        found: list[dict[str, Any]] = answer.table.to_pylist()
        return found

    structures = [row["structure"] for row in asked(("structure",)) if row[OCCUPANCY]][:2]
    (together,) = asked((), Filter("structure", "in", tuple(structures)))
    return structures, float(together[OCCUPANCY])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_nurseries_of_a_network_are_compared_on_occupancy(
    page: Page, portal: str, in_group: Group, language: Language
) -> None:
    structures, together = _network()
    asked = urlencode({"lang": language, "structures": structures, "period": f"{SINCE}..{UNTIL}"}, doseq=True)
    page.goto(f"{portal}/childcare?{asked}")
    settled(page)
    expect(page.get_by_role("heading", name=say("linepage.sections.occupancy", language), exact=True)).to_be_visible()
    words = {"fr": "Occupation réelle", "en": "Real occupancy"}
    expect(page.get_by_text(say("linepage.by_month", language, metric=words[language])).first).to_be_visible()
    shown = page.get_by_test_id("stMetric").filter(has_text=words[language]).first
    expect(shown).to_contain_text(figure(together, "rate", language))
    choose(page, say("filter.indicator", language), words[language])
    page.get_by_role("radio", name=say("linepage.levels.structure", language)).click()
    settled(page)
    page.get_by_text(say("linepage.table", language)).click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_is_read_down_to_an_entry(page: Page, portal: str, language: Language) -> None:
    page.goto(f"{portal}/finance?lang={language}")
    settled(page)
    statement = page.get_by_role("region", name=say("finance.table.caption", language))
    result = statement.get_by_role("row", name=re.compile(re.escape(say("finance.row.net_result", language))))
    expect(result).to_be_visible()
    thousands = result.inner_text()
    page.get_by_role("radio", name="€", exact=True).click()
    settled(page)
    expect(result).not_to_have_text(thousands)
    choose(page, say("finance.line", language), {"fr": "Salaires et traitements", "en": "Wages"}[language])
    account = re.compile(re.escape(say("finance.entries", language, account="64")))
    expect(page.get_by_text(account)).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(2)


def test_the_statement_scrolls_in_its_own_frame_on_a_narrow_window(page: Page, portal: str) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    for key in ("finance", "dental"):
        page.goto(f"{portal}/{key}?lang=en")
        settled(page)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_a_trades_charts_are_named_for_those_who_do_not_see_them(page: Page, portal: str, line: str) -> None:
    page.goto(f"{portal}/{line}?lang=en")
    settled(page)
    for item in plan(line).funnels:
        expect(page.get_by_label(item.title.en).first).to_be_attached()


def figures(page: Page) -> list[str]:
    return page.get_by_test_id("stMetricValue").all_inner_texts()


def test_a_link_reopens_the_view_and_a_page_is_found_as_it_was_left(page: Page, browser: Browser, portal: str) -> None:
    page.goto(f"{portal}/audio?lang=en&as=group-director")
    settled(page)
    whole = figures(page)
    choose(page, say("filter.structures", "en"), "S01")
    choose(page, say("filter.indicator", "en"), "Return rate")
    expect(page).to_have_url(re.compile("structures=S01"))
    expect(page).to_have_url(re.compile("indicator=audio_"))
    settled(page)  # The address is written before the figures are.
    chosen, link = figures(page), page.url
    assert chosen != whole
    other = browser.new_page()
    other.goto(link)
    settled(other)
    assert figures(other) == chosen
    assert other.url == link
    other.goto(f"{portal}/audio?lang=en&as=group-director")
    settled(other)
    assert figures(other) == whole
    other.close()
    page.get_by_role("link", name=say("line.dental", "en"), exact=True).click()
    settled(page)
    expect(page).not_to_have_url(re.compile("structures="))
    page.get_by_role("link", name=say("line.audio", "en"), exact=True).click()
    settled(page)
    expect(page).to_have_url(re.compile("structures=S01"))
    settled(page)
    assert figures(page) == chosen


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_hours_of_the_week_fit_a_narrow_window(page: Page, portal: str, language: Language) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{portal}/childcare?lang={language}")
    settled(page)
    words = {"fr": "Occupation réelle par heure", "en": "Real occupancy by hour"}[language]
    chart = page.get_by_label(say("linepage.by_hour", language, metric=words)).first
    expect(chart).to_be_attached()
    box = chart.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 420
