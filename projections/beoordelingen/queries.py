# SPDX-License-Identifier: EUPL-1.2
"""Finding one decision."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from hub.errors import NotFound
from hub.plugins import Hub

NAME: Final = "beoordelingen"


def beoordeling(hub: Hub, gemeente: str, id_: UUID | str) -> tuple[str, dict[str, Any]]:
    """Return (zaak uuid, decision); NotFound when this gemeente has no such decision."""
    found = hub.read_model(NAME).linked(gemeente, "beoordeling", str(id_))
    if not found:
        raise NotFound("Deze beoordeling is hier niet bekend. Kijk of het id klopt.")
    _, row = found[0]
    return row["zaak"], row["beoordelingen"][str(id_)]
