# SPDX-License-Identifier: EUPL-1.2
"""What the measurements share: a table of ratios, and bare loops that show the raw limit of the same run."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

RIJEN: list[Rij] = []


@dataclass(frozen=True)
class Rij:
    """One line of the table: what, measured, the raw limit beside it, and what it must reach."""

    wat: str
    gemeten: str
    ruw: str
    verhouding: str
    doel: str
    gehaald: bool


def noteer(wat: str, *, gemeten: str, ruw: str, verhouding: str, doel: str, gehaald: bool) -> None:
    """Keep one line for the table that is printed at the end."""
    RIJEN.append(Rij(wat, gemeten, ruw, verhouding, doel, gehaald))


def tijd_s(work: Callable[[], object]) -> float:
    """Return how long ``work`` took, in seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


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
