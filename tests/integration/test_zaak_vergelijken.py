# SPDX-License-Identifier: EUPL-1.2
"""What no notification told is found by comparing, at a bounded cost, and nothing is concluded by it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from motor import tot
from zaak_voor_tests import Draaiend, Formulier, hub_en_zaaksysteem, vergelijk

from connectors.zaak import cli, rondes
from connectors.zaak.simulator import SimulatorConfig, Storing
from connectors.zaak.vullen import Vuller
from hub import admin
from hub.clock import to_microseconds

ZGW = "nl.overheid.zaken."
SET = "2026-03-11T09:00:00Z"
SILENT = {"verlies": 1.0}


def run(main: Any) -> None:
    asyncio.run(main())


def ids(running: Draaiend, zaak: dict[str, Any]) -> list[str]:
    source = running.hub.gemeenten["emmen"].source("zaaksysteem")
    return [event.id for event in running.events(zaak["uuid"]) if event.source == source]


async def quiet(running: Draaiend, form: Formulier) -> None:
    await form.app.delivery.idle()
    await running.settled()


async def assert_trails(running: Draaiend, form: Formulier, *zaken: dict[str, Any]) -> None:
    for zaak in zaken:
        assert ids(running, zaak) == [entry["uuid"] for entry in await form.trail(zaak)]


async def close(form: Formulier, zaak: dict[str, Any]) -> None:
    await form.resultaat(zaak)
    await form.status(zaak, "Afgehandeld", SET)


def answer(result: Any) -> Any:
    """Return the JSON a command printed last; the hub in the same process logs before it."""
    return json.loads(result.stdout.strip().splitlines()[-1])


def asked(form: Formulier) -> int:
    """Requests the simulator got about zaken, but for those of the form itself."""
    return sum(
        count
        for what, count in form.app.requests.items()
        if "/zaken" in what and what.startswith(("GET", "POST /zaken/zaken/_"))
    )


@pytest.mark.usefixtures("store")
def test_three_days_of_silence_are_repaired_completely(tmp_path):
    """New, changed, closed, reopened, taken over and destroyed, and nobody told: afterwards every stream is its trail."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            changed, closed, doomed, old = [await form.aangifte() for _ in range(4)]
            rol = await form.rol(
                changed,
                betrokkeneType="medewerker",
                betrokkeneIdentificatie={"identificatie": "jd"},
                roltype=await form.type("roltypen", "Uitvoerende"),
            )
            await close(form, old)
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            await form.call("DELETE", rol["url"])
            await form.rol(
                changed,
                betrokkeneType="medewerker",
                betrokkeneIdentificatie={"identificatie": "pk"},
                roltype=await form.type("roltypen", "Uitvoerende"),
            )
            await close(form, closed)
            await form.call("DELETE", doomed["url"])
            await form.status(old, "Verhuizing in behandeling", "2026-03-11T11:00:00Z")
            new, new_and_closed = await form.aangifte(), await form.aangifte()
            await close(form, new_and_closed)
            counts = await vergelijk(running)
            assert (counts["nieuw"], counts["verschil"], counts["verdwenen"]) == (2, 2, 2)
            await running.settled()
            await assert_trails(running, form, changed, closed, old, new, new_and_closed)
            assert running.events(doomed["uuid"])[-1].data["bewijs"] == "tweemaal-404"
            again = await vergelijk(running)
            assert again.keys().isdisjoint({"nieuw", "verschil", "verdwenen", "niet gemeld"})

    run(main)


def test_comparing_costs_little_more_than_a_request_per_open_zaak(tmp_path):
    """With one in a hundred missed: every missed one found, at most 1.3 requests a zaak, counted at the other side."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaken = [await form.zaak() for _ in range(100)]
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            await form.call("PATCH", zaken[41]["url"], {"toelichting": "heimelijk"})
            before = asked(form)
            await vergelijk(running)
            await running.settled()
            assert (asked(form) - before) / len(zaken) <= 1.3
            await assert_trails(running, form, *zaken)

    run(main)


@pytest.mark.parametrize("expand", [True, False])
def test_what_leaves_no_trail_is_found_too(tmp_path, expand):
    """Open Zaak audits no change of an eigenschap: seen in the list with expand, else in the eigenschappen themselves."""
    config = SimulatorConfig(storing=Storing(audittrail_gaten=True, uitklappen=expand))

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, config) as (running, form):
            zaak, other = await form.zaak(), await form.zaak()
            eigenschap = await form.eigenschap(zaak, "VERHUISDATUM", "2026-03-12")
            await form.eigenschap(other, "VERHUISDATUM", "2026-03-12")
            await quiet(running, form)
            assert "verschil" not in await vergelijk(running)
            await form.storing(notificaties=SILENT)
            await form.call("PATCH", eigenschap["url"], {"waarde": "2026-03-20"})
            assert (await vergelijk(running))["verschil"] == 1
            await running.settled()
            assert Counter(event.type for event in running.events(zaak["uuid"]))[f"{ZGW}eigenschap-gezet.v1"] == 2

    run(main)


@pytest.mark.parametrize("expand", [True, False])
def test_a_forced_edit_and_a_destruction_of_closed_zaken_are_found_on_the_slow_cycle(tmp_path, expand):
    """No list tells of them: the closed ones we know are searched by uuid."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, SimulatorConfig(storing=Storing(uitklappen=expand))) as (running, form):
            zaken = [await form.aangifte() for _ in range(3)]
            for zaak in zaken:
                await close(form, zaak)
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            await form.call("PATCH", zaken[0]["url"], {"toelichting": "na sluiting verbeterd"})
            await form.call("DELETE", zaken[1]["url"])
            assert "verschil" not in await vergelijk(running, "open")
            counts = await vergelijk(running, "gesloten")
            assert (counts["verschil"], counts["verdwenen"]) == (1, 1)
            await running.settled()
            await assert_trails(running, form, zaken[0], zaken[2])
            assert running.events(zaken[1]["uuid"])[-1].type == f"{ZGW}zaak-verwijderd.v1"

    run(main)


def test_a_moment_of_last_change_spares_requests_only_when_asked_since(tmp_path):
    """laatstGemuteerd narrows `--since`; without that every trail is read, whatever the field says."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, SimulatorConfig(laatst_gemuteerd=True)) as (running, form):
            for _ in range(10):
                await form.zaak()
            await quiet(running, form)
            whole = await vergelijk(running)
            since = (running.hub.clock.now() + timedelta(hours=1)).isoformat()
            assert (await vergelijk(running, sinds=since))["verzoeken"] < whole["verzoeken"] - 8
            assert "verdwenen" not in await vergelijk(running, sinds=since)

    run(main)


def test_a_source_that_goes_away_halfway_is_waited_for_and_not_stormed(tmp_path):
    """The round goes on where it was; while the source is away it gets a handful of tries, not one per zaak."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, langste_pauze_s=0.4) as (running, form):
            zaken = [await form.zaak() for _ in range(60)]
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            for zaak in zaken[::3]:
                await form.call("PATCH", zaak["url"], {"toelichting": "heimelijk"})
            await form.storing(uit=True)
            round_ = asyncio.create_task(vergelijk(running))
            await asyncio.sleep(1.0)
            refused = form.app.refused
            assert 1 <= refused <= 12
            await form.storing(uit=False)
            counts = await round_
            await running.settled()
            assert counts["zaken"] == 60
            await assert_trails(running, form, *zaken)

    run(main)


@pytest.mark.usefixtures("store")
def test_a_round_that_was_cut_off_is_done_again(tmp_path):
    """The hub was killed while it compared: the next one takes the round up without being asked."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak = await form.zaak()
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            await form.call("PATCH", zaak["url"], {"toelichting": "heimelijk"})
            now_us = to_microseconds(running.hub.clock.now())
            number = await running.hub.write(lambda tx: rondes.vraag(tx, "emmen", "open", now_us=now_us))
            await running.hub.write(lambda tx: rondes.begin(tx, "emmen", number, now_us))
            await tot(lambda: running.hub.read_now(lambda tx: rondes.ronde(tx, "emmen", number)).toestand == "klaar")
            await running.settled()
            await assert_trails(running, form, zaak)

    run(main)


def test_an_operator_compares_now_and_sees_how_far_it_is(tmp_path, monkeypatch):
    """`wissel zaak reconcile`, of everything and of one zaak, through the socket of the running hub."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak, silent = await form.zaak(), None
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            silent = await form.zaak()
            await form.call("PATCH", zaak["url"], {"toelichting": "heimelijk"})
            monkeypatch.setattr(cli, "load", lambda _path: running.loaded)
            server = await admin.listen(running.hub)
            try:
                one = await asyncio.to_thread(CliRunner().invoke, cli.zaak, ["reconcile", "--zaak", zaak["uuid"], "--json"])
                assert answer(one)[0]["klaar"] is True
                await assert_trails(running, form, zaak)
                every = await asyncio.to_thread(CliRunner().invoke, cli.zaak, ["reconcile", "--json"])
                found = {item["soort"]: item for item in answer(every)}
                assert found["open"]["telling"]["nieuw"] == 1
                assert found["gesloten"]["toestand"] == "klaar"
                wrong = await asyncio.to_thread(CliRunner().invoke, cli.zaak, ["reconcile", "--gemeente", "elders"])
                assert wrong.exit_code == 1
                assert "bekend zijn: emmen" in wrong.output
            finally:
                server.close()
            await running.settled()
            await assert_trails(running, form, zaak, silent)

    run(main)


# ---------------------------------------------------------------------------------------------------------- filling


@pytest.mark.usefixtures("store")
def test_what_was_there_before_is_filled_in_whole_and_in_order(tmp_path):
    """Open and closed zaken from before the hub began: their streams are their trails; once is enough."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, vullen_per_s=10_000) as (running, form):
            await form.storing(notificaties=SILENT)
            days = ["2024-01-15", "2024-02-01", "2025-06-30", "2026-03-01"]
            zaken = [await form.zaak(registratiedatum=day) for day in days for _ in range(3)]
            await close(form, zaken[0])
            assert await vergelijk(running, "vullen", tot="2025-12-31") == {"zaken": 9, "opgehaald": 9}
            await running.settled()
            await assert_trails(running, form, *zaken[:9])
            assert await vergelijk(running, "vullen") == {"zaken": 12, "opgehaald": 3}
            await running.settled()
            await assert_trails(running, form, *zaken)

    run(main)


def test_filling_goes_on_where_it_was_cut_off(tmp_path):
    """What was done before the cut is not looked at again."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, vullen_per_s=10_000) as (running, form):
            await form.storing(notificaties=SILENT)
            for day in ("2024-01-15", "2024-06-01", "2025-06-30"):
                await form.zaak(registratiedatum=day)
            (bron,) = running.connector._of(running.hub).bronnen.values()
            done = rondes.Ronde(
                nummer=1,
                soort="vullen",
                vraag={},
                haast=False,
                gevraagd_op=0,
                begonnen_op=0,
                klaar_op=None,
                toestand="loopt",
                telling={"zaken": 1, "opgehaald": 1},
                cursor="2024-03-31",
                uitleg=None,
            )
            counts = await Vuller(running.hub, bron).doe(done)
            assert counts == {"zaken": 3, "opgehaald": 3}
            assert running.rows("SELECT count(*) FROM zaak_stand") == [(2,)]
            await running.settled()

    run(main)


def test_a_notification_does_not_wait_behind_the_filling(tmp_path):
    """However many zaken are still to be filled in, only a handful waits to be fetched at any moment."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, vullen_per_s=10_000, gelijktijdig=2) as (running, form):
            live = await form.zaak()
            await quiet(running, form)
            await form.storing(notificaties=SILENT)
            for _ in range(30):
                await form.zaak(registratiedatum="2025-01-01")
            await form.storing(notificaties={"verlies": 0.0}, vertraging_s=0.05)
            filling = asyncio.create_task(vergelijk(running, "vullen"))
            await asyncio.sleep(0.5)
            entry = await form.call("PATCH", live["url"], {"toelichting": "nu"})
            assert entry
            await tot(lambda: len(ids(running, live)) == 2, hoogstens_s=2)
            assert not filling.done()
            assert running.rows("SELECT count(*) FROM zaak_stand WHERE vanaf IS NOT NULL")[0][0] <= 5
            await form.storing(vertraging_s=0.0)
            assert (await filling)["opgehaald"] == 30
            await running.settled()

    run(main)
