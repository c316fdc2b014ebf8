# SPDX-License-Identifier: EUPL-1.2
"""What each reason means: for the official, and for the resident what to do and what to bring. Dutch at level B1.

A resident never reads that a mark, a list or somebody else's registration played a part: there the text is the general one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.flows.verhuizing.uitleg import adres, personen
from hub.flows.verhuizing.uitleg.basis import ALGEMEEN, Reden

REDENEN: Final[Mapping[str, Reden]] = {reden.code: reden for reden in (*personen.REDENEN, *adres.REDENEN)}

_ONBEKEND = "Deze reden heeft geen uitleg in deze versie: {code}."


def uitleg(code: str) -> Reden:
    """Return what a reason code means; a code of another version gets a general text, never an error."""
    return REDENEN.get(code) or Reden(code, _ONBEKEND.format(code=code), ALGEMEEN, "beleid")


__all__ = ["ALGEMEEN", "REDENEN", "Reden", "uitleg"]
