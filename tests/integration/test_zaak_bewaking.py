# SPDX-License-Identifier: EUPL-1.2
"""The hub sees it when it is no longer told: a subscription that is gone or narrowed, and notifications that stay away."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from motor import tot
from zaak_voor_tests import Draaiend, Formulier, draaiende_hub, hub_en_zaaksysteem, serving, zaak_settings

from connectors.zaak.abonnement import Abonnementswacht
from connectors.zaak.client import ZaakClient
from connectors.zaak.simulator import SimulatorConfig, create_app

SILENT = {"verlies": 1.0}


@asynccontextmanager
async def wacht(folder: Any, **settings: Any) -> Any:
    """A hub and a zaaksysteem, and a watch over the subscription that looks when the test says so."""
    simulator = create_app(SimulatorConfig())
    async with serving(simulator) as base, draaiende_hub(folder, {"emmen": zaak_settings(base)}) as running:
        found = zaak_settings(
            f"{base}/emmen",
            secret=simulator.config.clients[0].secret,
            notificaties_api=f"{base}/emmen/notificaties/api/v1",
            callback_url=f"{running.url}/webhooks/zaken/emmen",
            **settings,
        )
        client = ZaakClient(found, gemeente="emmen")
        yield (
            running,
            simulator.gemeenten["emmen"],
            Abonnementswacht(running.hub, client),
            Formulier(simulator, client_id="wissel"),
        )
        await client.aclose()
        await simulator.delivery.close()


def storingen(running: Draaiend) -> list[str]:
    return list(running.hub.stand("emmen").storingen)


@pytest.mark.usefixtures("store")
def test_a_subscription_that_is_gone_is_made_again_where_that_is_allowed(tmp_path):
    """And what was told meanwhile is looked for."""

    async def main() -> None:
        async with wacht(tmp_path, abonneren=True) as (running, gemeente, watch, form):
            assert await watch.kijk() is False
            assert await watch.kijk() is True
            await form.call("DELETE", next(iter(gemeente.abonnementen.values())).data["url"])
            assert await watch.kijk() is False
            assert len(gemeente.abonnementen) == 1
            assert running.rows("SELECT soort FROM zaak_ronde") == [("open",)]
            assert storingen(running) == []

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kanalen", "said"),
    [
        (None, "er is geen abonnement"),
        ([{"naam": "zaken", "filters": {"bronorganisatie": "000000000"}}], "filtert kanaal zaken op bronorganisatie"),
        ([{"naam": "zaaktypen", "filters": {}}], "kanaal zaken ontbreekt"),
    ],
)
def test_a_subscription_that_is_not_right_is_said_where_it_may_not_be_repaired(tmp_path, kanalen, said):
    """On the screen, in the log and as a metric; and taken back once somebody put it right."""

    async def main() -> None:
        async with wacht(tmp_path) as (running, gemeente, watch, form):
            settings = watch._client.settings
            body = {"callbackUrl": settings.callback_url, "auth": settings.verwachte_authorization.decode()}
            if kanalen is not None:
                made = await form.call("POST", "/notificaties/api/v1/abonnement", {**body, "kanalen": kanalen})
            assert await watch.kijk() is False
            assert said in storingen(running)[0]
            assert len(gemeente.abonnementen) == (kanalen is not None)
            right = {**body, "kanalen": [{"naam": "zaken", "filters": {"bronorganisatie": "*"}}]}
            if kanalen is not None:
                await form.call("DELETE", made["url"])
            await form.call("POST", "/notificaties/api/v1/abonnement", right)
            assert await watch.kijk() is True
            assert storingen(running) == []

    asyncio.run(main())


def test_another_authorization_in_the_settings_makes_a_new_subscription(tmp_path):
    """The API never shows what a subscription carries, so a fingerprint of what we sent is kept."""
    file = tmp_path / "webhook"
    file.write_text("Bearer hub")

    async def main() -> None:
        both = {"webhook_authorization": None, "webhook_authorization_bestand": str(file), "abonneren": True}
        async with wacht(tmp_path / "hub", **both) as (_running, gemeente, watch, _form):
            await watch.kijk()
            before = set(gemeente.abonnementen)
            file.write_text("Bearer hub\nBearer daarvoor-en-langer")
            assert await watch.kijk() is True
            file.write_text("Bearer heel-iets-anders\nBearer hub")
            with pytest.raises(Exception, match="refused with 400"):  # our own webhook does not know it yet
                await watch.kijk()
            assert set(gemeente.abonnementen) == before, "the one that works stays until another one does"

    asyncio.run(main())


@pytest.mark.usefixtures("store")
def test_notifications_that_stay_away_are_seen_by_the_trails(tmp_path):
    """Half of what happened to a zaak was never told: counted, said, and a comparison asked for."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, gat_na_s=0.2) as (running, form):
            zaak, other = await form.zaak(), await form.zaak()
            await form.app.delivery.idle()
            await running.settled()
            await asyncio.sleep(0.5)
            assert storingen(running) == []
            await form.storing(notificaties=SILENT)
            await form.call("PATCH", zaak["url"], {"toelichting": "heimelijk"})
            await form.call("PATCH", other["url"], {"toelichting": "ook heimelijk"})
            await form.storing(notificaties={"verlies": 0.0})
            await form.call("PATCH", zaak["url"], {"toelichting": "hardop"})
            await tot(lambda: storingen(running))
            assert "van 1 wijzigingen kwam geen melding" in storingen(running)[0]
            await tot(lambda: running.rows("SELECT 1 FROM zaak_ronde WHERE toestand = 'klaar'"))
            await running.settled()
            for found in (zaak, other):
                trail = await form.trail(found)
                assert [e.id for e in running.events(found["uuid"]) if e.source.endswith("zaaksysteem")] == [
                    e["uuid"] for e in trail
                ]

    asyncio.run(main())


def test_notifications_that_are_only_late_are_no_alarm(tmp_path):
    """A trail tells of changes before their notifications are in."""

    async def main() -> None:
        config = SimulatorConfig()
        async with hub_en_zaaksysteem(tmp_path, config, gat_na_s=0.8) as (running, form):
            await form.storing(notificaties={"vertraging_max_s": 0.3, "herordenen": 1.0})
            for _ in range(3):
                await form.aangifte()
            await form.app.delivery.idle()
            await running.settled()
            await asyncio.sleep(1.2)
            assert storingen(running) == []

    asyncio.run(main())
