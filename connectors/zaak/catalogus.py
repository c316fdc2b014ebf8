# SPDX-License-Identifier: EUPL-1.2
"""What zaken point at in the Catalogi API, kept for a while: a zaaktype version changes rarely, its types are immutable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from connectors.zaak.client import BestaatNiet, ZaakClient, resource_key
from hub.errors import SourceContractBroken

Json = dict[str, Any]
_MOST_KEPT: Final = 5_000


class Catalogus:
    """Objects of the Catalogi API of one gemeente, by resource key, each asked once per ``catalogus_bewaren_s``."""

    def __init__(self, client: ZaakClient, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic_s = monotonic_s
        self._kept: dict[str, tuple[float, Json]] = {}
        self._asked: dict[str, asyncio.Lock] = {}

    async def get(self, url: str) -> Json:
        """Return a catalogue object; an empty one when the catalogue no longer has it."""
        key = resource_key(url)
        if not key:
            return {}
        async with self._asked.setdefault(key, asyncio.Lock()):
            fresh = self._fresh(key)
            if fresh is None:
                fresh = await self._fetch(key)
                self._kept[key] = (self._monotonic_s(), fresh)
                self._bound()
        return fresh

    async def of_zaaktype(self, zaaktype_url: str, soort: str) -> list[Json]:
        """Return its statustypen, resultaattypen or roltypen (``soort``), as the zaaktype lists them."""
        zaaktype = await self.get(zaaktype_url)
        urls = zaaktype.get(soort)
        if not isinstance(urls, list):
            raise SourceContractBroken(f"the zaaktype of a zaak of {self._client.gemeente} has no list of {soort}")
        return list(await asyncio.gather(*(self.get(str(url)) for url in urls)))

    def _fresh(self, key: str) -> Json | None:
        kept = self._kept.get(key)
        if kept is None or self._monotonic_s() - kept[0] > self._client.settings.catalogus_bewaren_s:
            return None
        return kept[1]

    async def _fetch(self, key: str) -> Json:
        try:
            return await self._client.object("catalogi", key)
        except BestaatNiet:
            return {}

    def _bound(self) -> None:
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
            self._asked = {key: lock for key, lock in self._asked.items() if lock.locked()}
