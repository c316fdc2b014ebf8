# SPDX-License-Identifier: EUPL-1.2
"""How each event changes the state. One handler per event type; an unknown type only moves the sequence on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from hub.events import Event
from hub.flows.verhuizing import lezen, namen
from hub.flows.verhuizing.aangifte import lees_aangifte
from hub.flows.verhuizing.datums import hele_seconde, lees_dag, lokale_dag
from hub.flows.verhuizing.evolve_gegevens import GEGEVENS
from hub.flows.verhuizing.feiten import lees_antwoord, lees_claim
from hub.flows.verhuizing.regels import WACHT_OP_DATUM, PerVerhuizer
from hub.flows.verhuizing.staat import (
    GOEDGEKEURD,
    NIET_GEVOLGD,
    Aanvulling,
    Ambtsbesluit,
    Behandeling,
    Beoordeling,
    Staat,
    Wijziging,
)
from hub.flows.verhuizing.termijnen import tijdstip_verhuisdatum
from hub.flows.verhuizing.vragen import BRONNEN, bron, sleutel

Handler = Callable[[Staat, Event], Staat]


def verouder(staat: Staat, sequence: int, *bronnen: str) -> Staat:
    """Return the state in which what these sources said before ``sequence`` is old."""
    nieuw: dict[str, Any] = {naam: replace(bron(staat, naam), verouderd_op=sequence) for naam in bronnen}
    return staat.met(**nieuw)


def _geregistreerd(staat: Staat, event: Event) -> Staat:
    data = event.data
    zaak = replace(
        staat.zaak,
        startdatum=lees_dag(data.get("startdatum")),
        doorlooptijd=lezen.tekst(data.get("doorlooptijd")),
        einddatum_gepland=lees_dag(data.get("einddatumGepland")),
        uiterlijk=lees_dag(data.get("uiterlijkeEinddatumAfdoening")),
        gesloten_bij_eerste=data.get("geslotenBijEersteWaarneming") is True,
        gesloten=data.get("geslotenBijEersteWaarneming") is True,
    )
    return staat.met(zaak=zaak)


def _bijgewerkt(staat: Staat, event: Event) -> Staat:
    gewijzigd = set(lezen.teksten(event.data.get("gewijzigd")))
    zaak = staat.zaak
    if "einddatumGepland" in gewijzigd:
        zaak = replace(zaak, einddatum_gepland=lees_dag(event.data.get("einddatumGepland")))
    if "uiterlijkeEinddatumAfdoening" not in gewijzigd:
        return staat.met(zaak=zaak)
    # the case system moved the last day itself: what stood still before is in there already
    zaak = replace(zaak, uiterlijk=lees_dag(event.data.get("uiterlijkeEinddatumAfdoening")))
    return staat.met(zaak=zaak, opgeschort_dagen=0)


def _afgesloten(staat: Staat, _event: Event) -> Staat:
    return staat.met(zaak=replace(staat.zaak, gesloten=True))


def _heropend(staat: Staat, _event: Event) -> Staat:
    return staat.met(zaak=replace(staat.zaak, gesloten=False, heropend=True))


def _verwijderd(staat: Staat, _event: Event) -> Staat:
    return staat.met(zaak=replace(staat.zaak, verwijderd=True))


def _status(staat: Staat, _event: Event) -> Staat:
    return staat.met(zaak=replace(staat.zaak, status_gezet=True))


def _gelezen(staat: Staat, event: Event) -> Staat:
    aangifte, eerder = lees_aangifte(event), staat.aangifte
    if aangifte.gesloten and eerder is None:
        staat = staat.met(zaak=replace(staat.zaak, gesloten_bij_eerste=True, gesloten=True))
    if eerder is not None and eerder.inhoud != aangifte.inhoud:
        staat = _reactie(staat, event)  # what the resident changed is the reply
    if eerder is not None and eerder.verhuisdatum != aangifte.verhuisdatum:
        staat = staat.met(datum_bereikt=None, was_aangehouden=None, peildatum=None)
    gereed = staat.gereed or aangifte.volledig
    wacht_sinds = None if gereed else staat.wacht_sinds or event.time
    return staat.met(aangifte=aangifte, gereed=gereed, wacht_sinds=wacht_sinds)


def _ingetrokken(staat: Staat, _event: Event) -> Staat:
    return staat if staat.uitvoering_begonnen else staat.met(ingetrokken=True)


def _antwoord(staat: Staat, event: Event) -> Staat:
    wat = lezen.tekst(event.data.get("sleutel")) or ""
    antwoord = lees_antwoord(event)
    eerder = staat.antwoorden.get(wat)
    weg = {c.zaak for c in eerder.claims} - {c.zaak for c in antwoord.claims} if eerder else set()
    if weg and wat == sleutel(staat, _doel(staat)):
        # another declaration on this address ended: who lives there may have changed with it
        staat = verouder(staat, event.sequence, "bewoning")
    antwoorden = {**staat.antwoorden, wat: antwoord}
    return staat.met(antwoorden=antwoorden, laatste_antwoord=(event.id, event.time.isoformat()))


def _doel(staat: Staat) -> str:
    return next((claim.doel for claim in staat.claims.values() if claim.doel), "")


def _claims_gelegd(staat: Staat, event: Event) -> Staat:
    gelegd = {
        lezen.tekst(json.get("sleutel")) or "": lees_claim(json, zaak=staat.context.stream)
        for json in lezen.dicts(event.data.get("claims"))
    }
    return staat.met(claims={**staat.claims, **gelegd})


def _claims_beeindigd(staat: Staat, event: Event) -> Staat:
    weg = set(lezen.teksten(event.data.get("sleutels")))
    return staat.met(
        claims={wat: claim for wat, claim in staat.claims.items() if wat not in weg},
        antwoorden={wat: antwoord for wat, antwoord in staat.antwoorden.items() if wat not in weg},
    )


def _wijziging(staat: Staat, event: Event) -> Staat:
    data = event.data
    if lezen.tekst(data.get("sleutel")) not in staat.claims:
        return staat
    pseudoniem = (lezen.tekst(data.get("sleutel")) or "").rpartition(":")[2]
    if data.get("soort") == namen.OVERLEDEN and pseudoniem in staat.betrokkenen:
        staat = staat.met(overleden={**staat.overleden, pseudoniem: lezen.tekst(data.get("wijziging")) or event.id})
    if staat.verwerking is None:
        return verouder(staat, event.sequence, "personen", "bewoning")
    besloten = lezen.als_dict(event.besloten.get(pseudoniem))
    wijziging = Wijziging(
        pseudoniem=pseudoniem,
        gebeurtenis=lezen.tekst(data.get("wijziging")) or event.id,
        soort=lezen.tekst(data.get("soort")) or "",
        datum=lezen.tekst(data.get("datum")),
        object_id=lezen.tekst(besloten.get("adresseerbaarObjectIdentificatie")),
        functie=lezen.code(besloten.get("functieAdres")),
    )
    return staat.met(wijzigingen=(*staat.wijzigingen, wijziging))


def _beoordeeld(staat: Staat, event: Event) -> Staat:
    data, eerder = event.data, staat.beoordeling
    beoordeling = Beoordeling(
        gebeurtenis=event.id,
        sequence=event.sequence,
        nummer=eerder.nummer + 1 if eerder else 1,
        kleur=lezen.tekst(data.get("kleur")) or "oranje",
        redenen=lezen.teksten(data.get("redenen")),
        aangehouden_tot=lees_dag(data.get("aangehoudenTot")),
        aanhoudreden=lezen.tekst(data.get("aanhoudreden")),
        steekproef=data.get("steekproef") is True,
        profiel_versie=lezen.tekst(data.get("profielVersie")) or "",
        regels_versie=lezen.tekst(data.get("regelsVersie")) or "",
        modus=lezen.tekst(data.get("modus")) or "",
        per_verhuizer=tuple(_per_verhuizer(json) for json in lezen.dicts(data.get("perVerhuizer"))),
        gekoppelde_zaak=lezen.tekst(data.get("gekoppeldeZaak")),
    )
    was_aangehouden = staat.was_aangehouden
    if beoordeling.aanhoudreden == WACHT_OP_DATUM:
        was_aangehouden = beoordeling.aangehouden_tot
    elif beoordeling.kleur == "groen" and staat.datum_bereikt == was_aangehouden:
        was_aangehouden = None  # the second look did not differ
    besluiten = staat.besluiten
    if eerder and (eerder.kleur, eerder.redenen) != (beoordeling.kleur, beoordeling.redenen):
        # an approval was given on other reasons; a besluit not to follow stands, it has been sent to the resident
        besluiten = {wie: besluit for wie, besluit in besluiten.items() if besluit.soort == NIET_GEVOLGD}
    return staat.met(beoordeling=beoordeling, was_aangehouden=was_aangehouden, besluiten=besluiten, niet_beoordeeld=None)


def _per_verhuizer(json: Mapping[str, Any]) -> PerVerhuizer:
    redenen = lezen.teksten(json.get("redenen"))
    return PerVerhuizer(lezen.tekst(json.get("pseudoniem")) or "", lezen.tekst(json.get("kleur")) or "", redenen)


def _niet_beoordeeld(staat: Staat, event: Event) -> Staat:
    return staat.met(niet_beoordeeld=lezen.tekst(event.data.get("reden")))


def _besluit(staat: Staat, event: Event, soort: str) -> Staat:
    data = event.data
    besluit = Ambtsbesluit(
        soort=soort,
        door=lezen.tekst(data.get("door")) or "",
        besluitdatum=lezen.tekst(data.get("besluitdatum")),
        besluitkenmerk=lezen.tekst(data.get("besluitkenmerk")),
    )
    wie = lezen.tekst(data.get("pseudoniem")) or ""
    return staat.met(besluiten={**staat.besluiten, wie: besluit})


def _goedgekeurd(staat: Staat, event: Event) -> Staat:
    return _besluit(staat, event, GOEDGEKEURD)


def _niet_gevolgd(staat: Staat, event: Event) -> Staat:
    return _besluit(staat, event, NIET_GEVOLGD)


def _aanvulling_gevraagd(staat: Staat, event: Event) -> Staat:
    data, eerder = event.data, staat.aanvulling
    aanvulling = Aanvulling(
        nummer=eerder.nummer + 1 if eerder else 1,
        pseudoniem=lezen.tekst(data.get("pseudoniem")),
        door=lezen.tekst(data.get("door")) or "",
        gevraagd_op=lokale_dag(event.time),
        reactie_voor=lees_dag(data.get("reactieVoor")),
    )
    return staat.met(aanvulling=aanvulling)


def _sluit_aanvulling(staat: Staat, op: date) -> Staat:
    """The clock stood still from the day after the request until the reply or the reply date (Awb 4:15 by analogy)."""
    aanvulling = staat.aanvulling
    if aanvulling is None or not aanvulling.open:
        return staat
    einde = min(op, aanvulling.reactie_voor or op)
    dagen = max(0, (einde - aanvulling.gevraagd_op).days)
    dicht = replace(aanvulling, open=False)
    return staat.met(aanvulling=dicht, opgeschort_dagen=staat.opgeschort_dagen + dagen)


def _reactie(staat: Staat, event: Event) -> Staat:
    return _sluit_aanvulling(staat, lokale_dag(event.time))


def _opgepakt(staat: Staat, event: Event) -> Staat:
    data = event.data
    nieuw = replace(
        staat.behandeling,
        medewerker=lezen.tekst(data.get("medewerker")),
        team=lezen.tekst(data.get("team")),
        vorige=lezen.tekst(data.get("vorige")),
        overgenomen=event.type == namen.OVERGENOMEN,
    )
    return staat.met(behandeling=nieuw)


def _teruggegeven(staat: Staat, _event: Event) -> Staat:
    oud = staat.behandeling
    return staat.met(behandeling=Behandeling(doorgegeven=oud.doorgegeven, ronde=oud.ronde))


def _overname_ongedaan(staat: Staat, event: Event) -> Staat:
    vorige = lezen.tekst(event.data.get("vorige"))
    nieuw = replace(staat.behandeling, medewerker=vorige, vorige=None, overgenomen=False)
    return staat.met(behandeling=nieuw)


def _bevestigd(staat: Staat, event: Event) -> Staat:
    wie = lezen.tekst(event.data.get("pseudoniem")) or ""
    return staat.met(bevestigd={**staat.bevestigd, wie: lezen.tekst(event.data.get("wijziging")) or ""})


def _leverancier(staat: Staat, event: Event) -> Staat:
    kleur = lezen.tekst(event.data.get("kleur"))
    return staat.met(leverancier=(kleur, event.id)) if kleur in {"groen", "oranje", "rood"} else staat


def _voorgelegd(staat: Staat, event: Event) -> Staat:
    wat = (lezen.tekst(event.data.get("reden")) or "", lezen.tekst(event.data.get("pseudoniem")) or "")
    return staat.met(voorgelegd=staat.voorgelegd | {wat})


def _afgerond(staat: Staat, event: Event) -> Staat:
    return staat.met(afgerond=lezen.tekst(event.data.get("resultaat")) or "onbekend")


def _termijn_gezet(staat: Staat, event: Event) -> Staat:
    vervalt = hele_seconde(event.data.get("vervalt"))
    if vervalt is None:
        return staat
    return staat.met(termijnen={**staat.termijnen, lezen.tekst(event.data.get("naam")) or "": vervalt})


def _zonder_termijn(staat: Staat, naam: str) -> Staat:
    return staat.met(termijnen={wat: tot for wat, tot in staat.termijnen.items() if wat != naam})


def _termijn_vervallen(staat: Staat, event: Event) -> Staat:
    return _zonder_termijn(staat, lezen.tekst(event.data.get("naam")) or "")


def _termijn_verstreken(staat: Staat, event: Event) -> Staat:
    naam, vervalt = lezen.tekst(event.data.get("naam")) or "", hele_seconde(event.data.get("vervalt"))
    if vervalt is None:
        return staat
    if staat.termijnen.get(naam) == vervalt:
        staat = _zonder_termijn(staat, naam)
    staat = staat.met(verstreken=staat.verstreken | {(naam, vervalt)})
    if naam == namen.STUKKEN:
        return staat.met(gereed=True, wacht_sinds=None)
    if naam == namen.REACTIE:
        return _sluit_aanvulling(staat, lokale_dag(vervalt))
    if naam == namen.BEWONING_OPNIEUW:
        return verouder(staat.met(peildatum=lokale_dag(vervalt)), event.sequence, "bewoning")
    if naam == namen.VERHUISDATUM and vervalt == tijdstip_verhuisdatum(staat):
        dag = lokale_dag(vervalt)
        return verouder(staat.met(datum_bereikt=dag, peildatum=dag), event.sequence, *BRONNEN)
    return staat


HANDLERS: Final[Mapping[str, Handler]] = {
    namen.ZAAK_GEREGISTREERD: _geregistreerd,
    namen.ZAAK_BIJGEWERKT: _bijgewerkt,
    namen.ZAAK_AFGESLOTEN: _afgesloten,
    namen.ZAAK_HEROPEND: _heropend,
    namen.ZAAK_VERWIJDERD: _verwijderd,
    namen.STATUS_GEZET: _status,
    namen.GELEZEN: _gelezen,
    namen.INGETROKKEN: _ingetrokken,
    namen.CLAIM_ANTWOORD: _antwoord,
    namen.CLAIMS_GELEGD: _claims_gelegd,
    namen.CLAIMS_BEEINDIGD: _claims_beeindigd,
    namen.WIJZIGING_DOORGEGEVEN: _wijziging,
    namen.BEOORDEELD: _beoordeeld,
    namen.NIET_BEOORDEELD: _niet_beoordeeld,
    namen.GOEDGEKEURD: _goedgekeurd,
    namen.NIET_GEVOLGD: _niet_gevolgd,
    namen.AANVULLING_GEVRAAGD: _aanvulling_gevraagd,
    namen.AANVULLING_ONTVANGEN: _reactie,
    namen.OPGEPAKT: _opgepakt,
    namen.OVERGENOMEN: _opgepakt,
    namen.TERUGGEGEVEN: _teruggegeven,
    namen.OVERNAME_ONGEDAAN: _overname_ongedaan,
    namen.BEVESTIGD: _bevestigd,
    namen.VOORGELEGD: _voorgelegd,
    namen.OORDEEL_LEVERANCIER: _leverancier,
    namen.AFGEROND: _afgerond,
    namen.TERMIJN_GEZET: _termijn_gezet,
    namen.TERMIJN_VERVALLEN: _termijn_vervallen,
    namen.TERMIJN_VERSTREKEN: _termijn_verstreken,
    **GEGEVENS,
}


INVOER: Final = frozenset(
    {
        *(namen.GELEZEN, namen.CLAIM_ANTWOORD, namen.TERMIJN_VERSTREKEN, namen.ZAAK_HEROPEND, namen.OPDRACHT_MISLUKT),
        *(namen.ADRES_OPGEHAALD, namen.PERSONEN_OPGEHAALD, namen.BEWONING_OPGEHAALD, namen.ZAKEN_GEVONDEN),
        namen.NIET_BESCHIKBAAR,
    }
)
"""What a decision is made from: only after one of these is there anything to judge again."""


def evolve(staat: Staat, event: Event) -> Staat:
    """Return the state after ``event``; one folded before (same or lower sequence) changes nothing."""
    if event.sequence <= staat.sequence:
        return staat
    handler = HANDLERS.get(event.type)
    nieuw = handler(staat, event) if handler else staat
    invoer_op = event.sequence if event.type in INVOER else nieuw.invoer_op
    return nieuw.met(sequence=event.sequence, tijd=max(staat.tijd, event.time), invoer_op=invoer_op)
