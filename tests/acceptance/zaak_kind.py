# SPDX-License-Identifier: EUPL-1.2
"""A hub with the zaak connector in a process of its own, to be killed: ``python zaak_kind.py SETTINGS-AS-JSON``.

It listens on a port that stays the same over its lives, takes operators' commands on its socket, and says ``ready``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from hub_voor_tests import gemeente, loaded, plugins
from zaak_voor_tests import zaak_settings

from connectors.zaak.connector import ZaakConnector
from hub import admin, logs
from hub.app import EmbeddedHub
from hub.clock import SystemClock
from hub.serve import web_app
from hub.settings import Loaded


def settings_of(given: dict[str, Any]) -> Loaded:
    """Return the settings of the hub: one gemeente, its zaaksysteem, nothing else."""
    found = zaak_settings(given["bron"], secret=given["secret"], notificaties_api=f"{given['bron']}/notificaties/api/v1")
    return loaded(Path(given["map"]), [gemeente("emmen", plugins={"zaak": found})])


def hub_on(given: dict[str, Any]) -> EmbeddedHub:
    """Return the hub, not opened yet; its clock is moved by ``verschuiving_s``."""
    clock = SystemClock(timedelta(seconds=given["verschuiving_s"]))
    made = plugins(projections={}, connectors={"zaak": ZaakConnector()})
    return EmbeddedHub(settings_of(given), clock=clock, plugins=made)


def start(given: dict[str, Any]) -> subprocess.Popen[str]:
    """Start it, and wait until it answers."""
    roots = os.pathsep.join(map(str, Path(__file__).parents[1:3]))
    environment = {**os.environ, "PYTHONPATH": roots}
    command = [sys.executable, __file__, json.dumps(given)]
    child = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "ready"
    return child


async def main(given: dict[str, Any]) -> None:
    """Run until killed or told to stop."""
    logs.configure(level="CRITICAL")
    async with hub_on(given) as hub:
        config = uvicorn.Config(web_app(hub, None), port=given["poort"], log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        commands = await admin.listen(hub)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: setattr(server, "should_exit", True))
        serving = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
            await asyncio.sleep(0.01)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await serving
        commands.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
