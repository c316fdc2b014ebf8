# SPDX-License-Identifier: EUPL-1.2
"""Destroying data keys ("vernietigen"): what they sealed becomes unreadable in the log, the read models and every copy.

In this order (design, section 3): the mark in ``wissel.db``, from where on ``put`` refuses what is sealed with the key; the
key itself; then ``nl.wissel.sleutel.vernietigd.v1`` into every stream that was sealed with it, so that whoever holds
something folded from it folds again. A crash resumes from the mark. It is never undone: a restored key file has it destroyed
again at the next start. Destroying by retention term, with a second person, is asked for by whoever calls this.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import structlog

from hub.clock import to_microseconds
from hub.events import NewEvent, fact_id
from hub.keys import KeyStore
from hub.plugins import Clock, Gemeente
from hub.store.base import Connection, Database
from hub.store.door import Door
from hub.store.put import LogTables, StoreTx

log = structlog.get_logger()
VERNIETIGD: Final = "nl.wissel.sleutel.vernietigd.v1"
_STREAMS: Final = 200
_NEXT: Final = (
    "SELECT s.id, s.topic, s.sleutel, s.gemeente FROM sleutel_stroom k JOIN stroom s ON s.id = k.stroom"
    " WHERE k.key_id = ? AND k.stroom > ? ORDER BY k.stroom LIMIT ?"
)
_UNTOLD: Final = (
    "SELECT DISTINCT v.key_id FROM sleutel_vernietigd v"
    " JOIN sleutel_stroom k ON k.key_id = v.key_id AND k.stroom > v.klaar ORDER BY v.key_id"
)
Row = tuple[int, str, str, str]


class Vernietiging:
    """Destroys keys and says so in their streams. Safe to call from every thread but a writer's.

    ``cached_s``: how long other processes may still open with a key that is gone. That is waited out before it is told, or
    whoever folds again because of it would read it once more and keep it.
    """

    def __init__(
        self,
        *,
        database: Database,
        keys: KeyStore,
        door: Door,
        tables: LogTables,
        gemeenten: Mapping[str, Gemeente],
        clock: Clock,
        cached_s: float = 0.0,
    ) -> None:
        self._database = database
        self._keys = keys
        self._door = door
        self._tables = tables
        self._gemeenten = gemeenten
        self._clock = clock
        self._cached_s = cached_s

    def van_subject(self, gemeente: str, subject: str, klasse: str | None = None) -> int:
        """Destroy all that is sealed about one subject, of one bewaarklasse or of all; return in how many streams it was."""
        return self.sleutels(self._keys.of_subject(gemeente, subject, klasse))

    def sleutels(self, key_ids: Collection[str]) -> int:
        """Destroy these keys; return in how many streams that was told. Doing it again does what was not done yet."""
        at = to_microseconds(self._clock.now())
        marks = [(key_id, at) for key_id in key_ids]
        mark = "INSERT INTO sleutel_vernietigd (key_id, sinds, klaar) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
        self._database.write(lambda db: db.executemany(mark, marks).rowcount, urgent=True).result()
        self._keys.destroy(key_ids)  # its own cache forgets them at once
        time.sleep(self._cached_s)
        return sum(self._tell(key_id) for key_id in key_ids)

    def hervat(self) -> int:
        """Tell the streams that a crash left untold; the keys themselves are destroyed again when the files are opened."""
        with self._database.reader() as db:
            untold = [row[0] for row in db.execute(_UNTOLD)]
        if untold:
            time.sleep(self._cached_s)
        return sum(self._tell(key_id) for key_id in untold)

    def _tell(self, key_id: str) -> int:
        """Put the fact into each stream sealed with the key, page by page; return how many were told."""
        told = 0
        while rows := self._next(key_id):
            told += self._tell_page(key_id, rows)
        log.info("key_destroyed", sleutel=key_id, stromen=told)
        return told

    def _tell_page(self, key_id: str, rows: Sequence[Row]) -> int:
        """``klaar`` holds the last stream told, and moves in the transaction that tells it: none is told twice."""
        known = [row for row in rows if row[3] in self._gemeenten]
        sealed = self._door.seal([self._fact(key_id, row) for row in known])
        move = "UPDATE sleutel_vernietigd SET klaar = ? WHERE key_id = ? AND klaar < ?"

        def work(db: Connection) -> int:
            tx = StoreTx(db, self._tables, self._clock.now())
            if tx.execute(move, (rows[-1][0], key_id, rows[0][0])) != 1:
                return 0  # somebody else told these streams meanwhile
            tx.put(sealed)
            return len(known)

        return self._database.write(work).result()

    def _next(self, key_id: str) -> list[Row]:
        with self._database.reader() as db:
            row = db.execute("SELECT klaar FROM sleutel_vernietigd WHERE key_id = ?", (key_id,)).fetchone()
            return db.execute(_NEXT, (key_id, row[0], _STREAMS)).fetchall()

    def _fact(self, key_id: str, row: Row) -> NewEvent:
        _, topic, key, gemeente = row
        return NewEvent(
            id=fact_id(key_id, topic, key),
            type=VERNIETIGD,
            source=self._gemeenten[gemeente].source("wissel"),
            gemeente=gemeente,
            topic=topic,
            key=key,
            data={"keyId": key_id},
        )
