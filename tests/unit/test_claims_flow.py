# SPDX-License-Identifier: EUPL-1.2
"""The flow of claims: everybody who waits hears the same, whenever it changes, and a registry change once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bouwstenen import (
    ANDERE_ZAAK,
    GEMEENTE,
    NIEUW_OBJECT,
    ZAAK,
    A,
    Fact,
    Rit,
    context,
    verhuisd,
)

from hub.errors import Invalid
from hub.flows import claims
from hub.flows.claims.staat import (
    CLAIM_ANTWOORD,
    CLAIM_BEEINDIGD,
    CLAIM_GELEGD,
    CLAIM_GEPARKEERD,
    CLAIMS_BEANTWOORD,
    MARKERING_GEZET,
    MARKERING_OPGEHEVEN,
    WIJZIGING_DOORGEGEVEN,
)

SLEUTEL = f"{GEMEENTE}:{A}"


def rit(sleutel: str = SLEUTEL) -> Rit:
    """The stream of one person or address."""
    return Rit(claims.FLOW, context(sleutel))


def gelegd(zaak: str = ZAAK, **anders: Any) -> Fact:
    """A zaak claims."""
    data = {"soort": "verhuizing", "doel": NIEUW_OBJECT, "verhuisdatum": "2026-09-01", "ontvangst": "2026-09-01"}
    return Fact(CLAIM_GELEGD, {"zaak": zaak, **data, **anders})


def beeindigd(zaak: str = ZAAK) -> Fact:
    """A claim ends."""
    return Fact(CLAIM_BEEINDIGD, {"zaak": zaak, "reden": "zaak-beeindigd"})


def mark(soort: str = "aandacht", wie: str = A, **anders: Any) -> Fact:
    """A mark is set, its reason sealed."""
    besloten = {wie: {"reden": "fraude vermoed", "auteur": "m1", "tweedePersoon": "m2"}}
    return Fact(MARKERING_GEZET, {"markering": "mark-1", "soort": soort, "verloopt": "2027-01-01", **anders}, besloten)


def antwoorden(stroom: Rit) -> list[tuple[str, list[str]]]:
    """Who was answered, with which zaken on the key."""
    feiten = [feit for feit, _ in stroom.buiten if feit.type == CLAIM_ANTWOORD]
    return [(str(feit.key), [claim["zaak"] for claim in feit.data["claims"]]) for feit in feiten]


def test_a_claim_is_answered_at_once_with_all_open_claims() -> None:
    """It never blocks."""
    assert antwoorden(rit().geef(gelegd())) == [(ZAAK, [ZAAK])]


def test_every_claimant_hears_of_a_new_claim_and_of_one_that_ends() -> None:
    """First received stands first."""
    stroom = rit().geef(gelegd(), gelegd(ANDERE_ZAAK, ontvangst="2026-08-30"), beeindigd())
    beiden = [ANDERE_ZAAK, ZAAK]
    assert antwoorden(stroom) == [(ZAAK, [ZAAK]), (ZAAK, beiden), (ANDERE_ZAAK, beiden), (ANDERE_ZAAK, [ANDERE_ZAAK])]


def test_claims_that_came_together_are_answered_together() -> None:
    """decide looks at the state, not at the event that passes by."""
    stroom = rit().geef(gelegd(), gelegd(ANDERE_ZAAK), beslis=False)
    stroom.beslis()
    assert antwoorden(stroom) == [(ZAAK, [ZAAK, ANDERE_ZAAK]), (ANDERE_ZAAK, [ZAAK, ANDERE_ZAAK])]


def test_a_claim_laid_again_with_another_target_replaces_the_first() -> None:
    """One claim per zaak."""
    stroom = rit().geef(gelegd(), gelegd(doel=None))
    laatste = stroom.buiten[-1][0].data["claims"]
    assert [claim["doel"] for claim in laatste] == [None]


def test_a_zaak_that_claims_anew_is_answered_anew() -> None:
    """It was opened again: the same claim deserves an answer."""
    stroom = rit().geef(gelegd(), beeindigd(), gelegd())
    assert antwoorden(stroom) == [(ZAAK, [ZAAK]), (ZAAK, [ZAAK])]


def test_nothing_is_said_when_nobody_claims() -> None:
    """Not about a mark, a change, or a claim that ends."""
    stroom = rit().geef(mark(), verhuisd(A), gelegd(), beeindigd(), verhuisd(A, van="2026-09-03"))
    assert antwoorden(stroom) == [(ZAAK, [ZAAK])]
    assert [feit.type for feit, _ in stroom.buiten] == [CLAIM_ANTWOORD]


def test_what_was_answered_stands_in_the_own_stream() -> None:
    """So that it happens once."""
    stroom = rit().geef(gelegd())
    feit = stroom.van_type(CLAIMS_BEANTWOORD)[0]
    assert feit.data["aan"] == [ZAAK]
    assert [claim["zaak"] for claim in json.loads(feit.data["stand"])["claims"]] == [ZAAK]
    assert list(stroom.flow.decide(stroom.staat)) == []


def test_a_mark_reaches_every_claimant_with_its_reason_sealed() -> None:
    """The soort and the expiry are open, the rest is not."""
    feit = rit().geef(gelegd(), mark()).buiten[-1][0]
    assert feit.data["markeringen"] == [{"soort": "aandacht", "verloopt": "2027-01-01"}]
    assert feit.besloten[A]["markeringen"][0]["reden"] == "fraude vermoed"
    assert "fraude" not in json.dumps(dict(feit.data))


def test_a_mark_on_an_address_is_sealed_under_the_address() -> None:
    """The subject of a BAG id is adres:<id>."""
    stroom = rit(f"{GEMEENTE}:{NIEUW_OBJECT}").geef(gelegd(), mark("instelling", f"adres:{NIEUW_OBJECT}"))
    assert set(stroom.buiten[-1][0].besloten) == {f"adres:{NIEUW_OBJECT}"}


def test_a_mark_that_is_lifted_is_gone_for_every_claimant() -> None:
    """And lifting it twice says nothing new."""
    opgeheven = Fact(MARKERING_OPGEHEVEN, {"markering": "mark-1", "soort": "aandacht", "verloopt": None})
    stroom = rit().geef(gelegd(), mark(), opgeheven, opgeheven)
    assert [feit.data["markeringen"] for feit, _ in stroom.buiten][-1] == []
    assert len(antwoorden(stroom)) == 3


def test_a_claimant_whose_stream_is_parked_shows_as_such() -> None:
    """The others go orange instead of waiting."""
    geparkeerd = Fact(CLAIM_GEPARKEERD, {"zaak": ANDERE_ZAAK, "geparkeerd": True})
    stroom = rit().geef(gelegd(), gelegd(ANDERE_ZAAK), geparkeerd)
    assert [claim["geparkeerd"] for claim in stroom.buiten[-1][0].data["claims"]] == [False, True]


def test_a_registry_change_goes_to_every_claimant_once() -> None:
    """Sealed for the person; a claimant that comes later fetches what is true then."""
    stroom = rit().geef(gelegd(), gelegd(ANDERE_ZAAK), verhuisd(A), gelegd("33333333-3333-4333-8333-333333333333"))
    feiten = [feit for feit, _ in stroom.buiten if feit.type == WIJZIGING_DOORGEGEVEN]
    assert [feit.key for feit in feiten] == [ZAAK, ANDERE_ZAAK]
    assert feiten[0].data["soort"] == "nl.brp.verhuisd.binnengemeentelijk"
    assert feiten[0].data["datum"] == "2026-09-01"
    sealed = feiten[0].besloten[A]
    assert (sealed["adresseerbaarObjectIdentificatie"], sealed["functieAdres"]) == (NIEUW_OBJECT, "W")
    assert "postcode" not in json.dumps(dict(feiten[0].data))


def test_a_change_that_is_no_move_carries_its_own_kind() -> None:
    """Claimants fetch again all the same."""
    fact = verhuisd(A)
    correctie = Fact("nl.wissel.brp.wijziging-zonder-verhuizing.v1", {**fact.data, "soort": "correctie"}, fact.besloten)
    assert rit().geef(gelegd(), correctie).buiten[-1][0].data["soort"] == "correctie"


def test_a_change_whose_personal_part_was_destroyed_is_passed_on_without_it() -> None:
    """Never a crash: the open part is what is left."""
    fact = verhuisd(A)
    stroom = rit().geef(gelegd(), Fact(fact.type, fact.data, {A: None}))
    assert stroom.buiten[-1][0].besloten[A]["adres"] is None


def test_a_refolded_stream_has_nothing_to_say() -> None:
    """A rebuild answers nobody twice."""
    stroom = rit().geef(gelegd(), mark(), verhuisd(A), gelegd(ANDERE_ZAAK), beeindigd())
    staat = stroom.flow.begin(stroom.context)
    for event in [*stroom.log, *stroom.log]:
        staat = stroom.flow.evolve(staat, event)
    assert staat == stroom.staat
    assert list(stroom.flow.decide(staat)) == []


def test_nobody_commands_this_flow() -> None:
    """It only answers."""
    stroom = rit()
    with pytest.raises(Invalid):
        stroom.flow.handle(stroom.staat, object())
