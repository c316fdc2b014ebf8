# SPDX-License-Identifier: EUPL-1.2
"""An installation with work half done, and a move of it in a process of its own, to be killed.

``python verhuiswereld.py FROM TO`` with each side as ``side`` takes it, in JSON; it prints what the move tells.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub_voor_tests import HERVAT, OPGESCHORT, START, TELLER, Klok, VolgFlow, feit, loaded, plugins, tel, zet
from motor import GEGEVEN, UITGEVOERD, Doener, Verbinding, draait, tot, uitgevoerd
from pydantic import SecretStr

from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.discovery import Plugins
from hub.errors import Poison, SourceUnavailable
from hub.events import fact_id, uuid_text
from hub.flows.base import Feit, Opdracht, Termijn
from hub.settings import Loaded
from hub.timers import VERSTREKEN
from hub.verhuis.verhuizing import verhuis

PARTITIES = 2
WERK = 60  # zaken with an opdracht and a term
OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
WHY = {"reden": "hersteld", "door": "beheer"}


def side(
    folder: str, database: str | None = None, kafka: str | None = None, prefix: str = "", partities: int = PARTITIES
) -> Loaded:
    """Return the settings of one side."""
    found = loaded(Path(folder), partities=partities)
    if database:
        found = found.model_copy(update={"database": SecretStr(database)})
    if kafka:
        from logs import access

        found = found.model_copy(update={"kafka": access(kafka, prefix)})
    return found


def regel(seen: Any) -> Any:
    """Zaken called werk: one opdracht and one term; what was done or ran out is told once."""
    kinds = [event.type for event in seen]
    key = seen[0].key
    if key.startswith("stuk") and not Wereld.hersteld:
        raise ValueError("deze flow kan dit nog niet")
    if not key.startswith(("werk", "stuk")):
        return ()
    if GEGEVEN not in kinds:
        given = Opdracht(connector="x", soort="doe", step="doe", besloten={f"p-{key}": {"naam": key}})
        return [given, Termijn(naam="wacht", vervalt=START + timedelta(days=1))]
    steps = {UITGEVOERD: "klaar", VERSTREKEN: "verlopen"}
    told = kinds.count(OPGESCHORT)
    due = [step for kind, step in steps.items() if kind in kinds]
    return [Feit(type=OPGESCHORT, step=step, data=OPEN) for step in due[told : told + 1]]


def tel_recht(row: Any, event: Any) -> Any:
    """Count, but not what this version cannot read yet."""
    if event.key.startswith("krom") and event.sequence == 2:
        raise ValueError("dit leesmodel kan dit nog niet")
    return tel(row, event)


class Wereld:
    """What the hubs of one story share: the clock, the other side's books, and how willing that side is."""

    hersteld = False

    def __init__(self) -> None:
        self.klok = Klok()
        self.geschreven: Counter[str] = Counter()
        self.gewillig = False

    def plugins(self) -> Plugins:
        """Return what the hubs run with."""
        teller = replace(TELLER, handlers={HERVAT: tel_recht, OPGESCHORT: tel_recht})
        doener = Doener(self._doe)
        return plugins({"teller": teller}, {"volg": VolgFlow(regel)}, {"x": Verbinding(doener)})

    def hub(self, where: Loaded) -> EmbeddedHub:
        """Return a hub that is not opened yet."""
        return EmbeddedHub(where, clock=self.klok, plugins=self.plugins())

    async def _doe(self, opdracht: Any) -> Any:
        """Carry it out; while unwilling: some at once, some not now, some never, and some die while writing."""
        number = int(opdracht.zaak.rpartition("-")[2])
        mood = "" if self.gewillig else {5: "weg", 6: "weg", 7: "fout", 8: "hangt"}.get(number % 10, "")
        if mood == "weg":
            raise SourceUnavailable("de andere kant antwoordt niet")
        if mood == "fout":
            raise Poison("de andere kant begrijpt dit niet")
        await opdracht.bevestig_lease()
        if mood == "hangt":
            await asyncio.sleep(3_600)
        self.geschreven[opdracht.sleutel] += 1
        return uitgevoerd(opdracht)


def vul(wereld: Wereld, where: Loaded, events: int) -> None:
    """Let an installation come so far: work done, open, leased, parked, terms running, streams parked, one event skipped."""
    hub = wereld.hub(where).open()
    base = feit("stil", 0)
    for start in range(0, events, 1_000):
        numbers = range(start, min(start + 1_000, events))
        zet(hub, *(replace(base, id=fact_id("test", str(n)), key=f"stil-{n // 10}") for n in numbers))
    hub.flow_runner.catch_up()
    zet(hub, *(feit(f"werk-{n}", k, besloten={f"p-{n}": {"k": k}}) for n in range(WERK) for k in range(2) if n % 10 != 9))
    zet(hub, *(feit(f"{name}-{n}", k) for name in ("stuk", "krom") for n in range(2) for k in range(3)))
    asyncio.run(_half(hub))
    hub = wereld.hub(where).open()
    zet(hub, *(feit(f"werk-{n}", k) for n in range(WERK) for k in range(2) if n % 10 == 9))  # no flow has seen these yet
    hub.close()


def begin(wereld: Wereld, where: Loaded) -> None:
    """Let an installation have a little in its log, all taken, and no work."""
    hub = wereld.hub(where).open()
    zet(hub, *(feit(f"stil-{n}", k, besloten={f"p-{n}": {"k": k}}) for n in range(5) for k in range(4)))
    hub.flow_runner.catch_up()
    hub.projector.catch_up()
    hub.close()


async def _half(hub: EmbeddedHub) -> None:
    async with draait(hub):
        wanted = {"uitgevoerd": WERK // 2, "geparkeerd": WERK // 10, "open": 3 * WERK // 10}
        await tot(lambda: toestanden(hub) == wanted and hangend(hub) == WERK // 10, hoogstens_s=60)
        desk = Desk(hub)
        await tot(lambda: hub.projector.behind() == 0, hoogstens_s=60)
        entry = next(e for e in desk.list() if e.lid.startswith("teller") and e.sleutel == "krom-1")
        assert await desk.skip(entry.nummer, **WHY)


def toestanden(hub: EmbeddedHub) -> dict[str, int]:
    """Return how many opdrachten are in each state."""
    return dict(hub.read_now(lambda tx: tx.all("SELECT toestand, count(*) FROM opdracht GROUP BY toestand")))


def hangend(hub: EmbeddedHub) -> int:
    """Return how many opdrachten were cut off while writing."""
    return hub.read_now(lambda tx: tx.one("SELECT count(*) FROM opdracht WHERE schrijft = 1 AND toestand = 'open'"))[0]


def maak_af(wereld: Wereld, where: Loaded) -> dict[str, Any]:
    """Let all work end: the other side willing, what was parked retried, time passed; return what then stands."""
    wereld.gewillig = Wereld.hersteld = True
    wereld.klok.moment = START + timedelta(hours=2)
    hub = wereld.hub(where).open()
    try:
        return asyncio.run(_all(wereld, hub))
    finally:
        Wereld.hersteld = False


async def _all(wereld: Wereld, hub: EmbeddedHub) -> dict[str, Any]:
    async with draait(hub):
        desk = Desk(hub)
        await desk.redo_open()
        for entry in desk.list():
            if not entry.lid.startswith("teller"):
                assert await desk.retry(entry.nummer, **WHY)
        await tot(lambda: toestanden(hub) == {"uitgevoerd": WERK + 2}, hoogstens_s=60)
        wereld.klok.moment = START + timedelta(days=2)
        await tot(lambda: not hub.read_now(lambda tx: tx.one("SELECT count(*) FROM termijn"))[0], hoogstens_s=60)
        await tot(lambda: alles_klaar(hub), hoogstens_s=60)
        return gezien(hub)


def alles_klaar(hub: EmbeddedHub) -> bool:
    """True when each zaak with work has told both of its ends, and everything was taken."""
    query = (
        "SELECT count(*) FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom"
        " WHERE s.sleutel LIKE 'werk-%' OR s.sleutel LIKE 'stuk-%'"
    )
    wanted = WERK * 9 + 2 * 10  # two facts (three), opdracht given (twice) and done, term set and run out, two endings
    found = hub.read_now(lambda tx: tx.one(query))[0] == wanted
    return found and hub.projector.behind() == 0 and not list(hub.flow_runner.steps())


def gezien(hub: EmbeddedHub) -> dict[str, Any]:
    """Return what stands in each stream and read model, and what is still parked."""
    query = (
        "SELECT s.topic, s.sleutel, g.volgnummer, g.id FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom"
        " ORDER BY s.topic, s.sleutel, g.volgnummer"
    )
    rows = hub.read_now(lambda tx: tx.all(query))
    return {
        "stromen": [(topic, key, sequence, uuid_text(bytes(event))) for topic, key, sequence, event in rows],
        "teller": sorted(repr(row) for row in hub.read_model("teller").select("emmen")),
        "geparkeerd": sorted((entry.lid, entry.sleutel) for entry in Desk(hub).list()),
    }


def begin_verhuizing(van: dict[str, Any], naar: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a move in a process of its own."""
    roots = os.pathsep.join(map(str, (Path(__file__).parents[1], Path(__file__).parent)))
    command = [sys.executable, __file__, json.dumps(van), json.dumps(naar)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": roots}, text=True, stdout=subprocess.PIPE)


def zeg(text: str) -> None:
    """Tell whoever started this."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    bron, doel = (side(**json.loads(given)) for given in sys.argv[1:3])
    verhuis(bron, doel, plugins=Wereld().plugins(), meld=zeg)
    zeg("klaar")
