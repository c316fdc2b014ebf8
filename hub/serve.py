# SPDX-License-Identifier: EUPL-1.2
"""One process, from start to a clean stop by SIGTERM or Ctrl-C: the whole hub, its web side, or a worker."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

import structlog
import uvicorn
import uvloop

from hub import admin
from hub.api.app import create_app
from hub.api.gezond import health_app
from hub.api.login import LoginPort
from hub.app import EmbeddedHub
from hub.core import Core
from hub.desk import Desk
from hub.errors import Refused
from hub.settings import Loaded

log = structlog.get_logger()
H = TypeVar("H", bound=Core)
Ready = Callable[[int], None] | None
_YOUNG: Final = 10_000  # objects made before the collector looks at them; Python's own 700 is for small programs


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the hub decides the order of stopping."""

    def install_signal_handlers(self) -> None:
        """Leave signals to ``serve``."""


def web_app(hub: Core, login: LoginPort | None) -> Any:
    """Return the ASGI application with all that connectors and projections bring."""
    routes = [route for connector in hub.connectors.values() for route in connector.routes(hub)]
    routes += [route for projection in hub.plugins.projections.values() for route in projection.routes(hub)]
    return create_app(hub, routes=routes, settings=hub.settings.api, login=login)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the main coroutine of a process to its end, on the event loop that costs least."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def settle() -> None:
    """Tell Python that what the start made stays: looking through all of it again stops every thread, each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)


async def serve(loaded: Loaded, *, login: LoginPort | None = None, on_ready: Ready = None) -> None:
    """The whole hub in one process, until SIGTERM or SIGINT. ``on_ready`` gets the port once webhooks are accepted."""
    with _bound("api", loaded.settings.api.host, loaded.settings.api.port) as bound:
        await _run(EmbeddedHub(loaded), partial(web_app, login=login), bound, on_ready)


async def serve_web(loaded: Loaded, *, login: LoginPort | None = None, on_ready: Ready = None) -> None:
    """Webhooks, API and pages only; what they put down is taken up by the workers on the same store."""
    with _bound("api", loaded.settings.api.host, loaded.settings.api.port) as bound:
        await _run(Core(loaded, shared=True), partial(web_app, login=login), bound, on_ready)


async def work(loaded: Loaded, *, on_ready: Ready = None) -> None:
    """The work only: flows, projections, opdrachten, terms, fetching and publishing, shared with the other workers."""
    with _bound("werker", loaded.settings.werker.host, loaded.settings.werker.port) as bound:
        await _run(EmbeddedHub(loaded, shared=True), health_app, bound, on_ready)


def _bound(section: str, host: str, port: int) -> socket.socket:
    """Take the address before any file is opened; Refused, with the keys to change, when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        raise Refused(
            f"[{section}] host = {host!r}, port = {port}: hier kan de hub niet luisteren ({error.strerror}); stop wat er al "
            "luistert, of kies een ander adres of een andere poort (0: een vrije)"
        ) from error


async def _run(hub: H, make_app: Callable[[H], Any], bound: socket.socket, on_ready: Ready) -> None:
    hub.open()
    try:
        app = make_app(hub)
    except BaseException:
        hub.close()
        raise
    server = _Server(uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", server_header=False))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    hub.start()
    settle()
    try:
        commands = None if hub.shared else await admin.listen(hub)  # on a shared store a command needs no running hub
        await Desk(hub).redo_open()
        announcing = asyncio.create_task(_announce(server, on_ready))
        try:
            await server.serve(sockets=[bound])
        finally:
            announcing.cancel()
            if commands:
                commands.close()
    finally:
        await hub.stop()
        log.info("hub_stopped")


async def _announce(server: uvicorn.Server, on_ready: Ready) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    log.info("hub_ready", poort=port)
    if on_ready:
        on_ready(port)
