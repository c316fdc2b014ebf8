# SPDX-License-Identifier: EUPL-1.2
"""How opdrachten and what they brought change the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.events import Event
from hub.flows.verhuizing import lezen, namen
from hub.flows.verhuizing.feiten import NietBeschikbaar, lees_adres, lees_bewoning, lees_personen, lees_zaken
from hub.flows.verhuizing.staat import Bron, OpdrachtStand, Staat, Verwerking
from hub.flows.verhuizing.vragen import bron, vraag

TERUGGELEZEN: Final = "teruggelezen"
NIET_GELEZEN: Final = "niet-gelezen"
BRON_VAN_OPDRACHT: Final = {
    namen.HAAL_ADRES: "adres",
    namen.HAAL_PERSONEN: "personen",
    namen.HAAL_BEWONING: "bewoning",
    namen.ZOEK_ZAKEN: "zaken",
}


def _met(staat: Staat, naam: str, nieuw: Bron) -> Staat:
    velden: dict[str, Any] = {naam: nieuw}
    return staat.met(**velden)


def _verwerking(staat: Staat, event: Event, openbaar: Mapping[str, Any]) -> Staat:
    verhuizers = tuple(lezen.tekst(v.get("pseudoniem")) or "" for v in lezen.dicts(openbaar.get("verhuizers")))
    verwerking = Verwerking(
        verhuizers=verhuizers,
        datum=lezen.tekst(openbaar.get("verhuisdatum")) or "",
        object_id=lezen.tekst(openbaar.get("adresseerbaarObjectIdentificatie")) or "",
        functie=lezen.tekst(openbaar.get("functieAdres")) or "",
        door=lezen.tekst(openbaar.get("door")) or "",
        gegeven=event.time,
    )
    return staat.met(verwerking=verwerking)


def _behandelaar(staat: Staat, medewerker: str | None) -> Staat:
    oud = staat.behandeling
    return staat.met(behandeling=replace(oud, doorgegeven=medewerker, ronde=oud.ronde + 1))


def _gegeven(staat: Staat, event: Event) -> Staat:
    data = event.data
    opdracht, soort = lezen.tekst(data.get("opdrachtId")) or "", lezen.tekst(data.get("soort")) or ""
    stand = OpdrachtStand(soort, lezen.tekst(data.get("stap")) or "")
    staat = staat.met(opdrachten={**staat.opdrachten, opdracht: stand})
    if naam := BRON_VAN_OPDRACHT.get(soort):
        oud = bron(staat, naam)
        gevraagd = replace(oud, ronde=oud.ronde + 1, vraag=vraag(staat, naam), gevraagd_op=event.sequence, opdracht=opdracht)
        return _met(staat, naam, gevraagd)
    openbaar = lezen.als_dict(lezen.json_tekst(data.get("openbaar")))
    if soort == namen.VERWERK:
        return _verwerking(staat, event, openbaar)
    if soort == namen.ZET_BEHANDELAAR:
        return _behandelaar(staat, lezen.tekst(openbaar.get("medewerker")))
    return _behandelaar(staat, None) if soort == namen.VERWIJDER_BEHANDELAAR else staat


def _afgehandeld(staat: Staat, event: Event, stand: str) -> Staat:
    opdracht = lezen.tekst(event.data.get("opdrachtId")) or ""
    oud = staat.opdrachten.get(opdracht)
    if oud is None:
        return staat
    reden = lezen.tekst(event.data.get("reden"))
    return staat.met(opdrachten={**staat.opdrachten, opdracht: replace(oud, stand=stand, reden=reden)})


def _uitgevoerd(staat: Staat, event: Event) -> Staat:
    return _afgehandeld(staat, event, "uitgevoerd")


def _beantwoord(staat: Staat, event: Event, naam: str, antwoord: Any) -> Staat:
    """Fold an answer, unless it answers an older question."""
    oud = bron(staat, naam)
    if oud.opdracht is None or oud.opdracht != event.data.get("opdrachtId"):
        return staat
    nieuw = replace(
        oud,
        opdracht=None,
        antwoord=antwoord,
        gebeurtenis=event.id,
        tijdstip=lezen.tekst(event.data.get("tijdstip")) or event.time.isoformat(),
        ontvangen=event.time,
    )
    return _met(_afgehandeld(staat, event, "uitgevoerd"), naam, nieuw)


def _mislukt(staat: Staat, event: Event) -> Staat:
    if event.data.get("definitief") is not True:
        return staat
    naam = BRON_VAN_OPDRACHT.get(lezen.tekst(event.data.get("soort")) or "")
    if naam:
        reden = lezen.tekst(event.data.get("reden")) or "onbekend"
        staat = _beantwoord(staat, event, naam, NietBeschikbaar(reden))
    return _afgehandeld(staat, event, "mislukt")


def _adres(staat: Staat, event: Event) -> Staat:
    return _beantwoord(staat, event, "adres", lees_adres(event))


def _personen(staat: Staat, event: Event) -> Staat:
    personen = lees_personen(event)
    nieuw = _beantwoord(staat, event, "personen", personen)
    if nieuw is staat or not staat.overleden:
        return nieuw
    # what was fetched now counts: the registry may have put a death right
    levend = {wie for wie, persoon in personen.per_pseudoniem.items() if persoon.gevonden and persoon.opschorting != "O"}
    return nieuw.met(overleden={wie: gebeurtenis for wie, gebeurtenis in staat.overleden.items() if wie not in levend})


def _bewoning(staat: Staat, event: Event) -> Staat:
    return _beantwoord(staat, event, "bewoning", lees_bewoning(event))


def _zaken(staat: Staat, event: Event) -> Staat:
    return _beantwoord(staat, event, "zaken", lees_zaken(event))


def _teruggelezen(staat: Staat, event: Event) -> Staat:
    gelezen = {
        lezen.tekst(json.get("pseudoniem")) or "": (lezen.tekst(json.get("uitkomst")) or "", event.id)
        for json in lezen.dicts(event.data.get("perVerhuizer"))
    }
    return _afgehandeld(staat, event, "uitgevoerd").met(teruggelezen={**staat.teruggelezen, **gelezen})


def _niet_beschikbaar(staat: Staat, event: Event) -> Staat:
    naam = lezen.tekst(event.data.get("wat")) or ""
    if naam == TERUGGELEZEN:
        weg = dict.fromkeys(staat.verwerking.verhuizers if staat.verwerking else (), (NIET_GELEZEN, event.id))
        return _afgehandeld(staat, event, "mislukt").met(teruggelezen={**staat.teruggelezen, **weg})
    if naam not in BRON_VAN_OPDRACHT.values():
        return staat
    return _beantwoord(staat, event, naam, NietBeschikbaar(lezen.tekst(event.data.get("reden")) or "onbekend"))


GEGEVENS: Final[Mapping[str, Callable[[Staat, Event], Staat]]] = {
    namen.OPDRACHT_GEGEVEN: _gegeven,
    namen.OPDRACHT_UITGEVOERD: _uitgevoerd,
    namen.OPDRACHT_MISLUKT: _mislukt,
    namen.ADRES_OPGEHAALD: _adres,
    namen.PERSONEN_OPGEHAALD: _personen,
    namen.BEWONING_OPGEHAALD: _bewoning,
    namen.ZAKEN_GEVONDEN: _zaken,
    namen.TERUGGELEZEN: _teruggelezen,
    namen.NIET_BESCHIKBAAR: _niet_beschikbaar,
}
