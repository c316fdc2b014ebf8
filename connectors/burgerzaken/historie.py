# SPDX-License-Identifier: EUPL-1.2
"""Client of Haal Centraal BRP verblijfplaatshistorie 2.x, where the gateway offers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from connectors.burgerzaken.http import Bron, Verzoek
from connectors.burgerzaken.settings import Doel
from connectors.burgerzaken.velden import filter_verblijfplaats
from hub.errors import SourceContractBroken
from hub.privacy import Bsn

_TYPE: Final = "RaadpleegMetPeriode"


class HistorieClient:
    """Reads earlier addresses of one person. ``POST /verblijfplaatshistorie`` only."""

    def __init__(self, bron: Bron) -> None:
        self._bron = bron

    async def in_periode(
        self, bsn: Bsn, *, van: date, tot: date, doel: Doel, traceparent: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the verblijfplaatsen from ``van`` to (not including) ``tot``, newest first, filtered."""
        body = {
            "type": _TYPE,
            "burgerservicenummer": bsn.reveal(),
            "datumVan": van.isoformat(),
            "datumTot": tot.isoformat(),
        }
        antwoord = await self._bron.lees(
            Verzoek(method="POST", path="/verblijfplaatshistorie", json=body, doel=doel, traceparent=traceparent)
        )
        return [filter_verblijfplaats(row, doel.velden) for row in read_historie(antwoord.json)]


def read_historie(body: Any) -> list[Mapping[str, Any]]:
    """Return the rows of an answer. Raises SourceContractBroken when it is none."""
    rows = body.get("verblijfplaatsen") if isinstance(body, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise SourceContractBroken("historie: the answer has no list `verblijfplaatsen`")
    return rows
