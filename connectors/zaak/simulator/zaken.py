# SPDX-License-Identifier: EUPL-1.2
"""Zaken API: the zaak itself and its audit trail."""

from __future__ import annotations

from typing import Any, Final

from connectors.zaak.simulator.config import GEFORCEERD
from connectors.zaak.simulator.expand import expanded
from connectors.zaak.simulator.fields import ZAAK, ZAAK_ORDER
from connectors.zaak.simulator.mutations import record
from connectors.zaak.simulator.resource import Resource, detail, plain_list
from connectors.zaak.simulator.state import Dossier, Gemeente
from connectors.zaak.simulator.validation import read
from connectors.zaak.simulator.web import (
    JSON_TYPE,
    Json,
    Request,
    Response,
    created,
    forbidden,
    invalid_field,
    not_found,
)

_WEERGAVE: Final = {
    "": "",
    "nvt": "Er is geen sprake van te betalen, met de zaak gemoeide, kosten.",
    "nog_niet": "De met de zaak gemoeide kosten zijn (nog) niet betaald.",
    "gedeeltelijk": "De met de zaak gemoeide kosten zijn gedeeltelijk betaald.",
    "geheel": "De met de zaak gemoeide kosten zijn geheel betaald.",
}
_EMPTY_PROCESOBJECT: Final = {"datumkenmerk": "", "identificatie": "", "objecttype": "", "registratie": ""}
_OWN: Final[Json] = {  # what only the zaaksysteem sets
    "einddatum": None,
    "deelzaken": [],
    "eigenschappen": [],
    "rollen": [],
    "status": None,
    "zaakinformatieobjecten": [],
    "zaakobjecten": [],
    "resultaat": None,
}


def dossier_of(request: Request) -> Dossier:
    """Return the dossier the path names; 404 when there is none."""
    dossier = request.gemeente.dossiers.get(request.ids[0])
    if dossier is None:
        raise not_found()
    return dossier


def get_zaak(request: Request) -> Response:
    """Answer a zaak; with ``?expand=`` related resources in ``_expand``."""
    dossier = dossier_of(request)
    if "expand" not in request.query:
        return detail(dossier.zaak, request.headers)
    zaak = Resource({**dossier.zaak.data, "_expand": expanded(dossier, request.query["expand"])})
    return detail(zaak, request.headers)


def create_zaak(request: Request) -> Response:
    """Register a zaak. Its uuid follows from the seed and its first kenmerk."""
    gemeente = request.gemeente
    values = read(request.json(), ZAAK)
    zaaktype = _zaaktype(gemeente, values["zaaktype"])
    bron = values["bronorganisatie"]
    if values["identificatie"]:
        _check_unique(gemeente, bron, values["identificatie"])
    else:
        values["identificatie"] = gemeente.zaaknummers.next(bron, values["startdatum"][:4])
    values["vertrouwelijkheidaanduiding"] = values["vertrouwelijkheidaanduiding"] or zaaktype["vertrouwelijkheidaanduiding"]
    values["registratiedatum"] = values["registratiedatum"] or request.app.clock.today()
    hint = values["kenmerken"][0]["kenmerk"] if values["kenmerken"] else ""
    zaak_uuid = gemeente.next_uuid("zaak", hint)
    url = f"{gemeente.zaken_root}/zaken/{zaak_uuid}"
    zaak = Resource(_shape(request, {"url": url, "uuid": zaak_uuid, **_OWN, **values}))
    dossier = Dossier(gemeente, zaak)
    gemeente.dossiers[zaak_uuid] = dossier
    gemeente.zaaknummers.take(bron, values["identificatie"])
    record(request, dossier, resource="zaak", actie="create", oud=None, nieuw=zaak.data)
    return created(zaak.body, url)


def update_zaak(request: Request) -> Response:
    """Change a zaak: PUT wholly, PATCH in part. A closed one only with zaken.geforceerd-bijwerken (zrc-007)."""
    dossier = dossier_of(request)
    partial = request.method == "PATCH"
    old = dossier.zaak.data
    values = read(request.json(), ZAAK, current=old if partial else None)
    if not partial:
        values["identificatie"] = values["identificatie"] or old["identificatie"]
        values["registratiedatum"] = values["registratiedatum"] or old["registratiedatum"]
    for name in ("zaaktype", "identificatie"):
        if values.get(name, old[name]) != old[name]:
            raise invalid_field(name, "wijzigen-niet-toegelaten", "Dit veld mag niet gewijzigd worden.")
    if dossier.is_closed and not request.claims.may(GEFORCEERD):
        raise forbidden("permission_denied", "Modifying a closed case with current scope is forbidden")
    if values.get("vertrouwelijkheidaanduiding", None) == "":
        values["vertrouwelijkheidaanduiding"] = old["vertrouwelijkheidaanduiding"]
    dossier.zaak = Resource(_shape(request, {**old, **values}, old=old))
    actie = "partial_update" if partial else "update"
    record(request, dossier, resource="zaak", actie=actie, oud=old, nieuw=dossier.zaak.data)
    return Response(200, dossier.zaak.body, [JSON_TYPE])


def delete_zaak(request: Request) -> Response:
    """Delete a zaak physically, with all under it; one notification tells it (zrc-023)."""
    dossier = dossier_of(request)
    old = dossier.zaak.data
    record(request, dossier, resource="zaak", actie="destroy", oud=old, nieuw=None)
    request.gemeente.forget(dossier)
    return Response(204)


def get_audittrail(request: Request) -> Response:
    """Answer the audit trail, oldest first, as a plain array; 403 when it is switched off."""
    _check_trail_is_on(request)
    return plain_list(dossier_of(request).trail)


def get_audittrail_entry(request: Request) -> Response:
    """Answer one entry of the audit trail."""
    _check_trail_is_on(request)
    for entry in dossier_of(request).trail:
        if entry.data["uuid"] == request.ids[1]:
            return Response(200, entry.body, [JSON_TYPE])
    raise not_found()


def no_documents(request: Request) -> Response:
    """Answer an empty list: this zaaksysteem has no documents and no besluiten."""
    if request.ids:
        dossier_of(request)
    return plain_list([])


def _check_trail_is_on(request: Request) -> None:
    if not request.app.storing.audittrail:
        raise forbidden("permission_denied", "Je hebt geen toestemming om deze actie uit te voeren.")


def _zaaktype(gemeente: Gemeente, url: str) -> Json:
    zaaktype = gemeente.catalogus.get("zaaktypen", url)
    if zaaktype is None:
        raise invalid_field("zaaktype", "bad-url", "De URL geeft geen ZaakType.")
    return zaaktype


def _check_unique(gemeente: Gemeente, bronorganisatie: str, identificatie: str) -> None:
    if gemeente.zaaknummers.is_taken(bronorganisatie, identificatie):
        reason = f"Deze identificatie ({identificatie}) bestaat al voor deze bronorganisatie"
        raise invalid_field("identificatie", "identificatie-niet-uniek", reason)


def _shape(request: Request, values: Json, old: Json | None = None) -> Json:
    """Return the zaak as it is served, in Open Zaak's order; outside its dialect without its extras."""
    values["betalingsindicatieWeergave"] = _WEERGAVE[values["betalingsindicatie"]]
    values["processobject"] = values["processobject"] or _EMPTY_PROCESOBJECT
    values["opschorting"] = _opschorting(values["opschorting"], (old or {}).get("opschorting"))
    openzaak = request.app.config.openzaak
    zaak = {name: values[name] for name in ZAAK_ORDER if openzaak or name != "communicatiekanaalNaam"}
    if not openzaak:
        zaak["opschorting"] = {name: zaak["opschorting"][name] for name in ("indicatie", "reden")}
    return zaak


def _opschorting(value: Json | None, old: Json | None) -> dict[str, Any]:
    found = value or {"indicatie": False, "reden": ""}
    resumed = bool(old and old["indicatie"] and not found["indicatie"])
    earlier = resumed or bool(old and old.get("eerdereOpschorting"))
    return {"indicatie": found["indicatie"], "eerdereOpschorting": earlier, "reden": found["reden"]}
