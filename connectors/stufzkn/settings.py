# SPDX-License-Identifier: EUPL-1.2
"""What ``[gemeenten.<slug>.stufzkn]`` may say: how the zaaksysteem knocks, and what its messages do not tell themselves."""

from __future__ import annotations

from pydantic import Field

from hub.deur import Ontvangst


class StufZknSettings(Ontvangst):
    """The zaaksysteem of one gemeente that sends StUF-ZKN."""

    bronorganisatie: str = Field(pattern=r"^\d{9}$", description="RSIN van de gemeente, die StUF-ZKN niet meestuurt.")
    eindstatussen: tuple[str, ...] = Field(
        (),
        description="Omschrijving of code van elke status die een zaak sluit; leeg: een zaak sluit alleen met haar einddatum.",
    )
