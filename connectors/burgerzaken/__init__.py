# SPDX-License-Identifier: EUPL-1.2
"""The connector to the civil registry: BRP through Haal Centraal, BAG, and the write port for a move.

Offers the opdrachten ``haal-adres``, ``haal-personen``, ``haal-bewoning``, ``verwerk-verhuizing``, ``lees-terug`` and
``stop-volgen``, and notices what the registry itself changes.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from connectors.burgerzaken import bediening, gezondheid, meldingen, oordelen, overdracht, volgen
from connectors.burgerzaken.bronnen import NAAM, Bronnenkast
from connectors.burgerzaken.opdracht_adres import HaalAdres
from connectors.burgerzaken.opdracht_bewoning import HaalBewoning
from connectors.burgerzaken.opdracht_personen import HaalPersonen
from connectors.burgerzaken.opdracht_teruglezen import LeesTerug
from connectors.burgerzaken.opdracht_verhuizing import VerwerkVerhuizing
from connectors.burgerzaken.opdracht_volgen import StopVolgen
from connectors.burgerzaken.settings import BurgerzakenSettings
from connectors.burgerzaken.stuf_ontvangst import webhook
from connectors.burgerzaken.wijzigingen import Wijzigingenlezer
from hub.plugins import Executor, Hub, ReadTx, Service, Tx
from hub.verbinding import Controle, Verbinding


class BurgerzakenConnector:
    """``hub.plugins.Connector`` of burgerzaken."""

    name: str = NAAM
    settings_model: type[BaseModel] = BurgerzakenSettings
    tables: str = volgen.TABLES + meldingen.TABLES + overdracht.TABLES + oordelen.TABLES

    def __init__(self) -> None:
        self._kasten: weakref.WeakKeyDictionary[Hub, Bronnenkast] = weakref.WeakKeyDictionary()

    def routes(self, hub: Hub) -> Sequence[Any]:
        """Return the webhooks for StUF-BG and for verdicts, where the registry of any gemeente sends these."""
        kast = self._kast(hub)
        stuf = {slug: found for slug in kast.gemeenten if (found := kast.van(slug).settings.stuf)}
        oordeel = {slug: door for slug in kast.gemeenten if (door := kast.van(slug).settings.oordelen)}
        messages = (webhook(hub, kast, stuf),) if stuf else ()
        return (*messages, *((oordelen.webhook(hub, oordeel),) if oordeel else ()))

    def executors(self, hub: Hub) -> Mapping[str, Executor]:
        """Return the executor of each soort opdracht."""
        kast = self._kast(hub)
        return {
            "haal-adres": HaalAdres(hub, kast),
            "haal-personen": HaalPersonen(hub, kast),
            "haal-bewoning": HaalBewoning(hub, kast),
            "verwerk-verhuizing": VerwerkVerhuizing(hub, kast),
            "stop-volgen": StopVolgen(hub, kast),
            "lees-terug": LeesTerug(hub, kast),
        }

    def services(self, hub: Hub) -> Mapping[str, Service]:
        """Return a reader of changes per gemeente."""
        kast = self._kast(hub)
        return {f"wijzigingen-{slug}": Wijzigingenlezer(hub, kast, hub.gemeenten[slug]).run for slug in kast.gemeenten}

    async def close(self, hub: Hub) -> None:
        """Close the connections to the sources."""
        if kast := self._kasten.pop(hub, None):
            await kast.aclose()

    def unsettled_hints(self, tx: ReadTx, zaak: str, before: datetime) -> bool:
        """Return True when a message about somebody ``zaak`` needs came in before ``before`` and still waits (R12)."""
        return meldingen.wacht_voor(tx, zaak, before)

    def backlog(self, tx: ReadTx) -> int:
        """Return how many messages of the registry wait until the person they are about was read."""
        return meldingen.aantal_open(tx)

    def vergeet(self, tx: Tx, gemeente: str, subject: str) -> None:
        """Follow a person no longer whose data are destroyed (``hub.vergeten.Vergeet``)."""
        volgen.vergeet(tx, gemeente, subject)

    def verbindingen(self, hub: Hub, tx: ReadTx) -> Sequence[Verbinding]:  # noqa: ARG002
        """Return how each source is (``hub.verbinding.Verbonden``)."""
        return gezondheid.verbindingen(self._kast(hub))

    async def nakijken(self, hub: Hub) -> Sequence[Controle]:
        """Ask every source whether it is there."""
        return await gezondheid.nakijken(self._kast(hub))

    def actions(self, hub: Hub) -> Mapping[str, bediening.Action]:
        """Return what an operator can ask (``hub.plugins.Bedienbaar``)."""
        return bediening.acties(hub, self._kast(hub))

    def _kast(self, hub: Hub) -> Bronnenkast:
        if hub not in self._kasten:
            self._kasten[hub] = Bronnenkast(hub.gemeenten)
        return self._kasten[hub]


CONNECTOR = BurgerzakenConnector()
