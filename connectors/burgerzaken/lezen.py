# SPDX-License-Identifier: EUPL-1.2
"""What the executors that only read have in common: how a wrong answer is met, and how waiting ends.

A read changes nothing, so a source that answers nonsense is asked again like one that is away; only a refusal (4xx) ends
at once. When the bounds are reached the case goes on without the source (orange), it is not parked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from connectors.burgerzaken.bronnen import Bronnen, Bronnenkast
from connectors.burgerzaken.http import BronWeigert
from connectors.burgerzaken.settings import BronNaam, Doel
from hub.errors import Refused, SourceContractBroken, SourceUnavailable
from hub.events import PERSONEN, NewEvent, fetched_id
from hub.plugins import Grens, Hub, OpdrachtUitvoering, Uitkomst

NIET_BESCHIKBAAR: Final = "nl.wissel.gegevens.niet-beschikbaar.v1"
GERAADPLEEGD: Final = "nl.wissel.brp.geraadpleegd.v1"
_POGINGEN: Final = 1000  # the bound that counts is the time
BRP_PERSONEN: Final = "brp-personen"
BRP_HISTORIE: Final = "brp-historie"
BEWONING: Final = "bewoning"
_GATEWAY_VAN_BRON: Final[dict[str, BronNaam]] = {BRP_PERSONEN: "brp", BRP_HISTORIE: "historie", BEWONING: "bewoning"}
_UITLEG: Final = {
    "bron-niet-bereikbaar": "De bron gaf te lang geen antwoord.",
    "bron-weigert": "De bron weigerde de vraag. Een beheerder kan in het logboek van Wissel zien waarom.",
    "bron-niet-ingericht": "Deze gemeente heeft deze bron niet ingericht.",
}


@contextmanager
def asked_again() -> Iterator[None]:
    """Meet an answer that breaks the contract like no answer: what is in front of a source may say anything for a while.

    Only for what may safely be asked again. A refusal (BronWeigert) stays one.
    """
    try:
        yield
    except BronWeigert:
        raise
    except SourceContractBroken as fault:
        raise SourceUnavailable(str(fault)) from fault


class Lezer:
    """An executor that only reads. ``wat`` and ``bron``: as in the event that says the source stayed away."""

    wat: ClassVar[str]
    bron: ClassVar[str]

    def __init__(self, hub: Hub, kast: Bronnenkast) -> None:
        self._hub = hub
        self._kast = kast
        self.grens = Grens(pogingen=_POGINGEN, duur_s=kast.geduld_s)

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """Read, and return what was read as facts."""
        with asked_again():
            return await self.lees(opdracht, self._kast.van(opdracht.gemeente.slug))

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:
        """Say that the source stayed away. None, so that it is parked, for a fault that is not the source's."""
        reden = _reden(fout)
        if reden is None:
            return None
        data = {"opdrachtId": opdracht.id, "bron": self.bron, "wat": self.wat, "reden": reden, "uitleg": _UITLEG[reden]}
        event_id = fetched_id(asked_by=opdracht.event_id, source=self.bron, what=f"niet-beschikbaar/{self.wat}")
        return Uitkomst(events=[opdracht.feit(NIET_BESCHIKBAAR, data, event_id=event_id)])

    async def lees(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen) -> Uitkomst:
        """Ask the sources. Raises what the clients raise."""
        raise NotImplementedError

    def opgehaald(
        self,
        opdracht: OpdrachtUitvoering,
        event_type: str,
        data: Mapping[str, Any],
        besloten: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> NewEvent:
        """Return the fact that holds what was fetched."""
        common = {"opdrachtId": opdracht.id, "bron": self.bron, "tijdstip": tijdstip(self._hub)}
        event_id = fetched_id(asked_by=opdracht.event_id, source=self.bron, what=self.wat)
        return opdracht.feit(event_type, {**common, **data}, event_id=event_id, besloten=besloten)


def geraadpleegd(
    opdracht: OpdrachtUitvoering, pseudoniemen: Sequence[str], *, bron: str, doel: Doel, bronnen: Bronnen
) -> list[NewEvent]:
    """Return the record that these persons were read, and why (AVG 5 lid 2, Wet BRP 3.11)."""
    data = {"opdrachtId": opdracht.id, **raadpleging(bron, doel, bronnen), "zaak": opdracht.zaak}
    return [
        opdracht.feit(
            GERAADPLEEGD,
            data,
            event_id=fetched_id(asked_by=opdracht.event_id, source=bron, what=f"geraadpleegd/{pseudoniem}"),
            topic=PERSONEN,
            key=f"{opdracht.gemeente.slug}:{pseudoniem}",
        )
        for pseudoniem in dict.fromkeys(pseudoniemen)
    ]


def raadpleging(bron: str, doel: Doel, bronnen: Bronnen) -> dict[str, Any]:
    """Return who asks what, and under which doelbinding, as the record of a read has it."""
    gateway = bronnen.settings.gateway_of(_GATEWAY_VAN_BRON[bron])
    return {
        "bron": bron,
        "doelbinding": doel.doelbinding,
        "verwerking": doel.verwerking,
        "gebruikerSoort": "systeem",
        "gebruiker": gateway.gebruiker,
        "velden": sorted(doel.velden),
    }


def tijdstip(hub: Hub) -> str:
    """Return the time as events carry it: RFC 3339, UTC."""
    return hub.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reden(fout: Exception) -> str | None:
    match fout:
        case SourceUnavailable():
            return "bron-niet-bereikbaar"
        case BronWeigert():
            return "bron-weigert"
        case Refused():
            return "bron-niet-ingericht"
        case _:
            return None
