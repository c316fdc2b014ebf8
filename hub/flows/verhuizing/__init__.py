# SPDX-License-Identifier: EUPL-1.2
"""The flow of a declaration of moving ("groene verhuizingen"): plain moves run through, doubtful ones go to a person.

Pure: ``evolve`` folds the events of one zaak, ``decide`` says what must be put down now. See ``predicaten`` for the rules,
``regels`` for the decision, ``handelen`` for what follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import ZAKEN, Event
from hub.flows.base import Antwoord, FlowContext
from hub.flows.verhuizing.commands import handle
from hub.flows.verhuizing.decide import decide
from hub.flows.verhuizing.evolve import evolve
from hub.flows.verhuizing.namen import BEOORDEELD
from hub.flows.verhuizing.profiel import RisicoProfiel
from hub.flows.verhuizing.staat import Staat


class VerhuizingFlow:
    """The flow ``verhuizing`` on ``wissel.zaken``, one state per zaak; profile ``RisicoProfiel``."""

    name: Final = "verhuizing"
    topic: Final = ZAKEN
    profiel_model: type[Any] | None = RisicoProfiel
    oordeel: Final = BEOORDEELD

    def begin(self, context: FlowContext) -> Staat:
        """Return the state before the first event."""
        return Staat(context=context)

    def evolve(self, state: Staat, event: Event) -> Staat:
        """Return the state after ``event``; never raises, an unknown type changes nothing but the sequence."""
        return evolve(state, event)

    def decide(self, state: Staat) -> Sequence[Antwoord]:
        """Return what must be put down now; empty when nothing."""
        return decide(state)

    def handle(self, state: Staat, command: Any) -> Sequence[Antwoord]:
        """Return what a command of ``commands`` puts down. Raises ``Conflict`` or ``Invalid``."""
        return handle(state, command)


FLOW: Final = VerhuizingFlow()
