# SPDX-License-Identifier: EUPL-1.2
"""The connector as the hub sees it: its rooms in the store, webhook, executors and services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

import httpx
from pydantic import BaseModel

from connectors.zaak import bewaking, gezondheid, inbox, postvak, rondes
from connectors.zaak.abonnement import Abonnementswacht
from connectors.zaak.bediening import Bediening
from connectors.zaak.client import ZaakClient
from connectors.zaak.fetch import Bron, Ophaaldienst
from connectors.zaak.mappingwacht import Mappingwacht
from connectors.zaak.outbound import schrijvers
from connectors.zaak.settings import ZaakSettings
from connectors.zaak.vergelijken import Vergelijker
from connectors.zaak.vullen import Vuller
from connectors.zaak.webhook import webhook
from connectors.zaak.zoeken import ZoekZaken
from hub.clock import from_microseconds, to_microseconds
from hub.plugins import Action, Connector, Executor, Hub, ReadTx, Service, Tx
from hub.postvak import Wachtend
from hub.verbinding import Controle, Verbinding


class _Draaiend:
    """What belongs to one running hub: per gemeente its source and the service that fetches."""

    def __init__(self, hub: Hub, transport: httpx.AsyncBaseTransport | None) -> None:
        self.bronnen = {
            slug: Bron(gemeente, ZaakClient(settings, gemeente=slug, transport=transport))
            for slug, gemeente in hub.gemeenten.items()
            if isinstance(settings := gemeente.plugins.get(ZaakConnector.name), ZaakSettings)
        }
        self.diensten = {slug: Ophaaldienst(hub, bron) for slug, bron in self.bronnen.items()}
        self._clock = hub.clock
        self._gemeld: dict[str, datetime | None] = {}
        self.vergelijkers = {slug: Vergelijker(hub, bron) for slug, bron in self.bronnen.items()}
        self.vullers = {slug: Vuller(hub, bron) for slug, bron in self.bronnen.items()}

    async def neem_aan(self, gemeente: str, notificatie: inbox.Notificatie, received_us: int) -> bool:
        """Store a notification, and let the service of its gemeente fetch what it is about."""
        new = await self.diensten[gemeente].neem_aan(notificatie, received_us)
        self._gemeld[gemeente] = self._clock.now()
        return new

    def laatste_meldingen(self, tx: ReadTx) -> Mapping[str, datetime | None]:
        """Return when each gemeente's zaaksysteem last notified us; what came before this process is looked up once."""
        for slug in self.bronnen.keys() - self._gemeld.keys():
            last_us = inbox.laatste_melding(tx, slug)
            self._gemeld.setdefault(slug, from_microseconds(last_us) if last_us else None)
        return self._gemeld

    def wake_all(self, gemeente: str) -> None:
        """Tell every service of a gemeente that an operator asked something."""
        self.diensten[gemeente].wake()
        self.vergelijkers[gemeente].wake()


class ZaakConnector:
    """See ``hub.plugins.Connector``. One per process; what runs is kept per hub.

    ``transport``: how the zaaksysteem is reached instead of over the network, e.g. an app in the same process.
    """

    name: str = "zaak"
    settings_model: type[BaseModel] = ZaakSettings
    tables: str = inbox.TABLES + rondes.TABLES + bewaking.TABLES

    def __init__(self, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._running: WeakKeyDictionary[Hub, _Draaiend] = WeakKeyDictionary()

    def routes(self, hub: Hub) -> Sequence[Any]:
        """Return the webhook."""
        running = self._of(hub)
        settings = {slug: bron.settings for slug, bron in running.bronnen.items()}
        return [webhook(hub, settings, running.neem_aan)]

    def executors(self, hub: Hub) -> Mapping[str, Executor]:
        """Return the executor per soort opdracht."""
        bronnen = self._of(hub).bronnen
        return {"zoek-zaken": ZoekZaken(hub, bronnen), **schrijvers(bronnen)}

    def services(self, hub: Hub) -> Mapping[str, Service]:
        """Return per gemeente the services that fetch, that look for what was lost, and that keep us subscribed."""
        running = self._of(hub)
        found: dict[str, Service] = {f"ophalen-{slug}": dienst.run for slug, dienst in running.diensten.items()}
        for slug, bron in running.bronnen.items():
            found[f"vergelijken-{slug}"] = running.vergelijkers[slug].run
            found[f"mapping-{slug}"] = Mappingwacht(hub, bron).run
            found[f"vullen-{slug}"] = running.vullers[slug].run
            if bron.settings.notificaties_api and bron.settings.callback_url:
                found[f"abonnement-{slug}"] = Abonnementswacht(hub, bron.client).run
        return found

    def wake(self, hub: Hub) -> None:
        """Look at once for notifications that were stored, here or in another process."""
        for dienst in self._of(hub).diensten.values():
            dienst.wake()

    async def close(self, hub: Hub) -> None:
        """Close the connections to the zaaksystemen."""
        if running := self._running.pop(hub, None):
            for bron in running.bronnen.values():
                await bron.client.aclose()

    def actions(self, hub: Hub) -> Mapping[str, Action]:
        """Return what ``wissel zaak ...`` asks of the running hub."""
        running = self._of(hub)
        return Bediening(hub, running.bronnen, running.wake_all).actions()

    def storingen(self, tx: ReadTx, gemeente: str) -> Sequence[str]:
        """Return what is wrong with the subscription, the notifications or the mapping of a gemeente."""
        return bewaking.storingen(tx, gemeente)

    def backlog(self, tx: ReadTx) -> int:
        """Return how many notifications are not settled yet."""
        return inbox.achterstand(tx)

    def unsettled_hints(self, tx: ReadTx, zaak: str, before: datetime) -> bool:
        """Return True when a notification about ``zaak`` received before ``before`` is not settled (R12)."""
        return inbox.onafgehandeld(tx, zaak, to_microseconds(before))

    def wachtend(self, tx: ReadTx) -> Sequence[Wachtend]:
        """Return what of the inbox waits for a person (``hub.postvak.Postvak``)."""
        return postvak.wachtend(tx)

    def probeer_opnieuw(self, hub: Hub, tx: Tx, wachtend_id: str, now_us: int) -> bool:
        """Fetch a zaak now, or read a notification again."""
        return postvak.probeer_opnieuw(hub, tx, wachtend_id, now_us)

    def sla_over(self, tx: Tx, wachtend_id: str) -> bool:
        """Leave an entry of the inbox out for good."""
        return postvak.sla_over(tx, wachtend_id)

    def verbindingen(self, hub: Hub, tx: ReadTx) -> Sequence[Verbinding]:
        """Return how each zaaksysteem is and how it notifies us (``hub.verbinding.Verbonden``)."""
        running = self._of(hub)
        missed = {slug: vergelijker.gemist for slug, vergelijker in running.vergelijkers.items()}
        return gezondheid.verbindingen(running.bronnen, running.laatste_meldingen(tx), missed)

    async def nakijken(self, hub: Hub) -> Sequence[Controle]:
        """Ask each zaaksysteem whether it answers, and whether we are subscribed."""
        return await gezondheid.nakijken(self._of(hub).bronnen)

    def _of(self, hub: Hub) -> _Draaiend:
        found = self._running.get(hub)
        if found is None:
            found = self._running[hub] = _Draaiend(hub, self._transport)
        return found


CONNECTOR: Final[Connector] = ZaakConnector()
