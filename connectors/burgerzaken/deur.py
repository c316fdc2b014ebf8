# SPDX-License-Identifier: EUPL-1.2
"""What the doors of this connector have in common: who may knock, and how much is read."""

from __future__ import annotations

import hmac
from typing import Any, Final

from litestar import Request

from connectors.burgerzaken.settings import Ontvangst

_NOBODY: Final = (b"no gemeente has this Authorization",)


def authorized(request: Request[Any, Any, Any], settings: Ontvangst) -> bool:
    """Compare in constant time with everything that is accepted: while a secret is replaced, the old and the new one."""
    given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
    accepted = [value.encode() for value in settings.aanvaard] or _NOBODY
    return any([hmac.compare_digest(given, value) for value in accepted])  # noqa: C419 - all, so that time tells nothing


async def body_of(request: Request[Any, Any, Any], most_bytes: int) -> bytes | None:
    """Return the body, None as soon as it turns out to be too large."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most_bytes:
            return None
    return bytes(received)
