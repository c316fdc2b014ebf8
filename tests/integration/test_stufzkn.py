# SPDX-License-Identifier: EUPL-1.2
"""Case messages (StUF-ZKN) at the hub's own door, what the log holds after them, and what the flow makes of such zaken."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from bouwstenen import profiel
from hub_voor_tests import Klok, gemeente, loaded, plugins
from litestar import Litestar
from litestar.testing import TestClient
from motor import draait, tot
from pydantic import ValidationError

from connectors.stufzkn import CONNECTOR
from connectors.stufzkn.settings import StufZknSettings
from connectors.stufzkn.simulator import begin, bericht, element, groep, persoon, status, zaak
from hub import discovery
from hub.app import EmbeddedHub
from hub.errors import Conflict
from hub.events import ZAKEN
from hub.flows.verhuizing.commands import KeurGoed
from hub.privacy import Pseudonymizer
from hub.store.base import StoreUnavailable
from hub.xml import parse
from projections.werkvoorraad.apply import werk

pytestmark = pytest.mark.usefixtures("store")
GOED = {"Authorization": "Basic Z29lZA=="}
NUMMER = "0114-2026-0001"
BSN = "999990019"
SETTINGS = StufZknSettings.model_validate({"authorization": GOED["Authorization"], "bronorganisatie": "001120649"})
NIEUW = bericht(zaak(NUMMER, begin(), persoon("heeftAlsInitiator", BSN, "De Wit")), soort="T")
WIJZIGING = bericht(zaak(NUMMER, begin()), zaak(NUMMER, begin(), element("einddatumGepland", "20260401")), referentie="R2")


@pytest.fixture
def hub(tmp_path):
    """A hub on real files, with this connector only."""
    given = plugins(projections={}, connectors={"stufzkn": CONNECTOR})
    made = EmbeddedHub(loaded(tmp_path, [gemeente(plugins={"stufzkn": SETTINGS})]), clock=Klok(), plugins=given).open()
    yield made
    made.close()


@pytest.fixture
def door(hub):
    with TestClient(Litestar(CONNECTOR.routes(hub))) as client:
        yield client


def post(door, body, headers=None, slug="emmen"):
    given = GOED if headers is None else headers
    return door.post(f"/webhooks/stuf-zkn/{slug}", content=body, headers={"Content-Type": "text/xml", **given})


def fault_of(response):
    return parse(response.content).find("Body", "Fault", "detail", "Fo03Bericht", "body")


def log(hub):
    found = []
    for position in hub.log.positions():
        records = hub.log.read(position.topic, position.partition, -1, 10_000)
        names = hub.log.streams({record.stream for record in records})
        found += [hub.log.event(record, names[record.stream]) for record in records if position.topic == ZAKEN]
    return found


def types(hub):
    return [event.type.removeprefix("nl.overheid.zaken.").removesuffix(".v1") for event in log(hub)]


def test_a_message_is_in_the_log_when_it_is_acknowledged(hub, door):
    """Bv03 names the message, with sender and receiver changed round."""
    answer = post(door, NIEUW)
    stuur = parse(answer.content).find("Body", "Bv03Bericht", "stuurgegevens")
    assert (answer.status_code, stuur.find("crossRefnummer").text) == (200, "R1")
    assert (stuur.find("zender", "applicatie").text, stuur.find("ontvanger", "applicatie").text) == ("WISSEL", "ZAAK")
    assert types(hub) == ["zaak-geregistreerd", "rol-toegevoegd"]


def test_a_message_told_again_is_acknowledged_and_nothing(hub, door):
    """The sender repeats what it got no answer to; another message under the same reference is refused."""
    assert [post(door, body).status_code for body in (NIEUW, NIEUW, WIJZIGING, NIEUW, WIJZIGING)] == [200] * 5
    assert types(hub) == ["zaak-geregistreerd", "rol-toegevoegd", "zaak-bijgewerkt"]
    other = post(door, NIEUW.replace(b"De Wit", b"De Groot"))
    assert (other.status_code, fault_of(other).find("code").text) == (500, "StUF055")
    assert "used before" in fault_of(other).find("omschrijving").text


def test_who_has_the_database_cannot_try_numbers_until_a_remembered_message_fits(hub, door):
    """By its digest a message told again is known; making one takes the key of the gemeente."""
    post(door, NIEUW)
    ((seen,),) = hub.read_now(lambda tx: tx.all("SELECT vingerafdruk FROM stufzkn_bericht"))
    assert seen == hub.gemeenten["emmen"].pseudonym.digest(NIEUW)
    assert seen != Pseudonymizer(b"another key".ljust(32)).digest(NIEUW)


def test_messages_that_come_at_the_same_time_lose_and_repeat_nothing(hub, door):
    """Ten about one zaak, each twice: every status stands in its stream once."""
    post(door, NIEUW)
    bodies = [
        bericht(zaak(NUMMER), zaak(NUMMER, status(n, f"Stap {n}", f"20260311{n:02}000000")), referentie=f"S{n}")
        for n in range(1, 11)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: post(door, body).status_code, bodies * 2))
    while 500 in answers:
        answers = [post(door, body).status_code for body in bodies]
    gezet = sorted(event.data["volgnummer"] for event in log(hub) if "status-gezet" in event.type)
    assert gezet == list(range(1, 11))
    assert [event.sequence for event in log(hub)] == list(range(1, 13))


def test_what_cannot_be_read_is_refused_and_nothing_of_it_stays(hub, door, capsys):
    """Fo03 says what is wrong, and neither the answer nor a log line says what was in it."""
    answer = post(door, NIEUW.replace(b"zakLk01", b"npsLk01"))
    assert (answer.status_code, fault_of(answer).find("plek").text) == (500, "client")
    assert BSN not in answer.text + capsys.readouterr().out
    assert log(hub) == []


def test_what_cannot_be_stored_is_not_acknowledged(hub, door, monkeypatch):
    """The sender keeps it and sends it again; then it is taken in."""

    async def full(*_given, **_more):
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(hub, "write", full)
        answer = post(door, NIEUW)
    assert (answer.status_code, fault_of(answer).find("code").text) == (500, "StUF058")
    assert (log(hub), post(door, NIEUW).status_code, len(log(hub))) == ([], 200, 2)


def test_what_a_log_cannot_carry_is_refused_with_the_reason_and_holds_nobody_up(hub, door):
    """More than an event may be: Fo03, nothing of it is kept, and the next message is taken in."""
    many = [groep("kenmerk", kenmerk="\U0001f600" * 200) for _ in range(1150)]
    answer = post(door, bericht(zaak(NUMMER, begin(), *many), soort="T", referentie="R0"))
    assert (answer.status_code, "cannot be recorded" in fault_of(answer).find("omschrijving").text) == (500, True)
    assert (log(hub), post(door, NIEUW).status_code, len(log(hub))) == ([], 200, 2)


def test_silence_is_seen(hub, door):
    """Nothing can be asked of the other side: ops sees when it told something last, and the doctor when it never did."""

    def look():
        (shown,) = hub.read_now(lambda tx: CONNECTOR.verbindingen(hub, tx))
        (checked,) = asyncio.run(CONNECTOR.nakijken(hub))
        return shown.laatst, checked.staat

    assert look() == (None, "let-op")
    post(door, NIEUW)
    assert look() == (hub.clock.now(), "goed")


def test_who_does_not_know_the_authorization_is_refused(hub, door):
    """Before anything is read; a gemeente without this connector looks the same."""
    for headers, slug in (({}, "emmen"), ({"Authorization": "Basic fout"}, "emmen"), (GOED, "zwolle")):
        assert post(door, NIEUW, headers, slug).status_code == 401
    assert post(door, b"<a>" + b"x" * 1_000_001).status_code == 413
    assert log(hub) == []


def test_without_this_section_there_is_no_door(tmp_path):
    hub = EmbeddedHub(loaded(tmp_path), plugins=plugins(connectors={"stufzkn": CONNECTOR}))
    assert (CONNECTOR.routes(hub), CONNECTOR.executors(hub), CONNECTOR.services(hub)) == ([], {}, {})


@pytest.mark.parametrize("wrong", [{"bronorganisatie": "12"}, {"eind": 1}, {"authorization_bestand": "x"}])
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValidationError):
        StufZknSettings.model_validate({**SETTINGS.model_dump(), "authorization": "x", **wrong})


# ------------------------------------------------------------------------------------ what the flow and the pages make of it


def test_a_declaration_without_a_mapping_is_shown_and_left_to_the_zaaksysteem(tmp_path):
    """A B0366 by StUF-ZKN holds no declaration the flow can read, and nothing can be written back: it judges nothing, sends
    nothing, waits for nothing, and an official who decides here all the same is told so. The pages show the zaak."""
    given = discovery.Plugins({"stufzkn": CONNECTOR}, discovery.flows(), discovery.projections())
    emmen = gemeente(plugins={"stufzkn": SETTINGS}, profielen={"verhuizing": profiel(), "claims": None})
    hub = EmbeddedHub(loaded(tmp_path, [emmen]), clock=Klok(), plugins=given).open()

    async def main():
        async with draait(hub):
            with TestClient(Litestar(CONNECTOR.routes(hub))) as door:
                assert [post(door, body).status_code for body in (NIEUW, WIJZIGING)] == [200, 200]
                uuid = log(hub)[0].key
                shown = await tot(lambda: _up_to(hub, "zaakverloop", uuid, 3))
                assert (shown["identificatie"], shown["zaaktype"], shown["einddatum"]) == (NUMMER, "B0366", None)
                stock = await tot(lambda: _up_to(hub, "werkvoorraad", uuid, 3))
                assert (werk(stock), stock["streef"]) == (None, "2026-04-01")
                asked = {"gemeente": "emmen", "key": uuid, "sequence": 3, "token": "t", "actor": "jdevries"}
                with pytest.raises(Conflict, match="geen aangifte gelezen"):
                    await hub.command("verhuizing", command=KeurGoed(door="jdevries"), **asked)
                steps = [status(1, "In behandeling", "20260311101500"), status(3, "Afgehandeld", "20260312090000")]
                closing = zaak(NUMMER, *steps, element("einddatum", "20260312"))
                post(door, bericht(zaak(NUMMER), closing, referentie="R3"))
                assert (await tot(lambda: _up_to(hub, "zaakverloop", uuid, 6)))["einddatum"] == "2026-03-12"
                await tot(lambda: all(head.head == offset + 1 for head, offset in _flow_positions(hub)))
                assert {event.type.split(".")[1] for event in log(hub)} == {"overheid"}  # nothing of the flow
                for table in ("opdracht", "termijn", "geparkeerd"):
                    assert hub.read_now(lambda tx, table=table: tx.one(f"SELECT count(*) FROM {table}")) == (0,)

    try:
        asyncio.run(main())
    finally:
        hub.close()


def _flow_positions(hub):
    heads = {(position.topic, position.partition): position for position in hub.log.positions()}
    return [(heads[topic, partition], offset) for _, topic, partition, offset in hub.flow_runner.positions()]


def _up_to(hub, projection, uuid, sequence):
    """Return the row of a zaak once it shows everything up to this sequence."""
    seen = hub.toen(projection, gemeente="emmen", key=uuid, moment=sequence)
    row = hub.read_model(projection).get("emmen", uuid)
    return row if row == seen else None
