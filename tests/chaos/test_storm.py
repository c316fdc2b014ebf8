# SPDX-License-Identifier: EUPL-1.2
"""A whole installation on Kafka and PostgreSQL, struck again and again: a small storm; ``make chaos`` makes a large one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import missing

from demo import broker
from demo.postgres import MISSING, binaries

ROOT = Path(__file__).parents[2]
KILLS = 6
SEED = 1271  # broker killed, answer lost, worker killed, database killed, worker left, network cut: all short


@pytest.mark.timeout(600)
def test_no_promise_is_broken_whatever_is_killed(tmp_path: Path) -> None:
    """Workers, web process, broker and database are killed, paused and cut off while moves run; then the judge looks."""
    if lacks := broker.missing_parts() or (None if binaries() else MISSING):
        missing(lacks)
    command = [sys.executable, "-m", "chaos.storm", "--kills", str(KILLS), "--seed", str(SEED), "--bewaar", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr[-3000:]
    report = json.loads(ran.stdout.splitlines()[-1])
    assert report["schendingen"] == 0, report["voorbeelden"]
    assert report["klappen"] == KILLS
    assert report["standen_bekeken"] > KILLS
    assert report["moves"] == report["zaken"]
    assert (report["verloren"], report["dubbele_opdrachten"]) == (0, 0)
