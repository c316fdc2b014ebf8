# SPDX-License-Identifier: EUPL-1.2
"""Rows 11, 12 and 14: who lives at the new address now, and will there be room."""

from __future__ import annotations

from typing import Any, Final

from hub.flows.verhuizing.datums import lees_dag
from hub.flows.verhuizing.feiten import Bewoning, Kandidaat, NietBeschikbaar, Personen
from hub.flows.verhuizing.predicaten.basis import (
    BRON_LEVERT_NIET,
    BRON_WEG,
    UITSLAG_GROEN,
    UITSLAG_MIST,
    WACHT,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    uitslag,
)

_GEEN_OPPERVLAKTE: Final = frozenset({None, 0, 1, 999999})


def vertrekt(i: Invoer, bewoner: str) -> bool:
    """Return True when this resident declared, in another open zaak, a move elsewhere within the time we wait."""
    grens = i.vertrekgrens
    doel = i.kandidaat.object_id if i.kandidaat else None
    for claim in i.claims_op(bewoner):
        dag = lees_dag(claim.verhuisdatum)
        if claim.soort == "verhuizing" and claim.doel != doel and dag and grens and dag <= grens:
            return True
    return False


def _nog_ingeschreven(i: Invoer) -> list[str]:
    return [bewoner for bewoner in i.blijvers if not vertrekt(i, bewoner)]


def _ruimte(i: Invoer, kandidaat: Kandidaat, totaal: int) -> list[Bevinding]:
    bevindingen = [Bevinding("te-veel-bewoners")] if totaal > i.profiel.max_bewoners else []
    if not kandidaat.is_verblijfsobject:
        return bevindingen
    m2 = kandidaat.oppervlakte_m2
    if m2 is None or m2 in _GEEN_OPPERVLAKTE:
        return [*bevindingen, Bevinding("oppervlakte-onbekend")]
    krap = totaal > 0 and m2 / totaal < i.profiel.min_m2
    return [*bevindingen, Bevinding("te-weinig-ruimte")] if krap else bevindingen


def p11_bezetting(i: Invoer) -> Uitslag:
    """Those who stay and those who come are not too many, and there is room for each.

    Source: policy (thresholds of the risk profile) on BRP bewoning and BAG oppervlakte. Area 1 and 999999 mean "not
    known"; a ligplaats or standplaats has no area. Where inwonend is "no", row 12 judges those who must still leave.
    """
    if isinstance(i.bewoning, NietBeschikbaar):
        return oranje(BRON_WEG)
    if i.kandidaat is None or i.bewoning is None:
        return UITSLAG_MIST
    blijven = 0 if i.aangifte.inwonend is False else len(i.blijvers)
    totaal = blijven + len(i.verhuizend)
    bevindingen = _ruimte(i, i.kandidaat, totaal)
    bevindingen += [Bevinding("veel-bewoners")] if i.bewoning.veel_bewoners else []
    bevindingen += [Bevinding("mogelijke-bewoners")] if set(i.bewoning.mogelijke) - i.verhuizend else []
    m2 = i.kandidaat.oppervlakte_m2
    return uitslag(bevindingen, blijvend=blijven, verhuizend=len(i.verhuizend), oppervlakteM2=m2)


def _toestemming(i: Invoer, bewoning: Bewoning) -> str | None:
    aangifte, ontvangst = i.aangifte, i.ontvangst
    if aangifte.toestemming == "geweigerd":
        return "toestemming-geweigerd"
    if aangifte.toestemming == "ingetrokken":
        return "toestemming-ingetrokken"
    if aangifte.toestemming != "gegeven":
        return "toestemming-ontbreekt"
    if aangifte.hoofdbewoner is None:
        return "hoofdbewoner-onbekend"
    if aangifte.hoofdbewoner not in bewoning.bewoners or aangifte.hoofdbewoner in i.verhuizend:
        return "toestemming-niet-van-bewoner"
    hoofdbewoner = i.persoon(aangifte.hoofdbewoner)
    if hoofdbewoner is None:
        return "hoofdbewoner-onbekend"
    volwassen = ontvangst is not None and hoofdbewoner.zeker_meerderjarig(ontvangst)
    return None if volwassen else "toestemming-niet-van-volwassene"


def _wacht_op_vertrek(i: Invoer) -> Uitslag:
    over = _nog_ingeschreven(i)
    gegevens: dict[str, Any] = {"ingeschreven": len(i.blijvers), "zonderVertrek": len(over)}
    if not over:
        return uitslag([], **gegevens)
    if i.vertrekgrens is None:
        return UITSLAG_MIST
    gegevens["tot"] = i.vertrekgrens.isoformat()
    # too late was declared after all waiting could end: an official looks already (row 6)
    if i.grens_bereikt or (i.ontvangst and i.ontvangst > i.vertrekgrens):
        return oranje("vorige-bewoner-nog-ingeschreven", **gegevens)
    return Uitslag(WACHT, (), gegevens)


def p12_bewoond_adres(i: Invoer) -> Uitslag:
    """Moving in with somebody: an adult resident consents. Not moving in: nobody remains, or all are leaving.

    Source: policy. Consent is evidence, no condition of law (Wet BRP 2.20 lid 1). A registered or declared move out is
    waited for until the fifth day after the move date and three ordinary days more. ``mogelijkeBewoners`` give no consent.
    """
    if isinstance(i.bewoning, NietBeschikbaar):
        return oranje(BRON_WEG)
    if i.bewoning is None:
        return UITSLAG_MIST
    if i.aangifte.inwonend:
        code = _toestemming(i, i.bewoning)
        return oranje(code) if code else UITSLAG_GROEN
    if not i.blijvers:
        return UITSLAG_GROEN
    if i.aangifte.inwonend is None:
        return oranje("inwonend-onbekend", ingeschreven=len(i.blijvers))
    return _wacht_op_vertrek(i)


def p14_adres_in_onderzoek(i: Invoer) -> Uitslag:
    """Nobody who lives at the new address is there under investigation.

    Source: policy on Wet BRP 2.26 (data under investigation are marked); BRP bewoning Bewoner.inOnderzoek.
    """
    if isinstance(i.bewoning, NietBeschikbaar):
        return oranje(BRON_WEG)
    if i.bewoning is None:
        return UITSLAG_MIST
    if i.bewoning.in_onderzoek:
        return oranje("adres-in-onderzoek")
    if not isinstance(i.personen, Personen):
        return UITSLAG_MIST  # what the gateway is proven to deliver comes with the persons
    if i.bewoning.bewoners and not i.levert("bewoning.inOnderzoek"):
        return oranje(BRON_LEVERT_NIET)
    return UITSLAG_GROEN
