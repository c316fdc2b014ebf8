# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``zoek-zaken``: other open moves or address investigations of the movers. The BSN stands in a POST body only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from connectors.zaak.fetch import Bron
from connectors.zaak.outbound import bron_van
from hub.clock import rfc3339
from hub.errors import Poison
from hub.events import fetched_id
from hub.plugins import Grens, Hub, OpdrachtUitvoering, Uitkomst

Json = dict[str, Any]
GEVONDEN: Final = "nl.wissel.gegevens.zaken-gevonden.v1"
NIET_BESCHIKBAAR: Final = "nl.wissel.gegevens.niet-beschikbaar.v1"
_BY_BSN: Final = "rol__betrokkeneIdentificatie__natuurlijkPersoon__inpBsn"
_BRON: Final = "zaaksysteem"


class ZoekZaken:
    """Searches per mover; when the source stays away the outcome is ``niet-beschikbaar``, so that the case goes on."""

    grens = Grens()

    def __init__(self, hub: Hub, bronnen: Mapping[str, Bron]) -> None:
        self._hub = hub
        self._bronnen = bronnen

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """Search and return ``zaken-gevonden``."""
        bron = bron_van(self._bronnen, opdracht)
        pseudonyms = [str(name) for name in opdracht.gegevens["pseudoniemen"]]
        found = await asyncio.gather(*(_of_person(bron, opdracht, name) for name in pseudonyms))
        data = {
            "opdrachtId": opdracht.id,
            "tijdstip": rfc3339(self._hub.clock.now()),
            "perVerhuizer": [{"pseudoniem": name, "zaken": zaken} for name, zaken in zip(pseudonyms, found, strict=True)],
        }
        return Uitkomst(events=[opdracht.feit(GEVONDEN, data, event_id=_outcome(opdracht))])

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:
        """Return that other zaken could not be looked for."""
        data = {
            "opdrachtId": opdracht.id,
            "bron": _BRON,
            "wat": "zaken",
            "reden": "bron-niet-bereikbaar",
            "uitleg": f"Het zaaksysteem gaf geen antwoord op de vraag naar andere zaken ({type(fout).__name__}).",
        }
        return Uitkomst(events=[opdracht.feit(NIET_BESCHIKBAAR, data, event_id=_outcome(opdracht))])


async def _of_person(bron: Bron, opdracht: OpdrachtUitvoering, pseudonym: str) -> list[Json]:
    person = opdracht.besloten.get(pseudonym)
    if not person or "bsn" not in person:
        raise Poison("the data of a mover were destroyed before other zaken could be looked for")
    zaken = await bron.client.zoek({_BY_BSN: person["bsn"]})
    others = [zaak for zaak in zaken if zaak.get("uuid") != opdracht.zaak and not zaak.get("einddatum")]
    described = [await _described(bron, zaak) for zaak in others]
    return sorted((zaak for zaak in described if zaak is not None), key=lambda zaak: (zaak["startdatum"], zaak["uuid"]))


async def _described(bron: Bron, zaak: Json) -> Json | None:
    """Return what the flow needs of a zaak, None when its zaaktype has nothing to do with moving."""
    identificatie = str((await bron.catalogus.get(str(zaak.get("zaaktype")))).get("identificatie", ""))
    kinds = {
        "verhuizing": bron.settings.zaaktypen_verhuizing,
        "adresonderzoek": bron.settings.zaaktypen_adresonderzoek,
    }
    soort = next((name for name, zaaktypen in kinds.items() if identificatie in zaaktypen), None)
    if soort is None:
        return None
    return {
        "uuid": str(zaak.get("uuid")),
        "zaaktypeIdentificatie": identificatie,
        "soort": soort,
        "startdatum": str(zaak.get("startdatum") or ""),
    }


def _outcome(opdracht: OpdrachtUitvoering) -> str:
    return fetched_id(asked_by=opdracht.event_id, source=_BRON, what="zaken")
