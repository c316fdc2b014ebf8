# SPDX-License-Identifier: EUPL-1.2
"""A full disk: accept nothing rather than lose it, say so, and go on by itself when there is room again."""

from __future__ import annotations

import asyncio
import resource
from contextlib import contextmanager

import pytest
from chaos import kind
from chaos.test_kill_9 import Boeken, at_rest, check_effects, log_of, rows_of
from hub_voor_tests import feit
from motor import draait, tot

from hub.desk import Desk
from hub.store.base import StoreUnavailable

UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def boeken():
    server = Boeken()
    server.helpful = True
    yield server
    server.shutdown()
    server.server_close()


def ask(process, key, number):
    process.stdin.write(f"put {key} {number}\n")
    process.stdin.flush()
    return process.stdout.readline().split()[0]


def test_what_does_not_fit_on_the_disk_is_refused_and_what_was_accepted_stays(tmp_path, boeken):
    """The kernel refuses every byte beyond the files as they are: writes, commits, WALs and keys all meet it, in any order."""
    process = kind.start(tmp_path, boeken.url)
    assert process.stdout.readline() == "ready\n"
    answers = {("vol", number): ask(process, "vol", number) for number in range(20)}
    assert set(answers.values()) == {"stored"}
    for room in (20_000, 0):
        size = max(path.stat().st_size for path in tmp_path.iterdir()) + room
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))
        answers |= {(f"zaak-{room}", number): ask(process, f"zaak-{room}", number) for number in range(40)}
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        answers |= {(f"na-{room}", number): ask(process, f"na-{room}", number) for number in range(5)}
    assert "refused" in answers.values()
    assert {answer for (key, _), answer in answers.items() if key.startswith("na-")} == {"stored"}
    process.communicate()
    assert process.returncode == 0
    hub = kind.hub_on(tmp_path, boeken.url)

    async def quiet_life():
        async with draait(hub):
            await tot(lambda: at_rest(hub), hoogstens_s=30)
            assert Desk(hub).list() == []
            streams = log_of(hub)
            logged = {event_id for facts in streams.values() for _, _, event_id in facts}
            for (key, number), answer in answers.items():
                assert (feit(key, number).id in logged) == (answer == "stored"), (key, number, answer)
            check_effects(streams, boeken, hub)
            return rows_of(hub)

    live = asyncio.run(quiet_life())
    rebuilt = kind.hub_on(tmp_path, boeken.url)
    rebuilt.projector.rebuild()
    assert rows_of(rebuilt) == live
    rebuilt.close()


@contextmanager
def full(database):
    """Let a database file not grow by a page."""
    pages = database.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result()
    database.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}")).result()
    yield
    database.write(lambda db: db.execute("PRAGMA max_page_count = 1073741823")).result()


def test_a_running_hub_waits_for_room_and_goes_on_by_itself(tmp_path, boeken):
    """Flows, read models and executors stand still with a word in the stand; nothing parks, and nothing has to be restarted."""
    hub = kind.hub_on(tmp_path, boeken.url)
    small = [feit(f"zaak-{number}", number) for number in range(120)]
    large = [feit(f"groot-{number}", number, besloten={"p": {"tekst": "x" * 4_000}}) for number in range(15)]

    async def put(*events):
        sealed = hub.seal(events)
        await hub.write(lambda tx: tx.put(sealed), urgent=True)

    async def scenario():
        async with draait(hub):
            with full(hub.members):
                await put(*small)
                await tot(lambda: hub.projector.last_error)
                assert "leesmodellen.db" in hub.stand("emmen").storingen[0]
                await tot(lambda: hub.projector.behind() > 0)
            await tot(lambda: hub.projector.behind() == 0 and hub.projector.last_error is None)
            with full(hub.database):
                answers = [await asyncio.gather(put(fact), return_exceptions=True) for fact in large]
                refused = [fact for fact, (answer,) in zip(large, answers, strict=True) if answer]
                assert {type(answer) for (answer,) in answers} >= {StoreUnavailable}
                assert {type(answer) for (answer,) in answers} <= {StoreUnavailable, type(None)}
            logged = {event_id for facts in log_of(hub).values() for _, _, event_id in facts}
            assert logged.isdisjoint(fact.id for fact in refused)
            await put(*refused)
            await tot(lambda: at_rest(hub), hoogstens_s=30)
            assert Desk(hub).list() == []
            streams = log_of(hub)
            logged = [event_id for facts in streams.values() for _, _, event_id in facts]
            assert all(logged.count(fact.id) == 1 for fact in (*small, *large))
            check_effects(streams, boeken, hub)

    asyncio.run(scenario())


def test_opening_on_a_full_disk_is_refused_with_what_to_do(tmp_path):
    """No half-made files that a later start trips over."""
    process = kind.start(tmp_path, "http://127.0.0.1:9", limit_bytes=8_192)
    output, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "ready" not in output
    kind.hub_on(tmp_path).close()
