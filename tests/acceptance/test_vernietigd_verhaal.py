# SPDX-License-Identifier: EUPL-1.2
"""Somebody is forgotten: no table, page, answer, export, rebuild or new backup shows a trace; the others are as they were."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import webhulp
from hub_voor_tests import Klok, VolgFlow, gemeente, loaded
from litestar.testing import TestClient
from zaak_voor_tests import AUTH, Formulier, draaiende_hub, serving, zaak_settings

from connectors.zaak.connector import ZaakConnector
from connectors.zaak.simulator import SimulatorConfig, create_app
from hub.api.app import create_app as pages
from hub.api.login import DemoLogin
from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.discovery import Plugins, projections
from hub.errors import Poison
from hub.flows.base import Opdracht
from hub.plugins import Sealed
from hub.privacy import Bsn
from hub.reservekopie import maak

WHY = {"reden": "verzoek van de persoon (AVG 17)", "door": "A. Archief", "tweede_persoon": "B. Beheer"}
ANNA, BERT = "999993653", "999990019"
TRACES = {
    "bsn": ANNA,
    "naam": "Zonnestraal",
    "voornaam": "Hildegonde",
    "straat": "Veenpluisweg",
    "postcode": "7899ZX",
    "geboortedatum": "1985-07-19",
    "telefoon": "0591-123987",
    "email": "hildegonde@example.test",
}
OTHER = {"bsn": BERT, "naam": "Stormvogel", "straat": "Kerkstraat"}
PERSON, OTHER_PERSON = (gemeente().pseudonym(Bsn(number)) for number in (ANNA, BERT))


async def declares(form: Formulier, who: dict[str, str]) -> str:
    """Register a declaration of one person, with everything personal that a form sends along."""
    zaak = await form.zaak()
    person = {"inpBsn": who["bsn"], "geslachtsnaam": who["naam"], "voornamen": who.get("voornaam", "Jan")}
    await form.rol(zaak, betrokkeneIdentificatie=person)
    address = {
        "identificatie": "0114200000000001",
        "wplWoonplaatsNaam": "Emmen",
        "gorOpenbareRuimteNaam": who["straat"],
        "huisnummer": 7,
        "postcode": who.get("postcode", "7811AA"),
    }
    body = {"zaak": zaak["url"], "objectType": "adres", "relatieomschrijving": "nieuw adres", "objectIdentificatie": address}
    await form.call("POST", "/zaken/api/v1/zaakobjecten", body)
    await form.eigenschap(zaak, "VERHUISDATUM", "2026-03-12")
    contact = {"zaak": zaak["url"], "datumtijd": "2026-03-10T10:00:00Z", "kanaal": "telefoon"}
    contact["onderwerp"] = " ".join((who["naam"], *(who.get(name, "-") for name in ("geboortedatum", "telefoon", "email"))))
    await form.call("POST", "/zaken/api/v1/klantcontacten", contact)
    await form.status(zaak, "Verhuizing in behandeling", "2026-03-10T09:00:00Z")
    return str(zaak["uuid"])


def asks_the_impossible(state: Any) -> Any:
    """Give one opdracht with the person's data that no connector carries out: it stays in the ledger, parked."""
    given = next((e.besloten for e in state if e.type.endswith("rol-toegevoegd.v1")), None)
    if given is None or any(e.type == "nl.wissel.opdracht.gegeven.v1" for e in state):
        return ()
    return [Opdracht(connector="zaak", soort="bestaat-niet", step="s", data={"a": 1}, besloten=given)]


def with_parked_rows() -> Any:
    """All projections, one of which cannot take any rol."""

    def fails(_row: Any, _event: Any) -> Any:
        raise Poison("dit leesmodel kent geen rollen")

    found = dict(projections())
    werk = found["werkvoorraad"]
    found["werkvoorraad"] = replace(werk, handlers={**werk.handlers, "nl.overheid.zaken.rol-toegevoegd.v1": fails})
    return found


async def live(folder: Path) -> tuple[str, str]:
    """Let two people declare a move, with a flow and a projection that get stuck, and a notification nobody can read."""
    simulator = create_app(SimulatorConfig())
    form = Formulier(simulator)
    async with serving(simulator) as base:
        here = zaak_settings(f"{base}/emmen", secret=simulator.config.clients[0].secret)
        more = {"flows": {"volg": VolgFlow(asks_the_impossible)}, "projections": with_parked_rows()}
        async with draaiende_hub(folder, {"emmen": here}, **more) as running:
            kanalen = [{"naam": "zaken", "filters": {}}]
            hook = {"callbackUrl": f"{running.url}/webhooks/zaken/emmen", "auth": AUTH, "kanalen": kanalen}
            await form.call("POST", "/notificaties/api/v1/abonnement", hook)
            zaken = [await declares(form, who) for who in (TRACES, OTHER)]
            assert (await running.meld({"over": list(TRACES.values())})).status_code == 400
            await form.app.delivery.idle()
            await running.settled()
            while len(running.rows("SELECT 1 FROM opdracht WHERE toestand = 'geparkeerd'")) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await simulator.delivery.close()
    return zaken[0], zaken[1]


def opened(folder: Path) -> EmbeddedHub:
    """The hub again, with nothing running, so that what it shows stands still."""
    made = Plugins({"zaak": ZaakConnector()}, {"volg": VolgFlow()}, with_parked_rows())
    settings = loaded(folder, [gemeente(plugins={"zaak": zaak_settings()})])
    hub = EmbeddedHub(settings, clock=Klok(datetime.now(UTC)), plugins=made).open()
    hub.projector.catch_up()
    return hub


def shown(hub: EmbeddedHub, zaken: tuple[str, str]) -> dict[str, str]:
    """All that anybody can get to see: events opened, rows opened, pages, answers, what is parked and refused."""
    found = {"log": repr(list(events(hub))), "rijen": repr(list(rows(hub)))}
    found["geparkeerd"] = json.dumps([entry.as_dict() for entry in Desk(hub).export()])
    found["geweigerd"] = repr(hub.door.kept())
    routes = [route for projection in hub.plugins.projections.values() for route in projection.routes(hub)]
    app = pages(hub, routes=routes, settings=webhulp.settings(tokens=tokens()), login=DemoLogin())
    with TestClient(app, base_url=webhulp.ORIGIN) as web:
        for zaak in zaken:
            for path in (f"/v1/zaken/{zaak}", f"/v1/zaken/{zaak}/tijdlijn"):
                found[path] = web.get(path, headers=webhulp.bearer()).text
        for bsn in (ANNA, BERT):
            body = {"bsn": bsn}
            found[f"klantbeeld {bsn}"] = web.post("/v1/klantbeelden/_zoek", json=body, headers=webhulp.bearer()).text
        csrf = webhulp.field(web.get("/inloggen/medewerker").text, "csrf")
        web.post("/inloggen/medewerker", data={"csrf": csrf, "medewerker": "behandelaar-sam", "gemeente": "emmen"})
        for path in ("/werkvoorraad", *(f"/werkvoorraad/{zaak}" for zaak in zaken)):
            found[path] = web.get(path, headers=webhulp.HTML).text
        csrf = webhulp.field(web.get("/klantbeeld", headers=webhulp.HTML).text, "csrf")
        found["klantbeeldblad"] = web.post("/klantbeeld", data={"csrf": csrf, "bsn": ANNA}, headers=webhulp.HTML).text
    for bsn, zaak in zip((ANNA, BERT), zaken, strict=True):
        with TestClient(app, base_url=webhulp.ORIGIN) as web:
            csrf = webhulp.field(web.get("/inloggen/inwoner").text, "csrf")
            web.post("/inloggen/inwoner", data={"csrf": csrf, "bsn": bsn, "gemeente": "emmen"})
            for path in ("/mijn", f"/mijn/zaken/{zaak}"):
                answer = web.get(path, headers=webhulp.HTML)
                assert answer.status_code == 200, path
                found[path + bsn] = answer.text
    return found


def tokens() -> list[dict[str, Any]]:
    scopes = list(webhulp.SCOPES)
    return [{"naam": "alles", "sha256": webhulp.TOKENS["alles"][1], "gemeente": "emmen", "scopes": scopes}]


def events(hub: EmbeddedHub) -> Any:
    for position in hub.log.positions():
        for record in hub.log.read(position.topic, position.partition, -1, 10_000):
            yield hub.log.event(record, hub.log.streams([record.stream])[record.stream])


def rows(hub: EmbeddedHub) -> Any:
    """Every row of every read model, and every sealed thing in it opened."""
    for name in hub.plugins.projections:
        for _, row in hub.read_model(name).select("emmen", limit=10_000):
            yield row
            yield [hub.vault.open(Sealed(key, context, bytes(inhoud))) for key, context, inhoud in sealed(row)]


def sealed(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[2], bytes):
        yield value
        return
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from sealed(inner)


def traces(text: str) -> set[str]:
    return {name for name, trace in TRACES.items() if trace in text}


def in_bytes(folder: Path, extra: list[bytes]) -> set[bytes]:
    """The traces that stand readable in any byte of any file."""
    wanted = [trace.encode(code) for trace in TRACES.values() for code in ("utf-8", "utf-16-le")] + extra
    data = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    return {trace for trace in wanted if trace in data}


def wrapped(hub: EmbeddedHub, subject: str) -> list[bytes]:
    """The keys of a subject as they stand in the key file."""
    ids = hub.keys.of_subject("emmen", subject)
    with closing(sqlite3.connect(f"{(hub.folder / 'sleutels.db').as_uri()}?mode=ro", uri=True)) as db:
        query = "SELECT ingepakt FROM sleutel WHERE key_id = ?"
        return [bytes(db.execute(query, (key_id,)).fetchone()[0]) for key_id in ids]


def test_after_a_destruction_nothing_shows_a_trace_and_the_rest_is_unchanged(tmp_path: Path) -> None:
    """BSN, name, address, birth date, contact data and key: gone from everything that is kept and everything that is made."""
    folder = tmp_path / "data"
    zaken = asyncio.run(live(folder))
    hub = opened(folder)
    before = shown(hub, zaken)
    assert traces(before["log"]) == set(TRACES), "what is looked for was there"
    assert traces(before["rijen"]) >= {"naam", "bsn"}
    assert traces("".join(text for name, text in before.items() if name not in {"log", "rijen"})) >= {"straat"}
    others = [event for event in events(hub) if event.key == zaken[1]]
    keys = [*wrapped(hub, PERSON), *wrapped(hub, f"zaak:{zaken[0]}")]
    assert keys
    assert in_bytes(folder, keys) == set(keys), "nothing personal is ever readable in the files; the keys are there"

    plan = hub.vergeten.plan("emmen", PERSON)
    assert (plan.zaken, plan.gedeeld) == ((zaken[0],), ())
    proof = hub.vergeten.voer_uit(plan, **WHY)
    unreadable = [event for event in events(hub) if None in event.besloten.values()]
    assert (proof.sleutels, proof.gebeurtenissen) == (len(plan.sleutels), len(unreadable))
    hub.projector.catch_up()
    after = shown(hub, zaken)
    assert {name: traces(text) for name, text in after.items() if traces(text)} == {}
    assert in_bytes(folder, keys) == set(), "while it runs"
    assert [event for event in events(hub) if event.key == zaken[1]] == others
    for name in (f"/v1/zaken/{zaken[1]}", f"/werkvoorraad/{zaken[1]}", f"klantbeeld {BERT}"):
        assert unversioned(after[name]) == unversioned(before[name])

    hub.projector.rebuild()
    assert traces("".join(shown(hub, zaken).values())) == set()
    copy = tmp_path / "kopie"
    maak(hub_settings(hub), copy)
    hub.close()
    assert in_bytes(folder, keys) == in_bytes(copy, keys) == set()
    back = opened(copy)
    assert traces("".join(shown(back, zaken).values())) == set()
    assert [event for event in events(back) if event.key == zaken[1]] == others
    back.close()


def hub_settings(hub: EmbeddedHub) -> Any:
    return loaded(hub.folder, list(hub.gemeenten.values()))


def unversioned(text: str) -> str:
    """A page or answer without its form token and what it says about how fresh it is."""
    try:
        answer = json.loads(text)
    except ValueError:
        return "\n".join(
            line for line in text.splitlines() if "csrf" not in line and "<time" not in line and "token" not in line
        )
    answer.pop("versheid", None)
    return json.dumps(answer)
