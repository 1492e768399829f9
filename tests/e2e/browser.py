"""A portal served on a free port, and a headless Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lake.settings import PROJECT

#: Chromium as Debian installs it, or Chrome as others do.
CHROMIUM = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)

# Five seconds, unless told: less than a page takes to draw on a machine that builds a mart meanwhile.
expect.set_options(timeout=60_000)

#: What every file of browser tests is marked with. One worker runs them all, so that one browser is open at a time.
MARKS = [
    pytest.mark.e2e,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("LAKE_REQUIRE_BROWSER"),
        reason="no Chromium or Chrome is installed: browser tests are skipped",
    ),
]

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def served(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """The portal's address, while it is served by `lake portal`."""
    port = _free_port()
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("lake")), "portal", "--port", str(port)],
            env={**os.environ, **environment},
            cwd=PROJECT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/_stcore/health", process, log)
            yield address
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser without a profile; it talks to nobody but the portal."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield browser
        browser.close()


def settled(page: Page) -> None:
    """Wait until Streamlit has drawn: connected, no script running, no skeleton left; and still so a moment later, for
    what was clicked last may only be on its way."""
    for _ in range(2):
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
        page.wait_for_function("!document.querySelector('[data-testid=stSkeleton],[data-stale=true]')", timeout=60_000)
        page.wait_for_timeout(100)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the portal did not come up: {log.read_text()[-2000:]}")
