# SPDX-License-Identifier: EUPL-1.2
"""The flow of claims: what orders zaken that concern one person or one address (R8). It never blocks anybody.

On the stream of a pseudonym or BAG id it answers every claimant with all open claims and marks there, whenever these
change, and passes each change in the registry on to every claimant, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.errors import Invalid
from hub.events import PERSONEN, Event
from hub.flows.base import Antwoord, FlowContext
from hub.flows.claims.decide import decide
from hub.flows.claims.staat import Staat, evolve


class ClaimsFlow:
    """The flow ``claims`` on ``wissel.personen``, one state per person or address; it has no settings."""

    name: Final = "claims"
    topic: Final = PERSONEN
    profiel_model: type[Any] | None = None

    def begin(self, context: FlowContext) -> Staat:
        """Return the state before the first event."""
        return Staat(context=context)

    def evolve(self, state: Staat, event: Event) -> Staat:
        """Return the state after ``event``; never raises, an unknown type changes nothing but the sequence."""
        return evolve(state, event)

    def decide(self, state: Staat) -> Sequence[Antwoord]:
        """Return what must be put down now; empty when nothing."""
        return decide(state)

    def handle(self, _state: Staat, command: Any) -> Sequence[Antwoord]:
        """Raise ``Invalid``: nobody commands this flow."""
        raise Invalid([("opdracht", f"onbekende opdracht {type(command).__name__}")])


FLOW: Final = ClaimsFlow()
