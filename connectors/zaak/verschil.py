# SPDX-License-Identifier: EUPL-1.2
"""What a list of zaken already tells about a zaak we know: whether it can still be as it was when it was fetched. Pure.

A difference is a reason to fetch the zaak, never a conclusion. No difference proves nothing where there is an audit
trail: a status that was set and a rol that was replaced twice may leave a zaak looking the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from connectors.zaak.boek import entry_id, sealed_sha256
from connectors.zaak.bundel import in_volgorde, soort_van_key
from connectors.zaak.client import resource_key
from connectors.zaak.stand import Stand, sha256
from hub.besloten import Pseudonym

Json = Mapping[str, Any]
UITGEKLAPT: Final = ("status", "resultaat", "rollen", "zaakobjecten", "eigenschappen")
_MOVES_BY_LOOKING: Final = frozenset({"_expand", "laatstGemuteerd", "laatstGeopend"})
_LISTS: Final = frozenset({"rollen", "zaakobjecten", "eigenschappen", "zaakinformatieobjecten", "deelzaken"})


def beeld_van_zaak(zaak: Json) -> str:
    """Return a SHA-256 of all a zaak says about itself and which objects it has, however the source orders those."""
    own = {name: value for name, value in zaak.items() if name not in _MOVES_BY_LOOKING}
    return sha256({name: sorted(map(str, value or ())) if name in _LISTS else value for name, value in own.items()})


def verschilt(stand: Stand, zaak: Json, pseudonym: Pseudonym) -> bool:
    """Return True when a zaak as a list gives it is not as it was fetched last."""
    if stand.beeld and stand.beeld != beeld_van_zaak(zaak):
        return True
    moved = str(zaak.get("laatstGemuteerd") or "")
    if moved and stand.gemuteerd and moved != stand.gemuteerd:
        return True
    return any(verschilt_object(stand, item, pseudonym) for item in _uitgeklapt(zaak))


def verschilt_object(stand: Stand, item: Json, pseudonym: Pseudonym) -> bool:
    """Return True when an object of a zaak is not known, or not in the state it has now."""
    key = resource_key(str(item.get("url", "")))
    soort = soort_van_key(key)
    known = stand.bronnen.get(key)
    if not soort:
        return False
    return known is None or known.weg or (known.sha256 != "" and known.sha256 != sealed_sha256(soort, item, pseudonym))


def onverwerkt(stand: Stand, trail: Iterable[Json]) -> list[Json]:
    """Return the entries of an audit trail that were not published yet."""
    handled = set(stand.spoor)
    return [entry for entry in in_volgorde(trail) if entry_id(entry) not in handled]


def _uitgeklapt(zaak: Json) -> Iterator[Json]:
    found = zaak.get("_expand")
    if not isinstance(found, Mapping):
        return
    for name in UITGEKLAPT:
        value = found.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield item
