# SPDX-License-Identifier: EUPL-1.2
"""Objects, addresses, buildings and bronhouders as the BAG API Individuele Bevragingen v2 spells them (HAL)."""

from __future__ import annotations

from typing import Any, Final

from connectors.burgerzaken.simulator.bevolking_model import AdresseerbaarObject, Gemeente, Nummeraanduiding, Pand
from connectors.burgerzaken.simulator.bevolking_nummers import bag_nummer, meng

Json = dict[str, Any]
_VOORKOMEN: Final = {
    "tijdstipRegistratie": "2019-06-01T10:00:00.000Z",
    "versie": 1,
    "beginGeldigheid": "2019-06-01",
    "tijdstipRegistratieLV": "2019-06-01T10:01:00.000Z",
}
_ONDERZOEK: Final = {
    "kenmerk": "gebruiksdoel",
    "inOnderzoek": "J",
    "historie": {
        "tijdstipRegistratie": "2024-09-02T10:00:00.000Z",
        "beginGeldigheid": "2024-09-02",
        "tijdstipRegistratieLV": "2024-09-02T10:01:00.000Z",
    },
    "documentdatum": "2024-09-02",
    "documentnummer": "IO-2024-17",
}
VERZAMELING: Final = {"Verblijfsobject": "verblijfsobjecten", "Ligplaats": "ligplaatsen", "Standplaats": "standplaatsen"}


def adres_uitgebreid(basis: str, thuis: AdresseerbaarObject, adres: Nummeraanduiding) -> Json:
    """Return an AdresUitgebreidHal. ``inonderzoek`` and ``geconstateerd`` stand there only when something is."""
    result: Json = {
        "openbareRuimteNaam": adres.straat,
        "korteNaam": adres.straat[:24],
        "kortNaam": adres.straat[:24],  # the specification defines korteNaam and requires kortNaam
        **_nummering(adres),
        "woonplaatsNaam": adres.woonplaats,
        "nummeraanduidingIdentificatie": adres.identificatie,
        "openbareRuimteIdentificatie": adres.openbare_ruimte,
        "woonplaatsIdentificatie": adres.woonplaats_id,
        "adresseerbaarObjectIdentificatie": thuis.identificatie,
        "indicatieNevenadres": adres.nevenadres,
        "typeAdresseerbaarObject": thuis.type,
        "adresseerbaarObjectGeometrie": _plaats(thuis),
        "adresseerbaarObjectStatus": thuis.status,
        **_gebruik(thuis),
        "_links": _adres_links(basis, thuis, adres),
    }
    if thuis.panden:
        result["pandIdentificaties"] = [pand.identificatie for pand in thuis.panden]
        result["oorspronkelijkBouwjaar"] = [f"{pand.bouwjaar}" for pand in thuis.panden]
    if thuis.in_onderzoek:
        result["inonderzoek"] = {"gebruiksdoelen": True, "toelichting": ["Gebruiksdoel(en) in onderzoek"]}
    if thuis.geconstateerd:
        result["geconstateerd"] = {thuis.type.lower(): True}
    return result


def _adres_links(basis: str, thuis: AdresseerbaarObject, adres: Nummeraanduiding) -> Json:
    links: Json = {
        "self": _href(basis, f"adressenuitgebreid/{adres.identificatie}"),
        "openbareRuimte": _href(basis, f"openbareruimten/{adres.openbare_ruimte}"),
        "nummeraanduiding": _href(basis, f"nummeraanduidingen/{adres.identificatie}"),
        "woonplaats": _href(basis, f"woonplaatsen/{adres.woonplaats_id}"),
        "adresseerbaarObject": _href(basis, f"{VERZAMELING[thuis.type]}/{thuis.identificatie}"),
    }
    if thuis.panden:
        links["panden"] = [_href(basis, f"panden/{pand.identificatie}") for pand in thuis.panden]
    return links


def nummeraanduiding(basis: str, thuis: AdresseerbaarObject, adres: Nummeraanduiding) -> Json:
    """Return a NummeraanduidingIOHal; withdrawn ones are shown too."""
    gegevens = {
        "identificatie": adres.identificatie,
        "domein": "NL.IMBAG.Nummeraanduiding",
        **_nummering(adres),
        "typeAdresseerbaarObject": thuis.type,
        "status": "Naamgeving ingetrokken" if adres.ingetrokken else "Naamgeving uitgegeven",
        "ligtAan": adres.openbare_ruimte,
        **_bron("N"),
    }
    links = {
        "self": _href(basis, f"nummeraanduidingen/{adres.identificatie}"),
        "ligtInWoonplaats": _href(basis, f"woonplaatsen/{adres.woonplaats_id}"),
        "ligtAanOpenbareRuimte": _href(basis, f"openbareruimten/{adres.openbare_ruimte}"),
    }
    return {"nummeraanduiding": gegevens, "_links": links}


def pand_json(basis: str, pand: Pand, thuis: AdresseerbaarObject) -> Json:
    """Return a PandIOHal."""
    gegevens = {
        "identificatie": pand.identificatie,
        "domein": "NL.IMBAG.Pand",
        "geometrie": _vlak(thuis),
        "oorspronkelijkBouwjaar": f"{pand.bouwjaar}",
        "status": pand.status,
        **_bron("N"),
    }
    return {"pand": gegevens, "_links": {"self": _href(basis, f"panden/{pand.identificatie}")}}


def object_json(basis: str, thuis: AdresseerbaarObject) -> Json:
    """Return a VerblijfsobjectIOHal, LigplaatsIOHal or StandplaatsIOHal."""
    soort = thuis.type.lower()
    is_verblijfsobject = thuis.type == "Verblijfsobject"
    gegevens: Json = {
        "type": thuis.type,
        "heeftAlsHoofdAdres": thuis.adressen[0].identificatie,
        "identificatie": thuis.identificatie,
        "domein": f"NL.IMBAG.{thuis.type}",
        "geometrie": _plaats(thuis) if is_verblijfsobject else _vlak(thuis),
        "status": thuis.status,
        **_gebruik(thuis),
        **_bron("J" if thuis.geconstateerd else "N"),
    }
    if neven := [adres.identificatie for adres in thuis.adressen[1:]]:
        gegevens["heeftAlsNevenAdres"] = neven
    if is_verblijfsobject:
        gegevens["maaktDeelUitVan"] = [pand.identificatie for pand in thuis.panden]
    result: Json = {soort: gegevens, "_links": _object_links(basis, thuis)}
    if thuis.in_onderzoek:
        result["inonderzoek"] = [{**_ONDERZOEK, f"identificatieVan{thuis.type}": thuis.identificatie}]
    return result


def _object_links(basis: str, thuis: AdresseerbaarObject) -> Json:
    adressen = [_href(basis, f"nummeraanduidingen/{adres.identificatie}") for adres in thuis.adressen]
    links: Json = {
        "self": _href(basis, f"{VERZAMELING[thuis.type]}/{thuis.identificatie}"),
        "heeftAlsHoofdAdres": adressen[0],
    }
    if adressen[1:]:
        links["heeftAlsNevenAdres"] = adressen[1:]
    if thuis.panden:
        links["maaktDeelUitVan"] = [_href(basis, f"panden/{pand.identificatie}") for pand in thuis.panden]
    return links


def bronhouder(basis: str, gemeente: Gemeente) -> Json:
    """Return a BronhouderHal."""
    gegevens = {"code": gemeente.code, "naam": gemeente.naam, "beginGeldigheid": "2009-07-01"}
    return {"bronhouder": gegevens, "_links": {"self": _href(basis, f"bronhouders/{gemeente.code}")}}


def _nummering(adres: Nummeraanduiding) -> Json:
    result: Json = {"huisnummer": adres.huisnummer, "postcode": adres.postcode}
    if adres.huisletter:
        result["huisletter"] = adres.huisletter
    if adres.toevoeging:
        result["huisnummertoevoeging"] = adres.toevoeging
    return result


def _gebruik(thuis: AdresseerbaarObject) -> Json:
    result: Json = {"gebruiksdoelen": list(thuis.gebruiksdoelen)} if thuis.gebruiksdoelen else {}
    return result if thuis.oppervlakte is None else {**result, "oppervlakte": thuis.oppervlakte}


def _bron(geconstateerd: str) -> Json:
    return {
        "geconstateerd": geconstateerd,
        "documentdatum": "2019-06-01",
        "documentnummer": "GV-2019-001",
        "voorkomen": _VOORKOMEN,
    }


def _punt(thuis: AdresseerbaarObject) -> list[float]:
    """A place in the Dutch grid (RD), somewhere in the east of the country."""
    kans = meng(bag_nummer(thuis.identificatie))
    return [200_000.0 + kans % 60_000, 500_000.0 + (kans >> 20) % 60_000]


def _plaats(thuis: AdresseerbaarObject) -> Json:
    if thuis.type == "Verblijfsobject":
        return {"punt": {"type": "Point", "coordinates": [*_punt(thuis), 0.0]}}
    return {"vlak": _vlak(thuis)}


def _vlak(thuis: AdresseerbaarObject) -> Json:
    x, y = _punt(thuis)
    ring = [[x, y, 0.0], [x + 8, y, 0.0], [x + 8, y + 10, 0.0], [x, y + 10, 0.0], [x, y, 0.0]]
    return {"type": "Polygon", "coordinates": [ring]}


def _href(basis: str, pad: str) -> Json:
    return {"href": f"{basis}/{pad}"}
