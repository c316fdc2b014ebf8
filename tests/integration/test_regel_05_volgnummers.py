# SPDX-License-Identifier: EUPL-1.2
"""R5: holes and repeats cannot arise in the embedded log; should they be there, that stream parks and the rest goes on."""

from __future__ import annotations

import pytest
from hub_voor_tests import Klok, VolgFlow, feit, loaded, plugins, zet

from hub import parking
from hub.app import EmbeddedHub

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def hub(tmp_path):
    made = plugins(flows={"volg": VolgFlow()})
    hub = EmbeddedHub(loaded(tmp_path, partities=1), clock=Klok(), plugins=made).open()
    yield hub
    hub.close()


def tamper(hub, sql):
    hub.database.write(lambda db: db.execute(sql)).result()


def parked(database):
    with database.reader() as db:
        return [(p.volgnummer, p.oorzaak) for p in parking.parked_of(db)]


def test_a_hole_parks_that_stream_and_the_partition_goes_on(hub):
    """What the log does not hold is named; the other streams do not notice."""
    zet(hub, *(feit("a", n) for n in range(4)), feit("b", 1))
    tamper(hub, "DELETE FROM gebeurtenis WHERE volgnummer = 2 AND stroom = (SELECT id FROM stroom WHERE sleutel = 'a')")
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert parked(hub.members) == [(3, "volgnummer-ontbreekt"), (4, None)]
    assert parked(hub.database) == [(3, "volgnummer-ontbreekt"), (4, None)]
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1]
    assert hub.read_model("teller").get("emmen", "b")["gezien"] == [1]


def test_a_stream_that_lost_its_beginning_is_parked(hub):
    """The first event may have another sequence than 1 only where retention removed what came before."""
    zet(hub, *(feit("a", n) for n in range(3)))
    tamper(hub, "DELETE FROM gebeurtenis WHERE volgnummer = 1")
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert parked(hub.members)[0] == parked(hub.database)[0] == (2, "volgnummer-ontbreekt")


def test_what_retention_removed_is_no_hole(hub):
    """The row of the stream says up to where events were removed on purpose."""
    zet(hub, *(feit("a", n) for n in range(3)))
    tamper(hub, "DELETE FROM gebeurtenis WHERE volgnummer = 1")
    tamper(hub, "UPDATE stroom SET verwijderd_tot = 1 WHERE sleutel = 'a'")
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert parked(hub.members) == parked(hub.database) == []
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [2, 3]
    zet(hub, feit("a", 9))
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [2, 3, 4]


def test_an_emptied_stream_counts_on(hub):
    """Numbering never starts again: readers elsewhere see duplicates and holes by it."""
    zet(hub, feit("a", 1), feit("a", 2))
    tamper(hub, "UPDATE stroom SET verwijderd_tot = 2")
    tamper(hub, "DELETE FROM gebeurtenis")
    zet(hub, feit("a", 3))
    assert hub.log.head("wissel.zaken", "a").sequence == 3


def test_a_repeat_parks_that_stream(hub):
    """The same sequence twice is not counted twice: it waits for a person, with everything after it."""
    zet(hub, *(feit("a", n) for n in range(3)), feit("b", 1))
    tamper(hub, "UPDATE gebeurtenis SET volgnummer = 2 WHERE volgnummer = 3")
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert parked(hub.members) == parked(hub.database) == [(2, "volgnummer-dubbel")]
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2]
    assert hub.read_model("teller").get("emmen", "b")["gezien"] == [1]


def test_an_order_without_faults_is_never_looked_up(hub, monkeypatch):
    """The check costs no query while nothing is wrong."""
    asked = []
    monkeypatch.setattr(hub.log, "has", lambda *a: asked.append(a))
    zet(hub, *(feit(f"zaak-{n % 3}", n) for n in range(30)))
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert asked == []
    assert parked(hub.members) == parked(hub.database) == []
