# SPDX-License-Identifier: EUPL-1.2
"""The kinds of declarations a scenario is made of. Each takes people and an address from the stock and says what it is.

``redenen`` are hints for people and tests; the hub judges by itself. What depends on the hub's own lists (institutions,
marks) or on two open declarations at once is not here: a scenario never lets two declarations share anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.burgerzaken.simulator.bevolking_model import (
    AdresseerbaarObject,
    Huishouden,
    Nummeraanduiding,
    Persoon,
)
from connectors.burgerzaken.simulator.datums import MEERDERJARIG, ZELF_AANGEVEN
from connectors.burgerzaken.simulator.voorraad import Voorraad

_DIGID: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
BASIS: Final = f"{_DIGID}PasswordProtectedTransport"
MIDDEN: Final = f"{_DIGID}MobileTwoFactorContract"
SUBSTANTIEEL: Final = f"{_DIGID}Smartcard"


@dataclass(slots=True, kw_only=True)
class Concept:
    """A declaration before it is written as an e-form writes it. ``dagen``: the moving date, in days from receipt."""

    initiator: Persoon
    thuis: AdresseerbaarObject
    mee: Sequence[tuple[Persoon, str]] = ()
    adres: Nummeraanduiding | None = None  # None: the main address
    dagen: int | str | None = None  # None: a plain date, chosen by the scenario; a text stands as it is, "": no date
    inwonend: bool | None = False
    hoofdbewoner: Persoon | None = None
    toestemming: str = ""
    functie: str = "woonadres"
    niveau: str | None = MIDDEN
    machtiging: str = ""
    kanaal: str = "Internet"
    met_ids: bool = True
    ids_van: AdresseerbaarObject | None = None  # the identifications of another address than text and number
    verlaat: AdresseerbaarObject | None = None  # the home that a second declaration then moves into
    huisnummer: int | None = None
    naam: str = ""
    zonder_bsn: bool = False
    onbekend: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bron:
    """Where a scenario takes from: the gemeente itself, and elsewhere."""

    eigen: Voorraad
    elders: Voorraad


Maker = Callable[[Bron], Concept]


@dataclass(frozen=True, slots=True, kw_only=True)
class Geval:
    """One kind: ``kleur`` and ``redenen`` are what a careful judge should find."""

    naam: str
    kleur: str
    maak: Maker
    redenen: tuple[str, ...] = ()
    gewicht: int = 1
    vervolg: Callable[[Bron, AdresseerbaarObject], Concept] | None = None  # declared after the first has ended
    eist_historie: bool = False


def mee(leden: Sequence[Persoon], *codes: str) -> list[tuple[Persoon, str]]:
    """Return everybody but the first, the last code for whoever is left."""
    rest = leden[1:]
    return [(lid, codes[min(plaats, len(codes) - 1)]) for plaats, lid in enumerate(rest)]


def _volwassen(bron: Voorraad) -> Callable[[Huishouden], bool]:
    return lambda huishouden: all(jaar >= MEERDERJARIG for jaar in bron.jaren(huishouden))


def alleen(bron: Bron) -> Persoon:
    """Take somebody who lives alone."""
    return bron.eigen.huishouden("alleenstaande", past=_volwassen(bron.eigen)).leden[0]


def alleen_naar(soort: str = "gewoon", **anders: object) -> Maker:
    """Somebody alone moves to a vacant object of ``soort``; ``anders`` are fields of Concept."""
    return lambda bron: Concept(initiator=alleen(bron), thuis=bron.eigen.leeg(soort), **anders)  # type: ignore[arg-type]


def huishouden_naar(soort: str, *codes: str, doel: str = "gewoon", elders: bool = False) -> Maker:
    """A whole household moves to a vacant object; the first member declares for the others with ``codes``."""

    def maak(bron: Bron) -> Concept:
        herkomst = bron.elders if elders else bron.eigen
        leden = herkomst.huishouden(soort, past=herkomst.jonge_kinderen).leden
        return Concept(initiator=leden[0], thuis=bron.eigen.leeg(doel, bewoners=len(leden)), mee=mee(leden, *codes))

    return maak


def persoon_naar(soort: str, **anders: object) -> Maker:
    """The first member of a (special) household moves alone to a vacant ordinary home."""

    def maak(bron: Bron) -> Concept:
        lid = bron.eigen.huishouden(soort).leden[0]
        return Concept(initiator=lid, thuis=bron.eigen.leeg(), **anders)  # type: ignore[arg-type]

    return maak


def inwonen(bij: str, *, toestemming: str = "ja", gever: str = "bewoner") -> Maker:
    """Somebody alone moves in with a household; ``gever`` of consent: bewoner, jongste, vreemde, niemand."""

    def maak(bron: Bron) -> Concept:
        thuis, bewoners = bron.eigen.bewoond(bij, erbij=1)
        gevers = {"bewoner": bewoners.leden[0], "jongste": bewoners.leden[-1], "niemand": None}
        hoofdbewoner = gevers[gever] if gever in gevers else alleen(bron)
        return Concept(initiator=alleen(bron), thuis=thuis, inwonend=True, hoofdbewoner=hoofdbewoner, toestemming=toestemming)

    return maak


def bewoond_adres(soort: str = "alleenstaande", **anders: object) -> Maker:
    """Somebody says nobody will live with them, but somebody is still registered there."""

    def maak(bron: Bron) -> Concept:
        thuis, _ = bron.eigen.bewoond(soort, erbij=1)
        return Concept(initiator=alleen(bron), thuis=thuis, **anders)  # type: ignore[arg-type]

    return maak


def jongere(bron: Bron) -> Persoon:
    """Take somebody of sixteen or seventeen who lives alone."""

    def past(huishouden: Huishouden) -> bool:
        return ZELF_AANGEVEN <= bron.eigen.jaren(huishouden)[0] < MEERDERJARIG

    return bron.eigen.huishouden("jongere", past=past).leden[0]


def _jongere_zelf(bron: Bron) -> Concept:
    return Concept(initiator=jongere(bron), thuis=bron.eigen.leeg())


def _partner_blijft(bron: Bron) -> Concept:
    return Concept(initiator=bron.eigen.huishouden("echtpaar").leden[0], thuis=bron.eigen.leeg())


def _verlaten_huis(bron: Bron) -> Concept:
    """First of a pair: somebody leaves a home that the second moves into."""
    oud, huishouden = bron.eigen.bewoond("alleenstaande", erbij=1)
    return Concept(initiator=huishouden.leden[0], thuis=bron.eigen.leeg(), dagen=-3, verlaat=oud)


def _vrijgekomen_huis(bron: Bron, thuis: AdresseerbaarObject) -> Concept:
    return Concept(initiator=alleen(bron), thuis=thuis, dagen=0)


GROEN: Final = (
    Geval(naam="alleenstaande", kleur="groen", gewicht=36, maak=alleen_naar()),
    Geval(naam="alleenstaande-substantieel", kleur="groen", gewicht=10, maak=alleen_naar(niveau=SUBSTANTIEEL)),
    Geval(naam="echtpaar", kleur="groen", gewicht=14, maak=huishouden_naar("echtpaar", "P")),
    Geval(naam="geregistreerde-partners", kleur="groen", gewicht=6, maak=huishouden_naar("partners", "P")),
    Geval(naam="gezin", kleur="groen", gewicht=18, maak=huishouden_naar("gezin", "P", "G")),
    Geval(naam="eenouder", kleur="groen", gewicht=6, maak=huishouden_naar("eenouder", "G")),
    Geval(naam="eenouder-ander-elders", kleur="groen", gewicht=6, maak=huishouden_naar("eenouder-ander-elders", "G")),
    Geval(naam="gezamenlijk-gezag", kleur="groen", maak=huishouden_naar("gezamenlijk-gezag", "P", "G")),
    Geval(naam="jongere-voor-zichzelf", kleur="groen", gewicht=2, maak=_jongere_zelf),
    Geval(naam="partner-blijft", kleur="groen", gewicht=2, maak=_partner_blijft),
    Geval(naam="inwonend-met-toestemming", kleur="groen", gewicht=8, maak=inwonen("alleenstaande")),
    Geval(naam="intergemeentelijk", kleur="groen", gewicht=8, maak=huishouden_naar("alleenstaande", "P", elders=True)),
    Geval(naam="intergemeentelijk-gezin", kleur="groen", gewicht=4, maak=huishouden_naar("gezin", "P", "G", elders=True)),
    Geval(naam="niet-ingemeten", kleur="groen", gewicht=2, maak=alleen_naar("niet-ingemeten")),
    Geval(naam="meer-gebruiksdoelen", kleur="groen", gewicht=2, maak=alleen_naar("meer-doelen")),
    Geval(naam="ligplaats", kleur="groen", gewicht=2, maak=alleen_naar("ligplaats")),
    Geval(naam="standplaats", kleur="groen", gewicht=2, maak=alleen_naar("standplaats")),
    Geval(naam="twee-panden", kleur="groen", gewicht=2, maak=alleen_naar("twee-panden")),
    Geval(naam="ander-voorvoegsel", kleur="groen", gewicht=2, maak=alleen_naar("ander-voorvoegsel")),
    Geval(
        naam="vrijgekomen-woning",
        kleur="groen",
        gewicht=3,
        maak=_verlaten_huis,
        vervolg=_vrijgekomen_huis,
    ),
)
WACHTEND: Final = (
    Geval(naam="toekomst", kleur="wachtend", redenen=("toekomstige-datum",), maak=alleen_naar(dagen=14)),
    Geval(naam="vorige-bewoner", kleur="wachtend", redenen=("vorige-bewoner",), maak=bewoond_adres(dagen=-1)),
    Geval(naam="toekomst-ver", kleur="wachtend", redenen=("toekomstige-datum",), maak=alleen_naar(dagen=28)),
    Geval(naam="vorige-bewoners", kleur="wachtend", redenen=("vorige-bewoner",), maak=bewoond_adres("echtpaar", dagen=0)),
)
