# SPDX-License-Identifier: EUPL-1.2
"""What is particular to each kind of resource under a zaak: its data, its rules, its filters."""

from __future__ import annotations

from typing import Final

from connectors.zaak.simulator import fields
from connectors.zaak.simulator.children import Kind
from connectors.zaak.simulator.clock import micros
from connectors.zaak.simulator.resource import Resource
from connectors.zaak.simulator.state import Dossier
from connectors.zaak.simulator.statussen import STATUSSEN
from connectors.zaak.simulator.typen import type_of
from connectors.zaak.simulator.validation import FieldError, Fields, group
from connectors.zaak.simulator.web import Json, Request, invalid_field


def _rol(request: Request, dossier: Dossier, values: Json) -> Json:
    roltype = type_of(dossier, "roltypen", values["roltype"], "roltype")
    if not values["betrokkene"] and not values["betrokkeneIdentificatie"]:
        reason = "betrokkene or betrokkeneIdentificatie must be provided"
        raise invalid_field("nonFieldErrors", "invalid-betrokkene", reason)
    _check_occurrence(request, dossier, roltype["omschrijvingGeneriek"])
    betrokkene_type = values["betrokkeneType"]
    openzaak = request.app.config.openzaak
    rol = {
        "zaak": values["zaak"],
        "betrokkene": values["betrokkene"],
        "betrokkeneType": betrokkene_type,
        "afwijkendeNaamBetrokkene": values["afwijkendeNaamBetrokkene"],
        "roltype": values["roltype"],
        "omschrijving": roltype["omschrijving"],
        "omschrijvingGeneriek": roltype["omschrijvingGeneriek"],
        "roltoelichting": values["roltoelichting"],
        "registratiedatum": micros(request.app.clock.now()),
        "indicatieMachtiging": values["indicatieMachtiging"],
        "contactpersoonRol": values["contactpersoonRol"] or (_NO_CONTACT if openzaak else None),
        "statussen": [],
    }
    if openzaak:
        rol |= {"beginGeldigheid": values["beginGeldigheid"], "eindeGeldigheid": values["eindeGeldigheid"]}
    rol["betrokkeneIdentificatie"] = _betrokkene(betrokkene_type, values["betrokkeneIdentificatie"], openzaak=openzaak)
    if betrokkene_type in fields.AUTHENTICATIE:
        rol["authenticatieContext"] = _authenticatie(values)
    return rol


_NO_CONTACT: Final = {"emailadres": "", "functie": "", "telefoonnummer": "", "naam": ""}


def _betrokkene(betrokkene_type: str, value: Json | None, *, openzaak: bool) -> Json | None:
    if value is None:
        return None
    found: Json = _group("betrokkeneIdentificatie", fields.BETROKKENE[betrokkene_type], value)
    if openzaak:
        return found
    return {name: part for name, part in found.items() if part != "" or name not in {"inpA_nummer", "innRechtsvorm"}}


def _group(name: str, spec: Fields, value: Json) -> Json:
    try:
        found: Json = group(spec)(value)
    except FieldError as error:
        place = f"{name}.{error.name}" if error.name else name
        raise invalid_field(place, error.code, error.reason) from error
    return found


def _authenticatie(values: Json) -> Json | None:
    """Check Open Zaak's authenticatieContext: a representee needs a mandate and the indicatie "gemachtigde"."""
    context = values["authenticatieContext"]
    if context is None:
        return None
    found = _group("authenticatieContext", fields.authenticatie_context(values["betrokkeneType"]), context)
    if found["representee"] and not found["mandate"]:
        reason = "The mandate context is required when a representee is specified."
        raise invalid_field("authenticatieContext.mandate", "required", reason)
    if found["representee"] and values["indicatieMachtiging"] != "gemachtigde":
        reason = "`indicatieMachtiging` must be set to 'gemachtigde' when a representee is specified"
        raise invalid_field("nonFieldErrors", "indicatie-machtiging-invalid", reason)
    return {name: part for name, part in found.items() if part is not None}


def _check_occurrence(request: Request, dossier: Dossier, generiek: str) -> None:
    if generiek not in {"initiator", "zaakcoordinator"} or request.app.config.meer_initiatoren:
        return
    held = sum(rol.data["omschrijvingGeneriek"] == generiek for rol in dossier.of("rollen").values())
    if held:
        raise invalid_field("roltype", "max-occurences", f"There are already {held} `{generiek}` occurences")


def _rol_added(_request: Request, dossier: Dossier, rol: Resource) -> None:
    dossier.gemeente.link_person(dossier, rol.data)


def _rol_removed(dossier: Dossier, rol: Resource) -> None:
    dossier.gemeente.unlink_person(dossier, rol.data)


def _resultaat(_request: Request, dossier: Dossier, values: Json) -> Json:
    type_of(dossier, "resultaattypen", values["resultaattype"], "resultaattype")
    return {name: values[name] for name in ("zaak", "resultaattype", "toelichting")}


def _new_resultaat(request: Request, dossier: Dossier, values: Json) -> Json:
    if request.method == "POST" and dossier.of("resultaten"):
        raise invalid_field("zaak", "unique", "resultaat met deze zaak bestaat al.")
    return _resultaat(request, dossier, values)


def _resultaat_added(_request: Request, dossier: Dossier, resultaat: Resource) -> None:
    dossier.change(resultaat=resultaat.data["url"])


def _resultaat_removed(dossier: Dossier, _resultaat: Resource) -> None:
    dossier.change(resultaat=None)


def _zaakobject(request: Request, _dossier: Dossier, values: Json) -> Json:
    identificatie = values["objectIdentificatie"]
    if not values["object"] and not identificatie:
        reason = "object or objectIdentificatie must be provided"
        raise invalid_field("nonFieldErrors", "invalid-zaakobject", reason)
    spec = fields.OBJECT_IDENTIFICATIE.get(values["objectType"])
    if identificatie and spec:
        identificatie = _group("objectIdentificatie", spec, identificatie)
    if values["objectType"] == "overige" and not values["objectTypeOverige"]:
        raise invalid_field("nonFieldErrors", "missing-object-type-overige", "objectTypeOverige is verplicht.")
    _check_own_object(request, values["object"])
    zaakobject = {name: values[name] for name in fields.ZAAKOBJECT}
    zaakobject["objectIdentificatie"] = identificatie
    return zaakobject if request.app.config.openzaak else _without_empty(zaakobject)


def _check_own_object(request: Request, url: str) -> None:
    """An object of our own Objects API must exist; what stands elsewhere is taken as given."""
    prefix = f"{request.gemeente.root}/objecten/"
    if url.startswith(prefix) and url.rpartition("/")[2] not in request.gemeente.objecten:
        raise invalid_field("object", "bad-url", f"The URL {url} responded with HTTP 404. Please provide a valid URL.")


def _without_empty(data: Json) -> Json:
    """Leave out what the standard lets be absent but not empty."""
    leave_out = ("object", "zaakobjecttype", "objectTypeOverige", "objectIdentificatie")
    return {name: value for name, value in data.items() if value or name not in leave_out}


def _zaakeigenschap(_request: Request, dossier: Dossier, values: Json) -> Json:
    eigenschap = type_of(dossier, "eigenschappen", values["eigenschap"], "eigenschap")
    return {
        "zaak": values["zaak"],
        "eigenschap": values["eigenschap"],
        "naam": eigenschap["naam"],
        "waarde": values["waarde"],
    }


def _klantcontact(request: Request, dossier: Dossier, values: Json) -> Json:
    if values["datumtijd"] > micros(request.app.clock.now() + request.app.clock.leeway):
        raise invalid_field("datumtijd", "date-in-future", "Deze datum mag niet in de toekomst zijn")
    number = len(dossier.of("klantcontacten")) + 1
    return {**values, "identificatie": values["identificatie"] or f"{dossier.uuid[:8]}{number:06d}"}


_BETROKKENE: Final = "betrokkeneIdentificatie__"
ROLLEN: Final = Kind(
    name="rol",
    segment="rollen",
    fields=fields.ROL,
    build=_rol,
    added=_rol_added,
    removed=_rol_removed,
    filters=frozenset(
        {
            "zaak",
            "betrokkene",
            "betrokkeneType",
            "roltype",
            "omschrijving",
            "omschrijvingGeneriek",
            f"{_BETROKKENE}natuurlijkPersoon__inpBsn",
            f"{_BETROKKENE}natuurlijkPersoon__anpIdentificatie",
            f"{_BETROKKENE}natuurlijkPersoon__inpA_nummer",
            f"{_BETROKKENE}nietNatuurlijkPersoon__innNnpId",
            f"{_BETROKKENE}nietNatuurlijkPersoon__annIdentificatie",
            f"{_BETROKKENE}vestiging__vestigingsNummer",
            f"{_BETROKKENE}organisatorischeEenheid__identificatie",
            f"{_BETROKKENE}medewerker__identificatie",
        }
    ),
)
RESULTATEN: Final = Kind(
    name="resultaat",
    segment="resultaten",
    fields=fields.RESULTAAT,
    build=_new_resultaat,
    added=_resultaat_added,
    removed=_resultaat_removed,
    filters=frozenset({"zaak", "resultaattype"}),
    immutable=("zaak", "resultaattype"),
)
ZAAKOBJECTEN: Final = Kind(
    name="zaakobject",
    segment="zaakobjecten",
    fields=fields.ZAAKOBJECT,
    build=_zaakobject,
    filters=frozenset({"zaak", "object", "objectType"}),
    immutable=("zaak", "object", "objectType"),
)
ZAAKEIGENSCHAPPEN: Final = Kind(
    name="zaakeigenschap",
    segment="zaakeigenschappen",
    fields=fields.ZAAKEIGENSCHAP,
    build=_zaakeigenschap,
    filters=frozenset(),
    immutable=("zaak", "eigenschap"),
    nested=True,
)
KLANTCONTACTEN: Final = Kind(
    name="klantcontact",
    segment="klantcontacten",
    fields=fields.KLANTCONTACT,
    build=_klantcontact,
    filters=frozenset({"zaak"}),
)
FLAT: Final = (ROLLEN, STATUSSEN, RESULTATEN, ZAAKOBJECTEN, KLANTCONTACTEN)
