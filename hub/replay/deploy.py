# SPDX-License-Identifier: EUPL-1.2
"""A new version of a projection starts its own replay when it is deployed, where ``[projecties] nieuwe_versie`` says so.

The old version serves until an operator switches; how far its shadow is stands in ``wissel replay status``.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

import structlog

from hub.builds import KLAAR, Builds
from hub.plugins import Service

if TYPE_CHECKING:
    from hub.core import Core

log = structlog.get_logger()
_WHY: Final = ("--reden", "nieuwe versie", "--door", "wissel", "--json")


def nieuwe_versies(builds: Builds) -> list[str]:
    """Return the projections whose version has no build that is filled yet."""
    ready = {(build.projectie, build.versie) for build in builds.all()[0] if build.toestand == KLAAR}
    return sorted(p.name for p in builds.projections.values() if (p.name, p.version) not in ready)


def service(hub: Core) -> Service:
    """Return what starts the replay in a process of its own, and stops it with the hub; a next start goes on with it."""

    async def run() -> None:
        names = nieuwe_versies(hub.builds)
        if names and hub.settings_path:
            await _replay(names, str(hub.settings_path))
        await asyncio.Event().wait()  # once per start: what failed waits for a person

    return run


async def _replay(names: list[str], config: str) -> None:
    words = (sys.executable, "-m", "hub", "replay", "start", *names, "--config", config, *_WHY)
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
    log.info("replay_started", projecties=names, proces=process.pid)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        log.error("replay_failed", projecties=names, uitleg="zie `wissel replay status`")
    else:
        log.info("replay_ready", projecties=names)
