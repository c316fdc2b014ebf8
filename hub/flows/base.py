# SPDX-License-Identifier: EUPL-1.2
"""What a flow is: two pure functions over one stream, and the four things it may answer with.

``evolve`` folds events and alone changes state; ``decide`` looks at the state and says what must be put down now. Neither
knows a clock, I/O or randomness, so a rebuild folds the same events to the same state and decides nothing twice (R7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from hub.events import Event

_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Feit:
    """An event the flow wants put down. ``key`` None: in the flow's own stream, else in that stream of ``topic``.

    ``step`` names the step within the flow; with the causing event it makes the id. What exists per mover or address
    carries that pseudonym or BAG id in ``step``, never an index.
    """

    type: str
    step: str
    data: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    besloten: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _EMPTY)
    topic: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """An instruction to another system, executed once by the connector named, retried within bounds, then parked.

    The runner makes two events of it, ``nl.wissel.opdracht.gegeven.v1`` in the own stream (folded by ``evolve``) and
    ``nl.wissel.opdracht.uit-te-voeren.v1`` on ``wissel.opdrachten.<connector>``, and the ledger row, in one transaction.
    """

    connector: str
    soort: str
    step: str
    data: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    besloten: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Termijn:
    """A moment at which ``nl.wissel.termijn.verstreken.v1`` must come into the own stream (R12).

    ``naam`` is unique within what runs at the same time in one stream: setting it again replaces the earlier one.
    ``wacht_op_bron``: it bounds the waiting for a source, so it is put down without waiting for the inbox.
    """

    naam: str
    vervalt: datetime
    wacht_op_bron: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TermijnVervalt:
    """The term ``naam`` of the own stream is no longer needed."""

    naam: str


Antwoord = Feit | Opdracht | Termijn | TermijnVervalt


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowContext:
    """What stands fixed while a flow runs: the gemeente and its risk profile. Never the time."""

    gemeente: str
    gemeentecode: str
    stream: str
    profiel: Any


State = TypeVar("State")


class Flow(Protocol, Generic[State]):
    """One standard flow. ``topic`` is the topic of its own streams; one state per stream.

    ``profiel_model`` validates ``[gemeenten.<slug>.profiel.<name>]``; None when the flow has no settings.
    """

    name: str
    topic: str
    profiel_model: type[Any] | None

    def begin(self, context: FlowContext) -> State:
        """Return the state before the first event."""

    def evolve(self, state: State, event: Event) -> State:
        """Return the state after ``event``. Never raises for a known type; an unknown type changes nothing."""

    def decide(self, state: State) -> Sequence[Antwoord]:
        """Return what must be put down now; empty when nothing. Asked only at the head of the stream."""

    def handle(self, state: State, command: Any) -> Sequence[Antwoord]:
        """Return what an official's command puts down. Raises ``Conflict`` or ``Invalid`` when it cannot be."""


@runtime_checkable
class MeldtParkeren(Protocol):
    """A flow that others wait for: it tells them when one of its streams is parked, and when that goes on again (R8)."""

    def bij_parkeren(self, state: Any, *, geparkeerd: bool) -> Sequence[Feit]:
        """Return facts for other streams (``topic`` and ``key`` given), from what was folded before the event that failed.

        Pure, like ``decide``. What it raises is logged and tells nobody; the stream is parked all the same.
        """
