# SPDX-License-Identifier: EUPL-1.2
"""The Faust app: one thin agent that puts raw records into the feed, and the partitions that this worker may work on.

Faust acknowledges what an agent dropped, and commits past what was never processed; so the agent does nothing that can fail,
and nothing here decides what has been processed: the members' checkpoints do (R4, R14).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import faust
import structlog
from faust.contrib.asgi import bind_to_running_loop

from hub.errors import SourceUnavailable
from hub.feed import Feed, Message
from hub.log.access import Access

log = structlog.get_logger()
GROUP: Final = "wissel"
_SESSION_S: Final = 6.0  # the least a broker takes by itself: so soon the partitions of a dead worker move on
_HEARTBEAT_S: Final = 2.0
_COMMIT_S: Final = 1.0
_STOP_S: Final = 10.0
_LOOK_S: Final = 0.5


def make_app(access: Access, *, topics: Iterable[str], feed: Feed) -> faust.App:
    """Return an app whose agent fills ``feed``. To be made and run on the running event loop."""
    names = {access.name(topic): topic for topic in topics}
    app = faust.App(
        access.name(GROUP),
        broker=";".join(f"kafka://{address}" for address in access.servers.split(",")),
        broker_credentials=_credentials(access),
        broker_session_timeout=_SESSION_S,
        broker_heartbeat_interval=_HEARTBEAT_S,
        broker_commit_interval=_COMMIT_S,
        consumer_auto_offset_reset="latest",  # the runner begins at its checkpoint in any case
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
        datadir=Path(tempfile.gettempdir()) / access.name("wissel-faust"),
    )

    @app.agent(app.topic(*names, key_serializer="raw", value_serializer="raw"), concurrency=1)
    async def breng(stream: Any) -> None:
        """Put each record into the feed, as it is."""
        async for event in stream.events():
            found = event.message
            where = names[found.topic], found.partition
            await feed.room(*where)
            feed.add(*where, Message(found.offset, found.key, found.value, found.headers))

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]
    async def toegewezen(_app: Any, assigned: Any, **_: Any) -> None:
        """Work on these partitions."""
        feed.assign((names[tp.topic], tp.partition) for tp in assigned if tp.topic in names)
        log.info("partitions_assigned", aantal=len(feed.assigned))

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]
    async def afgenomen(_app: Any, revoked: Any, **_: Any) -> None:
        """Work on these no longer; what is under way is fenced by its checkpoint."""
        feed.assign(feed.assigned - {(names.get(tp.topic, tp.topic), tp.partition) for tp in revoked})
        log.info("partitions_revoked", aantal=len(revoked))

    return app


class Agents:
    """Runs the Faust app as a service of the hub."""

    def __init__(self, access: Access, *, topics: Iterable[str], feed: Feed) -> None:
        self._make = lambda: make_app(access, topics=topics, feed=feed)
        self._feed = feed

    async def run(self) -> None:
        """Run until cancelled; an app that crashed is an error, so that the service is started again with a new one."""
        _quiet()
        app = self._make()  # type: ignore[no-untyped-call]
        bind_to_running_loop(app)
        app.finalize()
        try:
            await app.maybe_start()
            while not app.should_stop:  # noqa: ASYNC110 - Faust tells it by an attribute only
                await asyncio.sleep(_LOOK_S)
        finally:
            self._feed.assign(())
            await _stopped(app)
        raise SourceUnavailable(f"the agents stopped ({type(app.crash_reason).__name__}); they are started again")


async def _stopped(app: faust.App) -> None:
    """Stop an app whole, however often that is cancelled: half stopped it would never end. Bounded."""
    stopping = asyncio.ensure_future(asyncio.wait_for(app.stop(), _STOP_S))
    while not stopping.done():
        with suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.shield(stopping)
    if stopping.exception():
        log.warning("agents_not_stopped", soort=type(stopping.exception()).__name__)


def _credentials(access: Access) -> Any:
    """Return how we are known to Kafka, in Faust's words; None without TLS and password."""
    tls = None
    if access.tls:
        tls = ssl.create_default_context(cafile=access.ca)
        if access.certificate:
            tls.load_cert_chain(access.certificate, access.key)
    if access.user:
        known = {"mechanism": access.mechanism, "username": access.user, "password": access.password}
        return faust.SASLCredentials(**known, ssl_context=tls)
    return faust.SSLCredentials(tls) if tls else None


def _quiet() -> None:
    """Keep Faust and its client out of our log: what stops them comes to us as an error, and the rest nobody can act on."""
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
