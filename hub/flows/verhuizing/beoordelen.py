# SPDX-License-Identifier: EUPL-1.2
"""From state to decision: what is claimed, what is fetched, and when there is enough to judge."""

from __future__ import annotations

from typing import Any, Final

from hub.events import PERSONEN
from hub.flows.base import Antwoord, Feit, Opdracht
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.aangifte import Aangifte
from hub.flows.verhuizing.feiten import Claim
from hub.flows.verhuizing.predicaten.basis import Invoer
from hub.flows.verhuizing.regels import Besluit, als_data, beoordeel
from hub.flows.verhuizing.staat import Staat
from hub.flows.verhuizing.termijnen import tijdstip_vertrekgrens
from hub.flows.verhuizing.vragen import (
    BRONNEN,
    alles_beantwoord,
    antwoord,
    bron,
    claims_beantwoord,
    gevraagd,
    rollen,
    vraag,
)

_OPDRACHTEN: Final = {
    "adres": ("burgerzaken", namen.HAAL_ADRES),
    "personen": ("burgerzaken", namen.HAAL_PERSONEN),
    "bewoning": ("burgerzaken", namen.HAAL_BEWONING),
    "zaken": ("zaak", namen.ZOEK_ZAKEN),
}


def beslis_niet(staat: Staat) -> list[Antwoord]:
    """Return the fact that this zaak is not judged, once per reason: closed when first seen, mode off, profile not valid."""
    reden = staat.reden_niet_beoordelen
    if reden is None or reden == staat.niet_beoordeeld:
        return []
    return [Feit(type=namen.NIET_BEOORDEELD, step=f"niet-beoordeeld:{reden}", data={"reden": reden})]


def mag_beoordelen(staat: Staat) -> bool:
    """Return True while the flow may look further: open, complete or waited for long enough, and nothing sent yet."""
    if not staat.loopt or not staat.gereed or staat.uitvoering_begonnen:
        return False
    return staat.profiel.modus != "uit" and staat.reden_niet_beoordelen is None


def _claim_data(claim: Claim) -> dict[str, Any]:
    return {
        "soort": claim.soort,
        "doel": claim.doel,
        "verhuisdatum": claim.verhuisdatum,
        "ontvangst": claim.ontvangst,
    }


def beslis_claims(staat: Staat, gewenst: dict[str, Claim]) -> list[Antwoord]:
    """Return what is claimed anew and what ends: to the streams concerned, and as a fact in the own stream."""
    nieuw = {wat: claim for wat, claim in gewenst.items() if staat.claims.get(wat) != claim}
    weg = sorted(wat for wat in staat.claims if wat not in gewenst)
    zaak, antwoorden = staat.context.stream, list[Antwoord]()
    for wat, claim in nieuw.items():
        data = {"zaak": zaak, **_claim_data(claim)}
        antwoorden.append(Feit(type=namen.CLAIM_GELEGD, step=f"claim:{wat}", data=data, topic=PERSONEN, key=wat))
    for wat in weg:
        data = {"zaak": zaak, "reden": "niet-meer-aangegeven" if staat.loopt else "zaak-beeindigd"}
        antwoorden.append(Feit(type=namen.CLAIM_BEEINDIGD, step=f"claim-weg:{wat}", data=data, topic=PERSONEN, key=wat))
    if nieuw:
        claims = [{"sleutel": wat, **_claim_data(claim)} for wat, claim in nieuw.items()]
        antwoorden.append(Feit(type=namen.CLAIMS_GELEGD, step="claims-gelegd", data={"claims": claims}))
    if weg:
        reden = "niet-meer-aangegeven" if staat.loopt else "zaak-beeindigd"
        data = {"sleutels": weg, "reden": reden}
        antwoorden.append(Feit(type=namen.CLAIMS_BEEINDIGD, step="claims-beeindigd", data=data))
    return antwoorden


def beslis_volgen(staat: Staat) -> list[Antwoord]:
    """Return the opdracht to stop following the movers, once the zaak needs no registry change any more."""
    zaak, stap = staat.zaak, f"{namen.STOP_VOLGEN}#{staat.personen.ronde}"
    dicht = zaak.gesloten or zaak.verwijderd or (staat.afgerond is not None and not zaak.heropend)
    if not dicht or not staat.personen.ronde or staat.personen.opdracht is not None or staat.opdracht(stap):
        return []
    return [Opdracht(connector="burgerzaken", soort=namen.STOP_VOLGEN, step=stap)]


def _bsns(aangifte: Aangifte, wie: Any) -> dict[str, dict[str, str]]:
    return {pseudoniem: {"bsn": aangifte.bsns[pseudoniem].reveal()} for pseudoniem in wie}


def _haal_adres(aangifte: Aangifte, zaak: str) -> tuple[dict[str, Any], dict[str, Any]]:
    data = {"nieuwAdresBagId": aangifte.bag_id, "nieuwAdresNummeraanduiding": aangifte.nummeraanduiding}
    return data, {f"zaak:{zaak}": {"adres": dict(aangifte.adres)}} if aangifte.adres else {}


def _haal_personen(aangifte: Aangifte, peildatum: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    wie = rollen(aangifte)
    data = {"personen": [{"pseudoniem": p, "rol": rol} for p, rol in wie.items()], "peildatum": peildatum}
    return data, _bsns(aangifte, wie)


def _haal(staat: Staat, naam: str, wil: tuple[Any, ...]) -> Opdracht:
    aangifte = staat.aangifte
    assert aangifte is not None
    besloten: dict[str, Any] = {}
    if naam == "adres":
        data, besloten = _haal_adres(aangifte, staat.context.stream)
    elif naam == "personen":
        data, besloten = _haal_personen(aangifte, wil[1])
    elif naam == "bewoning":
        data = {"adresseerbaarObjectIdentificatie": wil[0], "peildatum": wil[1]}
    else:
        data, besloten = {"pseudoniemen": list(wil[0])}, _bsns(aangifte, wil[0])
    connector, soort = _OPDRACHTEN[naam]
    stap = f"{soort}#{bron(staat, naam).ronde + 1}"
    return Opdracht(connector=connector, soort=soort, step=stap, data=data, besloten=besloten)


def beslis_halen(staat: Staat, gewenst: dict[str, Claim]) -> list[Antwoord]:
    """Return what to fetch: the address first; persons, occupancy and zaken when every claim has been answered."""
    adres = vraag(staat, "adres")
    if not gevraagd(staat, "adres", adres):
        assert adres is not None
        return [_haal(staat, "adres", adres)]
    if staat.adres.opdracht is not None or not claims_beantwoord(staat, gewenst):
        return []
    vragen = [(naam, vraag(staat, naam)) for naam in BRONNEN[1:]]
    return [_haal(staat, naam, wil) for naam, wil in vragen if wil is not None and not gevraagd(staat, naam, wil)]


def invoer(staat: Staat) -> Invoer:
    """Return what the predicates are given."""
    assert staat.aangifte is not None
    context = staat.context
    i = Invoer(
        zaak=context.stream,
        gemeente=context.gemeente,
        gemeentecode=context.gemeentecode,
        profiel=staat.profiel,
        aangifte=staat.aangifte,
        adres=antwoord(staat, "adres"),
        personen=antwoord(staat, "personen"),
        bewoning=antwoord(staat, "bewoning"),
        zaken=antwoord(staat, "zaken"),
        antwoorden=staat.antwoorden,
        datum_bereikt=staat.datum_bereikt is not None and staat.datum_bereikt == staat.aangifte.verhuisdatum,
    )
    grens = i.vertrekgrens
    i.grens_bereikt = grens is not None and (namen.VORIGE_BEWONER, tijdstip_vertrekgrens(grens)) in staat.verstreken
    return i


def _bronnen(staat: Staat) -> dict[str, dict[str, Any]]:
    aangifte = staat.aangifte
    assert aangifte is not None
    tijd = aangifte.tijd.isoformat()
    gebruikt = {"aangifte": {"bron": "aangifte", "gebeurtenis": aangifte.gebeurtenis, "tijdstip": tijd}}
    for naam in BRONNEN:
        stand = bron(staat, naam)
        if stand.gebeurtenis and stand.tijdstip:
            gebruikt[naam] = {"bron": naam, "gebeurtenis": stand.gebeurtenis, "tijdstip": stand.tijdstip}
    if staat.laatste_antwoord:
        gebeurtenis, tijd = staat.laatste_antwoord
        gebruikt["claims"] = {"bron": "claims", "gebeurtenis": gebeurtenis, "tijdstip": tijd}
    return gebruikt


def _inhoud(besluit: Besluit, modus: str) -> tuple[Any, ...]:
    return (
        *(besluit.kleur, besluit.redenen, besluit.aangehouden_tot, besluit.aanhoudreden, besluit.steekproef, modus),
        *(besluit.per_verhuizer, besluit.gekoppelde_zaak),
    )


def kan_beoordelen(staat: Staat, gewenst: dict[str, Claim]) -> bool:
    """Return True when all that was asked and claimed is answered, and none of it is old."""
    return mag_beoordelen(staat) and alles_beantwoord(staat) and claims_beantwoord(staat, gewenst)


def _niets_nieuws(staat: Staat) -> bool:
    """No input came since the last decision: other rules or another profile alone never decide again."""
    b = staat.beoordeling
    return b is not None and staat.invoer_op < b.sequence and b.modus == staat.profiel.modus


def beslis_oordeel(staat: Staat) -> list[Antwoord]:
    """Return the decision when it differs from the last one, and the fact that it is held."""
    if _niets_nieuws(staat):
        return []
    i = invoer(staat)
    was_aangehouden = staat.was_aangehouden is not None and staat.was_aangehouden == i.verhuisdatum
    besluit, eerder = beoordeel(i, was_aangehouden=was_aangehouden), staat.beoordeling
    if eerder is not None and eerder.inhoud == _inhoud(besluit, staat.profiel.modus):
        return []
    oordeel = Feit(type=namen.BEOORDEELD, step="beoordeeld", data=als_data(besluit, i, _bronnen(staat)))
    tot, reden = besluit.aangehouden_tot, besluit.aanhoudreden
    if tot is None or (eerder and (eerder.aangehouden_tot, eerder.aanhoudreden) == (tot, reden)):
        return [oordeel]
    return [oordeel, Feit(type=namen.AANGEHOUDEN, step="aangehouden", data={"tot": tot.isoformat(), "reden": reden})]
