# SPDX-License-Identifier: EUPL-1.2
"""The processes of the demo: started, waited for, killed on request, and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import httpx

from demo.opzet import GEMEENTEN, Opzet
from hub.errors import Refused

_START_S: Final = 40.0
_STOP_S: Final = 15.0


@dataclass
class Proces:
    """One child process, logging to its own file."""

    naam: str
    arguments: list[str]
    folder: Path
    ready_url: str
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    _process: asyncio.subprocess.Process | None = None
    _log: IO[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.naam}.log"

    async def start(self) -> None:
        """Start it and wait until it answers. Refused, with the end of its log, when it does not."""
        self._log = self.log_path.open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", "--log-level", "WARNING", *self.arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **self.environment},
            start_new_session=True,  # Ctrl-C is ours to pass on, in order
        )
        await self._answers()

    async def _answers(self) -> None:
        async with httpx.AsyncClient(timeout=2.0) as client:
            deadline = asyncio.get_running_loop().time() + _START_S
            while asyncio.get_running_loop().time() < deadline:
                if self._process is None or self._process.returncode is not None:
                    break
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(self.ready_url)).is_success:
                        return
                await asyncio.sleep(0.05)
        raise Refused(f"{self.naam} is niet gestart; het einde van {self.log_path}:\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log."""
        text = self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    async def kill(self) -> None:
        """Kill it with SIGKILL: nothing is flushed, nothing is tidied."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._close_log()

    async def stop(self) -> bool:
        """Ask it to stop (SIGTERM); kill it when it does not. Return True when it stopped by itself."""
        if self._process is None or self._process.returncode is not None:
            self._close_log()
            return True
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_S)
        except TimeoutError:
            await self.kill()
            return False
        self._close_log()
        return True

    def _close_log(self) -> None:
        if self._log:
            self._log.close()
            self._log = None


def zaaksysteem(opzet: Opzet) -> Proces:
    """Return the simulated zaaksysteem, with notifications that come twice, late and out of order."""
    gemeenten = ",".join(f"{slug}:{code}" for slug, (_, code, _) in GEMEENTEN.items())
    arguments = [
        *("simulator", "zaaksysteem", "--port", str(opzet.zaak_port), "--seed", str(opzet.seed), "--gemeenten", gemeenten),
        *("--verschuiving-s", str(opzet.verschuiving_s), "--dubbel", "0.1", "--herordenen", "0.1", "--vertraging-max-s", "0.5"),
        *("--herhaal-basis-s", "0.5", "--herhaal-max-s", "5"),
    ]
    secret = {"WISSEL_SIM_SECRET": opzet.zaak_secret}
    return Proces("zaaksysteem", arguments, opzet.folder, f"{opzet.zaak_url}/livez", secret)


def burgerzaken(opzet: Opzet) -> Proces:
    """Return the simulated burgerzaken: BRP, BAG and the write side."""
    gemeenten = ",".join(f"{slug}:{code}" for slug, (_, code, _) in GEMEENTEN.items())
    arguments = [
        *("simulator", "burgerzaken", "--port", str(opzet.burgerzaken_port), "--seed", str(opzet.seed)),
        *("--gemeenten", gemeenten, "--verwerkingsvertraging-s", "0.3", "--datum", opzet.datum.isoformat()),
        *("--personen", str(max(20_000, opzet.moves * 50))),
    ]
    secret = {"WISSEL_SIM_API_KEY": opzet.api_sleutel}
    return Proces("burgerzaken", arguments, opzet.folder, f"{opzet.burgerzaken_url}/livez", secret)


def hub(opzet: Opzet) -> tuple[Proces, ...]:
    """Return the processes of the hub: one that does everything, or one for the pages and the workers beside it."""
    alone = not opzet.werker_ports
    arguments = ["serve" if alone else "web", "--config", str(opzet.config), "--demo-inlog"]
    pages = Proces("hub" if alone else "web", arguments, opzet.folder, f"{opzet.hub_url}/livez")
    return (pages, *(_werker(opzet, number, port) for number, port in enumerate(opzet.werker_ports, 1)))


def _werker(opzet: Opzet, number: int, port: int) -> Proces:
    arguments, own_port = ["worker", "--config", str(opzet.config)], {"WISSEL__WERKER__PORT": str(port)}
    return Proces(f"werker-{number}", arguments, opzet.folder, f"http://127.0.0.1:{port}/livez", own_port)


async def prepare(opzet: Opzet) -> None:
    """Make what an operator makes before the first start: the topics on Kafka, the tables in PostgreSQL."""
    if opzet.kafka:
        await run_once(opzet, "topics", "apply", "--config", str(opzet.config), "--uitvoeren")
    if opzet.database:
        await run_once(opzet, "migreer", "--config", str(opzet.config), "--fase", "pre")


async def run_once(opzet: Opzet, *arguments: str) -> None:
    """Run one ``wissel`` command to its end. Refused, with what it said, when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "--log-level", "WARNING", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=opzet.folder,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise Refused(f"`wissel {' '.join(arguments)}` is mislukt:\n{output.decode(errors='replace')}")
