# SPDX-License-Identifier: EUPL-1.2
"""The write port: lay a verhuizing before the civil registry, over HTTP, idempotent by key.

No public write interface of a burgerzaken system was found, so the port is ours: ``schemas/openapi/
verwerking-verhuizing.yaml``. An adapter for a supplier implements that document, or this class is replaced by one that
keeps the same promise: the same key and body give the same answer and are carried out once. The answer only says that
it was accepted; that it was carried out is told by the registry itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.burgerzaken.http import Bron, Verzoek
from hub.errors import SourceContractBroken
from hub.privacy import Bsn

_PATH: Final = "/verhuizingen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verhuizer:
    """One person who moves, with the code of Logisch Ontwerp BRP element 72.10 (I, G, K, M, P, O or H)."""

    bsn: Bsn
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verhuizing:
    """What is laid before the registry. Dates ``YYYY-MM-DD``; ``door``: wissel or ambtenaar."""

    zaak: str
    verhuisdatum: str
    datum_aangifte: str
    adresseerbaar_object: str
    nummeraanduiding: str
    functie_adres: str
    verhuizers: Sequence[Verhuizer]
    door: str


@dataclass(frozen=True, slots=True)
class Verwerking:
    """Receipt: the registry's id of this request and how it stands."""

    id: str
    status: str


class VerwerkingClient:
    """Sends a verhuizing and asks how it stands."""

    def __init__(self, bron: Bron) -> None:
        self._bron = bron

    async def verwerk(self, verhuizing: Verhuizing, *, sleutel: str, traceparent: str | None = None) -> Verwerking:
        """Send it under idempotency key ``sleutel``. One try; the caller's ledger tries again.

        Raises SourceUnavailable, BronWeigert (409: the key was used for something else) and SourceContractBroken.
        """
        antwoord = await self._bron.schrijf(
            Verzoek(
                method="POST",
                path=_PATH,
                json=_body(verhuizing),
                koppen={"Idempotency-Key": sleutel},
                traceparent=traceparent,
            )
        )
        return _receipt(antwoord.json)

    async def status(self, verwerking_id: str) -> Verwerking:
        """Return how a request stands."""
        return _receipt((await self._bron.lees(Verzoek(method="GET", path=f"{_PATH}/{verwerking_id}"))).json)


def _body(verhuizing: Verhuizing) -> dict[str, Any]:
    return {
        "zaak": verhuizing.zaak,
        "verhuisdatum": verhuizing.verhuisdatum,
        "datumAangifte": verhuizing.datum_aangifte,
        "adresseerbaarObjectIdentificatie": verhuizing.adresseerbaar_object,
        "nummeraanduidingIdentificatie": verhuizing.nummeraanduiding,
        "functieAdres": verhuizing.functie_adres,
        "door": verhuizing.door,
        "verhuizers": [
            {"burgerservicenummer": verhuizer.bsn.reveal(), "code": verhuizer.code} for verhuizer in verhuizing.verhuizers
        ],
    }


def _receipt(body: Any) -> Verwerking:
    if not isinstance(body, Mapping) or not isinstance(body.get("verwerkingId"), str):
        raise SourceContractBroken("verwerking: the answer has no `verwerkingId`")
    return Verwerking(body["verwerkingId"], str(body.get("status", "")))
