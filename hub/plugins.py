# SPDX-License-Identifier: EUPL-1.2
"""What the hub offers to, and asks of, what is found through entry points: connectors and projections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec
from pydantic import BaseModel

from hub.clock import from_microseconds
from hub.events import ZAKEN, NewEvent, system_source, uuid_text
from hub.privacy import Pseudonymizer
from hub.stand import Bediening, Stand

T = TypeVar("T")
Row = dict[str, Any]
Value = str | int | float | bytes | None


# ---------------------------------------------------------------------------------------------- what the hub offers


class ReadTx(Protocol):
    """One consistent view of ``wissel.db``. SQL uses ``?`` placeholders, so that another store can translate them."""

    def one(self, sql: str, params: Sequence[Value] = ()) -> tuple[Any, ...] | None:
        """Return the first row or None."""

    def all(self, sql: str, params: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return all rows."""


class Tx(ReadTx, Protocol):
    """One write transaction on ``wissel.db``. Everything in it holds together, or nothing of it happened."""

    def execute(self, sql: str, params: Sequence[Value] = ()) -> int:
        """Run one statement and return the number of rows it touched."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row."""

    def put(self, events: Sequence[SealedEvent], expected: Mapping[tuple[str, str], int] | None = None) -> None:
        """Put events down: once per transaction and as its last statement (R1).

        ``expected`` maps (topic, key) to the sequence the stream must have now; LostRace when it has another one.
        KeyDestroyed when an element was sealed with a key destroyed meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvent:
    """An event encoded and sealed, ready for ``Tx.put``. Made by ``Hub.seal``, outside any transaction (R3)."""

    event: NewEvent
    schema_id: int
    value: bytes
    raw_id: bytes
    raw_cause: bytes | None = None
    key_ids: tuple[str, ...] = ()
    time: datetime | None = None


class Sealed(msgspec.Struct, frozen=True):
    """One sealed element as a read model keeps it: readable only through ``Vault.open`` while its key exists."""

    key_id: str
    event_id: str
    inhoud: bytes


class Vault(Protocol):
    """Sealing for what a connector or read model keeps itself: the same keys, so the same destruction."""

    def seal(self, gemeente: str, subject: str, klasse: str, context: str, gegevens: Mapping[str, Any]) -> Sealed:
        """Seal ``gegevens`` about one subject; ``context`` (e.g. a row's key) is bound to it as associated data."""

    def open(self, sealed: Sealed) -> tuple[str, Mapping[str, Any]] | None:
        """Return (subject, gegevens), or None when the key has been destroyed. KeyMissing is a fault."""


class Clock(Protocol):
    """The time, passed in. The demo's clock runs on a date that follows from its seed."""

    def now(self) -> datetime:
        """Return the time, UTC and aware."""

    def today(self) -> date:
        """Return the calendar date in Europe/Amsterdam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gemeente:
    """One municipality of this installation. Nothing crosses from one to another."""

    slug: str
    naam: str
    gemeentecode: str
    oin: str
    pseudonym: Pseudonymizer
    plugins: Mapping[str, BaseModel]
    profielen: Mapping[str, Any]
    teksten: Mapping[str, str]
    thema: str
    inzage_verborgen: frozenset[str] = frozenset()

    def source(self, system: str) -> str:
        """Return the CloudEvents source of one of its systems, e.g. ``zaaksysteem``, ``brp``, ``wissel``."""
        return system_source(self.oin, system)


class ReadModel(Protocol):
    """One projection, ready to be asked. Rows never leave their gemeente."""

    def get(self, gemeente: str, key: str) -> Row | None:
        """Return the row of stream ``key`` (e.g. a zaak uuid)."""

    def select(
        self, gemeente: str, *, where: str = "1=1", params: Sequence[Value] = (), order: str = "stroom", limit: int = 100
    ) -> list[tuple[str, Row]]:
        """Return (key, row) pairs; ``where`` and ``order`` name the projection's ``columns``."""

    def linked(self, gemeente: str, link: str, value: str) -> list[tuple[str, Row]]:
        """Return (key, row) of the rows whose ``links[link]`` holds ``value``."""

    def tally(self, gemeente: str, column: str, *, where: str = "1=1", params: Sequence[Value] = ()) -> dict[Value, int]:
        """Return how many rows hold each value of ``column``."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh read models are: all that was logged up to ``tot`` is shown; ``achter`` events are not yet."""

    tot: datetime
    achter: int
    geparkeerd: int


class Hub(Protocol):
    """The running hub as a connector or a page sees it."""

    @property
    def clock(self) -> Clock:
        """Return the clock everything here goes by."""

    @property
    def vault(self) -> Vault:
        """Return the vault for what plugins keep themselves."""

    @property
    def gemeenten(self) -> Mapping[str, Gemeente]:
        """Return the gemeenten of this installation by slug."""

    @property
    def bediening(self) -> Bediening:
        """Return what ops may look at and do."""

    def seal(self, events: Sequence[NewEvent]) -> Sequence[SealedEvent]:
        """Encode against the schema and seal per subject; SchemaViolation or TooLarge at the door."""

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """Run ``work`` in one write transaction; it must have no effect outside it.

        What it raises undoes all of it and comes to you. On LostRace read again, on KeyDestroyed seal again, and ask again;
        StoreUnavailable (also Transient) means that the disk takes nothing now.
        """

    async def read(self, work: Callable[[ReadTx], T]) -> T:
        """Run ``work`` on a consistent view of ``wissel.db``."""

    def read_model(self, name: str) -> ReadModel:
        """Return the live version of a projection."""

    def freshness(self) -> Freshness:
        """Return how fresh the read models are."""

    def stand(self, gemeente: str) -> Stand:
        """Return how far everything is, and what is parked of one gemeente."""

    def toen(self, projection: str, *, gemeente: str, key: str, moment: int | datetime) -> Row | None:
        """Return a zaak's row as a projection had it at a sequence of its stream or a time; None when it had none then.

        NotFound when this gemeente has no such zaak.
        """

    async def command(self, flow: str, *, gemeente: str, key: str, command: Any, sequence: int, token: str, actor: str) -> int:
        """Give an official's command to a flow, judged on ``sequence``; return the stream's new sequence.

        The same ``token`` again gives the same facts, once. Raises Conflict, Invalid, NotFound.
        """

    def flow_state(self, flow: str, *, gemeente: str, key: str) -> tuple[Any, int]:
        """Return (state, sequence) of a stream, folded to its head. NotFound when there is no such stream."""


# ---------------------------------------------------------------------------------------------- what connectors bring


@dataclass(frozen=True, slots=True, kw_only=True)
class OpdrachtUitvoering:
    """An opdracht as its executor gets it: unsealed, leased to us."""

    id: str
    event_id: str
    soort: str
    stap: str
    gemeente: Gemeente
    zaak: str
    gegevens: Mapping[str, Any]
    besloten: Mapping[str, Mapping[str, Any] | None]
    poging: int
    correlationid: str | None
    traceparent: str | None
    bevestig_lease: Callable[[], Awaitable[None]]

    @property
    def sleutel(self) -> str:
        """Idempotency key for the remote: the opdracht's id."""
        return self.id

    def feit(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        event_id: str,
        besloten: Mapping[str, Mapping[str, Any]] | None = None,
        topic: str = ZAKEN,
        key: str | None = None,
        system: str = "wissel",
    ) -> NewEvent:
        """Return a fact about this zaak, caused by this opdracht."""
        return NewEvent(
            id=event_id,
            type=event_type,
            source=self.gemeente.source(system),
            gemeente=self.gemeente.slug,
            topic=topic,
            key=key or self.zaak,
            data=data,
            besloten=besloten or {},
            causationid=self.event_id,
            correlationid=self.correlationid,
            traceparent=self.traceparent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitkomst:
    """What came of an opdracht: facts, and rows of the connector's own to write in the same transaction."""

    events: Sequence[NewEvent]
    rows: Callable[[Tx], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grens:
    """Bounds of retrying: at most ``pogingen`` tries within ``duur_s`` seconds, first pause ``eerste_pauze_s``."""

    pogingen: int = 8
    duur_s: float = 3600.0
    eerste_pauze_s: float = 0.5
    langste_pauze_s: float = 300.0


class Executor(Protocol):
    """Carries out one soort opdracht. Raises Transient (tried again) or Poison (parked)."""

    grens: Grens

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """Do it and return the outcome. Must be safe to run again after a crash at any point (R10).

        Right before a write to the other side: ``await opdracht.bevestig_lease()``.
        """

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:
        """Return the outcome when the bounds are reached (e.g. niet-beschikbaar), or None to park the opdracht."""


Service = Callable[[], Awaitable[None]]


class Connector(Protocol):
    """One outside system. ``tables`` is the SQL (CREATE TABLE IF NOT EXISTS) of its rooms in ``wissel.db``."""

    name: str
    settings_model: type[BaseModel]
    tables: str

    def routes(self, hub: Hub) -> Sequence[Any]:
        """Return Litestar route handlers, e.g. a webhook."""

    def executors(self, hub: Hub) -> Mapping[str, Executor]:
        """Return the executor per soort opdracht."""

    def services(self, hub: Hub) -> Mapping[str, Service]:
        """Return named coroutines (fetching, polling). Each runs in one process at a time, and may be moved to another."""

    async def close(self, hub: Hub) -> None:
        """Close the connections of a hub that stops."""

    def backlog(self, tx: ReadTx) -> int:
        """Return how many accepted hints are not settled yet."""

    def unsettled_hints(self, tx: ReadTx, zaak: str, before: datetime) -> bool:
        """Return True when a hint about ``zaak`` accepted before ``before`` is not settled yet (R12)."""


Action = Callable[[Mapping[str, Any]], Awaitable[Any]]


@runtime_checkable
class Bedienbaar(Protocol):
    """A connector with operators' commands of its own: what ``wissel <name> ...`` asks the running hub to do."""

    def actions(self, hub: Hub) -> Mapping[str, Action]:
        """Return what can be asked, by name: ``<connector> <verb>``. Arguments and answers are JSON."""


@runtime_checkable
class Meldend(Protocol):
    """A connector that says what keeps it from going on."""

    def storingen(self, tx: ReadTx, gemeente: str) -> Sequence[str]:
        """Return a sentence per thing that is wrong with the other side of a gemeente, for its ``Stand``."""


@runtime_checkable
class Wekbaar(Protocol):
    """A connector whose services wait for what is written to the store."""

    def wake(self, hub: Hub) -> None:
        """Something was written, perhaps by another process: look now (called on the event loop, often)."""


# -------------------------------------------------------------------------------------------- what projections bring


class ProjectedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a projection sees it: the personal part stays sealed, so that a read model never holds it in clear."""

    id: str
    type: str
    source: str
    gemeente: str
    topic: str
    key: str
    sequence: int
    time_us: int
    data: Mapping[str, Any]
    verzegeld: tuple[Sealed, ...] = ()
    cause: bytes | None = None

    @property
    def time(self) -> datetime:
        """Return when it was logged, UTC and aware. What few ask for is worked out when it is asked."""
        return from_microseconds(self.time_us)

    @property
    def causationid(self) -> str | None:
        """Return the id of the event that caused this one."""
        return uuid_text(self.cause) if self.cause else None


Apply = Callable[[Row | None, ProjectedEvent], Row | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """One question a person asks, answered from one row per stream (R9).

    ``handlers``  event type -> pure ``apply(row, event) -> row``; a type that is not there is skipped undecoded. Rows hold
                  JSON-able values, bytes and Sealed-as-list; return a new dict, never change the one given.
    ``envelope``  the types whose handler looks at nothing but the envelope: where all projections agree, ``data`` is left
                  empty and the body unread.
    ``columns``   indexed column -> (SQL type, value of a row), for ``ReadModel.select``.
    ``links``     name -> values of a row, kept in a side table, for ``ReadModel.linked``.
    ``per``       "stroom": one row per stream; "partitie": one row per partition of the topic (counters that commute).
    """

    name: str
    version: int
    topics: frozenset[str]
    handlers: Mapping[str, Apply]
    envelope: frozenset[str] = frozenset()
    columns: Mapping[str, tuple[str, Callable[[Row], Value]]] = field(default_factory=dict)
    links: Mapping[str, Callable[[Row], Iterable[str]]] = field(default_factory=dict)
    per: str = "stroom"
    routes: Callable[[Hub], Sequence[Any]] = lambda _hub: ()
