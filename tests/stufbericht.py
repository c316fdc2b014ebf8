# SPDX-License-Identifier: EUPL-1.2
"""StUF-BG messages as a registry sends them, for tests."""

from __future__ import annotations

from dataclasses import dataclass

_SOAP = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:BG="http://www.egem.nl/StUF/sector/bg/0310" xmlns:StUF="http://www.egem.nl/StUF/StUF0301"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header/><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)


@dataclass(frozen=True)
class Adres:
    """Where somebody lives in a message; ``begin``: begindatumVerblijf, ``geldig``: beginGeldigheid."""

    straat: str = "Dorpsstraat"
    huisnummer: str = "1"
    postcode: str = "7811AA"
    begin: str = "20200101"
    geldig: str = ""
    gemeente: str = "0114"


def object_(bsn: str, adres: Adres | None, *, extra: str = "", soort: str = "W") -> str:
    """Return one ``object`` of a kennisgeving."""
    verblijf = geldig = ""
    if adres is not None:
        verblijf = (
            f"<BG:verblijfsadres><BG:wpl.woonplaatsNaam>Emmen</BG:wpl.woonplaatsNaam><BG:gor.straatnaam>{adres.straat}"
            f"</BG:gor.straatnaam><BG:aoa.postcode>{adres.postcode}</BG:aoa.postcode><BG:aoa.huisnummer>{adres.huisnummer}"
            f"</BG:aoa.huisnummer><BG:begindatumVerblijf>{adres.begin}</BG:begindatumVerblijf></BG:verblijfsadres>"
            f"<BG:inp.gemeenteVanInschrijving>{adres.gemeente}</BG:inp.gemeenteVanInschrijving>"
        )
        if adres.geldig:
            geldig = (
                f"<StUF:tijdvakGeldigheid><StUF:beginGeldigheid>{adres.geldig}</StUF:beginGeldigheid></StUF:tijdvakGeldigheid>"
            )
    return (
        f'<BG:object StUF:entiteittype="NPS" StUF:verwerkingssoort="{soort}"><BG:inp.bsn>{bsn}</BG:inp.bsn>'
        f"{extra}{verblijf}{geldig}</BG:object>"
    )


def kennisgeving(*objecten: str, mutatiesoort: str = "W", referentie: str = "R1") -> bytes:
    """Return a whole npsLk01 in its SOAP envelope."""
    return _SOAP.format(
        "<BG:npsLk01><BG:stuurgegevens><StUF:berichtcode>Lk01</StUF:berichtcode>"
        "<StUF:zender><StUF:organisatie>0114</StUF:organisatie><StUF:applicatie>BZ</StUF:applicatie></StUF:zender>"
        "<StUF:ontvanger><StUF:organisatie>0114</StUF:organisatie><StUF:applicatie>WISSEL</StUF:applicatie></StUF:ontvanger>"
        f"<StUF:referentienummer>{referentie}</StUF:referentienummer>"
        "<StUF:tijdstipBericht>20260312101500000</StUF:tijdstipBericht><StUF:entiteittype>NPS</StUF:entiteittype>"
        f"</BG:stuurgegevens><BG:parameters><StUF:mutatiesoort>{mutatiesoort}</StUF:mutatiesoort>"
        f"<StUF:indicatorOvername>V</StUF:indicatorOvername></BG:parameters>{''.join(objecten)}</BG:npsLk01>"
    ).encode()
