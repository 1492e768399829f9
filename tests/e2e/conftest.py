"""A portal served for a file of tests, one browser, and a fresh session in it for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from group import Group
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parent))
from browser import chromium, served


@pytest.fixture(scope="module")
def portal(group: Group, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(group.environment, tmp_path_factory.mktemp("portal") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser session; an error in the page's console fails the test, and so does whatever it asks of a host
    that is not this machine."""
    opened = browser.new_page(viewport={"width": 1360, "height": 900})
    errors: list[str] = []
    foreign: list[str] = []

    def asked(url: str) -> None:
        there = urlsplit(url)
        if there.scheme not in ("data", "blob") and there.hostname not in ("127.0.0.1", "localhost"):
            foreign.append(url)

    opened.on("pageerror", lambda e: errors.append(str(e)))
    opened.on("request", lambda request: asked(request.url))
    opened.on("websocket", lambda socket: asked(socket.url))
    yield opened
    opened.close()
    assert not errors
    assert not foreign
