# SPDX-License-Identifier: EUPL-1.2
"""The flow of one declaration, from the first event to the last: what comes in, what is decided, what leaves."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

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
    Bronnen,
    C,
    D,
    Fact,
    Rit,
    Wereld,
    adres_kandidaat,
    adres_opgehaald,
    context,
    gelezen,
    geregistreerd,
    gezin,
    partner_van,
    persoon,
    status_gezet,
    verblijfplaats,
    verhuisd,
    verhuizer,
)

from hub.flows.verhuizing import namen
from hub.flows.verhuizing.commands import KeurGoed, PakOp
from hub.flows.verhuizing.datums import moment
from hub.flows.verhuizing.regels import in_steekproef

DONDERDAG = date(2026, 9, 10)
HALEN = ["haal-adres", "haal-personen", "haal-bewoning", "zoek-zaken"]


def oordelen(rit: Rit) -> list[tuple[str, list[str], str | None]]:
    """Colour, reasons and hold of every decision put down, in order."""
    return [(e.data["kleur"], e.data["redenen"], e.data["aangehoudenTot"]) for e in rit.van_type(namen.BEOORDEELD)]


def toekomst(dag: date = DONDERDAG, **anders: Any) -> Fact:
    """A declaration about a move that lies ahead."""
    return gelezen(verhuisdatum=dag.isoformat(), **anders)


# -------------------------------------------------------------------------------------------------- the plain case


def test_a_plain_move_runs_through_by_itself() -> None:
    """Fetched, claimed, judged, instructed, confirmed by the registry, closed; the claims end."""
    wereld = Wereld()
    rit = wereld.geef(geregistreerd(), status_gezet(), gelezen())
    assert oordelen(rit) == [("groen", [], None)]
    assert rit.soorten() == [*HALEN, "verwerk-verhuizing", "zet-resultaat", "sluit-zaak", "stop-volgen"]
    assert rit.van_type(namen.AFGEROND)[0].data == {"resultaat": "Verwerkt"}
    assert rit.staat.claims == {}
    assert [dict(p.staat.claims) for p in wereld.personen.values()] == [{}, {}]
    assert rit.termijnen == {}


def test_the_instruction_says_exactly_what_to_record_and_seals_the_numbers() -> None:
    """Open data without a burgerservicenummer; those are sealed per person."""
    wereld = Wereld(Bronnen(personen=gezin()))
    rit = wereld.geef(gelezen(verhuizers=[verhuizer(A), verhuizer(B, "P"), verhuizer(C, "G")]))
    opdracht = next(o for o in rit.opdrachten.values() if o.soort == "verwerk-verhuizing")
    assert opdracht.data == {
        "zaak": ZAAK,
        "verhuisdatum": "2026-09-01",
        "datumAangifte": "2026-09-01",
        "adresseerbaarObjectIdentificatie": NIEUW_OBJECT,
        "nummeraanduidingIdentificatie": "0114200000000002",
        "functieAdres": "W",
        "verhuizers": [verhuizer(A), verhuizer(B, "P"), verhuizer(C, "G")],
        "door": "wissel",
    }
    assert set(opdracht.besloten) == {A, B, C}
    open_deel = json.dumps([dict(o.data) for o in rit.opdrachten.values()])
    assert "bsn" not in open_deel


def test_the_first_status_is_set_only_when_none_is() -> None:
    """The e-form mostly did."""
    zonder, met = Wereld().geef(gelezen()), Wereld().geef(status_gezet(), gelezen())
    assert "zet-status" in zonder.soorten()
    assert "zet-status" not in met.soorten()


def test_each_predicate_records_what_it_was_given() -> None:
    """A decision can be explained years later: source, event and moment of every input, and the rule-set version."""
    rit = Wereld().geef(gelezen())
    oordeel = rit.van_type(namen.BEOORDEELD)[0].data
    assert [p["nr"] for p in oordeel["predicaten"]] == list(range(1, 22))
    invoer = json.loads(oordeel["predicaten"][10]["invoer"])
    bekend = {e.id for e in rit.log}
    assert {b["bron"] for b in invoer["bronnen"]} == {"aangifte", "adres", "bewoning"}
    assert all(b["gebeurtenis"] in bekend and b["tijdstip"] for b in invoer["bronnen"])
    assert invoer["gegevens"] == {"blijvend": 0, "verhuizend": 1, "oppervlakteM2": 100}
    assert (oordeel["profielVersie"], oordeel["regelsVersie"], oordeel["modus"]) == ("test-1", "2026-11", "actief")


# -------------------------------------------------------------------------------------------------- waiting for pieces


def test_a_declaration_whose_pieces_have_not_all_come_waits_a_bounded_time() -> None:
    """It is not judged half; after the time it is judged with what is there."""
    rit = Rit().geef(gelezen(volledig=False, adresAanwezig=False, nieuwAdresBagId=None, nieuwAdresNummeraanduiding=None))
    begin = rit.log[0].time
    assert rit.opdrachten == {}
    assert rit.termijnen["stukken"] == begin + timedelta(seconds=30)
    rit.verstrijk("stukken")
    assert rit.staat.gereed
    assert [feit.type for feit, _ in rit.buiten] == [namen.CLAIM_GELEGD]


def test_what_completes_in_time_is_judged_at_once() -> None:
    """The term is no longer needed."""
    wereld = Wereld()
    wereld.geef(gelezen(volledig=False, verhuisdatum=None))
    rit = wereld.geef(gelezen())
    assert oordelen(rit) == [("groen", [], None)]
    assert rit.van_type(namen.TERMIJN_VERVALLEN)[0].data["naam"] == "stukken"


def test_waiting_starts_with_the_first_piece() -> None:
    """Each further piece does not start it again."""
    rit = Rit().geef(gelezen(volledig=False))
    vervalt = rit.termijnen["stukken"]
    rit.tijd += timedelta(seconds=20)
    assert rit.geef(gelezen(volledig=False, inwonend=True)).termijnen["stukken"] == vervalt


def test_an_open_b0366_without_date_and_login_is_orange_with_exactly_those_two() -> None:
    """The real catalogue has no eigenschappen: person and address are known, the rest is not."""
    wereld = Wereld()
    kaal = gelezen(verhuisdatum=None, authenticatie=None, kanaal=None, inwonend=None, functieAdres=None, verhuizers=[])
    assert oordelen(wereld.geef(geregistreerd(), kaal)) == [
        ("oranje", ["authenticatie-onbekend", "verhuisdatum-ontbreekt"], None)
    ]


# ------------------------------------------------------------------------------------------------------- not judged


@pytest.mark.parametrize("eerst", [True, False])
def test_a_zaak_closed_when_first_seen_is_recorded_and_not_judged(eerst: bool) -> None:
    """Once, whatever comes after."""
    dicht = geregistreerd(geslotenBijEersteWaarneming=True)
    feiten = [dicht, gelezen(geslotenBijEersteWaarneming=True)]
    rit = Wereld().geef(*(feiten if eerst else feiten[::-1]), status_gezet())
    assert [e.data["reden"] for e in rit.van_type(namen.NIET_BEOORDEELD)] == ["gesloten-bij-eerste-waarneming"]
    assert (rit.opdrachten, rit.buiten, rit.termijnen) == ({}, [], {})


def test_mode_uit_judges_nothing_and_says_so_once() -> None:
    """The kill switch."""
    rit = Wereld(modus="uit").geef(gelezen(), gelezen(inwonend=True))
    assert [e.data["reden"] for e in rit.van_type(namen.NIET_BEOORDEELD)] == ["modus-uit"]
    assert rit.opdrachten == {}


def test_a_profile_that_is_not_in_force_yet_judges_nothing() -> None:
    """valid-from counts on the day it is judged."""
    rit = Wereld(geldig_vanaf="2027-01-01").geef(gelezen())
    assert [e.data["reden"] for e in rit.van_type(namen.NIET_BEOORDEELD)] == ["profiel-nog-niet-geldig"]


def test_mode_schaduw_decides_and_writes_nowhere() -> None:
    """What it reads, it reads; nothing else leaves, not even for orange."""
    groen = Wereld(modus="schaduw").geef(gelezen())
    oranje = Wereld(modus="schaduw").geef(toekomst(authenticatie=None))
    assert oordelen(groen) == [("groen", [], None)]
    assert oordelen(oranje) == [("oranje", ["authenticatie-onbekend"], None)]
    assert groen.soorten() == oranje.soorten() == HALEN


def test_switching_off_finishes_what_the_registry_already_has() -> None:
    """Nothing new begins; a zaak is not left half done."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    rit.staat = _met_profiel(rit, modus="uit")
    wereld.meld(A, verhuisd(A))
    assert rit.staat.afgerond == "Verwerkt"


def _met_profiel(rit: Rit, **anders: Any) -> Any:
    rit.context = context(rit.context.stream, **anders)
    staat = rit.flow.begin(rit.context)
    for event in rit.log:
        staat = rit.flow.evolve(staat, event)
    return staat


# ---------------------------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("bron", ["adres", "personen", "bewoning", "zaken"])
def test_a_source_that_stays_away_makes_it_orange(bron: str) -> None:
    """Never green, and one reason."""
    rit = Wereld(Bronnen(weg={bron})).geef(gelezen())
    assert oordelen(rit) == [("oranje", ["bron-niet-bereikbaar"], None)]


def test_an_address_the_bag_does_not_have_is_red_and_nothing_is_claimed_on_it() -> None:
    """The movers are claimed all the same."""
    wereld = Wereld(Bronnen(kandidaten=[]))
    rit = wereld.geef(gelezen())
    assert oordelen(rit) == [("rood", ["adres-niet-gevonden"], None)]
    assert set(rit.staat.claims) == {f"{GEMEENTE}:{A}"}


def test_destroyed_data_are_a_reason_and_never_a_crash() -> None:
    """Every element of the stream may be gone."""
    fact = gelezen()
    vernietigd = Fact(fact.type, fact.data, dict.fromkeys(fact.besloten))
    rit = Wereld().geef(vernietigd)
    assert oordelen(rit) == [("oranje", ["gegevens-vernietigd"], None)]


def test_a_later_change_in_the_register_makes_facts_old_before_an_instruction_leaves() -> None:
    """Persons and occupancy are asked again, with a running number, and judged again."""
    wereld = Wereld()
    rit = wereld.geef(gelezen(authenticatie=None))
    assert oordelen(rit) == [("oranje", ["authenticatie-onbekend"], None)]
    wereld.bronnen.personen = {A: persoon(A, indicatieCurateleRegister=True)}
    wereld.meld(A, verhuisd(A, naar=ANDER_OBJECT))
    stappen = [o.step for o in rit.opdrachten.values()]
    assert stappen[-2:] == ["haal-personen#2", "haal-bewoning#2"]
    assert oordelen(rit)[-1] == ("rood", ["authenticatie-onbekend", "curatele"], None)


def test_a_declaration_that_changes_is_fetched_and_judged_again() -> None:
    """Only what the change touches is asked again."""
    wereld = Wereld(Bronnen(personen=gezin()))
    rit = wereld.geef(gelezen(authenticatie=None))
    wereld.geef(gelezen(authenticatie=None, verhuizers=[verhuizer(A), verhuizer(B, "P")]))
    assert rit.soorten() == [*HALEN, "haal-personen", "zoek-zaken"]
    assert len(oordelen(rit)) == 2
    assert [p["pseudoniem"] for p in rit.van_type(namen.BEOORDEELD)[-1].data["perVerhuizer"]] == [A, B]


def test_the_same_decision_is_put_down_once() -> None:
    """A fact that changes nothing gives nothing."""
    wereld = Wereld()
    rit = wereld.geef(gelezen(authenticatie=None))
    wereld.geef(gelezen(authenticatie=None), status_gezet())
    assert len(oordelen(rit)) == 1


def test_another_profile_or_rule_set_decides_nothing_again_by_itself() -> None:
    """Only an input does: somebody picking it up is none."""
    rit = Wereld().geef(gelezen(authenticatie=None))
    rit.staat = _met_profiel(rit, versie="test-2", max_bewoners=1, min_m2=1000.0)
    rit.opdracht_van_medewerker(PakOp(medewerker="m1"))
    assert len(oordelen(rit)) == 1
    rit.geef(gelezen(authenticatie=None))
    assert oordelen(rit)[-1] == ("oranje", ["authenticatie-onbekend", "te-weinig-ruimte"], None)


def test_an_answer_to_an_older_question_is_not_used() -> None:
    """The address changed while the first was looked up."""
    rit = Rit().geef(gelezen(), gelezen(nieuwAdresBagId=ANDER_OBJECT, nieuwAdresNummeraanduiding=None))
    oud, nieuw = rit.open("haal-adres")
    rit.geef(adres_opgehaald(adres_kandidaat(), opdracht=oud))
    assert rit.staat.adres.antwoord is None
    kandidaat = adres_kandidaat(adresseerbaarObjectIdentificatie=ANDER_OBJECT)
    rit.geef(adres_opgehaald(kandidaat, opdracht=nieuw))
    assert f"{GEMEENTE}:{ANDER_OBJECT}" in rit.staat.claims


def test_after_the_instruction_nothing_is_judged_again() -> None:
    """Whatever comes in."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    wereld.geef(gelezen(authenticatie=None, verhuisdatum="2026-09-04"))
    wereld.meld(A, Fact("nl.wissel.lijst.markering-gezet.v1", {"markering": "m1", "soort": "aandacht", "verloopt": None}))
    assert oordelen(rit) == [("groen", [], None)]
    assert rit.soorten().count("verwerk-verhuizing") == 1


# --------------------------------------------------------------------------------------------------- confirmation


@pytest.mark.parametrize(
    "anders",
    [{"naar": ANDER_OBJECT}, {"van": "2026-09-02"}, {"functie": "B"}],
)
def test_only_an_exact_match_confirms(anders: dict[str, str]) -> None:
    """Person, address, function and date; the answer to the write confirms nothing."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    wereld.meld(A, verhuisd(A, **anders))
    assert (rit.staat.bevestigd, rit.staat.afgerond) == ({}, None)
    wereld.meld(A, verhuisd(A))
    assert (rit.staat.bevestigd.keys(), rit.staat.afgerond) == ({A}, "Verwerkt")


def test_every_mover_must_be_confirmed() -> None:
    """One of two is not enough."""
    wereld = Wereld(Bronnen(personen=gezin()), bevestig=False)
    rit = wereld.geef(gelezen(verhuizers=[verhuizer(A), verhuizer(B, "P")]))
    wereld.meld(A, verhuisd(A))
    assert "zet-resultaat" not in rit.soorten()
    wereld.meld(B, verhuisd(B))
    assert rit.staat.afgerond == "Verwerkt"


def test_a_change_that_is_no_move_confirms_nothing() -> None:
    """A correction with the same content is another thing."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(gelezen())
    fact = verhuisd(A)
    correctie = Fact("nl.wissel.brp.wijziging-zonder-verhuizing.v1", {**fact.data, "soort": "correctie"}, fact.besloten)
    wereld.meld(A, correctie)
    assert rit.staat.bevestigd == {}


def test_a_confirmation_that_stays_away_shows() -> None:
    """Nobody has to find out by themselves."""
    rit = Wereld(bevestig=False).geef(gelezen())
    assert not rit.staat.bevestiging_blijft_uit
    assert rit.verstrijk("bevestiging").staat.bevestiging_blijft_uit


def test_a_move_declared_too_late_is_recorded_on_the_day_of_receipt() -> None:
    """Wet BRP 2.20; the registry confirms that date."""
    wereld = Wereld()
    rit = wereld.geef(gelezen(verhuisdatum="2026-08-01"))
    assert oordelen(rit) == [("oranje", ["te-laat-aangegeven"], None)]
    rit.opdracht_van_medewerker(KeurGoed(door="m1"))
    wereld.draai()
    opdracht = next(o for o in rit.opdrachten.values() if o.soort == "verwerk-verhuizing")
    assert opdracht.data["verhuisdatum"] == ONTVANGST.isoformat()
    assert rit.staat.afgerond == "Handmatig verwerkt"


# ----------------------------------------------------------------------------------------------------- future dates


def test_a_future_move_is_held_until_just_after_midnight_of_its_date() -> None:
    """Amsterdam time; the zaak is planned to end after it; nothing is instructed yet."""
    rit = Wereld().geef(geregistreerd(), toekomst())
    assert oordelen(rit) == [("groen", [], "2026-09-10")]
    assert rit.van_type(namen.AANGEHOUDEN)[0].data == {"tot": "2026-09-10", "reden": "verhuisdatum"}
    assert rit.termijnen["verhuisdatum"] == datetime(2026, 9, 9, 22, 5, tzinfo=UTC)
    assert rit.soorten() == [*HALEN, "zet-einddatum-gepland"]
    assert rit.opdrachten[list(rit.opdrachten)[-1]].data == {"datum": "2026-09-11"}


def test_a_zaak_already_planned_to_end_later_is_left_alone() -> None:
    """Only what must move is moved."""
    rit = Wereld().geef(geregistreerd(einddatumGepland="2026-09-20"), toekomst())
    assert "zet-einddatum-gepland" not in rit.soorten()


def test_on_its_date_everything_is_fetched_again_and_then_it_runs_through() -> None:
    """Re-evaluated, then processed."""
    wereld = Wereld()
    rit = wereld.geef(toekomst())
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert [o.step for o in rit.opdrachten.values() if o.step.endswith("#2")] == [
        *(f"{soort}#2" for soort in HALEN),
        "stop-volgen#2",
    ]
    bewoning = next(o for o in rit.opdrachten.values() if o.step == "haal-bewoning#2")
    assert bewoning.data["peildatum"] == "2026-09-10"
    assert oordelen(rit) == [("groen", [], "2026-09-10"), ("groen", [], None)]
    assert rit.soorten().count("verwerk-verhuizing") == 1


def test_what_differs_on_its_date_goes_to_a_person_with_the_reasons() -> None:
    """herbeoordeling-wijkt-af beside them."""
    wereld = Wereld()
    rit = wereld.geef(toekomst())
    wereld.bronnen.kandidaten = [adres_kandidaat(inonderzoek=True)]
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert oordelen(rit)[-1] == ("oranje", ["herbeoordeling-wijkt-af", "object-in-onderzoek"], None)
    assert "verwerk-verhuizing" not in rit.soorten()


def test_what_is_orange_before_its_date_did_not_differ_on_it() -> None:
    """Only what was held can differ from itself."""
    wereld = Wereld()
    rit = wereld.geef(toekomst(authenticatie=None))
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert oordelen(rit) == [("oranje", ["authenticatie-onbekend"], None)]


def test_another_moving_date_is_held_for_anew() -> None:
    """The first term is replaced."""
    wereld = Wereld()
    rit = wereld.geef(toekomst())
    wereld.geef(toekomst(date(2026, 9, 15)))
    assert oordelen(rit)[-1] == ("groen", [], "2026-09-15")
    assert rit.termijnen["verhuisdatum"] == moment(date(2026, 9, 15), 0, 5)


# ------------------------------------------------------------------------------------------------- previous occupants


def test_a_previous_occupant_is_waited_for_and_leaves_in_time() -> None:
    """Claimed to look along; the registered move out makes occupancy old; then it runs through."""
    wereld = Wereld(Bronnen(bewoners=[D]))
    rit = wereld.geef(gelezen())
    assert oordelen(rit) == [("groen", [], "2026-09-10")]
    assert rit.van_type(namen.AANGEHOUDEN)[0].data["reden"] == "vorige-bewoner"
    assert rit.staat.claims[f"{GEMEENTE}:{D}"].soort == "meekijken"
    wereld.bronnen.bewoners = []
    wereld.meld(D, verhuisd(D, naar=ANDER_OBJECT))
    assert oordelen(rit)[-1] == ("groen", [], None)
    assert rit.staat.afgerond == "Verwerkt"


def test_a_previous_occupant_who_declares_to_leave_is_no_longer_waited_for() -> None:
    """Their own zaak, to another address, is enough."""
    personen = {A: persoon(A), D: persoon(D, verblijfplaats=verblijfplaats(NIEUW_OBJECT))}
    wereld = Wereld(Bronnen(bewoners=[D], personen=personen))
    rit = wereld.geef(gelezen())
    wereld.bronnen.kandidaten = [adres_kandidaat(adresseerbaarObjectIdentificatie=ANDER_OBJECT)]
    wereld.bronnen.bewoners = []
    wereld.geef(
        gelezen(
            zaak=ANDERE_ZAAK,
            aangever=D,
            verhuizers=[verhuizer(D)],
            nieuwAdresBagId=ANDER_OBJECT,
            authenticatie=None,
        ),
        zaak=ANDERE_ZAAK,
    )
    assert oordelen(rit)[-1] == ("groen", [], None)


def test_every_day_the_occupancy_is_asked_again_until_the_limit() -> None:
    """A feed may miss a change; the limit ends it with a reason."""
    wereld = Wereld(Bronnen(bewoners=[D]))
    rit = wereld.geef(gelezen())
    assert rit.termijnen["bewoning-opnieuw"] == moment(date(2026, 9, 2), 0, 10)
    rit.verstrijk("bewoning-opnieuw")
    wereld.draai()
    bewoning = [o.data["peildatum"] for o in rit.opdrachten.values() if o.soort == "haal-bewoning"]
    assert bewoning == ["2026-09-01", "2026-09-02"]
    assert rit.termijnen["bewoning-opnieuw"] == moment(date(2026, 9, 3), 0, 10)
    assert rit.termijnen["vorige-bewoner"] == moment(date(2026, 9, 11), 0, 5)
    rit.verstrijk("vorige-bewoner")
    wereld.draai()
    assert oordelen(rit)[-1] == ("oranje", ["vorige-bewoner-nog-ingeschreven"], None)
    assert "bewoning-opnieuw" not in rit.termijnen


def test_one_who_left_by_the_daily_look_is_gone() -> None:
    """Without any registry change coming by."""
    wereld = Wereld(Bronnen(bewoners=[D]))
    rit = wereld.geef(gelezen())
    wereld.bronnen.bewoners = []
    rit.verstrijk("bewoning-opnieuw")
    wereld.draai()
    assert rit.staat.afgerond == "Verwerkt"
    assert f"{GEMEENTE}:{D}" not in rit.staat.claims


def test_a_resident_without_a_number_is_waited_for_but_has_no_stream_to_claim() -> None:
    """Two addresses may each have an unknown resident number one: they are not the same person."""
    rit = Wereld(Bronnen(bewoners=["onbekende-bewoner-1"])).geef(gelezen())
    assert oordelen(rit) == [("groen", [], "2026-09-10")]
    assert set(rit.staat.claims) == {f"{GEMEENTE}:{A}", f"{GEMEENTE}:{NIEUW_OBJECT}"}


# ----------------------------------------------------------------------------------------------- claims between zaken


def test_two_partners_who_each_declare_the_same_move() -> None:
    """The first received goes on, the later is the double and linked to it."""
    wereld = Wereld(Bronnen(personen=gezin()), bevestig=False)
    beiden = [verhuizer(A), verhuizer(B, "P")]
    eerste = wereld.geef(gelezen(verhuizers=beiden, authenticatie=None))
    tweede = wereld.geef(gelezen(zaak=ANDERE_ZAAK, aangever=B, verhuizers=[verhuizer(B), verhuizer(A, "P")]), zaak=ANDERE_ZAAK)
    assert oordelen(tweede) == [("oranje", ["dubbele-aangifte"], None)]
    assert tweede.van_type(namen.BEOORDEELD)[0].data["gekoppeldeZaak"] == ZAAK
    assert oordelen(eerste) == [("oranje", ["authenticatie-onbekend"], None)]


def test_the_later_one_goes_on_when_the_first_is_withdrawn() -> None:
    """A claim that ends gives a fresh answer to the others."""
    wereld = Wereld(bevestig=False)
    wereld.geef(gelezen(authenticatie=None))
    tweede = wereld.geef(gelezen(zaak=ANDERE_ZAAK), zaak=ANDERE_ZAAK)
    assert oordelen(tweede) == [("oranje", ["dubbele-aangifte"], None)]
    wereld.geef(Fact(namen.INGETROKKEN, {"reden": "vergissing"}))
    assert oordelen(tweede)[-1] == ("groen", [], None)


def test_two_different_moves_of_one_person_are_both_orange() -> None:
    """Nobody can tell which is right."""
    wereld = Wereld(bevestig=False)
    eerste = wereld.geef(toekomst())
    tweede = wereld.geef(toekomst(date(2026, 9, 12), zaak=ANDERE_ZAAK), zaak=ANDERE_ZAAK)
    assert oordelen(eerste)[-1] == oordelen(tweede)[-1] == ("oranje", ["andere-open-verhuizing"], None)


def test_claims_of_what_is_no_longer_declared_end_at_once() -> None:
    """A mover taken out of the declaration is free."""
    wereld = Wereld(Bronnen(personen=gezin()))
    rit = wereld.geef(toekomst(verhuizers=[verhuizer(A), verhuizer(B, "P")]))
    wereld.geef(toekomst())
    assert f"{GEMEENTE}:{B}" not in rit.staat.claims
    assert wereld.personen[f"{GEMEENTE}:{B}"].staat.claims == {}


@pytest.mark.parametrize("einde", [namen.ZAAK_AFGESLOTEN, namen.ZAAK_VERWIJDERD])
def test_closing_or_removing_the_zaak_ends_all_claims_and_terms(einde: str) -> None:
    """Nothing waits for it any more."""
    wereld = Wereld()
    rit = wereld.geef(toekomst())
    wereld.geef(Fact(einde, {"einddatum": "2026-09-02"}))
    assert (rit.staat.claims, rit.termijnen) == ({}, {})
    assert all(p.staat.claims == {} for p in wereld.personen.values())


def test_a_zaak_that_is_opened_again_claims_anew_and_is_judged_on() -> None:
    """It was closed by hand before anything was sent."""
    wereld = Wereld(bevestig=False)
    rit = wereld.geef(toekomst(), Fact(namen.ZAAK_AFGESLOTEN, {"einddatum": "2026-09-02"}))
    wereld.geef(Fact(namen.ZAAK_HEROPEND))
    assert set(rit.staat.claims) == {f"{GEMEENTE}:{A}", f"{GEMEENTE}:{NIEUW_OBJECT}"}
    assert rit.termijnen.keys() == {"verhuisdatum"}


def test_a_household_that_declares_an_address_after_another_is_judged_again_when_that_one_ends() -> None:
    """Occupancy may have changed with it."""
    wereld = Wereld(Bronnen(personen={A: persoon(A), D: persoon(D)}), bevestig=False)
    wereld.geef(gelezen(authenticatie=None))
    ander = wereld.geef(gelezen(zaak=ANDERE_ZAAK, aangever=D, verhuizers=[verhuizer(D)]), zaak=ANDERE_ZAAK)
    assert oordelen(ander) == [("oranje", ["adres-ook-door-ander-aangegeven"], None)]
    wereld.bronnen.bewoners = [A]
    wereld.geef(Fact(namen.ZAAK_AFGESLOTEN, {"einddatum": "2026-09-02"}))
    assert oordelen(ander)[-1] == ("groen", [], "2026-09-10")  # now A lives there: waits for A


# ---------------------------------------------------------------------------------------------------------- sample


def test_a_sampled_green_goes_to_a_person_and_stays_green() -> None:
    """Chosen by HMAC over profile version and zaak uuid: the same zaak each time."""
    rit = Wereld(steekproef=1.0).geef(geregistreerd(), gelezen())
    oordeel = rit.van_type(namen.BEOORDEELD)[0].data
    assert (oordeel["kleur"], oordeel["steekproef"]) == ("groen", True)
    assert "verwerk-verhuizing" not in rit.soorten()
    assert rit.staat.wacht_op_ambtenaar
    assert {"streef", "fataal"} <= rit.termijnen.keys()


def test_the_sample_is_as_large_as_the_profile_says_and_follows_from_its_version() -> None:
    """Two per cent of ten thousand, give or take."""
    gekozen = {n for n in range(10_000) if in_steekproef("v1", f"zaak-{n}", 0.02)}
    assert 150 < len(gekozen) < 250
    assert gekozen != {n for n in range(10_000) if in_steekproef("v2", f"zaak-{n}", 0.02)}
    assert not any(in_steekproef("v1", f"zaak-{n}", 0.0) for n in range(100))


def test_a_held_green_is_counted_as_waiting_and_sampled_only_when_it_is_time() -> None:
    """The sample is drawn from what would run through now."""
    wereld = Wereld(steekproef=1.0)
    rit = wereld.geef(toekomst())
    rit.verstrijk("verhuisdatum")
    wereld.draai()
    assert [e.data["steekproef"] for e in rit.van_type(namen.BEOORDEELD)] == [False, True]


# -------------------------------------------------------------------------------------------------------- robustness


def test_folding_an_event_again_changes_nothing() -> None:
    """Read back later it is a duplicate (R5)."""
    rit = Wereld().geef(gelezen())
    staat = rit.staat
    for event in rit.log:
        staat = rit.flow.evolve(staat, event)
    assert staat == rit.staat


def test_an_unknown_event_changes_only_the_sequence() -> None:
    """A newer version may put down what this one does not know."""
    rit = Wereld().geef(toekomst())
    voor = rit.staat
    rit.geef(Fact("nl.overheid.zaken.overig-gewijzigd.v1", {"resource": "x"}))
    assert rit.staat.beoordeling == voor.beoordeling
    assert rit.staat.sequence == voor.sequence + 1


def test_a_refolded_stream_gives_the_same_state_and_nothing_to_do() -> None:
    """A rebuild decides nothing twice (R7)."""
    wereld = Wereld(Bronnen(bewoners=[D], personen={A: persoon(A, partners=[partner_van(B)])}))
    rit = wereld.geef(geregistreerd(), toekomst())
    staat = rit.flow.begin(rit.context)
    for event in rit.log:
        staat = rit.flow.evolve(staat, event)
    assert staat == rit.staat
    assert list(rit.flow.decide(staat)) == []


@pytest.mark.parametrize(
    ("ontbreekt", "reden"),
    [
        ("meeverhuizers:ongeldig-bsn", "meeverhuizer-onleesbaar"),
        ("meeverhuizers:onleesbaar", "meeverhuizer-onleesbaar"),
        ("aangever-verhuist:onbekende-waarde", "meeverhuizer-onleesbaar"),
        ("functie:onbekende-waarde", "functie-adres-onleesbaar"),
    ],
)
def test_what_was_given_but_cannot_be_read_goes_to_a_person(ontbreekt: str, reden: str) -> None:
    """A mover whose number cannot be read is not left behind while the others move: the whole goes orange."""
    rit = Wereld().geef(geregistreerd(), status_gezet(), gelezen(ontbreekt=[ontbreekt]))
    assert rit.staat.kleur == "oranje"
    assert reden in rit.staat.redenen
