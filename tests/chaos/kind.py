# SPDX-License-Identifier: EUPL-1.2
"""A hub in a process of its own, to be killed: ``python kind.py FOLDER [URL OF THE OTHER SIDE]``, see ``start``.

It follows its log, gives one opdracht per zaak and carries it out over HTTP. On standard input it takes lines
``put KEY NUMBER``; on standard output it says ``ready``, then for each ``stored KEY NUMBER`` once that event is durably
stored, or ``refused KEY NUMBER``.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from pathlib import Path

import httpx
from hub_voor_tests import HERVAT, OPGESCHORT, VolgFlow, feit, loaded, plugins
from motor import GEGEVEN, UITGEVOERD, Doener, Verbinding, uitgevoerd

from hub import admin, logs
from hub.app import EmbeddedHub
from hub.clock import SystemClock
from hub.desk import Desk
from hub.errors import SourceUnavailable, Transient
from hub.events import ZAKEN
from hub.flows.base import Feit, Opdracht
from hub.plugins import Grens

OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
NAAST = "naast-"
PARTITIES = 2
LEASE_S = 0.3


def regel(seen):
    """One opdracht per zaak; when it is done, one closing fact here and one in the zaak beside it."""
    kinds = [event.type for event in seen]
    if GEGEVEN not in kinds:
        return [Opdracht(connector="x", soort="doe", step="doe", besloten={"p": {"naam": seen[0].key}})]
    if UITGEVOERD not in kinds or OPGESCHORT in kinds:
        return ()
    closed = Feit(type=OPGESCHORT, step="klaar", data=OPEN)
    if seen[0].key.startswith(NAAST):
        return [closed]
    return [closed, Feit(type=HERVAT, step="naast", data=OPEN, topic=ZAKEN, key=NAAST + seen[0].key)]


def hub_on(folder: Path, url: str = "") -> EmbeddedHub:
    """Open a hub on the folder, its connector writing at ``url``."""
    client = httpx.AsyncClient(timeout=2.0)

    async def write(opdracht):
        await opdracht.bevestig_lease()
        try:
            answer = await client.put(f"{url}/boek/{opdracht.sleutel}")
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise SourceUnavailable("de andere kant antwoordt niet") from error
        return uitgevoerd(opdracht)

    doener = Doener(write, Grens(pogingen=1_000, eerste_pauze_s=0.05, langste_pauze_s=0.2))
    made = plugins(flows={"volg": VolgFlow(regel)}, connectors={"x": Verbinding(doener)})
    settings = loaded(folder, partities=PARTITIES, uitvoering={"lease_s": LEASE_S})
    return EmbeddedHub(settings, clock=SystemClock(), plugins=made).open()


def start(folder: Path, url: str = "", *, limit_bytes: int | None = None) -> subprocess.Popen[str]:
    """Start it, with this repository and its tests to import from; no file of it may grow beyond ``limit_bytes``."""

    def limit() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))

    roots = os.pathsep.join(map(str, Path(__file__).parents[1:3]))
    command = [sys.executable, __file__, str(folder), url]
    environment = {**os.environ, "PYTHONPATH": roots}
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    return subprocess.Popen(command, env=environment, text=True, preexec_fn=limit, **pipes)  # noqa: PLW1509 - no threads in it


def say(*words: object) -> None:
    """Tell whoever holds our standard output; gone is gone."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def put_once(hub: EmbeddedHub, key: str, number: str):
    """Return the work that puts a fact down unless it was: told by a row of our own in the same transaction (R1)."""
    sealed = hub.seal([feit(key, int(number), besloten={f"p-{key}": {"nummer": number}})])

    def work(tx):
        if tx.execute("INSERT INTO x_boek VALUES (?) ON CONFLICT DO NOTHING", (f"{key}/{number}",)):
            tx.put(sealed)

    return work


async def main(folder: Path, url: str) -> None:
    """Run until killed, or until standard input ends."""
    logs.configure(level="ERROR")
    hub = hub_on(folder, url)
    hub.start()
    server = await admin.listen(hub)
    await Desk(hub).redo_open()
    say("ready")
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        try:
            await hub.write(put_once(hub, *line[1:]), urgent=True)
            say("stored", *line[1:])
        except Transient:
            say("refused", *line[1:])
    server.close()
    await hub.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
