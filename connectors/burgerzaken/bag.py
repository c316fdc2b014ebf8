# SPDX-License-Identifier: EUPL-1.2
"""Client of the BAG API individuele bevragingen 2: the address, and what stands there.

Current-address calls do not show withdrawn addresses and carry no status of the pand, so an address takes up to three
further calls: ``/nummeraanduidingen/{id}``, ``/panden/{id}`` per pand and ``/bronhouders`` (the digits of a BAG id do
not tell which gemeente holds it now).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

from connectors.burgerzaken.http import Antwoord, Bron, Verzoek
from hub.errors import SourceContractBroken

_HAL: Final = {"Accept": "application/hal+json"}
_WITH_GEOMETRY: Final = {**_HAL, "Accept-Crs": "epsg:28992"}
_NOT_FOUND: Final = frozenset({int(HTTPStatus.NOT_FOUND)})
_NUMMERAANDUIDING: Final = re.compile(r"[0-9]{4}20[0-9]{10}")
_ADRESSEERBAAR_OBJECT: Final = re.compile(r"[0-9]{4}0[123][0-9]{10}")
_PAND: Final = re.compile(r"[0-9]{4}10[0-9]{10}")
_POSTCODE: Final = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
_HUISNUMMER: Final = re.compile(r"[1-9][0-9]{0,4}")
_HUISLETTER: Final = re.compile(r"[A-Za-z]")
_TOEVOEGING: Final = re.compile(r"[0-9A-Za-z]{1,4}")
_MOST_CANDIDATES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Adresvraag:
    """What a declaration says about an address; empty strings for what it does not say."""

    postcode: str = ""
    huisnummer: str = ""
    huisletter: str = ""
    huisnummertoevoeging: str = ""
    straat: str = ""
    woonplaats: str = ""
    bag_id: str = ""
    nummeraanduiding: str = ""

    def parameters(self) -> dict[str, Any] | None:
        """Return the search parameters, None when no address of the BAG can look like this."""
        postcode = self.postcode.replace(" ", "").upper()
        number_fits = (
            _HUISNUMMER.fullmatch(self.huisnummer)
            and (not self.huisletter or _HUISLETTER.fullmatch(self.huisletter))
            and (not self.huisnummertoevoeging or _TOEVOEGING.fullmatch(self.huisnummertoevoeging))
        )
        if not number_fits:
            return None
        number = {
            "huisnummer": int(self.huisnummer),
            **{
                name: value
                for name, value in (("huisletter", self.huisletter), ("huisnummertoevoeging", self.huisnummertoevoeging))
                if value
            },
            "exacteMatch": "true",
        }
        if _POSTCODE.fullmatch(postcode):
            return {"postcode": postcode, **number}
        if not postcode and self.straat and self.woonplaats:
            return {"woonplaatsNaam": self.woonplaats[:80], "openbareRuimteNaam": self.straat[:80], **number}
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pand:
    """One pand and its StatusPand."""

    identificatie: str
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adrestekst:
    """The address as people write it."""

    nummeraanduidingIdentificatie: str | None  # noqa: N815 - field names as the BAG spells them: this becomes JSON
    straat: str
    huisnummer: str
    huisletter: str
    huisnummertoevoeging: str
    postcode: str
    woonplaats: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kandidaat:
    """One address the BAG gives, with all a decision needs. ``tekst`` is personal data of a case, the rest is not."""

    nummeraanduiding: str | None
    adresseerbaar_object: str | None
    type_object: str | None
    object_status: str | None
    nummeraanduiding_status: str | None
    nevenadres: bool
    gebruiksdoelen: tuple[str, ...]
    oppervlakte_m2: int | None
    in_onderzoek: bool
    geconstateerd: bool
    panden: tuple[Pand, ...]
    bronhouder_code: str | None
    bronhouder_naam: str | None
    tekst: Adrestekst

    def as_json(self) -> dict[str, Any]:
        """Return the open part, named as the BAG names it."""
        return {
            "nummeraanduidingIdentificatie": self.nummeraanduiding,
            "adresseerbaarObjectIdentificatie": self.adresseerbaar_object,
            "typeAdresseerbaarObject": self.type_object,
            "adresseerbaarObjectStatus": self.object_status,
            "nummeraanduidingStatus": self.nummeraanduiding_status,
            "indicatieNevenadres": self.nevenadres,
            "gebruiksdoelen": list(self.gebruiksdoelen),
            "oppervlakte": self.oppervlakte_m2,
            "inonderzoek": self.in_onderzoek,
            "geconstateerd": self.geconstateerd,
            "panden": [asdict(pand) for pand in self.panden],
            "bronhouderCode": self.bronhouder_code,
            "bronhouderNaam": self.bronhouder_naam,
        }


class BagClient:
    """Looks an address up."""

    def __init__(self, bron: Bron) -> None:
        self._bron = bron

    async def zoek(self, vraag: Adresvraag, *, traceparent: str | None = None) -> list[Kandidaat]:
        """Return every address the BAG knows for ``vraag``; empty when none.

        Where the declaration gives an identification and a postcode with number, both are looked up: one candidate when
        they agree, all of both when they do not.
        """
        by_text = await self._by_text(vraag, traceparent)
        if vraag.bag_id or vraag.nummeraanduiding:
            same = [node for node in by_text if _is_asked(node, vraag)]
            found = same or [*by_text, *await self._by_id(vraag, traceparent)]
        else:
            found = by_text
        unique = {str(node.get("nummeraanduidingIdentificatie")): node for node in found}
        return await asyncio.gather(*(self._complete(node, traceparent) for node in list(unique.values())[:_MOST_CANDIDATES]))

    async def _by_text(self, vraag: Adresvraag, traceparent: str | None) -> list[Mapping[str, Any]]:
        parameters = vraag.parameters()
        return await self._search(parameters, traceparent) if parameters else []

    async def _by_id(self, vraag: Adresvraag, traceparent: str | None) -> list[Mapping[str, Any]]:
        for identificatie in (vraag.nummeraanduiding, vraag.bag_id):
            if _NUMMERAANDUIDING.fullmatch(identificatie):
                return await self._by_nummeraanduiding(identificatie, traceparent)
        if _ADRESSEERBAAR_OBJECT.fullmatch(vraag.bag_id):
            return await self._search({"adresseerbaarObjectIdentificatie": vraag.bag_id}, traceparent)
        return []

    async def _search(self, parameters: Mapping[str, Any], traceparent: str | None) -> list[Mapping[str, Any]]:
        antwoord = await self._get("/adressenuitgebreid", _WITH_GEOMETRY, traceparent, params=parameters)
        return _embedded(antwoord, "adressen")

    async def _by_nummeraanduiding(self, identificatie: str, traceparent: str | None) -> list[Mapping[str, Any]]:
        antwoord = await self._get(f"/adressenuitgebreid/{identificatie}", _WITH_GEOMETRY, traceparent)
        if antwoord.status != HTTPStatus.NOT_FOUND:
            return [_object(antwoord.json)]
        # No current address: withdrawn, or never there. The nummeraanduiding itself tells which.
        withdrawn = await self._nummeraanduiding(identificatie, traceparent)
        return [withdrawn] if withdrawn else []

    async def _nummeraanduiding(self, identificatie: str, traceparent: str | None) -> dict[str, Any] | None:
        antwoord = await self._get(f"/nummeraanduidingen/{identificatie}", _HAL, traceparent)
        if antwoord.status == HTTPStatus.NOT_FOUND:
            return None
        body = _object(antwoord.json)
        node = _object(body.get("nummeraanduiding"))
        return {**node, "nummeraanduidingIdentificatie": identificatie, "_inonderzoek": _marked(body.get("inonderzoek"))}

    async def _complete(self, adres: Mapping[str, Any], traceparent: str | None) -> Kandidaat:
        nummeraanduiding = _text(adres, "nummeraanduidingIdentificatie")
        adresseerbaar_object = _text(adres, "adresseerbaarObjectIdentificatie")
        naming, panden, bronhouder = await asyncio.gather(
            self._nummeraanduiding_or_none(nummeraanduiding, traceparent),
            self._panden(adres.get("pandIdentificaties") or (), traceparent),
            self._bronhouder(adresseerbaar_object or nummeraanduiding, traceparent),
        )
        return _kandidaat(adres, naming or {}, panden, bronhouder)

    async def _nummeraanduiding_or_none(self, identificatie: str, traceparent: str | None) -> dict[str, Any] | None:
        if not _NUMMERAANDUIDING.fullmatch(identificatie):
            return None
        return await self._nummeraanduiding(identificatie, traceparent)

    async def _panden(self, identificaties: Iterable[Any], traceparent: str | None) -> list[Mapping[str, Any]]:
        known = [identificatie for identificatie in dict.fromkeys(map(str, identificaties)) if _PAND.fullmatch(identificatie)]
        return await asyncio.gather(*(self._pand(identificatie, traceparent) for identificatie in known))

    async def _pand(self, identificatie: str, traceparent: str | None) -> Mapping[str, Any]:
        antwoord = await self._get(f"/panden/{identificatie}", _WITH_GEOMETRY, traceparent)
        body = {} if antwoord.status == HTTPStatus.NOT_FOUND else _object(antwoord.json)
        pand = body.get("pand")
        node = pand if isinstance(pand, Mapping) else {}
        return {**node, "identificatie": identificatie, "_inonderzoek": _marked(body.get("inonderzoek"))}

    async def _bronhouder(self, identificatie: str, traceparent: str | None) -> Mapping[str, Any]:
        if not identificatie:
            return {}
        antwoord = await self._get("/bronhouders", _HAL, traceparent, params={"objectIdentificatie": identificatie})
        nodes = [node["bronhouder"] for node in _embedded(antwoord, "bronhouders") if isinstance(node.get("bronhouder"), dict)]
        current = [node for node in nodes if not node.get("eindGeldigheid")] or nodes
        codes = {node.get("code") for node in current}
        return current[0] if len(codes) == 1 else {}

    async def _get(
        self,
        path: str,
        koppen: Mapping[str, str],
        traceparent: str | None,
        *,
        params: Mapping[str, Any] | None = None,
    ) -> Antwoord:
        return await self._bron.lees(
            Verzoek(method="GET", path=path, params=params, koppen=koppen, verwacht=_NOT_FOUND, traceparent=traceparent)
        )


def _kandidaat(
    adres: Mapping[str, Any],
    naming: Mapping[str, Any],
    panden: Sequence[Mapping[str, Any]],
    bronhouder: Mapping[str, Any],
) -> Kandidaat:
    oppervlakte = adres.get("oppervlakte")
    return Kandidaat(
        nummeraanduiding=_text(adres, "nummeraanduidingIdentificatie") or None,
        adresseerbaar_object=_text(adres, "adresseerbaarObjectIdentificatie") or None,
        type_object=_text(adres, "typeAdresseerbaarObject") or None,
        object_status=_text(adres, "adresseerbaarObjectStatus") or None,
        nummeraanduiding_status=_text(naming, "status") or None,
        nevenadres=adres.get("indicatieNevenadres") is True,
        gebruiksdoelen=tuple(str(doel) for doel in adres.get("gebruiksdoelen") or ()),
        oppervlakte_m2=oppervlakte if isinstance(oppervlakte, int) else None,
        in_onderzoek=any(_marked(node) for node in (adres.get("inonderzoek"), *_flags(naming, panden))),
        geconstateerd=any(_marked(node.get("geconstateerd")) for node in (adres, naming, *panden)),
        panden=tuple(Pand(identificatie=pand["identificatie"], status=_text(pand, "status") or None) for pand in panden),
        bronhouder_code=_text(bronhouder, "code") or None,
        bronhouder_naam=_text(bronhouder, "naam") or None,
        tekst=_tekst(adres),
    )


def _flags(naming: Mapping[str, Any], panden: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
    return (node.get("_inonderzoek") for node in (naming, *panden))


def _tekst(adres: Mapping[str, Any]) -> Adrestekst:
    return Adrestekst(
        nummeraanduidingIdentificatie=_text(adres, "nummeraanduidingIdentificatie") or None,
        straat=_text(adres, "openbareRuimteNaam"),
        huisnummer=_text(adres, "huisnummer"),
        huisletter=_text(adres, "huisletter"),
        huisnummertoevoeging=_text(adres, "huisnummertoevoeging"),
        postcode=_text(adres, "postcode"),
        woonplaats=_text(adres, "woonplaatsNaam"),
    )


def _is_asked(adres: Mapping[str, Any], vraag: Adresvraag) -> bool:
    """Tell whether this address is the one the declaration identifies, by every identification it gives."""
    own = {_text(adres, "nummeraanduidingIdentificatie"), _text(adres, "adresseerbaarObjectIdentificatie")}
    return all(identificatie in own for identificatie in (vraag.bag_id, vraag.nummeraanduiding) if identificatie)


def _marked(node: Any) -> bool:
    """Tell whether an indicatie of the BAG is set, in any of its shapes: J/N, booleans per element, rows of kenmerken."""
    if isinstance(node, Mapping):
        relevant = [node["inOnderzoek"]] if "inOnderzoek" in node else list(node.values())
        return any(_marked(value) for value in relevant)
    if isinstance(node, list):
        return any(_marked(item) for item in node)
    return node is True or node == "J"


def _embedded(antwoord: Antwoord, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of a HAL collection; the BAG leaves ``_embedded`` out, or answers 404, when there are none."""
    if antwoord.status == HTTPStatus.NOT_FOUND:
        return []
    embedded = _object(antwoord.json).get("_embedded")
    rows = embedded.get(name, []) if isinstance(embedded, Mapping) else []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise SourceContractBroken(f"bag: `_embedded.{name}` is no list of objects")
    return rows


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SourceContractBroken("bag: the answer is no JSON object")
    return value


def _text(node: Mapping[str, Any], name: str) -> str:
    value = node.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
