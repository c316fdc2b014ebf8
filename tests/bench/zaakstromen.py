# SPDX-License-Identifier: EUPL-1.2
"""Whole streams of green moves, as the flows themselves make them, copied under other ids to fill a log of any size."""

from __future__ import annotations

import functools
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from hub.app import EmbeddedHub
from hub.events import ZAKEN, NewEvent
from hub.flows.verhuizing.namen import STATUS_GEZET
from hub.store.put import StoreTx
from schemas import load as load_schemas
from tests.bouwstenen import ZAAK, A, Wereld, gelezen, geregistreerd, status_gezet

_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
_NAMESPACE = uuid.UUID("8e2c5d2e-6a07-4c59-8a39-64c1f0f5a1d7")
AT_ONCE = 200
_EMPTY: Mapping[str, Any] = {"string": "x" * 24, "boolean": False, "int": 1}


@functools.cache
def sjabloon(*, tot: str | None = None) -> tuple[tuple[str, str], ...]:
    """The events of one green move over all its streams, as (stream of the zaak or not, JSON); ``tot``: before that type."""
    wereld = Wereld()
    rit = wereld.geef(geregistreerd(), status_gezet(), gelezen(), zaak=ZAAK)
    events = [event for stream in (rit, *wereld.personen.values()) for event in stream.log]
    events.sort(key=lambda event: event.time)
    found = []
    for event in events:
        if tot and event.type == tot:
            return tuple(found)
        found.append((event.topic, _text(event.type, event.id, event.topic, event.key, event.data, event.besloten)))
        if event.type == STATUS_GEZET:
            found.extend(_zgw())
    return tuple(found)


def _text(event_type: str, event_id: str, topic: str, key: str, data: Mapping[str, Any], besloten: Mapping[str, Any]) -> str:
    source = "urn:nld:oin:00000001002220647000:systeem:wissel"
    whole = {"id": event_id, "type": event_type, "source": source, "gemeente": "emmen", "topic": topic, "key": key}
    return json.dumps(whole | {"data": _whole(event_type, data), "besloten": dict(besloten)})


def _whole(event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what a builder of a test left out, so that every record is as large as a real one."""
    filled = {}
    for field in load_schemas().by_type(event_type).raw["fields"]:
        if field["name"] != "besloten":
            filled[field["name"]] = data.get(field["name"], _EMPTY.get(str(field["type"])))
    return filled


def _zgw() -> list[tuple[str, str]]:
    """The facts of the zaaksysteem that come with a declaration: its rol, address and eigenschappen."""
    facts = [("nl.overheid.zaken.rol-toegevoegd.v1", {A: {"bsn": "-" * 9, "geslachtsnaam": "Jansen", "voornamen": "Anna"}})]
    facts += [("nl.overheid.zaken.zaakobject-toegevoegd.v1", {f"zaak:{ZAAK}": {"objectIdentificatie": {"postcode": "7811AA"}}})]
    facts += [("nl.overheid.zaken.eigenschap-gezet.v1", {f"zaak:{ZAAK}": {"waarde": "2026-09-01"}})] * 6
    return [
        (ZAKEN, _text(event_type, str(uuid.uuid5(_NAMESPACE, f"zgw-{number}")), ZAKEN, ZAAK, {}, besloten))
        for number, (event_type, besloten) in enumerate(facts)
    ]


def zaak(number: int, *, tot: str | None = None) -> list[NewEvent]:
    """The events of move ``number``: every uuid and pseudonym of the template replaced by one of its own."""

    def other(match: re.Match[str]) -> str:
        made = uuid.uuid5(_NAMESPACE, f"{number}/{match.group()}")
        return str(made) if "-" in match.group() else made.hex

    return [NewEvent(**json.loads(_IDS.sub(other, text))) for _, text in sjabloon(tot=tot)]


def verweven(first: int, count: int, *, tot: str | None = None) -> Iterator[NewEvent]:
    """The events of ``count`` moves, of two hundred at a time in turn, as they come in when several run at once."""
    for start in range(first, first + count, AT_ONCE):
        streams = [zaak(number, tot=tot) for number in range(start, min(start + AT_ONCE, first + count))]
        for round_ in zip_longest(*streams):
            yield from (event for event in round_ if event is not None)


def vul(hub: EmbeddedHub, first: int, count: int, *, tot: str | None = None) -> int:
    """Put the events of ``count`` moves down; return how many events that is."""
    batch: list[NewEvent] = []
    total = 0
    for event in verweven(first, count, tot=tot):
        batch.append(event)
        if len(batch) == 2_000:
            total += put(hub, batch)
            batch = []
    return total + put(hub, batch)


def put(hub: EmbeddedHub, batch: Sequence[NewEvent]) -> int:
    """Put events down in one transaction; return how many."""
    sealed = hub.seal(batch)
    hub.database.write(lambda db: StoreTx(db, hub.tables, hub.clock.now()).put(sealed)).result()
    return len(batch)
