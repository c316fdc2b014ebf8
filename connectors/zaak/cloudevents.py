# SPDX-License-Identifier: EUPL-1.2
"""CloudEvents of newer zaaksystemen, read as the hints they are. Structured and binary mode; pure.

Open Notificaties (1.14 and later) turns each notification into ``nl.overheid.<kanaal>.<resource>.<actie>``: the subject is
the uuid of the resource, the data is its kenmerken with hoofdObject, the time is cut to seconds. Open Zaak itself sends
``nl.overheid.zaken.zaak-gemuteerd`` and the like with the uuid of the zaak. Both make a fresh id for each subscriber, so an
id proves nothing: what the zaak says and its audit trail says counts, whatever told us to look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from connectors.zaak.client import resource_key
from connectors.zaak.inbox import Notificatie
from connectors.zaak.lezen import KANAAL, Malformed, json_object, zaak_uuid
from connectors.zaak.tijd import moment
from hub.api.problems import FieldError
from hub.privacy import loggable

STRUCTURED: Final = "application/cloudevents+json"
_REQUIRED: Final = ("id", "source", "specversion", "type")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_CONVERTED: Final = re.compile(r"nl\.overheid\.([a-z_-]+)\.([a-z_-]+)\.(create|update|partial_update|destroy)")
_NATIVE: Final = re.compile(r"nl\.overheid\.zaken\.zaak-([a-z]+)")
_ACTIES: Final = {"geregistreerd": "create", "verwijderd": "destroy"}
_LOOKED: Final = "geopend"  # somebody opened the zaak on a screen: nothing changed
_COLLECTIONS: Final = {
    "zaak": "zaken",
    "status": "statussen",
    "rol": "rollen",
    "resultaat": "resultaten",
    "zaakobject": "zaakobjecten",
    "klantcontact": "klantcontacten",
    "zaakinformatieobject": "zaakinformatieobjecten",
}
_NESTED: Final = {"zaakeigenschap": "zaakeigenschappen", "zaakbesluit": "besluiten"}


def is_cloudevent(headers: Mapping[str, str]) -> bool:
    """Return True when a request carries a CloudEvent, in either mode."""
    return headers.get("content-type", "").lower().startswith("application/cloudevents") or "ce-specversion" in headers


def read_cloudevent(headers: Mapping[str, str], body: bytes, *, zaken_api: str) -> Notificatie:
    """Return the notification a CloudEvent amounts to, or raise Malformed with everything that is wrong."""
    event = _attributes(headers, body)
    if errors := tuple(_errors(event)):
        raise Malformed(errors)
    kind, subject, at = str(event["type"]), str(event.get("subject") or ""), str(event["time"])
    if converted := _CONVERTED.fullmatch(kind):
        return _converted(*converted.groups(), subject=subject, data=event.get("data"), at=at)
    native = _NATIVE.fullmatch(kind)
    if native and native.group(1) != _LOOKED and _UUID.fullmatch(subject):
        url = f"{zaken_api}/zaken/{subject.lower()}"
        actie = _ACTIES.get(native.group(1), "partial_update")
        return _notificatie(KANAAL, url, "zaak", url=url, actie=actie, at=at, kenmerken={})
    return _notificatie("cloudevents", subject, kind[:100], url=str(event["source"]), actie="", at=at, kenmerken={})


def _attributes(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the attributes and data of an event, from the body or (binary mode) from ``ce-`` headers and the body."""
    content_type = headers.get("content-type", "").lower()
    if content_type.startswith(STRUCTURED):
        return json_object(body)
    if content_type.startswith("application/cloudevents"):
        raise Malformed((FieldError("body", "content-type", "een gebeurtenis per keer, als application/cloudevents+json"),))
    found: dict[str, Any] = {name[3:].lower(): unquote(value) for name, value in headers.items() if name[:3].lower() == "ce-"}
    return found | ({"data": json_object(body)} if body else {})


def _errors(event: Mapping[str, Any]) -> list[FieldError]:
    found = [
        FieldError("body", name, "verplicht, als tekst", "required")
        for name in (*_REQUIRED, "time")
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if event.get("specversion") not in {None, "1.0"}:
        found.append(FieldError("body", "specversion", "alleen CloudEvents 1.0"))
    if isinstance(event.get("time"), str) and moment(event["time"]) is None:
        found.append(FieldError("body", "time", "geen datum en tijd volgens RFC 3339"))
    return found


def _converted(kanaal: str, resource: str, actie: str, *, subject: str, data: Any, at: str) -> Notificatie:
    """Return the notification that Open Notificaties turned into an event."""
    kenmerken = dict(data) if isinstance(data, Mapping) else {}
    main = str(kenmerken.pop("hoofdObject", "") or "")
    return _notificatie(
        kanaal, main, resource, url=_resource_url(main, resource, subject), actie=actie, at=at, kenmerken=kenmerken
    )


def _resource_url(main: str, resource: str, subject: str) -> str:
    """Return the URL of the resource, which the event leaves out: it follows from that of the zaak."""
    if not _UUID.fullmatch(subject) or not resource_key(main):
        return main
    if resource in _NESTED:
        return f"{main}/{_NESTED[resource]}/{subject}"
    base = main.rpartition("/")[0].rpartition("/")[0]
    return f"{base}/{_COLLECTIONS[resource]}/{subject}" if resource in _COLLECTIONS else main


def _notificatie(
    kanaal: str, main: str, resource: str, *, url: str, actie: str, at: str, kenmerken: Mapping[str, Any]
) -> Notificatie:
    return Notificatie(
        kanaal=loggable(kanaal),
        zaak=zaak_uuid(main) if kanaal == KANAAL else "",
        hoofd_object=loggable(main),
        resource=loggable(resource),
        resource_url=loggable(url),
        actie=actie,
        aanmaakdatum=loggable(at),
        kenmerken={loggable(str(name)): loggable(str(value)) for name, value in kenmerken.items()},
    )
