# SPDX-License-Identifier: EUPL-1.2
"""The W3C trace context (``traceparent``): one trace from a notification to the registry and back, kept in the events.

What an event carries goes on in what follows from it; every call to another system gets a span of its own within the trace.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import structlog

_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def read(header: str | None) -> str | None:
    """Return a traceparent of another system as we go on with it, None when it is none (W3C Trace Context, 2.2)."""
    match = _FORM.fullmatch((header or "").strip())
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    if set(match[2]) == {"0"} or set(match[3]) == {"0"}:
        return None
    return f"00-{match[2]}-{match[3]}-{match[4]}"


def begin() -> str:
    """Return the traceparent of a trace that begins here."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child(traceparent: str | None) -> str | None:
    """Return a span of its own within a trace, for a call to another system."""
    return f"{traceparent[:36]}{secrets.token_hex(8)}{traceparent[52:]}" if traceparent else None


def current() -> str | None:
    """Return the trace that the work at hand belongs to."""
    return _current.get()


@contextmanager
def follow(traceparent: str | None) -> Iterator[None]:
    """Let the work inside belong to a trace; its log lines name it."""
    token = _current.set(traceparent)
    try:
        if traceparent is None:
            yield
            return
        with structlog.contextvars.bound_contextvars(trace=traceparent[3:35]):
            yield
    finally:
        _current.reset(token)
