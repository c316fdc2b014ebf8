# SPDX-License-Identifier: EUPL-1.2
"""Rows 17 and 18: may the declarer speak for those who move along."""

from __future__ import annotations

from typing import Any

import pytest
from bouwstenen import (
    ANDER_OBJECT,
    LEVERT,
    A,
    B,
    C,
    D,
    codes,
    eenhoofdig_gezag,
    gezamenlijk_gezag,
    gezin,
    invoer,
    jaar,
    partner_van,
    persoon,
    pseudoniem,
    verblijfplaats,
    verhuizer,
)

from hub.flows.verhuizing.predicaten.basis import Invoer
from hub.flows.verhuizing.predicaten.gezin import p17_meeverhuizers, p18_gezag

ALLEN = [verhuizer(A), verhuizer(B, "P"), verhuizer(C, "G")]


def met(wie: str, code: str, aangever: dict[str, Any], ander: dict[str, Any], **anders: Any) -> Invoer:
    """A declares for A and ``wie``."""
    personen = {A: persoon(A, **aangever), wie: persoon(wie, **ander)}
    return invoer(personen=personen, verhuizers=[verhuizer(A), verhuizer(wie, code)], **anders)


def test_a_family_that_lives_together_is_green() -> None:
    """Spouse and own minor child."""
    i = invoer(personen=gezin(), verhuizers=ALLEN)
    assert (p17_meeverhuizers(i).uitkomst, p18_gezag(i).uitkomst) == ("groen", "groen")


def test_who_moves_alone_has_nobody_to_speak_for() -> None:
    """Rows 17 and 18 do not apply, also not for a minor of 16 who declares for self."""
    i = invoer(personen={A: persoon(A, geboren="2010-01-01")})
    assert (p17_meeverhuizers(i).uitkomst, p18_gezag(i).uitkomst) == ("nvt", "nvt")


@pytest.mark.parametrize(
    ("code", "aangever", "ander", "reden"),
    [
        ("P", {"partners": [partner_van(B, "P")]}, {}, []),
        ("P", {}, {}, ["partner-zonder-machtiging"]),
        ("P", {"partners": [partner_van(B, ontbindingHuwelijkPartnerschap={"datum": "x"})]}, {}, ["partner-zonder-machtiging"]),
        ("P", {"partners": [partner_van(B, "X")]}, {}, ["partner-zonder-machtiging"]),
        ("P", {"partners": [partner_van(None)]}, {}, ["relatie-onbekend"]),  # a partner without BSN: not provable
        ("P", {"partners": [partner_van(B, inOnderzoek={"burgerservicenummer": True})]}, {}, ["partner-zonder-machtiging"]),
        ("K", {"kinderen": [{"pseudoniem": B}]}, {"geboren": "2000-01-01"}, ["meerderjarig-kind-of-ouder"]),
        ("O", {}, {"kinderen": [{"pseudoniem": A}]}, ["meerderjarig-kind-of-ouder"]),
        ("G", {"kinderen": [{"pseudoniem": B}]}, {"geboren": "2008-09-02"}, []),
        ("G", {"kinderen": [{"pseudoniem": B}]}, {"geboren": "2008-09-01"}, ["meerderjarig-kind-of-ouder"]),
        ("G", {"kinderen": [{"pseudoniem": B}]}, {"geboren": jaar(2009)}, ["geboortedatum-onvolledig"]),
        ("G", {}, {"geboren": "2018-01-01"}, ["relatie-onbekend"]),
        ("M", {}, {}, ["machtiging"]),
        ("", {}, {}, ["relatie-onbekend"]),
        ("H", {}, {}, []),  # row 19 says it
    ],
)
def test_what_the_declarer_and_a_co_mover_are_to_each_other(code: str, aangever: dict, ander: dict, reden: list[str]) -> None:
    """Spouse, registered partner or own minor child; anything else is looked at."""
    assert codes(p17_meeverhuizers(met(B, code, aangever, ander))) == reden


@pytest.mark.parametrize("element", ["partners", "kinderen"])
def test_no_relation_means_nothing_where_relations_are_not_delivered(element: str) -> None:
    """Absence is not authorised or not there."""
    levert = [naam for naam in LEVERT if naam.partition(".")[0] != element]
    assert codes(p17_meeverhuizers(met(B, "P", {}, {}, levert=levert))) == ["bron-levert-gegeven-niet"]


def test_a_marriage_counts_only_where_its_end_would_have_shown() -> None:
    """That it was not dissolved is an absence."""
    levert = [naam for naam in LEVERT if not naam.startswith("partners.")]
    i = met(B, "P", {"partners": [partner_van(B)]}, {}, levert=levert)
    assert codes(p17_meeverhuizers(i)) == ["bron-levert-gegeven-niet"]


def test_a_co_mover_lives_with_the_declarer_now() -> None:
    """Policy: who comes from elsewhere declares alone."""
    aangever = {"partners": [partner_van(B)]}
    elders = met(B, "P", aangever, {"verblijfplaats": verblijfplaats(ANDER_OBJECT)})
    onbekend = met(B, "P", aangever, {"verblijfplaats": {"type": "Locatie"}})
    assert codes(p17_meeverhuizers(elders)) == ["meeverhuizer-woont-elders"]
    assert codes(p17_meeverhuizers(onbekend)) == ["adres-meeverhuizer-onbekend"]


def test_a_declarer_who_stays_is_looked_at() -> None:
    """Same target and date (Wet BRP 2.49) implies that the declarer moves."""
    i = invoer(personen=gezin(), verhuizers=[verhuizer(C, "G")])
    assert codes(p17_meeverhuizers(i)) == ["aangever-verhuist-niet-mee"]


def kind(*gezag: dict[str, Any], **anders: Any) -> dict[str, dict[str, Any]]:
    """The family of A and child C, with this gezag over C and D as the other parent."""
    return {
        A: persoon(A, kinderen=[{"pseudoniem": C}]),
        C: persoon(C, geboren="2018-02-03", gezag=list(gezag)),
        D: persoon(D, **anders),
    }


@pytest.mark.parametrize(
    ("gezag", "reden"),
    [
        ([eenhoofdig_gezag(C, A)], []),
        ([eenhoofdig_gezag(C, D)], ["aangever-heeft-geen-gezag"]),
        ([gezamenlijk_gezag(C, A, D)], ["andere-gezaghouder-blijft-achter"]),
        ([gezamenlijk_gezag(C, A, pseudoniem(99))], ["andere-gezaghouder-onbekend"]),
        (
            [{"type": "GezamenlijkGezag", "ouder": {"pseudoniem": A}, "derde": {"type": "OnbekendeDerde"}}],
            ["andere-gezaghouder-onbekend"],
        ),
        ([{"type": "Voogdij", "derden": [{"pseudoniem": A}]}], ["voogdij"]),
        ([{"type": "TijdelijkGeenGezag"}], ["tijdelijk-geen-gezag"]),
        ([{"type": "GezagNietTeBepalen"}], ["gezag-niet-te-bepalen"]),
        ([{"type": "IetsNieuws"}], ["gezag-niet-te-bepalen"]),
        ([{**eenhoofdig_gezag(C, A), "inOnderzoek": True}], ["gezag-in-onderzoek"]),
        ([], ["geen-gezag-bekend"]),
        ([eenhoofdig_gezag(D, A)], ["geen-gezag-bekend"]),  # over another child
    ],
)
def test_who_has_gezag_over_a_minor_who_moves_along(gezag: list[dict[str, Any]], reden: list[str]) -> None:
    """The declarer, and any other holder moves along or lives elsewhere already."""
    i = invoer(personen=kind(*gezag), verhuizers=[verhuizer(A), verhuizer(C, "G")])
    assert codes(p18_gezag(i)) == reden


@pytest.mark.parametrize(
    "plaats",
    [verblijfplaats(ANDER_OBJECT), {"type": "VerblijfplaatsBuitenland"}, {"type": "VerblijfplaatsOnbekend"}],
)
def test_a_parent_who_lives_elsewhere_already_does_not_stay_behind(plaats: dict[str, Any]) -> None:
    """Policy of the profile."""
    personen = kind(gezamenlijk_gezag(C, A, D), verblijfplaats=plaats)
    i = invoer(personen=personen, verhuizers=[verhuizer(A), verhuizer(C, "G")])
    assert codes(p18_gezag(i)) == []


def test_gezag_must_be_delivered_to_be_absent() -> None:
    """Else the source says nothing."""
    levert = [naam for naam in LEVERT if naam != "gezag"]
    i = invoer(personen=kind(), verhuizers=[verhuizer(A), verhuizer(C, "G")], levert=levert)
    assert codes(p18_gezag(i)) == ["bron-levert-gegeven-niet"]


def test_twenty_movers_are_each_looked_at() -> None:
    """As many as one question to the BRP may hold."""
    wie = [pseudoniem(nummer) for nummer in range(1, 21)]
    personen = {p: persoon(p) for p in wie}
    i = invoer(personen=personen, verhuizers=[verhuizer(p, "P" if p != A else "I") for p in wie])
    uitslag = p17_meeverhuizers(i)
    assert {b.pseudoniem for b in uitslag.bevindingen} == set(wie) - {A}
