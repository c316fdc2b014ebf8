# SPDX-License-Identifier: EUPL-1.2
"""What changed between two states of a zaak itself: which facts that gives. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.zaak import feitbouw
from connectors.zaak.boek import Boek
from connectors.zaak.feitbouw import Concept
from connectors.zaak.stand import AFGELEID, canonical, sha256

Json = Mapping[str, Any]


def changed_between(before: Json, after: Json) -> set[str]:
    """Return the own fields that two states of a zaak both have and that differ."""
    differing = {name for name in before.keys() & after.keys() if before[name] != after[name]} - AFGELEID
    return {name for name in differing if canonical(before[name]) != canonical(after[name])}


def changed_fields(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return the same from what was kept: a field that only a newer API version has is no change."""
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}


def change_concepts(boek: Boek, zaak: Json, changed: set[str], *, initial: bool = False) -> list[Concept]:
    """Return the facts for the fields ``changed``: opschorting and verlenging by name, the others as one change.

    ``initial``: at registration, when the other fields are part of the registration itself.
    """
    found, rest = [], set(changed)
    suspended = bool((zaak.get("opschorting") or {}).get("indicatie"))
    if "opschorting" in rest and suspended != boek.stand.opgeschort:
        boek.stand.opgeschort = suspended
        found.append(feitbouw.opschorting(zaak, boek.omgeving))
        rest.discard("opschorting")
    extension = sha256(zaak["verlenging"]) if (zaak.get("verlenging") or {}).get("duur") else ""
    if "verlenging" in rest and extension and extension != boek.stand.verlengd:
        boek.stand.verlengd = extension
        found.append(feitbouw.verlenging(zaak, boek.omgeving))
        rest.discard("verlenging")
    if rest and not initial:
        found.append(feitbouw.bijgewerkt(zaak, sorted(rest), boek.omgeving))
    return found
