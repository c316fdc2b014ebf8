# SPDX-License-Identifier: EUPL-1.2
"""Pages: who may open them, forms that only our own pages can send, and nothing of anybody else."""

from __future__ import annotations

import re

import pytest
from litestar.handlers import HTTPRouteHandler
from nephub import NepHub
from scenes import ALL, PEOPLE, Move, country, persoon, pseudo, start, uuid
from structlog.testing import capture_logs
from webhulp import HTML, app, as_resident, as_staff, bearer, client, field, settings

from hub.api.app import create_app
from hub.api.headers import CSP
from hub.api.login import DEMO_STAFF, DemoLogin
from hub.errors import ConfigError, Conflict, SourceUnavailable
from hub.events import PERSONEN
from hub.flows.verhuizing import commands

OPEN = {"/", "/livez", "/readyz", "/metrics", "/uitloggen", "/inloggen/inwoner", "/inloggen/medewerker", "/v1/openapi.json"}


@pytest.fixture(scope="module")
def hub() -> NepHub:
    """A hub with a zaak in every situation."""
    return country()


@pytest.fixture
def web(hub: NepHub):
    """A browser without scripts, not logged in."""
    with client(hub) as found:
        yield found


def handlers() -> list[tuple[str, str, HTTPRouteHandler]]:
    """Every operation of the application: method, path, handler."""
    found = []
    for route in app().routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and not route.path.startswith("/static"):
                found += [(method, route.path, handler) for method in handler.http_methods if method != "OPTIONS"]
    return found


def test_every_route_has_a_policy() -> None:
    """A new endpoint is closed until somebody says for whom it is: a token's scope, or a kind of person."""
    open_ones = {
        path
        for _, path, handler in handlers()
        if not any(hasattr(g, "scope") or hasattr(g, "page") for g in handler.guards or ())
    }
    public = ("/v1/openapi.json/", "/schemaregister/")  # two descriptions of the contract: nothing personal in them
    assert {path for path in open_ones if not path.startswith(public)} <= OPEN


# --------------------------------------------------------------------------------------------------------- logging in


@pytest.mark.parametrize(
    "path", ["/mijn", f"/mijn/zaken/{uuid(2)}", "/werkvoorraad", f"/werkvoorraad/{uuid(2)}", "/klantbeeld", "/stand"]
)
def test_pages_lead_to_the_login_page(web, path: str) -> None:
    """Who is not logged in is sent to log in, a refresh by htmx too."""
    answer = web.get(path, headers=HTML, follow_redirects=False)
    where = "/inloggen/inwoner" if path.startswith("/mijn") else "/inloggen/medewerker"
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert web.get(path, headers={"hx-request": "true"}).headers["hx-redirect"] == where


@pytest.mark.parametrize(
    "path", ["/mijn", "/werkvoorraad", "/klantbeeld", "/stand", "/inloggen/inwoner", "/inloggen/medewerker"]
)
def test_pages_refuse_without_a_configured_login(hub, path: str) -> None:
    """Without the demo and without a login there is a clear page and nothing else."""
    with client(hub, login=None) as web:
        answer = web.get(path, headers=HTML)
        assert answer.status_code == 503
        assert "geen manier van inloggen" in answer.text
        assert web.post(path, data={}, headers=HTML).status_code in {405, 503}


def test_demo_login_needs_loopback(hub) -> None:
    """The stand-in cannot be enabled by accident: bound to another address the hub does not start."""
    for host in ("0.0.0.0", "192.0.2.1", "::", "wissel.example.nl"):
        with pytest.raises(ConfigError, match="demo-inlog"):
            create_app(hub, routes=[], settings=settings(host=host), login=DemoLogin())
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        create_app(hub, routes=[], settings=settings(host=host), login=DemoLogin())


@pytest.mark.parametrize(
    "headers",
    [{"host": "wissel.example.nl"}, {"x-forwarded-for": "192.0.2.1"}, {"forwarded": "for=192.0.2.1"}, {"via": "1.1 x"}],
)
def test_demo_login_answers_only_this_machine(web, headers) -> None:
    """Behind a proxy, or under another name, it does not exist."""
    for path in ("/inloggen/inwoner", "/inloggen/medewerker"):
        assert web.get(path, headers={**HTML, **headers}).status_code == 404
        assert web.post(path, data={"bsn": PEOPLE[1], "gemeente": "emmen"}, headers={**HTML, **headers}).status_code == 404


def test_demo_login_shows_that_it_is_one(web) -> None:
    """Nobody takes it for real."""
    for path in ("/inloggen/inwoner", "/inloggen/medewerker"):
        assert "Dit is een demonstratie." in web.get(path, headers=HTML).text


def test_resident_chooses_an_example_or_a_bsn(web) -> None:
    """The examples cover the situations; a pseudonym that is no example is refused."""
    page = web.get("/inloggen/inwoner", headers=HTML).text
    assert page.count('name="pseudoniem"') >= 9
    chosen = field(page, "pseudoniem")
    data = {"csrf": field(page, "csrf"), "gemeente": "emmen", "pseudoniem": chosen}
    assert "ZAAK-2026" in web.post("/inloggen/inwoner", data=data, headers=HTML).text
    page = web.get("/inloggen/inwoner", headers=HTML).text
    data = {"csrf": field(page, "csrf"), "gemeente": "emmen", "pseudoniem": pseudo(30)}
    assert web.post("/inloggen/inwoner", data=data, headers=HTML).status_code == 404


@pytest.mark.parametrize("data", [{"bsn": "123"}, {"bsn": ""}, {}, {"bsn": "123456789"}])
def test_wrong_bsn_at_login_is_said_and_not_repeated(web, data) -> None:
    """The form comes back with what is wrong, without the number."""
    csrf = field(web.get("/inloggen/inwoner").text, "csrf")
    answer = web.post("/inloggen/inwoner", data={"csrf": csrf, "gemeente": "emmen", **data}, headers=HTML)
    assert answer.status_code == 400
    assert "geen geldig burgerservicenummer" in answer.text
    assert not data.get("bsn") or f'"{data["bsn"]}"' not in answer.text


# ------------------------------------------------------------------------------------------------------------- sessions


def test_cookie_is_closed_to_scripts_and_other_sites(web, hub) -> None:
    """HttpOnly, SameSite=Strict; Secure and __Host- everywhere but on plain http at loopback."""
    csrf = field(web.get("/inloggen/medewerker").text, "csrf")
    data = {"csrf": csrf, "medewerker": "behandelaar-sam", "gemeente": "emmen"}
    cookie = web.post("/inloggen/medewerker", data=data, follow_redirects=False).headers["set-cookie"]
    assert cookie.startswith("wissel=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert "Path=/;" in cookie
    with client(hub, publieke_url="https://wissel.example.nl") as far:
        cookie = far.get("/inloggen/medewerker").headers["set-cookie"]
    assert cookie.startswith("__Host-wissel")
    assert "Secure" in cookie


def test_login_gives_a_new_token_and_logout_ends_it(web) -> None:
    """No session fixation, and a stolen cookie is worth nothing after logging out."""
    as_staff(web)
    first = web.cookies["wissel"]
    as_staff(web)
    second = web.cookies["wissel"]
    assert first != second
    web.cookies.set("wissel", first)
    assert web.get("/werkvoorraad", headers=HTML, follow_redirects=False).status_code == 303
    web.cookies.set("wissel", second)
    csrf = field(web.get("/werkvoorraad").text, "csrf")
    answer = web.post("/uitloggen", data={"csrf": csrf}, follow_redirects=False)
    assert "cookies" in answer.headers["clear-site-data"]
    web.cookies.set("wissel", second)
    assert web.get("/werkvoorraad", headers=HTML, follow_redirects=False).status_code == 303


def test_session_keeps_a_pseudonym_and_no_bsn(hub) -> None:
    """The BSN somebody logs in with is forgotten at once."""
    application = app(hub)
    from litestar.testing import TestClient

    with TestClient(application, base_url="http://127.0.0.1:8080") as web:
        as_resident(web, 3)
    kept = repr(application.state.edge.sessies._by_digest)
    assert pseudo(3) in kept
    assert PEOPLE[3] not in kept


def test_resident_and_staff_do_not_meet(web) -> None:
    """A resident's session opens no page of staff and the other way round."""
    as_resident(web, 3)
    assert web.get("/werkvoorraad", headers=HTML, follow_redirects=False).headers["location"] == "/inloggen/medewerker"
    as_staff(web)
    assert web.get("/mijn", headers=HTML, follow_redirects=False).headers["location"] == "/inloggen/inwoner"


@pytest.mark.parametrize("who", [staff.id for staff in DEMO_STAFF])
@pytest.mark.parametrize(
    ("path", "scope"), [("/werkvoorraad", "werkvoorraad:lezen"), ("/klantbeeld", "klantbeeld:lezen"), ("/stand", "stand:lezen")]
)
def test_staff_open_what_their_scopes_allow(web, who: str, path: str, scope: str) -> None:
    """Every cell of person by page; a refusal is a page that says so, and is logged."""
    as_staff(web, who)
    allowed = scope in next(staff.scopes for staff in DEMO_STAFF if staff.id == who)
    with capture_logs() as logs:
        answer = web.get(path, headers=HTML)
    assert answer.status_code == (200 if allowed else 403)
    assert bool([line for line in logs if line["event"] == "access_refused"]) is not allowed
    menu = web.get("/", headers=HTML).text
    assert (f'href="{path}"' in menu) is allowed


# ---------------------------------------------------------------------------------------------------------------- forms


def posts() -> list[str]:
    no_forms = ("/v1", "/schemaregister/")
    found = {path for method, path, handler in handlers() if method == "POST" and not path.startswith(no_forms)}
    return sorted(found)


@pytest.mark.parametrize("path", posts())
@pytest.mark.parametrize("given", [{}, {"csrf": ""}, {"csrf": "x" * 43}])
def test_no_form_without_our_token(web, path: str, given) -> None:
    """Another site cannot send a form for somebody who is logged in."""
    real = path.replace("{uuid:uuid}", uuid(2)).replace("{actie:str}", "oppakken")
    as_staff(web)
    answer = web.post(real, data={**given, "volgnummer": "5", "gemeente": "emmen", "bsn": PEOPLE[1]}, headers=HTML)
    assert answer.status_code == 403


def test_no_form_from_another_site(web) -> None:
    """Even with a good token, what a browser says comes from elsewhere is refused."""
    as_staff(web)
    csrf = field(web.get("/klantbeeld").text, "csrf")
    for where, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200)):
        answer = web.post("/klantbeeld", data={"csrf": csrf, "bsn": PEOPLE[8]}, headers={**HTML, "sec-fetch-site": where})
        assert answer.status_code == status


@pytest.mark.parametrize("data", [{"bsn": "9" * 5000}, {f"veld{n}": "x" for n in range(60)}])
def test_oversized_forms_are_refused(web, data) -> None:
    """400, not a fault and not a slow page."""
    as_staff(web)
    csrf = field(web.get("/klantbeeld").text, "csrf")
    assert web.post("/klantbeeld", data={"csrf": csrf, **data}, headers=HTML).status_code == 400


# ------------------------------------------------------------------------------------------------------- what they show


def test_resident_sees_own_zaken_only(web) -> None:
    """Somebody else's zaak, or one of another gemeente, is 404 as if it did not exist."""
    as_resident(web, 3)
    page = web.get("/mijn").text
    assert "ZAAK-2026-00003" in page
    assert "ZAAK-2026-00002" not in page
    for number in (2, 20, 99):
        assert web.get(f"/mijn/zaken/{uuid(number)}", headers=HTML).status_code == 404


def test_resident_page_names_nobody_else(hub, web) -> None:
    """A co-mover of 16 or over sees the case, without names, reasons or numbers of others."""
    as_resident(web, 9)
    page = web.get(f"/mijn/zaken/{uuid(8)}").text
    assert "Uw verhuizing" in page
    for word in ("Jansen8", "Jansen10", "relatie", "behandelaar-noor", PEOPLE[8], pseudo(8)):
        assert word not in page
    child = NepHub(ALL)
    Move(child, 8, movers=(8, 9)).registered().read().persons(p9=persoon(born="2012-01-01"))
    with client(child) as other:
        as_resident(other, 9)
        assert other.get(f"/mijn/zaken/{uuid(8)}", headers=HTML).status_code == 404


def test_red_says_what_to_do(web) -> None:
    """Whose turn it is, what to do, what to bring, until when."""
    as_resident(web, 12)
    page = web.get(f"/mijn/zaken/{uuid(12)}").text
    assert "U bent aan zet" in page
    assert "curator" in page
    assert re.search(r"neem[^.]* mee|Neem[^.]* mee", page)
    assert "30 maart 2026" in page


def test_question_of_an_official_is_shown_to_who_must_answer(web, hub) -> None:
    """Until its key is destroyed: then the page says only that something is asked."""
    as_resident(web, 5)
    assert "kopie van uw huurcontract" in web.get(f"/mijn/zaken/{uuid(5)}").text
    hub.vault.vernietigd.add(f"zaak:{uuid(5)}")
    page = web.get(f"/mijn/zaken/{uuid(5)}").text
    hub.vault.vernietigd.clear()
    assert "huurcontract" not in page
    assert "Gegevens vernietigd" in page


def test_watch_list_never_reaches_a_resident() -> None:
    """A mark makes orange, and the resident reads only that a person looks."""
    hub = NepHub(ALL)
    start(hub, 1).judged("oranje", "op-aandachtslijst", "adres-instelling")
    with client(hub) as web:
        as_resident(web, 1)
        page = web.get(f"/mijn/zaken/{uuid(1)}").text
    assert "Een medewerker bekijkt uw aanvraag" in page
    assert "aandacht" not in page.lower()


def test_geheimhouding_masks_name_and_address_for_staff() -> None:
    """On the list, on the zaak and in the klantbeeld; the resident still sees their own address."""
    hub = NepHub(ALL)
    Move(hub, 1).registered().read().persons(p1=persoon(geheim=True)).judged("oranje", "naam-wijkt-af")
    with client(hub) as web:
        as_staff(web)
        csrf = field(web.get("/klantbeeld").text, "csrf")
        pages = [
            web.get("/werkvoorraad"),
            web.get(f"/werkvoorraad/{uuid(1)}"),
            web.post("/klantbeeld", data={"csrf": csrf, "bsn": PEOPLE[1]}),
        ]
        for page in pages:
            assert "Afgeschermd (geheimhouding)" in page.text
            assert not [word for word in ("Jansen", "Hoofdstraat", "7811") if word in page.text]
        as_resident(web, 1)
        assert "Hoofdstraat 12A" in web.get(f"/mijn/zaken/{uuid(1)}").text


def test_unknown_and_destroyed_are_masked_too() -> None:
    """Before the BRP was asked nobody knows whether it is secret; after destruction nobody knows anything."""
    hub = NepHub(ALL)
    Move(hub, 1).registered().read().judged("oranje", "bron-niet-bereikbaar")
    start(hub, 2).judged("oranje", "naam-wijkt-af")
    hub.vault.vernietigd |= {pseudo(2), f"zaak:{uuid(2)}"}
    with client(hub) as web:
        as_staff(web)
        page = web.get("/werkvoorraad").text
    assert page.count("Nog niet bekend uit de BRP") == 2  # name and address
    assert page.count("Gegevens vernietigd") == 2
    assert "Jansen" not in page
    assert "Hoofdstraat" not in page


def test_who_is_not_in_the_brp_is_shown_as_declared() -> None:
    """There is nothing there to keep secret, and the official must know whom to ask."""
    hub = NepHub(ALL)
    move = Move(hub, 1).registered().read()
    asked = {"bron": "brp-personen", "personen": [{"pseudoniem": pseudo(1), "rol": "aangever", "gevonden": False}]}
    move.put("nl.wissel.gegevens.personen-opgehaald.v1", asked)
    move.judged("oranje", "persoon-niet-gevonden")
    with client(hub) as web:
        as_staff(web)
        page = web.get("/werkvoorraad").text
    assert "Jansen1" in page
    assert "Hoofdstraat 12A" in page


def test_stale_data_is_said() -> None:
    """Behind for more than a minute: a banner; within it: only the time."""
    hub = country()
    with client(hub) as web:
        as_staff(web)
        assert "Bijgewerkt om 14:03:07" in web.get("/werkvoorraad").text
        hub.achter, hub.achter_s = 12, 180
        page = web.get("/werkvoorraad").text
        assert "lopen 3 minuten achter" in page
        assert "Bijgewerkt om 14:00:07" in page
        hub.achter_s = 30
        assert "lopen" not in web.get("/werkvoorraad").text


def test_empty_states() -> None:
    """Nothing there is said in words, also with a filter."""
    with client(NepHub(ALL)) as web:
        as_staff(web)
        assert "Er is niets te doen." in web.get("/werkvoorraad").text
        assert "Niets gevonden met deze keuze" in web.get("/werkvoorraad?kleur=rood").text
        csrf = field(web.get("/klantbeeld").text, "csrf")
        assert "We hebben niets over deze persoon." in web.post("/klantbeeld", data={"csrf": csrf, "bsn": PEOPLE[1]}).text
        as_resident(web, 1)
        assert "U heeft geen zaken bij ons." in web.get("/mijn").text


def test_errors_are_pages_for_people() -> None:
    """In words, with the way back; the status is that of the API."""
    hub = country()
    with client(hub) as web:
        as_staff(web)
        answer = web.get("/bestaat-niet", headers=HTML)
        assert (answer.status_code, "Niet gevonden" in answer.text) == (404, True)
        hub.store_away = SourceUnavailable("disk")
        answer = web.get("/werkvoorraad", headers=HTML)
        assert (answer.status_code, "Even niet bereikbaar" in answer.text) == (503, True)


HOSTILE = "\"><script>alert(1)</script>{{7*7}}' onmouseover=x"


def test_hostile_text_in_every_field_is_shown_as_text() -> None:
    """Names, addresses, statuses, questions, reasons, numbers: pages escape what others wrote."""
    hub = NepHub(ALL)
    move = Move(hub, 1).registered(
        identificatie=HOSTILE, zaaktypeOmschrijving=HOSTILE, einddatumGepland=HOSTILE, startdatum=HOSTILE
    )
    move.status(HOSTILE, 1, HOSTILE, wie=HOSTILE).read(date=HOSTILE)
    move.put("nl.wissel.verhuisaangifte.gelezen.v1", {
        "aangever": pseudo(1), "verhuizers": [{"pseudoniem": pseudo(1), "code": HOSTILE}], "verhuisdatum": HOSTILE,
    }, {
        pseudo(1): {"naam": {"voornamen": HOSTILE}},
        f"zaak:{uuid(1)}": {"adres": {"straat": HOSTILE, "huisnummer": HOSTILE}},
    })  # fmt: skip
    move.put(
        "nl.wissel.gegevens.personen-opgehaald.v1",
        {"bron": HOSTILE, "personen": []},
        {pseudo(1): {"naam": {"voornamen": HOSTILE}}},
    )
    move.judged("rood", HOSTILE, "curatele").asked(HOSTILE).handled("overgenomen", HOSTILE, team=HOSTILE, reden=HOSTILE)
    with client(hub) as web:
        as_resident(web, 1)
        pages = [web.get("/mijn"), web.get(f"/mijn/zaken/{uuid(1)}")]
        as_staff(web)
        pages += [
            web.get("/werkvoorraad"),
            web.get(f"/werkvoorraad/{uuid(1)}"),
            web.get("/werkvoorraad", params={"team": HOSTILE}),
        ]
        csrf = field(web.get("/klantbeeld").text, "csrf")
        pages.append(web.post("/klantbeeld", data={"csrf": csrf, "bsn": PEOPLE[1]}))
    for page in pages:
        assert page.status_code == 200, page.text[:300]
        assert "<script>alert" not in page.text
        assert "49" not in re.sub(r"csrf.*|token.*", "", page.text).replace("&#34;", "") or "{{7*7}}" in page.text
    assert "&lt;script&gt;" in pages[1].text


def test_values_of_another_version_are_shown_as_they_are() -> None:
    """A colour, outcome, reason, mode or kind this version does not know never breaks a page."""
    hub = NepHub(ALL)
    start(hub, 1).judged("paars", "nieuwe-reden", mode="nieuw")
    data = {"soort": "nieuw-soort", "datum": "2026"}
    hub.put("nl.wissel.brp.wijziging-zonder-verhuizing.v1", f"emmen:{pseudo(1)}", data, topic=PERSONEN)
    mark = {"markering": "m", "soort": "nieuw", "verloopt": None}
    hub.put("nl.wissel.lijst.markering-gezet.v1", f"emmen:{pseudo(1)}", mark, topic=PERSONEN)
    with client(hub) as web:
        as_resident(web, 1)
        assert web.get(f"/mijn/zaken/{uuid(1)}").status_code == 200
        as_staff(web, "coordinator-lou")
        csrf = field(web.get("/klantbeeld").text, "csrf")
        pages = [web.get("/werkvoorraad"), web.get(f"/werkvoorraad/{uuid(1)}"), web.get("/lijst")]
        pages.append(web.post("/klantbeeld", data={"csrf": csrf, "bsn": PEOPLE[1]}))
        assert [page.status_code for page in pages] == [200] * 4
    assert "paars" in pages[1].text
    assert "Nieuwe reden." in pages[1].text
    assert "nieuw-soort" in pages[3].text


def test_no_page_holds_script_style_or_handlers_inline(web) -> None:
    """The CSP forbids them; a page that needs one would be broken."""
    as_staff(web)
    pages = [
        web.get(path, headers=HTML).text
        for path in ("/werkvoorraad", f"/werkvoorraad/{uuid(8)}", "/klantbeeld", "/stand", "/nergens")
    ]
    as_resident(web, 5)
    pages += [
        web.get(path, headers=HTML).text
        for path in ("/", "/mijn", f"/mijn/zaken/{uuid(5)}", "/inloggen/inwoner", "/inloggen/medewerker")
    ]
    for page in pages:
        assert not re.search(r"<style|\sstyle=|<script(?![^>]* src=)|\son[a-z]+=|javascript:|hx-on", page)
        assert page.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "path",
    ["/", "/mijn", "/nergens", "/v1/stand", "/v1/nergens", "/livez", "/metrics", "/static/wissel.css", "/v1/openapi.json"],
)
def test_security_headers_on_every_answer(web, path: str) -> None:
    """Whatever made the answer, an error too."""
    headers = web.get(path, headers=HTML, follow_redirects=False).headers
    assert headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert ("no-store" in headers.get("cache-control", "")) is not path.startswith("/static")
    assert ("api-version" in headers) is path.startswith("/v1/")


def test_metrics_say_nothing_about_anybody(web) -> None:
    """The route is the pattern, never the path that was asked for."""
    web.get(f"/v1/zaken/{uuid(2)}", headers=bearer())
    text = web.get("/metrics").text
    assert 'route="/v1/zaken/{uuid}"' in text
    assert uuid(2) not in text
    assert pseudo(2) not in text
    assert "wissel_lag_seconds" in text


# ------------------------------------------------------------------------------------------------------ staff act on it


def act(web, action: str, number: int = 2, **given: str):
    page = web.get(f"/werkvoorraad/{uuid(number)}").text
    hidden = {name: field(page, name) for name in ("csrf", "token", "volgnummer")}
    return web.post(f"/werkvoorraad/{uuid(number)}/{action}", data={**hidden, **given}, headers=HTML)


def test_forms_become_commands_of_who_is_logged_in(hub, web) -> None:
    """The medewerker comes from the session, never from the form; the answer leads back to the zaak with a message."""
    hub.commands.clear()
    as_staff(web)
    answer = act(web, "goedkeuren", pseudoniem="", toelichting="in orde")
    assert answer.url.path == f"/werkvoorraad/{uuid(2)}"
    assert "Goedgekeurd." in answer.text
    assert "Goedgekeurd." not in web.get(f"/werkvoorraad/{uuid(2)}").text
    assert hub.commands[0]["command"] == commands.KeurGoed(door="behandelaar-sam", toelichting="in orde")
    assert hub.commands[0]["sequence"] == 5
    act(web, "oppakken", medewerker="iemand-anders")
    assert hub.commands[1]["command"] == commands.PakOp(medewerker="behandelaar-sam", team="Burgerzaken")
    as_staff(web, "behandelaar-noor")
    act(web, "overnemen", reden="vakantie")
    assert hub.commands[2]["command"] == commands.NeemOver(medewerker="behandelaar-noor", reden="vakantie", team="Burgerzaken")


def test_what_is_wrong_comes_back_with_what_was_filled_in(hub, web) -> None:
    """Nobody types a motivation twice."""
    hub.commands.clear()
    as_staff(web)
    answer = act(web, "niet-volgen", motivering="Omdat het zo is.", besluitdatum="gisteren", besluitkenmerk="")
    assert answer.status_code == 400
    assert "besluitdatum: dit is geen datum" in answer.text
    assert "besluitkenmerk: vul dit in" in answer.text
    assert "Omdat het zo is." in answer.text
    assert hub.commands == []


def test_changed_meanwhile_is_explained(web, hub) -> None:
    """409, the reason, and the zaak as it is now."""

    def refuse(_flow: str, **_given) -> int:
        raise Conflict("Deze zaak wacht niet (meer) op een besluit.")

    as_staff(web)
    hub.on_command = refuse
    answer = act(web, "goedkeuren")
    hub.on_command = None
    assert answer.status_code == 409
    assert "Dit is niet vastgelegd: Deze zaak wacht niet (meer) op een besluit." in answer.text
    assert "Waarom u dit ziet" in answer.text


def test_unknown_action_is_404(web) -> None:
    """Only what stands in the table can be done."""
    as_staff(web)
    assert act(web, "verwijderen").status_code == 404


def test_in_shadow_mode_nothing_can_be_decided_here() -> None:
    """Wissel only looks: who decides does so in the zaaksysteem."""
    hub = NepHub(ALL)
    start(hub, 1).judged("oranje", "naam-wijkt-af", mode="schaduw")
    with client(hub) as web:
        as_staff(web)
        page = web.get(f"/werkvoorraad/{uuid(1)}").text
    assert "/goedkeuren" not in page
    assert "/oppakken" in page


def test_klantbeeld_is_logged_with_who_and_a_pseudonym(web) -> None:
    """Looking at a person leaves a line, without a BSN."""
    as_staff(web, "kcc-robin")
    csrf = field(web.get("/klantbeeld").text, "csrf")
    with capture_logs() as logs:
        page = web.post("/klantbeeld", data={"csrf": csrf, "bsn": f"{PEOPLE[8][:3]} {PEOPLE[8][3:]}"})
    assert "ZAAK-2026-00008" in page.text
    assert PEOPLE[8] not in page.text
    assert logs == [
        {"event": "klantbeeld_viewed", "log_level": "info", "gemeente": "emmen", "door": "kcc-robin", "persoon": pseudo(8)}
    ]


def test_own_texts_and_theme_of_a_gemeente(tmp_path) -> None:
    """A gemeente replaces a text and brings a style sheet; a text that does not exist is an error at start."""
    from dataclasses import replace

    from nephub import EMMEN

    own = replace(EMMEN, teksten={"menu.mijn": "Mijn aanvragen", "inwoner.curatele": "Bel ons."}, thema="emmen")
    (tmp_path / "emmen.css").write_text(".thema-emmen { --wissel-diep: #123456 }")
    hub = country(NepHub(ALL, gemeenten={"emmen": own, "zwolle": replace(EMMEN, slug="zwolle")}))
    with client(hub, themas=tmp_path) as web:
        as_resident(web, 12)
        page = web.get("/mijn").text
        assert "Mijn aanvragen" in page
        assert 'class="voorbeeld-theme thema-emmen"' in page
        assert "Bel ons." in web.get(f"/mijn/zaken/{uuid(12)}").text
        assert web.get("/static/themas/emmen.css").status_code == 200
    with pytest.raises(ConfigError, match=r"teksten\.mijn\.wacht_tot: .*\{datum\}"):
        app(NepHub(ALL, gemeenten={"emmen": replace(EMMEN, teksten={"mijn.wacht_tot": "Tot {datum}."}), "zwolle": EMMEN}))
    with pytest.raises(ConfigError, match=r"teksten\.bestaat\.niet"):
        app(NepHub(ALL, gemeenten={"emmen": replace(EMMEN, teksten={"bestaat.niet": "x"}), "zwolle": EMMEN}))


def test_pages_render_without_the_vendor_files(hub, monkeypatch) -> None:
    """Before ``make web`` the pages are plain and work."""
    monkeypatch.setattr("hub.api.app.VENDOR", ("bestaat-niet.css",))
    with client(hub) as web:
        as_staff(web)
        page = web.get("/werkvoorraad").text
    assert "/static/vendor/" not in page
    assert "ZAAK-2026-00002" in page


# ------------------------------------------------------------------------------------------------------------ the lists


def set_mark(web, **given: str):
    csrf = field(web.get("/lijst").text, "csrf")
    base = {"soort": "massa-adres", "bagId": "0114010000000001", "reden": "veel inschrijvingen", "tweedePersoon": "noor"}
    return web.post("/lijst", data={"csrf": csrf, **base, **given}, headers=HTML)


def test_a_mark_is_set_and_lifted_with_reason_and_two_names() -> None:
    """Sealed in the row, shown to who keeps the lists, gone when lifted."""
    hub = NepHub(ALL)
    with client(hub) as web:
        as_staff(web, "coordinator-lou")
        assert "Er staat niets op de lijsten." in web.get("/lijst").text
        page = set_mark(web).text
        for word in ("De markering staat op de lijst.", "0114010000000001", "veel inschrijvingen", "coordinator-lou, noor"):
            assert word in page
        page = set_mark(web, bagId="", bsn=PEOPLE[3], soort="aandacht", verloopt="2026-06-01", reden="patroon").text
        assert "1 juni 2026" in page
        assert PEOPLE[3] not in page
        data = {name: field(page, name) for name in ("csrf", "over", "markering")}
        assert web.post("/lijst/opheffen", data={**data, "reden": ""}, headers=HTML).status_code == 400
        page = web.post("/lijst/opheffen", data={**data, "reden": "was een vergissing"}, headers=HTML).text
        assert "De markering is opgeheven." in page
        assert page.count('name="markering"') == 1
        assert web.post("/lijst/opheffen", data={**data, "reden": "nog eens"}, headers=HTML).status_code == 400


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bagId": ""}, "vul een adres in"),
        ({"bagId": "12"}, "16 cijfers"),
        ({"bsn": PEOPLE[1]}, "niet allebei"),
        ({"bagId": "", "bsn": "123456789"}, "geen geldig burgerservicenummer"),
        ({"tweedePersoon": "Coordinator-Lou"}, "iemand anders"),
        ({"reden": " "}, "mag niet leeg zijn"),
        ({"soort": "aandacht"}, "heeft een einddatum"),
        ({"verloopt": "morgen"}, "geen datum"),
        ({"verloopt": "2026-03-01"}, "ligt in het verleden"),
        ({"soort": "nationaliteit"}, "kies uit"),
    ],
)
def test_a_mark_without_four_eyes_reason_or_end_is_refused(given, said) -> None:
    """What is wrong is said, what was filled in stays, but for the BSN."""
    hub = NepHub(ALL)
    with client(hub) as web:
        as_staff(web, "coordinator-lou")
        answer = set_mark(web, **given)
    assert answer.status_code == 400
    assert said in answer.text
    assert not given.get("bsn") or given["bsn"] not in answer.text
    assert hub.read_model("klantbeeld").linked("emmen", "gemarkeerd", "ja") == []


def test_lists_of_another_gemeente_are_not_seen() -> None:
    """Marks stay within their gemeente, and staff without the scope do not see them."""
    hub = NepHub(ALL)
    with client(hub) as web:
        as_staff(web, "coordinator-lou")
        set_mark(web)
        as_staff(web, "coordinator-lou", "zwolle")
        assert "Er staat niets op de lijsten." in web.get("/lijst").text
        as_staff(web, "behandelaar-sam")
        assert web.get("/lijst", headers=HTML).status_code == 403


def test_staff_see_what_was_known_then_beside_now(web) -> None:
    """By day, time or sequence; what cannot be read says how to write it, and before the zaak existed it says so."""
    as_staff(web)
    path = f"/werkvoorraad/{uuid(2)}"
    assert f'href="{path}/toen"' in web.get(path, headers=HTML).text
    assert "<table" not in web.get(f"{path}/toen", headers=HTML).text
    then = web.get(f"{path}/toen", params={"moment": "1"}, headers=HTML)
    assert then.status_code == 200
    assert "Zo kende Wissel de zaak op dat moment" in then.text
    wrong = web.get(f"{path}/toen", params={"moment": "<b>gisteren"}, headers=HTML)
    assert (wrong.status_code, "JJJJ-MM-DD" in wrong.text, "<b>gisteren" in wrong.text) == (400, True, False)
    assert "toen nog niet bekend" in web.get(f"{path}/toen", params={"moment": "1999-01-01"}, headers=HTML).text
