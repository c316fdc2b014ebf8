# SPDX-License-Identifier: EUPL-1.2
"""From decision to effect: what is sent to the registry and the case system, and when the zaak is finished."""

from __future__ import annotations

from typing import Any, Final

from hub.flows.base import Antwoord, Feit, Opdracht
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.aangifte import Aangifte
from hub.flows.verhuizing.datums import dagen_na, tekst_van
from hub.flows.verhuizing.feiten import Kandidaat
from hub.flows.verhuizing.kalender import verschoven, vijfde_dag
from hub.flows.verhuizing.regels import WACHT_OP_DATUM
from hub.flows.verhuizing.staat import AMBTENAAR, WISSEL, Staat, Verwerking
from hub.flows.verhuizing.voorleggen import lees_terug, teruggevonden
from hub.flows.verhuizing.vragen import enige_kandidaat

_ZAAK: Final = "zaak"
_VERHUISD: Final = "nl.brp.verhuisd."
VERWERKT, HANDMATIG, GEWEIGERD, AFGEBROKEN = "verwerkt", "handmatig", "geweigerd", "afgebroken"
_RESULTAAT: Final = {
    VERWERKT: "Verwerkt",
    HANDMATIG: "Handmatig verwerkt",
    GEWEIGERD: "Geweigerd",
    AFGEBROKEN: "Afgebroken",
}


def _opdracht(soort: str, step: str | None = None, **data: Any) -> Opdracht:
    return Opdracht(connector=_ZAAK, soort=soort, step=step or soort, data=data)


def registratiedatum(staat: Staat) -> str | None:
    """Return the date to record: that of the move, or of receipt when declared late (Wet BRP 2.20 lid 3 onder b)."""
    aangifte = staat.aangifte
    if aangifte is None or aangifte.verhuisdatum is None or aangifte.ontvangst is None:
        return None
    laatste = vijfde_dag(aangifte.verhuisdatum, staat.profiel.gelijkgestelde_dagen)
    return (aangifte.ontvangst if aangifte.ontvangst > laatste else aangifte.verhuisdatum).isoformat()


def belemmeringen(staat: Staat, verhuizers: tuple[str, ...]) -> list[str]:
    """Return what is missing to instruct the registry at all; each a sentence for the official."""
    aangifte = staat.aangifte
    if aangifte is None:
        return ["Er is geen aangifte gelezen."]
    problemen = [] if registratiedatum(staat) else ["De verhuisdatum ontbreekt: vraag die na."]
    kandidaat = enige_kandidaat(staat)
    if kandidaat is None or kandidaat.object_id is None or kandidaat.nummeraanduiding is None:
        problemen.append("Er is niet precies één nieuw adres bekend: vraag het adres na.")
    if any(wie not in aangifte.bsns for wie in verhuizers):
        problemen.append("Van een verhuizer is het burgerservicenummer niet (meer) bekend.")
    return problemen


def _verwerk(staat: Staat, verhuizers: tuple[str, ...], door: str) -> list[Antwoord]:
    aangifte, kandidaat, datum = staat.aangifte, enige_kandidaat(staat), registratiedatum(staat)
    if belemmeringen(staat, verhuizers) or aangifte is None or kandidaat is None or aangifte.ontvangst is None:
        return []
    data = {
        "zaak": staat.context.stream,
        "verhuisdatum": datum,
        "datumAangifte": aangifte.ontvangst.isoformat(),
        **_nieuw_adres(aangifte, kandidaat),
        "verhuizers": [{"pseudoniem": v.pseudoniem, "code": v.code} for v in aangifte.verhuizers if v.pseudoniem in verhuizers],
        "door": door,
    }
    besloten = {wie: {"bsn": aangifte.bsns[wie].reveal()} for wie in verhuizers}
    return [
        Opdracht(connector="burgerzaken", soort=namen.VERWERK, step=namen.VERWERK, data=data, besloten=besloten),
    ]


def _nieuw_adres(aangifte: Aangifte, kandidaat: Kandidaat) -> dict[str, Any]:
    return {
        "adresseerbaarObjectIdentificatie": kandidaat.object_id,
        "nummeraanduidingIdentificatie": kandidaat.nummeraanduiding,
        "functieAdres": aangifte.functie,
    }


def _wacht_op_datum(staat: Staat) -> bool:
    aangifte = staat.aangifte
    if aangifte is None or aangifte.verhuisdatum is None or aangifte.ontvangst is None:
        return False
    return aangifte.verhuisdatum > aangifte.ontvangst and staat.datum_bereikt != aangifte.verhuisdatum


def _vanzelf(staat: Staat) -> bool:
    """Green, not held, not in the sample, and no official has decided anything about it."""
    b = staat.beoordeling
    if b is None or staat.besluiten or staat.overleden or (staat.aanvulling and staat.aanvulling.open):
        return False
    return staat.werkkleur == "groen" and b.aangehouden_tot is None and not b.steekproef


def _eerste_status(staat: Staat) -> list[Antwoord]:
    if staat.zaak.status_gezet or staat.opdracht(namen.ZET_STATUS):
        return []
    return [_opdracht(namen.ZET_STATUS, volgnummer="eerste", datumStatusGezet=tekst_van(staat.tijd))]


def _stuur(staat: Staat) -> list[Antwoord]:
    if staat.uitvoering_begonnen or staat.beoordeling is None:
        return []
    if _vanzelf(staat):
        verwerk = _verwerk(staat, staat.verhuizers, WISSEL)
        return [*_eerste_status(staat), *verwerk] if verwerk else []
    if staat.alles_besloten and staat.goedgekeurd and not _wacht_op_datum(staat):
        return _verwerk(staat, staat.goedgekeurd, AMBTENAAR)
    return []


def _komt_overeen(staat: Staat, verwerking: Verwerking) -> dict[str, str]:
    """Return mover -> change of the first change that is exactly what was instructed."""
    gevonden: dict[str, str] = {}
    for wijziging in staat.wijzigingen:
        exact = (wijziging.object_id, wijziging.functie, wijziging.datum)
        if wijziging.soort.startswith(_VERHUISD) and exact == (
            verwerking.object_id,
            verwerking.functie,
            verwerking.datum,
        ):
            gevonden.setdefault(wijziging.pseudoniem, wijziging.gebeurtenis)
    return gevonden


def _bevestig(staat: Staat) -> list[Antwoord]:
    verwerking = staat.verwerking
    if verwerking is None:
        return []
    gevonden = {**teruggevonden(staat), **_komt_overeen(staat, verwerking)}
    nieuw = [wie for wie in verwerking.verhuizers if wie in gevonden and wie not in staat.bevestigd]
    return [
        Feit(
            type=namen.BEVESTIGD,
            step=f"bevestigd:{wie}",
            data={"pseudoniem": wie, "wijziging": gevonden[wie]},
        )
        for wie in nieuw
    ]


def resultaat(staat: Staat) -> str | None:
    """Return how this zaak ends ("verwerkt", "handmatig", "geweigerd", "afgebroken"), or None while that is open."""
    verwerking = staat.verwerking
    if verwerking is not None:
        klaar = all(wie in staat.bevestigd for wie in verwerking.verhuizers)
        return (VERWERKT if verwerking.door == WISSEL else HANDMATIG) if klaar else None
    if staat.ingetrokken:
        return AFGEBROKEN
    return GEWEIGERD if staat.alles_besloten and not staat.goedgekeurd else None


def _rond_af(staat: Staat) -> list[Antwoord]:
    einde = resultaat(staat)
    if einde is None or staat.afgerond or staat.zaak.verwijderd or staat.overleden:
        return []  # of somebody who died a person closes the zaak: its last status makes the case system write a letter
    if staat.uitgevoerd(namen.SLUIT_ZAAK):
        return [Feit(type=namen.AFGEROND, step="afgerond", data={"resultaat": _RESULTAAT[einde]})]
    if staat.zaak.gesloten and not staat.opdracht(namen.SLUIT_ZAAK):
        return []  # somebody closed it by hand: nothing is left to write
    if not staat.opdracht(namen.ZET_RESULTAAT):
        return [_opdracht(namen.ZET_RESULTAAT, sleutel=einde)]
    if staat.uitgevoerd(namen.ZET_RESULTAAT) and not staat.opdracht(namen.SLUIT_ZAAK):
        return [_opdracht(namen.SLUIT_ZAAK, datumStatusGezet=tekst_van(staat.tijd))]
    return []


def _einddatum_gepland(staat: Staat) -> list[Antwoord]:
    b, gepland = staat.beoordeling, staat.zaak.einddatum_gepland
    if b is None or b.aanhoudreden != WACHT_OP_DATUM or b.aangehouden_tot is None:
        return []
    if gepland and gepland > b.aangehouden_tot:
        return []
    datum = verschoven(dagen_na(b.aangehouden_tot, 1), staat.profiel.gelijkgestelde_dagen).isoformat()
    stap = f"{namen.ZET_EINDDATUM_GEPLAND}:{datum}"
    return [] if staat.opdracht(stap) else [_opdracht(namen.ZET_EINDDATUM_GEPLAND, stap, datum=datum)]


def _opschorting(staat: Staat) -> list[Antwoord]:
    aanvulling = staat.aanvulling
    if aanvulling is None:
        return []
    schort_op, hervat = f"{namen.SCHORT_OP}#{aanvulling.nummer}", f"{namen.HERVAT}#{aanvulling.nummer}"
    if aanvulling.open and not staat.opdracht(schort_op):
        return [_opdracht(namen.SCHORT_OP, schort_op, reden="Er is om aanvulling gevraagd.")]
    if not aanvulling.open and staat.opdracht(schort_op) and not staat.opdracht(hervat):
        return [_opdracht(namen.HERVAT, hervat)]
    return []


def _behandelaar(staat: Staat) -> list[Antwoord]:
    behandeling, dicht = staat.behandeling, staat.zaak.gesloten or staat.zaak.verwijderd
    if dicht or behandeling.medewerker == behandeling.doorgegeven:
        return []
    if behandeling.medewerker is None:
        stap = f"{namen.VERWIJDER_BEHANDELAAR}#{behandeling.ronde + 1}"
        return [_opdracht(namen.VERWIJDER_BEHANDELAAR, stap, medewerker=behandeling.doorgegeven)]
    stap = f"{namen.ZET_BEHANDELAAR}#{behandeling.ronde + 1}"
    omschrijving = f"Behandelaar ({staat.team})"
    return [_opdracht(namen.ZET_BEHANDELAAR, stap, medewerker=behandeling.medewerker, omschrijving=omschrijving)]


def beslis_handelen(staat: Staat, *, vers: bool) -> list[Antwoord]:
    """Return what to send or put down now; nothing leaves in any mode but ``actief``.

    ``vers``: no fact is older than a later change in the register. What was begun is finished, also when the mode is
    switched off meanwhile: the registry has it already.
    """
    begonnen = staat.uitvoering_begonnen
    if staat.reden_niet_beoordelen or not (begonnen or staat.profiel.modus == "actief"):
        return []
    if begonnen or staat.ingetrokken:
        return [*_behandelaar(staat), *lees_terug(staat), *_bevestig(staat), *_rond_af(staat)]
    if not staat.loopt:
        return []
    antwoorden = [*_einddatum_gepland(staat), *_opschorting(staat), *_behandelaar(staat)]
    if vers:
        antwoorden += _stuur(staat)
    return antwoorden + ([] if staat.goedgekeurd else _rond_af(staat))
