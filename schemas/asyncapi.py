# SPDX-License-Identifier: EUPL-1.2
"""The AsyncAPI 3.0 document of the event topics, made from the Avro schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from schemas import FOLDER, Registry, Schema

FILE: Final = "asyncapi.json"
_AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
_CHANNELS: Final = (
    ("zaken", "wissel.zaken", "Everything about one zaak, the steps of flows included; keyed by zaak uuid."),
    (
        "personen",
        "wissel.personen",
        "Registry facts and claims; keyed by gemeente and pseudonym or BAG identification.",
    ),
    ("opdrachten", "wissel.opdrachten.{connector}", "Opdrachten to one outside system; keyed by zaak uuid."),
)
_HEADERS: Final = (
    ("ce_specversion", "CloudEvents version, `1.0`.", True),
    ("ce_id", "The same fact always has the same id, two facts never.", True),
    ("ce_source", "urn:nld:oin:<20 digits>:systeem:<name>.", True),
    ("ce_type", "Event type.", True),
    ("ce_subject", "zaak uuid, pseudonym or BAG identification; never a BSN.", True),
    ("ce_partitionkey", "Key of the stream.", True),
    ("ce_sequence", "1, 2, 3 ... per stream (topic and key); sequencetype Integer.", True),
    ("ce_sequencetype", "`Integer`.", True),
    ("ce_time", "When it was logged (RFC 3339, UTC); when it happened is in the data.", True),
    ("ce_gemeente", "Slug of the gemeente.", True),
    ("ce_dataref", "Where the truth can be fetched.", False),
    ("ce_correlationid", "What belongs to the same course of events.", False),
    ("ce_causationid", "Id of the event that caused this one.", False),
    ("ce_traceparent", "W3C trace context.", False),
    ("content-type", "`application/avro`: 0x00, schema id in four bytes, Avro body.", True),
)


def document(registry: Registry) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document for ``registry``."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Wissel",
            "version": "1.0.0",
            "description": "Facts about zaken, moves and the civil registry, as CloudEvents 1.0 under the NL GOV"
            " profile 1.1 in Kafka's binary content mode. What is personal stands sealed in `besloten`, one element per"
            " subject.",
            "license": {"name": "EUPL-1.2", "url": "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"},
        },
        "defaultContentType": "application/avro",
        "channels": {name: _channel(name, address, text, registry) for name, address, text in _CHANNELS},
        "operations": {
            f"read-{name}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, "summary": text}
            for name, _, text in _CHANNELS
        },
        "components": {
            "messages": {schema.type: _message(schema) for schema in registry},
            "schemas": {"CloudEventHeaders": _headers()},
        },
    }


def write(registry: Registry, folder: Path = FOLDER) -> Path:
    """Write the document and return its path."""
    path = folder / FILE
    path.write_text(render(registry), encoding="utf-8")
    return path


def render(registry: Registry) -> str:
    """Return the document as the text of its file."""
    return json.dumps(document(registry), indent=2, ensure_ascii=False) + "\n"


def _channel(name: str, address: str, text: str, registry: Registry) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": address,
        "description": text,
        "messages": {s.type: {"$ref": f"#/components/messages/{s.type}"} for s in _on(address, registry)},
    }
    if "{connector}" in address:
        channel["parameters"] = {"connector": {"description": f"Name of the connector ({name})."}}
    return channel


def _on(address: str, registry: Registry) -> Iterable[Schema]:
    topic = address.replace("{connector}", "x")
    return (schema for schema in registry if schema.allows(topic))


def _message(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.type,
        "contentType": "application/avro",
        "description": schema.doc,
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {"schemaFormat": _AVRO, "schema": dict(schema.raw)},
        "x-schema-id": schema.id,
        "x-bewaarklasse": schema.bewaarklasse,
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, _, required in _HEADERS if required],
        "properties": {name: {"type": "string", "description": text} for name, text, _ in _HEADERS},
    }
