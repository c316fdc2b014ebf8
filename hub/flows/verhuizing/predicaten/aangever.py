# SPDX-License-Identifier: EUPL-1.2
"""Rows 1 to 4: who declares, and whether the register knows each person concerned as an ordinary resident."""

from __future__ import annotations

import unicodedata
from typing import Final

from hub.flows.verhuizing.aangifte import Naam
from hub.flows.verhuizing.feiten import NietBeschikbaar, Personen
from hub.flows.verhuizing.persoon import Persoon
from hub.flows.verhuizing.predicaten.basis import (
    BRON_LEVERT_NIET,
    BRON_WEG,
    ROOD,
    UITSLAG_MIST,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    rood,
    uitslag,
)

_NIVEAUS: Final = {
    **dict.fromkeys(("basis", "10", "laag", "urn:oasis:names:tc:saml:2.0:ac:classes:passwordprotectedtransport"), 10),
    **dict.fromkeys(("midden", "20", "urn:oasis:names:tc:saml:2.0:ac:classes:mobiletwofactorcontract"), 20),
    **dict.fromkeys(("substantieel", "25", "urn:oasis:names:tc:saml:2.0:ac:classes:smartcard"), 25),
    **dict.fromkeys(("hoog", "30", "urn:oasis:names:tc:saml:2.0:ac:classes:smartcardpki"), 30),
}
_ROOD_OPGESCHORT: Final = {"O": "overleden", "E": "geemigreerd", "R": "niet-ingezetene"}
_GEMEENTE_RNI: Final = "1999"
_ZESTIEN, _ACHTTIEN = 16, 18


def _gewoon(naam: str | None) -> str:
    """A name as it is compared: no accents, capitals, hyphens or double blanks."""
    zonder = "".join(c for c in unicodedata.normalize("NFKD", naam or "") if not unicodedata.combining(c))
    return " ".join(zonder.casefold().replace("-", " ").split())


def naam_wijkt_af(genoemd: Naam, brp: Persoon) -> bool:
    """Return True when the surname, or the first letter of the given names where both are there, differs."""
    namen = {_gewoon(brp.geslachtsnaam), _gewoon(f"{brp.voorvoegsel or ''} {brp.geslachtsnaam or ''}")}
    vol = _gewoon(f"{genoemd.voorvoegsel or ''} {genoemd.geslachtsnaam or ''}")
    if not namen & {vol, _gewoon(genoemd.geslachtsnaam)}:
        return True
    voornamen = _gewoon(genoemd.voornamen)[:1], _gewoon(brp.voornamen)[:1]
    return all(voornamen) and voornamen[0] != voornamen[1]


def _inlog(i: Invoer) -> list[Bevinding]:
    aangifte = i.aangifte
    if aangifte.middel is None:
        kanaal = (aangifte.kanaal or "").casefold()
        papier = kanaal in i.profiel.niet_digitale_kanalen
        return [Bevinding("aangifte-niet-digitaal" if papier else "authenticatie-onbekend")]
    if aangifte.middel.casefold() != "digid":
        return [Bevinding("inlogmiddel-niet-digid")]
    niveau = _NIVEAUS.get((aangifte.niveau or "").casefold())
    if niveau is None:
        return [Bevinding("inlogniveau-onbekend")]
    return [Bevinding("inlogniveau-te-laag")] if niveau < _NIVEAUS[i.profiel.digid_niveau] else []


def _initiator(i: Invoer) -> list[Bevinding]:
    aangifte = i.aangifte
    if aangifte.aantal_initiatoren > 1:
        return [Bevinding("meer-initiatoren")]
    if aangifte.aantal_initiatoren == 0:
        return [Bevinding("initiator-ontbreekt")]
    return [] if aangifte.aangever else [Bevinding("initiator-zonder-bsn")]


def p01_authenticatie(i: Invoer) -> Uitslag:
    """Who declares has logged in with DigiD, high enough, as the one initiator, in person, and the name is that of the BRP.

    Source: Wet BRP 2.20 lid 4 (identity established first); Wabb 12 (check that the number is this person's). The level
    is policy. A declaration without a name is not compared: with DigiD the number itself comes from the login.
    """
    bevindingen = [*_inlog(i), *_initiator(i)]
    if i.aangifte.machtiging:
        bevindingen.append(Bevinding("machtiging"))
    brp, genoemd = i.persoon(i.aangifte.aangever), i.aangifte.naam_aangever
    if brp and genoemd:
        if brp.geslachtsnaam is None:
            bevindingen.append(Bevinding("naam-wijkt-af" if i.levert("naam") else BRON_LEVERT_NIET))
        elif naam_wijkt_af(genoemd, brp):
            bevindingen.append(Bevinding("naam-wijkt-af"))
    return uitslag(bevindingen, middel=i.aangifte.middel, niveau=i.aangifte.niveau, kanaal=i.aangifte.kanaal)


def p02_leeftijd_aangever(i: Invoer) -> Uitslag:
    """The declarer is 18 or older, or 16 or 17 and declares for nobody else, on the day of receipt.

    Source: Wet BRP 2.48 (who is under 16 does not declare; from 16 one may for oneself). Born on 29 February: from 1 March.
    """
    aangever = i.persoon(i.aangifte.aangever)
    if aangever is None or i.ontvangst is None:
        return UITSLAG_MIST
    if aangever.geboorte is None and not i.levert("geboorte"):
        return oranje(BRON_LEVERT_NIET)
    leeftijd = aangever.leeftijd_op(i.ontvangst)
    if leeftijd is None:
        return oranje("geboortedatum-onvolledig", aangever.pseudoniem)
    if leeftijd < _ZESTIEN:
        return rood("aangever-jonger-dan-16")
    if leeftijd < _ACHTTIEN and i.verhuizend != {aangever.pseudoniem}:
        return oranje("minderjarige-aangever-voor-anderen")
    return uitslag([])


def _inschrijving(i: Invoer, persoon: Persoon) -> Bevinding | None:
    wie = persoon.pseudoniem
    if persoon.opschorting in _ROOD_OPGESCHORT:
        return Bevinding(_ROOD_OPGESCHORT[persoon.opschorting], ROOD, wie)
    if persoon.gemeente == _GEMEENTE_RNI:
        return Bevinding("niet-ingezetene", ROOD, wie)
    if persoon.opschorting is not None:
        return Bevinding("bijhouding-opgeschort", pseudoniem=wie)
    if persoon.rni:
        return Bevinding("registratie-onduidelijk", pseudoniem=wie)
    if not (i.levert("opschortingBijhouding") and i.levert("rni")):
        return Bevinding(BRON_LEVERT_NIET, pseudoniem=wie)
    if persoon.gemeente is None:
        code = "registratie-onduidelijk" if i.levert("gemeenteVanInschrijving") else BRON_LEVERT_NIET
        return Bevinding(code, pseudoniem=wie)
    return None


def _registratie(i: Invoer, wie: str, personen: Personen) -> Bevinding | None:
    gevonden = personen.per_pseudoniem.get(wie)
    if wie in i.aangifte.vernietigd or (gevonden and gevonden.vernietigd):
        return Bevinding("gegevens-vernietigd", pseudoniem=wie)
    if gevonden is None or not gevonden.gevonden:
        return Bevinding("persoon-niet-gevonden", pseudoniem=wie)
    return _inschrijving(i, gevonden)


def p03_registratie(i: Invoer) -> Uitslag:
    """The declarer and every mover are found, are ingezetene, and their persoonslijst is not opgeschort.

    Source: Wet BRP 2.38, 2.39 (who moves within the country is an ingezetene); BRP API opschortingBijhouding (O, E and R
    need a visit; M, F and unknown an official), rni, gemeenteVanInschrijving. This row says when the BRP stayed away.
    """
    if isinstance(i.personen, NietBeschikbaar):
        return oranje(BRON_WEG)
    betrokkenen = i.aangifte.betrokkenen
    if not betrokkenen:
        return UITSLAG_MIST
    personen = i.personen or Personen({}, frozenset())
    gevonden = (_registratie(i, wie, personen) for wie in betrokkenen)
    return uitslag([bevinding for bevinding in gevonden if bevinding], personen=len(betrokkenen))


def p04_curatele(i: Invoer) -> Uitslag:
    """Neither the declarer nor any mover is under curatele.

    Source: Wet BRP 2.48 lid 1 onder c (then the curator declares); BRP API indicatieCurateleRegister.
    """
    personen = [persoon for wie in i.aangifte.betrokkenen if (persoon := i.persoon(wie))]
    if not personen:
        return UITSLAG_MIST
    if gevonden := [Bevinding("curatele", ROOD, persoon.pseudoniem) for persoon in personen if persoon.curatele]:
        return uitslag(gevonden)
    return uitslag([]) if i.levert("indicatieCurateleRegister") else oranje(BRON_LEVERT_NIET)
