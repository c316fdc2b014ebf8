# SPDX-License-Identifier: EUPL-1.2
"""Declarations that should not run through by themselves: one for each reason the hub can find from outside facts."""

from __future__ import annotations

from typing import Final

from connectors.burgerzaken.simulator.aangiften_gevallen import (
    BASIS,
    Bron,
    Concept,
    Geval,
    Maker,
    alleen,
    alleen_naar,
    bewoond_adres,
    huishouden_naar,
    inwonen,
    jongere,
    mee,
    persoon_naar,
)
from connectors.burgerzaken.simulator.datums import ZELF_AANGEVEN


def _met_ander(soort: str, code: str) -> Maker:
    """The first member of a household declares for the last, with ``code``; both move to a vacant home."""

    def maak(bron: Bron) -> Concept:
        leden = bron.eigen.huishouden(soort).leden
        thuis = bron.eigen.leeg(bewoners=2)
        return Concept(initiator=leden[0], thuis=thuis, mee=[(leden[-1], code)])

    return maak


def _kind_voor_ouder(bron: Bron) -> Concept:
    """A child of age declares for the parents they live with."""
    leden = bron.eigen.huishouden("gezin-volwassen-kind").leden
    ouders = [(leden[0], "K"), (leden[1], "K")]
    return Concept(initiator=leden[-1], thuis=bron.eigen.leeg(bewoners=3), mee=ouders)


def _partner_elders(bron: Bron) -> Concept:
    """The spouse who comes along is registered somewhere else."""
    initiator = bron.eigen.huishouden("partner-elders").leden[0]
    partner = initiator.partners[0].persoon
    assert partner is not None, "made so in bevolking_bijzonder"
    return Concept(initiator=initiator, thuis=bron.eigen.leeg(bewoners=2), mee=[(partner, "P")])


def _ouder_blijft(bron: Bron) -> Concept:
    """One parent leaves with the children, the other stays behind."""
    leden = bron.eigen.huishouden("gezin", past=bron.eigen.jonge_kinderen).leden
    vertrekkers = [leden[0], *leden[2:]]
    return Concept(initiator=leden[0], thuis=bron.eigen.leeg(bewoners=len(vertrekkers)), mee=mee(vertrekkers, "G"))


def _hoofd_instelling(bron: Bron) -> Concept:
    """The head of an institution declares for somebody."""
    initiator, bewoner = alleen(bron), alleen(bron)
    return Concept(initiator=initiator, thuis=bron.eigen.leeg(bewoners=2), mee=[(bewoner, "H")])


def _zelfde_adres(soort: str, dagen: int) -> Maker:
    """Somebody declares a move to where they are registered already."""

    def maak(bron: Bron) -> Concept:
        thuis, huishouden = bron.eigen.bewoond(soort, erbij=0)
        return Concept(initiator=huishouden.leden[0], thuis=thuis, dagen=dagen)

    return maak


def _jongere_met_ander(bron: Bron) -> Concept:
    """Somebody of sixteen or seventeen declares for somebody else too."""
    return Concept(initiator=jongere(bron), thuis=bron.eigen.leeg(bewoners=2), mee=[(alleen(bron), "P")])


def _klein(bron: Bron) -> Concept:
    leden = bron.eigen.huishouden("gezin", past=bron.eigen.jonge_kinderen).leden
    return Concept(initiator=leden[0], thuis=bron.eigen.leeg("klein"), mee=mee(leden, "P", "G"))


def _nevenadres(bron: Bron) -> Concept:
    thuis = bron.eigen.leeg("nevenadres")
    return Concept(initiator=alleen(bron), thuis=thuis, adres=thuis.adressen[1])


def _dubbel_adres(bron: Bron) -> Concept:
    return Concept(initiator=alleen(bron), thuis=bron.eigen.leeg("dubbel-adres"), met_ids=False)


def _tegenstrijdig(bron: Bron) -> Concept:
    """The identification is of another address than postcode and number."""
    return Concept(initiator=alleen(bron), thuis=bron.eigen.leeg(), ids_van=bron.eigen.leeg())


def _buiten_gemeente(bron: Bron) -> Concept:
    return Concept(initiator=alleen(bron), thuis=bron.elders.leeg())


def _te_laat_en_bewoond(bron: Bron) -> Concept:
    """Declared so late that the time to wait for the previous resident is over."""
    thuis, _ = bron.eigen.bewoond("alleenstaande", erbij=1)
    return Concept(initiator=alleen(bron), thuis=thuis, dagen=-30)


def _mogelijke_bewoner(bron: Bron) -> Concept:
    thuis, _ = bron.eigen.bewoond("aanvang-onbekend", erbij=1)
    return Concept(initiator=alleen(bron), thuis=thuis)


def _geen_adres(bron: Bron) -> Concept:
    return Concept(initiator=alleen(bron), thuis=bron.eigen.leeg(), huisnummer=9876, met_ids=False)


def _oranje(naam: str, maak: Maker, *redenen: str, eist_historie: bool = False) -> Geval:
    return Geval(naam=naam, kleur="oranje", maak=maak, redenen=redenen or (naam,), eist_historie=eist_historie)


def _rood(naam: str, maak: Maker, *redenen: str) -> Geval:
    return Geval(naam=naam, kleur="rood", maak=maak, redenen=redenen or (naam,))


# an annulled list gives nothing but its reason, a withdrawn address no object: what is absent is a reason of its own
_ZONDER_GEGEVENS: Final = (
    "bijhouding-opgeschort",
    "datum-adres-onvolledig",
    "geboortedatum-onvolledig",
    "naam-wijkt-af",
    "verblijfplaats-onbekend",
)
_VREEMDE: Final = ("meeverhuizer-woont-elders", "partner-zonder-machtiging")
_ZONDER_OBJECT: Final = ("geen-woonfunctie", "object-niet-in-gebruik", "pand-niet-in-gebruik")
ORANJE: Final = (
    # 1 authentication
    _oranje("authenticatie-onbekend", alleen_naar(niveau=None)),
    _oranje("inlogniveau-te-laag", alleen_naar(niveau=BASIS)),
    _oranje("machtiging", alleen_naar(machtiging="gemachtigde")),
    _oranje("initiator-zonder-bsn", alleen_naar(zonder_bsn=True), "initiator-zonder-bsn", "authenticatie-onbekend"),
    _oranje("naam-wijkt-af", alleen_naar(naam="Verkeerd")),
    # the declaration itself
    _oranje("verhuisdatum-ontbreekt", alleen_naar(dagen="")),
    _oranje("verhuisdatum-onbruikbaar", alleen_naar(dagen="2026-02")),
    # 2 age, 3 registration
    _oranje("geboortedatum-onvolledig", persoon_naar("geboortedatum-onvolledig")),
    _oranje("minderjarige-aangever-voor-anderen", _jongere_met_ander, "minderjarige-aangever-voor-anderen", *_VREEMDE),
    _oranje("ministerieel-besluit", persoon_naar("ministerieel-besluit"), "bijhouding-opgeschort"),
    _oranje("persoonslijst-fout", persoon_naar("fout"), *_ZONDER_GEGEVENS),
    _oranje("opschorting-onbekend", persoon_naar("opschorting-onbekend"), "bijhouding-opgeschort"),
    _oranje("persoon-niet-gevonden", alleen_naar(onbekend=True)),
    # 5 kind of move, 6 timing
    _oranje("van-briefadres", persoon_naar("briefadres")),
    _oranje("adres-in-andere-gemeente", _buiten_gemeente),
    _oranje("te-laat-aangegeven", alleen_naar(dagen=-20)),
    # 8, 9 and 10 address
    _oranje("adres-meerdere-kandidaten", _dubbel_adres),
    _oranje("adres-spreekt-elkaar-tegen", _tegenstrijdig, "adres-meerdere-kandidaten"),
    _oranje("geen-woonfunctie", alleen_naar("geen-woonfunctie")),
    _oranje("object-verbouwing", alleen_naar("verbouwing"), "object-niet-in-gebruik"),
    _oranje("object-gevormd", alleen_naar("gevormd"), "object-niet-in-gebruik"),
    _oranje("pand-niet-in-gebruik", alleen_naar("pand-niet-in-gebruik")),
    _oranje("nevenadres", _nevenadres),
    _oranje("object-in-onderzoek", alleen_naar("in-onderzoek")),
    _oranje("object-geconstateerd", alleen_naar("geconstateerd")),
    _oranje("al-verwerkt", _zelfde_adres("al-verhuisd", -3)),
    _oranje("adres-ongewijzigd", _zelfde_adres("alleenstaande", -2)),
    # 11 and 12 occupancy
    _oranje("te-veel-bewoners", inwonen("kamerhuis")),
    _oranje("te-weinig-ruimte", _klein),
    _oranje("veel-bewoners", inwonen("verpleeghuis"), "veel-bewoners", "toestemming-niet-van-bewoner"),
    _oranje("mogelijke-bewoners", _mogelijke_bewoner),
    _oranje("oppervlakte-onbekend", alleen_naar("zonder-oppervlakte")),
    _oranje("toestemming-ontbreekt", inwonen("alleenstaande", toestemming="", gever="niemand")),
    _oranje("toestemming-geweigerd", inwonen("alleenstaande", toestemming="nee")),
    _oranje("toestemming-niet-van-bewoner", inwonen("alleenstaande", gever="vreemde")),
    _oranje("toestemming-niet-van-volwassene", inwonen("eenouder", gever="jongste")),
    _oranje("inwonend-onbekend", bewoond_adres(inwonend=None)),
    _oranje("vorige-bewoner-nog-ingeschreven", _te_laat_en_bewoond, "vorige-bewoner-nog-ingeschreven", "te-laat-aangegeven"),
    # 13 and 14 investigations
    _oranje("verblijfplaats-in-onderzoek", persoon_naar("verblijfplaats-in-onderzoek")),
    _oranje("verblijfadres-in-onderzoek", persoon_naar("adres-in-onderzoek"), "verblijfplaats-in-onderzoek"),
    _oranje("persoon-in-onderzoek", persoon_naar("persoon-in-onderzoek")),
    _oranje(
        "vastgesteld-verblijft-niet-op-adres",
        persoon_naar("verblijft-niet-op-adres"),
        "vastgesteld-verblijft-niet-op-adres",
        "verblijfplaats-in-onderzoek",
    ),
    _oranje("meeverhuizer-in-onderzoek", huishouden_naar("paar-persoon-in-onderzoek", "P"), "persoon-in-onderzoek"),
    _oranje("adres-in-onderzoek", inwonen("paar-deels-in-onderzoek")),
    # 15 mobility
    _oranje("recent-verhuisd", persoon_naar("recent-verhuisd")),
    _oranje("vaak-verhuisd", persoon_naar("vaak-verhuisd"), eist_historie=True),
    # 17 co-movers
    _oranje("meerderjarig-kind", _met_ander("gezin-volwassen-kind", "O"), "meerderjarig-kind-of-ouder"),
    _oranje("ouder", _kind_voor_ouder, "meerderjarig-kind-of-ouder"),
    _oranje("partner-zonder-machtiging", huishouden_naar("samenwonenden", "P")),
    _oranje("relatie-onbekend", _met_ander("partner-zonder-bsn", "P")),
    _oranje("ex-partner", _met_ander("ex-paar", "P"), "partner-zonder-machtiging"),
    _oranje("meeverhuizer-woont-elders", _partner_elders),
    # 18 minors
    _oranje("andere-gezaghouder-blijft-achter", _ouder_blijft),
    _oranje("voogdij", huishouden_naar("voogdij", "G"), "voogdij", "relatie-onbekend"),
    _oranje("tijdelijk-geen-gezag", huishouden_naar("tijdelijk-geen-gezag", "G")),
    _oranje("gezag-niet-te-bepalen", huishouden_naar("gezag-niet-te-bepalen", "G")),
    _oranje("gezag-in-onderzoek", huishouden_naar("gezag-in-onderzoek", "G")),
    _oranje("aangever-heeft-geen-gezag", huishouden_naar("ander-heeft-gezag", "G")),
    # 19 institution
    _oranje(
        "aangifte-door-instelling",
        _hoofd_instelling,
        "aangever-verhuist-niet-mee",
        "aangifte-door-instelling",
        "meeverhuizer-woont-elders",
    ),
)


def _kind_alleen(bron: Bron) -> Concept:
    leden = bron.eigen.huishouden("kind-alleen", past=lambda h: 0 <= bron.eigen.jaren(h)[0] < ZELF_AANGEVEN).leden
    return Concept(initiator=leden[0], thuis=bron.eigen.leeg())


ROOD: Final = (
    _rood("te-vroeg-aangegeven", alleen_naar(dagen=40)),
    _rood("aangever-jonger-dan-16", _kind_alleen),
    _rood("curatele", persoon_naar("curatele")),
    _rood("curatele-meeverhuizer", huishouden_naar("paar-met-curatele", "P"), "curatele"),
    _rood("overleden", persoon_naar("overleden")),
    _rood("emigratie", persoon_naar("emigratie"), "geemigreerd", "vestiging-vanuit-buitenland"),
    _rood("onbekend-vertrokken", persoon_naar("vertrokken-onbekend-waarheen"), "geemigreerd", "vestiging-vanuit-buitenland"),
    _rood("niet-ingezetene", persoon_naar("rni"), "niet-ingezetene", "vestiging-vanuit-buitenland"),
    _rood("keuze-briefadres", alleen_naar(functie="briefadres")),
    _rood("adres-niet-gevonden", _geen_adres),
    _rood("adres-ingetrokken", alleen_naar("ingetrokken"), "adres-ingetrokken", *_ZONDER_OBJECT),
)
