# SPDX-License-Identifier: EUPL-1.2
"""From what was fetched to what is new: pure, so every rule of R11 that needs no network is proven here."""

from __future__ import annotations

import io
import json
import random
import uuid
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from connectors.zaak.bundel import Bundel, Melding
from connectors.zaak.client import resource_key
from connectors.zaak.feitbouw import Omgeving
from connectors.zaak.feiten import Uitslag, leid_af, leid_verwijdering_af
from connectors.zaak.stand import Stand
from hub.events import fact_id
from hub.privacy import Pseudonymizer

ZGW = "nl.overheid.zaken."
BASE = "https://zaken.example/api/v1"
TYPES = "https://catalogi.example/api/v1"
BSN = "999993653"
PSEUDONYM = Pseudonymizer(b"k" * 32)


def name(what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, what))


ZAAK_UUID = name("zaak")
ZAAK = f"{BASE}/zaken/{ZAAK_UUID}"
ROL, STATUS, EIND = (f"{BASE}/{kind}/{name(what)}" for kind, what in (("rollen", "r"), ("statussen", "s"), ("statussen", "e")))
EIGENSCHAP = f"{ZAAK}/zaakeigenschappen/{name('p')}"
ZAAKTYPE, BEGIN_TYPE, EIND_TYPE = (
    f"{TYPES}/{k}/{name(k + w)}" for k, w in (("zaaktypen", "z"), ("statustypen", "b"), ("statustypen", "e"))
)
TYPEN = {
    resource_key(ZAAKTYPE): {"identificatie": "B0366", "omschrijving": "Aangifte verhuizing", "doorlooptijd": "P28D"},
    resource_key(BEGIN_TYPE): {"omschrijving": "In behandeling", "volgnummer": 1, "isEindstatus": False},
    resource_key(EIND_TYPE): {"omschrijving": "Afgehandeld", "volgnummer": 3, "isEindstatus": True},
}


def omgeving() -> Omgeving:
    return Omgeving(gemeente="emmen", bron="urn:zaak", hub="urn:wissel", zaak_uuid=ZAAK_UUID, pseudonym=PSEUDONYM, typen=TYPEN)


def zaak(**values: Any) -> dict[str, Any]:
    return {
        "url": ZAAK,
        "identificatie": "ZAAK-1",
        "bronorganisatie": "000000013",
        "zaaktype": ZAAKTYPE,
        "registratiedatum": "2026-03-10",
        "startdatum": "2026-03-10",
        "einddatum": None,
        "einddatumGepland": None,
        "opschorting": {"indicatie": False, "reden": ""},
        "verlenging": None,
        "toelichting": "",
        "rollen": [],
        "status": None,
    } | values


def rol(**values: Any) -> dict[str, Any]:
    return {
        "url": ROL,
        "betrokkeneType": "natuurlijk_persoon",
        "omschrijving": "Initiator",
        "omschrijvingGeneriek": "initiator",
        "roltoelichting": "aangever",
        "betrokkeneIdentificatie": {"inpBsn": BSN, "geslachtsnaam": "Maassen"},
    } | values


def status(url: str = STATUS, kind: str = BEGIN_TYPE, at: str = "2026-03-10T09:00:00Z") -> dict[str, Any]:
    return {"url": url, "statustype": kind, "datumStatusGezet": at, "statustoelichting": ""}


def eigenschap(waarde: str = "2026-03-12") -> dict[str, Any]:
    return {"url": EIGENSCHAP, "naam": "VERHUISDATUM", "waarde": waarde}


def entry(number: int, resource: str, actie: str, *, oud: Any = None, nieuw: Any = None, **values: Any) -> dict[str, Any]:
    return {
        "uuid": name(f"entry {number}"),
        "actie": actie,
        "resource": resource,
        "resourceUrl": (nieuw or oud or {"url": ZAAK})["url"],
        "resultaat": 200,
        "gebruikersId": "jdevries",
        "aanmaakdatum": f"2026-03-10T09:00:{number:02}.123456Z",
        "wijzigingen": {"oud": oud, "nieuw": nieuw},
    } | values


def hint(resource: str, url: str, actie: str = "create", second: int = 0, **values: Any) -> Melding:
    at = f"2026-03-10T10:00:{second:02}.000Z"
    given = {"id": f"{url}|{actie}|{second}", "resource": resource, "resource_url": url, "actie": actie, "aanmaakdatum": at}
    return Melding(**(given | values))


def derive(bundle: Bundel, stand: Stand | None = None, hints: Any = ()) -> Uitslag:
    outcome = leid_af(stand or Stand(), bundle, hints, omgeving())
    check(outcome)
    return Uitslag(outcome.events, Stand.from_json(outcome.stand.to_json()))


def check(outcome: Uitslag) -> None:
    """Every event fits its schema, has an id of its own, and shows no BSN in its open part."""
    for event in outcome.events:
        schema = schemas.load().by_type(event.type)
        fastavro.schemaless_writer(io.BytesIO(), schema.parsed, {**event.data, "besloten": []}, strict_allow_default=True)
        uuid.UUID(event.id)
        assert BSN not in json.dumps({**event.data, "dataref": event.dataref})
    assert len({event.id for event in outcome.events}) == len(outcome.events)
    assert BSN not in outcome.stand.to_json()


def types(outcome: Uitslag) -> list[str]:
    return [event.type.removeprefix(ZGW).removesuffix(".v1") for event in outcome.events]


def objects(*found: dict[str, Any], of: Any = None, weg: Any = ()) -> Bundel:
    return Bundel(zaak=of or zaak(), objecten={resource_key(o["url"]): o for o in found}, weg=frozenset(map(resource_key, weg)))


# ------------------------------------------------------------------------------------------------------- with a trail

LIFE = [
    entry(1, "zaak", "create", nieuw=zaak()),
    entry(2, "rol", "create", nieuw=rol()),
    entry(3, "zaakeigenschap", "create", nieuw=eigenschap()),
    entry(4, "status", "create", nieuw=status()),
    entry(5, "zaak", "partial_update", oud=zaak(), nieuw=zaak(opschorting={"indicatie": True, "reden": "wacht"})),
    entry(6, "zaak", "partial_update", oud=zaak(opschorting={"indicatie": True, "reden": "wacht"}), nieuw=zaak()),
    entry(7, "zaak", "update", oud=zaak(), nieuw=zaak(verlenging={"reden": "druk", "duur": "P7D"})),
    entry(8, "zaakinformatieobject", "create", nieuw={"url": f"{BASE}/zaakinformatieobjecten/{name('i')}"}),
    entry(9, "status", "create", nieuw=status(EIND, EIND_TYPE, "2026-03-11T23:30:00Z")),
    entry(10, "zaak", "partial_update", oud=zaak(), nieuw=zaak(toelichting="na sluiten", einddatumGepland="2026-04-01")),
    entry(11, "status", "create", nieuw=status(f"{BASE}/statussen/{name('h')}")),
    entry(12, "rol", "destroy", oud=rol()),
]
LIFE_TYPES = [
    "zaak-geregistreerd",
    "rol-toegevoegd",
    "eigenschap-gezet",
    "status-gezet",
    "zaak-opgeschort",
    "zaak-hervat",
    "zaak-verlengd",
    "overig-gewijzigd",
    "status-gezet",
    "zaak-afgesloten",
    "zaak-bijgewerkt",
    "status-gezet",
    "zaak-heropend",
    "rol-verwijderd",
]


def test_each_entry_gives_its_fact_in_order():
    """The whole life of a zaak: one fact of the zaaksysteem per entry, the hub's own conclusions beside it."""
    outcome = derive(Bundel(zaak=zaak(), trail=LIFE, typen=TYPEN))
    assert types(outcome) == LIFE_TYPES
    own = [event for event in outcome.events if event.source == "urn:zaak"]
    assert [event.id for event in own] == [item["uuid"] for item in LIFE]
    assert [event.data["aanmaakdatum"] for event in own] == [item["aanmaakdatum"] for item in LIFE]
    assert {event.data["wie"] for event in own} == {"jdevries"}


def test_what_the_hub_concludes_has_its_own_source_and_an_id_that_follows_from_the_entry():
    """Closing and opening again follow from a status (zrc-007, zrc-008); the last day is a day in Amsterdam."""
    outcome = derive(Bundel(zaak=zaak(), trail=LIFE, typen=TYPEN))
    closed = next(event for event in outcome.events if event.type == f"{ZGW}zaak-afgesloten.v1")
    assert closed.source == "urn:wissel"
    assert closed.id == fact_id(LIFE[8]["uuid"], closed.type)
    assert closed.data["einddatum"] == "2026-03-12"


@pytest.mark.parametrize("cut", range(len(LIFE) + 1))
def test_in_how_many_fetches_the_trail_is_read_makes_no_difference(cut):
    """Up to its end, each time: never a gap, never a repeat."""
    first = derive(Bundel(zaak=zaak(), trail=LIFE[:cut], typen=TYPEN)) if cut else Uitslag((), Stand())
    second = derive(Bundel(zaak=zaak(), trail=LIFE, typen=TYPEN), first.stand)
    whole = derive(Bundel(zaak=zaak(), trail=LIFE, typen=TYPEN))
    assert [event.id for event in (*first.events, *second.events)] == [event.id for event in whole.events]
    assert derive(Bundel(zaak=zaak(), trail=LIFE, typen=TYPEN), second.stand).events == []


def test_a_trail_that_comes_in_another_order_is_put_in_order():
    """Some sources answer newest first."""
    outcome = derive(Bundel(zaak=zaak(), trail=LIFE[::-1], typen=TYPEN))
    assert types(outcome) == LIFE_TYPES


def test_reading_and_refused_actions_are_no_facts():
    """A trail may record who looked, and what was refused."""
    trail = [LIFE[0], entry(20, "zaak", "retrieve"), entry(21, "rol", "create", nieuw=rol(), resultaat=400)]
    assert types(derive(Bundel(zaak=zaak(), trail=trail, typen=TYPEN))) == ["zaak-geregistreerd"]


def test_an_entry_without_contents_is_still_a_fact():
    """An object that cannot be fetched any more and of which the trail kept nothing changed all the same."""
    trail = [LIFE[0], entry(2, "rol", "create", resourceUrl=ROL), entry(3, "zaak", "update"), entry(4, "zaak", "create")]
    outcome = derive(Bundel(zaak=zaak(), trail=trail, typen=TYPEN))
    assert types(outcome) == ["zaak-geregistreerd", "overig-gewijzigd", "zaak-bijgewerkt"]


def test_an_entry_uuid_that_is_none_gets_an_id_that_stays_the_same():
    """Ids are uuids everywhere, and the same fact has the same one."""
    odd = {"uuid": "41"}
    runs = [derive(Bundel(zaak=zaak(), trail=[LIFE[0] | odd], typen=TYPEN)) for _ in range(2)]
    assert runs[0].events[0].id == runs[1].events[0].id


def test_a_zaak_that_was_imported_has_its_registration_from_the_zaak_itself():
    """The trail of a migrated zaak begins later; the stream still begins with the registration."""
    closed = zaak(einddatum="2026-02-01", status=EIND)
    bundle = Bundel(zaak=closed, trail=LIFE[1:2], objecten={resource_key(EIND): status(EIND, EIND_TYPE)}, typen=TYPEN)
    outcome = derive(bundle)
    assert types(outcome) == ["zaak-geregistreerd", "rol-toegevoegd", "status-gezet", "zaak-afgesloten"]
    assert outcome.events[0].data["geslotenBijEersteWaarneming"] is True
    assert derive(bundle, outcome.stand).events == []


def test_an_object_seen_before_its_entry_is_one_fact():
    """A trail that lags behind adds nothing when it catches up."""
    early = Bundel(zaak=zaak(), trail=LIFE[:1], objecten={resource_key(ROL): rol()}, typen=TYPEN)
    first = derive(early)
    assert types(first) == ["zaak-geregistreerd", "rol-toegevoegd"]
    assert derive(Bundel(zaak=zaak(), trail=LIFE[:2], typen=TYPEN), first.stand).events == []


def test_a_change_the_trail_does_not_know_is_taken_from_the_object():
    """A new value of an eigenschap without an entry is a fact, once."""
    first = derive(Bundel(zaak=zaak(), trail=LIFE[:3], typen=TYPEN))
    changed = Bundel(zaak=zaak(), trail=LIFE[:3], objecten={resource_key(EIGENSCHAP): eigenschap("2026-05-05")}, typen=TYPEN)
    second = derive(changed, first.stand)
    assert types(second) == ["eigenschap-gezet"]
    assert derive(changed, second.stand).events == []
    gone = Bundel(zaak=zaak(), trail=LIFE[:3], weg=frozenset({resource_key(EIGENSCHAP)}), typen=TYPEN)
    assert types(derive(gone, second.stand)) == ["eigenschap-verwijderd"]


# ------------------------------------------------------------------------------------------------------ without a trail

HINTS = [
    hint("zaak", ZAAK, second=1),
    hint("rol", ROL, second=2),
    hint("status", STATUS, second=3),
    hint("status", EIND, second=4),
]


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(HINTS), cuts=st.lists(st.integers(0, 4), max_size=3))
def test_whenever_notifications_come_the_facts_are_the_same(order, cuts):
    """Any order, any moment of fetching: the same ids, and each fact ends up with the time of its receipt."""
    bundle = objects(rol(), status(), status(EIND, EIND_TYPE), of=zaak(einddatum="2026-03-11", status=EIND))
    stand, events, known = Stand(), [], []
    for at in [*sorted(cuts), 4]:
        known = [*known, *order[len(known) : at]]
        outcome = derive(bundle, stand, known)
        stand, events = outcome.stand, [*events, *outcome.events]
    facts = [event for event in events if event.source == "urn:zaak"]
    late = {event.data["feit"]: event.data["aanmaakdatum"] for event in events if event.type.endswith("vastgelegd.v1")}
    at_once = derive(bundle, None, HINTS)
    assert {event.id for event in facts} == {event.id for event in at_once.events if event.source == "urn:zaak"}
    assert {f.id: f.data["aanmaakdatum"] or late[f.id] for f in facts} == {
        f.id: f.data["aanmaakdatum"] for f in at_once.events if f.source == "urn:zaak"
    }
    assert types(Uitslag(events, stand)).count("zaak-afgesloten") == 1


def test_going_back_to_an_earlier_value_is_a_new_fact():
    """A, B, A: three facts, because each id follows from the one before."""
    stand, ids = Stand(), []
    for waarde in ("A", "B", "A", "A"):
        outcome = derive(objects(eigenschap(waarde)), stand)
        stand = outcome.stand
        ids += [event.id for event in outcome.events if event.type.endswith("eigenschap-gezet.v1")]
    assert len(ids) == len(set(ids)) == 3


def test_what_changes_at_the_zaak_is_told_by_name():
    """Opschorting, hervatting and verlenging are facts of their own, the other fields one change together."""
    states = [
        zaak(),
        zaak(opschorting={"indicatie": True, "reden": f"wacht op {BSN}"}, einddatumGepland="2026-05-01"),
        zaak(einddatumGepland="2026-05-01", verlenging={"reden": "druk", "duur": "P7D"}, nieuwVeldVan17="x"),
        zaak(einddatum="2026-05-02", archiefactiedatum="2031-01-01"),
        zaak(),
    ]
    stand, seen = Stand(), []
    for state in states:
        outcome = derive(objects(of=state), stand)
        stand, seen = outcome.stand, [*seen, *types(outcome)]
    assert seen == [
        "zaak-geregistreerd",
        *("zaak-opgeschort", "zaak-bijgewerkt"),
        *("zaak-hervat", "zaak-verlengd"),
        *("zaak-bijgewerkt", "zaak-afgesloten"),
        "zaak-heropend",
    ]


def test_a_receipt_is_told_once():
    """However often the same notification comes after the fact."""
    first = derive(objects(rol()))
    second = derive(objects(rol()), first.stand, HINTS[:2])
    assert types(second) == ["nl.wissel.zaken.ontvangst-vastgelegd"] * 2
    assert derive(objects(rol()), second.stand, HINTS[:2]).events == []


def test_what_is_of_another_kind_or_gone_already_is_told_from_the_notification_once():
    """A document, and a rol that was created and removed before anybody looked."""
    other = f"{BASE}/zaakinformatieobjecten/{name('i')}"
    hints = [hint("zaakinformatieobject", other), hint("rol", ROL), hint("rol", ROL, "destroy", 1)]
    outcome = derive(objects(weg=[ROL]), None, hints)
    assert sorted(types(outcome)) == [
        *["nl.wissel.zaken.melding-zonder-inhoud"] * 2,
        "overig-gewijzigd",
        "zaak-geregistreerd",
    ]
    assert derive(objects(weg=[ROL]), outcome.stand, hints).events == []


def test_removing_takes_the_time_of_its_notification():
    """A rol that was published and is gone."""
    first = derive(objects(rol()))
    second = derive(objects(weg=[ROL]), first.stand, [hint("rol", ROL, "destroy", 9)])
    assert types(second) == ["rol-verwijderd"]
    assert second.events[0].data["aanmaakdatum"] == "2026-03-10T10:00:09Z"
    assert second.events[0].data["resourceUrl"] == ROL


# -------------------------------------------------------------------------------------------------------- deletion


def test_a_deleted_zaak_keeps_what_and_when_of_each_notification_nobody_can_read():
    """Once each, in the order in which it happened, also when notifications come afterwards."""
    hints = [*HINTS[:3], hint("zaak", ZAAK, "destroy", 9)]
    random.Random(1).shuffle(hints)
    outcome = leid_verwijdering_af(Stand(), hints[:2], omgeving(), zaak_url=ZAAK, bewijs="destroy-melding")
    later = leid_verwijdering_af(outcome.stand, hints, omgeving(), zaak_url=ZAAK, bewijs="destroy-melding")
    again = leid_verwijdering_af(later.stand, hints, omgeving(), zaak_url=ZAAK, bewijs="destroy-melding")
    for found in (outcome, later, again):
        check(found)
    told = [event.type for event in (*outcome.events, *later.events)]
    assert told.count("nl.wissel.zaken.melding-zonder-inhoud.v1") == 3
    assert told.count(f"{ZGW}zaak-verwijderd.v1") == 1
    assert again.events == []


def test_what_was_published_before_a_zaak_was_deleted_is_not_told_again():
    """Only notifications whose contents are not in the stream yet are kept as such."""
    first = derive(objects(rol()), None, HINTS[:1])
    outcome = leid_verwijdering_af(first.stand, HINTS[:3], omgeving(), zaak_url=ZAAK, bewijs="tweemaal-404")
    assert types(outcome) == [
        "nl.wissel.zaken.melding-zonder-inhoud",
        "zaak-verwijderd",
        "nl.wissel.zaken.ontvangst-vastgelegd",
    ]


def test_a_zaak_that_comes_back_is_registered_anew():
    """A backup put back in the zaaksysteem: other fact, other id."""
    first = derive(objects())
    gone = leid_verwijdering_af(first.stand, (), omgeving(), zaak_url=ZAAK, bewijs="tweemaal-404")
    back = derive(objects(), gone.stand)
    assert types(back) == ["zaak-geregistreerd"]
    assert back.events[0].id != first.events[0].id
    assert derive(objects(), back.stand).events == []


# --------------------------------------------------------------------------------------------------- personal data


def test_each_person_is_sealed_apart_and_a_bsn_in_free_text_becomes_a_pseudonym():
    """Nothing about two people in one element; nothing personal in the open part."""
    other = next(str(n) for n in range(999_990_019, 999_991_000) if PSEUDONYM and _passes(str(n)))
    outcome = derive(objects(eigenschap(json.dumps([{"bsn": BSN}, {"bsn": other}])), rol(roltoelichting=f"van {BSN}")))
    seen = {event.type: event for event in outcome.events}
    value = seen[f"{ZGW}eigenschap-gezet.v1"].besloten
    pseudonyms = [PSEUDONYM(_bsn(number)) for number in (BSN, other)]
    assert value[pseudonyms[0]] == {"bsn": BSN}
    assert value[pseudonyms[1]] == {"bsn": other}
    assert BSN not in json.dumps(value[f"zaak:{ZAAK_UUID}"])
    assert all(pseudonym in value[f"zaak:{ZAAK_UUID}"]["waarde"] for pseudonym in pseudonyms)
    assert seen[f"{ZGW}rol-toegevoegd.v1"].data["betrokkene"] == pseudonyms[0]
    assert seen[f"{ZGW}rol-toegevoegd.v1"].data["roltoelichting"] == "van ***"


@pytest.mark.parametrize("number", ["", "123", "999999245", None, "hoi"])
def test_a_rol_without_a_valid_bsn_is_a_rol_without_a_person(number):
    """The elfproef fails: no pseudonym, no crash."""
    outcome = derive(objects(rol(betrokkeneIdentificatie={"inpBsn": number, "geslachtsnaam": "X"})))
    assert outcome.events[-1].data["betrokkene"] is None
    assert outcome.events[-1].besloten == {f"zaak:{ZAAK_UUID}": {"betrokkene": {"geslachtsnaam": "X"}}}


def test_a_medewerker_is_named_by_identification_and_a_team_too():
    """Who handles a zaak is open; the name is not."""
    for kind in ("medewerker", "organisatorische_eenheid"):
        who = rol(betrokkeneType=kind, betrokkeneIdentificatie={"identificatie": "jdevries", "achternaam": "Vries"})
        event = derive(objects(who)).events[-1]
        assert event.data["betrokkene"] == "jdevries"
        assert "Vries" not in json.dumps(event.data)


def _bsn(number: str) -> Any:
    from hub.privacy import Bsn

    return Bsn(number)


def _passes(number: str) -> bool:
    from hub.privacy import elfproef

    return elfproef(number) and number != BSN
