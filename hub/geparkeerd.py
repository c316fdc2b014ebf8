# SPDX-License-Identifier: EUPL-1.2
"""What is parked as a person reads it, wherever it stands: projection, flow, ledger or a connector's inbox; and how to pick.

Nothing here holds personal data: what an event says stays sealed in the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hub import stand
from hub.clock import from_microseconds, rfc3339
from hub.errors import HubError, Invalid
from hub.log.base import Stream
from hub.parking import Parked
from hub.postvak import Wachtend

OPDRACHT: Final = "opdracht:"
POSTVAK: Final = "postvak:"
_AGE: Final = re.compile(r"(\d+)([smud])")
_SECONDS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "u": 3_600, "d": 86_400}
_UNEXPECTED: Final = "Er ging iets mis dat niet was voorzien. Een ontwikkelaar moet kijken; daarna kan het opnieuw."
_WAITS: Final = "Dit wacht achter iets dat mislukte en opnieuw wordt geprobeerd."
WAIT: Final = "wacht"


@dataclass(frozen=True, slots=True)
class Achter:
    """An event that waits behind the one that failed."""

    volgnummer: int
    soort: str
    gebeurtenis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Geparkeerd:
    """One parked stream, opdracht or inbox entry. ``nummer`` names it in commands, ``woorden`` says the cause plainly.

    ``achter`` is filled where one entry is shown, ``wacht_erachter`` always counts.
    """

    nummer: str
    lid: str
    gemeente: str
    sleutel: str
    soort: str
    gebeurtenis: str
    oorzaak: str
    woorden: str
    uitleg: str
    stapel: str
    pogingen: int
    sinds: str
    laatst: str
    wacht_erachter: int
    achter: Sequence[Achter] = field(default=())

    @property
    def in_log(self) -> bool:
        """True when it is an event that a projection or flow could not take; False for an opdracht or inbox entry."""
        return not self.lid.startswith((OPDRACHT, POSTVAK))

    def as_stand(self) -> stand.Geparkeerd:
        """Return what the ops page shows of it."""
        return stand.Geparkeerd(
            nummer=self.nummer,
            lid=self.lid,
            stroom=self.sleutel.rpartition(":")[2],
            gebeurtenis=self.gebeurtenis,
            soort=self.soort,
            oorzaak=self.oorzaak,
            woorden=self.woorden,
            uitleg=self.uitleg,
            sinds=self.sinds,
            laatst=self.laatst,
            pogingen=self.pogingen,
            erachter=self.wacht_erachter,
        )

    def as_dict(self) -> Mapping[str, Any]:
        """Return the entry for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keuze:
    """Which entries: all that is given must fit. ``lid`` also names a kind (``flow``, ``opdracht``, a projection)."""

    nummer: str | None = None
    oorzaak: str | None = None
    zaak: str | None = None
    soort: str | None = None
    lid: str | None = None
    ouder_dan: str | None = None
    gemeente: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Keuze:
        """Return the choice that a command or form gave; what is empty chooses nothing. Invalid when an age is wrong."""
        names = cls.__dataclass_fields__
        chosen = cls(**{name: str(value) for name, value in given.items() if name in names and value})
        if chosen.ouder_dan and not _AGE.fullmatch(chosen.ouder_dan):
            raise Invalid([("ouder-dan", "schrijf een getal met s, m, u of d erachter, zoals 30m of 2u")])
        return chosen

    def fits(self, entry: Geparkeerd, now: datetime) -> bool:
        """Return True when an entry is among those chosen."""
        exact = ((self.nummer, entry.nummer), (self.oorzaak, entry.oorzaak), (self.soort, entry.soort))
        if any(wanted is not None and wanted != found for wanted, found in (*exact, (self.gemeente, entry.gemeente))):
            return False
        if self.zaak is not None and self.zaak not in {entry.sleutel, entry.sleutel.rpartition(":")[2]}:
            return False
        if self.lid is not None and entry.lid != self.lid and not entry.lid.startswith(f"{self.lid}:"):
            return False
        return self.ouder_dan is None or datetime.fromisoformat(entry.sinds) <= now - _age(self.ouder_dan)


def _age(text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    assert match is not None
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def in_woorden(oorzaak: str) -> str:
    """Return the cause in plain words, by the name under which it was parked."""
    if oorzaak == WAIT:
        return _WAITS
    found = kind_of(oorzaak)
    return found.in_woorden if found and found.in_woorden else _UNEXPECTED


def kind_of(oorzaak: str) -> type[HubError] | None:
    """Return the error of ours that a cause names (``volgnummer-dubbel`` names a SequenceFault), None for a foreign one."""
    name = "SequenceFault" if oorzaak.startswith("volgnummer-") else oorzaak
    return next((kind for kind in _all(HubError) if kind.__name__ == name), None)


def _all(kind: type[HubError]) -> Iterator[type[HubError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


def of_stream(first: Parked, waiting: int, name: Stream) -> Geparkeerd:
    """Return the entry of a stream: ``first`` is the event it stands still at, ``waiting`` come behind it."""
    cause = first.oorzaak or WAIT
    return Geparkeerd(
        nummer=f"{first.lid}/{first.stroom}",
        lid=first.lid,
        gemeente=name.gemeente,
        sleutel=name.key,
        soort=first.soort,
        gebeurtenis=first.gebeurtenis,
        oorzaak=cause,
        woorden=in_woorden(cause),
        uitleg=first.uitleg or "",
        stapel=first.stapel or "",
        pogingen=first.pogingen,
        sinds=_moment(first.eerst_us),
        laatst=_moment(first.laatst_us),
        wacht_erachter=waiting,
    )


def of_opdracht(row: Sequence[Any]) -> Geparkeerd:
    """Return the entry of an opdracht in the ledger."""
    opdracht_id, gemeente, zaak, connector, soort, tries, fault, given_us, last_us = row
    return _beside(
        f"{OPDRACHT}{connector}",
        opdracht_id,
        Wachtend(
            id=opdracht_id, gemeente=gemeente, zaak=zaak, soort=soort, fout=fault, pogingen=tries, sinds_us=given_us,
            laatst_us=last_us,
        ),
    )  # fmt: skip


def of_inbox(connector: str, entry: Wachtend) -> Geparkeerd:
    """Return the entry of a connector's inbox."""
    return _beside(f"{POSTVAK}{connector}", entry.id, entry)


def _beside(lid: str, name: str, entry: Wachtend) -> Geparkeerd:
    told, _, stack = (entry.fout or "onbekend").partition("\n")
    cause, _, text = told.partition(": ")
    return Geparkeerd(
        nummer=f"{lid}/{name}",
        lid=lid,
        gemeente=entry.gemeente,
        sleutel=entry.zaak,
        soort=entry.soort,
        gebeurtenis=name,
        oorzaak=cause,
        woorden=in_woorden(cause),
        uitleg=text,
        stapel=stack,
        pogingen=entry.pogingen,
        sinds=_moment(entry.sinds_us),
        laatst=_moment(entry.laatst_us),
        wacht_erachter=entry.erachter,
    )


def _moment(at_us: int) -> str:
    return rfc3339(from_microseconds(at_us))
