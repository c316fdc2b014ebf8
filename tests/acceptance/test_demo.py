# SPDX-License-Identifier: EUPL-1.2
"""The whole story as its own processes: reproducible, nothing lost, nothing twice, and no BSN where it may not be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.burgerzaken.simulator import SimulatorConfig, create_app
from hub.privacy import elfproef

pytestmark = [pytest.mark.demo, pytest.mark.timeout(400)]
MOVES = 40
_NINE = re.compile(rb"(?<!\d)\d{9}(?!\d)")


def speel(folder: Path, *options: str) -> dict:
    """Run the demo in a process of its own; return its last line."""
    arguments = [
        "demo",
        "--exit",
        "--json",
        "--moves",
        str(MOVES),
        "--seed",
        "7",
        "--port",
        "0",
        "--map",
        str(folder),
        *options,
    ]
    done = subprocess.run([sys.executable, "-m", "hub", *arguments], capture_output=True, text=True, check=False, timeout=350)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def eerste(tmp_path_factory):
    """One clean run, with the files it left."""
    folder = tmp_path_factory.mktemp("demo")
    return speel(folder), folder


def test_every_move_ends_and_the_figures_add_up(eerste):
    """Plain moves are processed and confirmed; the others wait for a person or a date; nothing lost, double or parked."""
    uitslag, _ = eerste
    assert uitslag["moves"] == MOVES
    assert uitslag["groen"] + uitslag["oranje"] + uitslag["rood"] + uitslag["wachtend"] == MOVES
    assert all(uitslag[kleur] > 0 for kleur in ("groen", "oranje", "rood", "wachtend"))
    assert uitslag["verwerkt"] == uitslag["bevestigd"] == uitslag["groen"] - uitslag["steekproef"]
    assert (uitslag["verloren"], uitslag["dubbele_opdrachten"], uitslag["geparkeerd"]) == (0, 0, 0)


def test_a_hub_that_is_killed_again_and_again_decides_the_same(eerste, tmp_path):
    """With SIGKILL at random moments: the same decisions, nothing lost, nothing done twice."""
    uitslag, _ = eerste
    gestoord = speel(tmp_path, "--kill", "4")
    assert gestoord["beslissingen_sha256"] == uitslag["beslissingen_sha256"]
    assert (gestoord["verloren"], gestoord["dubbele_opdrachten"], gestoord["geparkeerd"]) == (0, 0, 0)
    assert gestoord["verwerkt"] == gestoord["bevestigd"] == gestoord["groen"] - gestoord["steekproef"]


def test_no_bsn_stands_in_any_file_the_hub_wrote(eerste):
    """A byte scan of databases, logs and settings finds no number of anybody in the simulated registry."""
    _, folder = eerste
    scanned, found = 0, []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            scanned += 1
            found += [(path.name, number) for number in _NINE.findall(path.read_bytes()) if _of_somebody(number.decode())]
    assert scanned >= 6, "the scan must have looked at the databases and the logs"
    assert not found, f"{len(found)} number(s) in {sorted({name for name, _ in found})}"


def _of_somebody(number: str) -> bool:
    """True for a number that somebody in the demo's registry has; a chance run of nine digits is nobody's."""
    return number.startswith("999") and elfproef(number)


def test_the_scan_would_see_a_number(tmp_path):
    """The scan is no empty gesture: it sees a number that stands there."""
    somebody = create_app(SimulatorConfig(seed=7, personen=2_000)).register.bevolking.bsn_van_nummer(1)
    assert _of_somebody(somebody)
    assert _NINE.findall(f"naam=Jansen;bsn={somebody};".encode()) == [somebody.encode()]
