# SPDX-License-Identifier: EUPL-1.2
"""The burgerzaken simulator as the process it is: ready in time, fast enough, silent about people, gone when told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from connectors.burgerzaken.simulator import run
from hub.privacy import mask_bsns

_REPO = Path(__file__).resolve().parents[2]
_START = [sys.executable, "-c", "from connectors.burgerzaken.simulator import run; run()"]


@pytest.fixture
def proces() -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str, str]:
        env = {**os.environ, "PYTHONPATH": str(_REPO)}
        process = subprocess.Popen(
            [*_START, "--port", "0", *arguments],
            cwd=_REPO, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        return process, found.group(), line

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


def test_it_is_ready_soon_and_stops_when_told(proces: Any) -> None:
    """One line when ready, nothing about people in what it prints, and a clean end on SIGTERM."""
    begonnen = time.monotonic()
    process, url, line = proces("--seed", "7", "--datum", "2026-03-12")
    assert time.monotonic() - begonnen < 6.0  # 3 on a machine of its own
    assert "20096 people in emmen, zwolle; 2026-03-12" in line
    with httpx.Client(base_url=url) as client:
        assert client.get("/livez").json() == {"status": "ok", "datum": "2026-03-12"}
        (aangifte,) = client.get("/simulator/aangiften", params={"gemeente": "zwolle", "aantal": 1, "geval": "gezin"}).json()
        bsn = aangifte["initiator"]["bsn"]
        answer = client.put(f"/zwolle/haalcentraal/api/brp/volgindicaties/{bsn}", json={})
        assert answer.status_code == 201
        client.get(f"/zwolle/haalcentraal/api/brp/volgindicaties/{bsn}/x")
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=10)[0]
    assert process.returncode in {0, -signal.SIGTERM}
    assert bsn not in rest
    assert mask_bsns(rest) == rest


def test_its_options_are_heard(proces: Any) -> None:
    """Each switch does what it says."""
    _, url, line = proces(
        *("--personen", "600", "--gemeenten", "emmen:0114", "--verwerkingsvertraging-s", "0", "--zonder-historie"),
        *("--levert-te-veel", "--api-key", "sleutel-van-de-test", "--vereist-header", "x-doelbinding"),
    )
    assert "in emmen;" in line
    path = "/emmen/haalcentraal/api/brp/verblijfplaatshistorie"
    with httpx.Client(base_url=url) as client:
        assert client.post(path, json={}).status_code == 401
        sleutel = {"x-api-key": "sleutel-van-de-test"}
        assert client.post(path, json={}, headers=sleutel).status_code == 403
        assert client.post(path, json={}, headers={**sleutel, "x-doelbinding": "verhuizing"}).status_code == 501
        assert client.get("/zwolle/haalcentraal/api/brp/volgindicaties", headers=sleutel).status_code == 404


@pytest.mark.parametrize("wrong", [["--gemeenten", "Emmen"], ["--personen", "0"], ["--datum", "2020-01-01"]])
def test_a_wrong_option_is_told_before_anything_starts(wrong: list[str]) -> None:
    """With what is wrong, on one screen."""
    result = CliRunner().invoke(run, wrong)
    assert result.exit_code == 2
    assert wrong[0].removeprefix("--") in result.output
