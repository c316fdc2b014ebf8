# SPDX-License-Identifier: EUPL-1.2
"""One side of a move: the store and log that a settings file names, opened without a hub and kept from every hub."""

from __future__ import annotations

from typing import Final

from hub.builds import Builds
from hub.clock import SystemClock
from hub.codec import Codec
from hub.discovery import Plugins
from hub.events import topic_names
from hub.keys import KeyStore
from hub.log.base import Log
from hub.log.engine import check_points, open_log, publisher_for
from hub.projector import Projector
from hub.settings import Loaded
from hub.store.base import Database
from hub.store.opening import Asked, Stores, belong, log_id_of
from hub.store.place import place_of
from hub.store.verhuisd import Merk, merk_van
from schemas import load as load_schemas

_WAITING: Final = (
    "SELECT coalesce(sum(p.id * 1099511627776 + p.kop - 1 - coalesce(u.plaats, p.id * 1099511627776 - 1)), 0) FROM partitie p"
    " LEFT JOIN publicatie u ON u.partitie = p.id"
)


class Zijde:
    """Holds the lock of its store from ``open`` to ``close``, so that no hub runs there meanwhile."""

    def __init__(self, loaded: Loaded, plugins: Plugins) -> None:
        self.loaded = loaded
        self.plugins = plugins
        self.clock = SystemClock(loaded.clock_shift)
        self._place = place_of(loaded)
        kafka = loaded.kafka
        self.naam = self._place.name + (f" met Kafka op {kafka.servers}, topics {kafka.prefix}*" if kafka else "")
        self._lock = self._place.lock(shared=False)
        self._log: Log | None = None
        self._stores: Stores | None = None

    def open(self) -> None:
        """Take the lock and open what lies there. Refused while a hub runs."""
        self._lock.take()
        self._stores = self._place.open(self._asked(forget=False))

    def close(self) -> None:
        """Close everything and let go of it."""
        self._close_stores()
        self._lock.release()

    @property
    def stores(self) -> Stores:
        """Return the databases."""
        assert self._stores is not None
        return self._stores

    @property
    def wissel(self) -> Database:
        """Return the log and the bookkeeping."""
        return self.stores.wissel

    @property
    def keys(self) -> KeyStore:
        """Return the keys."""
        return self.stores.keys

    @property
    def log_id(self) -> str:
        """Return which log lies here, empty when there is none."""
        return log_id_of(self.wissel)

    @property
    def merk(self) -> Merk | None:
        """Return what a move wrote here."""
        with self.wissel.reader() as db:
            return merk_van(db)

    @property
    def log(self) -> Log:
        """Return the log, opened when it is first asked for: its identity must be there."""
        if self._log is None:
            self._log = open_log(self.wissel, self._codec, access=self.loaded.kafka, topics=self._topics, log_id=self.log_id)
        return self._log

    @property
    def wachtend(self) -> int:
        """Return how many events were put down and are not published."""
        if self.loaded.kafka is None:
            return 0
        with self.wissel.reader() as db:
            return int(db.execute(_WAITING).fetchone()[0])

    def nagekeken(self) -> None:
        """Hold topics, gemeenten, keys and checkpoints against the log, as a hub does when it starts."""
        belong(self.wissel, self.keys, self._asked(forget=False))
        check_points(self.log, self.wissel)

    def opnieuw(self) -> None:
        """Look at the log afresh, as what it is was just written. Topics that were made anew meanwhile are filled anew."""
        if self._log:
            self._log.close()
            self._log = None
        if self.loaded.kafka:
            positions = self.log.positions()
            empty = {one.topic for one in positions} - {one.topic for one in positions if one.head}
            query = "DELETE FROM publicatie WHERE partitie IN (SELECT id FROM partitie WHERE topic = ?)"
            self.wissel.write(lambda db: db.executemany(query, [(topic,) for topic in sorted(empty)])).result()

    def publiceer(self) -> int:
        """Publish what waits, where the log is Kafka; return how many events that were."""
        found = publisher_for(self.log, database=self.wissel, codec=self._codec, clock=self.clock)
        if found is None:
            return 0
        try:
            return found.catch_up()
        finally:
            found.stop()

    def bouw_leesmodellen(self) -> int:
        """Throw the read models away and build them from the log, what a person left out left out; return of how much."""
        self._close_stores()
        self._stores = self._place.open(self._asked(forget=True))
        builds = Builds(
            main=self.stores.members,
            open_file=self.stores.open_build,
            projections=tuple(self.plugins.projections.values()),
            clock=self.clock,
        )
        try:
            return Projector(log=self.log, builds=builds, bookkeeping=self.wissel, clock=self.clock).rebuild()
        finally:
            builds.close()

    @property
    def _codec(self) -> Codec:
        return Codec(load_schemas(), self.keys)

    @property
    def _topics(self) -> dict[str, int]:
        return dict.fromkeys(topic_names(self.plugins.connectors), self.loaded.settings.log.partities)

    def _asked(self, *, forget: bool) -> Asked:
        return Asked(
            tables={name: connector.tables for name, connector in self.plugins.connectors.items()},
            topics=self._topics,
            gemeenten=self.loaded.gemeenten,
            master_key=self.loaded.master_key,
            forget_members=forget,
            moving=True,
        )

    def _close_stores(self) -> None:
        for one in (self._log, self._stores):
            if one:
                one.close()
        self._log = self._stores = None
