"""`make screens`: pictures of every page and of its states in both languages, into docs/screens.

Reads the lake of the settings (run `make demo` first). A picture is named `<what>-<language>.png`; those that nothing
takes any more are removed. Each has as many colours as fit in `_LARGEST`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parent))
from browser import chromium, served, settled

from apps.registry import PAGES
from apps.words import LANGUAGES, Language, say
from lake.prototypes import cards
from lake.settings import PROJECT, settings

FOLDER = PROJECT / "docs" / "screens"

_WIDE, _NARROW, _TALLEST = 1360, 420, 2400

#: Bytes of a picture, and the numbers of colours that are tried until it fits.
_LARGEST, _COLOURS = 150_000, (128, 64, 32, 16)


@dataclass(frozen=True)
class Screen:
    """One picture: a page as an address opens it. `choose` is the key of the words of a section to open in it."""

    name: str
    page: str
    asked: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    width: int = _WIDE
    choose: str | None = None

    def address(self, language: Language) -> str:
        path = "" if self.page == "home" else self.page  # the first page has no name of its own
        return f"{path}?{urlencode({'lang': language, **self.asked}, doseq=True)}"


def screens() -> Iterator[Screen]:
    """Every page as it opens; then what one page shows by sections, personas and widths."""
    for page in PAGES:
        yield Screen(page.key, page.key)
    sales = {"show": "audio_net_sales_eur", "by": "structure_name", "compare": "previous_year"}
    yield Screen("explore-selection", "explore", {**sales, "by": "site_name", "pick": "site_region:Hauts-de-France"})
    yield Screen("explore-time", "explore", {**sales, "by": "device_class", "grain": "month", "period": "24m"})
    yield Screen("explore-pivot", "explore", {**sales, "by": ("site_region", "device_class"), "across": "device_class"})
    yield Screen("explore-benchmark", "explore", {**sales, "show": "audio_conversion", "compare": "benchmark"})
    yield Screen("catalogue-lineage", "catalogue", {"entry": "indicator:audio_net_sales_eur"})
    for part in ("details", "checks", "usage", "history"):
        asked = {"entry": "indicator:audio_net_sales_eur"}
        yield Screen(f"catalogue-{part}", "catalogue", asked, choose=f"catalogue.parts.{part}")
    for part in ("reconciliation", "freshness", "quarantine", "runs", "builds", "changes"):
        yield Screen(f"quality-{part}", "quality", {"as": "data-engineer"}, choose=f"quality.parts.{part}")
    for card in cards():
        yield Screen(f"prototype-{card.name.replace('_', '-')}", "datalab", {"prototype": card.id})
    yield Screen("home-structure-director", "home", {"as": "structure-director"})
    yield Screen("home-audio-analyst", "home", {"as": "audio-analyst"})
    yield Screen("dental-not-allowed", "dental", {"as": "audio-analyst"})
    for page in ("home", "audio", "finance", "explore", "catalogue", "quality"):
        yield Screen(f"{page}-narrow", page, width=_NARROW)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name.startswith("LAKE_")}
    taken = set()
    with served(environment, settings().data / "screens.log") as portal, chromium() as browser:
        for screen in screens():
            for language in LANGUAGES:
                file = FOLDER / f"{screen.name}-{language}.png"
                picture = compressed(_take(browser, portal, screen, language))
                file.write_bytes(picture)
                taken.add(file)
                print(f"{file.name}  {len(picture) // 1000} kB")
    for file in set(FOLDER.glob("*.png")) - taken:
        file.unlink()


def compressed(picture: bytes) -> bytes:
    """The picture with as many colours as fit in the bytes that one may have."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in _COLOURS:
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= _LARGEST:
            break
    return out.getvalue()


def _take(browser: Browser, portal: str, screen: Screen, language: Language) -> bytes:
    """The whole page, up to a height that a reader scrolls."""
    page = browser.new_page(viewport={"width": screen.width, "height": 900})
    page.goto(f"{portal}/{screen.address(language)}")
    _drawn(page)
    if screen.choose:
        name = say(screen.choose, language)
        page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first.click()
        _drawn(page)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": screen.width, "height": max(700, min(height, _TALLEST))})
    _drawn(page)
    taken = page.screenshot()
    page.close()
    return taken


def _drawn(page: Page) -> None:
    """Settled, and every chart painted."""
    settled(page)
    page.wait_for_load_state("networkidle")
    charts = "[data-testid=stVegaLiteChart]"
    page.wait_for_function(f"[...document.querySelectorAll('{charts}')].every(c => c.querySelector('canvas, svg'))")


if __name__ == "__main__":
    main()
