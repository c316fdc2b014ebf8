# SPDX-License-Identifier: EUPL-1.2
"""Security headers on every answer, whatever made it, and the counting of answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from hub import metrics

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
API_VERSION: Final = "1.0.0"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # any other is "ander" in metrics
OPENAPI_PATH: Final = "/v1/openapi.json"
ALWAYS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = "max-age=31536000; includeSubDomains"
_NO_STORE: Final = (b"cache-control", b"no-store")
_STARTED: Final = "_wissel_started"


def before_send(*, secure: bool) -> Callable[[Message, Scope], Any]:
    """Return the hook that puts the headers on an answer; no-store on everything but static files and the API's description."""
    always = [*ALWAYS.items(), *([("Strict-Transport-Security", HSTS)] if secure else [])]
    fixed = [(name.lower().encode(), value.encode()) for name, value in always]

    async def hook(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        path = str(scope.get("path", ""))
        wanted = fixed if path.startswith("/static/") else [*fixed, _NO_STORE]
        given = list(message.get("headers", ()))
        present = {name.lower() for name, _ in given}
        message["headers"] = [*given, *(pair for pair in wanted if pair[0] not in present)]
        if path.startswith("/v1/"):
            _describe(MutableScopeHeaders.from_message(message), path)
        _count(scope, int(message["status"]))

    return hook


def _describe(headers: MutableScopeHeaders, path: str) -> None:
    headers["API-Version"] = API_VERSION
    if path == OPENAPI_PATH:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def start_clock(request: Any) -> None:
    """Remember when handling a request began."""
    request.scope[_STARTED] = time.perf_counter()


def _count(scope: Scope, status: int) -> None:
    template = str(scope.get("path_template") or "unknown")
    method = str(scope.get("method", ""))
    metrics.VERZOEKEN.labels(method if method in _METHODS else "ander", template, str(status)).inc()
    started = scope.get(_STARTED)
    if isinstance(started, float):
        metrics.VERZOEK_DUUR.labels(template).observe(time.perf_counter() - started)
