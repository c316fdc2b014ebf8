# SPDX-License-Identifier: EUPL-1.2
"""Writes case messages as a zaaksysteem that speaks StUF-ZKN 3.10 sends them: envelope, stuurgegevens, one or two objects."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

_SOAP: Final = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:ZKN="http://www.egem.nl/StUF/sector/zkn/0310" xmlns:BG="http://www.egem.nl/StUF/sector/bg/0310"'
    ' xmlns:StUF="http://www.egem.nl/StUF/StUF0301" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Header/><soapenv:Body><ZKN:zakLk01>{stuur}<ZKN:parameters><StUF:mutatiesoort>{soort}</StUF:mutatiesoort>"
    "<StUF:indicatorOvername>V</StUF:indicatorOvername></ZKN:parameters>{objecten}</ZKN:zakLk01></soapenv:Body>"
    "</soapenv:Envelope>"
)
_STUUR: Final = (
    "<ZKN:stuurgegevens><StUF:berichtcode>Lk01</StUF:berichtcode>"
    "<StUF:zender><StUF:organisatie>0114</StUF:organisatie><StUF:applicatie>ZAAK</StUF:applicatie></StUF:zender>"
    "<StUF:ontvanger><StUF:organisatie>0114</StUF:organisatie><StUF:applicatie>WISSEL</StUF:applicatie></StUF:ontvanger>"
    "<StUF:referentienummer>{referentie}</StUF:referentienummer><StUF:tijdstipBericht>{tijdstip}</StUF:tijdstipBericht>"
    "<StUF:entiteittype>ZAK</StUF:entiteittype></ZKN:stuurgegevens>"
)
LEEG: Final = 'xsi:nil="true" StUF:noValue="geenWaarde"'


def bericht(*objecten: str, soort: str = "W", referentie: str = "R1", tijdstip: str = "20260312101500000") -> bytes:
    """Return a whole zakLk01."""
    stuur = _STUUR.format(referentie=escape(referentie), tijdstip=tijdstip)
    return _SOAP.format(stuur=stuur, soort=soort, objecten="".join(objecten)).encode()


def zaak(identificatie: str, *delen: str) -> str:
    """Return one ``object``: the zaak and what it says of it."""
    inner = element("identificatie", identificatie) + "".join(delen)
    return f'<ZKN:object StUF:entiteittype="ZAK" StUF:verwerkingssoort="W">{inner}</ZKN:object>'


def element(name: str, value: str, attributes: str = "") -> str:
    """Return one element of the zaak with a text in it."""
    return f"<ZKN:{name} {attributes}>{escape(value)}</ZKN:{name}>"


def leeg(name: str) -> str:
    """Return an element that says that it has no value."""
    return f"<ZKN:{name} {LEEG}/>"


def groep(name: str, **delen: str) -> str:
    """Return an element with others in it."""
    return f"<ZKN:{name}>{''.join(element(part, value) for part, value in delen.items())}</ZKN:{name}>"


def begin(zaaktype: str = "B0366", startdatum: str = "20260310") -> str:
    """Return what every message about a zaak repeats: its dates and its zaaktype."""
    dates = element("startdatum", startdatum) + element("registratiedatum", startdatum)
    inner = f"<ZKN:gerelateerde>{element('omschrijving', 'Aangifte verhuizing')}{element('code', zaaktype)}</ZKN:gerelateerde>"
    return f'{dates}<ZKN:isVan StUF:entiteittype="ZAKZKT" StUF:verwerkingssoort="I">{inner}</ZKN:isVan>'


def status(volgnummer: int, omschrijving: str, gezet: str, *, code: str = "", soort: str = "T", toelichting: str = "") -> str:
    """Return a status that was set."""
    inner = element("volgnummer", f"{volgnummer:04}") + element("code", code) + element("omschrijving", omschrijving)
    more = element("toelichting", toelichting) if toelichting else ""
    return (
        f'<ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="{soort}"><ZKN:gerelateerde>{inner}</ZKN:gerelateerde>'
        f"{more}{element('datumStatusGezet', gezet)}</ZKN:heeft>"
    )


def persoon(soort: str, bsn: str, geslachtsnaam: str, extra: str = "") -> str:
    """Return a natural person in a rol; ``extra``: more of StUF-BG than a rol needs."""
    number = f"<BG:inp.bsn>{bsn}</BG:inp.bsn>" if bsn else ""
    inner = f"{number}<BG:geslachtsnaam>{escape(geslachtsnaam)}</BG:geslachtsnaam>{extra}"
    return _rol(soort, f'<ZKN:natuurlijkPersoon StUF:entiteittype="NPS">{inner}</ZKN:natuurlijkPersoon>')


def medewerker(soort: str, identificatie: str, verwerkingssoort: str = "T") -> str:
    """Return a medewerker in a rol."""
    return _rol(soort, f"<ZKN:medewerker>{element('identificatie', identificatie)}</ZKN:medewerker>", verwerkingssoort)


def _rol(soort: str, wie: str, verwerkingssoort: str = "T") -> str:
    return f'<ZKN:{soort} StUF:verwerkingssoort="{verwerkingssoort}"><ZKN:gerelateerde>{wie}</ZKN:gerelateerde></ZKN:{soort}>'
