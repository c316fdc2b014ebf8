# SPDX-License-Identifier: EUPL-1.2
"""What Kafka and PostgreSQL cost: publishing, building again, a worker with a backlog, and a worker that is killed.

One store is filled once and copied by PostgreSQL for each run; beside each figure stands a bare loop over the same topics.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from logs import make_topics

from hub.app import EmbeddedHub
from tests.bench.kafka_proces import ONLY_PROJECTIONS, PARTITIES, gevolgd, instellingen
from tests.bench.meten import best, draaiend, noteer, per_s, percentiel, proces, uitkomst
from tests.bench.zaakstromen import put, sjabloon, verweven, vul
from tests.conftest import kafka_cluster

_MOVES = 1_000
_CORES = 6  # fewer say nothing of how two workers go together: broker, database and measurement want theirs as well
_PER_S, _BEAT_S = 200, 0.1
_KILLS, _WATCHED_S = 4, 12.0
_QUIET = _PER_S // 2  # what is under way at this pace anyway


@dataclass
class Gevuld:
    """A filled and published store, and the Kafka it was published to. ``template``: a server whose databases are copies."""

    folder: Path
    bootstrap: str
    template: Any
    uitgaand: dict[str, Any]
    events: int

    def meet(self, what: str, *, keer: int = 1) -> dict[str, Any]:
        """Run a measurement on fresh copies of the store; return the fastest."""
        return min((self._once(what) for _ in range(keer)), key=lambda run: float(run["seconds"]))

    def _once(self, what: str) -> dict[str, Any]:
        with self.template.database() as database:
            return proces(*self.arguments(what, database))

    def arguments(self, what: str, database: str) -> list[str]:
        return ["kafka_proces.py", what, str(self.folder), self.bootstrap, database, str(self.events)]

    def achterstand(self) -> None:
        """Let the agents begin at the beginning of every topic."""
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "wissel", "enable.auto.commit": False})
        begin = [TopicPartition(topic, number, 0) for topic in gevolgd() for number in range(PARTITIES)]
        consumer.commit(offsets=begin, asynchronous=False)
        consumer.close()


@pytest.fixture(scope="module")
def gevuld(tmp_path_factory: Any, postgres: Any) -> Iterator[Gevuld]:
    folder = tmp_path_factory.mktemp("kafka-meten")
    with kafka_cluster(folder) as cluster, postgres.database() as database:
        make_topics(cluster.bootstrap, "", partities=PARTITIES)
        _extra_topic(cluster.bootstrap)
        hub = EmbeddedHub(instellingen(folder, cluster.bootstrap, database), plugins=ONLY_PROJECTIONS).open()
        total = vul(hub, 0, _MOVES)
        hub.close()
        found = Gevuld(folder, cluster.bootstrap, replace(postgres, template=urlsplit(database).path[1:]), {}, total)
        found.uitgaand = proces(*found.arguments("publiceer", database))
        assert found.uitgaand["events"] == total
        followed = set(gevolgd())
        found.events = _MOVES * sum(topic in followed for topic, _ in sjabloon())
        yield found


def _extra_topic(bootstrap: str) -> None:
    """Make the topic that the bare producer fills."""
    from kafka.admin import KafkaAdminClient, NewTopic

    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_topics([NewTopic("kaal", PARTITIES, 1)])
    client.close()


@pytest.fixture(scope="module")
def werkend(gevuld: Gevuld) -> dict[str, Any]:
    """One worker on the whole backlog."""
    gevuld.achterstand()
    return gevuld.meet("live")


@pytest.fixture(scope="module")
def leeg(gevuld: Gevuld) -> dict[str, Any]:
    """A Faust agent that does nothing, on the same topics."""
    return best("faust_leeg.py", gevuld.bootstrap, str(gevuld.events), *gevolgd(), keer=2)


def _rij(wat: str, ours: dict[str, Any], bare: dict[str, Any], *, ruw: str, doel: float) -> None:
    ratio = (ours["events"] / ours["seconds"]) / (bare["events"] / bare["seconds"])
    noteer(
        wat,
        gemeten=per_s(ours["events"], ours["seconds"]),
        ruw=f"{per_s(bare['events'], bare['seconds'])} {ruw}",
        verhouding=f"{ratio:.2f}",
        doel=f">= {doel}",
        gehaald=ratio >= doel,
    )


def test_outbox_to_topic(gevuld: Gevuld) -> None:
    """The publisher reads, builds headers and writes down where it is; the bare producer has its records in memory."""
    _rij("postvak naar topic", gevuld.uitgaand, gevuld.meet("kaal-publiceer", keer=2), ruw="kale producer", doel=0.5)


def test_live_through_faust_into_postgresql(werkend: dict[str, Any], leeg: dict[str, Any]) -> None:
    """A worker with a standing backlog, all projections."""
    _rij("werker met achterstand, alle projecties in PostgreSQL", werkend, leeg, ruw="lege Faust-agent", doel=0.7)


def test_rebuild_through_the_direct_reader(gevuld: Gevuld, werkend: dict[str, Any]) -> None:
    """All projections from the topics, beside a bare loop into the same PostgreSQL and beside a worker on agents."""
    ours = gevuld.meet("herbouw", keer=2)
    _rij("herbouw uit Kafka in PostgreSQL", ours, gevuld.meet("kaal-herbouw", keer=2), ruw="kale lus", doel=0.5)
    _rij("dezelfde herbouw tegen een werker met achterstand", ours, werkend, ruw="door Faust", doel=5)


def test_two_workers_against_one(gevuld: Gevuld, werkend: dict[str, Any]) -> None:
    """Each pinned to a core of its own; on a small machine only what an event costs of a core says something."""
    gevuld.achterstand()
    with gevuld.template.database() as database, ExitStack() as running:
        both = [running.enter_context(draaiend(*gevuld.arguments("live", database))) for _ in range(2)]
        cores = sorted(os.sched_getaffinity(0))
        for process, core in zip(both, cores, strict=False):
            os.sched_setaffinity(process.pid, {core})
        found = [uitkomst(process) for process in both]
    ratio = werkend["seconds"] / max(one["seconds"] for one in found)
    enough = len(cores) >= _CORES
    alone, together = werkend["cpu_s"] / gevuld.events, sum(one["cpu_s"] for one in found) / gevuld.events
    noteer(
        "twee werkers tegen een, rekentijd per gebeurtenis",
        gemeten=f"{together * 1e6:.0f} us",
        ruw=f"{alone * 1e6:.0f} us een werker",
        verhouding=f"{ratio:.2f} x" if enough else f"niet gemeten: {len(cores)} kernen",
        doel=">= 1.6 x",
        gehaald=ratio >= 1.6 if enough else None,
    )


def test_recovery_after_a_worker_was_killed(gevuld: Gevuld) -> None:
    """Two workers at 200 events a second; one is killed, the other takes over. ``kill -9``, so nobody hands anything over."""
    with gevuld.template.database() as database, ExitStack() as running:
        hub = EmbeddedHub(instellingen(gevuld.folder, gevuld.bootstrap, database), plugins=ONLY_PROJECTIONS, shared=True).open()
        running.callback(hub.close)
        load = Belasting(hub)
        worker, took = _worker(gevuld, database, running), []
        for _ in range(_KILLS):
            other = _worker(gevuld, database, running)
            load.until(lambda lag, _: lag <= _QUIET)
            worker.kill()
            took.append(load.until(lambda _, passed: passed >= _WATCHED_S))
            worker = other
    p95 = percentiel(took, 95)
    noteer(
        f"herstel na kill -9 van een werker, {_PER_S}/s (p95 van {_KILLS})",
        gemeten=f"{p95:.1f} s",
        ruw="6.0 s sessie van de groep",
        verhouding=f"{p95 / 6:.1f} x",
        doel="<= 10 s",
        gehaald=p95 <= 10,
    )


def _worker(gevuld: Gevuld, database: str, running: ExitStack) -> subprocess.Popen[str]:
    """Start a worker and wait until it has partitions."""
    process = running.enter_context(draaiend(*gevuld.arguments("werk", database)))
    assert process.stdout is not None
    assert process.stdout.readline() == "klaar\n"
    return process


class Belasting:
    """Puts events down at a fixed pace, in a process that does none of the work."""

    def __init__(self, hub: EmbeddedHub) -> None:
        self._hub = hub
        self._events = verweven(_MOVES, 10**6)

    def until(self, enough: Callable[[int, float], bool]) -> float:
        """Load until it is ``enough`` (lag, seconds passed); return when lag was last above what this pace makes."""
        begin = time.monotonic()
        last = passed = 0.0
        for beat in count(1):
            put(self._hub, list(islice(self._events, int(_PER_S * _BEAT_S))))
            lag, passed = self._hub.freshness().achter, time.monotonic() - begin
            if lag > _QUIET:
                last = passed
            if enough(lag, passed):
                return last
            time.sleep(max(0.0, begin + beat * _BEAT_S - time.monotonic()))
        raise AssertionError
