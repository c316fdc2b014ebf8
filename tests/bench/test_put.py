# SPDX-License-Identifier: EUPL-1.2
"""How fast events are put down, beside a bare insert of the same rows with the same indexes."""

from __future__ import annotations

import random
import sqlite3
import time
import uuid
from dataclasses import replace

import pytest
from hub_voor_tests import HERVAT, feit, loaded, plugins

from hub.app import EmbeddedHub
from hub.store.put import StoreTx
from tests.bench.meten import noteer, om_en_om, per_s

_STREAMS = 100_000
_IN_LOG = 1_000_000
_BATCH = 1_000
_KEER = 40


def _vul(hub: EmbeddedHub) -> None:
    """Fill the log to a million events over a hundred thousand streams."""
    value = hub.seal([feit("vul", 0, besloten={"zaak:vul": {"tekst": "x" * 200}})])[0]
    for start in range(0, _IN_LOG, 20_000):
        events = [replace(value, event=feit(f"zaak-{(start + n) % _STREAMS}", start + n), key_ids=()) for n in range(20_000)]
        hub.database.write(lambda db, events=events: StoreTx(db, hub.tables, hub.clock.now()).put(events)).result()


def _nieuwe(hub: EmbeddedHub, over: int, rng: random.Random) -> list:
    streams = [f"zaak-{rng.randrange(_STREAMS)}" for _ in range(over)]
    made = [feit(streams[n % over], rng.getrandbits(60), besloten={f"p{n % 50}": {"naam": "x" * 100}}) for n in range(_BATCH)]
    begin = time.perf_counter()
    sealed = hub.seal(made)
    _nieuwe.sealing_s.append(time.perf_counter() - begin)
    return list(sealed)


_nieuwe.sealing_s = []


def _bare(path) -> sqlite3.Connection:
    """A copy of the log's table with its indexes, and nothing else around it."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-32000", "wal_autocheckpoint=8000"):
        db.execute(f"PRAGMA {pragma}")
    return db


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    opened = EmbeddedHub(loaded(tmp_path_factory.mktemp("put"), partities=4), plugins=plugins()).open()
    _vul(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize(("over", "doel"), [(200, 0.5), (1_000, 0.35)])
def test_put_against_a_bare_insert(hub, tmp_path, over, doel):
    """1,000 sealed events put down, with sequences, places, heads and key index, beside a bare insert of those rows."""
    rng = random.Random(over)
    source = hub.folder / "wissel.db"
    hub.database.write(lambda db: db.execute("SELECT 1").fetchone()).result()
    bare = _bare(tmp_path / "kaal.db")
    bare.execute(f"ATTACH '{source}' AS hub")
    for sql in (
        r[0] for r in bare.execute("SELECT sql FROM hub.sqlite_master WHERE tbl_name = 'gebeurtenis' AND sql IS NOT NULL")
    ):
        bare.execute(sql)
    bare.execute("INSERT INTO gebeurtenis SELECT * FROM hub.gebeurtenis ORDER BY plaats")
    bare.execute("DETACH hub")
    streams = dict(sqlite3.connect(source).execute("SELECT sleutel, id FROM stroom"))
    place = bare.execute("SELECT max(plaats) FROM gebeurtenis").fetchone()[0]

    def put() -> float:
        events = _nieuwe(hub, over, rng)
        begin = time.perf_counter()
        hub.database.write(lambda db: StoreTx(db, hub.tables, hub.clock.now()).put(events)).result()
        return time.perf_counter() - begin

    def insert() -> float:
        nonlocal place
        events = _nieuwe(hub, over, rng)
        rows = []
        for event in events:
            place += 1
            row = (place, streams[event.event.key], 99, uuid.UUID(event.event.id).bytes, event.schema_id, 1, 1, None, None)
            rows.append((*row, None, None, event.value))
        begin = time.perf_counter()
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany("INSERT INTO gebeurtenis VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        bare.execute("COMMIT")
        return time.perf_counter() - begin

    _nieuwe.sealing_s.clear()
    took, raw = om_en_om([put, insert], keer=_KEER)
    sealing = sorted(_nieuwe.sealing_s)[len(_nieuwe.sealing_s) // 2]
    noteer(
        f"put van 1 000 over {over} stromen, 1 000 000 in het log",
        gemeten=f"{per_s(_BATCH, took)} (verzegelen {per_s(_BATCH, sealing)})",
        ruw=per_s(_BATCH, raw),
        verhouding=f"{raw / took:.2f}",
        doel=f">= {doel}",
        gehaald=raw / took >= doel,
    )
    assert HERVAT
