# SPDX-License-Identifier: EUPL-1.2
"""From one ZGW object to one fact: what goes into the open part, what is sealed, per resource. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.zaak.client import resource_key
from connectors.zaak.tijd import utc
from hub.besloten import Besloten, Pseudonym, as_bsn, sealed, zaak_subject
from hub.privacy import mask_bsns

Json = Mapping[str, Any]
ZGW: Final = "nl.overheid.zaken."
_CONTACT: Final = ("emailadres", "functie", "naam", "telefoonnummer")  # what ZGW has of a contactpersoonRol, and no more
_BAG_ID: Final = re.compile(r"(?<!\d)(\d{16})/?$")

GEREGISTREERD: Final = f"{ZGW}zaak-geregistreerd.v1"
BIJGEWERKT: Final = f"{ZGW}zaak-bijgewerkt.v1"
OPGESCHORT: Final = f"{ZGW}zaak-opgeschort.v1"
HERVAT: Final = f"{ZGW}zaak-hervat.v1"
VERLENGD: Final = f"{ZGW}zaak-verlengd.v1"
AFGESLOTEN: Final = f"{ZGW}zaak-afgesloten.v1"
HEROPEND: Final = f"{ZGW}zaak-heropend.v1"
VERWIJDERD: Final = f"{ZGW}zaak-verwijderd.v1"
OVERIG: Final = f"{ZGW}overig-gewijzigd.v1"
ZONDER_INHOUD: Final = "nl.wissel.zaken.melding-zonder-inhoud.v1"
ONTVANGST: Final = "nl.wissel.zaken.ontvangst-vastgelegd.v1"
GELEZEN: Final = "nl.wissel.verhuisaangifte.gelezen.v1"

GEZET: Final[Mapping[str, str]] = {
    "status": f"{ZGW}status-gezet.v1",
    "rol": f"{ZGW}rol-toegevoegd.v1",
    "resultaat": f"{ZGW}resultaat-gezet.v1",
    "zaakobject": f"{ZGW}zaakobject-toegevoegd.v1",
    "zaakeigenschap": f"{ZGW}eigenschap-gezet.v1",
    "klantcontact": f"{ZGW}klantcontact-toegevoegd.v1",
}
WEG: Final[Mapping[str, str]] = {
    soort: f"{ZGW}{'eigenschap' if soort == 'zaakeigenschap' else soort}-verwijderd.v1" for soort in GEZET
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Omgeving:
    """What stands around the objects of one zaak: its gemeente, who reports, and the catalogue objects it names."""

    gemeente: str
    bron: str
    hub: str
    zaak_uuid: str
    pseudonym: Pseudonym
    typen: Mapping[str, Json] = field(default_factory=dict)

    def type_of(self, url: Any) -> Json:
        """Return the catalogue object behind ``url``, an empty one when the catalogue no longer has it."""
        return self.typen.get(resource_key(str(url or "")), {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A fact without its id: type, open data without the fields all facts share, and what is sealed per subject."""

    type: str
    data: Json = field(default_factory=dict)
    besloten: Besloten = field(default_factory=dict)
    van_hub: bool = False


def soort_van(resource: str) -> str:
    """Return the resource name as we know it, in lower case."""
    return resource.strip().lower()


def is_eindstatus(status: Json, omgeving: Omgeving) -> bool:
    """Return True when the statustype of ``status`` closes the zaak."""
    return bool(omgeving.type_of(status.get("statustype")).get("isEindstatus"))


def gezet(soort: str, resource: Json, omgeving: Omgeving) -> Concept:
    """Return the fact that ``resource`` (a rol, status, ...) is there with this content."""
    return _BUILDERS[soort](resource, omgeving)


def geregistreerd(zaak: Json, omgeving: Omgeving, *, gesloten: bool) -> Concept:
    """Return the registration of a zaak; ``gesloten``: it was closed when we first saw it."""
    zaaktype = omgeving.type_of(zaak.get("zaaktype"))
    data = {
        "zaak": _text(zaak, "url"),
        "uuid": omgeving.zaak_uuid,
        "identificatie": str(zaak.get("identificatie") or ""),  # a number of nine digits is not masked: it is no BSN
        "bronorganisatie": str(zaak.get("bronorganisatie") or ""),
        "zaaktype": _text(zaak, "zaaktype"),
        "zaaktypeIdentificatie": _text(zaaktype, "identificatie"),
        "zaaktypeOmschrijving": _text(zaaktype, "omschrijving"),
        "registratiedatum": _text(zaak, "registratiedatum"),
        "startdatum": _text(zaak, "startdatum"),
        "einddatum": _optional(zaak, "einddatum"),
        "einddatumGepland": _optional(zaak, "einddatumGepland"),
        "uiterlijkeEinddatumAfdoening": _optional(zaak, "uiterlijkeEinddatumAfdoening"),
        "doorlooptijd": _optional(zaaktype, "doorlooptijd"),
        "communicatiekanaal": _text(zaak, "communicatiekanaal"),
        "vertrouwelijkheidaanduiding": _text(zaak, "vertrouwelijkheidaanduiding"),
        "geslotenBijEersteWaarneming": gesloten,
    }
    return Concept(
        type=GEREGISTREERD, data=data, besloten=_sealed_fields(zaak, omgeving, "omschrijving", "toelichting", "kenmerken")
    )


def bijgewerkt(zaak: Json, gewijzigd: list[str], omgeving: Omgeving) -> Concept:
    """Return the change of the fields ``gewijzigd`` of a zaak, with the values they have now."""
    open_fields = (
        "einddatumGepland",
        "uiterlijkeEinddatumAfdoening",
        "zaaktype",
        "communicatiekanaal",
        "vertrouwelijkheidaanduiding",
    )
    data: dict[str, Any] = {name: _optional(zaak, name) for name in open_fields if name in gewijzigd}
    if "zaaktype" in gewijzigd:
        data["zaaktypeIdentificatie"] = _optional(omgeving.type_of(zaak.get("zaaktype")), "identificatie")
    personal = [name for name in ("omschrijving", "toelichting") if name in gewijzigd]
    besloten = _sealed_fields(zaak, omgeving, *personal)
    return Concept(type=BIJGEWERKT, data={"gewijzigd": sorted(gewijzigd)} | data, besloten=besloten)


def opschorting(zaak: Json, omgeving: Omgeving) -> Concept:
    """Return the suspension of a zaak, or its resumption when it is not suspended."""
    found = _mapping(zaak, "opschorting")
    if not found.get("indicatie"):
        return Concept(type=HERVAT)
    return Concept(type=OPGESCHORT, besloten=_sealed_fields(found, omgeving, "reden"))


def verlenging(zaak: Json, omgeving: Omgeving) -> Concept:
    """Return the extension of a zaak."""
    found = _mapping(zaak, "verlenging")
    return Concept(type=VERLENGD, data={"duur": _text(found, "duur")}, besloten=_sealed_fields(found, omgeving, "reden"))


def _status(status: Json, omgeving: Omgeving) -> Concept:
    statustype = omgeving.type_of(status.get("statustype"))
    volgnummer = statustype.get("volgnummer")
    data = {
        "status": _text(status, "url"),
        "statustype": _text(status, "statustype"),
        "omschrijving": _text(statustype, "omschrijving"),
        "volgnummer": volgnummer if isinstance(volgnummer, int) else 0,
        "isEindstatus": is_eindstatus(status, omgeving),
        "datumStatusGezet": utc(status.get("datumStatusGezet")),
        "statustekst": _optional(statustype, "statustekst"),
    }
    return Concept(type=GEZET["status"], data=data, besloten=_sealed_fields(status, omgeving, "statustoelichting"))


def _rol(rol: Json, omgeving: Omgeving) -> Concept:
    roltype = omgeving.type_of(rol.get("roltype"))
    betrokkene, besloten = _betrokkene(rol, omgeving)
    context = _mapping(rol, "authenticatieContext")
    data = {
        "rol": _text(rol, "url"),
        "betrokkeneType": _text(rol, "betrokkeneType"),
        "omschrijving": _text(rol, "omschrijving") or _text(roltype, "omschrijving"),
        "omschrijvingGeneriek": generieke_rol(rol, omgeving),
        "roltoelichting": _text(rol, "roltoelichting"),
        "indicatieMachtiging": _optional(rol, "indicatieMachtiging"),
        "betrokkene": betrokkene,
        "authenticatie": _authenticatie(context),
    }
    return Concept(type=GEZET["rol"], data=data, besloten=besloten)


def generieke_rol(rol: Json, omgeving: Omgeving) -> str:
    """Return omschrijvingGeneriek of a rol, from its roltype when the rol itself does not say it."""
    return _text(rol, "omschrijvingGeneriek") or _text(omgeving.type_of(rol.get("roltype")), "omschrijvingGeneriek")


def _authenticatie(context: Json) -> dict[str, str] | None:
    middel = _text(context, "source")
    return {"middel": middel, "niveau": _text(context, "levelOfAssurance")} if middel else None


def _betrokkene(rol: Json, omgeving: Omgeving) -> tuple[str | None, Besloten]:
    """Return who it is (pseudonym or identification) and what is personal about that one, sealed apart."""
    who, contact = _mapping(rol, "betrokkeneIdentificatie"), _mapping(rol, "contactpersoonRol")
    bsn = as_bsn(who.get("inpBsn"))
    names = {
        "geslachtsnaam": who.get("geslachtsnaam") or who.get("achternaam"),
        "voorvoegsel": who.get("voorvoegselGeslachtsnaam") or who.get("voorvoegselAchternaam"),
        "voornamen": who.get("voornamen") or who.get("voorletters"),
        "naam": who.get("statutaireNaam") or who.get("naam"),
        "contact": {name: contact[name] for name in _CONTACT if contact.get(name)},
    }
    if bsn is not None:
        pseudonym = omgeving.pseudonym(bsn)
        besloten = sealed(pseudonym, names, omgeving.pseudonym)
        besloten[pseudonym] = besloten.get(pseudonym, {}) | {"bsn": bsn.reveal()}
        return pseudonym, besloten
    besloten = sealed(zaak_subject(omgeving.zaak_uuid), {"betrokkene": _filled(names)}, omgeving.pseudonym)
    if _text(rol, "betrokkeneType") == "natuurlijk_persoon":
        return None, besloten
    kinds = ("identificatie", "innNnpId", "annIdentificatie", "kvkNummer", "vestigingsNummer")
    return next((_text(who, name) for name in kinds if who.get(name)), None), besloten


def _resultaat(resultaat: Json, omgeving: Omgeving) -> Concept:
    data = {
        "resultaat": _text(resultaat, "url"),
        "resultaattype": _text(resultaat, "resultaattype"),
        "omschrijving": _text(omgeving.type_of(resultaat.get("resultaattype")), "omschrijving"),
    }
    return Concept(type=GEZET["resultaat"], data=data, besloten=_sealed_fields(resultaat, omgeving, "toelichting"))


def _zaakobject(zaakobject: Json, omgeving: Omgeving) -> Concept:
    data = {
        "zaakobject": _text(zaakobject, "url"),
        "objectType": _text(zaakobject, "objectType"),
        "objectTypeOverige": _optional(zaakobject, "objectTypeOverige"),
        "relatieomschrijving": _text(zaakobject, "relatieomschrijving"),
        "object": _optional(zaakobject, "object"),
        "bagId": bag_id(zaakobject),
    }
    return Concept(type=GEZET["zaakobject"], data=data, besloten=_sealed_fields(zaakobject, omgeving, "objectIdentificatie"))


def bag_id(zaakobject: Json) -> str | None:
    """Return the 16-digit BAG identification of a zaakobject, from its identification or the URL of the object."""
    found = _mapping(zaakobject, "objectIdentificatie").get("identificatie")
    for text in (str(found or ""), str(zaakobject.get("object") or "")):
        match = _BAG_ID.search(text)
        if match:
            return match.group(1)
    return None


def _eigenschap(eigenschap: Json, omgeving: Omgeving) -> Concept:
    data = {"eigenschap": _text(eigenschap, "url"), "naam": _text(eigenschap, "naam")}
    return Concept(type=GEZET["zaakeigenschap"], data=data, besloten=_sealed_fields(eigenschap, omgeving, "waarde"))


def _klantcontact(contact: Json, omgeving: Omgeving) -> Concept:
    data = {"datumtijd": utc(contact.get("datumtijd")), "kanaal": _text(contact, "kanaal")}
    return Concept(
        type=GEZET["klantcontact"], data=data, besloten=_sealed_fields(contact, omgeving, "onderwerp", "toelichting")
    )


_BUILDERS: Final[Mapping[str, Callable[[Json, Omgeving], Concept]]] = {
    "status": _status,
    "rol": _rol,
    "resultaat": _resultaat,
    "zaakobject": _zaakobject,
    "zaakeigenschap": _eigenschap,
    "klantcontact": _klantcontact,
}


def _text(node: Json, name: str) -> str:
    """Return a field as open text: a BSN that strayed into it is masked."""
    value = node.get(name)
    return mask_bsns(str(value)) if value is not None else ""


def _optional(node: Json, name: str) -> str | None:
    return _text(node, name) or None


def _mapping(node: Json, name: str) -> Json:
    value = node.get(name)
    return value if isinstance(value, Mapping) else {}


def _filled(fields: Json) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _sealed_fields(node: Json, omgeving: Omgeving, *names: str) -> Besloten:
    return sealed(zaak_subject(omgeving.zaak_uuid), {name: node.get(name) for name in names}, omgeving.pseudonym)
