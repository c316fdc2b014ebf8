# SPDX-License-Identifier: EUPL-1.2
"""The store on PostgreSQL: what happens when the server, a connection or another process does something unexpected."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hub_voor_tests import TELLER, Klok, VolgFlow, feit, gemeente, loaded, plugins, zet
from postgres_voor_tests import Cluster, with_database

from demo.postgres import private_server
from hub import builds
from hub.app import EmbeddedHub
from hub.errors import HubError, KeyDestroyed, Refused
from hub.events import ZAKEN
from hub.flows.base import Opdracht
from hub.store.base import CommitUnknown, StoreUnavailable
from hub.store.postgres import BOOKKEEPING, PostgresDatabase, Server
from hub.store.put import StoreTx
from hub.store.server import OnServer

GEVEN = "nl.wissel.opdracht.gegeven.v1"


class X:
    name, settings_model, tables = "x", None, ""


def gives_one(seen):
    """An opdracht, once per stream."""
    return () if any(event.type == GEVEN for event in seen) else [Opdracht(connector="x", soort="doe", step="doe")]


@pytest.fixture
def address(postgres):
    with postgres.database() as address:
        yield address


@pytest.fixture
def settings(address, tmp_path):
    return with_database(loaded(tmp_path, partities=1), address)


def opened(settings, **more):
    OnServer(settings).migrate("pre", {})
    made = plugins(flows={"volg": VolgFlow(gives_one)}, connectors={"x": X()})
    return EmbeddedHub(settings, clock=Klok(), plugins=made, **more).open()


@pytest.fixture
def hub(settings):
    hub = opened(settings)
    yield hub
    hub.close()


@contextmanager
def writer(address, *, alone=BOOKKEEPING, schema="wissel", **more):
    """A database as another process opens it."""
    database = PostgresDatabase(Server(address, **more), schema, alone=alone)
    try:
        yield database
    finally:
        database.close()


def seen(hub, key="a"):
    row = hub.read_model("teller").get("emmen", key)
    return row["gezien"] if row else []


def named(address):
    """The name of the database at an address."""
    return urlsplit(address).path[1:]


def until(found, most_s=20.0):
    end = time.monotonic() + most_s
    while not (result := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return result


# ----------------------------------------------------------------------------------------------- an unknown commit


@contextmanager
def commits_hang(postgres, how):
    """Let every commit hang: before it stands (a trigger that sleeps), or when it does (a standby that never answers)."""
    if how == "before":
        yield "PgSleep"
        return
    postgres.run("ALTER SYSTEM SET synchronous_standby_names = 'niemand'")
    postgres.run("SELECT pg_reload_conf()")
    try:
        until(lambda: postgres.run("SHOW synchronous_standby_names") == [("niemand",)])
        yield "SyncRep"
    finally:
        postgres.run("ALTER SYSTEM RESET synchronous_standby_names")
        postgres.run("SELECT pg_reload_conf()")


def sleep_at_commit(database, table):
    """Let the next commit that moved a checkpoint sleep before it stands; once, so that the next try goes through."""

    def work(db):
        db.execute("CREATE TABLE slaap (n bigint)")
        db.execute(
            "CREATE FUNCTION slaap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF (SELECT count(*) FROM slaap) = 0 THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$"
        )
        db.execute(
            f"CREATE CONSTRAINT TRIGGER slaap AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION slaap()"
        )

    database.write(work).result()


def killed_during_commit(postgres, how, work):
    """Run ``work``, and end the connection of the writer while it commits; return what came of it."""
    with ThreadPoolExecutor(1) as pool, commits_hang(postgres, how) as event:
        running = pool.submit(work)
        query = f"SELECT pid FROM pg_stat_activity WHERE wait_event = '{event}' AND query LIKE '%COMMIT'"
        ((pid,),) = until(lambda: postgres.run(query))
        postgres.run(f"SELECT pg_terminate_backend({pid})")
        return running.exception(30)


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_projection_applies_nothing_twice_when_a_commit_is_unknown(postgres, hub, how):
    """The connection dies while a batch is committed. Whether it stands is read from the checkpoint (R4)."""
    zet(hub, feit("a", 1), feit("a", 2))
    if how == "before":
        sleep_at_commit(hub.members, "controlepunt")
    error = killed_during_commit(postgres, how, hub.projector.catch_up)
    assert isinstance(error, CommitUnknown)
    if how == "before":
        hub.members.write(lambda db: db.execute("INSERT INTO slaap VALUES (1)")).result()
    assert seen(hub) == ([1, 2] if how == "after" else [])
    hub.projector.catch_up()
    assert seen(hub) == [1, 2]
    assert hub.projector.behind() == 0


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_flow_decides_once_when_a_commit_is_unknown(postgres, hub, how):
    """Its opdracht and its event stand once, whichever way the commit went."""
    zet(hub, feit("a", 1))
    if how == "before":
        sleep_at_commit(hub.database, "controlepunt")
    assert isinstance(killed_during_commit(postgres, how, hub.flow_runner.catch_up), CommitUnknown)
    if how == "before":
        hub.database.write(lambda db: db.execute("INSERT INTO slaap VALUES (1)")).result()
    hub.flow_runner.catch_up()
    assert hub.read_now(lambda tx: tx.all("SELECT toestand FROM opdracht")) == [("open",)]
    assert [record.sequence for record in hub.log.tail(hub.log.head(ZAKEN, "a").id, 0)] == [1, 2]


def test_a_connection_lost_before_its_commit_is_no_failure(postgres, address):
    """What was not committed surely does not stand: the transaction is run again on a new connection."""
    with writer(address) as database:
        tries = []

        def work(db):
            tries.append(1)
            db.execute("INSERT INTO meta VALUES (?, ?)", ("n", "1"))
            if len(tries) == 1:
                ((pid,),) = db.execute("SELECT pg_backend_pid()").fetchall()
                postgres.run(f"SELECT pg_terminate_backend({pid})")
                db.execute("SELECT 1")

        database.write(work).result(20)
        assert len(tries) == 2
        with database.reader() as db:
            assert db.execute("SELECT count(*) FROM meta").fetchone() == (1,)


# ------------------------------------------------------------------------------------------------ several processes


def test_bookkeeping_writers_of_several_processes_take_turns(address):
    """Between the reads and the writes of one transaction nobody else writes, as with one SQLite file (R3)."""
    with writer(address) as one, writer(address) as two:
        one.write(lambda db: db.execute("INSERT INTO bron (naam) VALUES ('0')")).result()

        def add(db):
            number = int(db.execute("SELECT naam FROM bron").fetchone()[0])
            time.sleep(0.01)
            db.execute("UPDATE bron SET naam = ?", (str(number + 1),))

        for job in [database.write(add) for _ in range(10) for database in (one, two)]:
            job.result(20)
        with two.reader() as db:
            assert db.execute("SELECT naam FROM bron").fetchone() == ("20",)


def test_a_stopped_process_holds_nobody_up(address):
    """A process that stands still inside its transaction loses it, with the lock; what it does later is done afresh."""
    with writer(address, idle_s=1) as stopped, writer(address, idle_s=1) as other:
        order, inside = [], threading.Event()

        def stands_still(db):
            db.execute("INSERT INTO meta VALUES ('wie', 'stil') ON CONFLICT (naam) DO UPDATE SET waarde = excluded.waarde")
            if not inside.is_set():
                inside.set()
                time.sleep(2.5)
                db.execute("SELECT 1")
            order.append("stil")

        def goes_on(db):
            db.execute("INSERT INTO meta VALUES ('wie', 'ander') ON CONFLICT (naam) DO UPDATE SET waarde = excluded.waarde")
            order.append("ander")

        first = stopped.write(stands_still)
        assert inside.wait(10)
        other.write(goes_on).result(2.4)
        first.result(20)
        assert order == ["ander", "stil"]


def test_a_deadlock_is_run_again(address):
    """Two writers of read models that take rows in another order: one is rolled back by the server, and both come through."""
    with writer(address, alone=None, schema="leesmodellen") as one, writer(address, alone=None, schema="leesmodellen") as two:
        row = "INSERT INTO controlepunt VALUES (?, 0, 0, 0, NULL, '')"
        one.write(lambda db: db.executemany(row, [("a",), ("b",)])).result()
        both = threading.Barrier(2)

        def work(first, second):
            met = []

            def moves(db):
                db.execute("UPDATE controlepunt SET epoch = epoch + 1 WHERE lid = ?", (first,))
                if not met:
                    met.append(both.wait(10))
                db.execute("UPDATE controlepunt SET epoch = epoch + 1 WHERE lid = ?", (second,))

            return moves

        jobs = [one.write(work("a", "b")), two.write(work("b", "a"))]
        for job in jobs:
            job.result(20)
        with one.reader() as db:
            assert db.execute("SELECT DISTINCT epoch FROM controlepunt").fetchall() == [(2,)]


def test_a_mark_and_a_put_do_not_pass_each_other(hub, address):
    """Either the events went in before the mark, and their stream is told of it, or they are refused: in every process."""
    person = {"p": {"naam": "x"}}
    zet(hub, feit("a", 1, besloten=person))
    late = hub.seal([feit("b", 1, besloten=person)])
    (key_id,) = late[0].key_ids
    with writer(address) as other:
        inside, go = threading.Event(), threading.Event()

        def put(db):
            StoreTx(db, hub.tables, hub.clock.now()).put(late)
            inside.set()
            assert go.wait(10)

        going = hub.database.write(put)
        assert inside.wait(10)
        mark = "INSERT INTO sleutel_vernietigd (key_id, sinds, klaar) VALUES (?, 0, 0)"
        marking = other.write(lambda db: db.execute(mark, (key_id,)))
        with pytest.raises(TimeoutError):
            marking.result(0.3)
        go.set()
        going.result(10)
        marking.result(10)
    assert hub.vernietiging.hervat() == 2
    again = hub.seal([feit("c", 1)])
    hub.database.write(lambda db: StoreTx(db, hub.tables, hub.clock.now()).put(again)).result()
    later = [replace(event, event=feit("d", 1, besloten=person)) for event in late]
    with pytest.raises(KeyDestroyed):
        hub.database.write(lambda db: StoreTx(db, hub.tables, hub.clock.now()).put(later)).result()


def test_two_processes_make_one_key_for_one_person(settings, hub):
    """A key made by the other process meanwhile is used, not made twice."""
    from hub.keys import KeyRef, KeyStore
    from hub.store.postgres import KEYS

    refs = [KeyRef("emmen", f"p{n}", "zaak") for n in range(40)]
    other = KeyStore(PostgresDatabase(OnServer(settings).keys, "sleutels", alone=KEYS), bytes(range(32)))
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(lambda keys=keys: {r: keys.current([r])[r].key_id for r in refs}) for keys in (hub.keys, other)]
        assert both[0].result() == both[1].result()
    other.close()


# --------------------------------------------------------------------------------------------- the server goes away


def test_a_server_that_restarts_costs_a_pause(tmp_path):
    """While it is away nothing is accepted and it is said; when it is back everything goes on, with all that was confirmed."""
    with private_server(Cluster) as server:
        server.run("CREATE DATABASE d")
        hub = opened(with_database(loaded(tmp_path, partities=1), server.address("d")))
        zet(hub, feit("a", 1))
        hub.projector.catch_up()
        server.stop()
        with pytest.raises(StoreUnavailable, match="check the PostgreSQL server"):
            hub.database.write(lambda db: db.execute("SELECT 1")).result(30)
        with pytest.raises(StoreUnavailable), hub.database.reader():
            pass
        with pytest.raises(StoreUnavailable):
            seen(hub)
        server.start()
        zet(hub, feit("a", 2))
        hub.projector.catch_up()
        assert seen(hub) == [1, 2]
        hub.close()


def test_more_readers_than_connections_wait_their_turn(address):
    """When all reading connections are taken for too long, that is said, with the setting to raise."""
    with writer(address, readers=1, wait_s=0.2) as database:
        with database.reader() as db, ThreadPoolExecutor(1) as pool:
            assert db.execute("SELECT 1").fetchone() == (1,)

            def look():
                with database.reader() as other:
                    return other.execute("SELECT 1").fetchone()

            with pytest.raises(StoreUnavailable, match=r"raise \[opslag\] lezers"):
                pool.submit(look).result(10)
        assert look() == (1,)


def test_a_swallowed_error_is_no_silent_rollback(address):
    """PostgreSQL undoes a transaction in which a statement failed, at a COMMIT that says nothing: here it is said."""
    with writer(address) as database:

        def swallows(db):
            db.execute("INSERT INTO meta VALUES ('n', '1')")
            try:
                db.execute("SELECT nothing FROM nowhere")
            except psycopg.Error:
                return "done"

        with pytest.raises(HubError, match="use a savepoint"):
            database.write(swallows).result(10)


@pytest.mark.parametrize("wrong", ["postgresql://wissel:g3heim@127.0.0.1:1/x", "postgresql://wissel:g3heim@{host}/niet_er"])
def test_no_password_in_what_goes_wrong(postgres, tmp_path, wrong, caplog, capsys):
    """Where a database cannot be reached, the address is named without its secret."""
    port = postgres.run("SHOW port")[0][0]
    settings = with_database(loaded(tmp_path), wrong.format(host=f"127.0.0.1:{port}"))
    with pytest.raises(Refused) as refused:
        EmbeddedHub(settings, plugins=plugins()).open()
    assert "g3heim" not in str(refused.value) + repr(refused.value.__cause__) + caplog.text + "".join(capsys.readouterr())
    assert "g3heim" not in repr(settings) + repr(OnServer(settings).server)


# ----------------------------------------------------------------------------------------------------- opening


def test_one_hub_per_database(settings, hub):
    """A second hub would double the load and confuse who looks; it is refused, and let in when the first has gone."""
    with pytest.raises(Refused, match="a hub already runs on"):
        opened(settings)
    hub.close()
    opened(settings).close()


def test_an_older_database_is_refused(postgres, settings, address):
    """The checkpoints of the read models point beyond the end of the log that was put back (R6)."""
    hub = opened(settings)
    zet(hub, feit("a", 1), feit("a", 2))
    hub.projector.catch_up()
    hub.close()
    database = named(address)
    postgres.run("DELETE FROM wissel.gebeurtenis WHERE volgnummer = 2", database)
    with pytest.raises(Refused, match=r"leesmodellen .*does not belong to this log.*wissel leesmodellen herbouw"):
        opened(settings)
    opened(settings, forget_read_models=True).close()


def test_keys_of_another_log_are_refused(postgres, settings, address):
    """Keys that are missing, or a log that is, are found before anything is changed."""
    hub = opened(settings)
    zet(hub, feit("a", 1, besloten={"p": {"naam": "x"}}))
    hub.close()
    database = named(address)
    postgres.run("CREATE TABLE bewaard AS SELECT * FROM sleutels.sleutel", database)
    postgres.run("TRUNCATE sleutels.sleutel", database)
    with pytest.raises(Refused, match=r"misses 1 key\(s\)"):
        opened(settings)
    postgres.run("INSERT INTO sleutels.sleutel SELECT * FROM bewaard", database)
    postgres.run("TRUNCATE wissel.meta", database)
    with pytest.raises(Refused, match="holds no log"):
        opened(settings)


def test_keys_in_a_database_of_their_own(postgres, address, tmp_path):
    """The preferred way: who can read the log cannot read its keys."""
    with postgres.database() as elsewhere:
        settings = with_database(loaded(tmp_path, partities=1), address, sleutels_database=elsewhere)
        hub = opened(settings)
        zet(hub, feit("a", 1, besloten={"p": {"naam": "x"}}))
        hub.close()
        names = [named(where) for where in (address, elsewhere)]
        assert [postgres.run("SELECT count(*) FROM sleutels.sleutel", name) for name in names] == [[(0,)], [(1,)]]
        with pytest.raises(Refused, match="misses"):
            opened(with_database(loaded(tmp_path, partities=1), address))


def test_another_pseudonym_key_is_refused(settings):
    """With another key everybody would silently be somebody else."""
    opened(settings).close()
    other = gemeente(pseudonym=gemeente("zwolle").pseudonym)
    with pytest.raises(Refused, match="pseudoniemsleutel"):
        opened(settings.model_copy(update={"gemeenten": {"emmen": other}}))


@pytest.mark.parametrize("name", ["synchronous_commit"])
def test_a_server_that_may_lose_what_it_confirmed_is_refused(postgres, settings, address, name):
    """A commit that is not on disk when it is answered breaks the promise to every sender."""
    database = named(address)
    postgres.run(f"ALTER DATABASE {database} SET {name} = off")
    with pytest.raises(Refused, match=f"{name} = off: what was accepted could be lost"):
        opened(settings)


def test_tls_is_what_the_address_asks(tmp_path):
    """With sslmode=verify-full a server with another certificate is refused; with the right one it is used."""
    with private_server(Cluster) as server:
        certificates(server.folder)
        server.run("ALTER SYSTEM SET ssl = on")
        server.stop("fast")
        server.start()
        port = server.run("SHOW port")[0][0]
        where = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={{}}"
        right = Server(where.format(server.folder / "data" / "server.crt"))
        with right.connect("pg_catalog", purpose="test") as pg:
            assert pg.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)
        wrong = certificates(tmp_path / "ander")
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            Server(where.format(wrong)).connect("pg_catalog", purpose="test")


def certificates(folder: Path) -> Path:
    """Make a certificate for the loopback address, signed by itself."""
    import ipaddress
    import os
    import shutil
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(datetime.now(UTC) - timedelta(days=1)).add_extension(alternative, False)
    signed = made.not_valid_after(datetime.now(UTC) + timedelta(days=1)).sign(key, hashes.SHA256())
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (data / "server.crt").write_bytes(signed.public_bytes(pem))
    (data / "server.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    for path in (data / "server.crt", data / "server.key"):
        path.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")
    return data / "server.crt"


def test_a_list_of_any_length_is_one_parameter_and_an_empty_one_holds_nothing(address):
    """SQLite takes ``IN ()``; a query over what was found elsewhere must not fail because nothing was."""
    database = PostgresDatabase(Server(address), "wissel", alone=BOOKKEEPING)
    try:
        database.write(lambda db: db.executemany("INSERT INTO meta VALUES (?, ?)", [("a", "1"), ("b", "2")])).result()
        with database.reader() as db:

            def found(condition, *values):
                query = f"SELECT naam FROM meta WHERE naam IN ('a', 'b') AND {condition} ORDER BY naam"
                return [row[0] for row in db.execute(query, values)]

            assert found("naam IN ()") == []
            assert found("naam NOT IN ()") == ["a", "b"]
            assert found("naam IN (?, ?)", "a", "c") == ["a"]
            assert found("naam NOT IN (?,?)", "a", "c") == ["b"]
            assert found("length(waarde) IN ()") == []
    finally:
        database.close()


def test_two_workers_that_start_at_once_agree_on_the_first_builds(address, monkeypatch):
    """Both find nothing and both begin: one of them is first, and neither falls over it."""
    both_looked = threading.Barrier(2, timeout=10)
    looked_at = builds.builds_of

    def look(db):
        found = looked_at(db)
        both_looked.wait()
        return found

    def start(database):
        return builds.Builds(main=database, open_file=lambda _: database, projections=[TELLER], clock=Klok())

    monkeypatch.setattr(builds, "builds_of", look)
    with ExitStack() as stack:
        databases = [stack.enter_context(writer(address, alone=None, schema="leesmodellen")) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(start, databases)
        monkeypatch.undo()
        assert first.all() == second.all()
        assert [pointer.lid for pointer in first.all()[1]] == ["teller:1"]
