# SPDX-License-Identifier: EUPL-1.2
"""The zaaksysteem as the rules of the conformance kit see it: our simulator, and books of what happened to its zaken.

Of what the hub writes itself no notification goes back: a flow never waits for one, and the books hold what others did.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

from connectors.zaak.outbound import HANDELINGEN
from connectors.zaak.simulator import SimulatorConfig, create_app
from hub.conformiteit import GEMEENTE, PSEUDONIEM, Levering, Proef, ProefOpdracht
from hub.conformiteit.kant import Kant
from hub.privacy import Bsn

Json = dict[str, Any]
_SLUG: Final = "emmen"
_AUTH: Final = "Bearer alleen-voor-de-proef"
_BSN, _NAAM, _TEKST = "999993653", "Proefpersoon Van der Wissel", "Bel mij terug over mijn verhuizing"
_ONGEVRAAGD: Final = "een veld waar niemand om vroeg"
_ZAKEN: Final = 6
_ZGW: Final = "nl.overheid.zaken."
_GEVONDEN: Final = "nl.wissel.gegevens.zaken-gevonden.v1"
_WEIGERT, _NEEMT_AAN = 401, 204
_MOMENT: Final = "2026-03-11T09:00:00.123456Z"
_GEGEVENS: Final[Mapping[str, Json]] = {
    "zet-behandelaar": {"medewerker": "jdevries", "omschrijving": "behandelaar"},
    "verwijder-behandelaar": {"medewerker": "adamas"},
    "zet-status": {"volgnummer": "eerste", "datumStatusGezet": _MOMENT},
    "zet-resultaat": {"sleutel": "verwerkt"},
    "sluit-zaak": {"datumStatusGezet": _MOMENT},
    "schort-op": {"reden": "wacht"},
    "hervat": {},
    "zet-einddatum-gepland": {"datum": "2026-04-01"},
    "zet-toelichting": {"toelichting": "Zie de besluitbrief."},
}


class Zaaksysteem(Proef):
    """See ``hub.conformiteit.Proef``."""

    geheim: Sequence[str] = (_BSN, _NAAM, _TEKST)
    ongevraagd: Sequence[str] = (_ONGEVRAAGD,)
    onleesbaar: Sequence[bytes] = (b"[]", b'{"kanaal": "zaken"}', b'{"kanaal": "zaken", "hoofdObject": 7}')
    verzoeken_per_storing = 120
    # what the hub adds itself: that a notification came after its fact, and how the declaration read at a fetch
    verslagen = ("nl.wissel.zaken.ontvangst-vastgelegd.v1", "nl.wissel.verhuisaangifte.gelezen.v1")

    def __init__(self) -> None:
        self._simulator = create_app(SimulatorConfig(), deliver=self._deliver)
        self.app = self._kant = Kant(self._simulator, ongevraagd=_ONGEVRAAGD)
        self._gemeld: list[bytes] = []
        self._waarheid: dict[str, list[str]] = defaultdict(list)
        self._zaken: list[Json] = []
        self._beurt = 0
        self._gegeven: list[tuple[str, str]] = []  # soort, zaak
        self._types: dict[tuple[str, str], str] = {}
        self._zaaktype = self._get("catalogi/api/v1/zaaktypen?identificatie=B0366&status=alles")[-1]["url"]
        abonnement = {"callbackUrl": "http://hub.test/", "auth": _AUTH, "kanalen": [{"naam": "zaken", "filters": {}}]}
        self._call("POST", "notificaties/api/v1/abonnement", abonnement)

    def close(self) -> None:
        """Stop the simulator."""
        self._kant.close()

    def instellingen(self, url: str) -> Mapping[str, Any]:
        """Return settings that wait as little as the rules want to."""
        return {
            "zaken_api": f"{url}/{_SLUG}/zaken/api/v1",
            "catalogi_api": f"{url}/{_SLUG}/catalogi/api/v1",
            "client_id": "wissel",
            "secret": self._simulator.config.clients[0].secret,
            "webhook_authorization": _AUTH,
            "timeout_s": 1.0,
            "timeout_schrijven_s": 1.0,
            "lease_s": 3.0,
            "eerste_pauze_s": 0.2,
            "langste_pauze_s": 1.0,
            "vergelijken_s": 0,
        }

    def gebeur(self, aantal: int) -> Sequence[Levering]:
        """Let things happen to some zaken, in turn, and return the notifications."""
        self._gemeld.clear()
        for _ in range(aantal):
            self._gebeur()
        self._kant.doe(self._simulator.delivery.idle())
        return [_levering(body) for body in self._gemeld]

    def waarheid(self) -> Mapping[str, Sequence[str]]:
        """Return what happened to the zaken, and that was looked for other zaken as often as was asked."""
        asked = {zaak: [_GEVONDEN] for soort, zaak in self._gegeven if soort == "zoek-zaken"}
        return {**self._waarheid, **asked}

    def opdrachten(self, aantal: int) -> Sequence[ProefOpdracht]:
        """Return opdrachten of every soort, each for a zaak of its own in which it leaves something."""
        soorten = [*_GEGEVENS, "zoek-zaken"]
        return [self._opdracht(soorten[number % len(soorten)]) for number in range(aantal)]

    def effecten(self) -> Sequence[str]:
        """Return what stands in the zaken of the opdrachten that was not there before."""
        dossiers = self._simulator.gemeenten[_SLUG].dossiers
        return [effect for soort, zaak in self._gegeven if soort in HANDELINGEN for effect in _staat(dossiers[zaak], soort)]

    # ------------------------------------------------------------------------------------------------- what happens

    def _gebeur(self) -> None:
        self._beurt += 1
        if len(self._zaken) < _ZAKEN:
            zaak = self._zaak()
            self._zaken.append(zaak)
            return self._waar(zaak, "zaak-geregistreerd")
        zaak = self._zaken[self._beurt % _ZAKEN]
        what = (self._status, self._rol, self._contact, self._opschorting, self._hervat, self._gepland)
        return what[self._beurt // _ZAKEN % len(what)](zaak)

    def _zaak(self) -> Json:
        rsin = self._simulator.config.gemeenten[0].bronorganisatie
        body = {"zaaktype": self._zaaktype, "bronorganisatie": rsin, "verantwoordelijkeOrganisatie": rsin}
        made: Json = self._call("POST", "zaken/api/v1/zaken", {**body, "startdatum": "2026-03-10", "toelichting": _TEKST})
        return made

    def _rol(self, zaak: Json) -> None:
        who = {"inpBsn": _BSN, "geslachtsnaam": _NAAM}
        self._maak_rol(zaak, "Uitvoerende", betrokkeneType="natuurlijk_persoon", betrokkeneIdentificatie=who)
        self._waar(zaak, "rol-toegevoegd")

    def _contact(self, zaak: Json) -> None:
        body = {"zaak": zaak["url"], "datumtijd": self._moment(), "kanaal": "telefoon", "toelichting": f"{_TEKST} ({_BSN})"}
        self._call("POST", "zaken/api/v1/klantcontacten", body)
        self._waar(zaak, "klantcontact-toegevoegd")

    def _opschorting(self, zaak: Json) -> None:
        self._patch(zaak, opschorting={"indicatie": True, "reden": _TEKST})
        self._waar(zaak, "zaak-opgeschort")

    def _hervat(self, zaak: Json) -> None:
        self._patch(zaak, opschorting={"indicatie": False, "reden": ""})
        self._waar(zaak, "zaak-hervat")

    def _gepland(self, zaak: Json) -> None:
        self._patch(zaak, einddatumGepland=f"2026-04-{self._beurt % 28 + 1:02}")
        self._waar(zaak, "zaak-bijgewerkt")

    def _status(self, zaak: Json) -> None:
        self._zet_status(zaak, "Verhuizing in behandeling", self._moment())
        self._waar(zaak, "status-gezet")

    def _waar(self, zaak: Json, what: str) -> None:
        self._waarheid[zaak["uuid"]].append(f"{_ZGW}{what}.v1")

    def _moment(self) -> str:
        return f"2026-03-11T{self._beurt // 3600 % 24:02}:{self._beurt // 60 % 60:02}:{self._beurt % 60:02}Z"

    # -------------------------------------------------------------------------------------------- what is asked of us

    def _opdracht(self, soort: str) -> ProefOpdracht:
        zaak = self._zaak()
        if soort == "sluit-zaak":
            resultaattype = self._type("resultaattypen", "Verwerkt")
            self._call("POST", "zaken/api/v1/resultaten", {"zaak": zaak["url"], "resultaattype": resultaattype})
        if soort == "hervat":
            self._patch(zaak, opschorting={"indicatie": True, "reden": "wacht"})
        if soort == "verwijder-behandelaar":
            who = {"identificatie": "adamas"}
            self._maak_rol(zaak, "Uitvoerende", betrokkeneType="medewerker", betrokkeneIdentificatie=who)
        self._gegeven.append((soort, zaak["uuid"]))
        if soort == "zoek-zaken":
            pseudonym = PSEUDONIEM(Bsn(_BSN))
            besloten, gegevens = {pseudonym: {"bsn": _BSN}}, {"pseudoniemen": [pseudonym]}
            return ProefOpdracht(soort=soort, zaak=zaak["uuid"], gegevens=gegevens, besloten=besloten, effect=False)
        return ProefOpdracht(soort=soort, zaak=zaak["uuid"], gegevens=_GEGEVENS[soort])

    # -------------------------------------------------------------------------------------------------- the simulator

    async def _deliver(self, url: str, auth: str | None, body: bytes) -> int:  # noqa: ARG002 - as it is called
        if auth is None:
            return _WEIGERT  # the check of a subscription
        self._gemeld.append(body)
        return _NEEMT_AAN

    def _maak_rol(self, zaak: Json, roltype: str, **values: Any) -> None:
        body = {"zaak": zaak["url"], "roltype": self._type("roltypen", roltype), "roltoelichting": roltype, **values}
        self._call("POST", "zaken/api/v1/rollen", body)

    def _zet_status(self, zaak: Json, name: str, moment: str) -> None:
        body = {"zaak": zaak["url"], "statustype": self._type("statustypen", name), "datumStatusGezet": moment}
        self._call("POST", "zaken/api/v1/statussen", body)

    def _patch(self, zaak: Json, **changes: Any) -> None:
        self._call("PATCH", f"zaken/api/v1/zaken/{zaak['uuid']}", changes)

    def _type(self, kind: str, name: str) -> str:
        if (kind, name) not in self._types:
            for found in self._get(f"catalogi/api/v1/{kind}?zaaktype={self._zaaktype}"):
                self._types[kind, found["omschrijving"]] = found["url"]
        return self._types[kind, name]

    def _get(self, path: str) -> list[Json]:
        listed: list[Json] = self._call("GET", path)["results"]
        return listed

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        beheer = self._simulator.config.clients[1]
        claims = {"iss": beheer.client_id, "iat": int(time.time()), "client_id": beheer.client_id, "user_id": "proef"}
        token = jwt.encode(claims, beheer.secret, algorithm="HS256")
        crs = {"Accept-Crs": "EPSG:4326", "Content-Crs": "EPSG:4326"}
        return self._kant.vraag(method, f"/{_SLUG}/{path}", body, koppen={"Authorization": f"Bearer {token}", **crs})


def _levering(body: bytes) -> Levering:
    # the hub knows a zaak by the last part of its URL
    zaak = body.partition(b'"hoofdObject":"')[2].partition(b'"')[0].decode().rpartition("/")[2]
    headers = {"authorization": _AUTH, "content-type": "application/json"}
    return Levering(pad=f"/webhooks/zaken/{GEMEENTE}", inhoud=body, stroom=zaak, koppen=headers)


def _staat(dossier: Any, soort: str) -> list[str]:
    """Return what stands in a zaak because of an opdracht of this soort, one entry per time."""
    zaak, uuid = dossier.zaak.data, dossier.uuid
    opgeschort = zaak["opschorting"]["indicatie"]
    match soort:
        case "zet-behandelaar":
            times = len(dossier.of("rollen"))
        case "verwijder-behandelaar":
            times = int(not dossier.of("rollen"))
        case "zet-status" | "sluit-zaak":
            times = len(dossier.of("statussen"))
        case "zet-resultaat":
            times = len(dossier.of("resultaten"))
        case "schort-op" | "hervat":
            times = int(opgeschort == (soort == "schort-op"))
        case "zet-einddatum-gepland":
            times = int(zaak["einddatumGepland"] == _GEGEVENS[soort]["datum"])
        case _:
            times = int(zaak["toelichting"] == _GEGEVENS[soort]["toelichting"])
    return [f"{soort}/{uuid}"] * times
