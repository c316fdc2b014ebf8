# SPDX-License-Identifier: EUPL-1.2
"""The rule that a type belongs to the zaaktype of the zaak (zrc-016 to zrc-020)."""

from __future__ import annotations

from connectors.zaak.simulator.state import Dossier
from connectors.zaak.simulator.web import Json, invalid_field


def type_of(dossier: Dossier, kind: str, url: str, name: str) -> Json:
    """Return the type at ``url``; ApiError 400 when there is none or it belongs to another zaaktype."""
    found = dossier.gemeente.catalogus.get(kind, url)
    if found is None:
        raise invalid_field(name, "bad-url", f"De URL geeft geen {name}.")
    if found["zaaktype"] != dossier.zaak.data["zaaktype"]:
        reason = "De referentie hoort niet bij het zaaktype van de zaak."
        raise invalid_field("nonFieldErrors", "zaaktype-mismatch", reason)
    return found
