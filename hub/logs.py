# SPDX-License-Identifier: EUPL-1.2
"""Structured logs: one JSON object per line, a fact in snake_case and its values; no BSN gets through."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from hub.privacy import mask_bsns


def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every number that passes the elfproef in every text of a log line."""
    return {key: mask_bsns(value) if isinstance(value, str) else value for key, value in event.items()}


def configure(*, level: str = "INFO") -> None:
    """Write logs to standard error, the program's own output stays clean; to what that is when a line is written."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # httpx logs request lines, and one of those holds a BSN
