# SPDX-License-Identifier: EUPL-1.2
"""Somebody is forgotten: no table, page, answer, export, rebuild or new backup shows a trace; the others are as they were."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import webhulp
from hub_voor_tests import Klok, VolgFlow, gemeente, loaded
from litestar.testing import TestClient
from postgres_voor_tests import HANDLEIDING, adres, volgens_de_handleiding
from zaak_voor_tests import AUTH, Formulier, draaiende_hub, serving, zaak_settings

from connectors.zaak.connector import ZaakConnector
from connectors.zaak.simulator import SimulatorConfig, create_app
from hub.api.app import create_app as pages
from hub.api.login import DemoLogin
from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.discovery import Plugins, projections
from hub.errors import Poison
from hub.events import ZAKEN
from hub.flows.base import Opdracht
from hub.plugins import Sealed
from hub.privacy import Bsn
from hub.replay.beheer import Beheer, Besluit
from hub.replay.bouwer import Bouwer
from hub.replay.lezen import Lezer
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
    found = {"log": repr(list(events(hub))), "rijen": repr(list(rows(hub))), "toen": repr(list(then(hub, zaken)))}
    found["geparkeerd"] = json.dumps([entry.as_dict() for entry in Desk(hub).export()])
    found["geweigerd"] = repr(hub.door.kept())
    routes = [route for projection in hub.plugins.projections.values() for route in projection.routes(hub)]
    app = pages(hub, routes=routes, settings=webhulp.settings(tokens=tokens()), login=DemoLogin())
    with TestClient(app, base_url=webhulp.ORIGIN) as web:
        for zaak in zaken:
            for path in (f"/v1/zaken/{zaak}", f"/v1/zaken/{zaak}?volgnummer=8"):
                found[path] = web.get(path, headers=webhulp.bearer()).text
        for bsn in (ANNA, BERT):
            body = {"bsn": bsn}
            found[f"klantbeeld {bsn}"] = web.post("/v1/klantbeelden/_zoek", json=body, headers=webhulp.bearer()).text
        csrf = webhulp.field(web.get("/inloggen/medewerker").text, "csrf")
        web.post("/inloggen/medewerker", data={"csrf": csrf, "medewerker": "behandelaar-sam", "gemeente": "emmen"})
        for path in ("/werkvoorraad", *(f"/werkvoorraad/{zaak}{more}" for zaak in zaken for more in ("", "/toen?moment=8"))):
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
            yield from unsealed(hub, row)


def then(hub: EmbeddedHub, zaken: tuple[str, str]) -> Any:
    """Every row as it was known early and late, in the same way."""
    for name, projection in hub.plugins.projections.items():
        if ZAKEN in projection.topics and projection.per == "stroom":
            for zaak, moment in itertools.product(zaken, (4, 8, 16)):
                yield from unsealed(hub, hub.toen(name, gemeente="emmen", key=zaak, moment=moment))


def unsealed(hub: EmbeddedHub, row: Any) -> Any:
    yield row
    yield [hub.vault.open(Sealed(key, context, bytes(inhoud))) for key, context, inhoud in sealed(row)]


def replay(hub: EmbeddedHub) -> None:
    """Build everything again in a shadow, and let everybody see that."""
    names, beheer = sorted(hub.plugins.projections), Beheer(hub)
    why = Besluit("naar aanleiding van de vernietiging", "beheer")
    number = asyncio.run(beheer.claim(names, why))
    with Lezer(hub_settings(hub), hub.plugins) as lezer, closing(lezer.fill(number)) as database:
        Bouwer(lezer, number=number, projections=lezer.chosen(names), database=database, bij_fout="parkeer").run()
    asyncio.run(beheer.filled(number))
    asyncio.run(beheer.switch(names, why, anyway=True))


def sealed(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[2], bytes):
        yield value
        return
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from sealed(inner)


def traces(text: str) -> set[str]:
    return {name for name, trace in TRACES.items() if trace in text}


class OpBestanden:
    """Where a hub keeps everything: files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def alles(self) -> bytes:
        """All bytes of all files."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file())

    def kopie(self, hub: EmbeddedHub, folder: Path) -> tuple[bytes, Path]:
        """Make a backup; return its bytes, and where it was put back."""
        maak(hub_settings(hub), folder)
        return OpBestanden(folder).alles(), folder

    def opgeruimd(self) -> bytes:
        """All bytes after what the guide says to do then: nothing."""
        return self.alles()


class OpPostgres:
    """Where a hub keeps everything: a database."""

    def __init__(self, folder: Path, server: Any) -> None:
        self.folder, self.server = folder, server

    def alles(self) -> bytes:
        """Every value of every table of every schema."""
        return self.server.content(self._name)

    def kopie(self, hub: EmbeddedHub, folder: Path) -> tuple[bytes, Path]:
        """Back up and put back in another database as the guide says."""
        folder.mkdir()
        volgens_de_handleiding("Back up", "pg_dump", address=adres(hub.folder), folder=folder)
        dumps = sorted(folder.rglob("*.dump"))
        assert len(dumps) == 2
        told = b"".join(
            subprocess.run(["pg_restore", "-f", "-", dump], capture_output=True, check=True).stdout for dump in dumps
        )
        volgens_de_handleiding("Back up", "pg_restore", address=adres(folder), folder=folder)
        return told + b"".join(bytes.fromhex(found) for found in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", told.decode())), folder

    def opgeruimd(self) -> bytes:
        """The bytes on the server's disk after what the guide says to do then."""
        (statement,) = re.findall(r"VACUUM .*;", HANDLEIDING.read_text(encoding="utf-8"))
        self.server.run(statement, self._name)
        return self.server.files(self._name)

    @property
    def _name(self) -> str:
        return urlsplit(adres(self.folder)).path[1:]


def in_bytes(data: bytes, extra: list[bytes]) -> set[bytes]:
    """The traces that stand readable in any byte."""
    wanted = [trace.encode(code) for trace in TRACES.values() for code in ("utf-8", "utf-16-le")] + extra
    return {trace for trace in wanted if trace in data}


def wrapped(hub: EmbeddedHub, subject: str) -> list[bytes]:
    """The keys of a subject as they are stored."""
    with hub.keys.database.reader() as db:
        query = "SELECT ingepakt FROM sleutel WHERE key_id = ?"
        return [bytes(db.execute(query, (key_id,)).fetchone()[0]) for key_id in hub.keys.of_subject("emmen", subject)]


@pytest.fixture
def plek(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> OpBestanden | OpPostgres:
    """Where the hub of this test keeps everything."""
    folder = tmp_path / "data"
    return OpBestanden(folder) if store == "bestanden" else OpPostgres(folder, request.getfixturevalue("postgres"))


def test_after_a_destruction_nothing_shows_a_trace_and_the_rest_is_unchanged(
    plek: OpBestanden | OpPostgres, tmp_path: Path
) -> None:
    """BSN, name, address, birth date, contact data and key: gone from everything that is kept and everything that is made."""
    zaken = asyncio.run(live(plek.folder))
    hub = opened(plek.folder)
    before = shown(hub, zaken)
    assert traces(before["log"]) == set(TRACES), "what is looked for was there"
    assert traces(before["rijen"]) >= {"naam", "bsn"}
    assert traces(before["toen"]) >= {"naam", "bsn"}
    assert traces("".join(text for name, text in before.items() if name not in {"log", "rijen", "toen"})) >= {"straat"}
    others = [event for event in events(hub) if event.key == zaken[1]]
    keys = [*wrapped(hub, PERSON), *wrapped(hub, f"zaak:{zaken[0]}")]
    theirs = wrapped(hub, OTHER_PERSON)
    assert keys
    assert in_bytes(plek.alles(), keys) == set(keys), "nothing personal is ever readable where it is kept; the keys are there"

    plan = hub.vergeten.plan("emmen", PERSON)
    assert (plan.zaken, plan.gedeeld) == ((zaken[0],), ())
    proof = hub.vergeten.voer_uit(plan, **WHY)
    unreadable = [event for event in events(hub) if None in event.besloten.values()]
    assert (proof.sleutels, proof.gebeurtenissen) == (len(plan.sleutels), len(unreadable))
    hub.projector.catch_up()
    after = shown(hub, zaken)
    assert {name: traces(text) for name, text in after.items() if traces(text)} == {}
    assert in_bytes(plek.alles(), keys) == set(), "while it runs"
    assert [event for event in events(hub) if event.key == zaken[1]] == others
    for name in (f"/v1/zaken/{zaken[1]}", f"/werkvoorraad/{zaken[1]}", f"klantbeeld {BERT}"):
        assert unversioned(after[name]) == unversioned(before[name])

    replay(hub)
    assert hub.read_model("zaakverloop").get("emmen", zaken[1])
    assert traces("".join(shown(hub, zaken).values())) == set()
    copied, put_back = plek.kopie(hub, tmp_path / "kopie")
    hub.close()
    assert in_bytes(copied, keys + theirs) == in_bytes(plek.alles(), keys + theirs) == set(theirs)
    assert in_bytes(plek.opgeruimd(), keys + theirs) == set(theirs)
    back = opened(put_back)
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
