# SPDX-License-Identifier: EUPL-1.2
"""``expand`` of the Zaken API (zrc-025): related resources in ``_expand``, down to their type."""

from __future__ import annotations

from typing import Any, Final

from connectors.zaak.simulator.state import Dossier
from connectors.zaak.simulator.web import ApiError, Json, invalid_field

# what may follow: relation of the zaak -> (kind or None for the catalogus, relation of that resource)
_PATHS: Final = frozenset(
    [
        "zaaktype",
        "status",
        "status.statustype",
        "resultaat",
        "resultaat.resultaattype",
        "rollen",
        "rollen.roltype",
        "eigenschappen",
        "eigenschappen.eigenschap",
        "zaakobjecten",
        "zaakinformatieobjecten",
        "hoofdzaak",
        "deelzaken",
    ]
)
_KINDS: Final = {
    "rollen": "rollen",
    "zaakobjecten": "zaakobjecten",
    "eigenschappen": "zaakeigenschappen",
    "status": "statussen",
    "resultaat": "resultaten",
}
_TYPES: Final = {
    "statustype": "statustypen",
    "resultaattype": "resultaattypen",
    "roltype": "roltypen",
    "eigenschap": "eigenschappen",
}


def expanded(dossier: Dossier, expand: str) -> Json:
    """Return ``_expand`` for the comma-separated paths; ApiError 400 for an unknown one."""
    paths = [path.strip() for path in expand.split(",") if path.strip()]
    unknown = [path for path in paths if path not in _PATHS]
    if unknown:
        raise _unknown(unknown)
    found = {path: _relation(dossier, path, paths) for path in paths if "." not in path}
    return {path: value for path, value in found.items() if value is not None}


def _relation(dossier: Dossier, name: str, paths: list[str]) -> Any:
    if name == "zaaktype":
        return dossier.gemeente.catalogus.get("zaaktypen", dossier.zaak.data["zaaktype"])
    if name == "hoofdzaak":
        main = dossier.gemeente.dossier_at(dossier.zaak.data["hoofdzaak"])
        return main.zaak.data if main else None
    if name not in _KINDS:
        return []
    deeper = [path.partition(".")[2] for path in paths if path.startswith(name + ".")]
    resources = [_with_types(dossier, resource.data, deeper) for resource in dossier.of(_KINDS[name]).values()]
    if name in {"status", "resultaat"}:
        return next((data for data in resources if data["url"] == dossier.zaak.data[name]), None)
    return resources


def _with_types(dossier: Dossier, data: Json, deeper: list[str]) -> Json:
    if not deeper:
        return data
    types = {name: dossier.gemeente.catalogus.get(_TYPES[name], data[name]) for name in deeper}
    return {**data, "_expand": types}


def _unknown(paths: list[str]) -> ApiError:
    return invalid_field("expand", "invalid", f"Onbekende expand: {', '.join(paths)}")
