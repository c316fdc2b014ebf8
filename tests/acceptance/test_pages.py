# SPDX-License-Identifier: EUPL-1.2
"""The pages in a real browser: accessible, on a phone, by keyboard, without scripts, and within their own CSP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from nephub import NepHub
from scenes import PEOPLE, bad_night, country, uuid
from webhulp import app

pytestmark = pytest.mark.browser
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
ANYBODY = ("/", "/inloggen/inwoner", "/inloggen/medewerker", "/nergens")
RESIDENT = ("/mijn", "/inzage", *(f"/mijn/zaken/{uuid(n)}" for n in (1, 2, 3, 4, 5, 7, 8, 11, 12, 13)))
STAFF = (
    "/werkvoorraad",
    "/werkvoorraad?wachtend=ja",
    "/werkvoorraad?kleur=groen&team=x",
    *(f"/werkvoorraad/{uuid(n)}" for n in (2, 5, 6, 8)),
    f"/werkvoorraad/{uuid(2)}/toen?moment=6",
    "/klantbeeld",
)


@pytest.fixture(scope="module")
def hub() -> NepHub:
    """A hub with a zaak in every situation."""
    return country()


@pytest.fixture(scope="module")
def base(hub: NepHub) -> Iterator[str]:
    """The address of the pages, served by a thread of their own."""
    server = uvicorn.Server(
        uvicorn.Config(app(hub, verversen_s=2), host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def visit(browser: Any, base: str) -> Iterator[Callable[..., Any]]:
    """Open a page in a fresh browser context; what the console complains of, CSP included, fails the test."""
    contexts, complaints = [], []

    def open_(path: str = "/", *, size: dict[str, int] = DESKTOP, scripts: bool = True) -> Any:
        context = browser.new_context(
            viewport=size, locale="nl-NL", timezone_id="Europe/Amsterdam", java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type in {"error", "warning"} and "status of" not in m.text else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.base = base
        page.goto(base + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def as_resident(page: Any, number: int) -> Any:
    page.goto(page.base + "/inloggen/inwoner")
    page.fill("#bsn", PEOPLE[number])
    page.click("form:has(#bsn) button")
    return page


def as_staff(page: Any, who: str = "behandelaar-sam") -> Any:
    page.goto(page.base + "/inloggen/medewerker")
    page.select_option("#medewerker", who)
    page.click("main button")
    return page


def too_wide(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def small_targets(page: Any) -> list[str]:
    """Buttons, fields and menu links smaller than 24 by 24 pixels (WCAG 2.2, 2.5.8)."""
    return page.evaluate("""() => [...document.querySelectorAll(
            'button, input:not([type=hidden]), select, textarea, summary, nav a')]
        .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.width < 24 || r.height < 24) })
        .map(e => e.outerHTML.slice(0, 80))""")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_is_accessible_and_fits(visit, axe, size) -> None:
    """No axe violation (WCAG 2.2 A and AA) in any situation, nothing wider than the screen, targets large enough."""
    page = visit(size=size)

    def check(path: str) -> None:
        page.goto(page.base + path)
        for summary in page.query_selector_all("summary"):
            summary.click()
        assert axe(page) == [], path
        assert too_wide(page) <= 0, path
        assert small_targets(page) == [], path
        assert page.evaluate("document.querySelectorAll('h1').length") == 1, path

    for path in ANYBODY:
        check(path)
    for number in (39, 3, 12, 5, 1, 2, 4, 7, 8, 11, 13):
        as_resident(page, number)
        check("/mijn")
        check(f"/mijn/zaken/{uuid(number)}")
    as_staff(page)
    for path in STAFF:
        check(path)
    page.fill("#bsn", PEOPLE[8])
    page.click("main button")
    assert axe(page) == []
    assert too_wide(page) <= 0
    as_staff(page, "coordinator-lou")
    check("/lijst")
    as_staff(page, "beheer-alex")
    check("/stand")
    check("/werkvoorraad")  # no permission


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_of_ops_are_accessible_and_fit(visit, axe, hub, size, tmp_path) -> None:
    """All well, everything wrong at once, what is parked with its forms, and a stream drawn."""
    page = as_staff(visit(size=size), "beheer-alex")

    def check(name: str, path: str) -> None:
        page.goto(page.base + path)
        for summary in page.query_selector_all("summary"):
            summary.click()
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        assert axe(page) == [], path
        assert too_wide(page) <= 0, path
        assert small_targets(page) == [], path
        assert page.evaluate("document.querySelectorAll('h1').length") == 1, path

    before = hub.stand_now, hub.bediening
    hub.bediening = type(hub.bediening)()
    check("goed", "/stand")
    assert "Alles gaat goed" in page.inner_text("main")
    bad_night(hub)
    try:
        check("mis", "/stand")
        assert "120 per seconde en duurt nog ongeveer 50 seconden" in page.inner_text("main")
        assert "Nu doen." in page.inner_text("main")
        check("een", "/stand/geparkeerd?nummer=werkvoorraad%3A1/2")
        check("oorzaak", "/stand/geparkeerd?oorzaak=KeyError")
        check("stroom", f"/stand/stroom/{uuid(1)}")
    finally:
        hub.stand_now, hub.bediening = before


def test_an_operator_tries_again_without_scripts(visit, hub) -> None:
    """From the glance to the form, with a reason, and back with what came of it."""
    before = hub.stand_now, hub.bediening
    hub.bediening = type(hub.bediening)()
    bad_night(hub)
    try:
        page = as_staff(visit(scripts=False), "beheer-alex")
        page.goto(page.base + "/stand")
        page.click("text=Alles met deze oorzaak opnieuw proberen")
        page.fill("#opnieuw-reden", "de fout is hersteld")
        page.click("text=Ja, probeer alle 2 opnieuw")
        assert "Gelukt: 1. Er is niets meer over." in page.inner_text("main")
        expected = {"nummer": "", "oorzaak": "KeyError", "reden": "de fout is hersteld", "door": "beheer-alex"}
        assert hub.bediening.gedaan == [{"gemeente": "emmen", **expected}]
    finally:
        hub.stand_now, hub.bediening = before


def test_stale_and_empty_states_are_accessible(visit, axe, hub) -> None:
    """The banner of old data, and pages with nothing on them."""
    hub.achter, hub.achter_s = 9, 300
    page = as_staff(visit(size=PHONE))
    assert "lopen 5 minuten achter" in page.inner_text("main")
    assert axe(page) == []
    hub.achter, hub.achter_s = 0, 0


def test_a_form_that_comes_back_is_accessible(visit, axe) -> None:
    """Errors are announced and what was filled in is still there."""
    page = as_staff(visit())
    page.goto(f"{page.base}/werkvoorraad/{uuid(2)}")
    page.click("summary:has-text('Niet volgen')")
    page.fill("#niet-volgen-motivering", "Omdat.")
    page.evaluate("document.querySelectorAll('[required]').forEach(e => e.removeAttribute('required'))")
    page.fill("#niet-volgen-datum", "")
    page.click("details:has(#niet-volgen-datum) button")
    assert "vul dit in" in page.inner_text("[role=alert]")
    assert page.input_value("#niet-volgen-motivering") == "Omdat."
    assert axe(page) == []


def test_everything_works_without_scripts(visit, hub) -> None:
    """Logging in, finding work, acting on it, looking for a person, logging out: with JavaScript off."""
    hub.commands.clear()
    page = as_staff(visit(scripts=False))
    page.select_option("#kleur", "oranje")
    page.click("text=Laat zien")
    assert "kleur=oranje" in page.url
    page.click("text=ZAAK-2026-00002")
    page.click("main button:has-text('Pak op')")
    assert "U heeft deze zaak opgepakt." in page.inner_text("main")
    page.click("summary:has-text('Goedkeuren')")
    page.click("details button:has-text('Goedkeuren')")
    assert "Goedgekeurd." in page.inner_text("main")
    assert [type(c["command"]).__name__ for c in hub.commands] == ["PakOp", "KeurGoed"]
    page.click("nav >> text=Klantbeeld")
    page.fill("#bsn", PEOPLE[8])
    page.click("main button")
    assert "ZAAK-2026-00008" in page.inner_text("main")
    assert PEOPLE[8] not in page.url
    page.click("text=Uitloggen")
    page.goto(page.base + "/werkvoorraad")
    assert page.url.endswith("/inloggen/medewerker")


def test_resident_follows_a_case_without_scripts(visit) -> None:
    """The steps are a list with the current one marked, in words and not in colour alone."""
    page = as_resident(visit(scripts=False, size=PHONE), 5)
    page.click("text=Uw verhuizing")
    current = page.locator("ol [aria-current=step]")
    assert current.count() == 1
    assert "We hebben meer informatie nodig" in current.inner_text()
    assert "wacht op actie" in current.inner_text()
    assert "U bent aan zet" in page.inner_text("main")


def test_by_keyboard_alone(visit) -> None:
    """From the skip link to a decision, without a mouse; focus is always visible."""
    page = visit("/inloggen/medewerker")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    page.wait_for_url("**/werkvoorraad")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        style = page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow"
        )
        assert style != "nonenone", reached[-1]
        if reached[-1].startswith("ZAAK"):
            break
    assert reached[-1].startswith("ZAAK-2026")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/werkvoorraad/{uuid(2)}")


def test_page_refreshes_itself_without_losing_the_place(visit, base) -> None:
    """With scripts a page stays fresh; the part that is refreshed holds no form, so nothing typed is lost."""
    page = as_staff(visit())
    with page.expect_response(
        lambda r: r.url.startswith(f"{base}/werkvoorraad") and "hx-request" in r.request.headers, timeout=15_000
    ) as seen:
        pass
    assert seen.value.status == 200
    for path in ("/werkvoorraad", f"/werkvoorraad/{uuid(2)}"):
        page.goto(page.base + path)
        assert page.locator("[hx-get] :is(input, textarea, select)").count() == 0


def test_reflow_and_zoom(visit) -> None:
    """At 320 pixels (400 % of 1280) and with text at twice its size nothing is cut off sideways (WCAG 1.4.10, 1.4.4)."""
    page = as_staff(visit(size={"width": 320, "height": 700}))
    for path in ("/werkvoorraad", f"/werkvoorraad/{uuid(8)}"):
        page.goto(page.base + path)
        assert too_wide(page) <= 0, path
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert too_wide(page) <= 0, path


def test_nothing_is_fetched_from_elsewhere(visit, base) -> None:
    """No font, script or picture of somebody else: what a resident looks at stays between them and the gemeente."""
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    as_resident(page, 3)
    as_staff(page)
    assert asked
    assert [url for url in asked if not url.startswith((base, "data:"))] == []
