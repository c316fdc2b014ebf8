# SPDX-License-Identifier: EUPL-1.2
"""What more than one kind of test needs: the recorded cases and a real browser."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

REPO = Path(__file__).resolve().parent.parent
pytest_plugins = ("geen_bsn", "postgres_voor_tests")  # no burgerservicenummer in anything the tests write
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


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command sets up logging for its whole process, which here is that of the tests after it too."""
    yield
    structlog.reset_defaults()


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
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of one Kafka for the whole session; ``WISSEL_TEST_KAFKA=host:port`` names one that runs already.

    Every test takes topics of its own (``topic_prefix``). What kills or stops a broker starts a cluster of its own.
    """
    if given := os.environ.get("WISSEL_TEST_KAFKA"):
        yield given
        return
    with kafka_cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """What the names of this test's topics begin with."""
    return f"t{uuid.uuid4().hex[:12]}."


def kafka_cluster(folder: Path, **more: Any) -> Any:
    """A Kafka cluster of this test's own (see ``broker.Cluster``); skips where the machine cannot run one."""
    from demo import broker

    if lacks := broker.missing_parts():
        missing(lacks)
    return broker.Cluster(folder / "kafka", **more)


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
