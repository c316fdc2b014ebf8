# SPDX-License-Identifier: EUPL-1.2
"""What a connector may offer beside ``hub.plugins.Connector``: what of its inbox cannot be settled and waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hub.plugins import Hub, ReadTx, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Wachtend:
    """One entry of an inbox or of the ledger that waits for a person. ``fout`` is ``<kind>: <text>``, then the stack if any.

    ``zaak``: whose stream it belongs to, empty when that is not known. ``erachter``: how many wait behind it.
    """

    id: str
    gemeente: str
    zaak: str
    soort: str
    fout: str
    pogingen: int
    sinds_us: int
    laatst_us: int
    erachter: int = 0


@runtime_checkable
class Postvak(Protocol):
    """A connector whose inbox an operator can look into. All of it happens in the caller's transaction."""

    def wachtend(self, tx: ReadTx) -> Sequence[Wachtend]:
        """Return what waits for a person, oldest first; what is only tried again later is not among it."""

    def probeer_opnieuw(self, hub: Hub, tx: Tx, wachtend_id: str, now_us: int) -> bool:
        """Let one entry be tried now; False when it does not wait (any more)."""

    def sla_over(self, tx: Tx, wachtend_id: str) -> bool:
        """Leave one entry out for good; False when it does not wait (any more)."""
