# SPDX-License-Identifier: EUPL-1.2
"""Registers the moves, follows each to its end, and keeps the figures that the screen shows."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from demo.formulier import Formulier
from demo.hubkant import HubKant, Zaak

_AT_ONCE: Final = 6
_UNDER_WAY: Final = 40  # no more than this many at the same time, so that a person watching sees moves end from the start
_LOOK_AT: Final = 20
_TICK_S: Final = 0.25
_STILL_S: Final = 0.3


@dataclass
class Verloop:
    """What happened so far."""

    aangiften: Sequence[tuple[str, Mapping[str, Any]]]
    begonnen: float = field(default_factory=time.monotonic)
    uuids: dict[tuple[str, int], str] = field(default_factory=dict)
    klaar: dict[str, Zaak] = field(default_factory=dict)
    eerste_groen_s: float | None = None
    kills: int = 0
    gemeld: int = 0
    genoeg: bool = False

    @property
    def moves(self) -> int:
        """How many moves this run has; once it is ``genoeg``: no more than were being registered then."""
        return self.gemeld if self.genoeg else len(self.aangiften)

    @property
    def open(self) -> int:
        """How many registered moves are under way."""
        return len(self.uuids) - len(self.klaar)

    def per_einde(self) -> Counter[str]:
        """Count the moves by how they ended."""
        return Counter(str(zaak.einde) for zaak in list(self.klaar.values()))

    def redenen(self) -> Counter[str]:
        """Count the reasons given."""
        return Counter(reason for zaak in list(self.klaar.values()) for reason in (zaak.oordeel or {}).get("redenen", ()))

    def neem(self, zaak: Zaak) -> None:
        """Take in what the hub says of one zaak."""
        if zaak.einde is None:
            return
        self.klaar[zaak.uuid] = zaak
        if zaak.einde == "verwerkt" and self.eerste_groen_s is None:
            self.eerste_groen_s = time.monotonic() - self.begonnen


async def meld_alles(formulier: Formulier, verloop: Verloop) -> None:
    """Register every move; the second of a pair only after the first has ended."""
    slots = asyncio.Semaphore(_AT_ONCE)
    numbered = {(gemeente, aangifte["volgnummer"]): aangifte for gemeente, aangifte in verloop.aangiften}

    async def one(key: tuple[str, int], aangifte: Mapping[str, Any]) -> None:
        gemeente = key[0]
        if aangifte.get("na") is not None:
            await _ended(verloop, (gemeente, aangifte["na"]))
        async with slots:
            while verloop.open >= _UNDER_WAY and not verloop.genoeg:  # noqa: ASYNC110 - looks at what ``volg`` finds
                await asyncio.sleep(_TICK_S)
            if not verloop.genoeg:
                verloop.gemeld += 1
                verloop.uuids[key] = await formulier.meld(gemeente, aangifte)

    async with asyncio.TaskGroup() as group:
        for key, aangifte in numbered.items():
            group.create_task(one(key, aangifte))


async def _ended(verloop: Verloop, key: tuple[str, int]) -> None:
    while verloop.uuids.get(key) not in verloop.klaar and not verloop.genoeg:  # noqa: ASYNC110 - looks at what ``volg`` finds
        await asyncio.sleep(_TICK_S)


async def volg(hub: HubKant, verloop: Verloop) -> None:
    """Look at the zaken under way, a few at a time, until every move has ended."""
    waiting: deque[tuple[str, str]] = deque()
    seen: set[str] = set()
    while len(verloop.klaar) < verloop.moves:
        for (gemeente, _), uuid in list(verloop.uuids.items()):
            if uuid not in seen:
                seen.add(uuid)
                waiting.append((gemeente, uuid))
        looked_at = [waiting.popleft() for _ in range(min(_LOOK_AT, len(waiting)))]
        for gemeente, uuid in looked_at:
            zaak = await hub.zaak(gemeente, uuid)
            if zaak:
                verloop.neem(zaak)
            if uuid not in verloop.klaar:
                waiting.append((gemeente, uuid))
        await asyncio.sleep(_TICK_S)


async def tot_rust(hub: HubKant, gemeenten: Sequence[str], *, within_s: float = 60.0) -> None:
    """Wait until the hub has nothing left to do: no lag, no open opdrachten, no notifications under way."""
    deadline = time.monotonic() + within_s
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:  # noqa: PLR2004 - three looks in a row
        standen = [await hub.stand(gemeente) for gemeente in gemeenten]
        busy = sum(map(_still_to_do, standen))
        quiet = 0 if busy else quiet + 1
        await asyncio.sleep(_STILL_S)


def _still_to_do(stand: Mapping[str, Any]) -> int:
    behind = sum(positie["achter"] for positie in stand["posities"])
    return int(behind + stand["opdrachten"].get("open", 0) + stand["meldingenOpen"])
