# SPDX-License-Identifier: EUPL-1.2
"""The API: who may ask, what is answered, and how it says no."""

from __future__ import annotations

import pytest
from nephub import NepHub
from openapi_spec_validator import validate
from scenes import ALL, PEOPLE, country, pseudo, start, uuid
from webhulp import TOKENS, bearer, client

from hub.errors import Conflict, SourceUnavailable
from hub.flows.verhuizing import commands

READS = {
    "zaken:lezen": ("GET", f"/v1/zaken/{uuid(2)}"),
    "werkvoorraad:lezen": ("GET", "/v1/werkvoorraad"),
    "klantbeeld:lezen": ("POST", "/v1/klantbeelden/_zoek"),
    "beoordelingen:lezen": ("GET", f"/v1/beoordelingen/{uuid(2)}"),
    "stand:lezen": ("GET", "/v1/stand"),
    "behandelen": ("POST", f"/v1/zaken/{uuid(2)}/oppakken"),
}
KEY = {"idempotency-key": "een-eigen-kenmerk"}


@pytest.fixture(scope="module")
def hub() -> NepHub:
    """A hub with a zaak in every situation."""
    return country()


@pytest.fixture(scope="module")
def web(hub: NepHub):
    """A client of the API on it."""
    with client(hub) as found:
        yield found


@pytest.mark.parametrize("scope", READS)
@pytest.mark.parametrize("header", [None, "Bearer onzin", "Basic YTpi", "Bearer", "bearer  ", "Bearer é"])
def test_nothing_without_a_good_token(web, scope: str, header) -> None:
    """401 with a problem and the way to ask, and nothing else."""
    method, path = READS[scope]
    answer = web.request(method, path, headers={"authorization": header.encode()} if header else {})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert set(answer.json()) == {"status", "title", "detail"}


@pytest.mark.parametrize("scope", READS)
@pytest.mark.parametrize("asked", READS)
def test_each_scope_opens_only_its_own_door(web, scope: str, asked: str) -> None:
    """Every cell of scope by operation: allowed is never 401 or 403, the rest is 403."""
    method, path = READS[asked]
    answer = web.request(method, path, headers=bearer(scope))
    assert (answer.status_code == 403) is (scope != asked)
    assert answer.status_code != 401


def test_zaak_has_what_was_promised(web) -> None:
    """State, decision, timeline in order, freshness; camelCase keys and UTC times."""
    body = web.get(f"/v1/zaken/{uuid(2)}", headers=bearer()).json()
    assert set(body) == {
        "uuid", "identificatie", "zaaktype", "zaaktypeOmschrijving", "status", "resultaat", "behandelaar", "startdatum",
        "streefdatum", "fataleDatum", "einddatum", "opgeschort", "verwijderd", "beoordeling", "gebeurtenissen",
        "volgnummer", "versheid",
    }  # fmt: skip
    assert (body["zaaktype"], body["status"], body["beoordeling"]["kleur"]) == ("B0366", "Geregistreerd", "oranje")
    assert body["beoordeling"]["redenen"] == ["te-laat-aangegeven", "vorige-bewoner-nog-ingeschreven"]
    assert set(body["gebeurtenissen"][0]) == {"id", "source", "type", "tijdstip", "omschrijving", "wie"}
    order = [(fact["tijdstip"], fact["id"]) for fact in body["gebeurtenissen"]]
    assert order == sorted(order)
    assert all(at.endswith("Z") for at, _ in order)
    assert body["versheid"] == {"tot": "2026-03-03T13:03:07Z", "achter": 0, "geparkeerd": 0}
    assert body["volgnummer"] == 5


def test_zaak_without_a_trail_says_who_is_unknown(web) -> None:
    """``wie`` is never empty."""
    facts = web.get(f"/v1/zaken/{uuid(1)}", headers=bearer()).json()["gebeurtenissen"]
    who = {fact["wie"] for fact in facts if fact["source"].endswith(":zaaksysteem")}
    assert who == {"onbekend (geen audittrail)"}


def test_gemeente_follows_from_the_token(web) -> None:
    """The same address gives another gemeente nothing: 404, as if it did not exist."""
    for name, number, status in (("alles", 2, 200), ("zwolle", 2, 404), ("zwolle", 20, 200), ("alles", 20, 404)):
        assert web.get(f"/v1/zaken/{uuid(number)}", headers=bearer(name)).status_code == status
    assert [item["uuid"] for item in web.get("/v1/werkvoorraad", headers=bearer("zwolle")).json()["items"]] == [uuid(20)]
    assert web.post("/v1/klantbeelden/_zoek", json={"bsn": PEOPLE[2]}, headers=bearer("zwolle")).json()["zaken"] == []


def test_werkvoorraad_pages_by_cursor(web) -> None:
    """``volgende`` leads on until everything was given once."""
    seen, cursor = [], None
    while True:
        params = {"limit": 2, "sort": "-fataleDatum", **({"cursor": cursor} if cursor else {})}
        page = web.get("/v1/werkvoorraad", params=params, headers=bearer()).json()
        seen += [item["uuid"] for item in page["items"]]
        cursor = page["volgende"]
        if cursor is None:
            break
    assert sorted(seen) == [uuid(n) for n in (2, 3, 5, 6, 8, 12)]
    assert page["aantallen"] == {"groen": 1, "oranje": 3, "rood": 2}


def test_bad_questions_are_400_with_everything_at_once(web) -> None:
    """Own checks and the framework's speak the same language, and never repeat what was sent."""
    answer = web.get("/v1/werkvoorraad", params={"kleur": "paars", "sort": "x", "limit": "0"}, headers=bearer())
    assert answer.status_code == 400
    assert [(error["in"], error["location"]) for error in answer.json()["errors"]] == [
        ("query", {"name": "kleur"}), ("query", {"name": "sort"}), ("query", {"name": "limit"}),
    ]  # fmt: skip
    answer = web.get("/v1/werkvoorraad", params={"limit": "veel", "wachtend": "misschien"}, headers=bearer())
    assert answer.status_code == 400
    assert {error["location"]["name"] for error in answer.json()["errors"]} == {"limit", "wachtend"}


def test_an_unknown_parameter_is_refused_by_its_name(web) -> None:
    """All at once; whoever mistypes a filter must not be given everything as if it had been filtered."""
    answer = web.get("/v1/werkvoorraad", params={"teams": "A", "kleuren": "rood", "team": "A"}, headers=bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [(e["in"], e["location"]["name"]) for e in answer.json()["errors"]] == [("query", "kleuren"), ("query", "teams")]
    assert "team" in answer.json()["errors"][0]["detail"]
    told = web.post("/v1/klantbeelden/_zoek", params={"bsn": "x"}, json={"bsn": PEOPLE[2]}, headers=bearer())
    assert (told.status_code, told.json()["errors"][0]["in"]) == (400, "query")
    assert web.get("/v1/stand", params={"a": "1"}, headers=bearer()).status_code == 400
    assert web.get("/v1/stand", params={"a": "1"}).status_code == 401, "who may not ask is told that first"


@pytest.mark.parametrize("path", ["/static/x%00", "/v1/werkvoorraad?team=a%00b", "/?a%00=1", "/schemaregister/config/a%00"])
def test_an_address_that_no_store_can_carry_is_refused(web, path: str) -> None:
    """U+0000 never gets as far as a file system or a database."""
    answer = web.get(path, headers=bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


OPPAKKEN = f"/v1/zaken/{uuid(2)}/oppakken"
WRONG = [
    ("GET", "/v1/werkvoorraad?limit=veel", None, [("limit", "moet een geheel getal zijn")]),
    ("GET", "/v1/werkvoorraad?wachtend=2", None, [("wachtend", "moet true of false zijn")]),
    ("GET", f"/v1/zaken/{uuid(2)}?volgnummer=x", None, [("volgnummer", "moet een geheel getal zijn")]),
    ("POST", "/v1/klantbeelden/_zoek", b"", [("#/", "deze is verplicht")]),
    ("POST", "/v1/klantbeelden/_zoek", b"{}", [("#/bsn", "deze is verplicht")]),
    ("POST", "/v1/klantbeelden/_zoek", b"[]", [("#/", "moet een object zijn")]),
    ("POST", "/v1/klantbeelden/_zoek", b'{"bsn": 1}', [("#/bsn", "moet tekst zijn")]),
    ("POST", "/v1/klantbeelden/_zoek", b'{"bsn": ""}', [("#/bsn", "moet minstens 1 teken(s) lang zijn")]),
    ("POST", "/v1/klantbeelden/_zoek", b'{"bsn": "x", "m": 1}', [("#/m", "deze is hier niet bekend")]),
    ("POST", OPPAKKEN, b'{"volgnummer": "x", "medewerker": "s"}', [("#/volgnummer", "moet een geheel getal zijn")]),
    ("POST", OPPAKKEN, b'{"volgnummer": 0, "medewerker": "s"}', [("#/volgnummer", "moet minstens 1 zijn")]),
    (
        "POST",
        f"/v1/zaken/{uuid(2)}/aanvulling-vragen",
        b'{"volgnummer": 1, "medewerker": "s", "vraag": "v", "reactieVoor": "2026-13-40", "pseudoniem": "p"}',
        [("#/pseudoniem", "past niet op het patroon ^[0-9a-f]{32}$"), ("#/reactieVoor", "moet een datum zijn: jjjj-mm-dd")],
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), WRONG)
def test_what_is_wrong_is_said_in_the_language_of_the_rest(web, method: str, path: str, body, expected) -> None:
    """The framework's own texts are in English."""
    headers = {**bearer(), **KEY, "content-type": "application/json"}
    answer = web.request(method, path, content=body, headers=headers)
    assert answer.status_code == 400
    found = [(next(iter(e["location"].values())), e["detail"]) for e in answer.json()["errors"]]
    assert found == expected


def test_a_header_is_named_as_it_was_sent(web) -> None:
    """Not as our own code calls it."""
    answer = web.post(OPPAKKEN, json={"volgnummer": 5, "medewerker": "sam"}, headers={**bearer(), "idempotency-key": "kort"})
    (error,) = answer.json()["errors"]
    assert (error["in"], error["location"], error["detail"]) == (
        "header", {"name": "Idempotency-Key"}, "moet minstens 8 teken(s) lang zijn",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "more", "detail"),
    [
        ("/static/bestaat-niet", {}, "Niet gevonden"),
        ("/v1/klantbeelden/_zoek", {"content": b"{"}, "De inhoud is geen geldige JSON."),
        ("/uitloggen", {"files": {f"v{n}": b"1" for n in range(1001)}}, "De vraag klopt niet"),
    ],
)
def test_what_the_framework_refuses_by_itself_is_told_in_dutch(web, path: str, more, detail: str) -> None:
    """A text of its own never gets out."""
    answer = web.request("POST" if more else "GET", path, headers=bearer(), **more)
    assert answer.json()["detail"] == detail


def test_klantbeeld_finds_by_bsn_in_the_body(web) -> None:
    """Zaken, roles, flags and changes of the person, and of nobody else."""
    body = web.post("/v1/klantbeelden/_zoek", json={"bsn": PEOPLE[8]}, headers=bearer()).json()
    assert [(z["uuid"], z["rollen"], z["stand"], z["behandelaar"]) for z in body["zaken"]] == [
        (uuid(8), ["aangever", "verhuizer"], "oranje", "behandelaar-noor")
    ]
    assert set(body) == {"zaken", "vlaggen", "wijzigingen", "versheid"}


@pytest.mark.parametrize("bsn", ["123456789", "12345", "", "abcdefghi", "1" * 19, "999990000' OR 1=1"])
def test_a_wrong_bsn_is_400_and_not_repeated(web, bsn: str) -> None:
    """An error text never holds the number somebody typed."""
    answer = web.post("/v1/klantbeelden/_zoek", json={"bsn": bsn}, headers=bearer())
    assert answer.status_code == 400
    assert not bsn or bsn not in answer.text


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"", b"{", b"[]", b'{"bsn": 1}', b'{"bsn": "x", "meer": 1}', b"null", b"\xff", b'{"bsn":"\xed\xa0\x80"}'],
)
def test_a_body_that_is_no_question_is_400(web, body: bytes) -> None:
    """Malformed JSON, wrong types and unknown members never become a fault of ours."""
    answer = web.post("/v1/klantbeelden/_zoek", content=body, headers={**bearer(), "content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_beoordeling_explains_each_predicate(web) -> None:
    """Input, source, version, rule text and article or policy."""
    found = web.get(f"/v1/zaken/{uuid(2)}", headers=bearer()).json()["beoordeling"]["id"]
    body = web.get(f"/v1/beoordelingen/{found}", headers=bearer()).json()
    assert (body["zaak"], body["profielVersie"], body["regelsVersie"]) == (uuid(2), "2026-1", "2026-11")
    assert {reason["grondslag"] for reason in body["redenen"]}
    assert all(reason["uitleg"].endswith(".") for reason in body["redenen"])
    timing = body["predicaten"][0]
    assert (timing["nr"], timing["naam"], timing["bronnen"]) == (6, "Op tijd", ["aangifte", "adres"])
    assert timing["grondslag"].startswith("Wet BRP 2.20, 2.39")
    assert timing["invoer"] == {"verhuisdatum": "2026-03-07"}
    assert len(timing["regel"]) > 20
    assert web.get(f"/v1/beoordelingen/{found}", headers=bearer("zwolle")).status_code == 404


def test_stand_counts_and_positions(web) -> None:
    """Freshness, positions, what is parked, and counts of the token's gemeente."""
    body = web.get("/v1/stand", headers=bearer()).json()
    assert body["werk"] == {"groen": 1, "oranje": 3, "rood": 2}
    assert body["tellers"]["zaken"] == 11
    assert body["geparkeerd"] == []


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/zaken/geen-uuid", 404), ("/v1/zaken/" + uuid(99), 404), ("/v1/bestaat-niet", 404)]
)
def test_what_does_not_exist_is_404(web, path: str, status: int) -> None:
    """With a problem, and without saying whether another gemeente has it."""
    answer = web.get(path, headers=bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_store_away_is_503_with_when_to_ask_again() -> None:
    """Transient: nothing half done, ask again."""
    hub = country()
    with client(hub) as web:
        hub.store_away = SourceUnavailable("disk", retry_after_s=7.4)
        answer = web.get(f"/v1/zaken/{uuid(2)}", headers=bearer())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
        assert "disk" not in answer.text
        assert web.get("/readyz").status_code == 503
        assert web.get("/livez").text == "ok"


def test_a_fault_of_ours_shows_a_number_and_nothing_else() -> None:
    """500 names no cause and no value; the number stands in our log."""
    hub = country()
    with client(hub) as web:
        hub.store_away = ZeroDivisionError(PEOPLE[1])
        answer = web.get(f"/v1/zaken/{uuid(2)}", headers=bearer())
    assert answer.status_code == 500
    assert PEOPLE[1] not in answer.text
    assert answer.json()["instance"].startswith("urn:uuid:")


# ------------------------------------------------------------------------------------------------------- what one can do


ACTIONS = [
    (
        "goedkeuren",
        {"pseudoniem": pseudo(2), "toelichting": "ok"},
        commands.KeurGoed(door="sam", pseudoniem=pseudo(2), toelichting="ok"),
    ),
    ("goedkeuren", {}, commands.KeurGoed(door="sam")),
    ("aanvulling-ontvangen", {}, commands.OntvangAanvulling(door="sam")),
    ("oppakken", {"team": "A"}, commands.PakOp(medewerker="sam", team="A")),
    ("teruggeven", {}, commands.GeefTerug(medewerker="sam")),
    ("overnemen", {"reden": "vakantie"}, commands.NeemOver(medewerker="sam", reden="vakantie")),
    ("ongedaan", {}, commands.MaakOngedaan(medewerker="sam")),
    ("intrekken", {"reden": "wil niet"}, commands.TrekIn(reden="wil niet")),
]


@pytest.mark.parametrize(("action", "body", "expected"), ACTIONS)
def test_each_action_becomes_its_command(action: str, body, expected) -> None:
    """The command, the sequence it was judged on, a token of this caller, and who did it."""
    hub = country()
    with client(hub) as web:
        given = {"volgnummer": 5, "medewerker": "sam", **body}
        answer = web.post(f"/v1/zaken/{uuid(2)}/{action}", json=given, headers={**bearer(), **KEY})
    assert (answer.status_code, answer.json()) == (200, {"uuid": uuid(2), "volgnummer": 5})
    (told,) = hub.commands
    assert told["command"] == expected
    assert (told["sequence"], told["key"], told["gemeente"], told["actor"]) == (5, uuid(2), "emmen", "alles")
    assert told["token"] == f"alles:{action}:een-eigen-kenmerk"


def test_not_following_needs_its_besluit() -> None:
    """Without date, reference and motivation nothing is recorded, and all three are named."""
    hub = country()
    with client(hub) as web:
        path = f"/v1/zaken/{uuid(2)}/niet-volgen"
        answer = web.post(path, json={"volgnummer": 5, "medewerker": "sam"}, headers={**bearer(), **KEY})
        assert answer.status_code == 400
        assert {error["location"]["pointer"] for error in answer.json()["errors"]} == {
            "#/besluitdatum", "#/besluitkenmerk", "#/motivering",
        }  # fmt: skip
        whole = {"besluitdatum": "2026-03-03", "besluitkenmerk": "B1", "motivering": "m", "volgnummer": 5, "medewerker": "sam"}
        assert web.post(path, json=whole, headers={**bearer(), **KEY}).status_code == 200
    assert len(hub.commands) == 1


def test_an_action_needs_its_idempotency_key(web) -> None:
    """Without it a repeated request could be done twice."""
    answer = web.post(f"/v1/zaken/{uuid(2)}/oppakken", json={"volgnummer": 5, "medewerker": "sam"}, headers=bearer())
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["location"]["name"].lower() == "idempotency-key"


def test_changed_meanwhile_is_409_with_the_reason() -> None:
    """Who was second reads what happened."""
    hub = country()

    def refuse(_flow: str, **_given) -> int:
        raise Conflict("Over deze verhuizer is al besloten. Ververs de pagina.")

    hub.on_command = refuse
    with client(hub) as web:
        given = {"volgnummer": 3, "medewerker": "sam"}
        answer = web.post(f"/v1/zaken/{uuid(2)}/goedkeuren", json=given, headers={**bearer(), **KEY})
    assert (answer.status_code, answer.json()["detail"]) == (409, "Over deze verhuizer is al besloten. Ververs de pagina.")


def test_who_acted_sees_it_at_once() -> None:
    """The answer waits until the read model shows what was done."""
    hub = country()

    def act(_flow: str, **given) -> int:
        import threading

        move = start(NepHub(ALL), 2)
        move.hub = hub
        threading.Timer(0.2, lambda: move.handled("opgepakt", "sam")).start()
        return 6

    hub.on_command = act
    with client(hub) as web:
        web.post(f"/v1/zaken/{uuid(2)}/oppakken", json={"volgnummer": 5, "medewerker": "sam"}, headers={**bearer(), **KEY})
        assert web.get(f"/v1/zaken/{uuid(2)}", headers=bearer()).json()["behandelaar"] == "sam"


# ----------------------------------------------------------------------------------------------------------- its document


def test_openapi_is_public_valid_and_complete(web) -> None:
    """Everybody may read it from anywhere; every operation is described, secured and says how it fails."""
    answer = web.get("/v1/openapi.json")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    document = answer.json()
    validate(document)
    assert {"name", "email", "url"} <= set(document["info"]["contact"])
    operations = {f"{method} {path}": op for path, item in document["paths"].items() for method, op in item.items()}
    assert len(operations) >= 14
    for name, operation in operations.items():
        assert operation["security"] == [{"token": []}], name
        assert operation["description"], name
        assert {"400", "401", "403", "404", "503"} <= set(operation["responses"]), name
        assert "application/problem+json" in operation["responses"]["400"]["content"], name


def test_paths_are_kebab_case_and_keys_camel_case(web) -> None:
    """NL API Design Rules 2.2."""
    document = web.get("/v1/openapi.json").json()
    for path, item in document["paths"].items():
        assert path == path.lower()
        assert not path.endswith("/")
        for operation in item.values():
            names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            assert all("_" not in name and name[0].islower() for name in names)
    for schema in document["components"]["schemas"].values():
        assert all("_" not in name for name in schema.get("properties", ()))


def test_no_token_is_kept_in_clear() -> None:
    """The application holds only hashes."""
    from webhulp import app

    edge = app().state.edge
    kept = repr(edge.settings) + repr(edge.tokens.__dict__)
    assert not [token for token, _ in TOKENS.values() if token in kept]


def test_a_zaak_as_it_was_known_then(web) -> None:
    """By its own sequence or by time (tijdreizen of the API Design Rules); the timeline ends there too."""
    path = f"/v1/zaken/{uuid(2)}"
    now = web.get(path, headers=bearer("zaken:lezen")).json()
    first = web.get(path, params={"volgnummer": 1}, headers=bearer("zaken:lezen")).json()
    assert (first["volgnummer"], len(first["gebeurtenissen"]), first["beoordeling"]) == (1, 1, None)
    assert now["volgnummer"] > 1
    later = web.get(path, params={"beschikbaarOp": "2030-01-01T00:00:00Z"}, headers=bearer("zaken:lezen")).json()
    assert {**later, "versheid": None} == {**now, "versheid": None}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"volgnummer": 0}, 400),
        ({"volgnummer": "x"}, 400),
        ({"beschikbaarOp": "gisteren"}, 400),
        ({"beschikbaarOp": "2026-03-03", "volgnummer": 2}, 400),
        ({"beschikbaarOp": "1999-01-01"}, 404),
    ],
)
def test_a_moment_that_cannot_be_is_refused_as_a_problem(web, asked, status) -> None:
    """With the name of the parameter; before the zaak was known it is not found."""
    answer = web.get(f"/v1/zaken/{uuid(2)}", params=asked, headers=bearer("zaken:lezen"))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
