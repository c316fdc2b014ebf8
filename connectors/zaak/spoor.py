# SPDX-License-Identifier: EUPL-1.2
"""Facts from the audit trail of a zaak: one entry, one fact of the zaaksysteem, under the entry's own id. Pure.

The audit trail matches the notifications one to one, in order, with stable uuids (measured on Open Zaak 1.21).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.zaak import feitbouw
from connectors.zaak.boek import CREATE, DESTROY, UPDATES, Boek, entry_id
from connectors.zaak.bundel import Bundel, in_volgorde, na, soort_van_key, voor
from connectors.zaak.client import resource_key
from connectors.zaak.feitbouw import AFGESLOTEN, HEROPEND, OVERIG, Concept
from connectors.zaak.stand import state_sha256, velden_van
from connectors.zaak.tijd import amsterdam_date
from connectors.zaak.zaakwijziging import change_concepts, changed_between, changed_fields

Json = Mapping[str, Any]
# What somebody may change of a zaak outside its API and what a reader of the stream would miss.
_TELLING: Final = frozenset(
    {
        "zaaktype",
        "omschrijving",
        "toelichting",
        "communicatiekanaal",
        "vertrouwelijkheidaanduiding",
        "einddatumGepland",
        "uiterlijkeEinddatumAfdoening",
        "opschorting",
        "verlenging",
    }
)


def publish_trail(boek: Boek, bundel: Bundel) -> None:
    """Write down every entry that was not handled yet, up to the end of the trail."""
    handled = set(boek.stand.spoor)
    last_zaak: Json | None = None
    for entry in in_volgorde(bundel.trail or ()):
        if entry_id(entry) in handled:
            continue
        boek.stand.spoor.append(entry_id(entry))
        soort = str(entry.get("resource", "")).strip().lower()
        key = resource_key(str(entry.get("resourceUrl", "")))
        concepts = _concepts(boek, entry, soort, key, bundel)
        if concepts:
            boek.uit_spoor(entry, concepts, key=key, soort=soort)
        _remember(boek, entry, soort, key)
        last_zaak = (na(entry) or bundel.zaak) if soort == "zaak" else last_zaak
    if last_zaak is not None:
        boek.stand.velden = velden_van(last_zaak)


def zaak_unexplained(bundel: Bundel) -> bool:
    """Return True when the zaak reads as no entry of the trail left it: the trail is behind, or somebody went round it."""
    now = _telling(bundel.zaak)
    entries = [entry for entry in bundel.trail or () if str(entry.get("resource", "")).lower() == "zaak"]
    states = (na(entry) for entry in reversed(entries))  # the last one is nearly always the one
    return not any(state is not None and not changed_fields(_telling(state), now) for state in states)


def untold_fields(boek: Boek, bundel: Bundel) -> set[str]:
    """Return the fields of the zaak itself that changed and of which no entry tells: an edit in the source's own admin."""
    return changed_fields(boek.stand.velden, _telling(bundel.zaak)) if zaak_unexplained(bundel) else set()


def _telling(zaak: Json) -> dict[str, str]:
    return velden_van({name: value for name, value in zaak.items() if name in _TELLING})


def tells_registration(bundel: Bundel) -> bool:
    """Return True when the trail holds the registration of the zaak: an imported zaak has a trail that begins later."""
    return any(
        str(entry.get("resource", "")).lower() == "zaak" and _actie(entry) == CREATE
        for entry in in_volgorde(bundel.trail or ())
    )


def trail_states(bundel: Bundel) -> dict[str, set[str]]:
    """Return every state each fetched object had according to the trail, as SHA-256s by resource key."""
    found: dict[str, set[str]] = {}
    for entry in (bundel.trail or ()) if bundel.objecten else ():
        key = resource_key(str(entry.get("resourceUrl", "")))
        for state in (voor(entry), na(entry)):
            if state is not None and key in bundel.objecten:
                found.setdefault(key, set()).add(state_sha256(soort_van_key(key), state))
    return found


def unexplained(bundel: Bundel) -> bool:
    """Return True when a fetched object has a state no entry of the trail knows: the trail is behind, or has gaps."""
    states = trail_states(bundel)
    return any(state_sha256(soort_van_key(key), found) not in states.get(key, ()) for key, found in bundel.objecten.items())


def _actie(entry: Json) -> str:
    return str(entry.get("actie", "")).strip().lower()


def _concepts(boek: Boek, entry: Json, soort: str, key: str, bundel: Bundel) -> list[Concept]:
    actie = _actie(entry)
    if soort == "zaak":
        return _zaak_concepts(boek, entry, actie, bundel)
    if soort not in feitbouw.GEZET or actie not in {CREATE, DESTROY, *UPDATES}:
        return [Concept(type=OVERIG, data={"resource": str(entry.get("resource", "")), "actie": actie})]
    if actie == DESTROY:
        return [Concept(type=feitbouw.WEG[soort])]
    if actie == CREATE and boek.bekend(key):
        return []  # it was seen at the object before the trail told of it, and one fact is one event
    resource = na(entry) or bundel.objecten.get(key)
    if resource is None:
        return [Concept(type=OVERIG, data={"resource": soort, "actie": actie})]
    concept = feitbouw.gezet(soort, resource, boek.omgeving)
    return [concept, *_closing(boek, resource)] if soort == "status" else [concept]


def _zaak_concepts(boek: Boek, entry: Json, actie: str, bundel: Bundel) -> list[Concept]:
    if actie == CREATE and not boek.stand.bekend:
        zaak = {**bundel.zaak, **(na(entry) or {})}
        first = feitbouw.geregistreerd(zaak, boek.omgeving, gesloten=boek.stand.gesloten_bij_eerste)
        return [first, *change_concepts(boek, zaak, {"opschorting", "verlenging"}, initial=True)]
    if actie not in UPDATES:
        return []
    after, before = na(entry) or bundel.zaak, voor(entry)
    changed = changed_between(before, after) if before else changed_fields(boek.stand.velden, velden_van(after))
    found = change_concepts(boek, after, changed)
    return found or [feitbouw.bijgewerkt(after, [], boek.omgeving)]  # an entry is a fact, also when nothing differs


def _closing(boek: Boek, status: Json) -> list[Concept]:
    """Return what a status does to the zaak: an eindstatus closes it (zrc-007), another one opens it again (zrc-008)."""
    closes = feitbouw.is_eindstatus(status, boek.omgeving)
    if closes == boek.stand.gesloten:
        return []
    boek.stand.gesloten = closes
    if not closes:
        return [Concept(type=HEROPEND, van_hub=True)]
    return [Concept(type=AFGESLOTEN, data={"einddatum": amsterdam_date(status.get("datumStatusGezet"))}, van_hub=True)]


def _remember(boek: Boek, entry: Json, soort: str, key: str) -> None:
    """Keep what the state is after an entry, so that what is fetched can be compared with it."""
    resource = na(entry)
    if soort == "zaak":
        boek.bron(key, soort).weg = False
    elif soort in feitbouw.GEZET:
        bron = boek.bron(key, soort)
        bron.weg = _actie(entry) == DESTROY
        bron.sha256 = boek.sha256(soort, resource) if resource is not None else bron.sha256
