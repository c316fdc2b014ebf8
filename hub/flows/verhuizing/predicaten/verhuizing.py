# SPDX-License-Identifier: EUPL-1.2
"""Rows 5 to 7: what kind of move this is, and when."""

from __future__ import annotations

from hub.flows.verhuizing import plek
from hub.flows.verhuizing.datums import dagen_na
from hub.flows.verhuizing.feiten import Kandidaat
from hub.flows.verhuizing.kalender import te_vroeg, vijfde_dag
from hub.flows.verhuizing.persoon import Persoon
from hub.flows.verhuizing.predicaten.basis import (
    BRON_LEVERT_NIET,
    ROOD,
    UITSLAG_GROEN,
    UITSLAG_MIST,
    UITSLAG_NVT,
    WACHT,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    rood,
    uitslag,
)


def _herkomst(i: Invoer, persoon: Persoon) -> Bevinding | None:
    huidig, wie = persoon.plek, persoon.pseudoniem
    if huidig.soort in {plek.BUITENLAND, plek.ONBEKEND}:
        return Bevinding("vestiging-vanuit-buitenland", ROOD, wie)
    if huidig.soort == plek.ONTBREEKT:
        bekend = i.levert("verblijfplaats")
        return Bevinding("verblijfplaats-onbekend" if bekend else BRON_LEVERT_NIET, pseudoniem=wie)
    if huidig.functie == "B":
        return Bevinding("van-briefadres", pseudoniem=wie)
    if huidig.soort == plek.LOCATIE or huidig.functie != "W":
        return Bevinding("huidig-adres-geen-woonadres", pseudoniem=wie)
    return None


def _bestemming(i: Invoer, kandidaat: Kandidaat) -> list[Bevinding]:
    if kandidaat.gemeentecode is None:
        return [Bevinding("gemeente-van-adres-onbekend")]
    return [] if kandidaat.gemeentecode == i.gemeentecode else [Bevinding("adres-in-andere-gemeente")]


def p05_soort_verhuizing(i: Invoer) -> Uitslag:
    """From a woonadres to a woonadres, within the country, into this gemeente.

    Source: Wet BRP 2.39 lid 1 (to the gemeente of the new address; else Awb 2:3: forward), 2.38 (from abroad: in person),
    2.23, 2.40-2.42 (briefadres: own reasons and consent). The gemeente comes from BAG /bronhouders, not from a BAG id.
    """
    bevindingen = [Bevinding("keuze-briefadres", ROOD)] if i.aangifte.functie == "B" else []
    if i.aangifte.functie_onleesbaar:
        bevindingen.append(Bevinding("functie-adres-onleesbaar"))
    if i.kandidaat:
        bevindingen += _bestemming(i, i.kandidaat)
    verhuizers = [persoon for wie in i.aangifte.pseudoniemen if (persoon := i.persoon(wie))]
    bevindingen += [bevinding for persoon in verhuizers if (bevinding := _herkomst(i, persoon))]
    if not bevindingen and (i.kandidaat is None or not verhuizers):
        return UITSLAG_MIST
    return uitslag(bevindingen, functieAdres=i.aangifte.functie)


def p06_tijdigheid(i: Invoer) -> Uitslag:
    """Declared from 28 days before the move to the fifth day after it.

    Source: Wet BRP 2.39 lid 2; Algemene termijnenwet 1 and 3 (a fifth day on Saturday, Sunday, a feestdag, Good Friday or
    a day made equal moves to the next ordinary day; the 28 days lie before the event and never move). Later is allowed,
    but then the recorded date is the date of receipt (2.20 lid 3 onder b): an official looks.
    """
    if i.ontvangst is None:
        return oranje("ontvangstdatum-ontbreekt")
    if i.verhuisdatum is None:
        return oranje("verhuisdatum-onbruikbaar" if i.aangifte.verhuisdatum_genoemd else "verhuisdatum-ontbreekt")
    laatste = vijfde_dag(i.verhuisdatum, i.profiel.gelijkgestelde_dagen)
    gegevens = {
        "ontvangst": i.ontvangst.isoformat(),
        "verhuisdatum": i.verhuisdatum.isoformat(),
        "vroegst": dagen_na(i.verhuisdatum, -28).isoformat(),
        "laatst": laatste.isoformat(),
    }
    if te_vroeg(i.ontvangst, i.verhuisdatum):
        return rood("te-vroeg-aangegeven", **gegevens)
    if i.ontvangst > laatste:
        return oranje("te-laat-aangegeven", **gegevens)
    return uitslag([], **gegevens)


def p07_toekomst(i: Invoer) -> Uitslag:
    """A move that lies ahead is held until its date, then judged again.

    Source: policy; Wet BRP 2.20 lid 3 (the recorded date is that of the move, so not before it). What differs at that
    second look is added by the decision itself (``herbeoordeling-wijkt-af``).
    """
    if i.ontvangst is None or i.verhuisdatum is None:
        return UITSLAG_NVT if i.ontvangst else UITSLAG_MIST
    if i.verhuisdatum <= i.ontvangst:
        return UITSLAG_NVT
    return UITSLAG_GROEN if i.datum_bereikt else Uitslag(WACHT, (), {"tot": i.verhuisdatum.isoformat()})
