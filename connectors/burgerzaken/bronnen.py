# SPDX-License-Identifier: EUPL-1.2
"""The sources of each gemeente, made once and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import httpx

from connectors.burgerzaken.bag import BagClient
from connectors.burgerzaken.bewoning import BewoningClient
from connectors.burgerzaken.brp import BrpClient
from connectors.burgerzaken.historie import HistorieClient
from connectors.burgerzaken.http import Bron
from connectors.burgerzaken.settings import BronNaam, BurgerzakenSettings
from connectors.burgerzaken.update import UpdateClient
from connectors.burgerzaken.verwerking import VerwerkingClient
from hub.errors import Refused
from hub.plugins import Gemeente
from hub.privacy import Bsn

NAAM: Final = "burgerzaken"


class Bronnen:
    """The clients of one gemeente. ``historie``, ``update`` and ``verwerking`` are None where they are not offered.

    ``geschreven`` is set by a write, so that the reader of changes looks for its confirmation soon.
    """

    def __init__(self, settings: BurgerzakenSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        self._transport = transport
        self._open: list[Bron] = []
        self.geschreven = asyncio.Event()
        self.brp = BrpClient(self._bron("brp", settings.brp_url))
        self.bewoning = BewoningClient(self._bron("bewoning", settings.bewoning_url))
        self.historie = HistorieClient(self._bron("historie", settings.historie_url)) if settings.historie_url else None
        self.update = UpdateClient(self._bron("update", settings.update_url)) if settings.update_url else None
        self.bag = BagClient(self._bron("bag", settings.bag_url))
        url = settings.verwerking_url
        self.verwerking = VerwerkingClient(self._bron("verwerking", url)) if url else None

    def _bron(self, naam: BronNaam, url: str) -> Bron:
        bron = Bron(naam, url, self.settings, transport=self._transport)
        self._open.append(bron)
        return bron

    async def volg(self, bsn: Bsn, *, tot_en_met: date, traceparent: str | None = None) -> None:
        """Ask the registry to report changes of this person; where it reports them unasked (StUF) there is nothing to ask."""
        if self.update is not None:
            await self.update.volg(bsn, tot_en_met=tot_en_met, traceparent=traceparent)

    @property
    def alle(self) -> Sequence[Bron]:
        """Return every source of this gemeente."""
        return tuple(self._open)

    async def aclose(self) -> None:
        """Close all connections."""
        for bron in self._open:
            await bron.aclose()


class Bronnenkast:
    """The sources of every gemeente that has this connector configured."""

    def __init__(self, gemeenten: Mapping[str, Gemeente]) -> None:
        self._bronnen = {
            slug: Bronnen(settings)
            for slug, gemeente in gemeenten.items()
            if isinstance(settings := gemeente.plugins.get(NAAM), BurgerzakenSettings)
        }

    def van(self, gemeente: str) -> Bronnen:
        """Return the sources of ``gemeente``. Refused when it has none."""
        try:
            return self._bronnen[gemeente]
        except KeyError:
            raise Refused(f"gemeente {gemeente} has no sources: write [gemeenten.{gemeente}.{NAAM}] in the settings") from None

    @property
    def gemeenten(self) -> tuple[str, ...]:
        """Return the gemeenten that have sources."""
        return tuple(self._bronnen)

    @property
    def geduld_s(self) -> float:
        """Return the longest patience of any gemeente with a source that stays away."""
        return max((bronnen.settings.geduld_s for bronnen in self._bronnen.values()), default=3600.0)

    async def aclose(self) -> None:
        """Close all connections of all gemeenten."""
        for bronnen in self._bronnen.values():
            await bronnen.aclose()
