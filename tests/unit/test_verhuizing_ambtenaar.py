# SPDX-License-Identifier: EUPL-1.2
"""What officials decide and do: per mover, with a clock that can stand still, and only while it still can be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from bouwstenen import (
    ANDER_OBJECT,
    ANDERE_ZAAK,
    A,
    B,
    Bronnen,
    Fact,
    Rit,
    Wereld,
    adres_kandidaat,
    gelezen,
    geregistreerd,
    gezin,
    persoon,
    verhuisd,
    verhuizer,
)

from hub.errors import Conflict, Invalid
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.commands import (
    GeefTerug,
    KeurGoed,
    MaakOngedaan,
    NeemOver,
    OntvangAanvulling,
    PakOp,
    TrekIn,
    VolgNiet,
    VraagAanvulling,
)
from hub.flows.verhuizing.datums import moment

BESLUIT: dict[str, Any] = {
    "door": "m1",
    "besluitdatum": date(2026, 9, 1),
    "besluitkenmerk": "2026-114",
    "motivering": "Woont er niet.",
}
SAMEN = [verhuizer(A), verhuizer(B, "P")]


def oranje(**anders: Any) -> tuple[Wereld, Rit]:
    """An orange case of A and B, waiting for an official."""
    wereld = Wereld(Bronnen(personen=gezin()))
    rit = wereld.geef(geregistreerd(), gelezen(authenticatie=None, verhuizers=SAMEN, **anders))
    return wereld, rit


def doe(wereld: Wereld, rit: Rit, *commands: Any) -> None:
    """Give commands and let the world run."""
    for command in commands:
        rit.opdracht_van_medewerker(command)
        wereld.draai()


def verwerkt(rit: Rit) -> list[list[str]]:
    """The movers in each instruction to the registry."""
    verwerk = [o for o in rit.opdrachten.values() if o.soort == "verwerk-verhuizing"]
    return [[v["pseudoniem"] for v in o.data["verhuizers"]] for o in verwerk]


def test_approving_all_movers_processes_them_by_hand() -> None:
    """Result "Handmatig verwerkt"; the instruction names who decided."""
    wereld, rit = oranje()
    doe(wereld, rit, KeurGoed(door="m1"))
    assert verwerkt(rit) == [[A, B]]
    assert rit.staat.afgerond == "Handmatig verwerkt"
    assert next(o for o in rit.opdrachten.values() if o.soort == "verwerk-verhuizing").data["door"] == "ambtenaar"


def test_nothing_leaves_until_every_mover_is_decided_about() -> None:
    """One of two is not enough."""
    wereld, rit = oranje()
    doe(wereld, rit, KeurGoed(door="m1", pseudoniem=A))
    assert verwerkt(rit) == []
    assert rit.staat.wacht_op_ambtenaar
    doe(wereld, rit, KeurGoed(door="m2"))
    assert verwerkt(rit) == [[A, B]]


def test_a_mixed_decision_processes_the_approved() -> None:
    """And ends as processed by hand; the besluit about the other stands in the stream, its motivation sealed."""
    wereld, rit = oranje()
    doe(wereld, rit, VolgNiet(pseudoniem=B, **BESLUIT), KeurGoed(door="m1"))
    assert verwerkt(rit) == [[A]]
    assert rit.staat.afgerond == "Handmatig verwerkt"
    besluit = rit.van_type(namen.NIET_GEVOLGD)[0]
    assert besluit.data == {"pseudoniem": B, "door": "m1", "besluitdatum": "2026-09-01", "besluitkenmerk": "2026-114"}
    assert list(besluit.besloten.values()) == [{"motivering": "Woont er niet."}]


def test_following_nobody_refuses_the_declaration() -> None:
    """ "Geweigerd" and the end status, after the besluit with date and reference was recorded."""
    wereld, rit = oranje()
    doe(wereld, rit, VolgNiet(**BESLUIT))
    assert verwerkt(rit) == []
    assert [o.data for o in rit.opdrachten.values() if o.soort == "zet-resultaat"] == [{"sleutel": "geweigerd"}]
    assert rit.staat.afgerond == "Geweigerd"


@pytest.mark.parametrize(
    ("veld", "waarde"),
    [("besluitkenmerk", " "), ("motivering", ""), ("besluitdatum", date(2026, 9, 2))],
)
def test_a_besluit_without_date_reference_or_motivation_is_refused(veld: str, waarde: Any) -> None:
    """A refusal is a besluit (Wet BRP 2.60)."""
    _, rit = oranje()
    with pytest.raises(Invalid, match=veld):
        rit.opdracht_van_medewerker(VolgNiet(**{**BESLUIT, veld: waarde}))


def test_red_stands_in_the_work_stock_and_an_official_can_end_it() -> None:
    """After the resident came by."""
    wereld = Wereld(Bronnen(personen={A: persoon(A, indicatieCurateleRegister=True)}))
    rit = wereld.geef(geregistreerd(), gelezen())
    assert (rit.staat.kleur, rit.staat.wacht_op_ambtenaar, rit.staat.team) == ("rood", True, "Burgerzaken")
    assert {"streef", "fataal"} <= rit.termijnen.keys()
    doe(wereld, rit, KeurGoed(door="m1", toelichting="Beschikking gezien."))
    assert rit.staat.afgerond == "Handmatig verwerkt"


def test_what_is_missing_to_instruct_at_all_cannot_be_approved() -> None:
    """The official reads what to ask for."""
    _, rit = oranje(verhuisdatum=None)
    with pytest.raises(Conflict, match="verhuisdatum ontbreekt"):
        rit.opdracht_van_medewerker(KeurGoed(door="m1"))


def test_a_green_case_that_runs_by_itself_is_nobodys_to_approve() -> None:
    """Nor is one that has been sent."""
    rit = Wereld(bevestig=False).geef(gelezen())
    with pytest.raises(Conflict, match="al naar burgerzaken"):
        rit.opdracht_van_medewerker(KeurGoed(door="m1"))
    gehouden = Wereld().geef(gelezen(verhuisdatum="2026-09-10"))
    with pytest.raises(Conflict, match="wacht niet"):
        gehouden.opdracht_van_medewerker(KeurGoed(door="m1"))


def test_in_schaduw_officials_decide_in_the_case_system() -> None:
    """Wissel only looks along."""
    rit = Wereld(modus="schaduw").geef(gelezen(authenticatie=None))
    with pytest.raises(Conflict, match="schaduw"):
        rit.opdracht_van_medewerker(KeurGoed(door="m1"))


def test_an_approved_move_that_lies_ahead_leaves_on_its_date() -> None:
    """Everything is fetched again first."""
    wereld, rit = oranje(verhuisdatum="2026-09-10")
    doe(wereld, rit, KeurGoed(door="m1"))
    assert verwerkt(rit) == []
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert verwerkt(rit) == [[A, B]]


def test_an_approval_given_on_other_reasons_does_not_hold() -> None:
    """What the official saw is not what it is now."""
    wereld, rit = oranje(verhuisdatum="2026-09-10")
    doe(wereld, rit, KeurGoed(door="m1"))
    wereld.bronnen.kandidaten = [adres_kandidaat(inonderzoek=True)]
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert (verwerkt(rit), rit.staat.besluiten) == ([], {})
    assert rit.staat.wacht_op_ambtenaar


def test_a_command_on_another_decision_is_another_command() -> None:
    """So the hub can tell that what the official saw is no longer what it is, and answers 409."""
    wereld, rit = oranje()
    gezien = rit.staat
    wereld.bronnen.kandidaten = [adres_kandidaat(inonderzoek=True)]
    wereld.geef(gelezen(authenticatie=None, verhuizers=SAMEN, nieuwAdresNummeraanduiding=None))
    assert rit.flow.handle(rit.staat, KeurGoed(door="m1")) != rit.flow.handle(gezien, KeurGoed(door="m1"))
    assert rit.flow.handle(gezien, PakOp(medewerker="m1")) == rit.flow.handle(rit.staat, PakOp(medewerker="m1"))


def test_facts_older_than_a_change_are_fetched_again_before_an_approved_move_leaves() -> None:
    """The change comes in between the two approvals."""
    wereld, rit = oranje()
    doe(wereld, rit, KeurGoed(door="m1", pseudoniem=A))
    wereld.meld(A, verhuisd(A, naar=ANDER_OBJECT))
    doe(wereld, rit, KeurGoed(door="m1"))
    soorten = rit.soorten()
    assert soorten.count("haal-personen") == 2
    assert soorten.index("verwerk-verhuizing") > len(soorten) - 1 - soorten[::-1].index("haal-personen")


def test_a_decision_about_somebody_twice_is_a_conflict() -> None:
    """And about somebody who does not move here, invalid."""
    _, rit = oranje()
    rit.opdracht_van_medewerker(KeurGoed(door="m1", pseudoniem=A))
    with pytest.raises(Conflict, match="al besloten"):
        rit.opdracht_van_medewerker(VolgNiet(pseudoniem=A, **BESLUIT))
    with pytest.raises(Invalid, match="pseudoniem"):
        rit.opdracht_van_medewerker(KeurGoed(door="m1", pseudoniem="f" * 32))


# -------------------------------------------------------------------------------------------- asking for more, the clock


def vraag(reactie_voor: date = date(2026, 9, 15)) -> VraagAanvulling:
    """Ask for the rent contract."""
    return VraagAanvulling(door="m1", vraag="Stuur het huurcontract.", reactie_voor=reactie_voor)


def test_asking_for_more_suspends_the_zaak_and_stops_the_clock() -> None:
    """No streef- or fatale datum runs meanwhile; the question itself is sealed."""
    wereld, rit = oranje()
    assert rit.termijnen["fataal"] == moment(date(2026, 9, 30))  # 1 September and P28D, after the last day
    doe(wereld, rit, vraag())
    assert "schort-op" in rit.soorten()
    assert rit.termijnen == {"reactie": moment(date(2026, 9, 16))}
    gevraagd = rit.van_type(namen.AANVULLING_GEVRAAGD)[0]
    assert (gevraagd.data["reactieVoor"], "vraag" in gevraagd.data) == ("2026-09-15", False)


def test_the_clock_goes_on_from_the_reply() -> None:
    """Three days it stood still, from the day after the request."""
    wereld, rit = oranje()
    doe(wereld, rit, vraag())
    rit.tijd += timedelta(days=3)
    doe(wereld, rit, OntvangAanvulling(door="m1"))
    assert "hervat" in rit.soorten()
    assert rit.staat.fatale_datum == date(2026, 10, 2)
    assert rit.termijnen["fataal"] == moment(date(2026, 10, 3))


def test_the_clock_goes_on_from_the_reply_date_when_nothing_comes() -> None:
    """Silence closes nothing: the case is back with the official."""
    wereld, rit = oranje()
    doe(wereld, rit, vraag())
    rit.verstrijk("reactie")
    wereld.draai()
    assert "hervat" in rit.soorten()
    assert rit.staat.fatale_datum == date(2026, 10, 13)
    assert (rit.staat.wacht_op_ambtenaar, rit.staat.afgerond) == (True, None)


def test_what_the_resident_changes_is_the_reply_and_may_make_it_plain() -> None:
    """Then it runs through by itself."""
    wereld, rit = oranje(inwonend=None)
    doe(wereld, rit, vraag())
    wereld.geef(gelezen(verhuizers=SAMEN))
    assert rit.staat.afgerond == "Verwerkt"


def test_asking_twice_at_once_or_for_yesterday_is_refused() -> None:
    """One question at a time."""
    wereld, rit = oranje()
    with pytest.raises(Invalid, match="reactieVoor"):
        rit.opdracht_van_medewerker(vraag(date(2026, 9, 1)))
    doe(wereld, rit, vraag())
    with pytest.raises(Conflict, match="staat al"):
        rit.opdracht_van_medewerker(vraag())


def test_each_question_suspends_and_resumes_once() -> None:
    """The second one has steps of its own."""
    wereld, rit = oranje()
    doe(wereld, rit, vraag(), OntvangAanvulling(), vraag(), OntvangAanvulling())
    assert [s for s in rit.soorten() if s in {"schort-op", "hervat"}] == ["schort-op", "hervat"] * 2


def test_the_case_system_may_move_the_last_day_itself() -> None:
    """At most eight weeks; what stood still before is in its date."""
    wereld, rit = oranje()
    wijziging = {"gewijzigd": ["uiterlijkeEinddatumAfdoening"], "uiterlijkeEinddatumAfdoening": "2026-12-31"}
    wereld.geef(Fact(namen.ZAAK_BIJGEWERKT, wijziging))
    assert rit.staat.fatale_datum == date(2026, 10, 27)
    assert rit.termijnen["fataal"] == moment(date(2026, 10, 28))


# ------------------------------------------------------------------------------------------------------------ handling


def behandelaar(rit: Rit) -> list[tuple[str, str]]:
    """What was written to the case system about the handler."""
    soorten = {"zet-behandelaar", "verwijder-behandelaar"}
    return [(o.soort, o.data["medewerker"]) for o in rit.opdrachten.values() if o.soort in soorten]


def test_taking_in_hand_giving_back_and_taking_over_are_written_back() -> None:
    """As the rol of the handler, each once."""
    wereld, rit = oranje()
    doe(wereld, rit, PakOp(medewerker="m1"), NeemOver(medewerker="m2", reden="vakantie"), GeefTerug(medewerker="m2"))
    assert behandelaar(rit) == [("zet-behandelaar", "m1"), ("zet-behandelaar", "m2"), ("verwijder-behandelaar", "m2")]
    overname = rit.van_type(namen.OVERGENOMEN)[0]
    assert overname.data == {"medewerker": "m2", "team": None, "reden": None, "vorige": "m1"}
    assert list(overname.besloten.values()) == [{"reden": "vakantie"}]


def test_a_take_over_is_undone_until_an_instruction_was_sent() -> None:
    """Then it is too late."""
    wereld, rit = oranje()
    doe(wereld, rit, PakOp(medewerker="m1"), NeemOver(medewerker="m2", reden="vakantie"), MaakOngedaan(medewerker="m2"))
    assert (rit.staat.behandelaar, behandelaar(rit)[-1]) == ("m1", ("zet-behandelaar", "m1"))
    doe(wereld, rit, NeemOver(medewerker="m2", reden="ziek"))
    wereld.bevestig = False
    doe(wereld, rit, KeurGoed(door="m2"))
    with pytest.raises(Conflict, match="al naar burgerzaken"):
        rit.opdracht_van_medewerker(MaakOngedaan(medewerker="m2"))


@pytest.mark.parametrize(
    "command",
    [
        PakOp(medewerker="m2"),
        GeefTerug(medewerker="m2"),
        NeemOver(medewerker="m1", reden="x"),
        MaakOngedaan(medewerker="m1"),
    ],
)
def test_what_does_not_fit_who_has_it_is_a_conflict(command: Any) -> None:
    """m1 has it in hand."""
    wereld, rit = oranje()
    doe(wereld, rit, PakOp(medewerker="m1"))
    with pytest.raises(Conflict):
        rit.opdracht_van_medewerker(command)


def test_taking_over_needs_a_reason_and_somebody_to_take_from() -> None:
    """The colleague reads it."""
    wereld, rit = oranje()
    with pytest.raises(Conflict, match="Niemand"):
        rit.opdracht_van_medewerker(NeemOver(medewerker="m2", reden="vakantie"))
    doe(wereld, rit, PakOp(medewerker="m1"))
    with pytest.raises(Invalid, match="reden"):
        rit.opdracht_van_medewerker(NeemOver(medewerker="m2", reden=" "))


def test_taking_in_hand_what_one_has_changes_nothing() -> None:
    """A second click."""
    wereld, rit = oranje()
    doe(wereld, rit, PakOp(medewerker="m1"), PakOp(medewerker="m1"))
    assert len(rit.van_type(namen.OPGEPAKT)) == 1


# ---------------------------------------------------------------------------------------------------------- withdrawal


def test_withdrawing_breaks_it_off_and_frees_everybody() -> None:
    """Result "Afgebroken"; the claims end at once."""
    wereld, rit = oranje()
    doe(wereld, rit, TrekIn(reden="vergissing"))
    assert rit.staat.afgerond == "Afgebroken"
    assert (rit.staat.claims, rit.termijnen) == ({}, {})


def test_withdrawing_after_the_instruction_is_too_late() -> None:
    """The registry has it; a fact that says otherwise changes nothing."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    with pytest.raises(Conflict, match="al naar burgerzaken"):
        rit.opdracht_van_medewerker(TrekIn(reden="vergissing"))
    wereld.geef(Fact(namen.INGETROKKEN, {"reden": "vergissing"}))
    wereld.meld(A, verhuisd(A))
    assert rit.staat.afgerond == "Verwerkt"


def test_a_burgerservicenummer_typed_into_an_open_field_is_masked() -> None:
    """Withdrawal reasons and references are open."""
    from bouwstenen import bsn

    wereld, rit = oranje()
    doe(wereld, rit, TrekIn(reden=f"van {bsn(3)}"))
    assert rit.van_type(namen.INGETROKKEN)[0].data == {"reden": "van ***"}


def test_nothing_is_done_to_a_finished_zaak() -> None:
    """Nor by a command nobody knows."""
    rit = Wereld().geef(gelezen())
    for command in (KeurGoed(door="m1"), PakOp(medewerker="m1"), TrekIn(reden="x")):
        with pytest.raises(Conflict, match="beëindigd"):
            rit.opdracht_van_medewerker(command)
    with pytest.raises(Invalid, match="onbekende opdracht"):
        rit.opdracht_van_medewerker(object())


def test_the_other_zaak_of_these_tests_is_another() -> None:
    """The building blocks agree with themselves."""
    assert ANDERE_ZAAK > "1"
