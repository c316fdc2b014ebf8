# SPDX-License-Identifier: EUPL-1.2
"""A hub that is killed in every phase of a replay: readers see one whole build, and nothing is left that nobody knows."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from contextlib import closing

from chaos import kind
from hub_voor_tests import TELLER, loaded, plugins

from hub import admin
from hub.errors import Refused
from hub.replay.bouwer import Bouwer
from hub.replay.lezen import Lezer

WHY = {"reden": "kill", "door": "test"}
NAMES = {"projecties": ["teller"], **WHY}
EVENTS = 40
PHASES = (
    ("replay claim", NAMES),
    ("replay filled", {"nummer": 1}),
    ("replay switch", {**NAMES, "toch": False}),
    ("replay rollback", NAMES),
    ("replay switch", {**NAMES, "toch": False}),
    ("replay drop", {"lid": "teller:1", **WHY}),
)


class Hub:
    """A hub in another process that dies while it is asked something."""

    def __init__(self, folder):
        self.folder, self.settings = folder, loaded(folder, partities=kind.PARTITIES)
        self.rng, self.put = random.Random(3), 0

    def start(self):
        self.process = kind.start(self.folder, "http://127.0.0.1:9")
        while (line := self.process.stdout.readline()) != "ready\n":
            assert line, "the hub did not start"

    def fact(self):
        self.process.stdin.write(f"put zaak-{self.put % 5} {self.put}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().startswith("stored")
        self.put += 1

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def ask(self, action, args):
        return asyncio.run(admin.call(self.settings, action, args))

    def ask_and_kill(self, action, args):
        """Ask, and kill the hub some moment later: before, while or after it does it."""
        killer = threading.Timer(self.rng.uniform(0.0, 0.05), self.process.send_signal, [signal.SIGKILL])
        killer.start()
        try:
            self.ask(action, args)
        except (Refused, OSError):  # no answer: it may have been done or not
            pass
        finally:
            killer.join()
            self.process.communicate()

    def lezer(self):
        return Lezer(self.settings, plugins())

    def builds(self):
        with self.lezer() as lezer:
            found, pointers = lezer.builds()
        return {build.lid: build.toestand for build in found}, {p.projectie: p.lid for p in pointers}

    def fill(self):
        with self.lezer() as lezer, closing(lezer.fill(1)) as database:
            Bouwer(lezer, number=1, projections=[TELLER], database=database).run()


def done(hub, action, lid):
    """Whether a phase took place before the hub died."""
    builds, live = hub.builds()
    return {
        "replay claim": "teller:1.1" in builds,
        "replay filled": builds.get("teller:1.1") == "klaar",
        "replay switch": live["teller"] == "teller:1.1",
        "replay rollback": live["teller"] == "teller:1",
        "replay drop": lid not in builds,
    }[action]


def check(hub, files):
    """Readers see a build that is there, and whole; no file lies there that no build names."""
    builds, live = hub.builds()
    assert builds[live["teller"]] == "klaar"
    assert files >= {path.name for path in hub.folder.glob("leesmodellen-*.db")}


def test_killed_in_every_phase_of_a_replay_it_is_resumed_or_as_it_was(tmp_path):
    """Asked again after the restart, each phase ends where it would have; the rows are those of all events, each once."""
    hub = Hub(tmp_path)
    hub.start()
    for _ in range(EVENTS):
        hub.fact()
    for action, args in PHASES:
        hub.ask_and_kill(action, args)
        check(hub, {"leesmodellen-1.db"})
        hub.start()
        hub.fact()
        if not done(hub, action, args.get("lid")):
            hub.ask(action, args)
        if action == "replay claim":
            hub.fill()
        assert done(hub, action, args.get("lid"))
    hub.kill()
    whole = kind.hub_on(tmp_path)
    whole.projector.catch_up()
    rows = dict(whole.read_model("teller").select("emmen", limit=100))
    whole.projector.rebuild()
    assert dict(whole.read_model("teller").select("emmen", limit=100)) == rows
    assert all(row["gezien"] == sorted(set(row["gezien"])) for row in rows.values())
    assert {member.name for member in whole.projector.members} == {"teller:1.1"}
    whole.close()
