# SPDX-License-Identifier: EUPL-1.2
"""Subscribes the webhook to kanaal ``zaken`` of the Notificaties API, and keeps it subscribed.

The API never shows the ``auth`` of a subscription, so that what stands there cannot be compared with our settings: a
subscription for our callback counts as good, and ``vernieuw`` replaces it, e.g. after the value was changed.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from connectors.zaak.client import ZaakClient, resource_key
from connectors.zaak.webhook import KANAAL
from hub.errors import HubError

log = structlog.get_logger("wissel.zaak.abonnement")
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_LOOK_AGAIN_S: Final = 3600.0


async def houd_geabonneerd(client: ZaakClient) -> None:
    """Subscribe as soon as the other side agrees, and look again every hour; runs until cancelled.

    The first tries may fail: the other side tests our webhook, which may not listen yet.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            made = await abonneer(client)
        except HubError as error:
            log.warning("subscribing_failed", gemeente=client.gemeente, uitleg=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            continue
        log.info("subscribed", gemeente=client.gemeente, nieuw=made)
        pause_s = _FIRST_PAUSE_S
        await asyncio.sleep(_LOOK_AGAIN_S)


async def abonneer(client: ZaakClient, *, vernieuw: bool = False) -> bool:
    """Make sure there is one subscription for our callback; return True when one was made.

    ``vernieuw``: make it anew although there is one. Copies for the same callback are taken away.
    """
    own = await eigen(client)
    stay = [] if vernieuw else own[:1]
    for item in own[len(stay) :]:
        await client.delete("notificaties", resource_key(str(item["url"])))
    if not stay:
        await client.post("notificaties", "abonnement", _body(client))
    return not stay


async def eigen(client: ZaakClient) -> list[dict[str, Any]]:
    """Return the subscriptions for our callback."""
    return [item async for item in client.pages("notificaties", "abonnement") if _is_ours(item, client)]


def _is_ours(item: dict[str, Any], client: ZaakClient) -> bool:
    kanalen = {str(kanaal.get("naam", "")) for kanaal in item.get("kanalen", ())}
    return item.get("callbackUrl") == client.settings.callback_url and KANAAL in kanalen


def _body(client: ZaakClient) -> dict[str, Any]:
    return {
        "callbackUrl": client.settings.callback_url,
        "auth": client.settings.verwachte_authorization.decode(),
        "kanalen": [{"naam": KANAAL, "filters": {}}],
    }
