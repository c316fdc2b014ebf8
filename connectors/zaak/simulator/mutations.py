# SPDX-License-Identifier: EUPL-1.2
"""What every change leaves behind: one entry in the audit trail, one line in our books, one notification."""

from __future__ import annotations

from typing import Final

from connectors.zaak.simulator.clock import micros, millis
from connectors.zaak.simulator.resource import Resource
from connectors.zaak.simulator.state import Dossier
from connectors.zaak.simulator.web import Json, Request

_ACTIES: Final = {
    "create": "Object aangemaakt",
    "update": "Object bijgewerkt",
    "partial_update": "Object deels bijgewerkt",
    "destroy": "Object verwijderd",
}
_STATUSES: Final = {"create": 201, "update": 200, "partial_update": 200, "destroy": 204}
# In Open Zaak these viewsets notify every change but lack the mixin that writes the trail.
_GAPS: Final = frozenset(
    {
        ("zaakeigenschap", "update"),
        ("zaakeigenschap", "partial_update"),
        ("zaakeigenschap", "destroy"),
        ("zaakobject", "update"),
        ("zaakobject", "partial_update"),
    }
)


def record(request: Request, dossier: Dossier, *, resource: str, actie: str, oud: Json | None, nieuw: Json | None) -> None:
    """Record one change of ``resource`` (e.g. "rol"); ``oud`` and ``nieuw`` are its state before and after."""
    url = (nieuw or oud or {})["url"]
    entry_uuid = dossier.next_uuid("audittrail")
    moment = request.app.clock.now()
    deleted = resource == "zaak" and actie == "destroy"
    trailed = not (request.app.storing.audittrail_gaten and (resource, actie) in _GAPS)
    if trailed and not deleted:
        entry = _entry(request, dossier, resource=resource, actie=actie, oud=oud, nieuw=nieuw)
        dossier.trail.append(Resource({"uuid": entry_uuid, **entry, "aanmaakdatum": micros(moment)}))
    if request.app.config.laatst_gemuteerd:
        dossier.change(laatstGemuteerd=micros(moment))
    dossier.history.append(
        {
            "resource": resource,
            "actie": actie,
            "url": url,
            "auditId": entry_uuid if trailed and not deleted else None,
            "tijdstip": micros(moment),
            "clientId": request.claims.client_id,
        }
    )
    request.app.delivery.publish(dossier.gemeente, _message(request, dossier, resource, actie, url), key=entry_uuid)


def _entry(request: Request, dossier: Dossier, *, resource: str, actie: str, oud: Json | None, nieuw: Json | None) -> Json:
    claims = request.claims
    changes = {"oud": oud, "nieuw": nieuw}
    if not request.app.config.openzaak:  # the standard has no null here
        changes = {name: state for name, state in changes.items() if state is not None}
    return {
        "bron": "zrc",
        "applicatieId": claims.applicatie_id,
        "applicatieWeergave": claims.client_id,
        "gebruikersId": claims.user_id,
        "gebruikersWeergave": claims.user_representation,
        "actie": actie,
        "actieWeergave": _ACTIES[actie],
        "resultaat": _STATUSES[actie],
        "hoofdObject": dossier.url,
        "resource": resource,
        "resourceUrl": (nieuw or oud or {})["url"],
        "toelichting": request.headers.get(b"x-audit-toelichting", b"").decode("latin-1"),
        "resourceWeergave": _weergave(dossier, resource, nieuw or oud or {}),
        "wijzigingen": changes,
    }


def _weergave(dossier: Dossier, resource: str, data: Json) -> str:
    """Return how Open Zaak names the resource: never with a person's name or number."""
    zaak = f"{dossier.zaak.data['bronorganisatie']} - {dossier.zaak.data['identificatie']}"
    if resource == "zaak":
        return zaak
    return f"({zaak}) - {data.get('datumStatusGezet') or data.get('naam') or data.get('objectType') or data['uuid']}"


def _message(request: Request, dossier: Dossier, resource: str, actie: str, url: str) -> Json:
    zaak = dossier.zaak.data
    kenmerken = {
        "bronorganisatie": zaak["bronorganisatie"],
        "zaaktype": zaak["zaaktype"],
        "zaaktype.catalogus": dossier.gemeente.catalogus.url,
        "vertrouwelijkheidaanduiding": zaak["vertrouwelijkheidaanduiding"],
    }
    if not request.app.config.openzaak:  # this kenmerk is Open Zaak's own
        del kenmerken["zaaktype.catalogus"]
    return {
        "kanaal": "zaken",
        "hoofdObject": zaak["url"],
        "resource": resource,
        "resourceUrl": url,
        "actie": actie,
        "aanmaakdatum": millis(request.app.clock.now()),
        "kenmerken": kenmerken,
    }
