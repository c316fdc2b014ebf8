# SPDX-License-Identifier: EUPL-1.2
"""R9: one row per stream from a pure function; built again it is the same, whatever the batches were."""

from __future__ import annotations

import random
import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hub_voor_tests import HERVAT, OPGESCHORT, TELLER, Klok, feit, gemeente, loaded, plugins, tel, zet

from hub.app import EmbeddedHub
from hub.discovery import projections
from hub.errors import HubError, NotFound
from hub.events import ZAKEN
from hub.plugins import Projection
from hub.projector import LIVE_BATCH, REBUILD_BATCH
from hub.readmodels import StoreReadModel
from projections.werkvoorraad.queries import Vraag, keuzes, voorraad

pytestmark = pytest.mark.usefixtures("store")

STAND = Projection(
    name="stand",
    version=1,
    topics=frozenset({ZAKEN}),
    handlers={HERVAT: lambda row, _e: {"n": (row or {"n": 0})["n"] + 1}},
    columns={"n": ("INTEGER", lambda row: row["n"])},
    per="partitie",
)
KORT = Projection(
    name="kort",
    version=1,
    topics=frozenset({ZAKEN}),
    handlers={HERVAT: tel, OPGESCHORT: lambda _row, _event: None},
    columns={"aantal": ("INTEGER", lambda row: row["aantal"])},
    links={"laatste": lambda row: [row["laatste"]]},
)
ALL = {p.name: p for p in (TELLER, STAND, KORT)}


@pytest.fixture
def hub(tmp_path):
    both = (gemeente(), gemeente("zwolle"))
    hub = EmbeddedHub(loaded(tmp_path, both), clock=Klok(), plugins=plugins(ALL)).open()
    yield hub
    hub.close()


def content(hub):
    """Every table of every projection, whole: rows, columns and links."""
    with hub.members.reader() as db:
        made = (f"{p.name}_v1{link and f'_{link}'}" for p in ALL.values() for link in ("", *p.links))
        names = list(made)
        return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


def busy(hub, count=300):
    rng = random.Random(7)
    for number in range(count):
        kind = OPGESCHORT if rng.random() < 0.2 else HERVAT
        slug = rng.choice(["emmen", "zwolle"])
        zet(hub, feit(f"{slug}-{rng.randrange(9)}", number, slug=slug, event_type=kind))
        if rng.random() < 0.3:
            hub.projector.catch_up()
    hub.projector.catch_up()


def test_built_again_it_is_the_same_byte_for_byte(hub):
    """Live in small batches or rebuilt in large ones: the same rows, columns and links; also rows that came and went."""
    busy(hub)
    before = content(hub)
    assert any(before.values())
    assert hub.projector.rebuild() == 300
    assert content(hub) == before


@pytest.mark.bestanden
def test_a_rebuild_uses_larger_batches_and_makes_indexes_last(hub):
    """The secondary indexes are made once, on full tables."""
    busy(hub, 30)
    order = []
    kind = re.compile(r"(CREATE TABLE|CREATE INDEX|INSERT INTO|DROP TABLE)")
    trace = lambda s: order.extend(f[1] for f in [kind.match(s)] if f)  # noqa: E731
    hub.members.write(lambda db: db.set_trace_callback(trace)).result()
    hub.projector.rebuild()
    hub.members.write(lambda db: db.set_trace_callback(None)).result()
    assert REBUILD_BATCH > LIVE_BATCH
    assert set(order[order.index("CREATE INDEX") :]) == {"CREATE INDEX"}
    assert "INSERT INTO" in order


def test_indexes_come_back_after_a_rebuild_that_was_cut_off(tmp_path, store):
    """A rebuild that died before its last step leaves no slow tables behind."""
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins()).open()
    hub.members.write(lambda db: [db.execute(f"DROP INDEX {n}") for (n,) in db.execute(INDEXES[store]).fetchall()]).result()
    hub.close()
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins()).open()
    with hub.members.reader() as db:
        assert len(db.execute(INDEXES[store]).fetchall()) == 2
    hub.close()


INDEXES = {
    "bestanden": "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'teller%' AND sql IS NOT NULL",
    "postgres": "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'teller%_op_%'",
}


@pytest.mark.bestanden
def test_rows_are_loaded_and_written_in_bulk(hub):
    """A thousand events of a few streams: one load and one write per projection, not a thousand."""
    zet(hub, *(feit(f"zaak-{n % 5}", n) for n in range(1_000)))
    selects = []
    read = re.compile(r"SELECT stroom, rij FROM teller_v1")
    hub.members.write(lambda db: db.set_trace_callback(lambda s: selects.extend(read.findall(s)))).result()
    hub.projector.catch_up()
    hub.members.write(lambda db: db.set_trace_callback(None)).result()
    assert len(selects) == 2  # one per partition


def test_an_event_no_projection_asks_for_is_not_decoded(hub, monkeypatch):
    """Its type is known from the schema id: the body stays closed."""
    projected, decoded = hub.log.projected, []
    monkeypatch.setattr(hub.log, "projected", lambda *a, **k: decoded.append(1) or projected(*a, **k))
    zet(hub, feit("a", 1), feit("a", 2, event_type="nl.overheid.zaken.status-verwijderd.v1"))
    hub.projector.catch_up()
    assert decoded == [1]


def test_a_body_no_projection_looks_into_stays_closed(tmp_path, monkeypatch):
    """A handler of an envelope type gets the envelope alone; one projection that looks into it opens it for all."""
    seen = []
    spy = replace(TELLER, handlers={HERVAT: lambda row, event: seen.append(event) or tel(row, event)}, envelope={HERVAT})
    for name, others in (("dicht", {}), ("open", {"teller": TELLER})):
        hub = EmbeddedHub(
            loaded(tmp_path / name), clock=Klok(), plugins=plugins({"spy": replace(spy, name="spy"), **others})
        ).open()
        zet(hub, feit("a", 1))
        hub.projector.catch_up()
        hub.close()
    closed, opened = seen
    assert (closed.type, closed.id, closed.sequence, dict(closed.data)) == (HERVAT, opened.id, 1, {})
    assert opened.data["resourceUrl"]


def test_a_projection_gets_the_personal_part_sealed(tmp_path):
    """What it keeps of it opens only through the vault, while the key exists."""
    seen = []
    spy = replace(TELLER, handlers={HERVAT: lambda row, event: seen.append(event) or tel(row, event)})
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins({"teller": spy})).open()
    zet(hub, feit("a", 1, besloten={"p": {"naam": "Zonneschijn"}}))
    hub.projector.catch_up()
    (event,) = seen
    assert "Zonneschijn" not in repr(event)
    assert hub.vault.open(event.verzegeld[0]) == ("p", {"naam": "Zonneschijn"})
    hub.close()


def test_counters_per_partition_stay_apart_per_gemeente(hub):
    """What spans streams is summed in the query, and no row is of two gemeenten."""
    zet(hub, *(feit(f"e{n}", n) for n in range(20)), *(feit(f"z{n}", n, slug="zwolle") for n in range(5)))
    hub.projector.catch_up()
    model = hub.read_model("stand")
    assert sum(row["n"] for _, row in model.select("emmen")) == 20
    assert sum(row["n"] for _, row in model.select("zwolle")) == 5


def test_a_row_that_is_gone_takes_its_links_with_it(hub):
    """Nothing is found through what is no longer there."""
    first = feit("a", 1)
    zet(hub, first)
    hub.projector.catch_up()
    assert [key for key, _ in hub.read_model("kort").linked("emmen", "laatste", first.id)] == ["a"]
    zet(hub, feit("a", 2, event_type=OPGESCHORT))
    hub.projector.catch_up()
    assert hub.read_model("kort").linked("emmen", "laatste", first.id) == []
    assert hub.read_model("kort").get("emmen", "a") is None
    assert hub.read_model("teller").get("emmen", "a")["aantal"] == 2


def test_links_and_columns_follow_the_row(hub):
    """Old values of a row lead nowhere; a tally counts each row once."""
    events = [feit("a", n) for n in range(3)]
    for event in events:
        zet(hub, event)
        hub.projector.catch_up()
    model = hub.read_model("teller")
    assert model.linked("emmen", "laatste", events[0].id) == []
    assert [key for key, _ in model.linked("emmen", "laatste", events[2].id)] == ["a"]
    assert model.tally("emmen", "aantal") == {3: 1}
    assert model.select("emmen", where="aantal > ?", params=(2,))[0][0] == "a"


def test_no_query_crosses_gemeenten(hub):
    """Rows, links and tallies of one gemeente are not there for another."""
    event = feit("z", 1, slug="zwolle")
    zet(hub, event)
    hub.projector.catch_up()
    model = hub.read_model("teller")
    assert model.get("emmen", "z") is None
    assert model.select("emmen", where="1=1 OR 1=1") == []
    assert model.linked("emmen", "laatste", event.id) == []
    assert model.tally("emmen", "aantal") == {}
    assert model.get("zwolle", "z")["aantal"] == 1


def test_what_a_projection_does_not_have_is_said(hub):
    """A wrong name is a mistake of the caller, not an empty answer."""
    with pytest.raises(NotFound):
        hub.read_model("bestaat-niet")
    with pytest.raises(HubError, match="has no link"):
        hub.read_model("teller").linked("emmen", "weg", "x")
    with pytest.raises(HubError, match="has no column"):
        hub.read_model("teller").tally("emmen", "weg")


def test_freshness_tells_what_is_not_shown_yet(hub):
    """Up to the oldest event that is not shown: nothing older than that is missing, also right after a restart."""
    hub.clock.verder(minutes=1)
    early = hub.clock.now()
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(9)))
    hub.clock.verder(minutes=1)
    zet(hub, feit("later", 1))
    hub.clock.verder(minutes=1)
    assert (hub.freshness().tot, hub.freshness().achter) == (early, 10)
    hub.projector.catch_up()
    assert (hub.freshness().tot, hub.freshness().achter) == (hub.clock.now(), 0)


class Plannen:
    """The read models of a hub, with how SQLite goes about each question."""

    def __init__(self, hub):
        self.hub, self.found = hub, []

    def read_model(self, name):
        @contextmanager
        def reading():
            with self.hub.builds.reading(name) as (db, shape):
                self.db = db
                yield self, shape

        return StoreReadModel(name, reading)

    def execute(self, sql, params):
        self.found.append(str(self.db.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()))
        return self.db.execute(sql, params)


@pytest.mark.bestanden
def test_one_zaak_is_looked_up_by_its_key_and_never_by_its_gemeente(hub):
    """Without statistics SQLite may take any index that fits: one on gemeente reads every zaak of it, for one page of one."""
    plans = Plannen(hub)
    plans.read_model("teller").get("emmen", "a")
    plans.read_model("teller").linked("emmen", "laatste", "x")
    assert len(plans.found) == 2
    assert "(sleutel=?)" in plans.found[0]
    assert "gemeente=" not in str(plans.found)


@pytest.mark.bestanden
@pytest.mark.parametrize("asked", [{}, {"team": "A", "kleur": "rood", "sort": "-fataleDatum"}, {"behandelaar": "geen"}])
def test_the_work_stock_never_reads_what_is_no_work_any_more(tmp_path, asked):
    """However many zaken were closed: each question is answered from rows that have what is asked for."""
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins(projections())).open()
    plans = Plannen(hub)
    voorraad(plans, "emmen", Vraag(**asked))
    keuzes(plans, "emmen")
    hub.close()
    assert len(plans.found) == 5
    assert not [plan for plan in plans.found if "(gemeente=?)" in plan or "SCAN" in plan], plans.found
