# SPDX-License-Identifier: EUPL-1.2
"""What was known then is what a rebuild up to that moment would give, for an operator, the API and staff alike."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hub_voor_tests import HERVAT, TELLER, Klok, feit, loaded, plugins, tel, zet

from hub.app import EmbeddedHub
from hub.clock import AMSTERDAM
from hub.discovery import projections
from hub.errors import Invalid, NotFound
from hub.events import ZAKEN
from hub.replay.bouwer import Bouwer
from hub.replay.lezen import Lezer
from hub.tijdreis import _shown, lees_moment, toen_en_nu
from tests.bench.zaakstromen import vul

NAMES = ("zaakverloop", "werkvoorraad", "klantbeeld", "beoordelingen")


class Tot:
    """A log that ends at one place of one partition."""

    def __init__(self, log, where, offset):
        self._log, self._where, self._offset = log, where, offset

    def __getattr__(self, name):
        return getattr(self._log, name)

    def read(self, topic, partition, after, limit):
        if (topic, partition) != self._where:
            return []
        return [record for record in self._log.read(topic, partition, after, limit) if record.offset <= self._offset]


def rebuilt(lezer, database, number, where, offset, key):
    """The rows of one zaak after a rebuild that stops there."""
    whole, lezer.log = lezer.log, Tot(lezer.log, where, offset)
    try:
        bouwer = Bouwer(lezer, number=number, projections=lezer.chosen(NAMES), database=database, claimed=False)
        bouwer.left = lambda: 0
        bouwer.run()
    finally:
        lezer.log = whole
    found = {}
    with database.reader() as db:
        for member in bouwer.members:
            row = db.execute(f"SELECT rij FROM {member.tables.name} WHERE sleutel = ?", (key,)).fetchone()
            found[member.projection.name] = msgspec.msgpack.decode(row[0]) if row else None
    return found


@pytest.mark.usefixtures("store")
def test_a_hundred_random_positions_equal_a_rebuild_up_to_there(tmp_path):
    """Moves as the flows make them, in all read models with a row per zaak."""
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins(projections())).open()
    vul(hub, 0, 6)
    rng, checked = random.Random(5), 0
    with hub.database.reader() as db:
        streams = db.execute("SELECT id, sleutel FROM stroom WHERE topic = ? ORDER BY id", (ZAKEN,)).fetchall()
    with Lezer(loaded(tmp_path), plugins(projections())) as lezer, closing(lezer.fill(1)) as database:
        for number in range(1, 101):
            stream, key = rng.choice(streams)
            record = rng.choice(hub.log.tail(stream, 0))
            where = (ZAKEN, hub.log.head(ZAKEN, key).partition)
            expected = rebuilt(lezer, database, number, where, record.offset, key)
            then = {name: hub.toen(name, gemeente="emmen", key=key, moment=record.sequence) for name in NAMES}
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(then)) == expected
            told = toen_en_nu(hub, key, record.sequence)["leesmodellen"]
            assert {name: told[name]["toen"] for name in NAMES} == _shown(then)
            checked += any(expected.values())
    assert checked > 90
    hub.close()


@pytest.fixture
def hub(tmp_path):
    klok = Klok()
    hub = EmbeddedHub(loaded(tmp_path), clock=klok, plugins=plugins({"teller": TELLER})).open()
    hub.klok = klok
    yield hub
    hub.close()


@pytest.mark.usefixtures("store")
def test_a_time_is_the_longest_prefix_that_was_logged_by_then(hub):
    """Also where the clock was put back in between: what came after something later was not known before that."""
    moments = [0, 60, 30, 90]
    for number, seconds in enumerate(moments):
        hub.klok.moment = datetime(2026, 3, 3, 13, 0, tzinfo=UTC) + timedelta(seconds=seconds)
        zet(hub, feit("a", number))

    def seen(seconds):
        moment = datetime(2026, 3, 3, 13, 0, tzinfo=UTC) + timedelta(seconds=seconds)
        row = hub.toen("teller", gemeente="emmen", key="a", moment=moment)
        return row["gezien"] if row else None

    assert [seen(s) for s in (-1, 0, 45, 59, 60, 89, 90)] == [None, [1], [1], [1], [1, 2, 3], [1, 2, 3], [1, 2, 3, 4]]


@pytest.mark.usefixtures("store")
def test_another_gemeente_reads_nothing(hub):
    """And what does not exist is not found, whatever the moment."""
    zet(hub, feit("a", 1))
    for gemeente, key in (("zwolle", "a"), ("emmen", "b")):
        with pytest.raises(NotFound):
            hub.toen("teller", gemeente=gemeente, key=key, moment=1)
    with pytest.raises(NotFound, match="geen leesmodel"):
        hub.toen("nietes", gemeente="emmen", key="a", moment=1)


@pytest.mark.usefixtures("store")
def test_where_a_zaak_is_parked_it_was_known_up_to_there(tmp_path):
    """As in the read model itself: what could not be applied ends it, and looking back is no fault of ours."""

    def breaks(row, event):
        return tel(row, event) if event.sequence != 2 else 1 / 0

    broken = replace(TELLER, handlers={HERVAT: breaks})
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins({"teller": broken})).open()
    zet(hub, *(feit("a", number) for number in range(3)))
    hub.projector.catch_up()
    found = toen_en_nu(hub, "a", 3)["leesmodellen"]["teller"]
    assert found["toen"] == found["nu"]
    assert found["nu"]["gezien"] == [1]
    hub.close()


@pytest.mark.usefixtures("store")
def test_what_was_destroyed_is_not_read_then_either(hub):
    """Going back in time opens no element whose key is gone: the row of then holds it sealed."""
    zet(hub, feit("a", 1, besloten={"p": {"naam": "Zonneschijn"}}))
    hub.projector.catch_up()
    assert hub.vernietiging.van_subject("emmen", "p") == 1
    found = toen_en_nu(hub, "a", 1)
    assert "Zonneschijn" not in repr(found)
    assert (found["volgnummer"], found["nu"]) == (1, 2)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12", 12),
        ("2026-03-03T14:00", datetime(2026, 3, 3, 14, 0, tzinfo=AMSTERDAM)),
        ("2026-03-03T14:00:00Z", datetime(2026, 3, 3, 14, 0, tzinfo=UTC)),
        ("2026-03-03", datetime(2026, 3, 3, 23, 59, 59, 999_999, tzinfo=AMSTERDAM)),
    ],
)
def test_a_moment_is_read_as_a_person_writes_it(text, moment):
    """A sequence, a time in the Netherlands or with an offset, or a day up to its end."""
    assert lees_moment(text) == moment


@pytest.mark.parametrize("text", ["", "0", "-3", "gisteren", "2026-13-01", "1" * 5_000])
def test_what_is_no_moment_is_told_how_to_write_one(text):
    """With an example of each form."""
    with pytest.raises(Invalid, match="JJJJ-MM-DD"):
        lees_moment(text)
