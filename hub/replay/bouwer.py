# SPDX-License-Identifier: EUPL-1.2
"""Fills a shadow from the log, beside live traffic: resumable after a kill at any point, and it gives way to live work.

It runs in a process of its own and writes in a file of its own, so it never holds the lock that live work needs; what it may
still take from that is disk and processor, and for that it waits whenever live work runs late.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Literal

from hub import batches, checkpoints, parking
from hub.batches import Batch, Decoder
from hub.builds import BOUWT
from hub.checkpoints import Checkpoint
from hub.clock import to_microseconds
from hub.errors import Refused, Transient
from hub.events import uuid_text
from hub.log.base import OFFSET_BITS, OFFSET_MASK
from hub.log.engine import check_points
from hub.parking import Entry
from hub.plugins import Projection
from hub.projecting import Member, Way, apply, apply_by_stream
from hub.readmodels import Tables, member_name
from hub.replay import lease
from hub.replay.lease import Voortgang
from hub.replay.lezen import Lezer
from hub.store.base import Connection, Database, StoreUnavailable

BijFout = Literal["stop", "parkeer"]
Moved = list[tuple[Member, Checkpoint, list[Entry]]]
BATCH: Final = 2_000
_NEAR: Final = 200  # events: what is left then goes so fast that making the indexes first is worth it
_LOOK_S: Final = 0.5
_PAUSE_S: Final = 0.02
_MOST_PAUSE: Final = 20  # times the work: a hub that is always late does not stop a replay for ever
_US: Final = 1_000_000


class Gestopt(Refused):
    """A projection or a record could not go on, and the replay was asked to stop there."""


class Bouwer:
    """Fills the builds of one replay. ``tell`` is called after each batch with the progress and what is left.

    ``claimed``: the hub knows of it, so that it can be cancelled; a measurement is not. ``beside_hub`` says whether a hub runs.
    """

    def __init__(
        self,
        lezer: Lezer,
        *,
        number: int,
        projections: Sequence[Projection],
        database: Database,
        bij_fout: BijFout = "stop",
        target_ms: float = 100.0,
        claimed: bool = True,
        beside_hub: Callable[[], bool] = lambda: False,
        tell: Callable[[Voortgang, int], None] = lambda _voortgang, _over: None,
    ) -> None:
        self._lezer = lezer
        self._log = lezer.log
        self._database = database
        self._bij_fout = bij_fout
        self._target_us = int(target_ms * 1_000)
        self._claimed = claimed
        self._beside_hub = beside_hub
        self._tell = tell
        self._number = number
        self._me = lease.myself()
        self._decoder = Decoder(lezer.log, projections)
        self._looked_s = 0.0
        self._with_hub = False
        self.members = [Member(p, Tables(p, number), database, live=False) for p in projections]
        self.voortgang = database.write(lambda db: lease.take(db, number, self._me)).result()

    def run(self, *, most: int | None = None) -> None:
        """Take the log to its end. What goes wrong is kept for ``wissel replay status`` and raised; go on later by another run.

        ``most``: stop after so many events, for measuring.
        """
        try:
            self._open()
            self._fill(most)
        except BaseException as error:
            self._stopped(parking.failure_of(error).text)
            raise
        self._database.write(lambda db: lease.let_go(db, self.voortgang, None)).result()

    def _fill(self, most: int | None) -> None:
        while self.left() > _NEAR and not self._enough(most):
            self._round(most)
        if self._enough(most):
            return
        for member in self.members:
            self._database.write(member.tables.create_indexes).result()
        while self._round(most):
            continue

    def _enough(self, most: int | None) -> bool:
        return most is not None and self.voortgang.gedaan >= most

    def left(self) -> int:
        """Return how many events are to be taken still."""
        heads = {(p.topic, p.partition): p.head for p in self._log.positions()}
        return sum(heads[where] - 1 - min(m.points[where].offset for m in here) for where, here in self._places())

    def _stopped(self, fault: str) -> None:
        with suppress(Transient, Refused):  # a full disk: why it stopped is raised to whoever waits for it all the same
            self._database.write(lambda db: lease.let_go(db, self.voortgang, fault)).result()

    # ------------------------------------------------------------------------------------------------- opening

    def _open(self) -> None:
        for member in self.members:
            with self._lezer.wissel.reader() as db:
                member.skipped |= parking.skipped(db, member_name(member.projection.name, member.projection.version, 0))
        self._database.write(self._prepare).result()
        try:
            check_points(self._log, self._database)
        except Refused as error:
            raise Refused(
                f"wat replay {self._number} al had, is uit een ander logboek dan dit: stop haar met `wissel replay cancel` "
                f"en begin opnieuw ({error})"
            ) from error

    def _prepare(self, db: Connection) -> None:
        """Make the tables, and read where a killed process left them."""
        for member in self.members:
            member.tables.create(db)
            for topic, partition in self._log.partitions():
                base = self._log.place(topic, partition, 0)
                member.points[topic, partition] = checkpoints.load(db, member.name, base >> OFFSET_BITS, base)
            member.parked = parking.parked_streams(db, member.name)

    def _places(self) -> list[tuple[tuple[str, int], list[Member]]]:
        """Return each partition with the members that read it."""
        pairs = [(w, [m for m in self.members if w[0] in m.projection.topics]) for w in self._log.partitions()]
        return [(where, here) for where, here in pairs if here]

    # ------------------------------------------------------------------------------------------------- the work

    def _round(self, most: int | None) -> int:
        """Take each partition to where it ends now; return how many events that were."""
        before = self.voortgang.gedaan
        for where, here in self._places():
            while not self._enough(most):
                begun = time.perf_counter()
                offset = min(m.points[where].offset for m in here)
                records = self._log.read(*where, offset, BATCH)
                if not records:
                    break
                batch = self._decoder.batch(where, records, offset)
                self._take([m for m in here if m.points[where].offset == offset], batch, begun)
                self._give_way(time.perf_counter() - begun)
        return self.voortgang.gedaan - before

    def _take(self, group: Sequence[Member], batch: Batch, begun: float) -> None:
        try:
            self._settle(batch, self._write(group, batch, begun, apply))
        except (Transient, Refused):
            raise
        except Exception:  # noqa: BLE001 - R13: rolled back, and done again so that it finds what cannot be written
            self._settle(batch, self._write(group, batch, begun, apply_by_stream))
        self._tell(self.voortgang, self.left())

    def _write(self, group: Sequence[Member], batch: Batch, begun: float, way: Way) -> tuple[Voortgang, Moved]:
        at_us = to_microseconds(self._lezer.clock.now())

        def work(db: Connection) -> tuple[Voortgang, Moved]:
            moved = [
                (m, *batches.take(db, m, batch, way=way, log_id=self._log.identity(batch.where[0]), at_us=at_us)) for m in group
            ]
            if self._bij_fout == "stop":
                self._check(moved)
            used = self.voortgang.bezig_us + int((time.perf_counter() - begun) * _US)
            done = replace(self.voortgang, gedaan=self.voortgang.gedaan + batch.size, bezig_us=used)
            return lease.renew(db, done, mine=self._me), moved

        try:
            return self._database.write(work).result()
        except StoreUnavailable as error:
            raise Refused(
                f"{error}. De replay is gestopt waar zij was en het bestaande leesmodel is niet aangeraakt; "
                "maak ruimte en geef hetzelfde `wissel replay start`"
            ) from error

    def _check(self, moved: Moved) -> None:
        """Stop at the first event that a projection cannot take; the batch is rolled back, so the shadow ends before it."""
        for member, _, entries in moved:
            for entry in entries:
                if entry.failure and entry.record.stream not in member.parked:
                    stream = self._log.streams([entry.record.stream]).get(entry.record.stream)
                    raise Gestopt(
                        f"{member.name} kan gebeurtenis {_text(entry)} niet aan (volgnummer {entry.record.sequence} van "
                        f"{stream.key if stream else 'geen bekende zaak'}, plaats {entry.plaats}): {entry.failure.text}. "
                        "Herstel de projectie en start opnieuw, of ga door met --bij-fout parkeer"
                    )

    def _settle(self, batch: Batch, done: tuple[Voortgang, Moved]) -> None:
        self.voortgang, moved = done
        for member, point, entries in moved:
            member.points[batch.where] = point
            if entries and self._claimed:
                parking.report(member.name, entries)
            if entries:
                with self._database.reader() as db:
                    member.parked = parking.parked_streams(db, member.name)

    # ------------------------------------------------------------------------------------------------- giving way

    def _give_way(self, worked_s: float) -> None:
        """Wait while live work runs late; look now and then whether the replay is still wanted."""
        begun = time.monotonic()
        if begun - self._looked_s > _LOOK_S:
            self._looked_s = begun
            if self._claimed:
                self._still_wanted()
            self._with_hub = self._beside_hub()
        if not self._with_hub:
            return
        while self._live_late_us() > self._target_us and time.monotonic() - begun < worked_s * _MOST_PAUSE:
            time.sleep(_PAUSE_S)
        waited = int((time.monotonic() - begun) * _US)
        self.voortgang = replace(self.voortgang, pauze_us=self.voortgang.pauze_us + waited)

    def _still_wanted(self) -> None:
        states = {build.lid: build.toestand for build in self._lezer.builds()[0]}
        if any(states.get(member.name) != BOUWT for member in self.members):
            raise Refused(f"replay {self._number} is afgebroken; wat gebouwd was is opgeruimd")

    def _live_late_us(self) -> int:
        """Return the age of the oldest event that readers do not see yet, 0 when they see all."""
        builds, pointers = self._lezer.builds()
        known = {member_name(p.name, p.version, b.nummer) for b in builds for p in self._lezer.projections.values()}
        live = {pointer.lid for pointer in pointers} & known  # a build whose code is gone is not followed, so not waited for
        points: dict[int, int] = {}
        for number in {build.nummer for build in builds if build.lid in live}:
            with self._lezer.database(number).reader() as db:
                for lid, partition, place in db.execute("SELECT lid, partitie, plaats FROM controlepunt"):
                    if lid in live:
                        points[partition] = min(place, points.get(partition, place))
        now = to_microseconds(self._lezer.clock.now())
        ages = [now - time_us for place in points.values() if (time_us := self._next(place)) is not None]
        return max(ages, default=0)

    def _next(self, place: int) -> int | None:
        topic, partition = self._log.partition_at(place)
        return self._log.time_after(topic, partition, place & OFFSET_MASK)


def _text(entry: Entry) -> str:
    return f"{uuid_text(entry.record.event_id)} ({entry.soort})"
