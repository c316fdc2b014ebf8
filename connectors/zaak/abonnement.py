# SPDX-License-Identifier: EUPL-1.2
"""Watches over our subscription at the Notificaties API: that it is there, with our address, kanalen and no filter.

The API never shows the ``auth`` of a subscription. So a fingerprint of what we subscribed with is kept: another value in
the settings makes a new subscription. With ``abonneren`` the hub repairs what is wrong, else it says so.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import structlog

from connectors.zaak import bewaking, rondes
from connectors.zaak.client import ZaakClient, resource_key
from connectors.zaak.lezen import KANAAL
from hub.clock import to_microseconds
from hub.errors import HubError
from hub.plugins import Hub, Tx

log = structlog.get_logger("wissel.zaak.abonnement")
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_ANY: Final = "*"


class Abonnementswacht:
    """Looks every ``abonnement_s``, and soon again while it does not succeed: the other side tests our webhook first."""

    def __init__(self, hub: Hub, client: ZaakClient) -> None:
        self._hub = hub
        self._client = client
        self._slug = client.gemeente
        self._pause_s = _FIRST_PAUSE_S

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.kijk()
            except HubError as error:
                await self._failed(error)
                await asyncio.sleep(self._pause_s)
                self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
                continue
            self._pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(self._client.settings.abonnement_s)

    async def kijk(self) -> bool:
        """Look, and repair what is wrong where that is allowed; return True when the subscription was well."""
        wrong = gebrek(await eigen(self._client), self._client)
        print_now = _fingerprint(self._client)
        known = await self._hub.read(lambda tx: bewaking.vingerafdruk(tx, self._slug))
        if not wrong and known and known != print_now:
            wrong = "het draagt een andere Authorization dan in de instellingen staat"
        if not wrong:
            await self._hub.write(lambda tx: self._well(tx, known or print_now))
            return True
        if self._client.settings.abonneren:
            await abonneer(self._client, vernieuw=True)
            await self._hub.write(lambda tx: self._repaired(tx, print_now))
            log.warning("subscribed", gemeente=self._slug, reden=wrong)
            return False
        text = f"het abonnement van {self._slug} op meldingen is niet goed: {wrong}; maak het opnieuw, of zet abonneren = true"
        if await self._hub.write(lambda tx: bewaking.meld(tx, self._slug, "abonnement", text, self._now_us())):
            log.error("subscription_wrong", gemeente=self._slug, reden=wrong)
        return False

    async def _failed(self, error: HubError) -> None:
        log.warning("subscribing_failed", gemeente=self._slug, uitleg=str(error))
        text = f"het abonnement van {self._slug} op meldingen is niet na te gaan of te maken: {error}"
        await self._hub.write(lambda tx: bewaking.meld(tx, self._slug, "abonnement", text, self._now_us()))

    def _well(self, tx: Tx, fingerprint: str) -> None:
        bewaking.onthoud_vingerafdruk(tx, self._slug, fingerprint)
        bewaking.herstel(tx, self._slug, "abonnement")

    def _repaired(self, tx: Tx, fingerprint: str) -> None:
        """Compare once it stands again: what was told meanwhile did not reach us."""
        self._well(tx, fingerprint)
        rondes.vraag(tx, self._slug, "open", now_us=self._now_us())

    def _now_us(self) -> int:
        return to_microseconds(self._hub.clock.now())


async def eigen(client: ZaakClient) -> list[dict[str, Any]]:
    """Return the subscriptions for our callback."""
    return [item async for item in client.pages("notificaties", "abonnement") if _is_ours(item, client)]


def gebrek(own: Sequence[dict[str, Any]], client: ZaakClient) -> str:
    """Return what is wrong with our subscriptions, empty when there is one and it brings everything."""
    if not own:
        return "er is geen abonnement op onze webhook"
    if len(own) > 1:
        return f"er zijn {len(own)} abonnementen op onze webhook"
    kanalen = {str(kanaal.get("naam", "")): kanaal.get("filters") or {} for kanaal in own[0].get("kanalen", ())}
    if missing := sorted({KANAAL, *client.settings.kanalen} - kanalen.keys()):
        return f"kanaal {', '.join(missing)} ontbreekt"
    narrow = sorted(name for name, value in kanalen[KANAAL].items() if value != _ANY)
    return f"het filtert kanaal {KANAAL} op {', '.join(narrow)}" if narrow else ""


async def abonneer(client: ZaakClient, *, vernieuw: bool = False) -> bool:
    """Make sure there is one subscription for our callback; return True when one was made.

    ``vernieuw``: make it anew although there is one. Copies for the same callback are taken away.
    """
    own = await eigen(client)
    stay = [] if vernieuw else own[:1]
    if not stay:  # the new one first: between the two nothing is told to nobody
        await client.post("notificaties", "abonnement", _body(client))
    for item in own[len(stay) :]:
        await client.delete("notificaties", resource_key(str(item["url"])))
    return not stay


def _is_ours(item: dict[str, Any], client: ZaakClient) -> bool:
    return item.get("callbackUrl") == client.settings.callback_url


def _body(client: ZaakClient) -> dict[str, Any]:
    names = dict.fromkeys((KANAAL, *client.settings.kanalen))
    return {
        "callbackUrl": client.settings.callback_url,
        "auth": client.settings.verwachte_authorization.decode(),
        "kanalen": [{"naam": name, "filters": {}} for name in names],
    }


def _fingerprint(client: ZaakClient) -> str:
    return hashlib.sha256(client.settings.verwachte_authorization).hexdigest()
