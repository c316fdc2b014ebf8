# SPDX-License-Identifier: EUPL-1.2
"""A hub process and the other side of its connector, both over real HTTP: what every rule of the kit works with."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn

from hub.app import EmbeddedHub
from hub.conformiteit import Levering, Proef, ProefOpdracht
from hub.conformiteit.proces import hub_on, van_de_kit
from hub.events import Event

_SLOW_S: Final = 3.0
_START_S: Final = 30.0
_OPDRACHT_TYPES: Final = "nl.wissel.opdracht."


class Loket:
    """The other side on a port: counts what is asked, and breaks when told to (one of STORINGEN, or ANTWOORD_WEG)."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.storing: str | None = None
        self.verzoeken = 0
        self._server = uvicorn.Server(
            uvicorn.Config(self, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1, access_log=False)
        )
        threading.Thread(target=self._server.run, daemon=True).start()
        wait_until(lambda: self._server.started, "the other side did not start", at_most_s=_START_S)

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the other side does, or as a broken one does."""
        self.verzoeken += 1
        if self.storing == ANTWOORD_WEG:
            await self._app(scope, receive, _into_the_void)
            await _answer_broken("500", send)
        elif self.storing:
            await _answer_broken(self.storing, send)
        else:
            await self._app(scope, receive, send)

    def close(self) -> None:
        """Stop listening."""
        self._server.should_exit = True


_BROKEN: Final[Mapping[str, tuple[int, list[tuple[bytes, bytes]], bytes]]] = {
    "500": (500, [(b"content-type", b"text/html")], b"<h1>Internal Server Error</h1>"),
    "429": (429, [(b"retry-after", b"1")], b""),
    "geen-json": (200, [(b"content-type", b"text/html")], b"<html>Onderhoud</html>"),
    "omleiding": (302, [(b"location", b"http://127.0.0.1:9/elders")], b""),
    "traag": (503, [], b""),
}
STORINGEN: Final = tuple(_BROKEN)
ANTWOORD_WEG: Final = "antwoord-weg"  # it does what is asked, and its answer gets lost


async def _into_the_void(_message: Any) -> None:
    """Send nothing to nobody."""


async def _answer_broken(storing: str, send: Any) -> None:
    """Answer in place of the other side, that way broken: nothing of the request reaches it."""
    status, headers, body = _BROKEN[storing]
    if storing == "traag":
        await asyncio.sleep(_SLOW_S)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Opstelling:
    """One hub with one connector and its other side. ``start`` and ``kill`` as often as a rule wants."""

    def __init__(self, folder: Path, *, connector: str, proef: Proef, loket: Loket | None = None) -> None:
        self.proef = proef
        self.folder = folder
        self.loket = loket or Loket(proef.app)
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self._new = True
        self._client = httpx.Client(timeout=10)
        given = {"connector": connector, "instellingen": dict(proef.instellingen(self.loket.url))}
        (folder / "proef.json").write_text(json.dumps(given), encoding="utf-8")

    # ---------------------------------------------------------------------------------------------- the process

    def start(self) -> None:
        """Start the hub and wait until it takes messages."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with (self.folder / "uitvoer.log").open("a", encoding="utf-8") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "hub.conformiteit.proces", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                env=environment,
            )
        line = self._line()
        if not line.startswith("klaar "):
            raise AssertionError(f"the hub with this connector does not start:\n{self.output()[-4000:]}")
        self._port = int(line.split()[1])
        if self._new:
            self._new = False
            self.geef(self.proef.vooraf())
            self.wait_for_rest()

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def close(self) -> None:
        """Stop everything."""
        self.kill()
        self._client.close()
        self.loket.close()

    def output(self) -> str:
        """Return all that the hub logged."""
        return (self.folder / "uitvoer.log").read_text(encoding="utf-8")

    def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    # ------------------------------------------------------------------------------------------------- asking it

    def post(self, levering: Levering) -> httpx.Response:
        """Send one message to the hub. httpx.HTTPError when the hub is gone."""
        url = f"http://127.0.0.1:{self._port}{levering.pad}"
        return self._client.request(levering.methode, url, content=levering.inhoud, headers=dict(levering.koppen))

    def lever(self, leveringen: Sequence[Levering], *, again: Callable[[], None] = lambda: None) -> None:
        """Send messages until each was accepted: streams beside each other, each stream in order."""
        with ThreadPoolExecutor(8) as pool:
            by_stream = [
                list(group)
                for _, group in groupby(sorted(leveringen, key=lambda found: found.stroom), key=lambda found: found.stroom)
            ]
            for done in [pool.submit(self._in_order, group, again) for group in by_stream]:
                done.result()

    def _in_order(self, leveringen: Sequence[Levering], again: Callable[[], None]) -> None:
        for levering in leveringen:
            deadline = time.monotonic() + 60
            while not self._accepted(levering):
                assert time.monotonic() < deadline, f"{levering.pad} was not accepted within a minute"
                again()
                time.sleep(0.05)

    def _accepted(self, levering: Levering) -> bool:
        try:
            return self.post(levering).is_success
        except httpx.HTTPError:
            return False  # the hub is gone for a moment: it is sent again, as every sender must

    def geef(self, opdrachten: Sequence[ProefOpdracht]) -> None:
        """Have opdrachten given, each once however often this is called with the same."""
        for number, opdracht in enumerate(opdrachten):
            self._ask(
                {
                    "stap": f"{opdracht.soort}-{opdracht.zaak}-{number}",
                    "soort": opdracht.soort,
                    "zaak": opdracht.zaak,
                    "gegevens": dict(opdracht.gegevens),
                    "besloten": {subject: dict(what) for subject, what in opdracht.besloten.items()},
                }
            )

    def wait_for_rest(self, *, at_most_s: float = 60.0) -> None:
        """Wait until the hub has nothing left to do: no hint unsettled, no opdracht open."""
        wait_until(
            lambda: self._ask({}) == 0, "the hub does not come to rest: a hint or an opdracht stays open", at_most_s=at_most_s
        )

    def _ask(self, what: Mapping[str, Any]) -> int:
        """Give the process an opdracht, or nothing; return how much it has to do."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer = self._line()
        assert answer.startswith("te doen "), f"the hub stopped by itself:\n{self.output()[-4000:]}"
        return int(answer.split()[2])

    def metrics(self) -> str:
        """Return the metrics page."""
        return self._client.get(f"http://127.0.0.1:{self._port}/metrics").text

    # ------------------------------------------------------------------------------------------------ what it holds

    @contextmanager
    def stopped(self) -> Iterator[EmbeddedHub]:
        """Yield the killed hub's files, opened, to look into."""
        self.kill()
        hub = hub_on(self.folder).open()
        try:
            yield hub
        finally:
            hub.close()

    def events(self) -> list[Event]:
        """Return all that the log holds, opened, stream by stream. The hub is killed for it."""
        with self.stopped() as hub:
            return [event for position in hub.log.positions() for event in _of(hub, position.topic, position.partition)]


def _of(hub: EmbeddedHub, topic: str, partition: int) -> Iterator[Event]:
    records = hub.log.read(topic, partition, -1, 1_000_000)
    names = hub.log.streams({record.stream for record in records})
    return (hub.log.event(record, names[record.stream]) for record in records)


def facts(events: Sequence[Event], verslagen: Collection[str] = ()) -> Mapping[str, list[str]]:
    """Return stream key -> types of the facts put down: not what the kit asked for, nor outcomes, nor ``verslagen``."""
    found: dict[str, list[str]] = {}
    for event in events:
        if event.type not in verslagen and not event.type.startswith(_OPDRACHT_TYPES) and not van_de_kit(event):
            found.setdefault(event.key, []).append(event.type)
    return found


def wait_until(true: Callable[[], Any], otherwise: str, *, at_most_s: float) -> None:
    """Wait until something is so; AssertionError with what is wrong otherwise."""
    deadline = time.monotonic() + at_most_s
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
