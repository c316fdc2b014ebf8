# SPDX-License-Identifier: EUPL-1.2
"""Rows 13, 15 and 21: what the register marks about a person, and how often somebody moved."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from hub.flows.verhuizing.datums import ONBEKEND, Datum
from hub.flows.verhuizing.persoon import Persoon
from hub.flows.verhuizing.plek import Plek, zelfde_plaats
from hub.flows.verhuizing.predicaten.basis import (
    BRON_LEVERT_NIET,
    NIET_GETOETST,
    NVT,
    UITSLAG_MIST,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    uitslag,
)

_MERKTEKENS: Final = (
    "inOnderzoek",
    "verblijfplaats.inOnderzoek",
    "verblijfplaats.verblijfadres.inOnderzoek",
    "verblijfplaats.indicatieVastgesteldVerblijftNietOpAdres",
)


def _onderzoek(persoon: Persoon) -> list[Bevinding]:
    wie = persoon.pseudoniem
    codes = ["persoon-in-onderzoek"] if persoon.in_onderzoek else []
    codes += ["verblijfplaats-in-onderzoek"] if persoon.plek.in_onderzoek else []
    codes += ["vastgesteld-verblijft-niet-op-adres"] if persoon.plek.niet_op_adres else []
    return [Bevinding(code, pseudoniem=wie) for code in codes]


def p13_in_onderzoek(i: Invoer) -> Uitslag:
    """No data of the declarer or a mover are under investigation, at verblijfplaats, verblijfadres or person level.

    Source: Wet BRP 2.26; BRP API inOnderzoek and indicatieVastgesteldVerblijftNietOpAdres (LO 08.83.10, 089999).
    """
    personen = [persoon for wie in i.aangifte.betrokkenen if (persoon := i.persoon(wie))]
    if not personen:
        return UITSLAG_MIST
    if bevindingen := [bevinding for persoon in personen for bevinding in _onderzoek(persoon)]:
        return uitslag(bevindingen)
    return uitslag([]) if all(i.levert(element) for element in _MERKTEKENS) else oranje(BRON_LEVERT_NIET)


def verhuisdagen(persoon: Persoon, nieuw: Plek | None) -> list[Datum]:
    """Return when this person moved, newest first: without the move declared now, birth, and rows of one same place."""
    plekken = persoon.historie if persoon.historie is not None else (persoon.plek,)
    geboren = persoon.geboorte.dag if persoon.geboorte else None
    dagen = []
    for plek, eerder in zip(plekken, (*plekken[1:], None), strict=True):
        if (nieuw and zelfde_plaats(plek, nieuw)) or (eerder and zelfde_plaats(plek, eerder)):
            continue
        datum = plek.datum_van or ONBEKEND
        if datum.dag is None or datum.dag != geboren:
            dagen.append(datum)
    return dagen


def _onzeker(datum: Datum, vanaf: date) -> bool:
    if datum.vroegst is None or datum.laatst is None:
        return True
    return datum.dag is None and datum.laatst >= vanaf


def _mobiliteit(i: Invoer, persoon: Persoon, ontvangst: date) -> list[Bevinding]:
    profiel, wie = i.profiel, persoon.pseudoniem
    begin = ontvangst - timedelta(days=profiel.verhuizingen_venster_dagen)
    rust = ontvangst - timedelta(days=profiel.verhuizing_rust_dagen)
    aantal, codes = 0, []
    for datum in verhuisdagen(persoon, i.nieuwe_plek()):
        if _onzeker(datum, min(begin, rust)):
            return [Bevinding("datum-adres-onvolledig", pseudoniem=wie)]
        dag = datum.vroegst
        if dag is None or dag < min(begin, rust):
            break
        aantal += dag >= begin
        if dag >= rust:
            codes.append("recent-verhuisd")
    codes += ["vaak-verhuisd"] if aantal >= profiel.verhuizingen_max else []
    return [Bevinding(code, pseudoniem=wie) for code in codes]


def p15_mobiliteit(i: Invoer) -> Uitslag:
    """Nobody moved twice in half a year, or in the last month, before this.

    Source: policy (thresholds of the risk profile), measured back from the day of receipt on verblijfplaatshistorie.
    Where the gateway does not offer that, only the present datumVan is looked at and the count is ``niet getoetst``.
    """
    verhuizers = [persoon for wie in i.aangifte.pseudoniemen if (persoon := i.persoon(wie))]
    if not verhuizers or i.ontvangst is None:
        return UITSLAG_MIST
    bevindingen = [b for persoon in verhuizers for b in _mobiliteit(i, persoon, i.ontvangst)]
    geteld = all(persoon.historie is not None for persoon in verhuizers)
    if bevindingen or geteld:
        return uitslag(bevindingen, historie=geteld)
    return Uitslag(NIET_GETOETST, (), {"historie": False})


def p21_geheimhouding(i: Invoer) -> Uitslag:
    """Geheimhouding has no effect on the colour; read models mask the person.

    Source: Wet BRP 3.21 (third parties); the gemeente's own work goes on.
    """
    personen = [persoon for wie in i.aangifte.betrokkenen if (persoon := i.persoon(wie))]
    return Uitslag(NVT, (), {"geheimhouding": sum(persoon.geheim for persoon in personen)})
