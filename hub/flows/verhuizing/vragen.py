# SPDX-License-Identifier: EUPL-1.2
"""What must be asked and claimed for the declaration as it stands, and whether that has been answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from hub.flows.verhuizing.aangifte import Aangifte
from hub.flows.verhuizing.feiten import Adres, Antwoord, Bewoning, Claim, Kandidaat, NietBeschikbaar
from hub.flows.verhuizing.staat import Bron, Staat

BRONNEN: Final = ("adres", "personen", "bewoning", "zaken")
VERHUIZING: Final = "verhuizing"
MEEKIJKEN: Final = "meekijken"
Vraag = tuple[Any, ...]
_PSEUDONIEM: Final = re.compile(r"[0-9a-f]{32}")


def sleutel(staat: Staat, wat: str) -> str:
    """Return the key on ``wissel.personen`` of a pseudonym or BAG id."""
    return f"{staat.context.gemeente}:{wat}"


def _peildatum(staat: Staat, aangifte: Aangifte) -> str | None:
    bekend = [dag for dag in (aangifte.ontvangst, staat.peildatum) if dag]
    return max(bekend).isoformat() if bekend else None


def vraag_adres(staat: Staat) -> Vraag | None:
    """Return what to look the address up by; None when nothing was declared, or its text was destroyed."""
    aangifte = staat.aangifte
    if aangifte is None or not aangifte.adres_aanwezig:
        return None
    vraag = (aangifte.bag_id, aangifte.nummeraanduiding, aangifte.adres)
    return vraag if any(vraag) else None


def rollen(aangifte: Aangifte) -> dict[str, str]:
    """Return pseudonym -> rol ("verhuizer", "aangever", "hoofdbewoner") of those to ask the BRP about, each once."""
    wie: dict[str, str] = dict.fromkeys(aangifte.pseudoniemen, "verhuizer")
    if aangifte.aangever:
        wie.setdefault(aangifte.aangever, "aangever")
    if aangifte.hoofdbewoner:
        wie.setdefault(aangifte.hoofdbewoner, "hoofdbewoner")
    return {pseudoniem: rol for pseudoniem, rol in wie.items() if pseudoniem in aangifte.bsns}


def vraag_personen(staat: Staat) -> Vraag | None:
    """Return ((pseudonym, rol)..., peildatum); None when nobody is known by a burgerservicenummer."""
    aangifte = staat.aangifte
    wie = tuple(sorted(rollen(aangifte).items())) if aangifte else ()
    ontvangst = aangifte.ontvangst.isoformat() if aangifte and aangifte.ontvangst else None
    return (wie, ontvangst) if wie else None


def vraag_zaken(staat: Staat) -> Vraag | None:
    """Return the movers whose other zaken to look for."""
    aangifte = staat.aangifte
    wie = tuple(sorted(p for p in aangifte.pseudoniemen if p in aangifte.bsns)) if aangifte else ()
    return (wie,) if wie else None


def enige_kandidaat(staat: Staat) -> Kandidaat | None:
    """Return the one address the BAG gave for what is declared now, else None."""
    antwoord = staat.adres.antwoord
    if not isinstance(antwoord, Adres) or staat.adres.vraag != vraag_adres(staat):
        return None
    return antwoord.enige


def vraag_bewoning(staat: Staat) -> Vraag | None:
    """Return (BAG id, peildatum) when exactly one address is known; dates are those of receipt, or a later one reached."""
    kandidaat = enige_kandidaat(staat)
    if kandidaat is None or kandidaat.object_id is None or staat.aangifte is None:
        return None
    peildatum = _peildatum(staat, staat.aangifte)
    return (kandidaat.object_id, peildatum) if peildatum else None


_VRAGEN: Final = {
    "adres": vraag_adres,
    "personen": vraag_personen,
    "bewoning": vraag_bewoning,
    "zaken": vraag_zaken,
}


def vraag(staat: Staat, naam: str) -> Vraag | None:
    """Return what source ``naam`` should be asked now; None when there is nothing to ask it with."""
    return _VRAGEN[naam](staat)


def bron(staat: Staat, naam: str) -> Bron:
    """Return one source's state."""
    gevonden: Bron = getattr(staat, naam)
    return gevonden


def gevraagd(staat: Staat, naam: str, wil: Vraag | None) -> bool:
    """Return True when ``wil`` has been asked, and not before something made older facts old."""
    stand = bron(staat, naam)
    return wil is None or (stand.vraag == wil and stand.gevraagd_op > stand.verouderd_op)


def beantwoord(staat: Staat, naam: str) -> bool:
    """Return True when there is nothing to ask, or what is asked now has its answer and that is not old."""
    wil = vraag(staat, naam)
    return wil is None or (gevraagd(staat, naam, wil) and bron(staat, naam).opdracht is None)


def antwoord(staat: Staat, naam: str) -> Any:
    """Return what a source answered to what is declared now, or None when there was nothing to ask."""
    return bron(staat, naam).antwoord if vraag(staat, naam) is not None else None


def _claim(staat: Staat, aangifte: Aangifte, soort: str, doel: str | None) -> Claim:
    verhuisdatum = aangifte.verhuisdatum.isoformat() if aangifte.verhuisdatum and soort == VERHUIZING else None
    ontvangst = aangifte.ontvangst.isoformat() if aangifte.ontvangst else ""
    return Claim(staat.context.stream, soort, doel, verhuisdatum, ontvangst)


def _meekijken(staat: Staat, aangifte: Aangifte) -> Iterator[str]:
    """Who still lives there and is not to stay: their own declaration or registration decides with ours.

    A resident without a burgerservicenummer has no pseudonym and no stream to look along in; waiting for them goes on.
    """
    bewoning = antwoord(staat, "bewoning")
    if aangifte.inwonend is False and isinstance(bewoning, Bewoning):
        verhuizend = set(aangifte.pseudoniemen)
        yield from (wie for wie in bewoning.bewoners if wie not in verhuizend and _PSEUDONIEM.fullmatch(wie))


def gewenste_claims(staat: Staat) -> dict[str, Claim]:
    """Return key -> claim of all this zaak should hold now (R8). The address comes first: until then nothing is claimed."""
    aangifte, zaak = staat.aangifte, staat.zaak
    dicht = zaak.gesloten or zaak.verwijderd or staat.ingetrokken or (staat.afgerond and not zaak.heropend)
    if aangifte is None or dicht or not staat.gereed or staat.reden_niet_beoordelen:
        return {}
    if staat.verwerking is not None and not zaak.heropend:
        return dict(staat.claims)  # what was instructed is what must be confirmed
    sleutels = {sleutel(staat, wie) for wie in aangifte.pseudoniemen}
    if vraag_adres(staat) != staat.adres.vraag or (staat.adres.opdracht and staat.adres.antwoord is None):
        return {wat: claim for wat, claim in staat.claims.items() if wat in sleutels}
    kandidaat = enige_kandidaat(staat)
    doel = kandidaat.object_id if kandidaat else None
    verhuizing = _claim(staat, aangifte, VERHUIZING, doel)
    claims = {sleutel(staat, wie): verhuizing for wie in aangifte.pseudoniemen}
    if doel:
        claims[sleutel(staat, doel)] = verhuizing
    meekijken = _claim(staat, aangifte, MEEKIJKEN, doel)
    for bewoner in _meekijken(staat, aangifte):
        claims.setdefault(sleutel(staat, bewoner), meekijken)
    return claims


def _staat_in(claim: Claim, antwoord: Antwoord) -> bool:
    """That our own stream is parked makes our claim no other one."""
    return any(ander == claim or replace(ander, geparkeerd=False) == claim for ander in antwoord.claims)


def claims_beantwoord(staat: Staat, gewenst: dict[str, Claim]) -> bool:
    """Return True when each claim wanted now stands in the last answer on its key."""
    antwoorden = staat.antwoorden
    return all(wat in antwoorden and _staat_in(claim, antwoorden[wat]) for wat, claim in gewenst.items())


def alles_beantwoord(staat: Staat) -> bool:
    """Return True when every source has answered what is declared now."""
    return all(beantwoord(staat, naam) for naam in BRONNEN)


def is_weg(staat: Staat, naam: str) -> bool:
    """Return True when a source stayed away."""
    return isinstance(bron(staat, naam).antwoord, NietBeschikbaar)
