# SPDX-License-Identifier: EUPL-1.2
"""One measurement in a process of its own, so that its memory is its own: ``projecties FOLDER`` or ``kaal FOLDER``.

``kaal`` is the bare loop: read from SQLite, decode Avro, one upsert per event, a transaction with a checkpoint per 1,000.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
from hub_voor_tests import loaded

from hub.app import EmbeddedHub
from hub.discovery import Plugins, projections
from schemas import load as load_schemas


def projecties(folder: Path) -> int:
    """Rebuild all projections from the log."""
    hub = EmbeddedHub(loaded(folder, partities=4), plugins=Plugins({}, {}, projections())).open()
    begin = time.perf_counter()
    taken = hub.projector.rebuild()
    report(taken, time.perf_counter() - begin)
    hub.close()
    return taken


def kaal(folder: Path) -> None:
    """Run the bare loop over the same log."""
    decode = decoder()
    source = sqlite3.connect(folder / "wissel.db")
    target = folder / "kaal.db"
    target.unlink(missing_ok=True)
    db = sqlite3.connect(target, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32000", "wal_autocheckpoint=8000"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE rij (stroom INTEGER PRIMARY KEY, laatste TEXT, aantal INTEGER)")
    db.execute("CREATE TABLE controlepunt (plaats INTEGER)")
    db.execute("INSERT INTO controlepunt VALUES (-1)")
    begin, last, count = time.perf_counter(), -1, 0
    query = "SELECT plaats, stroom, schema, waarde FROM gebeurtenis WHERE plaats > ? ORDER BY plaats LIMIT 1000"
    while rows := source.execute(query, (last,)).fetchall():
        db.execute("BEGIN IMMEDIATE")
        for _, stream, schema, value in rows:
            event = decode(schema, value)
            db.execute(
                "INSERT INTO rij VALUES (?, ?, 1)"
                " ON CONFLICT (stroom) DO UPDATE SET laatste = excluded.laatste, aantal = aantal + 1",
                (stream, next(iter(event))),
            )
            count += 1
        last = rows[-1][0]
        db.execute("UPDATE controlepunt SET plaats = ?", (last,))
        db.execute("COMMIT")
    report(count, time.perf_counter() - begin)


def decoder() -> Callable[[int, bytes], Any]:
    """Return what reads the Avro of a framed value, with nothing around it."""
    schemas = {schema.id: schema.parsed for schema in load_schemas()}

    def decode(schema: int, value: bytes) -> Any:
        content = io.BytesIO(value)
        content.seek(5)
        return fastavro.schemaless_reader(content, schemas[schema], None)

    return decode


def report(events: int, seconds: float) -> None:
    """Print what was measured."""
    status = Path("/proc/self/status").read_text(encoding="ascii")  # getrusage would tell of whoever started us as well
    rss_mb = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
    sys.stdout.write(json.dumps({"events": events, "seconds": seconds, "rss_mb": rss_mb}) + "\n")


if __name__ == "__main__":
    {"projecties": projecties, "kaal": kaal}[sys.argv[1]](Path(sys.argv[2]))
