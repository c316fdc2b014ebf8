# SPDX-License-Identifier: EUPL-1.2
"""A stand-in for the Objects API v2: the objects (productaanvragen) that ``zaakobject.object`` points at."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from connectors.zaak.simulator.resource import Resource, detail
from connectors.zaak.simulator.validation import Field, anything, datum, group, integer, mapping, nullable, read, text, url
from connectors.zaak.simulator.web import ApiError, Request, Response, answer, created, invalid_field, not_found

_RECORD = group(
    {
        "typeVersion": Field(integer, required=True),
        "data": Field(mapping, {}),
        "geometry": Field(nullable(mapping), None),
        "startAt": Field(datum, required=True),
        "correctionFor": Field(anything, None),
    }
)
_OBJECT = {"uuid": Field(text(36), ""), "type": Field(url(), required=True), "record": Field(_RECORD, required=True)}


def check_token(request: Request) -> None:
    """Refuse a call without the token of this API: 401, as the Objects API answers."""
    given = request.headers.get(b"authorization", b"")
    if not hmac.compare_digest(given, f"Token {request.app.config.objecten_token}".encode()):
        detail_text = "Authenticatiegegevens zijn niet opgegeven."
        raise ApiError(401, soort="NotAuthenticated", code="not_authenticated", title=detail_text, detail=detail_text)


def with_token(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return ``handler`` behind the token check."""

    def checked(request: Request) -> Response:
        check_token(request)
        return handler(request)

    return checked


def create_object(request: Request) -> Response:
    """Keep an object; the caller may choose its uuid."""
    gemeente = request.gemeente
    values = read(request.json(), _OBJECT)
    key = values["uuid"] or gemeente.next_uuid("object")
    if key in gemeente.objecten:
        raise invalid_field("uuid", "unique", "object met deze uuid bestaat al.")
    made = Resource(_object(request, key, values))
    gemeente.objecten[key] = made
    return created(made.body, made.data["url"])


def _object(request: Request, key: str, values: dict[str, Any]) -> dict[str, Any]:
    record = values["record"]
    return {
        "url": f"{request.gemeente.root}/objecten/api/v2/objects/{key}",
        "uuid": key,
        "type": values["type"],
        "record": {
            "index": 1,
            "typeVersion": record["typeVersion"],
            "data": record["data"],
            "geometry": record["geometry"],
            "startAt": record["startAt"],
            "endAt": None,
            "registrationAt": request.app.clock.today(),
            "correctionFor": record["correctionFor"],
            "correctedBy": None,
        },
    }


def get_object(request: Request) -> Response:
    """Answer one object."""
    found = request.gemeente.objecten.get(request.ids[0])
    if found is None:
        raise not_found()
    return detail(found, request.headers)


def list_objects(request: Request) -> Response:
    """Answer all objects of a type."""
    wanted = request.query.get("type")
    found = [item.data for item in request.gemeente.objecten.values() if wanted in {None, item.data["type"]}]
    return answer(200, {"count": len(found), "next": None, "previous": None, "results": found})
