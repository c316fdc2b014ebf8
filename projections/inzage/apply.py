# SPDX-License-Identifier: EUPL-1.2
"""What was read about one person, from that person's own stream alone. Pure.

One row per person, so what was read about a partner, a child or a resident of the same address stands in their row and can
appear on nobody else's page. The record holds no personal data but that it was read; it stays for twenty years (Wet BRP
3.11), while what was read may be destroyed long before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.plugins import Apply, ProjectedEvent, Row

GERAADPLEEGD: Final = "nl.wissel.brp.geraadpleegd.v1"


def _read(row: Row | None, event: ProjectedEvent) -> Row:
    data = event.data
    lezing = [
        event.time_us,
        data["bron"],
        data["doelbinding"],
        data["verwerking"],
        data["gebruikerSoort"],
        sorted({veld.partition(".")[0] for veld in data["velden"]}),
        data.get("zaak"),
    ]
    return {"lezingen": [*(row["lezingen"] if row else ()), lezing]}


HANDLERS: Final[Mapping[str, Apply]] = {GERAADPLEEGD: _read}
