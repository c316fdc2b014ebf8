# SPDX-License-Identifier: EUPL-1.2
"""The simulated zaaksysteem as a process: its options, its one line, its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from connectors.zaak.simulator import ALLES, GEWOON, run
from connectors.zaak.simulator.command import config_of

SECRET = "een-geheim-dat-alleen-deze-test-kent"
START = "from connectors.zaak.simulator import run; run()"


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; give the process and the line it prints when ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "WISSEL_SIM_SECRET": SECRET},
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_says_once_that_it_is_ready_and_ends_cleanly() -> None:
    """One line with its address; SIGTERM ends it with exit code 0 and nothing more printed."""
    with started("--seed", "7", "--gemeenten", "emmen:0114") as (process, line):
        url = line.split()[3]
        assert line.startswith("zaaksysteem klaar op http://127.0.0.1:")
        assert httpx.get(f"{url}/livez").json() == {"status": "ok"}
        assert httpx.get(f"{url}/simulator/boeken").json()["seed"] == 7
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    """No traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(run, ["--port", port, "--client-secret", SECRET])
    assert result.exit_code == 1
    assert "choose another --port" in result.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "client-secret"),
        (["--client-secret", SECRET, "--gemeenten", "emmen"], "slug:waarde"),
        (["--client-secret", SECRET, "--bronorganisatie", "assen:999990019"], "no such gemeente: assen"),
        (["--client-secret", SECRET, "--verlies", "2"], "verlies"),
        (["--client-secret", SECRET, "--api-versie", "2.0"], "api-versie"),
    ],
)
def test_wrong_options_are_refused(options: list[str], complaint: str) -> None:
    """With the option that is wrong."""
    result = CliRunner(env={"WISSEL_SIM_SECRET": ""}).invoke(run, ["--port", "0", *options])
    assert result.exit_code == 2
    assert complaint in result.output


def test_every_option_reaches_the_config() -> None:
    """Nothing that can be asked for is dropped on the way."""
    arguments = (
        "--client-secret geheim --seed 9 --gemeenten emmen:0114 --bronorganisatie emmen:999990019 --variant echt "
        "--api-versie 1.7.0 --datum 2030-02-03 --zonder-audittrail --audittrail-gaten --meer-initiatoren --verlies 0.1 "
        "--dubbel 0.2 --herordenen 0.3 --vertraging-max-s 4 --herhaal-basis-s 5 --herhaal-max-s 6 --client-id hub "
        "--beheer-id baas --objecten-token t --verschuiving-s -3.5"
    )
    context = run.make_context("zaaksysteem", arguments.split())
    options = {name: value for name, value in context.params.items() if name not in {"host", "port"}}
    config = config_of(options, "http://x.test")
    assert (config.seed, config.variant, config.api_versie, config.datum) == (9, "echt", "1.7.0", date(2030, 2, 3))
    assert config.gemeenten[0].bronorganisatie == "999990019"
    assert [(client.client_id, client.scopes) for client in config.clients] == [("hub", GEWOON), ("baas", ALLES)]
    assert (config.storing.audittrail, config.storing.audittrail_gaten, config.meer_initiatoren) == (False, True, True)
    faults = config.storing.notificaties
    assert (faults.verlies, faults.dubbel, faults.herordenen, faults.vertraging_max_s) == (0.1, 0.2, 0.3, 4)
    assert config.verschuiving_s == -3.5
    assert (config.aflevering.basis_s, config.aflevering.max_s, config.objecten_token) == (5, 6, "t")
