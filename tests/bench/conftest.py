# SPDX-License-Identifier: EUPL-1.2
"""Prints the table of ratios after the measurements."""

from __future__ import annotations

import pytest

from hub import logs
from tests.bench.meten import RIJEN

_SAID = {True: "gehaald", False: "NIET GEHAALD", None: "niet gemeten"}


@pytest.fixture(autouse=True)
def quiet():
    """What the hub logs while it is measured is not what is asked here; `-s` would show thousands of lines of it."""
    logs.configure(level="CRITICAL")


def pytest_terminal_summary(terminalreporter):
    """The table is the point of `make bench`: every line with its raw limit from the same run."""
    if not RIJEN:
        return
    write = terminalreporter.write_line
    write("")
    heads = ("wat", "gemeten", "ruwe grens", "verhouding", "doel", "")
    rows = [
        heads,
        *((r.wat, r.gemeten, r.ruw, r.verhouding, r.doel, _SAID[r.gehaald]) for r in RIJEN),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        write("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)))
