# SPDX-License-Identifier: EUPL-1.2
"""A backup of the embedded files while the hub runs, and putting one back; both are only done once the files opened together.

Copied in this order: the read models, the log, the keys. A checkpoint in the first is then never beyond the second, and the
third holds every key that the second needs, because a key is durable before anything is sealed with it (R6).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hub.clock import rfc3339
from hub.core import Core
from hub.errors import Refused
from hub.settings import Loaded
from hub.store.opening import FolderLock, remove_file

MANIFEST: Final = "wissel-backup.json"
LOG, KEYS, MEMBERS = "wissel.db", "sleutels.db", "leesmodellen.db"
_FORM: Final = 1
_TRIES: Final = 3
_CHUNK_BYTES: Final = 1 << 20
_HEADS: Final = "SELECT coalesce(sum(kop), 0) FROM partitie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kopie:
    """What a backup says of itself: ``gebeurtenissen`` events of log ``log_id``, and the SHA-256 of each of its files."""

    vorm: int
    gemaakt: str
    log_id: str
    gebeurtenissen: int
    bestanden: dict[str, str]


def maak(loaded: Loaded, target: Path, *, keys_apart: Path | None = None) -> Kopie:
    """Copy the files of a hub, running or not, into ``target``; the keys into ``keys_apart`` when that is asked.

    Refused when a target is there already, or when the copy does not open as a whole.
    """
    _refuse_server(loaded)
    source = loaded.settings.opslag.map
    if not (source / LOG).exists():
        raise Refused(f"in {source} staat geen {LOG}: er is niets om een kopie van te maken; controleer [opslag] map")
    _refuse_existing([path for path in (target, keys_apart) if path])
    with _made(target.with_name(f"{target.name}.wordt-gemaakt")) as work:
        _copy_all(source, work)
        log_id, events = _opened(loaded, work)
        names = [path.name for path in sorted(work.iterdir()) if path.suffix == ".db"]
        apart = [KEYS] if keys_apart else []
        if keys_apart:
            _deliver_keys(work, keys_apart, log_id, events)
        copy = _describe(work, [name for name in names if name not in apart], log_id, events)
        work.rename(target)
    return copy


def zet_terug(loaded: Loaded, source: Path, *, keys: Path | None = None, over_newer: bool = False) -> Kopie:
    """Put a backup back in the hub's folder. Refused while a hub runs there, or over files that are newer or of another log.

    Keys that were destroyed since the backup was made stay destroyed, as far as the files that are replaced still tell.
    """
    _refuse_server(loaded)
    copy = lees(source)
    folder = loaded.settings.opslag.map
    lock = FolderLock(folder)
    lock.take()
    try:
        if not over_newer:
            _refuse_newer(folder, copy)
        with _made(folder / ".terugzetten") as work:
            _stage(source, keys, folder, work)
            gone = destroyed_in(folder)
            _mark(work / LOG, gone)
            _opened(loaded, work)
            _replace(work, folder)
    finally:
        lock.release()
    return copy


def lees(source: Path) -> Kopie:
    """Return what a backup says of itself, once its files are what it says."""
    try:
        copy = Kopie(**json.loads((source / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Refused(f"{source} is geen reservekopie van Wissel: {MANIFEST} ontbreekt of is niet te lezen") from error
    if copy.vorm != _FORM:
        raise Refused(f"{source} is gemaakt door een andere versie van Wissel (vorm {copy.vorm}); gebruik die versie")
    wrong = [name for name, digest in copy.bestanden.items() if not _is(source / name, digest)]
    if wrong:
        raise Refused(f"{source} is beschadigd: {', '.join(wrong)} is niet wat het was; neem een andere kopie")
    return copy


def destroyed_in(folder: Path) -> list[tuple[str, int]]:
    """Return (key, since) of the keys that the log in a folder says were destroyed; nothing when there is none that reads."""
    if not (folder / LOG).exists():
        return []
    try:
        with closing(_reader(folder / LOG)) as db:
            return db.execute("SELECT key_id, sinds FROM sleutel_vernietigd").fetchall()
    except sqlite3.Error:
        return []


# ------------------------------------------------------------------------------------------------------------- copying


def _copy_all(source: Path, work: Path) -> None:
    """Copy the files in their order; a build that was dropped meanwhile makes it begin again."""
    for _ in range(_TRIES):
        try:
            _copy_members(source, work)
            break
        except FileNotFoundError:
            for path in work.iterdir():
                remove_file(path)
    else:
        raise Refused("de leesmodellen veranderen steeds terwijl ze worden gekopieerd; probeer het straks opnieuw")
    _copy(source / LOG, work / LOG)
    _copy(source / KEYS, work / KEYS)


def _copy_members(source: Path, work: Path) -> None:
    if not (source / MEMBERS).exists():
        return
    _copy(source / MEMBERS, work / MEMBERS)
    with closing(_reader(work / MEMBERS)) as db:
        numbers = [row[0] for row in db.execute("SELECT DISTINCT nummer FROM bouw WHERE toestand <> 'weg' AND nummer > 0")]
    for number in numbers:
        name = f"leesmodellen-{number}.db"
        if not (source / name).exists():
            raise FileNotFoundError(name)
        _copy(source / name, work / name)


def _copy(source: Path, target: Path) -> None:
    """Copy one database as it is at one moment, and make it durable. Writers go on meanwhile."""
    try:
        with closing(_reader(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            if new.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise Refused(f"{source} is beschadigd: er kan geen goede kopie van worden gemaakt; zet een oudere kopie terug")
    except sqlite3.Error as error:
        raise Refused(f"{source} is niet te kopiëren ({error}); controleer rechten en schijf") from error
    target.chmod(0o600)
    _sync(target)


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _opened(loaded: Loaded, folder: Path) -> tuple[str, int]:
    """Open the files in a folder as a hub would, and return the log's identity and how many events it holds."""
    storage = loaded.settings.opslag.model_copy(update={"map": folder})
    there = loaded.model_copy(update={"settings": loaded.settings.model_copy(update={"opslag": storage})})
    hub = Core(there).open()
    try:
        (log_id,) = hub.read_now(lambda tx: tx.one("SELECT waarde FROM meta WHERE naam = 'log_id'")) or ("",)
        (events,) = hub.read_now(lambda tx: tx.one(_HEADS)) or (0,)  # what was put down; a topic also holds what is not ours
        return log_id, events
    finally:
        hub.close()
        (folder / "wissel.lock").unlink(missing_ok=True)


def _deliver_keys(work: Path, target: Path, log_id: str, events: int) -> None:
    with _made(target.with_name(f"{target.name}.wordt-gemaakt")) as apart:
        shutil.move(work / KEYS, apart / KEYS)
        _describe(apart, [KEYS], log_id, events)
        apart.rename(target)


def _describe(folder: Path, names: Sequence[str], log_id: str, events: int) -> Kopie:
    """Write the manifest, durably, last of all: without it a folder is no backup."""
    digests = {name: _digest(folder / name) for name in names}
    now = rfc3339(datetime.now(UTC))
    copy = Kopie(vorm=_FORM, gemaakt=now, log_id=log_id, gebeurtenissen=events, bestanden=digests)
    path = folder / MANIFEST
    path.write_text(json.dumps(asdict(copy), indent=2), encoding="utf-8")
    _sync(path)
    _sync(folder)
    return copy


# --------------------------------------------------------------------------------------------------------- putting back


def _refuse_newer(folder: Path, copy: Kopie) -> None:
    """Refuse to replace a log that knows more than the backup, or is another one."""
    if not (folder / LOG).exists():
        return
    try:
        with closing(_reader(folder / LOG)) as db:
            (log_id,) = db.execute("SELECT waarde FROM meta WHERE naam = 'log_id'").fetchone()
            (events,) = db.execute(_HEADS).fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise Refused(f"{folder / LOG} is niet te lezen; zet de kopie er met --ook-over-nieuwer overheen") from error
    if log_id != copy.log_id:
        raise Refused(f"in {folder} staat een ander logboek dan in de kopie; met --ook-over-nieuwer gaat dat verloren")
    if events > copy.gebeurtenissen:
        raise Refused(
            f"in {folder} staan {events} gebeurtenissen, in de kopie {copy.gebeurtenissen}: wat nieuwer is gaat verloren. "
            "Weet u dat zeker, geef dan --ook-over-nieuwer"
        )


def _stage(source: Path, keys: Path | None, folder: Path, work: Path) -> None:
    """Bring together what will stand in the folder: the backup, and the keys from it, from apart, or those that are there."""
    for name in lees(source).bestanden:
        shutil.copyfile(source / name, work / name)
    if keys is not None:
        lees(keys)
        shutil.copyfile(keys / KEYS, work / KEYS)
    elif not (work / KEYS).exists():
        if not (folder / KEYS).exists():
            raise Refused(f"in {source} zitten geen sleutels; geef met --sleutels de map met de kopie van de sleutels")
        _copy(folder / KEYS, work / KEYS)
    for path in work.iterdir():
        path.chmod(0o600)
        _sync(path)


def _mark(log: Path, gone: Sequence[tuple[str, int]]) -> None:
    """Let the log that comes back know which keys were destroyed since: opening it destroys them again and tells it."""
    with closing(sqlite3.connect(log)) as db, db:
        insert = "INSERT INTO sleutel_vernietigd (key_id, sinds, klaar) VALUES (?, ?, 0) ON CONFLICT (key_id) DO NOTHING"
        db.executemany(insert, gone)


def _replace(work: Path, folder: Path) -> None:
    """Put the files in place, the keys first. Whatever moment this stops at, giving the command again finishes it."""
    for path in (folder / LOG, folder / KEYS, *folder.glob("leesmodellen*.db")):
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    for path in folder.glob("leesmodellen*.db"):
        remove_file(path)
    for path in sorted(work.iterdir(), key=lambda path: path.name != KEYS):
        path.replace(folder / path.name)
    _sync(folder)


# --------------------------------------------------------------------------------------------------------------- files


def _refuse_server(loaded: Loaded) -> None:
    if loaded.database is not None:
        raise Refused(
            "de opslag is PostgreSQL: maak kopieën met de middelen van die database, zoals in "
            "docs/how-to/bestanden-veiligstellen.md staat"
        )


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Yield an empty folder of our own, and leave nothing of it behind that was not delivered."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Refused(
            f"{folder.parent} is geen map waarin geschreven kan worden ({error.strerror}); kies een andere"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_existing(targets: Sequence[Path]) -> None:
    if there := [path for path in targets if path.exists()]:
        raise Refused(f"{there[0]} is er al; kies een nieuwe map, een kopie overschrijft nooit een andere")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK_BYTES):
            found.update(part)
    return found.hexdigest()


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and _digest(path) == digest


def as_dict(copy: Kopie) -> dict[str, Any]:
    """Return a backup's own words for JSON."""
    return asdict(copy)
