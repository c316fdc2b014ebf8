# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``haal-adres``: what the BAG knows about the declared address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from connectors.burgerzaken.bag import Adresvraag
from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.lezen import Lezer
from hub.plugins import OpdrachtUitvoering, Uitkomst

OPGEHAALD: Final = "nl.wissel.gegevens.adres-opgehaald.v1"


class HaalAdres(Lezer):
    """Looks the new address up. The outcome holds every candidate; none when no address can look like this."""

    wat = "adres"
    bron = "bag"

    async def lees(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen) -> Uitkomst:
        """Ask the BAG."""
        kandidaten = await bronnen.bag.zoek(vraag_van(opdracht), traceparent=opdracht.traceparent)
        data = {"kandidaten": json.dumps([kandidaat.as_json() for kandidaat in kandidaten], ensure_ascii=False)}
        teksten = {"adressen": [asdict(kandidaat.tekst) for kandidaat in kandidaten]}
        besloten = {f"zaak:{opdracht.zaak}": teksten} if kandidaten else None
        return Uitkomst(events=[self.opgehaald(opdracht, OPGEHAALD, data, besloten)])


def vraag_van(opdracht: OpdrachtUitvoering) -> Adresvraag:
    """Return what the declaration says about the address; what it does not say, or what was destroyed, is empty."""
    besloten = opdracht.besloten.get(f"zaak:{opdracht.zaak}") or {}
    adres = besloten.get("adres", besloten)
    adres = adres if isinstance(adres, Mapping) else {}
    return Adresvraag(
        postcode=_text(adres, "postcode"),
        huisnummer=_text(adres, "huisnummer"),
        huisletter=_text(adres, "huisletter"),
        huisnummertoevoeging=_text(adres, "huisnummertoevoeging"),
        straat=_text(adres, "straat"),
        woonplaats=_text(adres, "woonplaats"),
        bag_id=_text(opdracht.gegevens, "nieuwAdresBagId"),
        nummeraanduiding=_text(opdracht.gegevens, "nieuwAdresNummeraanduiding"),
    )


def _text(node: Mapping[str, Any], name: str) -> str:
    value = node.get(name)
    return "" if value is None else str(value).strip()
