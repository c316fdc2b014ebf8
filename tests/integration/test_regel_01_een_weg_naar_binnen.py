# SPDX-License-Identifier: EUPL-1.2
"""R1: events come in through ``put`` alone, once and last, in the transaction of what justifies them, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hub_voor_tests import HERVAT, Klok, feit, gemeente, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.errors import HubError, LostRace, Poison, SchemaViolation, TooLarge
from hub.events import PERSONEN, ZAKEN
from hub.store.put import StoreTx, StreamMoved

pytestmark = pytest.mark.usefixtures("store")

GEHEIM = "Prinsengracht 263"


@pytest.fixture
def hub(tmp_path):
    both = (gemeente(), gemeente("zwolle"))
    opened = EmbeddedHub(loaded(tmp_path, both), clock=Klok(), plugins=plugins()).open()
    yield opened
    opened.close()


def in_log(hub):
    return hub.read_now(lambda tx: tx.all("SELECT s.sleutel, g.volgnummer FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom"))


def transaction(hub, work):
    return hub.database.write(lambda db: work(StoreTx(db, hub.tables, hub.clock.now()))).result()


# ------------------------------------------------------------------------------------------------- once, last, together


def test_events_are_put_once_per_transaction(hub):
    """A second put in one transaction is a mistake of the caller, and nothing of that transaction stays."""
    first, second = hub.seal([feit("a", 1), feit("a", 2)])

    def twice(tx):
        tx.put([first])
        tx.put([second])

    with pytest.raises(HubError, match="once and last"):
        transaction(hub, twice)
    assert in_log(hub) == []


@pytest.mark.parametrize("later", ["execute", "executemany"])
def test_nothing_is_written_after_put(hub, later):
    """The rows that justify the events come first, so that the locks are always taken in one order."""
    sealed = hub.seal([feit("a", 1)])

    def wrong(tx):
        tx.put(sealed)
        if later == "execute":
            tx.execute("DELETE FROM termijn")
        else:
            tx.executemany("DELETE FROM termijn WHERE naam = ?", [("x",)])

    with pytest.raises(HubError, match="once and last"):
        transaction(hub, wrong)
    assert in_log(hub) == []


def test_state_and_events_hold_together(hub):
    """When the events cannot go in, the row that justified them is not there either."""
    sealed = hub.seal([feit("a", 1)])

    def work(tx):
        tx.execute("INSERT INTO meta VALUES ('mijn-stand', 'gezien')")
        tx.put(sealed, {(ZAKEN, "a"): 7})

    with pytest.raises(StreamMoved):
        transaction(hub, work)
    assert hub.read_now(lambda tx: tx.one("SELECT 1 FROM meta WHERE naam = 'mijn-stand'")) is None
    assert in_log(hub) == []


def test_sequences_count_on_per_stream(hub):
    """1, 2, 3 within a stream, in the order given, over transactions and beside other streams."""
    zet(hub, feit("a", 1), feit("b", 1), feit("a", 2))
    zet(hub, feit("b", 2), feit("a", 3))
    assert sorted(in_log(hub)) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]


def test_offsets_have_no_holes(hub):
    """A refused or failed transaction leaves no gap: each partition counts 0, 1, 2 ... as Kafka would."""
    for number in range(5):
        zet(hub, feit("a", number), feit("b", number))
        with pytest.raises(StreamMoved):
            zet(hub, feit("a", 99), expected={(ZAKEN, "a"): 0})
    for position in hub.log.positions():
        offsets = [record.offset for record in hub.log.read(position.topic, position.partition, -1, 100)]
        assert offsets == list(range(position.head))


# --------------------------------------------------------------------------------------------------- what was expected


def test_expected_sequence_lets_in_what_was_decided_on_it(hub):
    """Who decided at sequence 2 puts down while the stream is at 2."""
    zet(hub, feit("a", 1), feit("a", 2))
    zet(hub, feit("a", 3), expected={(ZAKEN, "a"): 2})
    assert sorted(in_log(hub)) == [("a", 1), ("a", 2), ("a", 3)]


def test_a_stream_that_moved_on_refuses_and_is_named(hub):
    """Who decided on an older state hears which stream moved, and may decide again: it is Transient."""
    zet(hub, feit("a", 1), feit("a", 2))
    with pytest.raises(LostRace) as caught:
        zet(hub, feit("a", 3), feit("b", 1), expected={(ZAKEN, "a"): 1, (ZAKEN, "b"): 0})
    assert caught.value.streams == ((ZAKEN, "a"),)
    assert len(in_log(hub)) == 2


def test_expected_counts_for_streams_that_get_nothing(hub):
    """A decision that rests on another stream holds only while that one stands still, whatever is put where."""
    zet(hub, feit("a", 1))
    zet(hub, feit("b", 1), expected={(ZAKEN, "a"): 1})
    with pytest.raises(StreamMoved):
        zet(hub, feit("b", 2), expected={(ZAKEN, "a"): 0})
    with pytest.raises(StreamMoved):
        zet(hub, expected={(ZAKEN, "a"): 0})


# ------------------------------------------------------------------------------------------------------- at the door


def refused(hub, event, error=SchemaViolation):
    with pytest.raises(error) as caught:
        hub.seal([feit("goed", 1), event])
    hub.database.write(lambda _db: None).result()
    assert in_log(hub) == []
    return caught.value


GOOD = feit("zaak-a", 1).data


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "nl.overheid.zaken.bestaat-niet.v1"},
        {"data": {}},
        {"data": {**GOOD, "erbij": "?"}},
        {"data": {**GOOD, "resourceUrl": None}},
        {"data": {**GOOD, "resourceUrl": 7}},
        {"data": {**GOOD, "wie": ["lijst"]}},
        {"topic": PERSONEN},
        {"id": "geen-uuid"},
        {"causationid": "geen-uuid"},
        {"key": ""},
        {"key": "zaak\x00a"},
        {"key": "zaak-\ud800"},
        {"key": "emmen:999990019"},
        {"besloten": {"zaak:a": {"tekst": object()}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_does_not_fit_its_schema_stays_out(hub, changes):
    """Unknown types, wrong or missing fields, a wrong topic, ids that are none, and keys that name no stream."""
    error = refused(hub, replace(feit("zaak-a", 1), **changes))
    raw = b"".join(path.read_bytes() for path in hub.folder.iterdir())
    assert b"999990019" not in raw + str(error).encode()


@pytest.mark.parametrize(
    ("event_type", "field", "value"),
    [
        ("nl.wissel.opdracht.mislukt.v1", "definitief", "nee"),
        ("nl.wissel.opdracht.mislukt.v1", "definitief", 0),
        ("nl.wissel.opdracht.mislukt.v1", "definitief", None),
    ],
)
def test_no_is_not_written_as_yes(hub, event_type, field, value):
    """Avro's writer takes any truth for a boolean; the door does not."""
    good = {"opdrachtId": "o", "soort": "s", "stap": "s", "reden": "r", "uitleg": "u", "definitief": True}
    assert hub.seal([feit("a", 1, event_type=event_type, data=good)])
    refused(hub, feit("a", 1, event_type=event_type, data={**good, field: value}))


def test_nested_values_are_held_to_their_kind_too(hub):
    """A text where a list belongs, a number with a fraction and a truth inside a list of records stay out."""
    bewoning = "nl.wissel.gegevens.bewoning-opgehaald.v1"
    good = {
        "opdrachtId": "o",
        "bron": "b",
        "tijdstip": "t",
        "adresseerbaarObjectIdentificatie": "1",
        "peildatum": "2026-01-01",
        "indicatieVeelBewoners": False,
        "bewoners": [{"pseudoniem": "p", "inOnderzoek": False}],
        "mogelijkeBewoners": [],
    }
    assert hub.seal([feit("a", 1, event_type=bewoning, data=good)])
    refused(hub, feit("a", 1, event_type=bewoning, data={**good, "bewoners": [{"pseudoniem": "p", "inOnderzoek": "nee"}]}))
    levert = {"opdrachtId": "o", "bron": "b", "tijdstip": "t", "gatewayProfiel": "g", "levert": ["a"], "personen": []}
    personen = "nl.wissel.gegevens.personen-opgehaald.v1"
    assert hub.seal([feit("a", 1, event_type=personen, data=levert)])
    refused(hub, feit("a", 1, event_type=personen, data={**levert, "levert": "abc"}))


def test_what_is_too_large_for_a_log_stays_out(hub):
    """900 kB encoded goes in, more does not: a broker would refuse it later, when it is too late."""
    fits = feit("a", 1, data={**GOOD, "wie": "x" * 899_000})
    assert hub.seal([fits])
    refused(hub, feit("a", 1, data={**GOOD, "wie": "x" * 900_001}), TooLarge)
    refused(hub, feit("a", 2, besloten={"zaak:a": {"tekst": "x" * 900_001}}), TooLarge)


def test_an_undeclared_topic_is_no_stream_of_ours(hub):
    """An opdracht for a connector that is not installed would never be read: it is refused, not put away."""
    data = {"opdrachtId": "o", "connector": "weg", "soort": "s", "stap": "s", "zaak": "a", "gegevens": "{}", "sleutel": "o"}
    event = feit("a", 1, event_type="nl.wissel.opdracht.uit-te-voeren.v1", topic="wissel.opdrachten.weg", data=data)
    with pytest.raises(Poison, match=r"wissel\.opdrachten\.weg is not declared"):
        zet(hub, event)
    assert in_log(hub) == []


def test_no_event_crosses_into_a_stream_of_another_gemeente(hub):
    """A zaak of one gemeente takes no event of another, in one put or in a later one."""
    with pytest.raises(Poison, match="belongs to gemeente"):
        zet(hub, feit("a", 1), feit("a", 2, slug="zwolle"))
    zet(hub, feit("a", 1))
    with pytest.raises(Poison, match="belongs to gemeente emmen"):
        zet(hub, feit("a", 2, slug="zwolle"))
    assert in_log(hub) == [("a", 1)]


def test_what_is_refused_is_kept_for_inspection(hub):
    """What, why, when and from whom; also what JSON itself would refuse."""
    odd = feit("zaak-a", 1, data={**GOOD, "wie": object(), "tekst": "\ud800"}, besloten={"p1": {"adres": GEHEIM}})
    error = refused(hub, odd)
    about_zaak, about_person = hub.door.kept()
    assert (about_zaak.subject, about_person.subject) == ("zaak:zaak-a", "p1")
    assert about_zaak.reden == about_person.reden == str(error)
    assert about_zaak.bron == odd.source
    assert about_zaak.op == hub.clock.now()
    assert HERVAT in about_zaak.tekst
    assert odd.data["resourceUrl"] in about_zaak.tekst
    assert GEHEIM in about_person.tekst
    assert GEHEIM not in about_zaak.tekst


def test_what_is_refused_is_kept_sealed(hub):
    """Its text is nowhere in the file in clear, and destroying the person's key makes it unreadable."""
    refused(hub, feit("zaak-a", 1, data={"open": "kenteken-van-mevrouw"}, besloten={"p1": {"adres": GEHEIM}}))
    hub.database.write(lambda db: db.execute("SELECT 1")).result()
    raw = b"".join(path.read_bytes() for path in hub.folder.glob("wissel.db*"))
    assert b"kenteken-van-mevrouw" not in raw
    assert GEHEIM.encode() not in raw
    hub.keys.destroy(hub.keys.of_subject("emmen", "p1"))
    assert [part.tekst is None for part in hub.door.kept()] == [False, True]


def test_only_what_is_wrong_is_kept(hub):
    """The good events that were offered with it are not refused ones."""
    refused(hub, feit("zaak-a", 1, data={}))
    assert [part.subject for part in hub.door.kept()] == ["zaak:zaak-a"]
