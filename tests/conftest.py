# SPDX-License-Identifier: EUPL-1.2
"""What more than one kind of test needs: the recorded cases and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parent.parent
pytest_plugins = ("geen_bsn",)  # no burgerservicenummer in anything the tests write
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# no service of the browser's own is reached: the tests meet only the pages
BROWSER_ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing(part: str) -> None:
    """Skip, with the reason; with CI=true a missing part is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{part} (CI=true: a missing part is a failure)")
    pytest.skip(part)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The top folder of this repository."""
    return REPO


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder with recorded traffic and official specifications; it is no part of this repository."""
    folder = Path(os.environ.get("WISSEL_CASES", REPO.parent / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"the recorded cases are not at {folder}; name their folder in WISSEL_CASES")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright's sync API, for the tests of one module.

    Per module, because while Playwright runs no test on this thread can call ``asyncio.run``: serve the pages from
    another thread or process.
    """
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        missing("Chromium is missing; install it with: sudo apt-get install -y chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_ARGS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A new page in a context of its own: no cookie of another test is in it."""
    context = browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """Return a function from a page to its accessibility violations (axe-core, WCAG 2.2 A and AA), one line each."""
    script = REPO / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        missing("axe-core is missing; fetch it with: make web")
    source = script.read_text(encoding="utf-8")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

    def violations(page: Any) -> list[str]:
        page.evaluate(source)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
        return [
            f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return violations
