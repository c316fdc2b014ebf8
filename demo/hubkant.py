# SPDX-License-Identifier: EUPL-1.2
"""What the hub says, asked through its public API, with patience for a hub that was killed and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx

from demo.opzet import Opzet

Einde = Literal["verwerkt", "steekproef", "oranje", "rood", "wachtend"]
BEVESTIGD: Final = "nl.wissel.verhuisaangifte.verwerking-bevestigd.v1"
_PAUSE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Zaak:
    """One zaak as the hub shows it."""

    gemeente: str
    uuid: str
    body: Mapping[str, Any]

    @property
    def oordeel(self) -> Mapping[str, Any] | None:
        """The last decision, or None."""
        found: Mapping[str, Any] | None = self.body["beoordeling"]
        return found

    @property
    def kleur(self) -> str | None:
        """The colour as the story counts it: a zaak that waits for a date counts as wachtend only."""
        if self.oordeel is None:
            return None
        return "wachtend" if self.oordeel["aangehoudenTot"] else str(self.oordeel["kleur"])

    @property
    def bevestigd(self) -> bool:
        """True when the registry's own confirmation of the move has come in."""
        return any(event["type"] == BEVESTIGD for event in self.body["gebeurtenissen"])

    @property
    def einde(self) -> Einde | None:
        """How it ended as far as the machine goes, or None while it is under way."""
        if self.oordeel is None:
            return None
        if self.kleur in {"oranje", "rood", "wachtend"}:
            return self.kleur  # type: ignore[return-value]
        if self.oordeel["steekproef"]:
            return "steekproef"
        return "verwerkt" if self.body["resultaat"] and self.body["einddatum"] else None


class HubKant:
    """The hub's API with the demo's tokens."""

    def __init__(self, opzet: Opzet, client: httpx.AsyncClient) -> None:
        self._opzet = opzet
        self._client = client

    async def zaak(self, gemeente: str, uuid: str) -> Zaak | None:
        """Return a zaak, or None when the hub does not know it yet."""
        answer = await self._get(gemeente, f"/v1/zaken/{uuid}")
        return None if answer is None else Zaak(gemeente, uuid, answer)

    async def beoordeling(self, zaak: Zaak) -> Mapping[str, Any] | None:
        """Return the explanation of a zaak's last decision."""
        return await self._get(zaak.gemeente, f"/v1/beoordelingen/{zaak.oordeel['id']}") if zaak.oordeel else None

    async def stand(self, gemeente: str) -> Mapping[str, Any]:
        """Return where the hub stands."""
        return await self._get(gemeente, "/v1/stand") or {}

    async def _get(self, gemeente: str, path: str) -> Mapping[str, Any] | None:
        headers = {"Authorization": f"Bearer {self._opzet.token_of(gemeente)}"}
        while True:
            try:
                answer = await self._client.get(self._opzet.hub_url + path, headers=headers)
            except httpx.TransportError:  # killed: it is being started again
                await asyncio.sleep(_PAUSE_S)
                continue
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                await asyncio.sleep(_PAUSE_S)
                continue
            answer.raise_for_status()
            body: Mapping[str, Any] = answer.json()
            return body
