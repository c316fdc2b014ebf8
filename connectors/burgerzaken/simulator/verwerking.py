# SPDX-License-Identifier: EUPL-1.2
"""The write side: takes in moves (schemas/openapi/verwerking-verhuizing.yaml) and registers them after a while.

It keeps its own books, so that whoever gives orders can be checked against somebody else's word.
"""

from __future__ import annotations

import hashlib
import heapq
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import msgspec

from connectors.burgerzaken.simulator import parameters as p
from connectors.burgerzaken.simulator.asgi import MalformedBody, Request, Response, is_uuid
from connectors.burgerzaken.simulator.bevolking_model import AdresseerbaarObject
from connectors.burgerzaken.simulator.datums import datum_adreshouding
from connectors.burgerzaken.simulator.fouten import Fout, fout, geen_json, ongeldige_parameters, onverwacht, problem
from connectors.burgerzaken.simulator.register import Register

_HEADERS: Final = {"api-version": "1.0.0"}
_NAMESPACE: Final = uuid.UUID("5a0a7d0e-3f0b-5a3e-9c55-7f3b0f1f2a10")
_SLEUTEL: Final = "Idempotency-Key"
_GEEN_VERHUIZER: Final = frozenset({"O", "F"})
_BSN: Final = p.vorm(r"^[0-9]{9}$")


def _keuze(waarden: str) -> p.Controle:
    lijst = waarden.split(" ")

    def controle(naam: str, waarde: Any) -> Sequence[Fout]:
        goed = isinstance(waarde, str) and waarde in lijst
        return () if goed else (Fout(naam, "enum", f"Waarde is geen van: {', '.join(lijst)}."),)

    return controle


def _uuid(naam: str, waarde: Any) -> Sequence[Fout]:
    return () if is_uuid(waarde) else (Fout(naam, "uuid", "Waarde is geen uuid."),)


_VELDEN: Final[Mapping[str, p.Controle]] = {
    "zaak": _uuid,
    "verhuisdatum": p.datum,
    "datumAangifte": p.datum,
    "adresseerbaarObjectIdentificatie": p.vorm(p.OBJECT_ID),
    "nummeraanduidingIdentificatie": p.vorm(p.OBJECT_ID),
    "functieAdres": _keuze("W B"),
    "door": _keuze("wissel ambtenaar"),
    "verhuizers": p.lijst(100),
}
_VERHUIZER: Final[Mapping[str, p.Controle]] = {"burgerservicenummer": _BSN, "code": _keuze("I G K M P O H")}


@dataclass(slots=True, kw_only=True)
class Verwerking:
    """One order. People stand in it by internal number."""

    id: str
    slug: str
    sleutel: str
    vingerafdruk: str
    zaak: str
    personen: tuple[int, ...]
    thuis: AdresseerbaarObject
    nummeraanduiding: str
    functie: str
    datum_van: date
    door: str
    aangeboden: int = 1
    toegepast: int = 0

    @property
    def status(self) -> str:
        """``aangenomen`` until the registry has changed."""
        return "verwerkt" if self.toegepast else "aangenomen"


@dataclass(slots=True)
class _Boek:
    """What one gemeente ordered: per key, and which keys per (zaak, person) and address."""

    per_sleutel: dict[str, Verwerking] = field(default_factory=dict)
    registraties: dict[tuple[str, int], dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )


class Verwerkingen:
    """Takes orders and carries them out when their time has come. ``klok`` gives seconds."""

    def __init__(self, register: Register, *, vertraging_s: float, klok: Callable[[], float] = time.monotonic) -> None:
        self._register, self._vertraging_s, self._klok = register, vertraging_s, klok
        self._boeken: dict[str, _Boek] = defaultdict(_Boek)
        self._per_id: dict[str, Verwerking] = {}
        self._wachtrij: list[tuple[float, int, Verwerking]] = []
        self._volgnummer = 0

    def herstel(self) -> None:
        """Forget every order."""
        self._boeken.clear()
        self._per_id.clear()
        self._wachtrij.clear()

    def werk_bij(self) -> None:
        """Register every order whose time has come. Called before each answer, so that no task runs by itself."""
        while self._wachtrij and self._wachtrij[0][0] <= self._klok():
            self._pas_toe(heapq.heappop(self._wachtrij)[2])

    # ------------------------------------------------------------------------------------------------------- answering

    def neem_aan(self, request: Request) -> Response:
        """Answer ``POST /verhuizingen``."""
        gelezen = self._lees(request)
        if isinstance(gelezen, Response):
            return gelezen
        sleutel = request.headers[_SLEUTEL.lower()].lower()
        vingerafdruk = hashlib.sha256(msgspec.json.encode(gelezen, order="deterministic")).hexdigest()
        eerder = self._boeken[request.slug].per_sleutel.get(sleutel)
        if eerder is None:
            return self._antwoord(request, self._boek(request.slug, sleutel, vingerafdruk, gelezen))
        eerder.aangeboden += 1
        if eerder.vingerafdruk != vingerafdruk:
            detail = "Deze Idempotency-Key is eerder gebruikt met een andere body. Gebruik per opdracht een sleutel."
            return problem(request, 409, "Sleutel hoort bij een ander verzoek.", code="conflict", detail=detail)
        return self._antwoord(request, eerder)

    def raadpleeg(self, request: Request) -> Response:
        """Answer ``GET /verhuizingen/{verwerkingId}``."""
        verwerking = self._per_id.get(request.deel.lower())
        if verwerking is None or verwerking.slug != request.slug:
            return fout(request, 404)
        body = {"verwerkingId": verwerking.id, "status": verwerking.status, "zaak": verwerking.zaak}
        if verwerking.toegepast:
            body["datumAanvangAdreshouding"] = verwerking.datum_van.isoformat()
        return Response(body=body, headers=_HEADERS)

    def _antwoord(self, request: Request, verwerking: Verwerking) -> Response:
        headers = {**_HEADERS, "Location": f"{request.path}/{verwerking.id}"}
        return Response(body={"verwerkingId": verwerking.id, "status": "aangenomen"}, status=202, headers=headers)

    # -------------------------------------------------------------------------------------------------------- checking

    def _lees(self, request: Request) -> dict[str, Any] | Response:
        try:
            body = request.json()
        except MalformedBody:
            return geen_json(request)
        if not isinstance(body, dict):
            return geen_json(request)
        fouten = _vorm_fouten(body)
        if not is_uuid(request.headers.get(_SLEUTEL.lower())):
            fouten.append(Fout(_SLEUTEL, "required", "Header is verplicht en is een uuid."))
        if not fouten:
            fouten = self._inhoud_fouten(request.slug, body)
        return ongeldige_parameters(request, fouten) if fouten else body

    def _inhoud_fouten(self, slug: str, body: Mapping[str, Any]) -> list[Fout]:
        """Return what cannot be registered although it is well-formed."""
        fouten = []
        rij = self._register.bevolking.nummeraanduiding(body["nummeraanduidingIdentificatie"])
        past = rij is not None and rij[0].identificatie == body["adresseerbaarObjectIdentificatie"]
        if rij is None or not past or rij[1].ingetrokken:
            reden = "Geen bestaand adres van dit adresseerbaar object."
            fouten.append(Fout("nummeraanduidingIdentificatie", "value", reden))
        elif rij[0].gemeente.slug != slug:
            fouten.append(Fout("adresseerbaarObjectIdentificatie", "value", "Het adres ligt in een andere gemeente."))
        bsns = [verhuizer["burgerservicenummer"] for verhuizer in body["verhuizers"]]
        if len(set(bsns)) < len(bsns):
            fouten.append(Fout("verhuizers", "uniqueItems", "Een persoon staat er meer dan eens in."))
        return fouten + [
            Fout(f"verhuizers[{plaats}].burgerservicenummer", "value", "Persoon is niet te verwerken.")
            for plaats, bsn in enumerate(bsns)
            if not self._verwerkbaar(bsn)
        ]

    def _verwerkbaar(self, bsn: str) -> bool:
        gevonden = self._register.bevolking.vind(bsn)
        persoon = gevonden and self._register.actueel(gevonden)
        return persoon is not None and not (persoon.opschorting and persoon.opschorting[0] in _GEEN_VERHUIZER)

    # --------------------------------------------------------------------------------------------------------- booking

    def _boek(self, slug: str, sleutel: str, vingerafdruk: str, body: Mapping[str, Any]) -> Verwerking:
        bevolking = self._register.bevolking
        thuis = bevolking.object(body["adresseerbaarObjectIdentificatie"])
        nummers = (bevolking.nummer(verhuizer["burgerservicenummer"]) for verhuizer in body["verhuizers"])
        verhuisdatum, aangifte = date.fromisoformat(body["verhuisdatum"]), date.fromisoformat(body["datumAangifte"])
        assert thuis is not None, "checked by _inhoud_fouten"
        verwerking = Verwerking(
            id=str(uuid.uuid5(_NAMESPACE, f"{slug}/{sleutel}")),
            slug=slug,
            sleutel=sleutel,
            vingerafdruk=vingerafdruk,
            zaak=body["zaak"].lower(),
            personen=tuple(nr for nr in nummers if nr is not None),
            thuis=thuis,
            nummeraanduiding=body["nummeraanduidingIdentificatie"],
            functie=body["functieAdres"],
            datum_van=datum_adreshouding(verhuisdatum, aangifte),
            door=body["door"],
        )
        self._schrijf_in(verwerking)
        return verwerking

    def _schrijf_in(self, verwerking: Verwerking) -> None:
        boek = self._boeken[verwerking.slug]
        boek.per_sleutel[verwerking.sleutel] = verwerking
        self._per_id[verwerking.id] = verwerking
        for nr in verwerking.personen:
            boek.registraties[verwerking.zaak, nr][verwerking.thuis.identificatie].append(verwerking.sleutel)
        self._volgnummer += 1
        heapq.heappush(self._wachtrij, (self._klok() + self._vertraging_s, self._volgnummer, verwerking))
        self.werk_bij()

    def _pas_toe(self, verwerking: Verwerking) -> None:
        for nr in verwerking.personen:
            verblijf = self._register.verblijf_op(
                verwerking.thuis,
                nummeraanduiding=verwerking.nummeraanduiding,
                datum_van=verwerking.datum_van,
                functie=verwerking.functie,
            )
            self._register.verhuis(self._register.bevolking.persoon(nr), verblijf)
        verwerking.toegepast += 1

    # ----------------------------------------------------------------------------------------------------------- books

    def boeken(self, slug: str) -> dict[str, Any]:
        """Return what one gemeente ordered: every order, and what was ordered twice or contradicts itself."""
        boek = self._boeken[slug]
        registraties = sorted(boek.registraties.items())
        return {
            "verwerkingen": [_regel(verwerking) for verwerking in boek.per_sleutel.values()],
            "dubbel": [
                {"zaak": zaak, "persoon": nr, "adresseerbaarObjectIdentificatie": adres, "sleutels": sleutels}
                for (zaak, nr), adressen in registraties
                for adres, sleutels in adressen.items()
                if len(sleutels) > 1
            ],
            "tegenstrijdig": [
                {"zaak": zaak, "persoon": nr, "adressen": sorted(adressen)}
                for (zaak, nr), adressen in registraties
                if len(adressen) > 1
            ],
        }


def _regel(verwerking: Verwerking) -> dict[str, Any]:
    return {
        "sleutel": verwerking.sleutel,
        "verwerkingId": verwerking.id,
        "zaak": verwerking.zaak,
        "personen": list(verwerking.personen),
        "adresseerbaarObjectIdentificatie": verwerking.thuis.identificatie,
        "datumVan": verwerking.datum_van.isoformat(),
        "door": verwerking.door,
        "status": verwerking.status,
        "aangeboden": verwerking.aangeboden,
        "toegepast": verwerking.toegepast,
    }


def _vorm_fouten(body: Mapping[str, Any]) -> list[Fout]:
    fouten = _controleer("", body, _VELDEN)
    verhuizers = body.get("verhuizers")
    for plaats, verhuizer in enumerate(verhuizers if isinstance(verhuizers, list) else []):
        naam = f"verhuizers[{plaats}]"
        if isinstance(verhuizer, dict):
            fouten += _controleer(f"{naam}.", verhuizer, _VERHUIZER)
        else:
            fouten.append(Fout(naam, "object", "Waarde is geen object."))
    return fouten


def _controleer(voor: str, waarde: Mapping[str, Any], velden: Mapping[str, p.Controle]) -> list[Fout]:
    fouten = [onverwacht(voor + naam) for naam in waarde if naam not in velden]
    for naam, controle in velden.items():
        if naam not in waarde:
            fouten.append(Fout(voor + naam, "required", "Parameter is verplicht."))
        else:
            fouten += controle(voor + naam, waarde[naam])
    return fouten
