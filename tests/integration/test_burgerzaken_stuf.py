# SPDX-License-Identifier: EUPL-1.2
"""Change messages of the registry (StUF-BG) at the hub's own door, and what becomes of them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from burgerzaken_wereld import DATUM, ZAAK, wereld
from litestar import Litestar
from litestar.testing import TestClient
from stufbericht import Adres, kennisgeving, object_

from connectors.burgerzaken import CONNECTOR
from hub.xml import parse

GOED = {"Authorization": "Basic Z29lZA=="}
OUD = Adres(geldig="20200101")
NIEUW = Adres(straat="Kerklaan", huisnummer="7", begin="20260310", geldig="20260310")


@pytest.fixture
def w(tmp_path):
    """A world whose registry sends messages and offers no list of changes."""
    with wereld(tmp_path, stuf={"authorization": GOED["Authorization"]}, update_url=None) as world:
        yield world


@pytest.fixture
def door(w):
    """The hub's own door."""
    with TestClient(Litestar(CONNECTOR.routes(w.hub))) as client:
        yield client


def post(door, body, headers=None, gemeente="emmen"):
    given = GOED if headers is None else headers
    return door.post(f"/webhooks/stuf-bg/{gemeente}", content=body, headers={"Content-Type": "text/xml", **given})


def body_of(response):
    return parse(response.content).find("Body")


def moves_to(w, aangifte):
    number = aangifte["adres"]["nummeraanduidingIdentificatie"]
    body = {"burgerservicenummer": aangifte["initiator"]["bsn"], "nummeraanduidingIdentificatie": number}
    w.sim("POST", "verhuis", json={**body, "datum": DATUM.isoformat()})


def changed(bsn, referentie="R1", **given):
    return kennisgeving(object_(bsn, OUD), object_(bsn, NIEUW), referentie=referentie, **given)


def facts(w):
    return [event for event in w.log() if ".brp." in event.type and "geraadpleegd" not in event.type]


def test_a_message_is_stored_then_acknowledged_then_read(w, door):
    """Bv03 with sender and receiver changed round; the fact comes from the registry, not from the message."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    moves_to(w, aangifte)
    answer = post(door, changed(aangifte["initiator"]["bsn"], "REF-77"))
    bericht = body_of(answer).find("Bv03Bericht")
    assert answer.status_code == 200
    assert bericht.find("stuurgegevens", "crossRefnummer").text == "REF-77"
    assert bericht.find("stuurgegevens", "ontvanger", "applicatie").text == "BZ"
    assert bericht.find("stuurgegevens", "zender", "applicatie").text == "WISSEL"
    w.herstart()  # stored before it was acknowledged
    assert w.ronde() == 1
    (fact,) = facts(w)
    assert fact.type == "nl.brp.verhuisd.binnengemeentelijk.v1"
    assert fact.data["adresseerbaarObjectIdentificatie"] == aangifte["adres"]["adresseerbaarObjectIdentificatie"]
    assert w.ronde() == 0


def test_a_message_told_twice_gives_one_fact(w, door):
    """The sender repeats what it got no answer to; another message under the same reference is refused."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    moves_to(w, aangifte)
    assert [post(door, changed(bsn)).status_code for _ in range(3)] == [200] * 3
    other = post(door, kennisgeving(object_(bsn, NIEUW), object_(bsn, OUD)))
    assert (other.status_code, body_of(other).find("Fault", "detail", "Fo03Bericht", "body", "code").text) == (500, "StUF055")
    assert [w.ronde() for _ in range(2)] == [1, 0]
    assert post(door, changed(bsn)).status_code == 200
    assert (w.ronde(), len(facts(w))) == (0, 1)


def test_a_correction_is_recorded_and_moves_nobody(w, door):
    """The registry says that it put right what was written down: that is said, and confirms nothing."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    moves_to(w, aangifte)
    right = Adres(straat="Kerklaan", huisnummer="7", begin="20260310", geldig="20200101")
    post(door, kennisgeving(object_(bsn, OUD), object_(bsn, right)))
    assert w.ronde() == 1
    (fact,) = facts(w)
    assert (fact.type, fact.data["soort"]) == ("nl.wissel.brp.wijziging-zonder-verhuizing.v1", "correctie")
    assert fact.data["ontbrekendeElementen"] == ["08.72.10"]


def test_a_message_that_is_ahead_of_the_registry_waits_for_it(w, door):
    """The BRP may show it minutes later: the person is read again until it does, or until waiting ends."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    post(door, changed(aangifte["initiator"]["bsn"]))
    assert [w.ronde() for _ in range(2)] == [0, 0]
    w.klok.verder(seconds=60)
    moves_to(w, aangifte)
    assert w.ronde() == 1
    post(door, changed(aangifte["initiator"]["bsn"], "R2"))
    w.klok.verder(days=1)
    assert w.ronde() == 0
    assert w.hub.read_now(lambda tx: tx.one("SELECT count(*) FROM burgerzaken_melding WHERE klaar IS NULL")) == (0,)


def test_a_message_that_was_not_dealt_with_counts_as_work_to_do(w, door):
    """Who looks whether the hub is done, or behind, sees the messages that still wait for a read."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    moves_to(w, aangifte)
    post(door, changed(aangifte["initiator"]["bsn"]))
    assert w.hub.read_now(CONNECTOR.backlog) == 1
    w.ronde()
    assert w.hub.read_now(CONNECTOR.backlog) == 0


def test_time_does_not_pass_a_message_about_somebody_the_zaak_needs(w, door):
    """What came in before a term ran out goes first (R12): of that zaak only, and only what came before."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    moves_to(w, aangifte)

    def waits(zaak=ZAAK):
        return w.hub.read_now(lambda tx: CONNECTOR.unsettled_hints(tx, zaak, due))

    due = w.klok.now()
    w.klok.verder(seconds=1)
    post(door, changed(aangifte["initiator"]["bsn"]))
    assert not waits()
    w.klok.verder(seconds=1)
    due = w.klok.now()
    assert (waits(), waits("een-andere-zaak")) == (True, False)
    w.ronde()
    assert not waits()


def test_of_people_no_case_needs_nothing_is_kept(w, door):
    """A registry sends the changes of every resident; only those of a running case concern us."""
    aangifte = w.aangifte("alleenstaande")
    answer = post(door, changed(aangifte["initiator"]["bsn"]))
    assert (answer.status_code, body_of(answer).find("Bv03Bericht") is not None) == (200, True)
    assert w.hub.read_now(lambda tx: tx.one("SELECT count(*) FROM burgerzaken_melding")) == (0,)
    assert (w.ronde(), facts(w)) == (0, [])


def test_when_the_case_ends_its_messages_go(w, door):
    """What is kept about somebody goes with the last reason to keep it."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    post(door, changed(aangifte["initiator"]["bsn"]))
    w.stop_volgen()
    assert w.hub.read_now(lambda tx: tx.one("SELECT count(*) FROM burgerzaken_melding")) == (0,)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "document type"),
        (b"geen xml", "well-formed"),
        (changed("999990421").replace(b"npsLk01", b"npsLv01"), "only npsLk01"),
        (changed("999990421", mutatiesoort="Q"), "none of T, W, V and C"),
    ],
)
def test_what_cannot_be_taken_in_is_a_fault_with_a_reason(w, door, body, says):
    """Fo03 in a SOAP fault: the sender's administrator reads what is wrong, nothing of the message comes back."""
    answer = post(door, body)
    fault = body_of(answer).find("Fault")
    assert (answer.status_code, says in fault.find("faultstring").text) == (500, True)
    assert fault.find("detail", "Fo03Bericht", "stuurgegevens", "berichtcode").text == "Fo03"
    assert b"999990421" not in answer.content


def test_who_may_not_send_is_refused_before_anything_is_read(w, door):
    """No or another Authorization, an unknown gemeente, a message that is too large."""
    for headers in ({}, {"Authorization": "Basic Zm91dA=="}):
        assert post(door, b"<!DOCTYPE x>", headers=headers).status_code == 401
    assert post(door, changed("999990421"), gemeente="assen").status_code == 401
    assert post(door, b"x" * 1_000_001).status_code == 413


def test_a_secret_is_replaced_without_a_restart(tmp_path):
    """Old and new are both accepted while the other side changes over; then the old one is not."""
    secret = tmp_path / "stuf-authorization"
    secret.write_text("Basic b3Vk\n", encoding="utf-8")
    with (
        wereld(tmp_path / "hub", stuf={"authorization_bestand": secret}) as w,
        TestClient(Litestar(CONNECTOR.routes(w.hub))) as door,
    ):
        old, new = ({"Authorization": f"Basic {value}"} for value in ("b3Vk", "bmlldXc="))
        assert [post(door, changed("999990421"), headers=h).status_code for h in (old, new)] == [200, 401]
        secret.write_text("Basic bmlldXc=\nBasic b3Vk\n", encoding="utf-8")
        assert [post(door, changed("999990421"), headers=h).status_code for h in (old, new)] == [200, 200]
        secret.write_text("Basic bmlldXc=\n", encoding="utf-8")
        assert [post(door, changed("999990421"), headers=h).status_code for h in (old, new)] == [401, 200]
        secret.unlink()  # in the middle of being replaced
        assert [post(door, changed("999990421"), headers=h).status_code for h in (old, new)] == [401, 200]


def test_nothing_personal_of_a_message_reaches_log_metric_or_file(w, door, caplog):
    """The message is read and thrown away; of it stay digests and a pseudonym."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    with caplog.at_level("DEBUG"):
        post(door, changed(bsn, "REF-77"))
        post(door, changed(bsn, "REF-78", mutatiesoort="Q"))
        w.ronde()
    w.hub.database.write(lambda db: None).result()
    text = b"".join(file.read_bytes() for file in w.folder.glob("wissel.db*"))
    for secret in (bsn, "Kerklaan", "REF-77"):
        assert secret.encode() not in text
        assert secret not in caplog.text
    assert bsn not in json.dumps([dict(event.data) for event in w.log()])


def test_the_same_change_gives_the_same_fact_whichever_way_it_was_told(tmp_path):
    """By the list of changes or by a message: the event is what the registry shows, not who said so."""
    found = []
    for number, changes in enumerate(({}, {"update_url": None, "stuf": {"authorization": GOED["Authorization"]}})):
        with wereld(tmp_path / str(number), **changes) as w:
            aangifte = w.aangifte("alleenstaande")
            w.haal_personen(aangifte)
            moves_to(w, aangifte)
            if changes:
                with TestClient(Litestar(CONNECTOR.routes(w.hub))) as door:
                    post(door, changed(aangifte["initiator"]["bsn"]))
            assert w.ronde() == 1
            (fact,) = facts(w)
            found.append((fact.type, {k: v for k, v in fact.data.items() if not k.startswith("sha256")}, fact.key))
    assert found[0] == found[1]
    assert date.fromisoformat(found[0][1]["datum"]) == DATUM


def test_messages_follow_requests_and_the_hand_over_list_are_the_same_in_both_stores(tmp_path, store):
    """Everything this connector keeps, from the first read to the end of the zaak, on files and in PostgreSQL."""
    changes = {"stuf": {"authorization": GOED["Authorization"]}, "schrijven": "overdrachtslijst", "verwerking_url": None}
    with wereld(tmp_path, **changes) as w:
        aangifte = w.aangifte("alleenstaande")
        bsn = aangifte["initiator"]["bsn"]
        w.haal_personen(aangifte)
        w.haal_personen(aangifte, zaak="0b6c3f5e-12f3-4a0a-8f55-6d1f9a3b7c22")
        w.verwerk(aangifte)
        with TestClient(Litestar(CONNECTOR.routes(w.hub))) as door:
            assert [post(door, changed(bsn)).status_code for _ in range(2)] == [200, 200]
            assert post(door, kennisgeving(object_(bsn, NIEUW), object_(bsn, OUD))).status_code == 500
        moves_to(w, aangifte)
        w.herstart()
        assert [w.ronde() for _ in range(2)] == [1, 0]
        lijst = w.runner.run(CONNECTOR.actions(w.hub)["burgerzaken overdracht"]({"gemeente": "emmen"}))
        assert [regel["burgerservicenummer"] for regel in lijst] == [bsn]
        w.stop_volgen()
        assert w.gevolgd() == 1
        w.stop_volgen("0b6c3f5e-12f3-4a0a-8f55-6d1f9a3b7c22")
        assert w.gevolgd() == 0
        for table in ("volg", "volg_zaak", "melding", "overdracht"):
            assert w.hub.read_now(lambda tx, table=table: tx.one(f"SELECT count(*) FROM burgerzaken_{table}")) == (0,)
