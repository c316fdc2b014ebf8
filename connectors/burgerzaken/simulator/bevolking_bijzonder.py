# SPDX-License-Identifier: EUPL-1.2
"""Households made on purpose: each an example of something a careful decision must notice.

Neighbourhood ``rang`` of a gemeente holds those whose turn it is (every sixth), so that every kind exists in a gemeente
of some twenty neighbourhoods and a larger one has as many as its size allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectors.burgerzaken.simulator import bevolking_namen as namen
from connectors.burgerzaken.simulator.bevolking_huishoudens import Bouwer
from connectors.burgerzaken.simulator.bevolking_model import (
    RNI_GEMEENTE,
    Gezag,
    Huishouden,
    Partner,
    Persoon,
    Verblijf,
)

_BEURT: Final = 6
_GROOTSTE: Final = 6  # people in the largest special household
_GROOT: Final = 12  # once in twelve neighbourhoods each: a care home, a family of thirteen, a house with ten tenants
BEWONERS_VERPLEEGHUIS: Final = 104


def bouw_bijzonder(bouwer: Bouwer) -> None:
    """Add the special households of this neighbourhood."""
    if groot := _GROTE.get(bouwer.rang % _GROOT):
        groot(bouwer)
    for beurt, maak in enumerate(BIJZONDERE_HUISHOUDENS):
        if (bouwer.rang + beurt) % _BEURT == 0 and bouwer.ruimte >= _GROOTSTE:
            maak(bouwer)


def _curatele(bouwer: Bouwer) -> None:
    bouwer.huisvest("curatele", [bouwer.persoon(51, curatele=True)])


def _paar_met_curatele(bouwer: Bouwer) -> None:
    paar = [bouwer.persoon(63), bouwer.persoon(64, curatele=True)]
    bouwer.verbind(paar, "H")
    bouwer.huisvest("paar-met-curatele", paar)


def _in_onderzoek(aanduiding: str, soort: str) -> Callable[[Bouwer], None]:
    def maak(bouwer: Bouwer) -> None:
        bouwer.huisvest(soort, [bouwer.persoon(44, onderzoek=aanduiding)])

    return maak


def _paar_deels_in_onderzoek(bouwer: Bouwer) -> None:
    """One of two residents is under investigation: the address is not clean either."""
    paar = [bouwer.persoon(38), bouwer.persoon(39, onderzoek="080000")]
    bouwer.verbind(paar, "P")
    bouwer.huisvest("paar-deels-in-onderzoek", paar)


def _paar_naam_in_onderzoek(bouwer: Bouwer) -> None:
    paar = [bouwer.persoon(35), bouwer.persoon(36, onderzoek="010000")]
    bouwer.verbind(paar, "H")
    bouwer.huisvest("paar-persoon-in-onderzoek", paar)


def _buitenland(bouwer: Bouwer, datum: str) -> Verblijf:
    return Verblijf(
        soort="VerblijfplaatsBuitenland",
        datum_van=datum,
        gemeente=RNI_GEMEENTE,
        land=bouwer.kans.kies(namen.BUITENLAND),
    )


def _los(bouwer: Bouwer, soort: str, persoon: Persoon, verblijf: Verblijf) -> None:
    """Keep somebody who lives at no address here."""
    persoon.verblijf = verblijf
    bouwer.huishoudens.append(Huishouden(soort=soort, leden=[persoon], plek=-1))


def _overleden(bouwer: Bouwer) -> None:
    paar = [bouwer.persoon(81, opschorting=("O", "2023-11-05")), bouwer.persoon(79)]
    bouwer.verbind(paar, "H", ontbonden="2023-11-05")
    bouwer.huisvest("overleden", paar)


def _emigratie(bouwer: Bouwer) -> None:
    persoon = bouwer.persoon(47, opschorting=("E", "2022-03-01"))
    _los(bouwer, "emigratie", persoon, _buitenland(bouwer, "2022-03-01"))


def _onbekend_vertrokken(bouwer: Bouwer) -> None:
    persoon = bouwer.persoon(33, opschorting=("E", "2021-09-14"))
    verblijf = Verblijf(soort="VerblijfplaatsOnbekend", datum_van="2021-09-14", gemeente=RNI_GEMEENTE)
    _los(bouwer, "vertrokken-onbekend-waarheen", persoon, verblijf)


def _rni(bouwer: Bouwer) -> None:
    persoon = bouwer.persoon(29, opschorting=("R", "2020-05-20"))
    _los(bouwer, "rni", persoon, _buitenland(bouwer, "2020-05-20"))


def _opgeschort(reden: str, soort: str) -> Callable[[Bouwer], None]:
    def maak(bouwer: Bouwer) -> None:
        bouwer.huisvest(soort, [bouwer.persoon(55, opschorting=(reden, "2022-08-29"))])

    return maak


def _locatie(bouwer: Bouwer) -> None:
    verblijf = Verblijf(
        soort="Locatie",
        datum_van="2015-06-01",
        gemeente=(bouwer.gemeente.code, bouwer.gemeente.naam),
        locatie="Woonboot bij de derde brug",
    )
    _los(bouwer, "locatie", bouwer.persoon(58), verblijf)


def _briefadres(bouwer: Bouwer) -> None:
    """Two brothers: one lives there, the other has his letters sent there."""
    gever = bouwer.persoon(49)
    thuis = bouwer.huisvest("briefadresgever", [gever])
    naam = (gever.voorvoegsel, gever.geslachtsnaam)
    bouwer.huisvest("briefadres", [bouwer.persoon(46, naam=naam)], plek=thuis.plek, functie="B", datum_van="2023-05-16")


def _geboorte_onvolledig(bouwer: Bouwer) -> None:
    for datum in ("1969", "1972-04", "onbekend"):
        bouwer.huisvest("geboortedatum-onvolledig", [bouwer.persoon(54, geboorte=datum)])


def _partner_zonder_bsn(bouwer: Bouwer) -> None:
    """Married abroad to somebody without a number, and living with somebody else who does have one."""
    gehuwd, huisgenoot = bouwer.persoon(41), bouwer.persoon(40)
    gehuwd.partners.append(
        Partner(
            soort="H",
            datum="2014-07-12",
            plaats=("", "Warszawa"),
            persoon=None,
            voornamen="Agnieszka",
            geslachtsnaam="Kowalska",
        )
    )
    bouwer.huisvest("partner-zonder-bsn", [gehuwd, huisgenoot])


def _partner_elders(bouwer: Bouwer) -> None:
    paar = [bouwer.persoon(57), bouwer.persoon(59)]
    bouwer.verbind(paar, "H")
    bouwer.huisvest("partner-elders", [paar[0]])
    bouwer.huisvest("partner-elders-tweede", [paar[1]])


def _ex_paar(bouwer: Bouwer) -> None:
    paar = [bouwer.persoon(45), bouwer.persoon(43)]
    bouwer.verbind(paar, "H", ontbonden="2024-02-20")
    bouwer.huisvest("ex-paar", paar)


def _met_kind(soort: str, gezag: str, toelichting: str = "", *, in_onderzoek: bool = False) -> Callable[[Bouwer], None]:
    """Return a maker of a parent with a child of eight; without ``toelichting`` the parent holds the authority."""

    def maak(bouwer: Bouwer) -> None:
        ouder = bouwer.persoon(36)
        houders = () if toelichting else (ouder,)
        kind = bouwer.kind([ouder], 8, gezag, houders=houders, toelichting=toelichting, in_onderzoek=in_onderzoek)
        bouwer.huisvest(soort, [ouder, kind])

    return maak


def _ander_heeft_gezag(bouwer: Bouwer) -> None:
    """The child lives with the parent who has no authority."""
    ouders = [bouwer.persoon(37), bouwer.persoon(38)]
    kind = bouwer.kind(ouders, 7, "EenhoofdigOuderlijkGezag", houders=(ouders[1],))
    bouwer.huisvest("ander-heeft-gezag", [ouders[0], kind])
    bouwer.huisvest("ouder-elders", [ouders[1]])


def _gezamenlijk_gezag(bouwer: Bouwer) -> None:
    """A parent and the parent's wife, who is no parent, have authority together (BW 1:253t)."""
    ouder, echtgenote = bouwer.persoon(34, geslacht="V"), bouwer.persoon(35, geslacht="V")
    bouwer.verbind([ouder, echtgenote], "H")
    kind = bouwer.kind([ouder], 5, "GezamenlijkGezag", derde=echtgenote)
    bouwer.huisvest("gezamenlijk-gezag", [ouder, echtgenote, kind])


def _voogdij(bouwer: Bouwer) -> None:
    voogd, kind = bouwer.persoon(52), bouwer.persoon(9)
    kind.gezag = Gezag(soort="Voogdij", houders=(voogd,))
    bouwer.huisvest("voogdij", [voogd, kind])


def _recent_verhuisd(bouwer: Bouwer) -> None:
    persoon = bouwer.persoon(31)
    persoon.historie = (bouwer.verblijf_op(3, "2016-02-01"),)
    bouwer.huisvest("recent-verhuisd", [persoon], datum_van=bouwer.dagen_geleden(20))


def _vaak_verhuisd(bouwer: Bouwer) -> None:
    persoon = bouwer.persoon(28)
    stappen = ((120, 8), (170, 11), (900, 13))
    persoon.historie = tuple(bouwer.verblijf_op(plek, bouwer.dagen_geleden(dagen)) for dagen, plek in stappen)
    bouwer.huisvest("vaak-verhuisd", [persoon], datum_van=bouwer.dagen_geleden(60))


def _al_verhuisd(bouwer: Bouwer) -> None:
    persoon = bouwer.persoon(39)
    persoon.historie = (bouwer.verblijf_op(5, "2013-08-01"),)
    bouwer.huisvest("al-verhuisd", [persoon], datum_van=bouwer.dagen_geleden(3))


def _datum_onbekend(bouwer: Bouwer) -> None:
    """Since when somebody lives there is unknown: for the occupancy a possible resident, always."""
    bouwer.huisvest("aanvang-onbekend", [bouwer.persoon(67)], datum_van="onbekend")


def _jongere(bouwer: Bouwer) -> None:
    """Somebody of seventeen who lives alone, and somebody of fifteen; both with the parents elsewhere."""
    for leeftijd, soort in ((16, "jongere"), (14, "kind-alleen")):
        ouders = [bouwer.persoon(45), bouwer.persoon(44)]
        bouwer.verbind(ouders, "H")
        bouwer.huisvest(soort, [bouwer.kind(ouders, leeftijd)])
        bouwer.huisvest("ouders-van-jongere", ouders)


def _verpleeghuis(bouwer: Bouwer) -> None:
    plek = next(o.plek for o in bouwer.objecten if o.soort == "groot")
    leden = [bouwer.persoon(bouwer.kans.tussen(70, 97)) for _ in range(BEWONERS_VERPLEEGHUIS)]
    bouwer.huisvest("verpleeghuis", leden, plek=plek, datum_van="2022-04-01")


def _gezin_van_dertien(bouwer: Bouwer) -> None:
    plek = next(o.plek for o in bouwer.objecten if o.soort == "groot")
    ouders = [bouwer.persoon(43), bouwer.persoon(42)]
    bouwer.verbind(ouders, "H")
    kinderen = [bouwer.kind(ouders, leeftijd) for leeftijd in (15, 14, 13, 12, 10, 9, 8, 6, 5, 3, 2)]
    bouwer.huisvest("gezin-van-dertien", ouders + kinderen, plek=plek)


def _kamerhuis(bouwer: Bouwer) -> None:
    plek = next(o.plek for o in bouwer.objecten if o.soort == "groot")
    leden = [bouwer.persoon(bouwer.kans.tussen(19, 30)) for _ in range(10)]
    bouwer.huisvest("kamerhuis", leden, plek=plek)


_GROTE: Final[dict[int, Callable[[Bouwer], None]]] = {0: _gezin_van_dertien, 3: _verpleeghuis, 6: _kamerhuis}
_GEEN_GEZAG = "Ouder(s) zijn nog niet bevoegd tot het uitoefenen van gezag."
_NIET_TE_BEPALEN = "gezag kan niet worden bepaald omdat de ouder in het buitenland woont."
BIJZONDERE_HUISHOUDENS: Final[tuple[Callable[[Bouwer], None], ...]] = (
    _curatele,
    _paar_met_curatele,
    _in_onderzoek("080000", "verblijfplaats-in-onderzoek"),
    _in_onderzoek("081100", "adres-in-onderzoek"),
    _in_onderzoek("010000", "persoon-in-onderzoek"),
    _in_onderzoek("089999", "verblijft-niet-op-adres"),
    _paar_deels_in_onderzoek,
    _paar_naam_in_onderzoek,
    _overleden,
    _emigratie,
    _onbekend_vertrokken,
    _rni,
    _opgeschort("M", "ministerieel-besluit"),
    _opgeschort("F", "fout"),
    _opgeschort(".", "opschorting-onbekend"),
    _locatie,
    _briefadres,
    _geboorte_onvolledig,
    _partner_zonder_bsn,
    _partner_elders,
    _ex_paar,
    _met_kind("tijdelijk-geen-gezag", "TijdelijkGeenGezag", _GEEN_GEZAG),
    _met_kind("gezag-niet-te-bepalen", "GezagNietTeBepalen", _NIET_TE_BEPALEN),
    _met_kind("gezag-in-onderzoek", "EenhoofdigOuderlijkGezag", in_onderzoek=True),
    _ander_heeft_gezag,
    _gezamenlijk_gezag,
    _voogdij,
    _recent_verhuisd,
    _vaak_verhuisd,
    _al_verhuisd,
    _datum_onbekend,
    _jongere,
)
