# SPDX-License-Identifier: EUPL-1.2
"""What one fetch of a zaak brought home, and the notifications that asked for it. Data only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.zaak.client import resource_key
from connectors.zaak.herkomst import Zaakbeeld

Json = Mapping[str, Any]
SOORT_VAN_PAD: Final[Mapping[str, str]] = {
    "zaken": "zaak",
    "statussen": "status",
    "rollen": "rol",
    "resultaten": "resultaat",
    "zaakobjecten": "zaakobject",
    "zaakeigenschappen": "zaakeigenschap",
    "klantcontacten": "klantcontact",
}
LEESACTIES: Final = frozenset({"list", "retrieve"})
_REFUSED: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Melding:
    """A notification as it was stored: a hint that something about the zaak may have changed.

    ``id``: SHA-256 of its content. ``aantal``: how often it came. ``open``: no fetch that began after it has settled it.
    """

    id: str
    resource: str
    resource_url: str
    actie: str
    aanmaakdatum: str
    aantal: int = 1
    open: bool = True

    @property
    def key(self) -> str:
        """Return the resource key it is about."""
        return resource_key(self.resource_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundel:
    """A zaak that is there. ``objecten`` and ``weg`` are by resource key; ``weg``: the API itself says 404.

    ``trail``: the audit trail, oldest first; None when our credentials may not read it.
    """

    zaak: Json
    trail: Sequence[Json] | None = None
    objecten: Mapping[str, Json] = field(default_factory=dict)
    weg: frozenset[str] = frozenset()
    typen: Mapping[str, Json] = field(default_factory=dict)
    aanvragen: Mapping[str, Json] = field(default_factory=dict)


def soort_van_key(key: str) -> str:
    """Return the resource a key is of, e.g. ``rol``; empty for what we do not know."""
    parts = key.split("/")
    return SOORT_VAN_PAD.get(parts[-2], "") if len(parts) > 1 else ""


def in_volgorde(trail: Iterable[Json]) -> list[Json]:
    """Return the entries that changed something, oldest first; equal times keep the order of the source."""
    changes = [entry for entry in trail if str(entry.get("actie", "")).lower() not in LEESACTIES and _succeeded(entry)]
    return sorted(changes, key=lambda entry: str(entry.get("aanmaakdatum", "")))


def na(entry: Json) -> Json | None:
    """Return the state of the resource after an entry, None when it says none."""
    changes = entry.get("wijzigingen")
    found = changes.get("nieuw") if isinstance(changes, Mapping) else None
    return found if isinstance(found, Mapping) and found else None


def voor(entry: Json) -> Json | None:
    """Return the state of the resource before an entry, None when it says none."""
    changes = entry.get("wijzigingen")
    found = changes.get("oud") if isinstance(changes, Mapping) else None
    return found if isinstance(found, Mapping) and found else None


def genoemd(zaak: Json) -> Iterator[str]:
    """Yield the resource keys of all objects a zaak names."""
    for name in ("rollen", "zaakobjecten", "eigenschappen"):
        urls = zaak.get(name)
        yield from filter(None, (resource_key(str(url)) for url in (urls if isinstance(urls, Sequence) else ())))
    for name in ("status", "resultaat"):
        key = resource_key(str(zaak.get(name) or ""))
        if key:
            yield key


def levend(trail: Iterable[Json]) -> dict[str, Json]:
    """Return the objects that exist at the end of a trail, by resource key, as their last entry left them."""
    found: dict[str, Json] = {}
    for entry in in_volgorde(trail):
        key, state = resource_key(str(entry.get("resourceUrl", ""))), na(entry)
        if str(entry.get("actie", "")).lower() == "destroy":
            found.pop(key, None)
        elif state is not None:
            found[key] = state
    return found


def beeld_van(bundel: Bundel) -> Zaakbeeld:
    """Return the zaak as it stands: what was fetched goes before what the trail says."""
    objecten = levend(bundel.trail or ()) | dict(bundel.objecten)
    present = {key: value for key, value in objecten.items() if key not in bundel.weg}

    def of(soort: str) -> dict[str, Json]:
        return {key: value for key, value in present.items() if soort_van_key(key) == soort}

    return Zaakbeeld(
        zaak=bundel.zaak,
        rollen=of("rol"),
        statussen=of("status"),
        zaakobjecten=of("zaakobject"),
        eigenschappen=of("zaakeigenschap"),
        aanvragen=bundel.aanvragen,
    )


def _succeeded(entry: Json) -> bool:
    resultaat = entry.get("resultaat")
    return not isinstance(resultaat, int) or resultaat < _REFUSED
