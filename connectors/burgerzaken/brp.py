# SPDX-License-Identifier: EUPL-1.2
"""Client of Haal Centraal BRP personen 2.x: by burgerservicenummer, in batches, filtered before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import structlog

from connectors.burgerzaken.http import Bron, Verzoek
from connectors.burgerzaken.settings import Doel
from connectors.burgerzaken.velden import filter_persoon
from hub.errors import SourceContractBroken
from hub.privacy import Bsn

MOST_PER_REQUEST: Final = 20  # RaadpleegMetBurgerservicenummer, burgerservicenummer.maxItems
_TYPE: Final = "RaadpleegMetBurgerservicenummer"
_BSN: Final = "burgerservicenummer"
_WITHDRAWN: Final = frozenset({"F", "W"})  # opschorting fout or wissen: a persoonslijst that should not have been
_LOG = structlog.get_logger("wissel.burgerzaken.brp")


class BrpClient:
    """Reads persons. ``POST /personen`` only, so that no burgerservicenummer stands in a URL."""

    def __init__(self, bron: Bron) -> None:
        self._bron = bron

    async def personen(self, bsns: Sequence[Bsn], doel: Doel, *, traceparent: str | None = None) -> dict[Bsn, dict[str, Any]]:
        """Return the Persoon of each of ``bsns`` that is found, with only what ``doel`` asks and what comes by itself.

        ``burgerservicenummer`` is always asked: it tells whose answer it is. Raises SourceUnavailable, BronWeigert,
        SourceContractBroken.
        """
        found: dict[Bsn, dict[str, Any]] = {}
        for batch in _batches(list(dict.fromkeys(bsns))):
            found |= await self._batch(batch, doel, traceparent)
        return found

    async def onbewerkt(self, bsns: Sequence[Bsn], doel: Doel, *, traceparent: str | None = None) -> list[Mapping[str, Any]]:
        """Return the answer about at most 20 persons as it came, unfiltered: only to see what a gateway delivers."""
        body = {"type": _TYPE, _BSN: [bsn.reveal() for bsn in bsns], "fields": _fields(doel)}
        antwoord = await self._bron.lees(
            Verzoek(method="POST", path="/personen", json=body, doel=doel, traceparent=traceparent)
        )
        return read_personen(antwoord.json)

    async def _batch(self, bsns: Sequence[Bsn], doel: Doel, traceparent: str | None) -> dict[Bsn, dict[str, Any]]:
        found: dict[Bsn, dict[str, Any]] = {}
        for persoon in await self.onbewerkt(bsns, doel, traceparent=traceparent):
            bsn = _whose(persoon, bsns)
            if bsn is not None and _comes_before(persoon, found.get(bsn)):
                found[bsn] = filter_persoon(persoon, _fields(doel))
        return found


def _fields(doel: Doel) -> list[str]:
    return sorted({_BSN, *doel.velden})


def read_personen(body: Any) -> list[Mapping[str, Any]]:
    """Return the persons of a PersonenQueryResponse. Raises SourceContractBroken when it is none."""
    personen = body.get("personen") if isinstance(body, Mapping) else None
    if not isinstance(personen, list) or not all(isinstance(persoon, Mapping) for persoon in personen):
        raise SourceContractBroken("brp: the answer is no PersonenQueryResponse (no list `personen`)")
    return personen


def _whose(persoon: Mapping[str, Any], asked: Sequence[Bsn]) -> Bsn | None:
    """Return whose answer this is; None when nobody asked for that person."""
    number = persoon.get(_BSN)
    if number is None and len(asked) == 1:
        return asked[0]
    for bsn in asked:
        if bsn.reveal() == number:
            return bsn
    _LOG.warning("unasked_person_dropped", uitleg="the source answered with somebody nobody asked for")
    return None


def _comes_before(persoon: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    """Of two persoonslijsten with one number, the one that was withdrawn as a mistake does not count."""
    return other is None or (_withdrawn(other) and not _withdrawn(persoon))


def _withdrawn(persoon: Mapping[str, Any]) -> bool:
    opschorting = persoon.get("opschortingBijhouding")
    reden = opschorting.get("reden") if isinstance(opschorting, Mapping) else None
    return isinstance(reden, Mapping) and reden.get("code") in _WITHDRAWN


def _batches(bsns: Sequence[Bsn]) -> Iterator[Sequence[Bsn]]:
    for start in range(0, len(bsns), MOST_PER_REQUEST):
        yield bsns[start : start + MOST_PER_REQUEST]
