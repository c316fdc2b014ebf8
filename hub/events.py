# SPDX-License-Identifier: EUPL-1.2
"""The envelope: CloudEvents 1.0 under the NL GOV profile 1.1, and the rules by which facts get their id."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

ZAKEN: Final = "wissel.zaken"
PERSONEN: Final = "wissel.personen"
OPDRACHTEN: Final = "wissel.opdrachten."  # + connector name
_NAMESPACE: Final = uuid.UUID("6b1f3c1e-8f2d-5c55-9d6e-0f5ad0c1a7e4")
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that is about to be put down. It has no sequence and no place in the log yet.

    ``data`` is the open part, ``besloten`` maps a subject (pseudonym, ``zaak:<uuid>``, ``adres:<BAG id>``) to the
    personal part about that subject alone. ``key`` is the partition key. ``id`` follows from the fact, see below.
    """

    id: str
    type: str
    source: str
    gemeente: str
    topic: str
    key: str
    data: Mapping[str, Any]
    besloten: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _EMPTY)
    causationid: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    dataref: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as read from the log: the same to a flow, a projection and another system.

    ``sequence`` counts 1, 2, 3 ... within (topic, key). ``time`` is when it was logged (UTC).
    ``besloten[subject]`` is None when its key has been destroyed; the mapping is empty when the reader did not unseal.
    """

    id: str
    type: str
    source: str
    gemeente: str
    topic: str
    key: str
    sequence: int
    time: datetime
    data: Mapping[str, Any]
    besloten: Mapping[str, Mapping[str, Any] | None] = msgspec.field(default_factory=lambda: _EMPTY)
    causationid: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    dataref: str | None = None

    @property
    def subject(self) -> str:
        """What the event is about: zaak uuid, pseudonym or BAG id; never a BSN."""
        return self.key.rpartition(":")[2]


def topic_names(connectors: Iterable[str]) -> list[str]:
    """Return every topic of an installation with these connectors."""
    return [ZAKEN, PERSONEN, *(OPDRACHTEN + name for name in connectors)]


def uuid_text(raw: bytes) -> str:
    """Return 16 bytes as a uuid in text; several times faster than going through ``uuid.UUID``."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def fact_id(*parts: str) -> str:
    """Return the id that belongs to a fact: uuid5 over ``parts``. The same parts always give the same id."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


def audit_trail_ids(entry_uuid: str, event_types: tuple[str, ...]) -> tuple[str, ...]:
    """Ids of what one audit-trail entry gives: its own uuid, or uuid5(its uuid, type) where it gives several."""
    if len(event_types) == 1:
        return (entry_uuid,)
    return tuple(fact_id(entry_uuid, event_type) for event_type in event_types)


def observed_id(*, resource_url: str, event_type: str, previous_id: str | None, state_sha256: str) -> str:
    """Id of a fact seen without an audit trail: it follows from the resource, what came before it and its state."""
    return fact_id(resource_url, event_type, previous_id or "", state_sha256)


def flow_id(*, gemeente: str, flow: str, topic: str, key: str, cause_id: str, step: str) -> str:
    """Id of a flow's event or opdracht; ``step`` carries the pseudonym or BAG id where it exists per mover or address."""
    return fact_id(gemeente, flow, topic, key, cause_id, step)


def outcome_id(opdracht_id: str) -> str:
    """Id of the one outcome of an opdracht."""
    return fact_id(opdracht_id, "uitkomst")


def fetched_id(*, asked_by: str, source: str, what: str) -> str:
    """Id of a fetched fact: it follows from the event that asked for it."""
    return fact_id(asked_by, source, what)


def command_id(*, gemeente: str, zaak: str, token: str) -> str:
    """Id of an official's command: the form's token or Idempotency-Key makes a repeated click the same fact."""
    return fact_id(gemeente, zaak, token)


def registry_change_id(*, source: str, person: str, old_sha256: str, new_sha256: str, previous_id: str | None) -> str:
    """Id of a change in the registry, found by comparing two states of one person (pseudonym)."""
    return fact_id(source, person, old_sha256, new_sha256, previous_id or "")


def timer_id(*, gemeente: str, flow: str, key: str, name: str, set_by: str) -> str:
    """Id of a termijn: who set it (event id) and its name."""
    return fact_id(gemeente, flow, key, name, set_by)


def system_source(oin: str, system: str) -> str:
    """CloudEvents source: ``urn:nld:oin:<20 digits>:systeem:<name>`` (NL GOV profile for CloudEvents 1.1)."""
    return f"urn:nld:oin:{oin}:systeem:{system}"
