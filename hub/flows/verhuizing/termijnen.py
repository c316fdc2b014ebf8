# SPDX-License-Identifier: EUPL-1.2
"""Which terms must run for the state as it is; what runs already is compared with it, so a term is set once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from hub.flows.base import Antwoord, Termijn, TermijnVervalt
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.datums import dagen_na, lokale_dag, moment
from hub.flows.verhuizing.regels import WACHT_OP_VERTREK
from hub.flows.verhuizing.staat import Staat

_NA_MIDDERNACHT_MINUUT = 5
_OPNIEUW_MINUUT = 10


def tijdstip_verhuisdatum(staat: Staat) -> datetime | None:
    """Return 00:05 in Europe/Amsterdam of a moving date that lay ahead at receipt, else None."""
    aangifte = staat.aangifte
    if aangifte is None or aangifte.verhuisdatum is None or aangifte.ontvangst is None:
        return None
    vooruit = aangifte.verhuisdatum > aangifte.ontvangst
    return moment(aangifte.verhuisdatum, 0, _NA_MIDDERNACHT_MINUUT) if vooruit else None


def tijdstip_vertrekgrens(grens: date) -> datetime:
    """Return when waiting for a previous occupant ends: right after the last day."""
    return moment(dagen_na(grens, 1), 0, _NA_MIDDERNACHT_MINUUT)


def _heel(tijd: datetime) -> datetime:
    """The next whole second: what is read back from an event is compared with it."""
    return tijd if tijd.microsecond == 0 else tijd.replace(microsecond=0) + timedelta(seconds=1)


def _wachten(staat: Staat) -> Iterator[Termijn]:
    if staat.wacht_sinds is not None:
        einde = staat.wacht_sinds + timedelta(seconds=staat.profiel.wachttijd_stukken_s)
        yield Termijn(naam=namen.STUKKEN, vervalt=_heel(einde))
    verhuisdatum = tijdstip_verhuisdatum(staat)
    if staat.gereed and verhuisdatum and not staat.uitvoering_begonnen:
        yield Termijn(naam=namen.VERHUISDATUM, vervalt=verhuisdatum)


def _vorige_bewoner(staat: Staat) -> Iterator[Termijn]:
    beoordeling = staat.beoordeling
    if beoordeling is None or beoordeling.aanhoudreden != WACHT_OP_VERTREK or staat.uitvoering_begonnen:
        return
    grens = beoordeling.aangehouden_tot
    if grens is None:
        return
    yield Termijn(naam=namen.VORIGE_BEWONER, vervalt=tijdstip_vertrekgrens(grens))
    ontvangen = staat.bewoning.ontvangen
    morgen = dagen_na(lokale_dag(ontvangen), 1) if ontvangen else None
    if morgen and morgen <= grens:
        yield Termijn(naam=namen.BEWONING_OPNIEUW, vervalt=moment(morgen, 0, _OPNIEUW_MINUUT))


def _besluiten(staat: Staat) -> Iterator[Termijn]:
    aanvulling = staat.aanvulling
    if aanvulling and aanvulling.open and aanvulling.reactie_voor:
        yield Termijn(naam=namen.REACTIE, vervalt=moment(dagen_na(aanvulling.reactie_voor, 1)))
        return  # the clock stands still
    fataal = staat.fatale_datum
    if not staat.wacht_op_ambtenaar or fataal is None:
        return
    yield Termijn(naam=namen.FATAAL, vervalt=moment(dagen_na(fataal, 1)))
    streef = streefdatum(staat)
    if streef and streef < fataal:
        yield Termijn(naam=namen.STREEF, vervalt=moment(dagen_na(streef, 1)))


def streefdatum(staat: Staat) -> date | None:
    """Return by when this should be done: einddatumGepland, else the target of the profile; with the days of standstill."""
    start = staat.zaak.startdatum or (staat.aangifte.ontvangst if staat.aangifte else None)
    if staat.zaak.einddatum_gepland:
        return dagen_na(staat.zaak.einddatum_gepland, staat.opgeschort_dagen)
    return dagen_na(start, staat.profiel.streef_dagen + staat.opgeschort_dagen) if start else None


def _bevestiging(staat: Staat) -> Iterator[Termijn]:
    verwerking = staat.verwerking
    if verwerking and len(staat.bevestigd) < len(verwerking.verhuizers):
        einde = verwerking.gegeven + timedelta(seconds=staat.profiel.wachttijd_bevestiging_s)
        yield Termijn(naam=namen.BEVESTIGING, vervalt=_heel(einde), wacht_op_bron=True)


def gewenste_termijnen(staat: Staat) -> dict[str, Termijn]:
    """Return name -> term of all that should run now; nothing once the zaak is closed or finished."""
    if not staat.loopt or staat.reden_niet_beoordelen:
        return {}
    bronnen = (_wachten, _vorige_bewoner, _besluiten, _bevestiging)
    termijnen = (termijn for bron in bronnen for termijn in bron(staat))
    return {t.naam: t for t in termijnen if (t.naam, t.vervalt) not in staat.verstreken}


def beslis_termijnen(staat: Staat) -> list[Antwoord]:
    """Return the terms to set and those no longer needed."""
    gewenst, lopend = gewenste_termijnen(staat), staat.termijnen
    antwoorden: list[Antwoord] = [t for naam, t in gewenst.items() if lopend.get(naam) != t.vervalt]
    antwoorden += [TermijnVervalt(naam=naam) for naam in lopend if naam not in gewenst]
    return antwoorden
