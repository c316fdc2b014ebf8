# SPDX-License-Identifier: EUPL-1.2
"""Data keys: one per subject and retention class, wrapped by a master key, in a file with a backup regime of its own.

Destroying a key makes what it sealed unreadable everywhere: log, read models, copies in other systems, backups (design 3).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ElementDamaged, KeyMissing, Refused
from hub.store.base import StoreUnavailable

K = TypeVar("K")
CACHE_S: Final = 5.0  # a destroyed key is usable at most this long after its destruction (design, section 3)
_NONCE: Final = 12

_GONE: Final = "INSERT INTO sleutel VALUES (?, '', ?, '', 0, NULL) ON CONFLICT DO NOTHING"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sleutel (
    key_id TEXT PRIMARY KEY,
    gemeente TEXT NOT NULL,
    subject TEXT NOT NULL,
    klasse TEXT NOT NULL,
    generatie INTEGER NOT NULL,
    ingepakt BLOB,              -- NULL: vernietigd
    UNIQUE (gemeente, subject, klasse, generatie)
) WITHOUT ROWID;
"""


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
    """``sleutels.db``. Safe to use from every thread; a key is durable before ``current`` returns it."""

    def __init__(self, path: Path | str, master_key: bytes) -> None:
        self._master = AESGCM(master_key)
        self._lock = threading.Lock()
        self._db = _connect(path)
        self._by_id: dict[str, tuple[float, DataKey]] = {}
        self._by_ref: dict[KeyRef, tuple[float, DataKey]] = {}
        try:
            self._check_master_key()
        except Refused:
            self._db.close()
            raise

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
        ids = [(key_id,) for key_id in key_ids]
        with self._lock:
            with self._transaction():
                self._db.executemany(_GONE, [(key_id, key_id) for (key_id,) in ids])
                self._db.executemany("UPDATE sleutel SET ingepakt = NULL WHERE key_id = ?", ids)
            self._by_id.clear()
            self._by_ref.clear()
            with _faults():
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the wrapped key must not linger in the WAL

    def of_subject(self, gemeente: str, subject: str, klasse: str | None = None) -> list[str]:
        """Return the ids of the undestroyed keys of a subject, of one class or of all."""
        with self._lock, _faults():
            rows = self._db.execute(
                "SELECT key_id FROM sleutel WHERE gemeente = ? AND subject = ? AND (?3 IS NULL OR klasse = ?3)"
                " AND ingepakt IS NOT NULL ORDER BY key_id",
                (gemeente, subject, klasse),
            )
            return [row[0] for row in rows]

    def known_ids(self) -> set[str]:
        """Return every key id this file has, destroyed ones included."""
        with self._lock, _faults():
            return {row[0] for row in self._db.execute("SELECT key_id FROM sleutel")}

    def destroyed_ids(self) -> set[str]:
        """Return the ids of the keys that are recorded here as destroyed."""
        with self._lock, _faults():
            return {row[0] for row in self._db.execute("SELECT key_id FROM sleutel WHERE ingepakt IS NULL")}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _load_or_make(self, refs: set[KeyRef], now: float) -> dict[KeyRef, DataKey]:
        with self._transaction():
            keys = {ref: self._newest(ref) or self._make(ref) for ref in sorted(refs, key=lambda ref: ref.subject)}
        for ref, key in keys.items():
            self._by_ref[ref] = self._by_id[key.key_id] = (now, key)
        return keys

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run one write transaction. StoreUnavailable when the file does not take it; nothing of it happened then."""
        with _faults():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    with suppress(sqlite3.Error):  # what made it fail is what the caller must hear
                        self._db.execute("ROLLBACK")
                raise

    def _newest(self, ref: KeyRef) -> DataKey | None:
        row = self._db.execute(
            "SELECT key_id, ingepakt FROM sleutel WHERE gemeente = ? AND subject = ? AND klasse = ?"
            " ORDER BY generatie DESC LIMIT 1",
            (ref.gemeente, ref.subject, ref.klasse),
        ).fetchone()
        return self._unwrap(row[0], ref, row[1]) if row and row[1] is not None else None

    def _make(self, ref: KeyRef) -> DataKey:
        key_id, secret, nonce = str(uuid.uuid4()), AESGCM.generate_key(bit_length=256), os.urandom(_NONCE)
        wrapped = nonce + self._master.encrypt(nonce, secret, key_id.encode())
        self._db.execute(
            "INSERT INTO sleutel SELECT ?1, ?2, ?3, ?4, coalesce(max(generatie), 0) + 1, ?5 FROM sleutel"
            " WHERE gemeente = ?2 AND subject = ?3 AND klasse = ?4",
            (key_id, ref.gemeente, ref.subject, ref.klasse, wrapped),
        )
        return DataKey(key_id, ref, AESGCM(secret))

    def _load(self, key_id: str, now: float) -> DataKey:
        query = "SELECT gemeente, subject, klasse, ingepakt FROM sleutel WHERE key_id = ?"
        with _faults():
            row = self._db.execute(query, (key_id,)).fetchone()
        if row is None:
            raise KeyMissing(
                f"key {key_id} is neither present nor recorded as destroyed: sleutels.db is older than the log; "
                "put back its newest backup (docs/how-to/bestanden-veiligstellen.md)",
                key_id=key_id,
            )
        key = self._unwrap(key_id, KeyRef(*row[:3]), row[3])
        self._by_id[key_id] = (now, key)
        _bound(self._by_id)
        _bound(self._by_ref)
        return key

    def _unwrap(self, key_id: str, ref: KeyRef, wrapped: bytes | None) -> DataKey:
        if wrapped is None:
            return DataKey(key_id, ref, None)
        try:
            secret = self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode())
        except InvalidTag:
            raise Refused(
                "the master key does not open sleutels.db: set [sleutels] hoofdsleutel(_bestand) to the key it was made with"
            ) from None
        return DataKey(key_id, ref, AESGCM(secret))

    def _check_master_key(self) -> None:
        row = self._db.execute(
            "SELECT key_id, gemeente, subject, klasse, ingepakt FROM sleutel WHERE ingepakt IS NOT NULL LIMIT 1"
        ).fetchone()
        if row:
            self._unwrap(row[0], KeyRef(*row[1:4]), row[4])


_CACHED_KEYS: Final = 200_000


def _connect(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000"):
            db.execute(f"PRAGMA {pragma}")
        db.executescript(_TABLES)
    except sqlite3.Error as error:
        db.close()
        raise Refused(
            f"{path} does not open as a database ({error}); check the disk, or put back its newest backup "
            "(docs/how-to/bestanden-veiligstellen.md): without its keys nothing sealed can be read"
        ) from error
    return db


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"sleutels.db does not work now ({error}); nothing was sealed, check the disk") from error


def _fresh(cache: dict[K, tuple[float, DataKey]], name: K, now: float) -> DataKey | None:
    entry = cache.get(name)
    return entry[1] if entry and now - entry[0] <= CACHE_S else None


def _bound(cache: dict[K, tuple[float, DataKey]]) -> None:
    if len(cache) > _CACHED_KEYS:
        cache.clear()
