# SPDX-License-Identifier: EUPL-1.2
"""What the measurements share: a table of ratios, and bare loops that show the raw limit of the same run."""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[1]
RIJEN: list[Rij] = []


@dataclass(frozen=True)
class Rij:
    """One line of the table: what, measured, the raw limit beside it, what it must reach, and if it did (None: unknown)."""

    wat: str
    gemeten: str
    ruw: str
    verhouding: str
    doel: str
    gehaald: bool | None


def noteer(wat: str, *, gemeten: str, ruw: str, verhouding: str, doel: str, gehaald: bool | None) -> None:
    """Keep one line for the table that is printed at the end."""
    RIJEN.append(Rij(wat, gemeten, ruw, verhouding, doel, gehaald))


def tijd_s(work: Callable[[], object]) -> float:
    """Return how long ``work`` took, in seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@contextmanager
def draaiend(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script of this folder as a process, and end it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS.parent), str(_TESTS)])}
    command = [sys.executable, str(_TESTS / "bench" / script), *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def proces(script: str, *arguments: str) -> dict[str, Any]:
    """Run a measurement in a process of its own and return what it printed."""
    with draaiend(script, *arguments) as process:
        return uitkomst(process)


def uitkomst(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a measurement; return the JSON of its last line."""
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    assert process.wait() == 0, process.args
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def best(script: str, *arguments: str, keer: int = 3) -> dict[str, Any]:
    """Return the fastest of a few runs: what slows a run down is the machine, not the program."""
    return min((proces(script, *arguments) for _ in range(keer)), key=lambda run: float(run["seconds"]))


def om_en_om(variants: Sequence[Callable[[], float]], *, keer: int, seed: int = 1) -> list[float]:
    """Run each variant ``keer`` times in shuffled order, so that a busy moment hits all alike; return the medians."""
    order = [number for number in range(len(variants)) for _ in range(keer)]
    random.Random(seed).shuffle(order)
    took: list[list[float]] = [[] for _ in variants]
    for number in order:
        took[number].append(variants[number]())
    return [statistics.median(values) for values in took]


def per_s(count: int, seconds: float) -> str:
    """Return a rate as text."""
    return f"{count / seconds:,.0f}/s".replace(",", " ")


def percentiel(values: Sequence[float], which: float) -> float:
    """Return the value that ``which`` per cent of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * which / 100) - 1)]
