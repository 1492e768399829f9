"""`make screens`: a picture of every page in both languages, into docs/screens.

Reads the lake of the settings (run `make demo` first). Pictures are compressed; the home page is taken narrow too.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parent))
from browser import chromium, served, settled

from apps.registry import PAGES
from apps.words import LANGUAGES
from lake.settings import PROJECT, settings

FOLDER = PROJECT / "docs" / "screens"
_WIDE, _NARROW, _TALLEST = 1360, 420, 2400


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k.startswith("LAKE_")}
    with served(environment, settings().data / "screens.log") as address, chromium() as browser:
        for language in LANGUAGES:
            for page in PAGES:
                _take(browser, f"{address}/{page.key}?lang={language}", f"{page.key}-{language}", _WIDE)
            _take(browser, f"{address}/?lang={language}", f"home-narrow-{language}", _NARROW)


def _take(browser: Browser, address: str, name: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(address)
    settled(page)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, _TALLEST)})
    page.wait_for_load_state("networkidle")
    settled(page)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(FOLDER / f"{name}.png", optimize=True)
    page.close()
    print(f"{name}.png")


if __name__ == "__main__":
    main()
