# SPDX-License-Identifier: EUPL-1.2
"""Carries out opdrachten: the ledger is the only work list; each has a lease, bounds, and one outcome as events (R10).

A crash at any point leaves the row open; after its lease it is taken up again, and the executor's own care (idempotency key,
natural key, read-write-read back) keeps the effect from standing twice at the other side.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import starmap
from typing import Any, Final

import msgspec
import structlog

from hub import metrics, parking, trace
from hub.clock import to_microseconds
from hub.codec import Codec
from hub.errors import HubError, KeyDestroyed, LostRace, Poison, SchemaViolation, SourceUnavailable, Transient
from hub.events import OPDRACHTEN
from hub.parking import Failure
from hub.plugins import Clock, Connector, Executor, Gemeente, Grens, Hub, OpdrachtUitvoering, ReadTx, Tx, Uitkomst
from hub.store.base import Connection

log = structlog.get_logger()
_IDLE_S: Final = 1.0
_SECOND_US: Final = 1_000_000
_RESEALS: Final = 5
_RESEAL_S: Final = 0.1
_COLUMNS: Final = "id, gemeente, zaak, connector, soort, gebeurtenis, waarde, poging, gegeven"


class LeaseLost(LostRace):
    """The lease ran out, so somebody else may be doing this opdracht: do not write."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row of the ledger, leased to this process."""

    id: str
    gemeente: str
    zaak: str
    connector: str
    soort: str
    gebeurtenis: str
    waarde: bytes
    poging: int
    gegeven: int
    traceparent: str | None = None


class Uitvoering:
    """Takes open opdrachten from the ledger and carries them out, several at a time."""

    def __init__(
        self,
        *,
        hub: Hub,
        codec: Codec,
        connectors: Mapping[str, Connector],
        gemeenten: Mapping[str, Gemeente],
        clock: Clock,
        at_once: int,
        lease_s: float,
        proces: str,
        alone: bool,
    ) -> None:
        self._hub = hub
        self._codec = codec
        self._executors = {name: connector.executors(hub) for name, connector in connectors.items()}
        self._gemeenten = gemeenten
        self._clock = clock
        self._at_once = at_once
        self._lease_us = int(lease_s * _SECOND_US)
        self._me = proces
        self._running: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._alone = alone

    def wake(self) -> None:
        """New opdrachten were given (call from the event loop)."""
        self._wake.set()

    async def run(self) -> None:
        """Carry out opdrachten until cancelled. What runs then is finished by its next holder."""
        try:
            while True:
                self._wake.clear()
                pause_s = await self._round()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):  # wait_for loses a cancellation that comes as it wakes (Python 3.11)
                        await self._wake.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _round(self) -> float:
        """Take what is due and return how long nothing falls due, at most the idle tick."""
        try:
            if self._alone:  # at the start: who had these is dead. Where more processes work, that is found out by its lease
                await self._hub.write(_free_what_was_read_for)
                self._alone = False
            await self._take()
            return await self._pause_s()
        except Transient as error:
            log.warning("opdrachten_paused", uitleg=str(error))
            await asyncio.sleep(_IDLE_S)  # not only waited for: what runs goes on, and waking up would not help
            return 0.0

    async def _take(self) -> None:
        free, running = self._at_once - len(self._running), tuple(self._running)
        if free <= 0:
            return
        for entry in await self._hub.write(lambda tx: self._lease(tx, free, running)):
            task = asyncio.create_task(self._carry_out(entry), name=f"opdracht-{entry.id}")
            self._running[entry.id] = task
            task.add_done_callback(partial(self._done, entry.id))

    def _done(self, entry_id: str, _task: asyncio.Task[None]) -> None:
        self._running.pop(entry_id, None)
        self._wake.set()

    async def _pause_s(self) -> float:
        now, running = to_microseconds(self._clock.now()), tuple(self._running)
        due = await self._hub.read(lambda tx: _next_due(tx, running))
        if due is None or len(running) >= self._at_once:
            return _IDLE_S
        return min(_IDLE_S, max(0.0, (due - now) / _SECOND_US))

    def _lease(self, tx: Tx, most: int, running: Sequence[str]) -> list[LedgerEntry]:
        now = to_microseconds(self._clock.now())
        rows = tx.all(
            f"SELECT {_COLUMNS} FROM opdracht WHERE toestand = 'open' AND vanaf <= ? AND lease_tot <= ?"
            f"{_others(running)} ORDER BY vanaf LIMIT ?",
            (now, now, *running, most),
        )
        entries = [replace(entry, traceparent=_trace_of(tx, entry)) for entry in starmap(LedgerEntry, rows)]
        tx.executemany(
            "UPDATE opdracht SET lease = ?, lease_tot = ?, schrijft = 0, poging = poging + 1 WHERE id = ?",
            [(self._me, now + self._lease_us, entry.id) for entry in entries],
        )
        return entries

    async def _carry_out(self, entry: LedgerEntry) -> None:
        try:
            executor, opdracht = self._prepared(entry)
        except Transient as error:  # its keys could not be read now: it was not tried, so this counts as no try
            await self._end(entry, self._again(entry, error, _SECOND_US, tries=0))
            return
        except Exception as error:  # noqa: BLE001 - R13: an opdracht that cannot even be read is parked, not read for ever
            await self._end(entry, self._park(entry, parking.failure_of(error)))
            return
        try:
            with trace.follow(opdracht.traceparent):
                outcome = await executor.voer_uit(opdracht)
            await self._settle(entry, outcome, "uitgevoerd")
        except LeaseLost as error:
            log.warning("lease_lost", opdracht=entry.id, uitleg=str(error))
        except Exception as error:  # noqa: BLE001 - R13: whatever an executor raises is retried or parked, never lost
            await self._end(entry, self._failed(entry, executor, opdracht, error))

    def _prepared(self, entry: LedgerEntry) -> tuple[Executor, OpdrachtUitvoering]:
        executor = self._executors.get(entry.connector, {}).get(entry.soort)
        if executor is None:
            raise Poison(f"connector {entry.connector} kent geen opdracht {entry.soort}")
        if entry.gemeente not in self._gemeenten:
            raise Poison(f"gemeente {entry.gemeente} staat niet in de instellingen: voeg haar weer toe")
        return executor, self._opdracht(entry)

    async def _end(self, entry: LedgerEntry, ending: Coroutine[Any, Any, None]) -> None:
        """Write how a try ended; when even that fails, the lease runs out and the opdracht is taken up again."""
        try:
            await ending
        except HubError as fault:
            log.error("opdracht_unsettled", opdracht=entry.id, uitleg=str(fault))

    async def _failed(self, entry: LedgerEntry, executor: Executor, opdracht: OpdrachtUitvoering, error: Exception) -> None:
        pause_us = self._pause_us(entry, executor.grens, error) if isinstance(error, Transient) else None
        if pause_us is not None:
            await self._again(entry, error, pause_us)
            return
        try:
            outcome = executor.geef_op(opdracht, error)
            if outcome is not None:
                await self._settle(entry, outcome, "opgegeven")
                return
        except Transient:
            raise
        except Exception as fault:  # noqa: BLE001 - R13: giving up went wrong; the opdracht is parked with that
            error = fault
        await self._park(entry, parking.failure_of(error))

    def _pause_us(self, entry: LedgerEntry, grens: Grens, error: Exception) -> int | None:
        """Return how long to wait before the next try, or None when the bounds are reached."""
        age_s = (to_microseconds(self._clock.now()) - entry.gegeven) / _SECOND_US
        if entry.poging + 1 >= grens.pogingen or age_s >= grens.duur_s:
            return None
        pause_s = min(grens.eerste_pauze_s * 2**entry.poging, grens.langste_pauze_s) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        asked_s = error.retry_after_s if isinstance(error, SourceUnavailable) else None
        return int(max(pause_s, min(asked_s or 0.0, grens.langste_pauze_s)) * _SECOND_US)

    def _opdracht(self, entry: LedgerEntry) -> OpdrachtUitvoering:
        _, data, sealed = self._codec.decode(entry.gebeurtenis, entry.waarde)
        return OpdrachtUitvoering(
            id=entry.id,
            event_id=entry.gebeurtenis,
            soort=entry.soort,
            stap=data["stap"],
            gemeente=self._gemeenten[entry.gemeente],
            zaak=entry.zaak,
            gegevens=msgspec.json.decode(data["gegevens"]),
            besloten=self._codec.unseal(sealed),
            poging=entry.poging + 1,
            correlationid=entry.zaak,
            traceparent=entry.traceparent,
            bevestig_lease=lambda: self._confirm(entry),
        )

    async def _confirm(self, entry: LedgerEntry) -> None:
        """Renew the lease right before a write; LeaseLost when it is no longer ours."""

        def renew(tx: Tx) -> int:
            until = to_microseconds(self._clock.now()) + self._lease_us
            return tx.execute(
                "UPDATE opdracht SET lease_tot = ?, schrijft = 1 WHERE id = ? AND lease = ? AND toestand = 'open'",
                (until, entry.id, self._me),
            )

        if await self._hub.write(renew, urgent=True) != 1:
            raise LeaseLost(f"opdracht {entry.id} is no longer leased to this process")

    async def _settle(self, entry: LedgerEntry, outcome: Uitkomst, how: str) -> None:
        """Put an outcome down; what was done is not done again because a key it was sealed with was destroyed meanwhile."""
        for left in reversed(range(_RESEALS)):
            try:
                await self._put_down(entry, outcome, how)
            except KeyDestroyed:
                if not left:
                    raise
                await asyncio.sleep(_RESEAL_S)  # it is marked first and destroyed then
            else:
                return

    async def _put_down(self, entry: LedgerEntry, outcome: Uitkomst, how: str) -> None:
        sealed = self._hub.seal(outcome.events)

        def settle(tx: Tx) -> bool:
            closed = tx.execute(
                "UPDATE opdracht SET toestand = ?, fout = NULL, waarde = ?, lease = NULL"
                " WHERE id = ? AND lease = ? AND toestand = 'open'",
                (how, b"", entry.id, self._me),
            )
            if closed != 1:
                return False
            if outcome.rows:
                outcome.rows(tx)
            tx.put(sealed)
            return True

        if await self._hub.write(settle, urgent=True):
            metrics.OPDRACHTEN.labels(connector=entry.connector, soort=entry.soort, uitkomst=how).inc()

    async def _again(self, entry: LedgerEntry, error: Exception, pause_us: int, *, tries: int = 1) -> None:
        text = parking.failure_of(error).text
        again = to_microseconds(self._clock.now()) + pause_us
        await self._hub.write(
            lambda tx: tx.execute(
                "UPDATE opdracht SET vanaf = ?, lease_tot = 0, schrijft = 0, fout = ?, poging = ? WHERE id = ? AND lease = ?",
                (again, text, entry.poging + tries, entry.id, self._me),
            ),
            urgent=True,
        )
        log.info("opdracht_retried_later", opdracht=entry.id, soort=entry.soort, poging=entry.poging + tries, uitleg=text)

    async def _park(self, entry: LedgerEntry, failure: Failure) -> None:
        """Let it wait for a person: what went wrong in its first line, the stack below; ``vanaf`` becomes the last try."""
        told = f"{failure.cause}: {failure.text}\n{failure.stack}"
        await self._hub.write(
            lambda tx: tx.execute(
                "UPDATE opdracht SET toestand = 'geparkeerd', fout = ?, poging = ?, vanaf = ?, lease = NULL"
                " WHERE id = ? AND lease = ? AND toestand = 'open'",
                (told, entry.poging + 1, to_microseconds(self._clock.now()), entry.id, self._me),
            ),
            urgent=True,
        )
        metrics.GEPARKEERD.labels(lid=f"opdracht:{entry.connector}", oorzaak=failure.cause).inc()
        log.error("opdracht_parked", opdracht=entry.id, soort=entry.soort, oorzaak=failure.cause, uitleg=failure.text)


def _free_what_was_read_for(tx: Tx) -> int:
    """Free what a process that died was only reading for; a write it may have sent is waited out, until its lease ends."""
    return tx.execute("UPDATE opdracht SET lease_tot = 0 WHERE toestand = 'open' AND lease_tot > 0 AND schrijft = 0")


def _others(running: Sequence[str]) -> str:
    """Return the condition that leaves out what runs here already."""
    return f" AND id NOT IN ({','.join('?' * len(running))})" if running else ""


def bereave(db: Connection, proces: str) -> None:
    """Free what a process that died or stopped was only reading for."""
    query = "UPDATE opdracht SET lease_tot = 0 WHERE toestand = 'open' AND lease = ? AND lease_tot > 0 AND schrijft = 0"
    db.execute(query, (proces,))


def _trace_of(tx: ReadTx, entry: LedgerEntry) -> str | None:
    """Return the trace that the event which gave an opdracht belongs to."""
    query = (
        "SELECT g.traceparent FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom"
        " WHERE s.topic = ? AND s.sleutel = ? AND g.id = ?"
    )
    row = tx.one(query, (OPDRACHTEN + entry.connector, entry.zaak, uuid.UUID(entry.gebeurtenis).bytes))
    return row[0] if row else None


def _next_due(tx: ReadTx, running: Sequence[str]) -> int | None:
    """Return when the next opdracht that nobody here carries out falls due, None when there is none."""
    due = "CASE WHEN vanaf > lease_tot THEN vanaf ELSE lease_tot END"
    query = f"SELECT min({due}) FROM opdracht WHERE toestand = 'open'{_others(running)}"
    row = tx.one(query, running)
    return row[0] if row else None


def parked_opdrachten(tx: ReadTx) -> list[tuple[Any, ...]]:
    """Return (id, gemeente, zaak, connector, soort, poging, fout, gegeven, last try) of those that wait for a person."""
    return tx.all(
        "SELECT id, gemeente, zaak, connector, soort, poging, fout, gegeven, vanaf FROM opdracht"
        " WHERE toestand = 'geparkeerd' ORDER BY gegeven"
    )


def reopen(tx: Tx, opdracht_id: str, now_us: int) -> bool:
    """Let a parked opdracht be tried again from the start of its bounds; False when it is not parked."""
    return (
        tx.execute(
            "UPDATE opdracht SET toestand = 'open', poging = 0, vanaf = ?, gegeven = ?, lease_tot = 0, schrijft = 0"
            " WHERE id = ? AND toestand = 'geparkeerd'",
            (now_us, now_us, opdracht_id),
        )
        == 1
    )


def give_up(tx: Tx, opdracht_id: str) -> bool:
    """Leave a parked opdracht out for good; False when it is not parked."""
    query = "UPDATE opdracht SET toestand = 'overgeslagen', waarde = ? WHERE id = ? AND toestand = 'geparkeerd'"
    return tx.execute(query, (b"", opdracht_id)) == 1


def stap_van(tx: ReadTx, codec: Codec, opdracht_id: str) -> str | None:
    """Return the step of the flow that gave an opdracht, None when its copy in the ledger does not read."""
    row = tx.one("SELECT gebeurtenis, waarde FROM opdracht WHERE id = ?", (opdracht_id,))
    try:
        return str(codec.decode(row[0], row[1])[1]["stap"]) if row else None
    except SchemaViolation:
        return None
