# SPDX-License-Identifier: EUPL-1.2
"""The whole story as its own processes: reproducible, nothing lost, nothing twice, and no BSN where it may not be."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import msgspec
import psycopg
import pytest
from conftest import missing
from rich.console import Console

from connectors.burgerzaken.simulator import SimulatorConfig, create_app
from demo import broker, postgres
from demo.motor import started
from demo.opzet import Opzet, free_port
from demo.verhaal import Verhaal
from hub.app import EmbeddedHub
from hub.clock import from_microseconds
from hub.events import NewEvent
from hub.plugins import SealedEvent
from hub.privacy import elfproef
from hub.settings import OpslagSettings, load
from hub.store.put import StoreTx

pytestmark = [pytest.mark.demo, pytest.mark.timeout(400)]
MOVES = 40
_NINE = re.compile(rb"(?<!\d)\d{9}(?!\d)")


def speel(folder: Path, *options: str) -> dict:
    """Run the demo in a process of its own; return its last line."""
    arguments = [
        "demo",
        "--exit",
        "--json",
        "--moves",
        str(MOVES),
        "--seed",
        "7",
        "--port",
        "0",
        "--map",
        str(folder),
        *options,
    ]
    done = subprocess.run([sys.executable, "-m", "hub", *arguments], capture_output=True, text=True, check=False, timeout=350)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def eerste(tmp_path_factory):
    """One clean run, with the files it left."""
    folder = tmp_path_factory.mktemp("demo")
    return speel(folder), folder


def test_every_move_ends_and_the_figures_add_up(eerste):
    """Plain moves are processed and confirmed; the others wait for a person or a date; nothing lost, double or parked."""
    uitslag, _ = eerste
    assert uitslag["moves"] == MOVES
    assert uitslag["groen"] + uitslag["oranje"] + uitslag["rood"] + uitslag["wachtend"] == MOVES
    assert all(uitslag[kleur] > 0 for kleur in ("groen", "oranje", "rood", "wachtend"))
    assert uitslag["verwerkt"] == uitslag["bevestigd"] == uitslag["groen"] - uitslag["steekproef"]
    assert (uitslag["verloren"], uitslag["dubbele_opdrachten"], uitslag["geparkeerd"]) == (0, 0, 0)


def test_a_hub_that_is_killed_again_and_again_decides_the_same(eerste, tmp_path):
    """With SIGKILL at random moments: the same decisions, nothing lost, nothing done twice."""
    uitslag, _ = eerste
    gestoord = speel(tmp_path, "--kill", "4")
    assert gestoord["beslissingen_sha256"] == uitslag["beslissingen_sha256"]
    assert (gestoord["verloren"], gestoord["dubbele_opdrachten"], gestoord["geparkeerd"]) == (0, 0, 0)
    assert gestoord["verwerkt"] == gestoord["bevestigd"] == gestoord["groen"] - gestoord["steekproef"]


def test_no_bsn_stands_in_any_file_the_hub_wrote(eerste):
    """A byte scan of databases, logs and settings finds no number of anybody in the simulated registry."""
    _, folder = eerste
    scanned, found = 0, []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            scanned += 1
            found += [(path.name, number) for number in _NINE.findall(path.read_bytes()) if _of_somebody(number.decode())]
    assert scanned >= 6, "the scan must have looked at the databases and the logs"
    assert not found, f"{len(found)} number(s) in {sorted({name for name, _ in found})}"


def _of_somebody(number: str) -> bool:
    """True for a number that somebody in the demo's registry has; a chance run of nine digits is nobody's."""
    return number.startswith("999") and elfproef(number)


def test_the_scan_would_see_a_number(tmp_path):
    """The scan is no empty gesture: it sees a number that stands there."""
    somebody = create_app(SimulatorConfig(seed=7, personen=2_000)).register.bevolking.bsn_van_nummer(1)
    assert _of_somebody(somebody)
    assert _NINE.findall(f"naam=Jansen;bsn={somebody};".encode()) == [somebody.encode()]


# -------------------------------------------------------------------------------------------- on Kafka and PostgreSQL


@pytest.fixture(scope="module")
def op_kafka(tmp_path_factory):
    """A clean run of web and two workers on a broker and a database server of this run; both are still there after it."""
    if lacks := broker.missing_parts() or (None if postgres.binaries() else postgres.MISSING):
        missing(lacks)
    folder = tmp_path_factory.mktemp("demo-kafka")
    with started("kafka", folder, werkers=2) as grond:
        opzet = Opzet(
            folder=folder,
            moves=MOVES,
            seed=7,
            hub_port=free_port(),
            kafka=grond.kafka,
            database=grond.database,
            werker_ports=tuple(free_port() for _ in range(grond.werkers)),
        )
        opzet.write_config()
        yield asyncio.run(Verhaal(opzet, console=Console(quiet=True), kills=0).speel(stay=False)), opzet


def test_web_and_two_workers_on_kafka_decide_the_same(eerste, op_kafka):
    """The same decisions as one process on files; nothing lost, double or parked."""
    uitslag, _ = op_kafka
    assert uitslag["beslissingen_sha256"] == eerste[0]["beslissingen_sha256"]
    assert (uitslag["verloren"], uitslag["dubbele_opdrachten"], uitslag["geparkeerd"]) == (0, 0, 0)
    assert uitslag["verwerkt"] == uitslag["bevestigd"] == uitslag["groen"] - uitslag["steekproef"]


def test_the_rows_on_kafka_and_postgresql_are_byte_for_byte_those_of_files(op_kafka, tmp_path):
    """What two workers made live in PostgreSQL from Kafka is what one process makes on files of the same events."""
    loaded = load(op_kafka[1].config)
    with psycopg.connect(loaded.database.get_secret_value()) as pg:
        events = pg.execute(LOGGED).fetchall()
        live = {name: dict(pg.execute(ROWS.format(schema="leesmodellen.", table=name)).fetchall()) for name in tables(pg)}
    files = loaded.settings.model_copy(update={"opslag": OpslagSettings(map=tmp_path / "hub")})
    alone = loaded.model_copy(update={"settings": files, "database": None, "kafka": None})
    hub = EmbeddedHub(alone).open()
    try:
        for begin in range(0, len(events), 500):
            part = [sealed(*event) for event in events[begin : begin + 500]]
            hub.database.write(lambda db, part=part: StoreTx(db, hub.tables, hub.clock.now()).put(part)).result()
        hub.projector.catch_up()
        with hub.members.reader() as db:
            rebuilt = {name: dict(db.execute(ROWS.format(schema="", table=name)).fetchall()) for name in live}
    finally:
        hub.close()
    assert len(live) >= 5
    assert sum(map(len, live.values())) > 2 * MOVES
    for name, rows in live.items():
        assert rebuilt[name].keys() == rows.keys(), name
        other = [key for key, row in rows.items() if not same(row, rebuilt[name][key], whole="/" not in key)]
        assert not other, f"{name}: {len(other)} of {len(rows)} rows differ, {other[0]}"


LOGGED = (
    "SELECT s.topic, s.sleutel, s.gemeente, g.id, g.schema, b.naam, g.tijd, g.oorzaak, g.correlatie, g.traceparent,"
    " g.dataref, g.waarde FROM wissel.gebeurtenis g JOIN wissel.stroom s ON s.id = g.stroom"
    " JOIN wissel.bron b ON b.id = g.bron ORDER BY g.plaats"
)
ROWS = "SELECT gemeente || ' ' || sleutel, rij FROM {schema}{table}"


def tables(pg):
    """The tables of the read models: those that hold rows."""
    query = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'leesmodellen' AND column_name = 'rij'"
    return [name for (name,) in pg.execute(query)]


def sealed(topic, key, gemeente, event_id, schema_id, source, time_us, cause, correlation, traceparent, dataref, value):
    """An event as it was put down, to put it down again elsewhere."""
    event = NewEvent(
        id=str(uuid.UUID(bytes=event_id)),
        type="",
        source=source,
        gemeente=gemeente,
        topic=topic,
        key=key,
        data={},
        correlationid=correlation,
        traceparent=traceparent,
        dataref=dataref,
    )
    moment = from_microseconds(time_us)
    return SealedEvent(event=event, schema_id=schema_id, value=value, raw_id=event_id, raw_cause=cause, time=moment)


def same(row, other, *, whole):
    """True for equal bytes; of a row that counts over streams the order of what it counted is no part."""
    return row == other if whole else msgspec.msgpack.decode(row) == msgspec.msgpack.decode(other)
