# SPDX-License-Identifier: EUPL-1.2
"""Where log lines go."""

from __future__ import annotations

import io
import json
import sys

import structlog

from hub import logs

log = structlog.get_logger()


def test_a_line_goes_to_what_is_standard_error_when_it_is_written(monkeypatch):
    """Not to a stream of before, which may be closed: the line would be an error in the midst of the work it tells of."""
    before = io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    logs.configure()
    log.info("eerst")
    before.close()
    now = io.StringIO()
    monkeypatch.setattr(sys, "stderr", now)
    log.info("daarna")
    assert json.loads(now.getvalue())["event"] == "daarna"
