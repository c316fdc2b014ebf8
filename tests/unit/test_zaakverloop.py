# SPDX-License-Identifier: EUPL-1.2
"""One zaak: the order of its timeline, its state whatever order facts came in, and who may see it."""

from __future__ import annotations

import copy
import itertools
from datetime import date

import pytest
from nephub import NepHub
from scenes import ALL, BASE, PEOPLE, Move, country, persoon, pseudo, start, uuid

import schemas
from hub import zaakfeiten
from hub.events import ZAKEN
from hub.persoonsgegevens import age
from hub.tijdlijn import NO_TRAIL, tijdlijn
from projections.zaakverloop import PROJECTION, queries
from projections.zaakverloop.stappen import verloop

HINT = "nl.wissel.zaken.melding-zonder-inhoud.v1"
RECEIPT = "nl.wissel.zaken.ontvangst-vastgelegd.v1"


@pytest.fixture
def hub() -> NepHub:
    """A hub with this projection alone."""
    return NepHub([PROJECTION])


def row_of(hub: NepHub, number: int = 1, gemeente: str = "emmen"):
    return queries.zaak(hub, gemeente, uuid(number))


def ids(row) -> list[str]:
    return [fact.id for fact in tijdlijn(row["gebeurtenissen"])]


def test_every_type_of_a_zaak_stream_is_handled() -> None:
    """The volgnummer of the row is what an official judged on, so no event of the stream may pass unseen."""
    known = {schema.type for schema in schemas.load() if schema.topic == ZAKEN}
    assert known - set(PROJECTION.handlers) == set()


def test_timeline_is_ordered_by_receipt_then_observation_then_id(hub: NepHub) -> None:
    """R11: aanmaakdatum of the receipt, else time of observation, then id, in whatever order the facts were put down."""
    move = Move(hub, 1)
    move.fact(
        "klantcontact-toegevoegd", {"datumtijd": "x", "kanaal": "c", "aanmaakdatum": "2026-03-03T12:00:00+01:00"}, id_="c"
    )
    move.fact("klantcontact-toegevoegd", {"datumtijd": "x", "kanaal": "a", "aanmaakdatum": "2026-03-01T09:00:00Z"}, id_="a")
    move.fact("klantcontact-toegevoegd", {"datumtijd": "x", "kanaal": "d", "aanmaakdatum": None}, id_="d")  # observed 13:03:07Z
    move.fact("klantcontact-toegevoegd", {"datumtijd": "x", "kanaal": "b", "aanmaakdatum": "2026-03-03T11:00:00Z"}, id_="b")
    assert ids(row_of(hub)) == ["a", "b", "c", "d"]


def test_receipt_of_a_fact_fetched_earlier_moves_it(hub: NepHub) -> None:
    """A fact seen before its notification gets the time of the receipt, and keeps it when the notification is repeated."""
    move = Move(hub, 1)
    move.fact("rol-verwijderd", {}, id_="seen")
    for at in ("2026-03-02T10:00:00Z", "2026-03-02T08:00:00.5Z", "2026-03-02T09:00:00Z"):
        move.put(RECEIPT, {"feit": "seen", "aanmaakdatum": at})
    (fact,) = tijdlijn(row_of(hub)["gebeurtenissen"])
    assert fact.tijdstip == "2026-03-02T08:00:00.500000Z"
    assert row_of(hub)["volgnummer"] == 4


def test_receipts_in_any_order_give_the_same_timeline() -> None:
    """Duplicate and late receipts do not change where a fact stands."""
    times = ("2026-03-02T10:00:00Z", "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z", "2026-03-04T00:00:00Z")
    seen = set()
    for order in itertools.permutations(times):
        hub = NepHub([PROJECTION])
        Move(hub, 1).fact("rol-verwijderd", {}, id_="seen")
        for at in order:
            Move(hub, 1).put(RECEIPT, {"feit": "seen", "aanmaakdatum": at})
        seen.add(str(row_of(hub)["gebeurtenissen"]))
    assert len(seen) == 1


def test_who_is_unknown_without_an_audit_trail(hub: NepHub) -> None:
    """A fact of the zaaksysteem without a trail says so; with one it says who; our own facts are ours."""
    move = Move(hub, 1)
    move.fact("zaak-opgeschort", {})
    move.fact("zaak-hervat", {"wie": "j.vries"})
    move.put(HINT, {"resource": "status", "resourceUrl": "u", "actie": "create", "aanmaakdatum": "2026-03-01T09:00:00Z"})
    move.put("nl.wissel.verhuisaangifte.niet-beoordeeld.v1", {"reden": "modus-uit"})
    who = {fact.type.split(".")[-2]: fact.wie for fact in tijdlijn(row_of(hub)["gebeurtenissen"])}
    assert who == {
        "zaak-opgeschort": NO_TRAIL, "zaak-hervat": "j.vries", "melding-zonder-inhoud": NO_TRAIL, "niet-beoordeeld": "Wissel",
    }  # fmt: skip


def test_a_deleted_zaak_keeps_what_and_when(hub: NepHub) -> None:
    """Of a zaak that was never fetched the notifications are all there is, and they stay."""
    move = Move(hub, 1)
    for minute in range(4):
        move.put(
            HINT, {"resource": "rol", "resourceUrl": "u", "actie": "create", "aanmaakdatum": f"2026-03-01T09:0{minute}:00Z"}
        )
    move.fact("zaak-verwijderd", {"bewijs": "404", "aanmaakdatum": "2026-03-01T10:00:00Z"})
    row = row_of(hub)
    assert row["verwijderd"]
    assert row["identificatie"] is None
    assert len(row["gebeurtenissen"]) == 5


def test_late_status_does_not_overwrite_newer(hub: NepHub) -> None:
    """The status is the one with the latest datumStatusGezet, not the one that came in last."""
    move = Move(hub, 1).registered()
    move.status("Afgehandeld", 4, "2026-03-03T10:00:00Z", end=True).status("In behandeling", 2, "2026-03-02T10:00:00+02:00")
    assert zaakfeiten.status(row_of(hub)) == "Afgehandeld"
    move.fact("status-verwijderd", {"resourceUrl": f"{BASE}/statussen/{move.uuid}-4"})
    assert zaakfeiten.status(row_of(hub)) == "In behandeling"


def test_a_closed_zaak_shows_its_eindstatus(hub: NepHub) -> None:
    """Whoever dated another status later: closed is closed, until it is reopened."""
    move = Move(hub, 1).registered()
    move.status("Afgehandeld", 4, "2026-03-03T10:00:00Z", end=True).status("In behandeling", 2, "2026-03-03T18:00:00Z")
    assert zaakfeiten.status(row_of(hub)) == "In behandeling"
    move.fact("zaak-afgesloten", {"einddatum": "2026-03-03"})
    assert zaakfeiten.status(row_of(hub)) == "Afgehandeld"
    move.fact("zaak-heropend", {})
    assert zaakfeiten.status(row_of(hub)) == "In behandeling"


def test_resultaat_that_is_removed_no_longer_stands(hub: NepHub) -> None:
    """The resultaat is the last one that still stands."""
    move = Move(hub, 1).registered()
    for number, name in enumerate(("Geweigerd", "Verwerkt")):
        at = f"2026-03-03T1{number}:00:00Z"
        move.fact(
            "resultaat-gezet", {"resultaat": f"r{number}", "resultaattype": "t", "omschrijving": name, "aanmaakdatum": at}
        )
    assert zaakfeiten.result(row_of(hub)) == "Verwerkt"
    move.fact("resultaat-verwijderd", {"resourceUrl": "r1"})
    assert zaakfeiten.result(row_of(hub)) == "Geweigerd"


def rol(move: Move, url: str, who: str) -> None:
    data = {"rol": url, "betrokkeneType": "medewerker", "omschrijving": "Uitvoerende", "omschrijvingGeneriek": "behandelaar"}
    move.fact("rol-toegevoegd", {**data, "roltoelichting": "", "betrokkene": who, "resourceUrl": url})


def test_handler_follows_what_was_said_here_and_there(hub: NepHub) -> None:
    """Taking over shows at once; the rol that follows in the zaaksysteem, or a change made there, is followed too."""
    move = Move(hub, 1).registered()

    def now() -> str | None:
        return zaakfeiten.handler(row_of(hub))

    rol(move, "r1", "jan")
    assert now() == "jan"
    move.handled("overgenomen", "piet", vorige="jan")
    assert now() == "piet"
    move.fact("rol-verwijderd", {"resourceUrl": "r1"})
    rol(move, "r2", "piet")
    assert now() == "piet"
    move.handled("overname-ongedaan", "piet", vorige="jan")
    assert now() == "jan"
    move.handled("teruggegeven", "jan")
    assert now() is None
    rol(move, "r3", "kees")
    assert now() == "kees"
    move.fact("rol-verwijderd", {"resourceUrl": "r3"})
    move.fact("rol-verwijderd", {"resourceUrl": "r2"})
    assert now() is None


def test_apply_never_changes_the_row_it_is_given() -> None:
    """A failed batch is rolled back: the row that was loaded must still be what is in the store."""
    hub = NepHub(ALL)
    checked = 0
    for tables in hub._tables:
        load = tables.load

        def guarded(db, streams, load=load):
            loaded = load(db, streams)
            guards.append((loaded, copy.deepcopy(loaded)))
            return loaded

        tables.load = guarded  # type: ignore[method-assign]
    guards: list = []
    country(hub)
    for loaded, before in guards:
        assert loaded == before
        checked += 1
    assert checked > 200


def test_rows_hold_nothing_personal_in_clear() -> None:
    """Names, addresses and BSNs are in a read model only sealed; the vault of this test seals with a marker."""
    hub = country()
    for tables in hub._tables:
        for (packed,) in hub._db.db.execute(f"SELECT rij FROM {tables.name}"):
            text = _without_sealed(packed)
            assert not [word for word in ("Jansen", "Hoofdstraat", "7811", *PEOPLE) if word in text]


def _without_sealed(packed: bytes) -> str:
    import msgspec

    def strip(value):
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items()}
        if isinstance(value, list):
            return [strip(item) for item in value if not isinstance(item, bytes)]
        return value

    return str(strip(msgspec.msgpack.decode(packed)))


# ------------------------------------------------------------------------------------------------------- who may see it


def may_see(hub: NepHub, number: int, person: int) -> bool:
    row = row_of(hub, number)
    return queries.mag_zien(row, pseudo(person), queries.dossier(hub, row), hub.clock.today())


@pytest.mark.parametrize(
    ("born", "sees"),
    [("2010-03-03", True), ("2010-03-04", False), ("2009-12-31", True), ("2020-01-01", False)],
    ids=["16-today", "16-tomorrow", "over-16", "child"],
)
def test_movers_of_16_and_over_see_the_case(hub: NepHub, born: str, sees: bool) -> None:
    """Whoever is 16 on the day they look declares a move for themselves, so they may follow it."""
    Move(hub, 1, movers=(1, 2), declarer=1).registered().read().persons(p2=persoon(born=born))
    assert may_see(hub, 1, 2) is sees
    assert may_see(hub, 1, 1)


def test_whose_age_is_unknown_does_not_see_the_case(hub: NepHub) -> None:
    """Before the BRP was asked, or after its answer was destroyed, only the declarer sees the case."""
    move = Move(hub, 1, movers=(1, 2), declarer=1).registered().read()
    assert not may_see(hub, 1, 2)
    move.persons()
    assert may_see(hub, 1, 2)
    hub.vault.vernietigd.add(pseudo(2))
    assert not may_see(hub, 1, 2)


def test_strangers_deleted_and_secret_zaken_are_not_seen(hub: NepHub) -> None:
    """A zaak that is not yours, was deleted or is confidential does not exist for you."""
    start(hub, 1)
    assert not may_see(hub, 1, 2)
    start(hub, 3).fact("zaak-verwijderd", {"bewijs": "404"})
    assert not may_see(hub, 3, 3)
    Move(hub, 4).registered(vertrouwelijkheidaanduiding="geheim").read()
    assert not may_see(hub, 4, 4)


def test_no_query_crosses_gemeenten() -> None:
    """The same BSN is another pseudonym elsewhere, and a zaak of one gemeente does not exist in another."""
    hub = country()
    with pytest.raises(queries.NotFound):
        queries.zaak(hub, "emmen", uuid(20))
    assert queries.zaak(hub, "zwolle", uuid(20))["uuid"] == uuid(20)
    assert queries.zaken_van(hub, "zwolle", pseudo(1)) == []


@pytest.mark.parametrize(
    ("geboorte", "years"),
    [
        ({"datum": {"type": "Datum", "datum": "2010-02-28"}}, 16),
        ({"datum": {"type": "JaarMaandDatum", "jaar": 2010, "maand": 3}}, 15),
        ({"datum": {"type": "JaarMaandDatum", "jaar": 2010, "maand": 2}}, 16),
        ({"datum": {"type": "JaarDatum", "jaar": 2010}}, 15),
        ({"datum": {"type": "DatumOnbekend", "onbekend": True}}, None),
        ({}, None),
        (None, None),
        ({"datum": {"type": "Datum", "datum": "2010-02-30"}}, None),
    ],
)
def test_age_counts_only_what_is_sure(geboorte, years) -> None:
    """Of a partial date of birth the last possible day counts; an impossible one says nothing."""
    assert age(geboorte, date(2026, 3, 3)) == years


def test_reasons_about_others_are_not_told(hub: NepHub) -> None:
    """The declarer reads about themselves and the declaration, a co-mover only what is about them alone."""
    move = start(hub, 1, movers=(1, 2), declarer=1)
    move.judged("rood", "curatele", "niet-ingezetene", "te-vroeg-aangegeven",
                per={1: ("curatele", "te-vroeg-aangegeven"), 2: ("niet-ingezetene", "te-vroeg-aangegeven")})  # fmt: skip
    row = row_of(hub)
    assert queries.eigen_redenen(row, pseudo(1)) == ["curatele", "te-vroeg-aangegeven"]
    assert queries.eigen_redenen(row, pseudo(2)) == ["niet-ingezetene"]


def test_reasons_for_a_declarer_who_does_not_move(hub: NepHub) -> None:
    """A parent who declares for two children reads what holds for both, a child reads nothing."""
    move = start(hub, 1, movers=(1, 2), declarer=3)
    move.judged(
        "rood", "curatele", "te-vroeg-aangegeven", per={1: ("curatele", "te-vroeg-aangegeven"), 2: ("te-vroeg-aangegeven",)}
    )
    row = row_of(hub)
    assert queries.eigen_redenen(row, pseudo(3)) == ["te-vroeg-aangegeven"]
    assert queries.eigen_redenen(row, pseudo(1)) == []


# --------------------------------------------------------------------------------------------------------- the steps


@pytest.mark.parametrize(
    ("number", "step", "turn"),
    [
        (1, "verwerkt", "niemand"),
        (2, "medewerker", "gemeente"),
        (3, "contact", "u"),
        (4, "wachten", "gemeente"),
        (5, "aanvulling", "u"),
        (6, "medewerker", "gemeente"),
        (7, "controleren", "gemeente"),
        (8, "medewerker", "gemeente"),
        (11, "verwerken", "gemeente"),
        (13, "geweigerd", "niemand"),
    ],
)
def test_each_situation_says_where_it_is_and_who_acts(number: int, step: str, turn: str) -> None:
    """Silence is read as approval: every situation names its step and whose turn it is."""
    course = verloop(row_of(country(), number), pseudo(number))
    assert (course.nu.code, course.aan_zet) == (step, turn)
    assert course.stappen[0].code == "ingediend"


def test_a_held_case_goes_on_when_judged_again(hub: NepHub) -> None:
    """After the date came, the steps show that it is being processed."""
    move = start(hub, 1).judged("groen", held="2026-03-20")
    move.judged("groen")
    assert verloop(row_of(hub), pseudo(1)).nu.code == "verwerken"


def test_answer_of_the_resident_ends_their_turn(hub: NepHub) -> None:
    """When what was asked for has come in, it is our turn again."""
    move = start(hub, 1).judged("oranje", "naam-wijkt-af").asked("Wat is uw naam?")
    assert verloop(row_of(hub), pseudo(1)).aan_zet == "u"
    move.put("nl.wissel.verhuisaangifte.aanvulling-ontvangen.v1", {"pseudoniem": None, "door": None})
    assert verloop(row_of(hub), pseudo(1)).aan_zet == "gemeente"


def test_another_mover_sees_that_the_declarer_must_act(hub: NepHub) -> None:
    """A co-mover is not told what somebody else must do, only that they must."""
    start(hub, 1, movers=(1, 2), declarer=1).judged("rood", "curatele", per={1: ("curatele",), 2: ()})
    course = verloop(row_of(hub), pseudo(2))
    assert (course.aan_zet, course.vraagt, list(course.redenen)) == ("aangever", False, [])


def test_a_zaak_of_another_kind_shows_its_own_statuses(hub: NepHub) -> None:
    """Not everything is a move: other zaken show what the zaaksysteem says, in order."""
    move = Move(hub, 1).registered()
    move.status("Tweede", 2, "2026-03-03T10:00:00Z").status("Eerste", 1, "2026-03-02T10:00:00Z")
    course = verloop(row_of(hub), pseudo(1))
    assert [step.titel for step in course.stappen[1:]] == ["Eerste", "Tweede"]
    assert course.nu.stand == "nu"
