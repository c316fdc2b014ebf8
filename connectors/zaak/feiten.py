# SPDX-License-Identifier: EUPL-1.2
"""From what was published before and what a fetch brought home to the facts that are new. Pure (design R11, section 3).

With an audit trail its entries are the facts, in its order and always up to its end; what the trail does not tell (a
zaak that was imported, resources the source does not audit) is added from the objects. Without one the objects are all
there is: a fact then gets its time from the notification, whenever that comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.zaak.boek import DESTROY, Boek
from connectors.zaak.bundel import Bundel, Melding
from connectors.zaak.feitbouw import VERWIJDERD, Concept, Omgeving
from connectors.zaak.objecten import publish_objects, publish_untold, publish_zaak
from connectors.zaak.spoor import publish_trail, tells_registration, untold_fields
from connectors.zaak.stand import Stand
from connectors.zaak.verschil import beeld_van_zaak
from hub.events import NewEvent

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Uitslag:
    """What a fetch gives: events in the order in which they must be put down, and the new state of what is published."""

    events: Sequence[NewEvent]
    stand: Stand


def leid_af(
    stand: Stand, bundel: Bundel, meldingen: Sequence[Melding], omgeving: Omgeving, *, aangifte: Concept | None = None
) -> Uitslag:
    """Return the new facts about a zaak that is there. ``aangifte``: the declaration it holds, None when it holds none."""
    boek = Boek(stand, omgeving, meldingen, zaak_url=str(bundel.zaak.get("url", "")))
    first = not stand.bekend
    boek.stand.eerste_404, boek.stand.verwijderd = "", False
    boek.stand.beeld, boek.stand.gemuteerd = beeld_van_zaak(bundel.zaak), str(bundel.zaak.get("laatstGemuteerd") or "")
    if not stand.regel:
        boek.stand.regel = "objecten" if bundel.trail is None else "audittrail"
    if first:  # also a zaak that came back, e.g. from a backup of the zaaksysteem
        boek.stand.gesloten_bij_eerste = bool(bundel.zaak.get("einddatum"))
    with_trail = boek.stand.regel == "audittrail"
    from_object = not with_trail or (first and not tells_registration(bundel))
    if from_object:
        publish_zaak(boek, bundel.zaak)
    if with_trail:
        publish_trail(boek, bundel)
        publish_untold(boek, bundel, untold_fields(boek, bundel))
    publish_objects(boek, bundel, closing=from_object)
    boek.late_ontvangsten()
    if aangifte is not None:
        boek.aangifte(aangifte)
    return Uitslag(boek.events, boek.stand)


def leid_verwijdering_af(
    stand: Stand, meldingen: Sequence[Melding], omgeving: Omgeving, *, zaak_url: str, bewijs: str
) -> Uitslag:
    """Return what follows from a zaak that no longer exists: that it is gone, and each notification nobody can read."""
    boek = Boek(stand, omgeving, meldingen, zaak_url=zaak_url)
    for melding in boek.meldingen:
        if melding.key == boek.zaak_key and melding.actie == DESTROY:
            _publish_removal(boek, bewijs)
        elif melding.open and not boek.bekend(melding.key):
            boek.zonder_inhoud(melding)
    _publish_removal(boek, bewijs)
    boek.late_ontvangsten()
    return Uitslag(boek.events, boek.stand)


def _publish_removal(boek: Boek, bewijs: str) -> None:
    if boek.stand.verwijderd:
        return
    boek.stand.verwijderd = True
    boek.waargenomen(
        Concept(type=VERWIJDERD, data={"bewijs": bewijs}),
        key=boek.zaak_key,
        soort="zaak",
        url=boek.zaak_url,
        sha="",
        actie=DESTROY,
    )
    boek.bron(boek.zaak_key, "zaak").weg = True
