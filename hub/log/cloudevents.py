# SPDX-License-Identifier: EUPL-1.2
"""An event as a Kafka record: CloudEvents 1.0 in binary mode, the attributes of the NL GOV profile as ``ce_*`` headers.

The value is the Avro that was put down, byte for byte, in Confluent's framing; the key is the stream's key. What is read
back is trusted as far as it says the same as the store: anything else is no event of ours, and the reason says why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.errors import ForeignRecord
from hub.events import uuid_text

Headers = list[tuple[str, bytes]]
CONTENT_TYPE: Final = b"application/avro"
_MAGIC: Final = b"\x00"
_FRAME: Final = 5
_ID_BYTES: Final = 16
_MOST_DIGITS: Final = 18
_FIXED: Final[Headers] = [
    ("ce_specversion", b"1.0"),
    ("ce_sequencetype", b"Integer"),
    ("content-type", CONTENT_TYPE),
]


class Outgoing(NamedTuple):
    """One event of the outbox, in the order of its columns there."""

    place: int
    key: str
    gemeente: str
    sequence: int
    event_id: bytes
    schema_id: int
    source: str
    time_us: int
    cause: bytes | None
    correlation: str | None
    traceparent: str | None
    dataref: str | None
    value: bytes


class Envelope(NamedTuple):
    """What the headers, the key and the frame of a record say."""

    key: str
    event_id: bytes
    type: str
    source: str
    sequence: int
    time_us: int
    gemeente: str
    cause: bytes | None
    schema_id: int


def headers(event: Outgoing, event_type: str) -> Headers:
    """Return the headers of an event."""
    given = {
        "ce_id": uuid_text(event.event_id),
        "ce_source": event.source,
        "ce_type": event_type,
        "ce_subject": event.key.rpartition(":")[2],
        "ce_partitionkey": event.key,
        "ce_sequence": str(event.sequence),
        "ce_time": rfc3339(from_microseconds(event.time_us)),
        "ce_gemeente": event.gemeente,
        "ce_causationid": uuid_text(event.cause) if event.cause else None,
        "ce_correlationid": event.correlation,
        "ce_traceparent": event.traceparent,
        "ce_dataref": event.dataref,
    }
    return [*_FIXED, *((name, value.encode()) for name, value in given.items() if value is not None)]


def envelope(key: bytes | None, value: bytes | None, found: Sequence[tuple[str, bytes | None]] | None) -> Envelope:
    """Return what a record says of itself. ForeignRecord, with what is wrong, when that is no event of Wissel."""
    if value is None:
        raise ForeignRecord("it has no value: a tombstone, where nothing is ever compacted")
    if value[:1] != _MAGIC or len(value) <= _FRAME:
        raise ForeignRecord("it does not start with Confluent's magic byte: it is not an event of Wissel")
    if key is None:
        raise ForeignRecord("it has no key, so it belongs to no stream")
    given = dict(found or ())
    try:
        stated = Envelope(
            key=key.decode("ascii"),
            event_id=_uuid(given["ce_id"]),
            type=_text(given["ce_type"]),
            source=_text(given["ce_source"]),
            sequence=_number(given["ce_sequence"]),
            time_us=to_microseconds(datetime.fromisoformat(_text(given["ce_time"]))),
            gemeente=_text(given["ce_gemeente"]),
            cause=_uuid(given["ce_causationid"]) if "ce_causationid" in given else None,
            schema_id=int.from_bytes(value[1:_FRAME], "big"),
        )
    except KeyError as error:
        raise ForeignRecord(f"it has no header {error.args[0]}: it is not an event of Wissel") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ForeignRecord("its key or a header does not read: it is not an event of Wissel") from error
    if given.get("ce_specversion") != b"1.0" or given.get("ce_partitionkey") != key:
        raise ForeignRecord("its headers contradict its key or CloudEvents 1.0: it is not an event of Wissel")
    return stated


def _text(raw: bytes | None) -> str:
    if raw is None:
        raise ValueError
    return raw.decode()


def _number(raw: bytes | None) -> int:
    text = _text(raw)
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS or text[0] == "0":
        raise ValueError
    return int(text)


def _uuid(raw: bytes | None) -> bytes:
    found = bytes.fromhex(_text(raw).replace("-", ""))
    if len(found) != _ID_BYTES:
        raise ValueError
    return found
