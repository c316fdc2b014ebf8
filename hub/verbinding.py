# SPDX-License-Identifier: EUPL-1.2
"""What a connector may offer beside ``hub.plugins.Connector``: how its sources answer, and looking whether they do now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, Protocol, runtime_checkable

from hub.parking import failure_of
from hub.plugins import Hub, ReadTx
from hub.stand import Verbinding

Staat = Literal["goed", "let-op", "fout"]
NEAR_S: Final = 5.0  # HTTP says whole seconds, and an answer takes a while
FAR_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Controle:
    """One thing that was looked at. ``doe`` says what to do about it, empty when all is well."""

    naam: str
    staat: Staat
    tekst: str
    doe: str = ""


@dataclass(slots=True)
class Contact:
    """What is remembered of one source: when it answered last, how often in a row it did not, and how its clock runs.

    ``scheef_s``: seconds by which its clock is ahead of this machine's, None while it never said (HTTP Date).
    """

    laatst: datetime | None = None
    mislukt: int = 0
    fout: str = ""
    scheef_s: float | None = None

    def answered(self, date: str | None) -> None:
        """It answered, whatever it said."""
        self.laatst, self.mislukt, self.fout = datetime.now(UTC), 0, ""
        try:
            self.scheef_s = (parsedate_to_datetime(date or "").astimezone(UTC) - self.laatst).total_seconds()
        except ValueError:
            return

    def failed(self, error: BaseException) -> None:
        """It did not answer."""
        self.mislukt += 1
        self.fout = failure_of(error).text


@runtime_checkable
class Verbonden(Protocol):
    """A connector that can tell how its sources are."""

    def verbindingen(self, hub: Hub, tx: ReadTx) -> Sequence[Verbinding]:
        """Return how each source is, as this process met it."""

    async def nakijken(self, hub: Hub) -> Sequence[Controle]:
        """Ask each source something harmless now and return how that went; raises nothing."""


def van_contact(naam: str, contact: Contact) -> Controle:
    """Return what an answer says of the clocks: tokens and leases depend on them."""
    skew_s = contact.scheef_s
    if skew_s is None:
        return Controle(naam=f"klok tegenover {naam}", staat="goed", tekst="de bron zegt niet hoe laat het bij haar is")
    text = f"verschil {skew_s:+.0f} s"
    if abs(skew_s) <= NEAR_S:
        return Controle(naam=f"klok tegenover {naam}", staat="goed", tekst=text)
    state: Staat = "let-op" if abs(skew_s) <= FAR_S else "fout"
    return Controle(
        naam=f"klok tegenover {naam}",
        staat=state,
        tekst=text,
        doe="zet de klok van deze machine gelijk (NTP, `timedatectl`); loopt die goed, meld het dan bij de bron",
    )


__all__ = ("Contact", "Controle", "Staat", "Verbinding", "Verbonden", "van_contact")
