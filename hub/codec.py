# SPDX-License-Identifier: EUPL-1.2
"""Events on the wire: Avro in Confluent's framing (0x00, 4-byte schema id, body), the personal part sealed per subject."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import fastavro
import msgspec

from hub.avro import Reader, reader
from hub.errors import ForeignRecord, SchemaViolation, TooLarge
from hub.events import NewEvent
from hub.keys import DataKey, KeyRef, KeyStore
from hub.plugins import Sealed, SealedEvent
from hub.privacy import loggable
from hub.wire import strict_check
from schemas import Registry, Schema

MAX_ENCODED_BYTES: Final = 900_000
_MAGIC: Final = b"\x00"
_HEADER: Final = 5
_AS_THEY_ARE: Final = frozenset({type(None), bool, int, float, bytes})  # asked first: most of what is no text
_BSN_LENGTH: Final = 9
_json: Final = msgspec.json.Encoder(order="deterministic")
_from_json: Final = msgspec.json.Decoder()


class Codec:
    """Encodes, seals, decodes and opens events. One per process; safe to use from every thread."""

    def __init__(self, registry: Registry, keys: KeyStore) -> None:
        self._registry = registry
        self._keys = keys
        self._known = {schema.id: schema for schema in registry}
        self._readers: dict[int, Reader] = {}
        self._element = registry.besloten
        self._read_element = reader(registry.besloten)
        self._checks = {schema.type: strict_check(schema.raw) for schema in registry}
        self._places: set[tuple[str, str]] = set()

    def seal(self, events: Sequence[NewEvent], *, time: datetime | None = None) -> list[SealedEvent]:
        """Return the events ready for ``put``: keys made, elements sealed, bodies encoded. Outside any transaction.

        SchemaViolation or TooLarge for what a log cannot carry; StoreUnavailable when a new key cannot be kept.
        """
        schemas = [self._schema(event) for event in events]
        refs = {
            KeyRef(event.gemeente, subject, schema.bewaarklasse)
            for event, schema in zip(events, schemas, strict=True)
            for subject in event.besloten
        }
        keys = self._keys.current(refs) if refs else {}
        return [self._encode(event, schema, keys, time) for event, schema in zip(events, schemas, strict=True)]

    def seal_one(self, ref: KeyRef, context: str, gegevens: Mapping[str, Any]) -> Sealed:
        """Seal something kept outside the log, bound to ``context``."""
        key = self._keys.current([ref])[ref]
        return Sealed(key.key_id, context, self._seal_element(key, context, ref.subject, gegevens))

    def open(self, sealed: Sealed) -> tuple[str, dict[str, Any] | None]:
        """Return (subject, gegevens); gegevens None when the key has been destroyed."""
        key = self._keys.by_id(sealed.key_id)
        plaintext = key.open(sealed.inhoud, sealed.event_id)
        if plaintext is None:
            return key.ref.subject, None
        record, _ = self._read_element(plaintext, 0)
        return record["subject"], _from_json.decode(record["gegevens"])

    def head(self, value: bytes) -> Schema:
        """Return the schema of a value, its body unread; SchemaViolation when it is not one of ours."""
        if value[:1] != _MAGIC or len(value) < _HEADER:
            raise ForeignRecord("the record does not start with Confluent's magic byte: it is not an event of Wissel")
        schema_id = int.from_bytes(value[1:_HEADER], "big")
        known = self._known.get(schema_id)
        if known is None:
            raise SchemaViolation(f"schema {schema_id} is not in the registry: a newer version of Wissel wrote this record")
        return known

    def decode(self, event_id: str, value: bytes) -> tuple[str, dict[str, Any], tuple[Sealed, ...]]:
        """Return (type, open data, sealed elements) of a value; SchemaViolation when it is not one of ours."""
        schema = self.head(value)
        read = self._readers.get(schema.id) or self._readers.setdefault(schema.id, reader(schema.parsed))
        event_type = schema.type
        try:
            data, end = read(value, _HEADER)
        except (ValueError, IndexError) as error:
            raise SchemaViolation(f"the body does not read as {event_type}: {type(error).__name__}") from error
        if end != len(value):
            raise SchemaViolation(f"the body is not as long as a {event_type} is: it was damaged")
        elements = data.pop("besloten")
        if not elements:
            return event_type, data, ()
        return event_type, data, tuple([Sealed(e["keyId"], event_id, e["inhoud"]) for e in elements])

    def type_of(self, schema_id: int) -> str | None:
        """Return the event type of a schema id, or None when the registry does not know it."""
        known = self._known.get(schema_id)
        return known.type if known else None

    def types(self) -> dict[int, str]:
        """Return the event type of every schema id."""
        return {schema_id: schema.type for schema_id, schema in self._known.items()}

    def unseal(self, sealed: Sequence[Sealed]) -> dict[str, dict[str, Any] | None]:
        """Return subject -> gegevens of the elements of one event."""
        return dict(map(self.open, sealed))

    def _schema(self, event: NewEvent) -> Schema:
        """Return the event's schema; SchemaViolation when there is none, or its envelope is not one of ours."""
        if event.type not in self._registry:
            raise SchemaViolation(f"there is no schema for event type {event.type}: add it to schemas/ and register it")
        schema = self._registry.by_type(event.type)
        if (event.type, event.topic) not in self._places:
            if not schema.allows(event.topic):
                raise SchemaViolation(f"events of type {event.type} do not stand on topic {event.topic}")
            self._places.add((event.type, event.topic))
        if not event.key or not event.key.isascii() or not event.key.isprintable():
            raise SchemaViolation(f"an event of type {event.type} has a key that names no stream")
        if len(subject := event.key.rpartition(":")[2]) == _BSN_LENGTH and subject.isdigit():
            raise SchemaViolation(
                f"an event of type {event.type} has a key of nine digits: a burgerservicenummer is never a key"
            )
        return schema

    def _encode(self, event: NewEvent, schema: Schema, keys: Mapping[KeyRef, DataKey], time: datetime | None) -> SealedEvent:
        used = [(s, keys[KeyRef(event.gemeente, s, schema.bewaarklasse)], g) for s, g in event.besloten.items()]
        body = io.BytesIO()
        body.write(_MAGIC + schema.id.to_bytes(4, "big"))
        check = self._checks[event.type]
        try:
            elements = [{"keyId": k.key_id, "inhoud": self._seal_element(k, event.id, s, g)} for s, k, g in used]
            data = {**_clean(event.data), "besloten": elements}
            if check is not None and not check(data):
                raise TypeError
            fastavro.schemaless_writer(body, schema.parsed, data, strict_allow_default=True)
        except _UNFIT as error:
            raise SchemaViolation(f"an event of type {event.type} does not fit its schema: {_reason(error)}") from error
        if body.tell() > MAX_ENCODED_BYTES:
            raise TooLarge(f"an event of type {event.type} is {body.tell()} bytes encoded; a log carries {MAX_ENCODED_BYTES}")
        return SealedEvent(
            event=event,
            schema_id=schema.id,
            value=body.getvalue(),
            raw_id=_uuid_bytes(event.id, event.type),
            raw_cause=_uuid_bytes(event.causationid, event.type) if event.causationid else None,
            key_ids=tuple(k.key_id for _, k, _ in used),
            time=time,
        )

    def _seal_element(self, key: DataKey, context: str, subject: str, gegevens: Mapping[str, Any]) -> bytes:
        body = io.BytesIO()
        text = _json.encode(_clean(gegevens)).decode()
        fastavro.schemaless_writer(body, self._element, {"subject": subject, "gegevens": text})
        return key.seal(body.getvalue(), context)


def _uuid_bytes(text: str, event_type: str) -> bytes:
    """Return the 16 bytes of an id in text. SchemaViolation when it is none: ids of facts are uuids (design, section 3)."""
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        raw = b""
    if len(raw) != 16:  # noqa: PLR2004
        raise SchemaViolation(f"the id or cause of an event of type {event_type} is not a uuid")
    return raw


# What the writers raise for a value that does not fit: wrong kinds, missing fields, numbers too large, nesting without end.
_UNFIT: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, msgspec.MsgspecError)


def _clean(value: Any) -> Any:
    """Return ``value`` with every text loggable (NFC, no U+0000, no lone surrogates), so that every store can carry it."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() and "\x00" not in value else loggable(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, str):
        return loggable(value)
    if kind is dict or isinstance(value, Mapping):
        return {_clean(k): _clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(v) for v in value]
    return value


def _reason(error: Exception) -> str:
    """Say what kind of error it was without the value: it may be somebody's data."""
    return f"{type(error).__name__} in field {error.args[0]!r}" if isinstance(error, KeyError) else type(error).__name__
