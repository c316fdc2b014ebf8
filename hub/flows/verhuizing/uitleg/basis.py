# SPDX-License-Identifier: EUPL-1.2
"""The form of an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALGEMEEN: Final = "Een medewerker kijkt uw aangifte na. U hoeft nu niets te doen."


@dataclass(frozen=True, slots=True)
class Reden:
    """A reason: its code, what the official reads, what the resident reads, and the article of law or "beleid"."""

    code: str
    tekst_medewerker: str
    tekst_inwoner: str
    grondslag: str


def reden(code: str, medewerker: str, grondslag: str = "beleid", inwoner: str = ALGEMEEN) -> Reden:
    """Return a reason; without a text of its own the resident reads the general one."""
    return Reden(code, medewerker, inwoner, grondslag)
