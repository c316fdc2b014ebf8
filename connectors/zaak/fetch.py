# SPDX-License-Identifier: EUPL-1.2
"""The service that fetches what notifications hint at (design R11).

Per zaak one fetch at a time, by lease and number in the store. A fetch settles only the notifications stored before it
began, and its result is put down only when no other one was since. What fails waits and is tried again, without end.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

import structlog

from connectors.zaak import inbox
from connectors.zaak.boek import DESTROY
from connectors.zaak.bundel import Bundel, beeld_van
from connectors.zaak.catalogus import Catalogus
from connectors.zaak.client import ZaakClient
from connectors.zaak.feitbouw import Concept, Omgeving
from connectors.zaak.feiten import Uitslag, leid_af, leid_verwijdering_af
from connectors.zaak.gaten import Gaten
from connectors.zaak.haal import Ophaler
from connectors.zaak.inbox import Beurt, Notificatie
from connectors.zaak.mapping import is_aangifte, lees_aangifte
from connectors.zaak.postvak import fout_van
from connectors.zaak.stand import Regel
from connectors.zaak.tijd import moment
from hub import trace
from hub.clock import rfc3339, to_microseconds
from hub.errors import HubError, SourceUnavailable, Transient
from hub.gathering import Gathering
from hub.parking import Failure, failure_of
from hub.plugins import Gemeente, Hub, SealedEvent, Tx

log = structlog.get_logger("wissel.zaak.fetch")
_IDLE_S: Final = 1.0
_SECOND_US: Final = 1_000_000
_WITNESSES: Final = 3
_FIXED: Final[dict[str, Regel]] = {"ja": "audittrail", "nee": "objecten"}
_LONGEST_TEXT: Final = 300
Ontvangst = tuple[Notificatie, int]
Resultaat = tuple[Beurt, Uitslag]


class Bron:
    """The zaaksysteem of one gemeente: how it is reached and what is kept of its catalogue."""

    def __init__(self, gemeente: Gemeente, client: ZaakClient) -> None:
        self.gemeente = gemeente
        self.client = client
        self.settings = client.settings
        self.catalogus = Catalogus(client)
        self.ophaler = Ophaler(client, self.catalogus)
        self.klapt_uit = True  # until a list is refused with expand, which not every zaaksysteem offers

    def omgeving(self, zaak_uuid: str, typen: Any = None) -> Omgeving:
        """Return what stands around the objects of a zaak."""
        return Omgeving(
            gemeente=self.gemeente.slug,
            bron=self.gemeente.source("zaaksysteem"),
            hub=self.gemeente.source("wissel"),
            zaak_uuid=zaak_uuid,
            pseudonym=self.gemeente.pseudonym,
            typen=typen or {},
        )


class Ophaaldienst:
    """Takes notifications of one gemeente in, and fetches what they are about as long as the hub runs."""

    def __init__(self, hub: Hub, bron: Bron) -> None:
        self._hub = hub
        self._bron = bron
        self._slug = bron.gemeente.slug
        self._me = uuid.uuid4().hex
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._fetching = False
        self._reserved = 0
        self._received = Gathering(self._take_in)
        self._results = Gathering(self._put_down_all)
        self._gaten = Gaten(hub, self._slug, bron.settings)

    async def neem_aan(self, notificatie: Notificatie, received_us: int) -> bool:
        """Store a notification; return False when it came before. It is stored when this returns."""
        return await self._received.do((notificatie, received_us))

    async def _take_in(self, received: Sequence[Ontvangst]) -> list[bool]:
        """Store notifications and, in that transaction, begin what is due as far as there is room (R11: stored before)."""
        self._reserved += (room := self._room())

        def work(tx: Tx) -> tuple[list[bool], list[Beurt]]:
            new = [inbox.bewaar(tx, self._slug, notificatie, received_us) for notificatie, received_us in received]
            return new, self._begin(room, tx) if room else []

        try:
            new, turns = await self._hub.write(work, urgent=True)
        finally:
            self._reserved -= room
        self._start(turns)
        return new

    def _room(self) -> int:
        """Return how many more fetches may begin here now: while the source fails, one that tells whether it is back."""
        brake, taken = self._bron.client.rem, len(self._running) + self._reserved
        if not self._fetching or brake.wacht_s():
            return 0
        return max(0, (1 if brake.staat_erop else self._bron.settings.gelijktijdig) - taken)

    def wake(self) -> None:
        """Look at once for what is due (call from the event loop)."""
        self._wake.set()

    async def run(self) -> None:
        """Fetch until cancelled, in one process at a time. What is under way then is taken over by the next one."""
        self._fetching = True
        try:
            await self._hub.write(lambda tx: inbox.neem_over(tx, self._me, self._now_us()))
            while True:
                self._wake.clear()
                pause_s = await self.start_due()
                await self._gaten.kijk(self._now_us())
                try:
                    await asyncio.wait_for(self._wake.wait(), pause_s)
                except TimeoutError:
                    continue
        finally:
            self._fetching = False
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def start_due(self) -> float:
        """Begin what is due, as far as there is room, and return how long nothing more will be (seconds)."""
        room = self._room()
        due_us = await self._hub.read(lambda tx: inbox.eerstvolgende(tx, self._slug))
        now_us = self._now_us()
        if room <= 0 or due_us is None:
            return min(_IDLE_S, self._bron.client.rem.wacht_s() or _IDLE_S)
        if due_us > now_us:
            return min(_IDLE_S, (due_us - now_us) / _SECOND_US)
        self._reserved += room
        try:
            turns = await self._hub.write(partial(self._begin, room), urgent=True)
        except Transient as error:
            log.warning("fetching_paused", gemeente=self._slug, uitleg=str(error))
            return _IDLE_S
        finally:
            self._reserved -= room
        self._start(turns)
        return 0.0 if turns else _IDLE_S

    def _start(self, turns: Sequence[Beurt]) -> None:
        for turn in turns:
            task = asyncio.create_task(self.fetch(turn), name=f"ophalen-{turn.zaak}")
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _begin(self, room: int, tx: Tx) -> list[Beurt]:
        lease_us = int(self._bron.settings.lease_s * _SECOND_US)
        return inbox.begin(tx, self._slug, owner=self._me, now_us=self._now_us(), lease_us=lease_us, most=room)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def fetch(self, turn: Beurt) -> None:
        """Fetch one zaak and put down what is new; whatever goes wrong, it is tried again."""
        try:
            with trace.follow(turn.traceparent):
                async with asyncio.timeout(self._bron.settings.lease_s):
                    await self._fetch(turn)
        except Exception as error:  # noqa: BLE001 - R11: no zaak is dropped and none stops another, whatever its data does
            await self._later(turn, error)

    async def _fetch(self, turn: Beurt) -> None:
        rule = turn.regel or _FIXED.get(self._bron.settings.audittrail, "")
        bundle = await self._bron.ophaler.haal(turn.zaak, turn.stand, turn.meldingen, rule)
        if bundle is None:
            await self._not_found(turn)
            return
        omgeving = self._bron.omgeving(turn.zaak, bundle.typen)
        outcome = leid_af(turn.stand, bundle, turn.meldingen, omgeving, aangifte=self._aangifte(turn, bundle, omgeving))
        await self._put_down(turn, outcome)
        if bundle.trail is not None:
            self._gaten.onthoud(turn, bundle.trail, self._now_us())

    def _aangifte(self, turn: Beurt, bundle: Bundel, omgeving: Omgeving) -> Concept | None:
        view, mapping = beeld_van(bundle), self._bron.settings.mapping
        if not is_aangifte(view, mapping, omgeving):
            return None
        closed = turn.stand.gesloten_bij_eerste if turn.stand.bekend else bool(bundle.zaak.get("einddatum"))
        return lees_aangifte(view, mapping, omgeving, gesloten_bij_eerste=closed)

    # --------------------------------------------------------------------------------------------------- deletion

    async def _not_found(self, turn: Beurt) -> None:
        """Conclude that a zaak was deleted, or wait: after a destroy hint or twice 404, and a witness answering 200."""
        proof = self._proof(turn)
        if proof is None:
            stand = turn.stand.copy()
            stand.eerste_404 = stand.eerste_404 or rfc3339(self._hub.clock.now())
            later_us = self._now_us() + int(self._bron.settings.tweede_404_na_s * _SECOND_US)
            await self._hub.write(
                lambda tx: inbox.leg_neer(tx, turn, stand, settles=False, now_us=self._now_us(), later_us=later_us)
            )
            return
        if not turn.stand.verwijderd:
            await self._see_witness(turn)
        outcome = leid_verwijdering_af(
            turn.stand, turn.meldingen, self._bron.omgeving(turn.zaak), zaak_url=turn.zaak_url, bewijs=proof
        )
        await self._put_down(turn, outcome)

    def _proof(self, turn: Beurt) -> str | None:
        if turn.stand.verwijderd or any(m.actie == DESTROY and m.key == f"zaken/{turn.zaak}" for m in turn.meldingen):
            return "destroy-melding"
        first = moment(turn.stand.eerste_404)
        if first is None:
            return None
        waited_s = (self._hub.clock.now() - first).total_seconds()
        return "tweemaal-404" if waited_s >= self._bron.settings.tweede_404_na_s else None

    async def _see_witness(self, turn: Beurt) -> None:
        """Make sure that the source works and is the one we know: another zaak of it answers 200."""
        others = await self._hub.read(lambda tx: inbox.andere_zaken(tx, self._slug, turn.zaak, _WITNESSES))
        for other in others:
            if await self._bron.ophaler.bestaat(other):
                return
        raise SourceUnavailable(
            f"zaak {turn.zaak} is not found, and no other known zaak of {self._slug} answers to prove that the source "
            "itself works; it is not called deleted before one does"
        )

    # ------------------------------------------------------------------------------------------------- putting down

    async def _put_down(self, turn: Beurt, outcome: Uitslag) -> None:
        if not await self._results.do((turn, outcome)):
            log.info("fetch_overtaken", gemeente=self._slug, zaak=turn.zaak, nummer=turn.nummer)

    async def _put_down_all(self, results: Sequence[Resultaat]) -> list[bool]:
        """Put down what some fetches gave, in one transaction; return of each whether no other one was put down since."""
        events = [replace(event, traceparent=turn.traceparent) for turn, outcome in results for event in outcome.events]
        sealed = iter(await asyncio.to_thread(self._hub.seal, events) if events else ())
        parts = [list(islice(sealed, len(outcome.events))) for _, outcome in results]
        return await self._hub.write(partial(self._settle, results, parts), urgent=True)

    def _settle(self, results: Sequence[Resultaat], parts: Sequence[Sequence[SealedEvent]], tx: Tx) -> list[bool]:
        kept = [self._settle_one(tx, turn, outcome) for turn, outcome in results]
        if new := [event for counts, part in zip(kept, parts, strict=True) if counts for event in part]:
            tx.put(new)
        return kept

    def _settle_one(self, tx: Tx, turn: Beurt, outcome: Uitslag) -> bool:
        fixed = inbox.regel_van(tx, self._slug)
        if fixed and outcome.stand.regel not in {"", fixed}:
            raise SourceUnavailable("two fetches disagreed on whether there is an audit trail; the first one counts")
        return inbox.leg_neer(tx, turn, outcome.stand, settles=True, now_us=self._now_us())

    async def _later(self, turn: Beurt, error: Exception) -> None:
        settings = self._bron.settings
        asked_s = error.retry_after_s if isinstance(error, SourceUnavailable) else None
        grown_s = min(settings.eerste_pauze_s * 2 ** min(turn.poging, 30), settings.langste_pauze_s)
        pause_s = max(grown_s * random.uniform(0.5, 1.0), min(asked_s or 0.0, settings.langste_pauze_s))  # noqa: S311 - jitter
        failure, now_us = failure_of(error), self._now_us()
        self._report(turn, error, failure)
        fault, at_us = fout_van(failure, now_us), now_us + int(pause_s * _SECOND_US)
        try:
            await self._hub.write(lambda tx: inbox.stel_uit(tx, turn, vanaf_us=at_us, fout=fault), urgent=True)
        except Transient as away:
            log.warning("fetch_postponed_by_lease", gemeente=self._slug, zaak=turn.zaak, uitleg=str(away))

    def _report(self, turn: Beurt, error: Exception, failure: Failure) -> None:
        """Log what failed: a stack only for what should not happen."""
        fault = f"{failure.cause}: {failure.text}"[:_LONGEST_TEXT]
        about = {"gemeente": self._slug, "zaak": turn.zaak, "poging": turn.poging + 1, "fout": fault}
        if isinstance(error, (Transient, TimeoutError)):
            log.info("fetch_failed", **about)
        elif isinstance(error, HubError):
            log.error("fetch_refused", **about)
        else:
            log.error("fetch_fault", **about, stack=failure.stack)

    def _now_us(self) -> int:
        return to_microseconds(self._hub.clock.now())
