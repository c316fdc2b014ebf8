# SPDX-License-Identifier: EUPL-1.2
"""Gemeente codes that merged (national table 33): which code an older one had become on a day.

Who lived in a gemeente that merged and moves within what it became has not left it. The table is not part of Wissel: it
changes every January and is published by RvIG. A gemeente names its own copy in the settings (``tabel33_bestand``).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NEEDED: Final = ("gemeente_code", "nieuwe_gemeente_code", "einddatum")
_LONGEST_CHAIN: Final = 20  # a gemeente that merged more often than this is a loop in the file


@dataclass(frozen=True, slots=True)
class Herindelingen:
    """``opvolgers``: code -> (the code it became, the first day of that as YYYYMMDD)."""

    opvolgers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def op(self, code: str, dag: str) -> str:
        """Return the code that ``code`` had become on ``dag`` (YYYYMMDD); an unknown day: today's."""
        for _ in range(_LONGEST_CHAIN):
            opvolger = self.opvolgers.get(code)
            if opvolger is None or (dag and opvolger[1] > dag):
                return code
            code = opvolger[0]
        return code


GEEN: Final = Herindelingen()


def lees_tabel33(path: Path) -> Herindelingen:
    """Read table 33 as CSV with at least gemeente_code, nieuwe_gemeente_code and einddatum. ValueError says what is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in _NEEDED if name not in (rows.fieldnames or ())]:
                raise ValueError(f"tabel33_bestand: {path} heeft geen kolom {', '.join(missing)}; geef tabel 33 als CSV")
            found = {
                row["gemeente_code"]: (row["nieuwe_gemeente_code"], row["einddatum"])
                for row in rows
                if row["nieuwe_gemeente_code"] and row["einddatum"]
            }
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise ValueError(f"tabel33_bestand: {path} is niet te lezen ({type(fault).__name__})") from fault
    return Herindelingen(found)
