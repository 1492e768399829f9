"""An analyst's morning on Explore: from a figure that fell to the rows behind it, and the view shared and exported."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlparse

import openpyxl
import pytest
from browser import MARKS, settled
from group import Group
from playwright.sync_api import Locator, Page, expect

from apps.words import LANGUAGES, Language, say
from lake import access, semantic
from lake.semantic import Filter

pytestmark = MARKS

SALES = "audio_sales_eur"  # made of rows, rather than of other indicators
SINCE, UNTIL = date(2025, 1, 1), date(2025, 12, 31)
VIEW = f"show={SALES}&by=structure_name&compare=previous_year&period={SINCE}..{UNTIL}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_fall_in_a_structure_to_its_rows_a_shared_view_and_a_file(
    page: Page, portal: str, in_group: Group, language: Language, tmp_path: Path
) -> None:
    structures = _asked("structure_name")
    worst = min(structures, key=lambda s: s.now - s.before)
    page.goto(f"{portal}/explore?lang={language}&{VIEW}")
    settled(page)
    _choose_row(page, structures.index(worst))
    page.get_by_role("button", name=say("explore.down.go", language), exact=True).click()
    expect(page).to_have_url(re.compile("pick=structure_name"))
    settled(page)  # The address is written before the figures are.
    where = _address(page)
    assert where["by"] == ["site_name"] and where["pick"] == [f"structure_name:{worst.name}"]
    figure = page.get_by_test_id("stMetricValue").first.inner_text()

    page.get_by_role("button", name=say("explore.rows.title", language)).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(say("explore.rows.title", language)).first).to_be_visible()
    expect(dialog.get_by_test_id("stDataFrame")).to_be_visible()
    behind = say("explore.rows.behind", language, n="", figure=figure).partition("**")[2].strip("*.")
    expect(dialog.get_by_text(behind).first).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)

    name = f"Falls ({language})"
    page.get_by_role("button", name=say("explore.views.title", language)).click()
    page.get_by_label(say("explore.views.name", language)).fill(name)
    page.get_by_role("radio", name=say("explore.views.audiences.role", language)).or_(
        page.get_by_role("button", name=say("explore.views.audiences.role", language), exact=True)
    ).first.click()
    _pick_option(page, say("explore.views.role", language), re.compile("audi", re.IGNORECASE))
    page.get_by_role("button", name=say("explore.views.done", language), exact=True).click()
    expect(page.get_by_text(say("explore.views.saved", language, name=name))).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("button", name=say("explore.export.title", language)).click()
    with page.expect_download() as downloading:
        page.get_by_role("button", name=say("explore.export.xlsx", language)).click()
    file = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(file)
    table = openpyxl.load_workbook(file)[say("explore.export.table_sheet", language)]
    *rows, last = [[c.value for c in row] for row in table.iter_rows(min_row=2)]
    sites = _asked("site_name", Filter("structure_name", "=", (worst.name,)))
    read = [(row[0], row[1], row[2] or 0.0) for row in rows]
    assert read == [(s.name, pytest.approx(s.now), pytest.approx(s.before)) for s in sites]
    assert last[:3] == [say("explore.total", language), pytest.approx(worst.now), pytest.approx(worst.before)]
    assert _digits(figure) == _digits(f"{last[1]:.0f}")

    page.goto(f"{portal}/explore?lang={language}&as=audio-analyst")
    settled(page)
    page.get_by_role("button", name=say("explore.views.title", language)).click()
    expect(page.get_by_text(name)).to_be_visible()
    listed = page.get_by_role("dialog", name=say("explore.views.title", language))
    listed.get_by_role("button", name=say("explore.views.open", language), exact=True).first.click()
    expect(page).to_have_url(re.compile("pick=structure_name"))
    settled(page)
    assert _address(page)["pick"] == where["pick"]
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(figure)


def test_picking_greys_what_is_excluded_and_undo_brings_it_back(page: Page, portal: str) -> None:
    page.goto(f"{portal}/explore?lang=en&{VIEW}&pane=site_region")
    settled(page)
    before = page.get_by_test_id("stMetricValue").first.inner_text()
    region = page.locator(".st-key-explore-box-site_region").get_by_role("button").first
    region.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("pick=site_region"))
    settled(page)
    expect(page.locator(".st-key-explore-box-structure_name del").first).to_be_visible()
    page.get_by_role("button", name=say("explore.undo", "en")).click()
    settled(page)
    expect(page.locator(".st-key-explore-box-structure_name del")).to_have_count(0)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(before)
    expect(page).not_to_have_url(re.compile("pick="))


def test_a_hostile_link_is_answered_in_words(page: Page, portal: str) -> None:
    page.goto(
        f"{portal}/explore?lang=en&show={SALES}&show=<script>alert(1)</script>&by=nope&pick=structure:S99&grain=eon"
    )
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_text(say("explore.problem.title", "en")).first).to_be_visible()


def test_explore_fits_a_narrow_window(page: Page, portal: str) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{portal}/explore?lang=fr&{VIEW}")
    settled(page)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()


class _Place(NamedTuple):
    """A place's sales of the year and of the year before, as the semantic layer gives them."""

    name: str
    now: float
    before: float


def _asked(by: str, *where: Filter) -> list[_Place]:
    """The places in the order of the table."""
    answer = semantic.query(
        [SALES],
        by=[by],
        where=where,
        since=SINCE,
        until=UNTIL,
        order=[f"-{SALES}"],
        compare=["previous_year"],
        scope=access.scope("group-director"),
    )
    return [
        _Place(row[by], float(row[SALES] or 0), float(row[f"{SALES}__previous_year"] or 0))
        for row in answer.table.to_pylist()
    ]


def _choose_row(page: Page, number: int) -> None:
    """Tick a row of the table, which is drawn on a canvas."""
    table: Locator = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.locator(".dvn-scroller").first.click(position={"x": 16, "y": 35 + 35 * number + 17})
    settled(page)


def _pick_option(page: Page, label: str, option: re.Pattern[str]) -> None:
    page.get_by_label(label).last.click()
    page.get_by_role("option", name=option).first.click()


def _address(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())
