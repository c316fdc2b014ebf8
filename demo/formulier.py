# SPDX-License-Identifier: EUPL-1.2
"""Registers moves in the zaaksysteem the way an e-form does: zaak, rol, zaakobject, eigenschappen, and last the status."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import jwt

from demo.opzet import Opzet
from hub.errors import Refused
from hub.privacy import mask_bsns

_CRS: Final = {"Accept-Crs": "EPSG:4326", "Content-Crs": "EPSG:4326"}
_ZAAKTYPE: Final = "B0366"
_WHO: Final = {"user_id": "eformulier", "user_representation": "E-formulier"}


@dataclass
class Zaaktype:
    """What the e-form needs to know of the catalogue of one gemeente."""

    url: str
    organisatie: str
    initiator: str
    eerste_status: str
    eigenschappen: Mapping[str, str]


@dataclass
class Formulier:
    """The e-form of all gemeenten of the demo."""

    opzet: Opzet
    client: httpx.AsyncClient
    _types: dict[str, Zaaktype] = field(default_factory=dict)

    async def meld(self, gemeente: str, aangifte: Mapping[str, Any]) -> str:
        """Register one declaration and return the uuid of its zaak."""
        kind = self._types.get(gemeente) or await self._zaaktype(gemeente)
        zaak = await self._post(
            gemeente,
            "zaken",
            {
                "zaaktype": kind.url,
                "bronorganisatie": kind.organisatie,
                "verantwoordelijkeOrganisatie": kind.organisatie,
                "startdatum": aangifte["startdatum"],
                "omschrijving": "Aangifte verhuizing",
                "kenmerken": [{"kenmerk": aangifte["kenmerk"], "bron": "e-formulier"}],
            },
        )
        await self._rol(gemeente, kind, zaak["url"], aangifte)
        await self._adres(gemeente, zaak["url"], aangifte)
        for naam, waarde in aangifte["eigenschappen"].items():
            body = {"zaak": zaak["url"], "eigenschap": kind.eigenschappen[naam], "waarde": waarde}
            await self._post(gemeente, f"zaken/{zaak['uuid']}/zaakeigenschappen", body)
        await self._post(
            gemeente,
            "statussen",
            {
                "zaak": zaak["url"],
                "statustype": kind.eerste_status,
                "datumStatusGezet": f"{aangifte['startdatum']}T07:00:00Z",
            },
        )
        return str(zaak["uuid"])

    async def _rol(self, gemeente: str, kind: Zaaktype, zaak: str, aangifte: Mapping[str, Any]) -> None:
        initiator = aangifte["initiator"]
        body = {
            "zaak": zaak,
            "roltype": kind.initiator,
            "betrokkeneType": "natuurlijk_persoon",
            "roltoelichting": "aangever",
            "indicatieMachtiging": aangifte.get("indicatieMachtiging") or "",
            "betrokkeneIdentificatie": {("inpBsn" if k == "bsn" else k): v for k, v in initiator.items() if v},
            "authenticatieContext": aangifte.get("authenticatieContext"),
        }
        await self._post(gemeente, "rollen", body)

    async def _adres(self, gemeente: str, zaak: str, aangifte: Mapping[str, Any]) -> None:
        adres = aangifte.get("adres")
        if not adres or not (_bag_id(adres) and adres.get("straat") and adres.get("woonplaats")):
            return  # an address the form could not look up stands in the eigenschappen only
        await self._post(
            gemeente,
            "zaakobjecten",
            {
                "zaak": zaak,
                "objectType": "adres",
                "relatieomschrijving": "nieuw adres",
                "objectIdentificatie": {
                    "identificatie": adres.get("nummeraanduidingIdentificatie")
                    or adres.get("adresseerbaarObjectIdentificatie")
                    or "",
                    "wplWoonplaatsNaam": adres.get("woonplaats") or "",
                    "gorOpenbareRuimteNaam": adres.get("straat") or "",
                    "huisnummer": adres.get("huisnummer"),
                    "huisletter": adres.get("huisletter") or "",
                    "huisnummertoevoeging": adres.get("huisnummertoevoeging") or "",
                    "postcode": adres.get("postcode") or "",
                },
            },
        )

    async def _zaaktype(self, gemeente: str) -> Zaaktype:
        found = await self._list(gemeente, f"zaaktypen?identificatie={_ZAAKTYPE}&status=alles")
        url = found[0]["url"]
        catalogus = await self._get(found[0]["catalogus"])
        roles = await self._list(gemeente, f"roltypen?zaaktype={url}")
        statuses = await self._list(gemeente, f"statustypen?zaaktype={url}")
        properties = await self._list(gemeente, f"eigenschappen?zaaktype={url}")
        kind = self._types[gemeente] = Zaaktype(
            url=url,
            organisatie=catalogus["rsin"],
            initiator=next(r["url"] for r in roles if r["omschrijvingGeneriek"] == "initiator"),
            eerste_status=min(statuses, key=lambda s: s["volgnummer"])["url"],
            eigenschappen={e["naam"]: e["url"] for e in properties},
        )
        return kind

    async def _list(self, gemeente: str, path: str) -> list[Mapping[str, Any]]:
        return list((await self._get(f"{self.opzet.zaak_url}/{gemeente}/catalogi/api/v1/{path}"))["results"])

    async def _get(self, url: str) -> Mapping[str, Any]:
        answer = await self.client.get(url, headers=self._headers())
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found

    async def _post(self, gemeente: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self.opzet.zaak_url}/{gemeente}/zaken/api/v1/{path}"
        answer = await self.client.post(url, json=body, headers=self._headers())
        if answer.is_error:
            raise Refused(
                f"het zaaksysteem weigert {path} van het e-formulier ({answer.status_code}): {mask_bsns(answer.text)}"
            )
        made: Mapping[str, Any] = answer.json()
        return made

    def _headers(self) -> dict[str, str]:
        claims = {"iss": "wissel", "client_id": "wissel", "iat": int(time.time()), **_WHO}
        return {**_CRS, "Authorization": f"Bearer {jwt.encode(claims, self.opzet.zaak_secret, algorithm='HS256')}"}


def _bag_id(adres: Mapping[str, Any]) -> str:
    return adres.get("nummeraanduidingIdentificatie") or adres.get("adresseerbaarObjectIdentificatie") or ""
