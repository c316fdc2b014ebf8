# SPDX-License-Identifier: EUPL-1.2
"""A simulator as the other side of a ``Proef``: on a thread of its own, so that the hub and the rules ask it in turn.

What it answers the hub can be given more than was asked for: a word in every JSON object.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Coroutine, Mapping, MutableMapping
from typing import Any, Final, TypeVar

T = TypeVar("T")
Message = MutableMapping[str, Any]
_ANSWER_S: Final = 30.0
_EXTRA: Final = "nietGevraagd"


class Kant:
    """The ASGI application ``app``, asked over HTTP by the hub and with ``vraag`` by the Proef.

    ``ongevraagd``: what stands as an extra field in every JSON object that the hub gets; empty for nothing. ``diep``: down to
    how many objects inside each other. Who asks for a group of fields as a whole asks for all that is in it.
    """

    def __init__(self, app: Any, *, ongevraagd: str = "", diep: int = 99) -> None:
        self._app = app
        self._ongevraagd = ongevraagd
        self._diep = diep
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Answer the hub."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, headers, content = await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(self._ask(dict(scope), body), self._loop)
        )
        if self._ongevraagd and any(name == b"content-type" and b"json" in value for name, value in headers):
            content = json.dumps(_with(json.loads(content), self._ongevraagd, self._diep)).encode() if content else content
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        sized = [*headers, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": sized})
        await send({"type": "http.response.body", "body": content})

    def vraag(self, method: str, path: str, body: Any = None, *, koppen: Mapping[str, str] | None = None) -> Any:
        """Ask it as somebody else than the hub and return the JSON; AssertionError when it does not answer 2xx."""
        path, _, query = path.partition("?")
        given = {"content-type": "application/json", **(koppen or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        }
        status, _, content = self.doe(self._ask(scope, b"" if body is None else json.dumps(body).encode()))
        assert status // 100 == 2, f"the other side answers {method} {path} with {status}: {content[:500]!r}"  # noqa: PLR2004
        return json.loads(content) if content else None

    def doe(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something where the application runs, and return what it gives."""
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("this other side is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_S)

    def close(self) -> None:
        """Stop, and give back what it holds; what is asked after that is a RuntimeError."""
        if self._loop.is_closed():
            return
        self.doe(_end_what_runs())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _ask(self, scope: Message, body: bytes) -> Coroutine[Any, Any, tuple[int, list[tuple[bytes, bytes]], bytes]]:
        return _answer(self._app, scope, body)


async def _end_what_runs() -> None:
    """Cancel what the application left running, and wait until it has ended."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _answer(app: Any, scope: Message, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    def send(message: Message) -> Awaitable[None]:
        sent.append(message)
        return asyncio.sleep(0)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return int(sent[0]["status"]), list(sent[0]["headers"]), content


def _with(found: Any, extra: str, deep: int) -> Any:
    """Return a JSON value with one more field in each of its objects, down to ``deep`` inside each other."""
    if isinstance(found, dict) and deep:
        return {**{name: _with(value, extra, deep - 1) for name, value in found.items()}, _EXTRA: extra}
    return [_with(value, extra, deep) for value in found] if isinstance(found, list) else found


__all__ = ("Kant",)
