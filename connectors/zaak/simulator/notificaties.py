# SPDX-License-Identifier: EUPL-1.2
"""Notificaties API 1.0.1: kanalen, abonnementen with their auth check, and publishing, as Open Notificaties does it."""

from __future__ import annotations

from typing import Any, Final

from connectors.zaak.simulator.resource import Resource, plain_list
from connectors.zaak.simulator.state import Gemeente
from connectors.zaak.simulator.validation import Field, Fields, group, listing, mapping, read, text, tijdstip, url
from connectors.zaak.simulator.web import (
    JSON_TYPE,
    ApiError,
    Json,
    Request,
    Response,
    answer,
    created,
    encode,
    forbidden,
    invalid_field,
    not_found,
)

KANALEN: Final = {
    "zaken": ["bronorganisatie", "zaaktype", "zaaktype.catalogus", "vertrouwelijkheidaanduiding"],
    "documenten": ["bronorganisatie", "informatieobjecttype", "vertrouwelijkheidaanduiding"],
    "besluiten": ["verantwoordelijkeOrganisatie", "besluittype"],
    "zaaktypen": ["catalogus"],
    "autorisaties": [],
}
TEST_MESSAGE: Final[Json] = {
    "kanaal": "test",
    "hoofdObject": "http://some.hoofdobject.nl/",
    "resource": "some_resource",
    "resourceUrl": "http://some.resource.nl/",
    "actie": "create",
    "aanmaakdatum": "2019-01-01T12:00:00Z",
    "kenmerken": {},
}
_KANAAL: Final[Fields] = {
    "naam": Field(text(50, blank=False), required=True),
    "documentatieLink": Field(url(blank=True)),
    "filters": Field(listing(text(100, blank=False)), []),
}
_FILTERGROEP = group({"filters": Field(mapping, {}), "naam": Field(text(50, blank=False), required=True)})
_ABONNEMENT: Final[Fields] = {
    "callbackUrl": Field(url(), required=True),
    "auth": Field(text(1000, blank=False), required=True),
    "kanalen": Field(listing(_FILTERGROEP), required=True),
}
_MESSAGE: Final[Fields] = {
    "kanaal": Field(text(50, blank=False), required=True),
    "hoofdObject": Field(url(), required=True),
    "resource": Field(text(100, blank=False), required=True),
    "resourceUrl": Field(url(), required=True),
    "actie": Field(text(100, blank=False), required=True),
    "aanmaakdatum": Field(tijdstip, required=True),
    "kenmerken": Field(mapping, {}),
}


def add_kanalen(gemeente: Gemeente) -> None:
    """Give a gemeente the kanalen of the standard."""
    for naam, filters in KANALEN.items():
        _add_kanaal(gemeente, {"naam": naam, "documentatieLink": "", "filters": filters})


def _add_kanaal(gemeente: Gemeente, values: Json) -> Resource:
    key = gemeente.next_uuid("kanaal", values["naam"])
    kanaal = Resource({"url": f"{gemeente.root}/notificaties/api/v1/kanaal/{key}", **values})
    gemeente.kanalen[key] = kanaal
    return kanaal


def list_kanalen(request: Request) -> Response:
    """Answer the kanalen, or the one with ``?naam=``."""
    naam = request.query.get("naam")
    return plain_list(item for item in request.gemeente.kanalen.values() if naam in {None, item.data["naam"]})


def get_kanaal(request: Request) -> Response:
    """Answer one kanaal."""
    return _one(request.gemeente.kanalen, request)


def create_kanaal(request: Request) -> Response:
    """Register a kanaal; its name is unique."""
    values = read(request.json(), _KANAAL)
    if _kanaal(request.gemeente, values["naam"]):
        raise invalid_field("naam", "unique", "Dit veld moet uniek zijn.")
    kanaal = _add_kanaal(request.gemeente, values)
    return created(kanaal.body, kanaal.data["url"])


def _kanaal(gemeente: Gemeente, naam: str) -> Json | None:
    return next((item.data for item in gemeente.kanalen.values() if item.data["naam"] == naam), None)


def _one(resources: dict[str, Resource], request: Request) -> Response:
    found = resources.get(request.ids[0])
    if found is None:
        raise not_found()
    return Response(200, found.body, [JSON_TYPE])


def list_abonnementen(request: Request) -> Response:
    """Answer the abonnementen; ``auth`` is never shown."""
    return plain_list(request.gemeente.abonnementen.values())


def get_abonnement(request: Request) -> Response:
    """Answer one abonnement."""
    return _one(request.gemeente.abonnementen, request)


async def create_abonnement(request: Request) -> Response:
    """Subscribe, after the callback showed that it refuses a call without and accepts one with the right auth."""
    gemeente = request.gemeente
    values = read(request.json(), _ABONNEMENT)
    await _check(request, values)
    key = gemeente.next_uuid("abonnement")
    gemeente.eigenaren[key] = request.claims.client_id
    made = _store(gemeente, key, values)
    return created(made.body, made.data["url"])


async def update_abonnement(request: Request) -> Response:
    """Change a subscription of one's own, with the same check."""
    key, old = _own(request)
    current = {**old.data, "auth": request.gemeente.autorisaties[key]} if request.method == "PATCH" else None
    values = {**(current or {}), **read(request.json(), _ABONNEMENT, current=current)}
    await _check(request, values)
    return Response(200, _store(request.gemeente, key, values).body, [JSON_TYPE])


def delete_abonnement(request: Request) -> Response:
    """End a subscription of one's own."""
    key, _ = _own(request)
    for table in (request.gemeente.abonnementen, request.gemeente.autorisaties, request.gemeente.eigenaren):
        table.pop(key)
    return Response(204)


def _own(request: Request) -> tuple[str, Resource]:
    key = request.ids[0]
    if key not in request.gemeente.abonnementen:
        raise not_found()
    if request.gemeente.eigenaren[key] != request.claims.client_id:
        raise forbidden("permission_denied", "Dit abonnement is van een andere applicatie.")
    return key, request.gemeente.abonnementen[key]


def _store(gemeente: Gemeente, key: str, values: Json) -> Resource:
    shown = {
        "url": f"{gemeente.root}/notificaties/api/v1/abonnement/{key}",
        "callbackUrl": values["callbackUrl"],
        "kanalen": values["kanalen"],
    }
    gemeente.autorisaties[key] = values["auth"]
    gemeente.abonnementen[key] = Resource(shown)
    return gemeente.abonnementen[key]


async def _check(request: Request, values: Json) -> None:
    _check_kanalen(request.gemeente, values["kanalen"])
    deliver, body = request.app.delivery.deliver, encode(TEST_MESSAGE)
    if await deliver(values["callbackUrl"], None, body) not in {401, 403}:
        reason = "De opgegeven callback URL is niet beveiligd met autorisatie."
        raise invalid_field("callbackUrl", "no-auth-on-callback-url", reason)
    answered = await deliver(values["callbackUrl"], values["auth"], body)
    if answered is None or answered // 100 != 2:  # noqa: PLR2004
        reason = "De opgegeven callback URL kan geen notificaties ontvangen."
        raise invalid_field("nonFieldErrors", "invalid-callback-url", reason)


def _check_kanalen(gemeente: Gemeente, kanalen: list[Json]) -> None:
    for wanted in kanalen:
        kanaal = _kanaal(gemeente, wanted["naam"])
        if kanaal is None:
            raise invalid_field("naam", "kanaal_naam", "Kanaal met deze naam bestaat niet.")
        if not set(wanted["filters"]) <= set(kanaal["filters"]):
            reason = "abonnement filters aren't consistent with kanaal filters"
            raise invalid_field("filters", "inconsistent-abonnement-filters", reason)


def publish(request: Request) -> Response:
    """Pass a notification on to the subscribers. As in Open Notificaties an error is bare: {field: [reason]}."""
    try:
        message = read(request.json(), _MESSAGE)
    except ApiError as error:
        bare: dict[str, Any] = {item["name"]: [item["reason"]] for item in error.invalid_params or ()}
        return answer(400, bare)
    if _kanaal(request.gemeente, message["kanaal"]) is None:
        return answer(400, {"kanaal": ["Kanaal met deze naam bestaat niet."]})
    key = request.gemeente.next_uuid("notificatie")
    request.app.delivery.publish(request.gemeente, message, key=key)
    return answer(200, message)


def subscribers(gemeente: Gemeente, message: Json) -> list[tuple[str, str, str]]:
    """Return (abonnement, callbackUrl, auth) for each subscription whose filters let ``message`` through."""
    return [
        (key, abonnement.data["callbackUrl"], gemeente.autorisaties[key])
        for key, abonnement in gemeente.abonnementen.items()
        if any(_passes(kanaal, message) for kanaal in abonnement.data["kanalen"])
    ]


def _passes(kanaal: Json, message: Json) -> bool:
    """Exact match or ``*``; a filter on a kenmerk that the message lacks lets it through."""
    if kanaal["naam"] != message["kanaal"]:
        return False
    kenmerken = message["kenmerken"]
    return all(kenmerken.get(name, value) == value for name, value in kanaal["filters"].items() if value != "*")
