# SPDX-License-Identifier: EUPL-1.2
"""The decision: red checks first, then green needs all predicates, else orange.

An algorithm may only approve. Orange and red mean "a person looks"; nothing here refuses.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec

from hub.flows.verhuizing.predicaten import PREDICATEN, Predicaat
from hub.flows.verhuizing.predicaten.basis import (
    GROEN,
    NIET_GETOETST,
    NVT,
    ORANJE,
    ROOD,
    WACHT,
    Bevinding,
    Invoer,
    Uitslag,
)

REGELS_VERSIE: Final = "2026-11"
"""Version of the rules in ``predicaten``; it changes with every change of what they decide."""

WACHT_OP_DATUM: Final = "verhuisdatum"
WACHT_OP_VERTREK: Final = "vorige-bewoner"
_RIJ_TOEKOMST, _RIJ_ZAKEN = 7, 16
_JSON: Final = msgspec.json.Encoder()
_RANG: Final = {GROEN: 0, NVT: 0, NIET_GETOETST: 0, WACHT: 1, ORANJE: 2, ROOD: 3}


@dataclass(frozen=True, slots=True)
class PerVerhuizer:
    """What was found for one mover: the reasons about this person and those about the whole declaration."""

    pseudoniem: str
    kleur: str
    redenen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Besluit:
    """A decision. While held (``aangehouden_tot``) ``kleur`` is groen: nothing speaks against it, it is only not time yet."""

    kleur: str
    redenen: tuple[str, ...]
    aangehouden_tot: date | None
    aanhoudreden: str | None
    steekproef: bool
    per_verhuizer: tuple[PerVerhuizer, ...]
    gekoppelde_zaak: str | None
    uitslagen: tuple[tuple[Predicaat, Uitslag], ...]


def in_steekproef(profiel_versie: str, zaak: str, deel: float) -> bool:
    """Return True for the fixed ``deel`` (0..1) of all zaken that HMAC(profile version, zaak uuid) picks out."""
    digest = hmac.digest(profiel_versie.encode(), zaak.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8]) < deel * 2**64


def _kleur(uitslagen: list[Uitslag]) -> str:
    rang = max(_RANG[uitslag.uitkomst] for uitslag in uitslagen)
    return {0: GROEN, 1: WACHT, 2: ORANJE, 3: ROOD}[rang]


def _per_verhuizer(i: Invoer, bevindingen: list[Bevinding]) -> tuple[PerVerhuizer, ...]:
    per_verhuizer = []
    for wie in i.aangifte.pseudoniemen:
        eigen = [b for b in bevindingen if b.pseudoniem in {None, wie} or b.pseudoniem not in i.verhuizend]
        kleur = ROOD if any(b.kleur == ROOD for b in eigen) else ORANJE if eigen else GROEN
        per_verhuizer.append(PerVerhuizer(wie, kleur, tuple(sorted({b.code for b in eigen}))))
    return tuple(per_verhuizer)


def _aanhouden(i: Invoer, uitslagen: list[Uitslag]) -> tuple[date | None, str]:
    if uitslagen[_RIJ_TOEKOMST - 1].uitkomst == WACHT:
        return i.verhuisdatum, WACHT_OP_DATUM
    return i.vertrekgrens, WACHT_OP_VERTREK


def _vangnet(uitslagen: list[Uitslag], kleur: str) -> list[Bevinding]:
    """A declaration is never green on an input that was not there, even if no row said so."""
    if kleur in {GROEN, WACHT} and any(uitslag.mist for uitslag in uitslagen):
        return [Bevinding("gegevens-onvolledig")]
    return []


def beoordeel(i: Invoer, *, was_aangehouden: bool = False) -> Besluit:
    """Return the decision on everything that is known.

    ``was_aangehouden``: an earlier decision was green and held for the moving date; when the second look, on that date,
    differs, that itself is a reason (row 7).
    """
    uitslagen = [predicaat.toets(i) for predicaat in PREDICATEN]
    kleur = _kleur(uitslagen)
    bevindingen = [b for uitslag in uitslagen for b in uitslag.bevindingen]
    if vangnet := _vangnet(uitslagen, kleur):
        bevindingen, kleur = bevindingen + vangnet, ORANJE
    if was_aangehouden and i.datum_bereikt and kleur in {ORANJE, ROOD}:
        afwijking = Bevinding("herbeoordeling-wijkt-af")
        bevindingen.append(afwijking)
        uitslagen[_RIJ_TOEKOMST - 1] = Uitslag(ORANJE, (afwijking,))
    tot, reden = _aanhouden(i, uitslagen) if kleur == WACHT else (None, None)
    kleur = GROEN if kleur == WACHT else kleur
    steekproef = kleur == GROEN and tot is None and in_steekproef(i.profiel.versie, i.zaak, i.profiel.steekproef)
    return Besluit(
        kleur=kleur,
        redenen=tuple(sorted({b.code for b in bevindingen})),
        aangehouden_tot=tot,
        aanhoudreden=reden,
        steekproef=steekproef,
        per_verhuizer=_per_verhuizer(i, bevindingen),
        gekoppelde_zaak=uitslagen[_RIJ_ZAKEN - 1].gegevens.get("gekoppeldeZaak"),
        uitslagen=tuple(zip(PREDICATEN, uitslagen, strict=True)),
    )


def _invoer_json(predicaat: Predicaat, uitslag: Uitslag, bronnen: Mapping[str, Mapping[str, Any]]) -> str:
    gebruikt = [bronnen[naam] for naam in predicaat.bronnen if naam in bronnen]
    return _JSON.encode({"bronnen": gebruikt, "gegevens": dict(uitslag.gegevens)}).decode()


def als_data(besluit: Besluit, i: Invoer, bronnen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the open data of ``nl.wissel.verhuisaangifte.beoordeeld.v1``: the decision and what each row was given.

    ``bronnen`` maps a source's name to ``{bron, gebeurtenis, tijdstip}``: which event it was read from.
    """
    predicaten = [
        {
            "nr": predicaat.nr,
            "uitkomst": uitslag.uitkomst,
            "redenen": sorted({b.code for b in uitslag.bevindingen}),
            "invoer": _invoer_json(predicaat, uitslag, bronnen),
            "bron": ",".join(predicaat.bronnen),
        }
        for predicaat, uitslag in besluit.uitslagen
    ]
    return {
        "kleur": besluit.kleur,
        "aangehoudenTot": besluit.aangehouden_tot.isoformat() if besluit.aangehouden_tot else None,
        "aanhoudreden": besluit.aanhoudreden,
        "redenen": list(besluit.redenen),
        "predicaten": predicaten,
        "profielVersie": i.profiel.versie,
        "regelsVersie": REGELS_VERSIE,
        "modus": i.profiel.modus,
        "steekproef": besluit.steekproef,
        "perVerhuizer": [
            {"pseudoniem": p.pseudoniem, "kleur": p.kleur, "redenen": list(p.redenen)} for p in besluit.per_verhuizer
        ],
        "gekoppeldeZaak": besluit.gekoppelde_zaak,
    }
