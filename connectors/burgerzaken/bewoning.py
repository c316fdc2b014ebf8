# SPDX-License-Identifier: EUPL-1.2
"""Client of Haal Centraal BRP bewoning 2.x: who is registered at an adresseerbaar object on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from connectors.burgerzaken.http import Bron, Verzoek
from connectors.burgerzaken.settings import Doel
from hub.errors import SourceContractBroken
from hub.privacy import Bsn

_TYPE: Final = "BewoningMetPeildatum"


@dataclass(frozen=True, slots=True)
class Bewoner:
    """A (possible) resident. ``bsn`` is None when the source does not give it: somebody lives there all the same."""

    bsn: Bsn | None
    in_onderzoek: bool


@dataclass(frozen=True, slots=True)
class Bewoning:
    """Residents on the peildatum. ``veel_bewoners``: more than 100, so that the source lists none."""

    bewoners: tuple[Bewoner, ...]
    mogelijke_bewoners: tuple[Bewoner, ...]
    veel_bewoners: bool


class BewoningClient:
    """Reads the residents of an address. ``POST /bewoningen`` only."""

    def __init__(self, bron: Bron) -> None:
        self._bron = bron

    async def op_peildatum(
        self, adresseerbaar_object: str, peildatum: date, doel: Doel, *, traceparent: str | None = None
    ) -> Bewoning:
        """Return who lives at ``adresseerbaar_object`` (16 digits) on ``peildatum``."""
        body = {
            "type": _TYPE,
            "peildatum": peildatum.isoformat(),
            "adresseerbaarObjectIdentificatie": adresseerbaar_object,
        }
        antwoord = await self._bron.lees(
            Verzoek(method="POST", path="/bewoningen", json=body, doel=doel, traceparent=traceparent)
        )
        return read_bewoning(antwoord.json)


def read_bewoning(body: Any) -> Bewoning:
    """Read a BewoningenQueryResponse; periods of one day are taken together. Raises SourceContractBroken."""
    bewoningen = body.get("bewoningen") if isinstance(body, Mapping) else None
    if not isinstance(bewoningen, list) or not all(isinstance(part, Mapping) for part in bewoningen):
        raise SourceContractBroken("bewoning: the answer is no BewoningenQueryResponse (no list `bewoningen`)")
    return Bewoning(
        bewoners=_residents(bewoningen, "bewoners"),
        mogelijke_bewoners=_residents(bewoningen, "mogelijkeBewoners"),
        veel_bewoners=any(part.get("indicatieVeelBewoners") is True for part in bewoningen),
    )


def _residents(bewoningen: list[Mapping[str, Any]], name: str) -> tuple[Bewoner, ...]:
    found = [_resident(node) for part in bewoningen for node in part.get(name) or () if isinstance(node, Mapping)]
    return tuple(dict.fromkeys(bewoner for bewoner in found if bewoner.bsn)) + tuple(
        bewoner for bewoner in found if bewoner.bsn is None
    )


def _resident(node: Mapping[str, Any]) -> Bewoner:
    try:
        bsn = Bsn(str(node.get("burgerservicenummer") or ""))
    except ValueError:
        bsn = None
    return Bewoner(bsn, bool(node.get("inOnderzoek")))
