# SPDX-License-Identifier: EUPL-1.2
"""Facts from the objects themselves, where there is no audit trail or it does not tell of them. Pure.

The id of such a fact follows from the resource, the type, the previous fact of that resource and type, and the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.zaak import feitbouw
from connectors.zaak.boek import CREATE, DESTROY, UPDATE, Boek
from connectors.zaak.bundel import Bundel, Melding, soort_van_key
from connectors.zaak.client import resource_key
from connectors.zaak.feitbouw import AFGESLOTEN, HEROPEND, Concept
from connectors.zaak.spoor import trail_states
from connectors.zaak.stand import sha256, state_sha256, velden_van
from connectors.zaak.tijd import utc
from connectors.zaak.zaakwijziging import change_concepts, changed_fields

Json = Mapping[str, Any]
_RANK: Final = {soort: rank for rank, soort in enumerate(("rol", "zaakobject", "zaakeigenschap", "status", "resultaat"))}
_UNKNOWN_TIME: Final = "9999"


def publish_zaak(boek: Boek, zaak: Json) -> None:
    """Write down that the zaak is there, or what of it changed since it was last seen."""
    now = velden_van(zaak)
    if boek.stand.bekend:
        concepts, actie = change_concepts(boek, zaak, changed_fields(boek.stand.velden, now)), UPDATE
    else:
        first = feitbouw.geregistreerd(zaak, boek.omgeving, gesloten=boek.stand.gesloten_bij_eerste)
        concepts = [first, *change_concepts(boek, zaak, {"opschorting", "verlenging"}, initial=True)]
        actie = CREATE
    boek.stand.velden = now
    boek.bron(boek.zaak_key, "zaak").weg = False
    sha = boek.sha256("zaak", zaak)
    for concept in concepts:
        boek.waargenomen(concept, key=boek.zaak_key, soort="zaak", url=boek.zaak_url, sha=sha, actie=actie)


def publish_untold(boek: Boek, bundel: Bundel, fields: set[str]) -> None:
    """Write down what changed of the zaak itself outside its API, beside a trail that does not tell of it."""
    if not fields:
        return
    sha = boek.sha256("zaak", bundel.zaak)
    for concept in change_concepts(boek, bundel.zaak, fields):
        boek.waargenomen(concept, key=boek.zaak_key, soort="zaak", url=boek.zaak_url, sha=sha, actie=UPDATE)
    boek.stand.velden = velden_van(bundel.zaak)


def publish_objects(boek: Boek, bundel: Bundel, *, closing: bool) -> None:
    """Write down what the fetched objects tell beyond the trail. ``closing``: also whether the zaak was closed."""
    told = trail_states(bundel)
    for key, resource in sorted(bundel.objecten.items(), key=lambda item: _order(boek, *item)):
        if state_sha256(soort_van_key(key), resource) not in told.get(key, ()):
            _publish_resource(boek, key, resource)
    for key in sorted(bundel.weg):
        _publish_gone(boek, key)
    if closing:
        _publish_closing(boek, bundel.zaak, may_reopen=bundel.trail is None)
    if bundel.trail is None:
        for melding in boek.meldingen:
            _publish_melding(boek, melding, bundel)


def _publish_resource(boek: Boek, key: str, resource: Json) -> None:
    soort = soort_van_key(key)
    sha = boek.sha256(soort, resource)
    known = boek.bekend(key)
    if soort not in feitbouw.GEZET or (known and boek.bron(key, soort).sha256 == sha):
        return
    bron = boek.bron(key, soort)
    bron.sha256, bron.weg = sha, False
    boek.waargenomen(
        feitbouw.gezet(soort, resource, boek.omgeving),
        key=key,
        soort=soort,
        url=str(resource.get("url", "")),
        sha=sha,
        actie=UPDATE if known else CREATE,
    )


def _publish_gone(boek: Boek, key: str) -> None:
    soort = soort_van_key(key)
    if soort not in feitbouw.WEG or not boek.bekend(key):
        return
    bron = boek.bron(key, soort)
    bron.weg = True
    url = f"{boek.zaak_url.removesuffix(boek.zaak_key)}{key}"
    boek.waargenomen(Concept(type=feitbouw.WEG[soort]), key=key, soort=soort, url=url, sha=bron.sha256, actie=DESTROY)


def _publish_closing(boek: Boek, zaak: Json, *, may_reopen: bool) -> None:
    einddatum = str(zaak.get("einddatum") or "")
    if bool(einddatum) == boek.stand.gesloten or not (einddatum or may_reopen):
        return
    boek.stand.gesloten = bool(einddatum)
    closed = Concept(type=AFGESLOTEN, data={"einddatum": einddatum}, van_hub=True)
    boek.waargenomen(
        closed if einddatum else Concept(type=HEROPEND, van_hub=True),
        key=boek.zaak_key,
        soort="zaak",
        url=boek.zaak_url,
        sha=sha256([einddatum, zaak.get("status")]),
        actie=CREATE,
        tijd_van=resource_key(str(zaak.get("status") or "")) or boek.zaak_key,
    )


def _publish_melding(boek: Boek, melding: Melding, bundel: Bundel) -> None:
    """Write down a notification about what has no fact of its own, or about an object that is gone already."""
    if not melding.open:
        return
    soort = soort_van_key(melding.key)
    if soort == "":
        boek.overig(melding)
    elif melding.key in bundel.weg and melding.key not in boek.stand.bronnen:
        boek.zonder_inhoud(melding)


def _order(boek: Boek, key: str, resource: Json) -> tuple[str, int, str, str]:
    """Order objects as they came about: by their notification, else as a zaak is usually built up."""
    aanmaakdatum = boek.aanmaakdatum(key, CREATE) or _UNKNOWN_TIME
    return aanmaakdatum, _RANK.get(soort_van_key(key), len(_RANK)), utc(resource.get("datumStatusGezet")), key
