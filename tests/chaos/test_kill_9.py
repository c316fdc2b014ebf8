# SPDX-License-Identifier: EUPL-1.2
"""A hub that is killed again and again, at any moment, loses nothing, does nothing twice and mixes nothing up.

What is true is read from three places that do not know of each other: what the hub acknowledged, the books of the other
side, and the log.
"""

from __future__ import annotations

import asyncio
import random
import signal
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chaos import kind
from hub_voor_tests import HERVAT, OPGESCHORT, feit
from motor import GEGEVEN, UITGEVOERD, draait, tot

from hub.desk import Desk
from hub.events import ZAKEN, uuid_text

SECONDS = 14.0
LEAST_KILLS = 4
ZAKEN_COUNT = 400


class Boeken(ThreadingHTTPServer):
    """The other side: it keeps what was asked of it under the key that came with it, and is often slow or in trouble."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Loket)
        self.asked = Counter()
        self.rng = random.Random(11)
        self.helpful = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """The asker died while we answered: that is what this test is about."""


class Loket(BaseHTTPRequestHandler):
    def do_PUT(self):
        mood = 1.0 if self.server.helpful else self.server.rng.random()
        if mood > 0.2:
            self.server.asked[self.path] += 1
        time.sleep(0 if self.server.helpful else self.server.rng.random() * 0.05)
        self.send_response(204 if mood > 0.3 else 503)  # between the two it was written, and we say that it was not
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def boeken():
    server = Boeken()
    yield server
    server.shutdown()
    server.server_close()


class Afzender:
    """Offers facts in order per zaak, and offers again what was not acknowledged, as a zaaksysteem would."""

    def __init__(self, rng):
        self._rng = rng
        self._numbers = Counter()
        self._open = []
        self.acknowledged = []

    def feed(self, process):
        """Offer facts to a hub until it is gone."""
        try:
            for key, number in list(self._open):
                self._offer(process, key, number)
            while True:
                key = f"zaak-{self._rng.randrange(ZAKEN_COUNT)}"
                number, self._numbers[key] = self._numbers[key], self._numbers[key] + 1
                self._open.append((key, number))
                self._offer(process, key, number)
        except (BrokenPipeError, EOFError):
            return

    def _offer(self, process, key, number):
        process.stdin.write(f"put {key} {number}\n")
        process.stdin.flush()
        if process.stdout.readline().split() != ["stored", key, str(number)]:
            raise EOFError
        self.acknowledged.append((key, number))
        self._open.remove((key, number))

    @property
    def offered(self):
        return {(key, number) for key, count in self._numbers.items() for number in range(count)}


def one_life(folder, boeken, afzender, rng):
    """Start a hub, let it work, and kill it at some moment; often before it is ready, so that starting is interrupted too."""
    process = kind.start(folder, boeken.url)
    lives_s = rng.choice([rng.uniform(0.3, 1.0), rng.uniform(0.8, 2.0)])
    killer = threading.Timer(lives_s, process.send_signal, [signal.SIGKILL])
    killer.start()
    while (line := process.stdout.readline()) and line != "ready\n":
        pass
    if line:
        afzender.feed(process)
    killer.join()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the hub ended by itself"


def log_of(hub):
    """Return stream -> [(sequence, type, event id)], whole."""
    streams = {}
    for position in hub.log.positions():
        records = hub.log.read(position.topic, position.partition, -1, 1_000_000)
        assert [record.offset for record in records] == list(range(position.head))
        names = hub.log.streams({record.stream for record in records})
        for record in records:
            name = names[record.stream]
            fact = (record.sequence, hub.log.type_of(record), uuid_text(record.event_id))
            streams.setdefault((name.topic, name.key), []).append(fact)
    return streams


def at_rest(hub):
    """True when nothing is to be done any more, by anybody."""
    open_ones = hub.read_now(lambda tx: tx.one("SELECT count(*) FROM opdracht WHERE toestand <> 'uitgevoerd'"))
    heads = {(p.topic, p.partition): p.head for p in hub.log.positions()}
    judged = all(offset + 1 == heads[topic, partition] for _, topic, partition, offset in hub.flow_runner.positions())
    return open_ones == (0,) and judged and hub.projector.behind() == 0


def rows_of(hub):
    return hub.read_model("teller").select("emmen", order="sleutel", limit=10_000)


def check_log(streams, afzender):
    """Nothing acknowledged is missing, nothing stands twice, and every stream counts 1, 2, 3 in the order it was offered."""
    ids = Counter(fact[2] for facts in streams.values() for fact in facts)
    assert [event_id for event_id, count in ids.items() if count > 1] == []
    number_of = {feit(key, number).id: (key, number) for key, number in afzender.offered}
    assert {feit(key, number).id for key, number in afzender.acknowledged} <= ids.keys()
    for (topic, key), facts in streams.items():
        assert [sequence for sequence, _, _ in facts] == list(range(1, len(facts) + 1)), (topic, key)
        numbers = [number_of[event_id][1] for _, _, event_id in facts if event_id in number_of]
        assert numbers == sorted(numbers), key


def check_effects(streams, boeken, hub):
    """Each zaak got one opdracht, one outcome and one closing fact; the other side was asked for each, under one key."""
    zaken = {key: [kind for _, kind, _ in facts] for (topic, key), facts in streams.items() if topic == ZAKEN}
    for key, kinds in zaken.items():
        assert [kinds.count(wanted) for wanted in (GEGEVEN, UITGEVOERD, OPGESCHORT)] == [1, 1, 1], key
        assert key.startswith(kind.NAAST) or zaken[kind.NAAST + key].count(HERVAT) == 1
    given = {f"/boek/{row[0]}" for row in hub.read_now(lambda tx: tx.all("SELECT id FROM opdracht"))}
    assert len(given) == len(zaken)
    assert set(boeken.asked) == given


def test_killed_again_and_again_it_loses_nothing_and_does_nothing_twice(tmp_path, boeken):
    """SIGKILL at random moments while facts come in and opdrachten run; then one quiet life, and the books are compared."""
    rng = random.Random(42)
    afzender = Afzender(rng)
    end, kills = time.monotonic() + SECONDS, 0
    while kills < LEAST_KILLS or time.monotonic() < end:
        one_life(tmp_path, boeken, afzender, rng)
        kills += 1
    boeken.helpful = True
    hub = kind.hub_on(tmp_path, boeken.url)

    async def quiet_life():
        async with draait(hub):
            await Desk(hub).redo_open()
            open_ones = "SELECT count(*) FROM opdracht WHERE toestand <> 'uitgevoerd'"
            await tot(
                lambda: hub.read_now(lambda tx: tx.one(open_ones)) == (0,) and hub.flow_runner.catch_up() == 0, hoogstens_s=30
            )
            await tot(lambda: hub.projector.behind() == 0)
            assert Desk(hub).list() == []
            streams = log_of(hub)
            check_log(streams, afzender)
            check_effects(streams, boeken, hub)
            return rows_of(hub)

    live = asyncio.run(quiet_life())
    assert len(afzender.acknowledged) > 100
    rebuilt = kind.hub_on(tmp_path, boeken.url)
    rebuilt.projector.rebuild()
    assert rows_of(rebuilt) == live
    assert all(row["gezien"] == sorted(set(row["gezien"])) for _, row in live)
    rebuilt.close()
