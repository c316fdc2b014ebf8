# SPDX-License-Identifier: EUPL-1.2
"""From a notification to the stream of a zaak, with the simulated zaaksysteem over HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from zaak_voor_tests import Draaiend, Formulier, hub_en_zaaksysteem, vergelijk

from connectors.zaak.simulator import Notificatiefouten, SimulatorConfig, Storing

ZGW = "nl.overheid.zaken."
CLOSED = "2026-03-11T09:00:00Z"


def run(main: Any) -> None:
    asyncio.run(main())


async def quiet(running: Draaiend, form: Formulier) -> None:
    """Wait until everything is delivered and fetched."""
    await form.app.delivery.idle()
    await running.settled()


def facts(running: Draaiend, zaak: dict[str, Any]) -> list[Any]:
    source = running.hub.gemeenten["emmen"].source("zaaksysteem")
    return [event for event in running.events(zaak["uuid"]) if event.source == source]


async def nudge(running: Draaiend, zaak: dict[str, Any]) -> None:
    """Post a notification of our own about the zaak: whatever was lost is fetched with it."""
    body = {
        "kanaal": "zaken",
        "hoofdObject": zaak["url"],
        "resource": "zaak",
        "resourceUrl": zaak["url"],
        "actie": "partial_update",
        "aanmaakdatum": "2026-03-12T10:00:00Z",
        "kenmerken": {},
    }
    assert (await running.meld(body)).status_code == 204


async def whole_life(form: Formulier) -> dict[str, Any]:
    """Take a zaak through everything that has a fact of its own."""
    zaak = await form.aangifte()
    await form.call("PATCH", zaak["url"], {"opschorting": {"indicatie": True, "reden": "wachten op stukken"}})
    await form.call("PATCH", zaak["url"], {"opschorting": {"indicatie": False, "reden": ""}})
    await form.call("PATCH", zaak["url"], {"einddatumGepland": "2026-04-01"})
    contact = {"zaak": zaak["url"], "datumtijd": "2026-03-10T10:00:00Z", "kanaal": "telefoon", "onderwerp": "vraag"}
    await form.call("POST", "/zaken/api/v1/klantcontacten", contact)
    await form.resultaat(zaak)
    await form.status(zaak, "Afgehandeld", CLOSED)
    return zaak


def test_with_a_trail_the_stream_is_the_trail(tmp_path):
    """One entry, one fact of the zaaksysteem, under the entry's uuid and in the order of the trail."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaken = [await whole_life(form) for _ in range(3)]
            await quiet(running, form)
            for zaak in zaken:
                trail = await form.trail(zaak)
                assert [event.id for event in facts(running, zaak)] == [entry["uuid"] for entry in trail]
                assert {event.data["wie"] for event in facts(running, zaak)} == {"formulier"}
                types = [event.type for event in running.events(zaak["uuid"])]
                assert types.count(f"{ZGW}zaak-opgeschort.v1") == types.count(f"{ZGW}zaak-hervat.v1") == 1
                assert types.count(f"{ZGW}zaak-afgesloten.v1") == 1
                assert types[0] == f"{ZGW}zaak-geregistreerd.v1"
                assert types.index(f"{ZGW}zaak-afgesloten.v1") > types.index(f"{ZGW}resultaat-gezet.v1")

    run(main)


@pytest.mark.parametrize("seed", [1, 2])
def test_lost_repeated_and_reordered_notifications_change_nothing(tmp_path, seed):
    """Half of them lost, the others twice and in another order: the stream is still the trail."""
    fouten = Notificatiefouten(verlies=0.5, dubbel=0.5, herordenen=0.5, vertraging_max_s=0.05)
    config = SimulatorConfig(seed=seed, storing=Storing(notificaties=fouten))

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, config) as (running, form):
            zaken = [await whole_life(form) for _ in range(4)]
            await quiet(running, form)
            for zaak in zaken:
                await nudge(running, zaak)
            await quiet(running, form)
            for zaak in zaken:
                assert [event.id for event in facts(running, zaak)] == [e["uuid"] for e in await form.trail(zaak)]

    run(main)


def test_what_no_notification_told_is_found_by_comparing(tmp_path):
    """A new zaak, a change and a closed zaak that was destroyed, all without a word: found and published."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            known, doomed = await form.aangifte(), await form.aangifte()
            await form.resultaat(doomed)
            await form.status(doomed, "Afgehandeld", CLOSED)
            await quiet(running, form)
            await form.storing(notificaties={"verlies": 1.0})
            await form.resultaat(known)
            silent = await form.aangifte()
            await form.call("DELETE", doomed["url"])
            assert set(await vergelijk(running)) >= {"nieuw", "verschil"}
            assert (await vergelijk(running, "gesloten"))["verdwenen"] == 1
            await running.settled()
            for zaak in (known, silent):
                assert [event.id for event in facts(running, zaak)] == [e["uuid"] for e in await form.trail(zaak)]
            assert facts(running, doomed)[-1].data["bewijs"] == "tweemaal-404"
            again = await vergelijk(running)
            assert again.keys().isdisjoint({"nieuw", "verschil", "verdwenen"})

    run(main)


def test_comparing_takes_up_nothing_from_before_the_hub_began(tmp_path):
    """Zaken that officials were working on before stay theirs."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            await form.storing(notificaties={"verlies": 1.0})
            await form.aangifte()
            later = (running.hub.clock.today() + timedelta(days=1)).isoformat()
            await running.hub.write(lambda tx: tx.execute("UPDATE zaak_bron SET begonnen = ?", (later,)))
            assert "nieuw" not in await vergelijk(running)

    run(main)


def test_without_a_trail_the_facts_are_the_same_ones(tmp_path):
    """The same life of a zaak gives the same kinds of facts about the same resources, with or without a trail."""
    seen: list[Counter[Any]] = []

    async def main(*, trail: bool) -> None:
        config = SimulatorConfig(storing=Storing(audittrail=trail))
        async with hub_en_zaaksysteem(tmp_path / str(trail), config) as (running, form):
            zaak = await form.aangifte()
            await quiet(running, form)
            await form.call("PATCH", zaak["url"], {"opschorting": {"indicatie": True, "reden": "wachten"}})
            await quiet(running, form)
            await form.call("PATCH", zaak["url"], {"opschorting": {"indicatie": False, "reden": ""}})
            await quiet(running, form)
            rol = await form.rol(
                zaak,
                betrokkeneType="medewerker",
                betrokkeneIdentificatie={"identificatie": "jd"},
                roltype=await form.type("roltypen", "Uitvoerende"),
            )
            await quiet(running, form)
            await form.call("DELETE", rol["url"])
            await form.resultaat(zaak)
            await form.status(zaak, "Afgehandeld", CLOSED)
            await quiet(running, form)
            seen.append(Counter((e.type, e.data["resourceUrl"]) for e in facts(running, zaak)))
            assert all(e.data["aanmaakdatum"] for e in facts(running, zaak)) or not trail
            assert [e.type for e in running.events(zaak["uuid"])].count(f"{ZGW}zaak-afgesloten.v1") == 1
            assert running.rows("SELECT regel FROM zaak_bron") == [("audittrail" if trail else "objecten",)]

    for trail in (True, False):
        asyncio.run(main(trail=trail))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("trail", [True, False])
def test_a_change_that_leaves_no_trail_is_seen(tmp_path, trail):
    """Open Zaak audits no change of a zaakeigenschap; the declaration follows it all the same."""
    config = SimulatorConfig(storing=Storing(audittrail=trail, audittrail_gaten=True))

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, config) as (running, form):
            zaak = await form.zaak()
            await form.rol(zaak)
            await form.adres(zaak)
            eigenschap = await form.eigenschap(zaak, "VERHUISDATUM", "2026-03-12")
            other = await form.eigenschap(zaak, "INWONEND", "nee")
            await form.status(zaak, "Verhuizing in behandeling", "2026-03-10T09:00:00Z")
            await quiet(running, form)
            await form.call("PATCH", eigenschap["url"], {"waarde": "2026-03-20"})
            await quiet(running, form)
            await form.call("DELETE", other["url"])
            await quiet(running, form)
            read = [e for e in running.events(zaak["uuid"]) if e.type == "nl.wissel.verhuisaangifte.gelezen.v1"]
            assert (read[-1].data["verhuisdatum"], read[-1].data["inwonend"]) == ("2026-03-20", None)
            types = Counter(event.type for event in facts(running, zaak))
            assert types[f"{ZGW}eigenschap-gezet.v1"] == 3
            assert types[f"{ZGW}eigenschap-verwijderd.v1"] == 1
            ids = [event.id for event in running.events(zaak["uuid"])]
            assert len(set(ids)) == len(ids)

    run(main)


@pytest.mark.parametrize("trail", [True, False])
def test_a_deleted_zaak_is_concluded_once_and_with_a_witness(tmp_path, trail):
    """404 with the API's own body, a destroy hint, and another zaak of the source answering: then it is deleted."""
    config = SimulatorConfig(storing=Storing(audittrail=trail))

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, config) as (running, form):
            zaak, _witness = await form.aangifte(), await form.aangifte()
            await quiet(running, form)
            before = len(facts(running, zaak))
            await form.call("DELETE", zaak["url"])
            await quiet(running, form)
            await nudge(running, zaak)
            await quiet(running, form)
            after = facts(running, zaak)[before:]
            assert [event.type for event in after] == [f"{ZGW}zaak-verwijderd.v1"]
            assert after[0].data["bewijs"] == "destroy-melding"

    run(main)


def test_a_zaak_that_is_gone_without_a_word_is_called_deleted_only_the_second_time(tmp_path):
    """The destroy notification was lost: twice not found, some time apart, is needed."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak, _witness = await form.aangifte(), await form.aangifte()
            await quiet(running, form)
            await form.storing(notificaties={"verlies": 1.0})
            await form.call("DELETE", zaak["url"])
            await nudge(running, zaak)
            await asyncio.sleep(0.1)
            assert facts(running, zaak)[-1].type != f"{ZGW}zaak-verwijderd.v1"
            await running.settled()
            assert facts(running, zaak)[-1].data["bewijs"] == "tweemaal-404"

    run(main)


def test_without_a_witness_nothing_is_called_deleted(tmp_path):
    """One zaak that is not found proves nothing about a source of which nothing else is known."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak = await form.aangifte()
            await quiet(running, form)
            await form.call("DELETE", zaak["url"])
            await form.app.delivery.idle()
            await asyncio.sleep(0.3)
            assert facts(running, zaak)[-1].type != f"{ZGW}zaak-verwijderd.v1"
            (fault,) = running.rows("SELECT fout FROM zaak_stand")
            assert "no other known zaak" in fault[0]

    run(main)


def test_a_source_that_is_away_loses_nothing(tmp_path):
    """Notifications are accepted while the source is down; when it returns the hub goes on by itself."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            await form.type("roltypen", "Initiator")
            zaak = await form.zaak()
            await form.storing(uit=True)
            await nudge(running, zaak)
            await asyncio.sleep(0.2)
            assert running.rows("SELECT 1 FROM zaak_stand WHERE vanaf IS NOT NULL")
            await form.storing(uit=False)
            await form.rol(zaak)
            await quiet(running, form)
            assert [event.id for event in facts(running, zaak)] == [e["uuid"] for e in await form.trail(zaak)]

    run(main)


def test_a_hub_that_was_stopped_goes_on_with_what_it_had_accepted(tmp_path):
    """What was accepted and not fetched is fetched by the next process, without a new notification."""

    async def main() -> None:
        config = SimulatorConfig()
        async with hub_en_zaaksysteem(tmp_path, config) as (running, form):
            zaak = await form.zaak()
            await quiet(running, form)
            await form.storing(uit=True)
            await nudge(running, zaak)
        async with hub_en_zaaksysteem(tmp_path, config) as (running, form):
            again = await form.zaak()
            assert again["uuid"] == zaak["uuid"], "the simulator's uuids follow from its seed"
            await quiet(running, form)
            assert Counter(event.type for event in facts(running, zaak))[f"{ZGW}zaak-geregistreerd.v1"] == 1
            assert running.rows("SELECT count(*) FROM zaak_melding WHERE afgehandeld_door IS NULL") == [(0,)]

    run(main)


def test_a_trail_that_is_refused_later_is_waited_for(tmp_path):
    """Once ids come from the trail they always do: losing the scope is an outage with an alarm, not another rule."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak = await form.aangifte()
            await quiet(running, form)
            await form.storing(audittrail=False)
            await form.resultaat(zaak)
            await form.app.delivery.idle()
            await asyncio.sleep(0.2)
            assert not [e for e in facts(running, zaak) if e.type == f"{ZGW}resultaat-gezet.v1"]
            assert "audittrails.lezen" in running.rows("SELECT fout FROM zaak_stand")[0][0]
            await form.storing(audittrail=True)
            await quiet(running, form)
            assert [event.id for event in facts(running, zaak)] == [e["uuid"] for e in await form.trail(zaak)]

    run(main)


def test_a_trail_that_may_be_read_later_makes_no_second_event(tmp_path):
    """The rule of a source is fixed at the first conclusion."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, SimulatorConfig(storing=Storing(audittrail=False))) as (running, form):
            zaak = await form.aangifte()
            await quiet(running, form)
            before = [event.id for event in running.events(zaak["uuid"])]
            await form.storing(audittrail=True)
            await nudge(running, zaak)
            await quiet(running, form)
            assert [event.id for event in running.events(zaak["uuid"])] == before

    run(main)


def test_the_declaration_is_read_whole_once_a_status_is_set(tmp_path):
    """While the e-form is still writing the declaration says it waits; the status says that all was sent."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak = await form.aangifte()
            await quiet(running, form)
            read = [e for e in running.events(zaak["uuid"]) if e.type == "nl.wissel.verhuisaangifte.gelezen.v1"]
            assert read[-1].data["volledig"] is True
            assert all(event.data["volledig"] is False for event in read[:-1])
            assert read[-1].data["nieuwAdresNummeraanduiding"] == "0114200000000001"
            assert read[-1].data["verhuisdatum"] == "2026-03-12"

    run(main)


def test_the_hub_subscribes_by_itself(tmp_path):
    """With ``abonneren`` the webhook is subscribed as soon as it listens, once, and notifications come in."""
    from zaak_voor_tests import AUTH, draaiende_hub, serving, zaak_settings

    from connectors.zaak.abonnement import abonneer
    from connectors.zaak.client import ZaakClient
    from connectors.zaak.simulator import create_app

    async def main() -> None:
        simulator = create_app(SimulatorConfig())
        async with serving(simulator) as base, draaiende_hub(tmp_path, {"emmen": zaak_settings(base)}) as running:
            settings = zaak_settings(
                f"{base}/emmen",
                secret=simulator.config.clients[0].secret,
                notificaties_api=f"{base}/emmen/notificaties/api/v1",
                abonneren=True,
                callback_url=f"{running.url}/webhooks/zaken/emmen",
            )
            client = ZaakClient(settings, gemeente="emmen")
            assert await abonneer(client) is True
            assert await abonneer(client) is False
            assert await abonneer(client, vernieuw=True) is True
            assert len(simulator.gemeenten["emmen"].abonnementen) == 1
            assert settings.verwachte_authorization == AUTH.encode()
            assert running.rows("SELECT kanaal, aantal FROM zaak_melding_overig") == [("test", 2)]
            await client.aclose()
            await simulator.delivery.close()

    run(main)
