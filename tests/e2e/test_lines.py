"""The trades and the accounts in a real browser: nurseries compared on occupancy, a statement read to its entries."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

sys.path.insert(0, str(Path(__file__).parent))
from browser import CHROMIUM, settled

from apps.screens.line.plan import plan
from apps.words import LANGUAGES, Language, say

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("LAKE_REQUIRE_BROWSER"),
        reason="no Chromium or Chrome is installed: browser tests are skipped",
    ),
]


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a list by its words."""
    page.get_by_label(label, exact=True).click()
    page.keyboard.type(option)
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    settled(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_nurseries_of_a_network_are_compared_on_occupancy(page: Page, portal: str, language: Language) -> None:
    page.goto(f"{portal}/childcare?lang={language}")
    settled(page)
    expect(page.get_by_role("heading", name=say("linepage.sections.occupancy", language), exact=True)).to_be_visible()
    words = {"fr": "Occupation réelle", "en": "Real occupancy"}
    expect(page.get_by_text(say("linepage.by_month", language, metric=words[language])).first).to_be_visible()
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
