# SPDX-License-Identifier: EUPL-1.2
"""Data keys: one per subject and retention class, wrapped by a master key, in a database with a backup regime of its own.

Destroying a key makes what it sealed unreadable everywhere: log, read models, copies in other systems, backups (design 3).
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ElementDamaged, KeyMissing, Refused
from hub.store.base import Connection, Database

K = TypeVar("K")
CACHE_S: Final = 5.0  # a destroyed key is usable at most this long after its destruction (design, section 3)
_NONCE: Final = 12

_GONE: Final = "INSERT INTO sleutel VALUES (?, '', ?, '', 0, NULL) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class KeyRef:
    """Whose key it is: a subject within a gemeente, for one retention class (bewaarklasse)."""

    gemeente: str
    subject: str
    klasse: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped key. ``cipher`` is None when the key has been destroyed."""

    key_id: str
    ref: KeyRef
    cipher: AESGCM | None

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Return nonce + AES-256-GCM of ``plaintext``; associated data = context (event id) + keyId."""
        if self.cipher is None:
            raise KeyMissing("a destroyed key seals nothing; ask the key store for the current one", key_id=self.key_id)
        nonce = os.urandom(_NONCE)
        return nonce + self.cipher.encrypt(nonce, plaintext, (context + self.key_id).encode())

    def open(self, sealed: bytes, context: str) -> bytes | None:
        """Return the plaintext, None when the key has been destroyed. ElementDamaged when it did not seal these bytes."""
        if self.cipher is None:
            return None
        try:
            return self.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], (context + self.key_id).encode())
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise ElementDamaged(
                f"an element does not open with its key {self.key_id}: the record was damaged; put back a backup of wissel.db "
                "from before that, or skip this event"
            ) from None


class KeyStore:
    """The table of keys. Safe to use from every thread; a key is durable before ``current`` returns it."""

    def __init__(self, database: Database, master_key: bytes) -> None:
        self.name = database.name
        self.database = self._database = database
        self._master = AESGCM(master_key)
        self._lock = threading.Lock()
        self._by_id: dict[str, tuple[float, DataKey]] = {}
        self._by_ref: dict[KeyRef, tuple[float, DataKey]] = {}
        self._check_master_key()

    def current(self, refs: Iterable[KeyRef]) -> Mapping[KeyRef, DataKey]:
        """Return the key to seal with now for each ref, made and stored where there is none."""
        wanted = set(refs)
        with self._lock:
            now = time.monotonic()
            found = {ref: key for ref in wanted if (key := _fresh(self._by_ref, ref, now))}
            missing = wanted - found.keys()
            if missing:
                found.update(self._load_or_make(missing, now))
        return found

    def by_id(self, key_id: str) -> DataKey:
        """Return the key, with ``cipher`` None when it has been destroyed. KeyMissing when this file never had it."""
        with self._lock:
            now = time.monotonic()
            cached = _fresh(self._by_id, key_id, now)
            return cached or self._load(key_id, now)

    def destroy(self, key_ids: Iterable[str]) -> None:
        """Destroy keys for good. A later seal for the same subject gets a new key. Repeating it changes nothing.

        A key that this file never had is recorded as destroyed: what it sealed is normal then, not a fault.
        """
        ids = list(key_ids)

        def work(db: Connection) -> None:
            db.executemany(_GONE, [(key_id, key_id) for key_id in ids])
            db.executemany("UPDATE sleutel SET ingepakt = NULL WHERE key_id = ?", [(key_id,) for key_id in ids])

        with self._lock:
            self._database.write(work).result()
            self._forget()
            self._database.wiped()

    def forget(self) -> None:
        """Keep no key in memory: another process destroyed one of them, and nothing may be sealed with it any more."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._by_id.clear()
        self._by_ref.clear()

    def of_subject(self, gemeente: str, subject: str, klasse: str | None = None) -> list[str]:
        """Return the ids of the undestroyed keys of a subject, of one class or of all."""
        query = "SELECT key_id, klasse FROM sleutel WHERE gemeente = ? AND subject = ? AND ingepakt IS NOT NULL ORDER BY key_id"
        return [row[0] for row in self._rows(query, (gemeente, subject)) if klasse in {None, row[1]}]

    def known(self, key_ids: Sequence[str]) -> set[str]:
        """Return which of these are here, destroyed ones included."""
        query = f"SELECT key_id FROM sleutel WHERE key_id IN ({','.join('?' * len(key_ids))})"
        return {row[0] for row in self._rows(query, key_ids)}

    def count(self) -> int:
        """Return how many keys there are, destroyed ones included."""
        return int(self._rows("SELECT count(*) FROM sleutel")[0][0])

    def destroyed_ids(self) -> set[str]:
        """Return the ids of the keys that are recorded here as destroyed."""
        return {row[0] for row in self._rows("SELECT key_id FROM sleutel WHERE ingepakt IS NULL")}

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _rows(self, query: str, params: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        with self._database.reader() as db:
            return db.execute(query, params).fetchall()

    def _load_or_make(self, refs: set[KeyRef], now: float) -> dict[KeyRef, DataKey]:
        with self._database.reader() as db:
            keys = {ref: key for ref in refs if (key := self._newest(db, ref))}
        if new := sorted(refs - keys.keys(), key=lambda ref: ref.subject):
            keys |= self._database.write(lambda db: {ref: self._newest(db, ref) or self._make(db, ref) for ref in new}).result()
        for ref, key in keys.items():
            self._by_ref[ref] = self._by_id[key.key_id] = (now, key)
        self._bound()
        return keys

    def _newest(self, db: Connection, ref: KeyRef) -> DataKey | None:
        row = db.execute(
            "SELECT key_id, ingepakt FROM sleutel WHERE gemeente = ? AND subject = ? AND klasse = ?"
            " ORDER BY generatie DESC LIMIT 1",
            (ref.gemeente, ref.subject, ref.klasse),
        ).fetchone()
        return self._unwrap(row[0], ref, row[1]) if row and row[1] is not None else None

    def _make(self, db: Connection, ref: KeyRef) -> DataKey:
        key_id, secret, nonce = str(uuid.uuid4()), AESGCM.generate_key(bit_length=256), os.urandom(_NONCE)
        wrapped = nonce + self._master.encrypt(nonce, secret, key_id.encode())
        of = (ref.gemeente, ref.subject, ref.klasse)
        query = "SELECT max(generatie) FROM sleutel WHERE gemeente = ? AND subject = ? AND klasse = ?"
        before = db.execute(query, of).fetchone()[0] or 0
        db.execute("INSERT INTO sleutel VALUES (?,?,?,?,?,?)", (key_id, *of, before + 1, wrapped))
        return DataKey(key_id, ref, AESGCM(secret))

    def _load(self, key_id: str, now: float) -> DataKey:
        rows = self._rows("SELECT gemeente, subject, klasse, ingepakt FROM sleutel WHERE key_id = ?", (key_id,))
        if not rows:
            raise KeyMissing(
                f"key {key_id} is neither present nor recorded as destroyed: {self._database.name} is older than the log; "
                "put back its newest backup (docs/how-to/bestanden-veiligstellen.md)",
                key_id=key_id,
            )
        key = self._unwrap(key_id, KeyRef(*rows[0][:3]), rows[0][3])
        self._by_id[key_id] = (now, key)
        if key.cipher is not None:  # one that is not destroyed is the newest of its ref: only its destruction makes a next one
            self._by_ref[key.ref] = (now, key)
        self._bound()
        return key

    def _bound(self) -> None:
        if max(len(self._by_id), len(self._by_ref)) > _CACHED_KEYS:
            self._forget()

    def _unwrap(self, key_id: str, ref: KeyRef, wrapped: bytes | None) -> DataKey:
        if wrapped is None:
            return DataKey(key_id, ref, None)
        try:
            secret = self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode())
        except InvalidTag:
            raise Refused(
                f"the master key does not open {self._database.name}: "
                "set [sleutels] hoofdsleutel(_bestand) to the key it was made with"
            ) from None
        return DataKey(key_id, ref, AESGCM(secret))

    def _check_master_key(self) -> None:
        query = "SELECT key_id, gemeente, subject, klasse, ingepakt FROM sleutel WHERE ingepakt IS NOT NULL LIMIT 1"
        for row in self._rows(query):
            self._unwrap(row[0], KeyRef(*row[1:4]), row[4])


_CACHED_KEYS: Final = 200_000


def _fresh(cache: dict[K, tuple[float, DataKey]], name: K, now: float) -> DataKey | None:
    entry = cache.get(name)
    return entry[1] if entry and now - entry[0] <= CACHE_S else None
