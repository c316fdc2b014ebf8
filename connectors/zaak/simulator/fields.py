# SPDX-License-Identifier: EUPL-1.2
"""The writable fields of each resource of the Zaken API, with Open Zaak's checks and defaults."""

from __future__ import annotations

from typing import Final

from connectors.zaak.simulator.validation import (
    Field,
    Fields,
    anything,
    boolean,
    datum,
    duration,
    group,
    integer,
    listing,
    mapping,
    nullable,
    nummer,
    one_of,
    text,
    tijdstip,
    url,
)

VERTROUWELIJK: Final = (
    "openbaar",
    "beperkt_openbaar",
    "intern",
    "zaakvertrouwelijk",
    "vertrouwelijk",
    "confidentieel",
    "geheim",
    "zeer_geheim",
)
OBJECTTYPEN: Final = [
    "adres",
    "besluit",
    "buurt",
    "enkelvoudig_document",
    "gemeente",
    "gemeentelijke_openbare_ruimte",
    "huishouden",
    "inrichtingselement",
    "kadastrale_onroerende_zaak",
    "kunstwerkdeel",
    "maatschappelijke_activiteit",
    "medewerker",
    "natuurlijk_persoon",
    "niet_natuurlijk_persoon",
    "openbare_ruimte",
    "organisatorische_eenheid",
    "pand",
    "spoorbaandeel",
    "status",
    "terreindeel",
    "terrein_gebouwd_object",
    "vestiging",
    "waterdeel",
    "wegdeel",
    "wijk",
    "woonplaats",
    "woz_deelobject",
    "woz_object",
    "woz_waarde",
    "zakelijk_recht",
    "overige",
]
_URL: Final = Field(url(), required=True)
_DATE: Final = Field(nullable(datum), None)

_OPSCHORTING: Final = group(
    {
        "indicatie": Field(boolean, required=True),
        "reden": Field(text(200), required=True),
    },
    nullable=True,
)
_VERLENGING: Final = group({"reden": Field(text(200), required=True), "duur": Field(duration, required=True)}, nullable=True)
_PROCESOBJECT: Final = group(
    {name: Field(text(250)) for name in ("datumkenmerk", "identificatie", "objecttype", "registratie")}, nullable=True
)
_RELEVANTE_ZAAK: Final = group(
    {
        "url": _URL,
        "aardRelatie": Field(one_of("vervolg", "onderwerp", "bijdrage", "overig"), required=True),
        "overigeRelatie": Field(text(100)),
        "toelichting": Field(text(255)),
    }
)
_KENMERK: Final = group(
    {"kenmerk": Field(text(40, blank=False), required=True), "bron": Field(text(40, blank=False), required=True)}
)

ZAAK: Final[Fields] = {
    "identificatie": Field(text(40)),
    "bronorganisatie": Field(nummer("RSIN"), required=True),
    "omschrijving": Field(text(80)),
    "toelichting": Field(text(1000)),
    "zaaktype": _URL,
    "registratiedatum": Field(datum, None),
    "verantwoordelijkeOrganisatie": Field(nummer("RSIN"), required=True),
    "startdatum": Field(datum, required=True),
    "einddatumGepland": _DATE,
    "uiterlijkeEinddatumAfdoening": _DATE,
    "publicatiedatum": _DATE,
    "communicatiekanaal": Field(url(blank=True)),
    "communicatiekanaalNaam": Field(text(250)),
    "productenOfDiensten": Field(listing(url()), []),
    "vertrouwelijkheidaanduiding": Field(one_of(*VERTROUWELIJK, blank=True)),
    "betalingsindicatie": Field(one_of("nvt", "nog_niet", "gedeeltelijk", "geheel", blank=True)),
    "laatsteBetaaldatum": Field(nullable(tijdstip), None),
    "zaakgeometrie": Field(nullable(mapping), None),
    "verlenging": Field(_VERLENGING, None),
    "opschorting": Field(_OPSCHORTING, None),
    "selectielijstklasse": Field(url(blank=True)),
    "hoofdzaak": Field(url(nullable=True), None),
    "relevanteAndereZaken": Field(listing(_RELEVANTE_ZAAK), []),
    "kenmerken": Field(listing(_KENMERK), []),
    "archiefnominatie": Field(one_of("blijvend_bewaren", "vernietigen", blank=True, nullable=True), None),
    "archiefstatus": Field(
        one_of("nog_te_archiveren", "gearchiveerd", "gearchiveerd_procestermijn_onbekend", "overgedragen"),
        "nog_te_archiveren",
    ),
    "archiefactiedatum": _DATE,
    "opdrachtgevendeOrganisatie": Field(nummer("RSIN", blank=True)),
    "processobjectaard": Field(text(200)),
    "startdatumBewaartermijn": _DATE,
    "processobject": Field(_PROCESOBJECT, None),
}
ZAAK_ORDER: Final = [
    "url",
    "uuid",
    "identificatie",
    "bronorganisatie",
    "omschrijving",
    "toelichting",
    "zaaktype",
    "registratiedatum",
    "verantwoordelijkeOrganisatie",
    "startdatum",
    "einddatum",
    "einddatumGepland",
    "uiterlijkeEinddatumAfdoening",
    "publicatiedatum",
    "communicatiekanaal",
    "communicatiekanaalNaam",
    "productenOfDiensten",
    "vertrouwelijkheidaanduiding",
    "betalingsindicatie",
    "betalingsindicatieWeergave",
    "laatsteBetaaldatum",
    "zaakgeometrie",
    "verlenging",
    "opschorting",
    "selectielijstklasse",
    "hoofdzaak",
    "deelzaken",
    "relevanteAndereZaken",
    "eigenschappen",
    "rollen",
    "status",
    "zaakinformatieobjecten",
    "zaakobjecten",
    "kenmerken",
    "archiefnominatie",
    "archiefstatus",
    "archiefactiedatum",
    "resultaat",
    "opdrachtgevendeOrganisatie",
    "processobjectaard",
    "startdatumBewaartermijn",
    "processobject",
]

STATUS: Final[Fields] = {
    "zaak": _URL,
    "statustype": _URL,
    "datumStatusGezet": Field(anything, required=True),
    "statustoelichting": Field(text(1000)),
    "gezetdoor": Field(url(blank=True, nullable=True), None),
}
RESULTAAT: Final[Fields] = {"zaak": _URL, "resultaattype": _URL, "toelichting": Field(text(1000))}
ZAAKEIGENSCHAP: Final[Fields] = {"zaak": _URL, "eigenschap": _URL, "waarde": Field(text(100_000), required=True)}
KLANTCONTACT: Final[Fields] = {
    "zaak": _URL,
    "identificatie": Field(text(14)),
    "datumtijd": Field(tijdstip, required=True),
    "kanaal": Field(text(20)),
    "onderwerp": Field(text(200)),
    "toelichting": Field(text(1000)),
}
ZAAKOBJECT: Final[Fields] = {
    "zaak": _URL,
    "object": Field(url(blank=True)),
    "zaakobjecttype": Field(url(nullable=True), None),
    "objectType": Field(one_of(*OBJECTTYPEN), required=True),
    "objectTypeOverige": Field(text(100)),
    "objectTypeOverigeDefinitie": Field(nullable(mapping), None),
    "relatieomschrijving": Field(text(80)),
    "objectIdentificatie": Field(nullable(mapping), None),
}
OBJECT_IDENTIFICATIE: Final[dict[str, Fields]] = {
    "adres": {
        "identificatie": Field(text(100, blank=False), required=True),
        "wplWoonplaatsNaam": Field(text(80, blank=False), required=True),
        "gorOpenbareRuimteNaam": Field(text(80, blank=False), required=True),
        "huisnummer": Field(integer, required=True),
        "huisletter": Field(text(1)),
        "huisnummertoevoeging": Field(text(4)),
        "postcode": Field(text(7)),
    },
    "overige": {"overigeData": Field(mapping, required=True)},
}

_CONTACTPERSOON: Final = group(
    {
        "emailadres": Field(text(254)),
        "functie": Field(text(50)),
        "telefoonnummer": Field(text(20)),
        "naam": Field(text(40, blank=False), required=True),
    },
    nullable=True,
)
ROL: Final[Fields] = {
    "zaak": _URL,
    "betrokkene": Field(url(blank=True)),
    "betrokkeneType": Field(
        one_of("natuurlijk_persoon", "niet_natuurlijk_persoon", "vestiging", "organisatorische_eenheid", "medewerker"),
        required=True,
    ),
    "afwijkendeNaamBetrokkene": Field(text(625)),
    "roltype": _URL,
    "roltoelichting": Field(text(1000, blank=False), required=True),
    "indicatieMachtiging": Field(one_of("gemachtigde", "machtiginggever", blank=True)),
    "contactpersoonRol": Field(_CONTACTPERSOON, None),
    "beginGeldigheid": _DATE,
    "eindeGeldigheid": _DATE,
    "betrokkeneIdentificatie": Field(nullable(mapping), None),
    "authenticatieContext": Field(nullable(mapping), None),
}
_VERBLIJF: Final[Fields] = {
    "verblijfsadres": Field(nullable(mapping), None),
    "subVerblijfBuitenland": Field(nullable(mapping), None),
}
BETROKKENE: Final[dict[str, Fields]] = {
    "natuurlijk_persoon": {
        "inpBsn": Field(nummer("BSN", blank=True)),
        "anpIdentificatie": Field(text(17)),
        "inpA_nummer": Field(text(10)),
        "geslachtsnaam": Field(text(200)),
        "voorvoegselGeslachtsnaam": Field(text(80)),
        "voorletters": Field(text(20)),
        "voornamen": Field(text(200)),
        "geslachtsaanduiding": Field(one_of("m", "v", "o", blank=True)),
        "geboortedatum": Field(text(18)),
        **_VERBLIJF,
    },
    "niet_natuurlijk_persoon": {
        "innNnpId": Field(nummer("RSIN", blank=True)),
        "annIdentificatie": Field(text(17)),
        "kvkNummer": Field(text(8)),
        "vestigingsNummer": Field(text(24)),
        "statutaireNaam": Field(text(500)),
        "innRechtsvorm": Field(text(50)),
        "bezoekadres": Field(text(1000)),
        "subVerblijfBuitenland": Field(nullable(mapping), None),
    },
    "vestiging": {
        "vestigingsNummer": Field(text(24)),
        "handelsnaam": Field(listing(text(625)), []),
        "kvkNummer": Field(text(8)),
        **_VERBLIJF,
    },
    "organisatorische_eenheid": {
        "identificatie": Field(text(24)),
        "naam": Field(text(50)),
        "isGehuisvestIn": Field(text(24)),
    },
    "medewerker": {
        "identificatie": Field(text(24)),
        "achternaam": Field(text(200)),
        "voorletters": Field(text(20)),
        "voorvoegselAchternaam": Field(text(10)),
    },
}
_REPRESENTEE: Final[Fields] = {
    "identifierType": Field(one_of("bsn", "kvkNummer"), required=True),
    "identifier": Field(text(9, blank=False), required=True),
}
_DIGID: Final = (
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
)
_EHERKENNING: Final = tuple(f"urn:etoegang:core:assurance-class:loa{level}" for level in ("1", "2", "2plus", "3", "4"))
AUTHENTICATIE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "natuurlijk_persoon": ("digid", _DIGID),
    "niet_natuurlijk_persoon": ("eherkenning", _EHERKENNING),
    "vestiging": ("eherkenning", _EHERKENNING),
}


def authenticatie_context(betrokkene_type: str) -> Fields:
    """Return the fields of Open Zaak's (experimental) authenticatieContext for this kind of betrokkene."""
    source, levels = AUTHENTICATIE[betrokkene_type]
    return {
        "source": Field(one_of(source), required=True),
        "levelOfAssurance": Field(one_of(*levels), None),
        "actingSubject": Field(text(100), None),
        "representee": Field(group(_REPRESENTEE), None),
        "mandate": Field(mapping, None),
    }
