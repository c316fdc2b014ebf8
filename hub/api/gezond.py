# SPDX-License-Identifier: EUPL-1.2
"""What a worker answers over HTTP: whether it lives, whether it works, and its metrics. Nothing personal."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State

from hub import metrics
from hub.core import Core
from hub.errors import HubError


def health_app(hub: Core) -> Litestar:
    """Return the application."""
    handlers = [livez, _readyz, _metrics]
    return Litestar(route_handlers=handlers, state=State({"hub": hub}), openapi_config=None, logging_config=None)


@get("/livez", include_in_schema=False, media_type=MediaType.TEXT)
async def livez() -> str:
    """Answer that the process runs."""
    return "ok"


@get("/readyz", include_in_schema=False, media_type=MediaType.TEXT)
async def _readyz(request: Request[Any, Any, Any]) -> Response[str]:
    """Answer that the store answers and nothing keeps the work from going on; 503 with what does."""
    hub: Core = request.app.state["hub"]
    try:
        await hub.read(lambda tx: tx.one("SELECT 1"))
    except HubError as error:
        return Response(str(error), status_code=503)
    faults = hub.versheid.storingen()
    return Response("\n".join(faults) or "ok", status_code=503 if faults else 200)


@get("/metrics", include_in_schema=False)
async def _metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer all metrics in the Prometheus text format."""
    hub: Core = request.app.state["hub"]
    hub.toezicht()
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
