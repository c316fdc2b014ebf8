# SPDX-License-Identifier: EUPL-1.2
"""The BAG API Individuele Bevragingen v2, as far as judging an address needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connectors.burgerzaken.simulator import bag_vorm as vorm
from connectors.burgerzaken.simulator import fouten
from connectors.burgerzaken.simulator.asgi import Request, Response
from connectors.burgerzaken.simulator.bevolking_model import (
    STRATEN_PER_BUURT,
    AdresseerbaarObject,
    Gemeente,
    Nummeraanduiding,
)
from connectors.burgerzaken.simulator.bevolking_namen import straatnaam
from connectors.burgerzaken.simulator.fouten import Fout, onverwacht, patroon
from connectors.burgerzaken.simulator.register import Register

HAL: Final = "application/hal+json"
_HEADERS: Final = {"api-version": "2.6.0", "content-crs": "epsg:28992"}
_OBJECT: Final = r"^[0-9]{4}(01|02|03)[0-9]{10}$"
_NUMMER: Final = r"^[0-9]{4}20[0-9]{10}$"
_PARAMETERS: Final = {
    "postcode": r"^[1-9]{1}[0-9]{3}[a-zA-Z]{2}$",
    "huisnummer": r"^[1-9][0-9]{0,4}$",
    "huisletter": r"^[a-zA-Z]{1}$",
    "huisnummertoevoeging": r"^[0-9a-zA-Z]{1,4}$",
    "exacteMatch": r"^(true|false)$",
    "adresseerbaarObjectIdentificatie": _OBJECT,
    "woonplaatsNaam": r"^.{1,80}$",
    "openbareRuimteNaam": r"^.{1,80}$",
}
_TIJDREIS: Final = frozenset({"geldigOp", "beschikbaarOp", "expand"})
_WOONPLAATS_CIJFERS: Final = 4
Rij = tuple[AdresseerbaarObject, Nummeraanduiding]


class Bag:
    """Answers about addresses, objects, buildings and who keeps them."""

    def __init__(self, register: Register) -> None:
        self._bevolking = register.bevolking
        self._land = register.bevolking.land

    def paden(self) -> Mapping[str, Callable[[Request], Response]]:
        """Return path below the base -> handler; a path that ends in ``/`` takes an identification."""
        return {
            "adressenuitgebreid": self._adressen,
            "adressenuitgebreid/": self._adres,
            "nummeraanduidingen/": self._nummeraanduiding,
            "panden/": self._pand,
            "verblijfsobjecten/": lambda request: self._object(request, "Verblijfsobject", r"^[0-9]{4}01[0-9]{10}$"),
            "ligplaatsen/": lambda request: self._object(request, "Ligplaats", r"^[0-9]{4}02[0-9]{10}$"),
            "standplaatsen/": lambda request: self._object(request, "Standplaats", r"^[0-9]{4}03[0-9]{10}$"),
            "adresseerbareobjecten/": self._adresseerbaar_object,
            "bronhouders": self._bronhouders,
            "bronhouders/": self._bronhouder,
        }

    # ------------------------------------------------------------------------------------------------------- addresses

    def _adressen(self, request: Request) -> Response:
        if slecht := _controleer(request):
            return bag_fout(request, 400, slecht)
        rijen = self._zoek(request.query)
        if rijen is None:
            return bag_fout(request, 400, [Fout("postcode", "required", "Geef een geldige combinatie op.")])
        basis = _basis(request)
        adressen = [vorm.adres_uitgebreid(basis, thuis, adres) for thuis, adres in rijen]
        body: dict[str, Any] = {"_links": {"self": {"href": f"{basis}/adressenuitgebreid"}}}
        return _hal({"_embedded": {"adressen": adressen}, **body} if adressen else body)

    def _zoek(self, vraag: Mapping[str, str]) -> Iterable[Rij] | None:
        """Return the current addresses that fit, None when the combination of parameters is not one of the three."""
        if identificatie := vraag.get("adresseerbaarObjectIdentificatie"):
            thuis = self._bevolking.object(identificatie)
            huidig = thuis is not None and thuis.huidig
            return [(thuis, adres) for adres in thuis.adressen] if thuis is not None and huidig else []
        if "postcode" in vraag and "huisnummer" in vraag:
            kandidaten: Iterable[Rij] = self._bevolking.op_postcode(vraag["postcode"].upper())
        elif "woonplaatsNaam" in vraag and "openbareRuimteNaam" in vraag and "huisnummer" in vraag:
            kandidaten = self._op_straat(vraag["woonplaatsNaam"].lower(), vraag["openbareRuimteNaam"].lower())
        else:
            return None
        return (rij for rij in kandidaten if _past(rij[1], vraag))

    def _op_straat(self, woonplaats: str, straat: str) -> Iterator[Rij]:
        for gemeente in self._land.gemeenten:
            if woonplaats not in {naam.lower() for naam in gemeente.woonplaatsen}:
                continue
            for nummer in range(gemeente.buurten * STRATEN_PER_BUURT):
                if straatnaam(nummer).lower() == straat:
                    yield from self._in_buurt(gemeente.eerste_buurt + nummer // STRATEN_PER_BUURT, woonplaats, straat)

    def _in_buurt(self, index: int, woonplaats: str, straat: str) -> Iterator[Rij]:
        for thuis in self._bevolking.buurt(index).objecten:
            for adres in thuis.adressen if thuis.huidig else ():
                if (adres.woonplaats.lower(), adres.straat.lower()) == (woonplaats, straat):
                    yield thuis, adres

    def _adres(self, request: Request) -> Response:
        if not re.fullmatch(_NUMMER, request.deel):
            return bag_fout(request, 400, [patroon("nummeraanduidingIdentificatie", _NUMMER)])
        rij = self._bevolking.nummeraanduiding(request.deel)
        if rij is None or rij[1].ingetrokken or not rij[0].huidig:
            return bag_fout(request, 404)
        return _hal(vorm.adres_uitgebreid(_basis(request), *rij))

    def _nummeraanduiding(self, request: Request) -> Response:
        if slecht := _controleer_id(request, _NUMMER):
            return bag_fout(request, 400, slecht)
        rij = self._bevolking.nummeraanduiding(request.deel)
        return bag_fout(request, 404) if rij is None else _hal(vorm.nummeraanduiding(_basis(request), *rij))

    # --------------------------------------------------------------------------------------------- objects, bronhouders

    def _pand(self, request: Request) -> Response:
        if slecht := _controleer_id(request, r"^[0-9]{4}10[0-9]{10}$"):
            return bag_fout(request, 400, slecht)
        gevonden = self._bevolking.pand(request.deel)
        return bag_fout(request, 404) if gevonden is None else _hal(vorm.pand_json(_basis(request), *gevonden))

    def _object(self, request: Request, soort: str, regel: str) -> Response:
        if slecht := _controleer_id(request, regel):
            return bag_fout(request, 400, slecht)
        thuis = self._bevolking.object(request.deel)
        if thuis is None or thuis.type != soort:
            return bag_fout(request, 404)
        return _hal(vorm.object_json(_basis(request), thuis))

    def _adresseerbaar_object(self, request: Request) -> Response:
        if slecht := _controleer_id(request, _OBJECT):
            return bag_fout(request, 400, slecht)
        thuis = self._bevolking.object(request.deel)
        if thuis is None:
            return bag_fout(request, 404)
        basis = _basis(request)
        return _hal({thuis.type.lower(): vorm.object_json(basis, thuis), "_links": {"self": {"href": basis}}})

    def _bronhouders(self, request: Request) -> Response:
        regel = r"^[0-9]{4}(?:01|02|03|10|20|30)[0-9]{10}$|^[0-9]{4}$"
        identificatie = request.query.get("objectIdentificatie") or request.query.get("woonplaatsIdentificatie", "")
        if not re.fullmatch(regel, identificatie):
            return bag_fout(request, 400, [patroon("objectIdentificatie", regel)])
        gemeente = self._gemeente_van(identificatie)
        body: dict[str, Any] = {"_links": {"self": {"href": f"{_basis(request)}/bronhouders"}}}
        if gemeente is not None:
            body["_embedded"] = {"bronhouders": [vorm.bronhouder(_basis(request), gemeente)]}
        return _hal(body)

    def _gemeente_van(self, identificatie: str) -> Gemeente | None:
        """Return who keeps an object: what the registration says, not what its digits suggest."""
        if len(identificatie) == _WOONPLAATS_CIJFERS:
            index = (int(identificatie) - 1000) // 20
            return self._land.gemeenten[index] if 0 <= index < len(self._land.gemeenten) else None
        if (thuis := self._bevolking.object(identificatie)) is not None:
            return thuis.gemeente
        if (rij := self._bevolking.nummeraanduiding(identificatie)) is not None:
            return rij[0].gemeente
        if (gevonden := self._bevolking.pand(identificatie)) is not None:
            return gevonden[1].gemeente
        is_straat = identificatie[4:6] == "30"
        return next((g for g in self._land.gemeenten if is_straat and g.code == identificatie[:4]), None)

    def _bronhouder(self, request: Request) -> Response:
        gemeente = next((g for g in self._land.gemeenten if g.code == request.deel), None)
        return bag_fout(request, 404) if gemeente is None else _hal(vorm.bronhouder(_basis(request), gemeente))


def _past(adres: Nummeraanduiding, vraag: Mapping[str, str]) -> bool:
    """True when an address fits; without ``exacteMatch`` what is not asked may be anything."""
    exact = vraag.get("exacteMatch") == "true"
    if adres.huisnummer != int(vraag["huisnummer"]):
        return False
    for waarde, gevraagd in (
        (adres.huisletter, vraag.get("huisletter")),
        (adres.toevoeging, vraag.get("huisnummertoevoeging")),
    ):
        if (gevraagd or exact) and waarde.lower() != (gevraagd or "").lower():
            return False
    return True


def _controleer(request: Request) -> list[Fout]:
    onbekend = [onverwacht(naam) for naam in request.query if naam not in _PARAMETERS]
    return onbekend + [
        patroon(naam, regel)
        for naam, regel in _PARAMETERS.items()
        if naam in request.query and not re.fullmatch(regel, request.query[naam])
    ]


def _controleer_id(request: Request, regel: str) -> list[Fout]:
    slecht = [onverwacht(naam) for naam in request.query if naam not in _TIJDREIS]
    return slecht if re.fullmatch(regel, request.deel) else [*slecht, patroon("identificatie", regel)]


def bag_fout(request: Request, status: int, slecht: list[Fout] | None = None) -> Response:
    """Answer with an Error of the BAG API: ``instance`` is a whole URI and the list is called ``invalid-params``."""
    response = fouten.ongeldige_parameters(request, slecht) if slecht else fouten.fout(request, status)
    body = {naam: waarde for naam, waarde in response.body.items() if naam != "invalidParams"}
    body["instance"] = f"{_oorsprong(request)}{body['instance']}"
    if slecht:
        body["invalid-params"] = [fout.json() for fout in slecht]
    response.body = body
    return response


def _hal(body: Any) -> Response:
    return Response(body=body, media=HAL, headers=_HEADERS)


def _oorsprong(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


def _basis(request: Request) -> str:
    return f"{_oorsprong(request)}{request.path.partition('/bag/v2')[0]}/bag/v2"
