# SPDX-License-Identifier: EUPL-1.2
"""What is put before a person besides the colour: a death, and a registry that does not show what was instructed."""

from __future__ import annotations

from typing import Any

import pytest
from bouwstenen import ANDER_OBJECT, A, B, Bronnen, Fact, Rit, Wereld, gelezen, gezin, persoon, verhuisd, verhuizer

from hub.flows.verhuizing import namen

DOOD = {"opschortingBijhouding": {"reden": {"code": "O"}, "datum": {"type": "Datum", "datum": "2026-09-02"}}}
SCHRIJVEN = {"zet-status", "zet-resultaat", "sluit-zaak"}


def overleden(wie: str = A) -> Fact:
    """The registry's own fact that somebody died."""
    data = {"datum": "2026-09-02", "sha256Oud": "0" * 64, "sha256Nieuw": "1" * 64}
    return Fact("nl.brp.overleden.v1", data, {wie: {"oud": {}, "nieuw": DOOD}})


def voorgelegd(rit: Rit) -> list[tuple[str, str]]:
    """Reason and person of everything put before a person."""
    return [(e.data["reden"], e.data["pseudoniem"]) for e in rit.van_type(namen.VOORGELEGD)]


def teruggelezen(rit: Rit, **uitkomsten: str) -> Fact:
    """What reading back gave, by mover."""
    nr = next(nr for nr, opdracht in rit.opdrachten.items() if opdracht.soort == namen.LEES_TERUG)
    data = {
        "opdrachtId": nr,
        "bron": "brp-personen",
        "tijdstip": "2026-09-05T10:00:00.000Z",
        "perVerhuizer": [{"pseudoniem": wie, "uitkomst": uitkomst} for wie, uitkomst in uitkomsten.items()],
    }
    return Fact(namen.TERUGGELEZEN, data)


# --------------------------------------------------------------------------------------------------------------- a death


def test_a_death_puts_an_open_case_before_a_person_with_that_reason_and_no_letter_goes_out() -> None:
    """Held for a date: the mover dies meanwhile. It is judged again and nothing that sends a letter is written."""
    wereld = Wereld()
    rit = wereld.geef(gelezen(verhuisdatum="2026-09-10"))
    geschreven = [soort for soort in rit.soorten() if soort in SCHRIJVEN]
    wereld.bronnen.personen[A] = persoon(A, **DOOD)
    wereld.meld(A, overleden())
    assert voorgelegd(rit) == [("persoon-overleden", A)]
    assert "overleden" in rit.staat.redenen
    assert rit.staat.wacht_op_ambtenaar
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert [soort for soort in rit.soorten() if soort in SCHRIJVEN] == geschreven
    assert "verwerk-verhuizing" not in rit.soorten()
    assert voorgelegd(rit) == [("persoon-overleden", A)]


def test_a_death_after_the_instruction_leaves_closing_to_a_person() -> None:
    """The registry confirms all the same; the last status would make the case system write to the dead."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    wereld.meld(A, overleden())
    wereld.meld(A, verhuisd(A))
    assert rit.staat.bevestigd.keys() == {A}
    assert voorgelegd(rit) == [("persoon-overleden", A)]
    assert not {"zet-resultaat", "sluit-zaak"} & set(rit.soorten())


def test_a_death_of_somebody_else_at_the_address_is_no_death_in_this_case() -> None:
    """A previous resident who is looked along with does not stop the declaration of another."""
    wereld = Wereld(Bronnen(bewoners=(B,)), bevestig=False)
    rit = wereld.geef(gelezen(inwonend=False))
    wereld.meld(B, overleden(B))
    assert voorgelegd(rit) == []


def test_a_death_that_the_registry_put_right_no_longer_holds_the_case() -> None:
    """What is fetched afterwards counts: alive, so it goes on as before."""
    wereld = Wereld()
    rit = wereld.geef(gelezen(verhuisdatum="2026-09-10"))
    wereld.meld(A, overleden())
    assert rit.staat.overleden == {}  # fetched again right away: the registry shows nobody dead
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert rit.staat.afgerond == "Verwerkt"


# ----------------------------------------------------------------------------------------------------------- reading back


def test_silence_of_the_registry_is_read_back_once_and_an_exact_match_confirms() -> None:
    """Not a moment earlier than the profile says, and only the movers nobody confirmed."""
    wereld = Wereld(Bronnen(personen=gezin()), bevestig=False)
    rit = wereld.geef(gelezen(verhuizers=[verhuizer(A), verhuizer(B, "P")]))
    wereld.meld(A, verhuisd(A))
    assert namen.LEES_TERUG not in rit.soorten()
    rit.verstrijk("bevestiging")
    (opdracht,) = [o for o in rit.opdrachten.values() if o.soort == namen.LEES_TERUG]
    assert (opdracht.data["verhuizers"], set(opdracht.besloten)) == ([{"pseudoniem": B}], {B})
    assert opdracht.data["datum"] == "2026-09-01"
    rit.geef(teruggelezen(rit, **{B: "overeen"}))
    wereld.draai()
    assert rit.staat.bevestigd.keys() == {A, B}
    assert rit.staat.afgerond == "Verwerkt"
    assert voorgelegd(rit) == []


@pytest.mark.parametrize("uitkomst", ["wijkt-af", "niet-verwerkt", "niet-gevonden"])
def test_disagreement_goes_to_a_person_and_closes_nothing(uitkomst: str) -> None:
    """The registry recorded something else, or nothing: a person looks."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen()).verstrijk("bevestiging")
    rit.geef(teruggelezen(rit, **{A: uitkomst}))
    assert voorgelegd(rit) == [(f"register-{uitkomst}", A)]
    assert (rit.staat.bevestigd, "zet-resultaat" in rit.soorten()) == ({}, False)
    wereld.meld(A, verhuisd(A))  # late, but the registry's own word
    assert rit.staat.afgerond == "Verwerkt"


def test_a_registry_that_cannot_be_read_back_goes_to_a_person_too() -> None:
    """Waiting ends somewhere."""
    rit = Wereld(bevestig=False).geef(gelezen()).verstrijk("bevestiging")
    nr = next(nr for nr, opdracht in rit.opdrachten.items() if opdracht.soort == namen.LEES_TERUG)
    data: dict[str, Any] = {"opdrachtId": nr, "bron": "brp-personen", "wat": "teruggelezen"}
    rit.geef(Fact(namen.NIET_BESCHIKBAAR, {**data, "reden": "bron-niet-bereikbaar", "uitleg": "x"}))
    assert voorgelegd(rit) == [("register-niet-gelezen", A)]


def test_a_change_elsewhere_is_no_confirmation() -> None:
    """The mover moved on to another address meanwhile."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    wereld.meld(A, verhuisd(A, naar=ANDER_OBJECT))
    assert rit.staat.bevestigd == {}
