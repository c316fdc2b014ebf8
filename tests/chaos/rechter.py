# SPDX-License-Identifier: EUPL-1.2
"""The judge of a run in which everything was killed: it believes nobody, and knows nothing of the hub's code.

It compares four things that do not know of each other: the books of the simulated systems, the raw records of the topics,
the tables of the store, and the same tables built afresh from the topics. Each check is pure and answers with violations.

I1 nothing accepted is lost. I2 nothing appears that was not sent. I3 no effect stands twice at the other side.
I4 per stream everything in order, repeats apart. I5 positions only grow. I6 the tables equal a clean rebuild.
I7 what is parked blocks only itself. I8 no burgerservicenummer in the open.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ZAAK_FACT = "nl.overheid.zaken."
_NUMBER = re.compile(rb"(?<!\d)999\d{6}(?!\d)")
_NAMESPACE = uuid.UUID("6b1f3c1e-8f2d-5c55-9d6e-0f5ad0c1a7e4")  # docs/reference/events.md
_CHANCE = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,}")


@dataclass(frozen=True)
class Record:
    """One raw record of a topic; ``headers`` as they lie there."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Mapping[str, bytes]
    value: bytes | None

    def head(self, name: str) -> str:
        return self.headers.get(f"ce_{name}", b"").decode()

    @property
    def is_event(self) -> bool:
        """True when it is an event of the hub, and not something foreign that the run itself threw in."""
        return all(f"ce_{name}" in self.headers for name in ("id", "type", "sequence")) and self.key is not None


@dataclass
class Verdict:
    """What was found: per rule the violations, and what the run went through."""

    violations: dict[str, list[str]] = field(default_factory=lambda: {f"I{n}": [] for n in range(1, 9)})
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, rule: str, found: Iterable[str]) -> None:
        self.violations[rule] += found

    @property
    def total(self) -> int:
        return sum(map(len, self.violations.values()))


def streams(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """Group events by stream, in the order of the topic."""
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.is_event and record.key is not None:
            found[record.topic, record.key.decode()].append(record)
    return found


def first_times(events: Sequence[Record]) -> list[Record]:
    """Leave out what lies there a second time."""
    return list({event.head("id"): event for event in reversed(events)}.values())[::-1]


def lost(books: Sequence[Mapping[str, Any]], found: Mapping[tuple[str, str], list[Record]], topic: str) -> Iterator[str]:
    """I1: each entry of each audit trail is an event of its zaak."""
    for zaak in books:
        has = {event.head("id") for event in found.get((topic, zaak["uuid"]), ())}
        for entry in zaak["gebeurtenissen"]:
            if entry["auditId"] and entry["auditId"] not in has:
                yield f"zaak {zaak['uuid']}: {entry['actie']} of {entry['resource']} at {entry['tijdstip']} is not in the topic"


def made_up(books: Sequence[Mapping[str, Any]], found: Mapping[tuple[str, str], list[Record]], topic: str) -> Iterator[str]:
    """I2: each fact of a zaak is an entry of its trail: it has that entry's id, or the id that follows from entry and type."""
    entries = {zaak["uuid"]: [entry["auditId"] for entry in zaak["gebeurtenissen"] if entry["auditId"]] for zaak in books}
    for (of_topic, key), events in found.items():
        facts = [event for event in events if event.head("type").startswith(ZAAK_FACT)] if of_topic == topic else []
        told = entries.get(key, [])
        derived = {_derived(entry, kind) for entry in told for kind in {event.head("type") for event in facts}}
        strange = [event for event in facts if event.head("id") not in derived.union(told)]
        if strange:
            yield f"stream {key} holds {len(strange)} facts that its trail does not tell, e.g. {strange[0].head('type')}"


def _derived(entry: str, kind: str) -> str:
    """Return the id of what an entry tells beside its main fact: uuid5 of its uuid and the event type."""
    return str(uuid.uuid5(_NAMESPACE, f"{entry}\x1f{kind}"))


def twice(zaken: Sequence[Mapping[str, Any]], burgerzaken: Mapping[str, Any]) -> Iterator[str]:
    """I3: at rest each status, resultaat, handler and processed move stands once."""
    for zaak in zaken:
        statuses = Counter(status["statustype"] for status in zaak["statussen"])
        handlers = sum(rol["omschrijvingGeneriek"] == "behandelaar" for rol in zaak["rollen"])
        if max(statuses.values(), default=0) > 1 or len(zaak["resultaten"]) > 1 or handlers > 1:
            yield f"zaak {zaak['uuid']}: a status, resultaat or handler stands twice"
    moves = [entry for of_gemeente in burgerzaken["gemeenten"].values() for entry in of_gemeente["verwerkingen"]]
    for zaak, count in Counter(entry["zaak"] for entry in moves).items():
        if count > 1:
            yield f"zaak {zaak}: ordered {count} times at burgerzaken"
    for entry in moves:
        if entry["toegepast"] > 1:
            yield f"zaak {entry['zaak']}: the move was carried out {entry['toegepast']} times"


def undone_writes(zaken: Sequence[Mapping[str, Any]], client: str) -> int:
    """Count what the hub wrote and took away again: an extra write that it saw itself."""
    entries = [entry for zaak in zaken for entry in zaak["gebeurtenissen"] if entry["clientId"] == client]
    return sum(entry["actie"] == "destroy" for entry in entries)


def disordered(found: Mapping[tuple[str, str], list[Record]]) -> Iterator[str]:
    """I4: the first time that each event of a stream comes by, it has the next number; a repeat is the same event."""
    for (topic, key), events in found.items():
        seen: dict[int, str] = {}
        for event in events:
            number, event_id = int(event.head("sequence")), event.head("id")
            if number in seen and seen[number] != event_id:
                yield f"{topic} {key}: number {number} was given to two events"
            elif number not in seen and number != len(seen) + 1:
                yield f"{topic} {key}: number {number} comes after {len(seen)} (offset {event.offset})"
            seen.setdefault(number, event_id)


def repeats(found: Mapping[tuple[str, str], list[Record]]) -> int:
    """Count the records that lie in a topic a second time."""
    return sum(len(events) - len(first_times(events)) for events in found.values())


def shrunk(samples: Iterable[Sequence[tuple[str, int, int]]]) -> Iterator[str]:
    """I5: a member's position in a partition never goes back. ``samples``: (member, partition, position) rows over time."""
    before: dict[tuple[str, int], int] = {}
    for rows in samples:
        for member, partition, position in rows:
            if position < before.get((member, partition), -1):
                yield f"{member} went back in partition {partition}: from {before[member, partition]} to {position}"
            before[member, partition] = position


def different(live: Mapping[str, Mapping[Any, Any]], rebuilt: Mapping[str, Mapping[Any, Any]]) -> Iterator[str]:
    """I6: table by table, row by row."""
    for table in sorted(live.keys() | rebuilt.keys()):
        one, other = live.get(table, {}), rebuilt.get(table, {})
        odd = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
        if odd:
            yield f"{table}: {len(odd)} rows differ from a clean rebuild (of {len(other)})"


def held_up(positions: Sequence[tuple[str, str, int, int]], heads: Mapping[tuple[str, int], int]) -> Iterator[str]:
    """I7: whatever is parked, every member stands at the end of every partition. (member, topic, partition, last offset)."""
    for member, topic, partition, offset in positions:
        if offset < heads[topic, partition] - 1:
            yield f"{member} stands at {offset} of {heads[topic, partition] - 1} in {topic}/{partition}"


def in_the_open(name: str, content: bytes) -> Iterator[str]:
    """I8: no test number that passes the elfproef, by chance inside a digest or uuid apart. The number itself is not told."""
    plain = _CHANCE.sub(b"", content)
    if any(_elfproef(match[0]) for match in _NUMBER.finditer(plain)):
        yield f"a burgerservicenummer stands in {name}"


def _elfproef(digits: bytes) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum((digit - 48) * weight for digit, weight in zip(digits, weights, strict=True)) % 11 == 0


def judge(
    *,
    zaaksysteem: Mapping[str, Any],
    burgerzaken: Mapping[str, Any],
    records: Sequence[Record],
    zaken_topic: str,
    samples: Sequence[Sequence[tuple[str, int, int]]],
    live: Mapping[str, Mapping[Any, Any]],
    rebuilt: Mapping[str, Mapping[Any, Any]],
    positions: Sequence[tuple[str, str, int, int]],
    heads: Mapping[tuple[str, int], int],
    texts: Mapping[str, bytes],
) -> Verdict:
    """Judge a whole run that has come to rest."""
    zaken = zaaksysteem["zaken"]
    found = streams(records)
    verdict = Verdict()
    verdict.add("I1", lost(zaken, found, zaken_topic))
    verdict.add("I2", made_up(zaken, found, zaken_topic))
    verdict.add("I3", twice(zaken, burgerzaken))
    verdict.add("I4", disordered(found))
    verdict.add("I5", shrunk(samples))
    verdict.add("I6", different(live, rebuilt))
    verdict.add("I7", held_up(positions, heads))
    for record in records:
        raw = b"\n".join((record.key or b"", *record.headers.values(), record.value or b""))
        verdict.add("I8", in_the_open(f"{record.topic}/{record.partition} at {record.offset}", raw))
    for name, content in texts.items():
        verdict.add("I8", in_the_open(name, content))
    verdict.seen.update(zaken=len(zaken), events=sum(map(len, found.values())), repeats=repeats(found))
    return verdict
