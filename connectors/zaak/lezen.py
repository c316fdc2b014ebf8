# SPDX-License-Identifier: EUPL-1.2
"""Reads what a zaaksysteem posts (ZGW Notificaties, schema ``Message``) into one form; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.zaak.client import resource_key
from connectors.zaak.inbox import Notificatie
from connectors.zaak.tijd import moment
from hub.api.problems import FieldError
from hub.privacy import loggable

KANAAL: Final = "zaken"
TEST: Final = "test"
_URL: Final = re.compile(r"https?://[^\s]{1,1000}")
_LONGEST: Final = {"kanaal": 50, "resource": 100, "actie": 100}
_REQUIRED: Final = ("kanaal", "hoofdObject", "resource", "resourceUrl", "actie", "aanmaakdatum")


class Malformed(ValueError):
    """The body is no notification; ``errors`` says everything that is wrong with it."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{error.name}: {error.detail}" for error in errors))
        self.errors = errors


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body, or raise Malformed."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed((FieldError("body", "", "geen JSON"),)) from None
    if not isinstance(data, dict):
        raise Malformed((FieldError("body", "", "geen JSON-object"),))
    return data


def read(body: bytes) -> Notificatie:
    """Return the notification in a body, or raise Malformed with everything that is wrong."""
    data = json_object(body)
    if data.get("kanaal") == TEST:  # the test of a subscription holds placeholders
        data = {name: data.get(name) if isinstance(data.get(name), str) else "" for name in _REQUIRED}
    else:
        errors = tuple(_errors(data))
        if errors:
            raise Malformed(errors)
    kenmerken = data.get("kenmerken") or {}
    hoofd_object, resource_url = loggable(data["hoofdObject"]), loggable(data["resourceUrl"])
    return Notificatie(
        kanaal=loggable(data["kanaal"]),
        zaak=zaak_uuid(hoofd_object) if data["kanaal"] == KANAAL else "",
        hoofd_object=hoofd_object,
        resource=loggable(data["resource"]).strip().lower(),
        resource_url=resource_url,
        actie=loggable(data["actie"]).strip().lower(),
        aanmaakdatum=loggable(data["aanmaakdatum"]),
        kenmerken={loggable(str(name)): loggable(str(value)) for name, value in kenmerken.items()},
    )


def _errors(data: Mapping[str, Any]) -> list[FieldError]:
    found = []
    for name in _REQUIRED:
        value = data.get(name)
        if not isinstance(value, str) or not value:
            found.append(FieldError("body", name, "verplicht, als tekst", "required"))
        elif name in ("hoofdObject", "resourceUrl") and not _URL.fullmatch(value):
            found.append(FieldError("body", name, "geen URL"))
        elif name == "aanmaakdatum" and moment(value) is None:
            found.append(FieldError("body", name, "geen datum en tijd volgens RFC 3339"))
        elif len(value) > _LONGEST.get(name, len(value)):
            found.append(FieldError("body", name, f"langer dan {_LONGEST[name]} tekens", "max_length"))
    if not isinstance(data.get("kenmerken") or {}, dict):
        found.append(FieldError("body", "kenmerken", "geen object"))
    return found


def zaak_uuid(url: str) -> str:
    """Return the uuid of a zaak from its URL; empty when the URL is of something else."""
    collection, _, uuid = resource_key(url).rpartition("/")
    return uuid if collection == "zaken" else ""
