# SPDX-License-Identifier: EUPL-1.2
"""A hub in memory for tests of projections and pages: real apply functions and real SQL, no log, no keys, no flows."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.clock import AMSTERDAM, to_microseconds
from hub.errors import NotFound
from hub.events import ZAKEN
from hub.plugins import Freshness, Gemeente, ProjectedEvent, Projection, Sealed
from hub.privacy import Bsn, Pseudonymizer
from hub.readmodels import StoreReadModel, Tables
from hub.stand import Beeld, Bevinding, Herkansing, Stand, Stap
from hub.store.sqlite import SqliteConnection

EMMEN = Gemeente(
    slug="emmen", naam="Emmen", gemeentecode="0114", oin="00000001002220647000", pseudonym=Pseudonymizer(b"e" * 32),
    plugins={}, profielen={}, teksten={}, thema="wissel",
)  # fmt: skip
ZWOLLE = Gemeente(
    slug="zwolle", naam="Zwolle", gemeentecode="0193", oin="00000001002220648000", pseudonym=Pseudonymizer(b"z" * 32),
    plugins={}, profielen={}, teksten={}, thema="wissel",
)  # fmt: skip
NOW = datetime(2026, 3, 3, 13, 3, 7, tzinfo=UTC)


def bsns(count: int) -> list[str]:
    """Return test BSNs (9999xxxxx) that pass the elfproef."""
    found: list[str] = []
    number = 999_990_000
    while len(found) < count:
        try:
            Bsn(str(number))
            found.append(str(number))
        except ValueError:
            pass
        number += 1
    return found


ANNE, BAS, KIM, *_ = bsns(8)


class NepVault:
    """Seals by writing JSON; ``vernietigd`` holds subjects whose key is gone."""

    def __init__(self) -> None:
        self.vernietigd: set[str] = set()

    def seal(self, gemeente: str, subject: str, klasse: str, context: str, gegevens: Mapping[str, Any]) -> Sealed:
        return Sealed(f"{gemeente}/{klasse}", context, json.dumps([subject, dict(gegevens)]).encode())

    def open(self, sealed: Sealed) -> tuple[str, Mapping[str, Any]] | None:
        subject, gegevens = json.loads(sealed.inhoud)
        return None if subject in self.vernietigd else (subject, gegevens)


@dataclass
class NepClock:
    """A clock that stands still until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.astimezone(AMSTERDAM).date()


@dataclass
class NepBediening:
    """What ops does: kept, and answered with what a test wants."""

    bevindingen: Sequence[Bevinding] = ()
    gezien: Beeld = field(default_factory=Beeld)
    stappen: Sequence[Stap] = ()
    uitslag: Herkansing = field(default_factory=lambda: Herkansing(1, 0))
    gedaan: list[dict[str, Any]] = field(default_factory=list)

    def toezicht(self) -> Sequence[Bevinding]:
        return self.bevindingen

    def beeld(self, _gemeente: str) -> Beeld:
        return self.gezien

    def stroom(self, gemeente: str, key: str) -> Sequence[Stap]:
        if gemeente != "emmen" or not self.stappen:
            raise NotFound("deze zaak of sleutel is bij Wissel niet bekend")
        return self.stappen

    async def opnieuw(self, gemeente: str, **given: Any) -> Herkansing:
        self.gedaan.append({"gemeente": gemeente, **given})
        return self.uitslag

    async def overslaan(self, gemeente: str, **given: Any) -> bool:
        self.gedaan.append({"gemeente": gemeente, **given})
        return not self.uitslag.over


class _Db:
    """What ``StoreReadModel`` asks of a database: one connection, one reader at a time."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", check_same_thread=False, factory=SqliteConnection)
        self._lock = threading.RLock()

    @contextmanager
    def reader(self):
        with self._lock:
            yield self.db


@dataclass
class _Tx:
    """A write transaction: what it puts is applied at once."""

    hub: NepHub

    def put(self, events: Sequence[Any]) -> None:
        for event in events:
            given = {"gemeente": event.gemeente, "topic": event.topic, "id_": event.id}
            self.hub.put(event.type, event.key, event.data, event.besloten, **given)


@dataclass
class NepHub:
    """The part of ``hub.plugins.Hub`` that pages use. ``put`` applies an event to every projection at once."""

    projections: Sequence[Projection] = ()
    gemeenten: Mapping[str, Gemeente] = field(default_factory=lambda: {"emmen": EMMEN, "zwolle": ZWOLLE})
    clock: NepClock = field(default_factory=NepClock)
    vault: NepVault = field(default_factory=NepVault)
    achter: int = 0
    achter_s: float = 0.0
    store_away: Exception | None = None
    on_command: Callable[..., int] | None = None
    stand_now: Stand = field(default_factory=Stand)
    bediening: NepBediening = field(default_factory=NepBediening)

    def __post_init__(self) -> None:
        self._db = _Db()
        self._tables = [Tables(projection) for projection in self.projections]
        self._streams: dict[tuple[str, str], tuple[int, int]] = {}
        self.commands: list[dict[str, Any]] = []
        self._events: list[ProjectedEvent] = []
        for tables in self._tables:
            tables.create(self._db.db)
            tables.create_indexes(self._db.db)

    # ------------------------------------------------------------------------------------------ filling it

    def put(
        self,
        type_: str,
        key: str,
        data: Mapping[str, Any],
        besloten: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        gemeente: str = "emmen",
        topic: str = ZAKEN,
        system: str = "wissel",
        id_: str | None = None,
        after_s: float = 0.0,
    ) -> ProjectedEvent:
        stream, sequence = self._streams.get((topic, key), (len(self._streams) + 1, 0))
        sequence += 1
        self._streams[topic, key] = (stream, sequence)
        name = id_ or f"00000000-0000-4000-8000-{stream:06d}{sequence:06d}"
        event = ProjectedEvent(
            id=name, type=type_, source=self.gemeenten[gemeente].source(system), gemeente=gemeente, topic=topic, key=key,
            sequence=sequence, time_us=to_microseconds(self.clock.now() + timedelta(seconds=after_s)), data=data,
            verzegeld=tuple(self.vault.seal(gemeente, s, "zaak", name, g) for s, g in (besloten or {}).items()),
        )  # fmt: skip
        for tables in self._tables:
            self._apply(tables, stream, event)
        self._events.append(event)
        return event

    def toen(self, projection: str, *, gemeente: str, key: str, moment: int | datetime) -> Any:
        own = [e for e in self._events if (e.key, e.gemeente) == (key, gemeente)]
        if not own:
            raise NotFound(f"no zaak {key}")
        handlers = next(p.handlers for p in self.projections if p.name == projection)
        row = None
        for event in own:
            known = event.sequence <= moment if isinstance(moment, int) else event.time <= moment
            if known and event.type in handlers:
                row = handlers[event.type](row, event)
        return row

    def _apply(self, tables: Tables, stream: int, event: ProjectedEvent) -> None:
        projection = tables.projection
        handler = projection.handlers.get(event.type)
        if handler is None or event.topic not in projection.topics:
            return
        if projection.per == "partitie":
            stream = 1_000_000 + sorted(self.gemeenten).index(event.gemeente)
        before = tables.load(self._db.db, [stream])
        after = handler(before.get(stream), event)
        tables.write(self._db.db, before, {stream: (event.gemeente, event.key, after)})

    # ------------------------------------------------------------------------------------------ being asked

    def read_model(self, name: str) -> StoreReadModel:
        if self.store_away:
            raise self.store_away
        found = [tables for tables in self._tables if tables.projection.name == name]
        if not found:
            raise NotFound(f"no read model {name}")
        return StoreReadModel(name, lambda: self._reading(found[0]))

    @contextmanager
    def _reading(self, tables: Tables):
        with self._db.reader() as db:
            yield db, tables.shape

    def freshness(self) -> Freshness:
        return Freshness(self.clock.now() - timedelta(seconds=self.achter_s), self.achter, 0)

    def seal(self, events: Sequence[Any]) -> Sequence[Any]:
        return events

    async def write(self, work: Callable[[Any], Any], *, urgent: bool = False) -> Any:
        if self.store_away:
            raise self.store_away
        return work(_Tx(self))

    async def read(self, work: Callable[[Any], Any]) -> Any:
        if self.store_away:
            raise self.store_away
        return work(self)

    def one(self, _sql: str, _params: Sequence[Any] = ()) -> tuple[Any, ...]:
        return (1,)

    def stand(self, _gemeente: str) -> Stand:
        return self.stand_now

    async def command(self, flow: str, **given: Any) -> int:
        self.commands.append({"flow": flow, **given})
        if self.on_command:
            return self.on_command(flow, **given)
        return self._streams[ZAKEN, given["key"]][1]
