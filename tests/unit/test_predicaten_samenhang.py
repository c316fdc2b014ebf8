# SPDX-License-Identifier: EUPL-1.2
"""Rows 16, 19 and 20: what else is going on around these people and this address."""

from __future__ import annotations

import pytest
from bouwstenen import (
    ANDER_OBJECT,
    ANDERE_ZAAK,
    GEMEENTE,
    NIEUW_OBJECT,
    ONTVANGST,
    ZAAK,
    A,
    B,
    codes,
    invoer,
    verhuizer,
)

from hub.flows.verhuizing.feiten import AndereZaak, Antwoord, Claim, Markering, NietBeschikbaar, Zaken
from hub.flows.verhuizing.predicaten.samenhang import p16_andere_zaken, p19_instelling, p20_aandacht

VANDAAG = ONTVANGST.isoformat()
EERDER, LATER = "2026-08-31", "2026-09-02"


def claim(zaak: str = ANDERE_ZAAK, **anders: object) -> Claim:
    """Another zaak claims the same move: same target, same date, received earlier."""
    velden = {"soort": "verhuizing", "doel": NIEUW_OBJECT, "verhuisdatum": VANDAAG, "ontvangst": EERDER, **anders}
    return Claim(zaak=zaak, **velden)  # type: ignore[arg-type]


def op(wat: str, *claims: Claim, marks: tuple[Markering, ...] = ()) -> dict[str, Antwoord]:
    """The answer on one key; our own claim stands in it too."""
    eigen = claim(ZAAK, ontvangst=VANDAAG)
    return {f"{GEMEENTE}:{wat}": Antwoord((eigen, *claims), marks)}


@pytest.mark.parametrize(
    ("ander", "reden", "gekoppeld"),
    [
        (claim(), ["dubbele-aangifte"], ANDERE_ZAAK),
        (claim(ontvangst=LATER), [], None),
        (claim(ontvangst=VANDAAG), [], None),  # same day: ours has the smaller uuid
        (
            claim("00000000-0000-4000-8000-000000000000", ontvangst=VANDAAG),
            ["dubbele-aangifte"],
            "00000000-0000-4000-8000-000000000000",
        ),
        (claim(doel=ANDER_OBJECT), ["andere-open-verhuizing"], None),
        (claim(doel=ANDER_OBJECT, ontvangst=LATER), ["andere-open-verhuizing"], None),
        (claim(verhuisdatum=LATER), ["andere-open-verhuizing"], None),
        (claim(doel=None), ["andere-open-verhuizing"], None),
        (claim(geparkeerd=True, ontvangst=LATER), ["andere-zaak-geparkeerd"], None),
        (claim(soort="meekijken"), [], None),
    ],
)
def test_of_two_open_moves_of_one_person(ander: Claim, reden: list[str], gekoppeld: str | None) -> None:
    """Equal: the first received goes on and the later is linked. Different: both are looked at."""
    uitslag = p16_andere_zaken(invoer(antwoorden=op(A, ander)))
    assert codes(uitslag) == reden
    assert uitslag.gegevens["gekoppeldeZaak"] == gekoppeld


def test_two_declarations_without_a_date_are_not_equal() -> None:
    """Nobody can tell."""
    i = invoer(antwoorden=op(A, claim(verhuisdatum=None)), verhuisdatum=None)
    assert codes(p16_andere_zaken(i)) == ["andere-open-verhuizing"]


def test_a_claim_on_any_mover_counts() -> None:
    """Two partners who each declare the same move: the later one is the double."""
    i = invoer(antwoorden={**op(A), **op(B, claim())}, verhuizers=[verhuizer(A), verhuizer(B, "P")])
    assert codes(p16_andere_zaken(i)) == ["dubbele-aangifte"]


@pytest.mark.parametrize(
    ("zaken", "reden"),
    [
        ([AndereZaak(ZAAK, "verhuizing")], []),
        ([AndereZaak(ANDERE_ZAAK, "verhuizing")], ["andere-open-verhuizing"]),
        ([AndereZaak(ANDERE_ZAAK, "adresonderzoek")], ["adresonderzoek-loopt"]),
    ],
)
def test_open_zaken_found_in_the_case_system_count_except_the_own(zaken: list[AndereZaak], reden: list[str]) -> None:
    """Also those that never came to Wissel."""
    assert codes(p16_andere_zaken(invoer(zaken=Zaken({A: tuple(zaken)})))) == reden


def test_a_zaak_that_is_found_and_claims_is_judged_by_its_claim() -> None:
    """The list says that it is there, the claim what it wants."""
    gevonden = Zaken({A: (AndereZaak(ANDERE_ZAAK, "verhuizing"),)})
    assert codes(p16_andere_zaken(invoer(zaken=gevonden, antwoorden=op(A, claim(ontvangst=LATER))))) == []


@pytest.mark.parametrize(
    ("ander", "reden"),
    [
        (claim(), ["adres-ook-door-ander-aangegeven"]),
        (claim(ontvangst=LATER), []),
        (claim(geparkeerd=True), ["andere-zaak-geparkeerd"]),
    ],
)
def test_of_two_households_on_one_address_the_first_goes_on(ander: Claim, reden: list[str]) -> None:
    """The later one is looked at: they may both be right."""
    assert codes(p16_andere_zaken(invoer(antwoorden=op(NIEUW_OBJECT, ander)))) == reden


def test_a_case_system_that_stays_away_is_orange() -> None:
    """Never green."""
    i = invoer()
    i.zaken = NietBeschikbaar("geen-antwoord")
    assert codes(p16_andere_zaken(i)) == ["bron-niet-bereikbaar"]


@pytest.mark.parametrize(
    ("soort", "reden"),
    [("instelling", ["adres-is-instelling"]), ("massa-adres", ["adres-is-massa-adres"]), ("aandacht", [])],
)
def test_institutions_and_mass_addresses_come_from_the_list(soort: str, reden: list[str]) -> None:
    """Kept by the gemeente."""
    i = invoer(antwoorden=op(NIEUW_OBJECT, marks=(Markering(soort, None),)))
    assert codes(p19_instelling(i)) == reden


def test_a_declaration_by_the_head_of_an_institution_is_orange() -> None:
    """Code H (Wet BRP 2.49)."""
    assert codes(p19_instelling(invoer(verhuizers=[verhuizer(A, "H")]))) == ["aangifte-door-instelling"]


@pytest.mark.parametrize(
    ("verloopt", "reden"),
    [(None, ["op-aandachtslijst"]), (VANDAAG, ["op-aandachtslijst"]), (LATER, ["op-aandachtslijst"]), (EERDER, [])],
)
@pytest.mark.parametrize("wat", [A, NIEUW_OBJECT])
def test_a_mark_counts_until_it_expires(wat: str, verloopt: str | None, reden: list[str]) -> None:
    """Measured on the day of receipt, for a person and for an address."""
    assert codes(p20_aandacht(invoer(antwoorden=op(wat, marks=(Markering("aandacht", verloopt),))))) == reden
