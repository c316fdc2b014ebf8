# SPDX-License-Identifier: EUPL-1.2
"""A storm over a whole installation: live moves on Kafka and PostgreSQL while every part of it is killed, paused and cut off.

``make chaos KILLS=200 SEED=1`` prints what was survived and what the judge found, as JSON on the last line, and ends with 1
when a promise was broken or moves ran out before all blows were struck. A blow counts when work was in flight. Moves come in
until the last blow. The hub enters its broker by a passage that can be cut; the judge looks at the broker itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from chaos import bewijs, rechter
from chaos.doorgang import Doorgang
from confluent_kafka import Producer
from rich.console import Console

from demo import broker, processen
from demo.opzet import Opzet, free_port
from demo.postgres import Server, private_server
from demo.verhaal import Verhaal
from demo.volgen import Verloop
from hub.errors import Refused

BETWEEN_S = (0.3, 2.0)
PAUSE_S = (5.0, 60.0, 5.0)  # mostly short
CUT_S = (1.0, 8.0)
SILENT_S = (5.0, 30.0, 5.0)
ANSWER_S = 10.0
STILL_S = 300.0
MOVES_PER_BLOW = 40
SAMPLE_S = 0.5
FOREIGN = (  # value, key, headers: what others may put into a topic of ours
    (b"geen Avro", b"zaak", []),
    (b'{"json": true}', None, []),
    (None, b"zaak", [("ce_id", b"x")]),
    (b"\x00\xff\xff\xff\xffonbekend", b"zaak", [("ce_type", b"nl.onbekend.v1")]),
    (b"\x00" * 1_000, b"", []),
)


class Storm(Verhaal):
    """The story of the demo, with blows in it."""

    def __init__(
        self, opzet: Opzet, *, cluster: broker.Cluster, network: Doorgang, server: Server, kills: int, chance: random.Random
    ) -> None:
        super().__init__(opzet, console=Console(stderr=True), kills=kills)
        self._cluster, self._network, self._server, self._chance = cluster, network, server, chance
        self.blows: Counter[str] = Counter()
        self.looked = 0
        self.samples: list[list[tuple[str, int, int]]] = []
        self._kinds = {
            "worker killed": (6, lambda: self._kill(self._worker())),
            "web killed": (2, lambda: self._kill(self.hubs[0])),
            "worker paused": (2, lambda: self._pause(self._worker())),
            "worker left and came back": (2, lambda: self._leave(self._worker())),
            "broker killed": (1, self._broker_killed),
            "broker paused": (1, self._broker_paused),
            "database killed": (1, self._database_killed),
            "connections cut": (2, self._connections_cut),
            "network cut": (2, self._network_cut),
            "network silent": (1, self._network_silent),
            "producer answer lost": (2, self._answer_lost),
            "foreign records": (1, self._foreign),
        }

    async def _kill_now_and_then(self, verloop: Verloop) -> None:
        watching = asyncio.create_task(self._sample())
        try:
            while verloop.kills < self.kills and len(verloop.klaar) < verloop.moves:
                await asyncio.sleep(self._chance.uniform(*BETWEEN_S))
                if verloop.open:
                    await self._blow(verloop)
            verloop.genoeg = True
            await self._all_ended(verloop)
        finally:
            watching.cancel()

    async def _blow(self, verloop: Verloop) -> None:
        """Strike once, and say so: a long run shows how far it is."""
        kind = self._chance.choices(list(self._kinds), [weight for weight, _ in self._kinds.values()])[0]
        begun, under_way = time.monotonic(), verloop.open
        await self._kinds[kind][1]()
        self.blows[kind] += 1
        verloop.kills += 1
        took = f"{time.monotonic() - begun:.1f} s, {under_way} zaken under way, {len(verloop.klaar)} ended"
        self.console.print(f"{verloop.kills}/{self.kills} {kind}: {took}")

    @staticmethod
    async def _all_ended(verloop: Verloop) -> None:
        """Wait until what was under way at the last blow has ended. Refused when it stands still."""
        ended, since = -1, time.monotonic()
        while len(verloop.klaar) < verloop.moves:
            if len(verloop.klaar) > ended:
                ended, since = len(verloop.klaar), time.monotonic()
            if time.monotonic() - since > STILL_S:
                raise Refused(f"no zaak ended for {STILL_S:.0f} s: {set(verloop.uuids.values()) - verloop.klaar.keys()}")
            await asyncio.sleep(SAMPLE_S)

    async def _sample(self) -> None:
        """Look now and then how far everybody is; whoever is down is looked at later. What did not move is not kept."""
        before: set[tuple[str, int, int]] = set()
        while True:
            with suppress(psycopg.Error):
                now = await asyncio.to_thread(bewijs.positions, self._server.dsn)
                self.looked += 1
                self.samples.append([row for row in now if row not in before])
                before = set(now)
            await asyncio.sleep(SAMPLE_S)

    def _worker(self) -> processen.Proces:
        return self._chance.choice(self.hubs[1:])

    async def _kill(self, struck: processen.Proces) -> None:
        await struck.kill()
        await asyncio.sleep(self._chance.uniform(0, 2))
        await self._started(struck)

    async def _started(self, struck: processen.Proces) -> None:
        """Start it again, as a service manager does: until it stays."""
        for _ in range(2):
            with suppress(Refused):
                await struck.start()
                return
            await struck.kill()
        await struck.start()

    async def _pause(self, struck: processen.Proces) -> None:
        assert struck._process is not None
        struck._process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self._chance.triangular(*PAUSE_S))
        struck._process.send_signal(signal.SIGCONT)

    async def _leave(self, struck: processen.Proces) -> None:
        await struck.stop()
        await self._started(struck)

    async def _broker_killed(self) -> None:
        node = self._cluster.members[0]
        await asyncio.to_thread(node.kill)
        await asyncio.sleep(self._chance.uniform(0, 3))
        await asyncio.to_thread(self._cluster.restart, node)

    async def _broker_paused(self) -> None:
        self._cluster.members[0].pause()
        await asyncio.sleep(self._chance.triangular(*PAUSE_S))
        self._cluster.members[0].resume()

    async def _database_killed(self) -> None:
        await asyncio.to_thread(self._server.stop)
        await asyncio.sleep(self._chance.uniform(0, 2))
        await asyncio.to_thread(self._server.start)

    async def _connections_cut(self) -> None:
        await asyncio.to_thread(bewijs.cut, self._server.dsn)

    async def _network_cut(self) -> None:
        self._network.cut()
        await asyncio.sleep(self._chance.uniform(*CUT_S))
        self._network.mend()

    async def _network_silent(self) -> None:
        self._network.silence()
        await asyncio.sleep(self._chance.triangular(*SILENT_S))
        self._network.mend()

    async def _answer_lost(self) -> None:
        """Swallow answers until somebody waits for one to what he put into a topic, and close on him."""
        lost, until = self._network.answers_lost, time.monotonic() + ANSWER_S
        self._network.swallow()
        while self._network.answers_lost == lost and time.monotonic() < until:  # noqa: ASYNC110 - another thread counts
            await asyncio.sleep(0.1)
        await asyncio.sleep(self._chance.uniform(0.2, 2))
        self._network.mend()

    async def _foreign(self) -> None:
        producer = Producer({"bootstrap.servers": self._cluster.bootstrap})
        for value, key, headers in FOREIGN:
            producer.produce("wissel.zaken", value, key, self._chance.randrange(4), headers=headers)
        await asyncio.to_thread(producer.flush, 30)

    async def verdict(self) -> dict[str, Any]:
        """Stop the hub where it stands, gather what lies there, and let the judge look."""
        books = [await self._books(url) for url in (self.opzet.zaak_url, self.opzet.burgerzaken_url)]
        for hub in self.hubs:
            await hub.stop()
        records, heads = bewijs.topics(self._cluster.bootstrap)
        dsn = self._server.dsn
        positions, live, texts = bewijs.standing(dsn), bewijs.tables(dsn), bewijs.dump(dsn)
        texts |= {path.name: path.read_bytes() for path in self.opzet.folder.glob("*.log")}
        await processen.run_once(self.opzet, "leesmodellen", "herbouw", "--config", str(self.opzet.config))
        found = rechter.judge(
            zaaksysteem=books[0],
            burgerzaken=books[1],
            records=records,
            zaken_topic="wissel.zaken",
            samples=self.samples,
            live=live,
            rebuilt=bewijs.tables(dsn),
            positions=positions,
            heads=heads,
            texts=texts,
        )
        return {
            "schendingen": found.total,
            "per_belofte": {rule: len(what) for rule, what in found.violations.items()},
            "voorbeelden": {rule: what[:3] for rule, what in found.violations.items() if what},
            "ongedaan_gemaakte_schrijfacties": rechter.undone_writes(books[0]["zaken"], "wissel"),
            "antwoorden_kwijt": self._network.answers_lost,
            "standen_bekeken": self.looked,
            **found.seen,
        }

    async def _stop(self) -> None:
        """Nothing yet: ``verdict`` looks first, ``leave`` stops."""

    async def leave(self) -> None:
        await super()._stop()


async def rage(*, kills: int, seed: int, moves: int, folder: Path) -> dict[str, Any]:
    """Run one storm to its verdict."""
    begun = time.monotonic()
    with (
        Doorgang() as network,
        broker.Cluster(folder / "kafka", extra=network.listener) as cluster,
        private_server(Server) as server,
    ):
        opzet = Opzet(
            folder=folder,
            moves=moves,
            seed=seed,
            hub_port=free_port(),
            kafka=network.address,
            database=server.dsn,
            werker_ports=(free_port(), free_port()),
        )
        opzet.write_config()
        storm = Storm(opzet, cluster=cluster, network=network, server=server, kills=kills, chance=random.Random(seed))
        try:
            uitslag = await storm.speel(stay=False)
            judged = await storm.verdict()
        finally:
            await storm.leave()
    told = ("moves", "verwerkt", "bevestigd", "verloren", "dubbele_opdrachten", "geparkeerd", "beslissingen_sha256")
    return {
        "seed": seed,
        "klappen": sum(storm.blows.values()),
        "soorten": dict(storm.blows),
        "duur_s": round(time.monotonic() - begun, 1),
        **{name: uitslag[name] for name in told},
        **judged,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moves", type=int)
    parser.add_argument("--rapport", type=Path)
    parser.add_argument("--bewaar", type=Path, help="keep the run's files in this folder")
    given = parser.parse_args()
    folder = given.bewaar or Path(tempfile.mkdtemp(prefix="wissel-storm-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(
            rage(kills=given.kills, seed=given.seed, moves=given.moves or MOVES_PER_BLOW * given.kills, folder=folder)
        )
    finally:
        if not given.bewaar:
            shutil.rmtree(folder, ignore_errors=True)
    line = json.dumps(report)
    if given.rapport:
        given.rapport.write_text(line + "\n", encoding="utf-8")
    sys.stdout.write(line + "\n")
    if report["klappen"] < given.kills:
        sys.stderr.write(f"only {report['klappen']} of {given.kills} blows: the moves ran out; give more with --moves\n")
    return 1 if report["schendingen"] or report["klappen"] < given.kills else 0


if __name__ == "__main__":
    sys.exit(main())
