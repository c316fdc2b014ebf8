# SPDX-License-Identifier: EUPL-1.2
"""Whatever the order in which things happen, the engine ends where the clean run ends; and no bytes can upset the codec."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hub_voor_tests import HERVAT, MASTER_KEY, OPGESCHORT, Klok, VolgFlow, feit, gemeente, loaded, plugins, zet
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.app import EmbeddedHub
from hub.codec import Codec
from hub.desk import Desk
from hub.errors import SchemaViolation
from hub.events import ZAKEN, fact_id
from hub.flows.base import Feit
from hub.plugins import Projection
from hub.privacy import loggable
from hub.store.opening import open_keys
from hub.store.put import StreamMoved
from schemas import load

OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
QUIET = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

# ------------------------------------------------------------------------------------------------------ interleavings


def beantwoord(seen):
    """Answer every fact once, whenever it is seen: what was answered stands in the answers."""
    answered = {e.data["resourceUrl"] for e in seen if e.type == OPGESCHORT}
    facts = [e for e in seen if e.type == HERVAT and e.id not in answered]
    return [Feit(type=OPGESCHORT, step=e.id, data={**OPEN, "resourceUrl": e.id}) for e in facts]


class Storing:
    """Makes a projection fail while it lasts."""

    aan = False


def feiten(row, event):
    if Storing.aan and event.sequence % 3 == 0:
        raise ValueError
    old = row or {"feiten": [], "laatste": 0}
    assert event.sequence == old["laatste"] + 1
    return {**old, "feiten": [*old["feiten"], event.id], "laatste": event.sequence}


def antwoord(row, event):
    assert event.sequence == row["laatste"] + 1
    return {**row, "laatste": event.sequence, "beantwoord": sorted([*row.get("beantwoord", ()), event.data["resourceUrl"]])}


VERLOOP = Projection(
    name="verloop",
    version=1,
    topics=frozenset({ZAKEN}),
    handlers={HERVAT: feiten, OPGESCHORT: antwoord},
    columns={"laatste": ("INTEGER", lambda row: row["laatste"])},
    links={"feit": lambda row: row["feiten"]},
)
SOM = Projection(
    name="som",
    version=1,
    topics=frozenset({ZAKEN}),
    handlers=dict.fromkeys((HERVAT, OPGESCHORT), lambda row, e: {**(row or {}), e.type: (row or {}).get(e.type, 0) + 1}),
    per="partitie",
)
PROJECTIES = {"verloop": VERLOOP, "som": SOM}


def opened(folder):
    made = plugins(PROJECTIES, flows={"volg": VolgFlow(beantwoord)})
    both = (gemeente(), gemeente("zwolle"))
    return EmbeddedHub(loaded(folder, both, partities=2), clock=Klok(), plugins=made).open()


def finish(hub):
    """Let it come to rest, and return what a person can see of it."""
    Storing.aan = False
    while hub.flow_runner.catch_up() + hub.projector.catch_up():
        pass
    for entry in Desk(hub).list():
        assert asyncio.run(Desk(hub).retry(entry.nummer, reden="storing over", door="beheer"))
    hub.projector.catch_up()
    assert Desk(hub).list() == []
    return visible(hub)


def visible(hub):
    with hub.members.reader() as db:
        links = db.execute("SELECT waarde FROM verloop_v1_feit ORDER BY waarde").fetchall()
    found = {}
    for slug in ("emmen", "zwolle"):
        rows = hub.read_model("verloop").select(slug, order="sleutel", limit=10_000)
        sums = [row for _, row in hub.read_model("som").select(slug)]
        totals = {kind: sum(row.get(kind, 0) for row in sums) for kind in (HERVAT, OPGESCHORT)}
        found[slug] = ([(key, {**row, "laatste": 2 * len(row["feiten"])}) for key, row in rows], totals)
    return found, links


def clean_run(facts):
    with tempfile.TemporaryDirectory() as folder:
        hub = opened(Path(folder))
        if facts:
            zet(hub, *facts)
        try:
            return finish(hub)
        finally:
            hub.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.integers(0, 5), min_size=1, max_size=8)),
        st.tuples(st.just("project"), st.integers(1, 5)),
        st.tuples(st.sampled_from(["flows", "wake", "restart", "rebuild", "storing", "retry"]), st.just(None)),
    ),
    max_size=25,
)


class Loop:
    """Does the steps of one history, and keeps the facts that were offered."""

    def __init__(self, folder):
        self.folder, self.facts = Path(folder), []
        self.hub = opened(self.folder)

    def put(self, keys):
        number = len(self.facts)
        events = [
            feit(f"zaak-{key}", number + n, slug="zwolle" if key % 2 else "emmen", besloten={f"p{key}": {"n": n}})
            for n, key in enumerate(keys)
        ]
        self.facts += events
        zet(self.hub, *events)

    def project(self, batch):
        projector = self.hub.projector
        with patch("hub.projector.LIVE_BATCH", batch):
            for topic, partition in projector._partitions:
                projector._step(topic, partition, projector._begun(topic, partition))

    def flows(self, _):
        self.hub.flow_runner.catch_up()

    def wake(self, _):
        for follower in (self.hub.projector, self.hub.flow_runner):
            follower.wake()
            follower._round()

    def restart(self, _):
        self.hub.close()
        self.hub = opened(self.folder)

    def rebuild(self, _):
        self.hub.projector.rebuild()

    def storing(self, _):
        Storing.aan = not Storing.aan

    def retry(self, _):
        for entry in Desk(self.hub).list():
            asyncio.run(Desk(self.hub).retry(entry.nummer, reden="nog eens", door="beheer"))


ONCE_WRONG = [("put", [0, 0, 0]), ("storing", None), ("project", 2), ("restart", None), ("put", [0]), ("flows", None)]


@QUIET
@given(STEPS)
@example([*ONCE_WRONG, ("rebuild", None)])
def test_any_interleaving_ends_where_the_clean_run_ends(steps):
    """Batches of any size, restarts, rebuilds, wake-ups for nothing and faults that pass: the same read models."""
    Storing.aan = False
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(folder)
        try:
            for name, argument in steps:
                getattr(loop, name)(argument)
            found = finish(loop.hub)
            loop.hub.projector.rebuild()
            assert visible(loop.hub) == found
        finally:
            Storing.aan = False
            loop.hub.close()
    assert found == clean_run(loop.facts)


@QUIET
@given(st.lists(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=9), max_size=12))
def test_any_puts_count_every_stream_and_partition_without_holes(batches):
    """Some are put, some refused because the stream moved on: sequences and offsets count 1, 2, 3 and 0, 1, 2."""
    with tempfile.TemporaryDirectory() as folder:
        hub = opened(Path(folder))
        counts = {}
        for number, batch in enumerate(batches):
            events = [feit(f"zaak-{key}", number * 100 + n) for n, (key, _) in enumerate(batch)]
            wrong = {(ZAKEN, f"zaak-{key}"): 99 for key, refuse in batch if refuse and not number % 2}
            try:
                zet(hub, *events, expected=wrong)
            except StreamMoved:
                continue
            for event in events:
                counts[event.key] = counts.get(event.key, 0) + 1
        for key, count in counts.items():
            stream = hub.log.head(ZAKEN, key)
            assert [r.sequence for r in hub.log.tail(stream.id, 0)] == list(range(1, count + 1))
        for position in hub.log.positions():
            records = hub.log.read(position.topic, position.partition, -1, 10_000)
            assert [r.offset for r in records] == list(range(position.head))
        hub.close()


# -------------------------------------------------------------------------------------------------------------- codec


@pytest.fixture(scope="module")
def codec(tmp_path_factory):
    keys = open_keys(tmp_path_factory.mktemp("codec"), MASTER_KEY)
    yield Codec(load(), keys)
    keys.close()


def example_of(kind):
    """Return a value of an Avro type."""
    if isinstance(kind, list):
        return example_of(kind[-1])
    if isinstance(kind, dict):
        if kind["type"] == "array":
            return [example_of(kind["items"])] * 2
        if kind["type"] == "record":
            return {f["name"]: example_of(f["type"]) for f in kind["fields"]}
        return example_of(kind["type"])
    return {"string": "tekst é", "boolean": True, "int": 7, "long": 7, "bytes": b"x", "null": None}[kind]


def event_of(schema):
    """Return an event of a type, every field filled."""
    data = {f["name"]: example_of(f["type"]) for f in schema.raw["fields"] if f["name"] != "besloten"}
    topic = {"*": ZAKEN, "wissel.opdrachten.*": "wissel.opdrachten.x"}.get(schema.topic, schema.topic)
    return feit(
        "emmen:a", 1, event_type=schema.type, topic=topic, data=data, besloten={"p": {"naam": "Anna", "lijst": [1, None]}}
    )


SCHEMAS = list(load())


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.type)
def test_every_type_comes_back_as_it_went_in(codec, schema):
    """Encoded, sealed, decoded and opened."""
    event = event_of(schema)
    (sealed,) = codec.seal([event])
    event_type, data, elements = codec.decode(event.id, sealed.value)
    assert (event_type, data) == (event.type, event.data)
    assert codec.unseal(elements) == event.besloten


EDITS = st.lists(
    st.tuples(st.sampled_from("xdi+"), st.integers(0, 10_000), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6
)


def mutated(value, edits):
    content = bytearray(value)
    for kind, place, extra in edits:
        at = place % (len(content) or 1)
        match kind:
            case "x":
                content[at : at + len(extra)] = extra
            case "d":
                del content[at : at + len(extra)]
            case "i":
                content[at:at] = extra
            case _:
                content += extra
    return bytes(content)


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SCHEMAS), EDITS)
def test_mutated_bytes_raise_nothing_but_schema_violation(codec, schema, edits):
    """Flipped, cut, lengthened or mixed up: it reads, or it says that it does not; memory and time stay bounded."""
    event = event_of(schema)
    (sealed,) = codec.seal([event])
    try:
        codec.decode(event.id, mutated(sealed.value, edits))
    except SchemaViolation:
        return


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SCHEMAS), st.binary(max_size=300))
def test_any_body_raises_nothing_but_schema_violation(codec, schema, body):
    """Bytes behind a good header, from nowhere."""
    try:
        codec.decode(fact_id("x"), b"\x00" + schema.id.to_bytes(4, "big") + body)
    except SchemaViolation:
        return


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_raise_nothing_but_schema_violation(codec, value):
    """Without even a header."""
    try:
        codec.decode(fact_id("x"), value)
    except SchemaViolation:
        return


HOSTILE = st.text(st.characters(codec=None), max_size=60)  # lone surrogates, U+0000 and all else that Python can hold
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=12,
)


def cleaned(value):
    if isinstance(value, str):
        return loggable(value)
    if isinstance(value, dict):
        return {loggable(key): cleaned(inner) for key, inner in value.items()}
    return [cleaned(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(HOSTILE, st.dictionaries(HOSTILE, JSON, max_size=4))
@example("<script>alert(1)</script>\x00\ud800", {"naam\x00": "Robert'); DROP TABLE gebeurtenis;--\udfff"})
def test_hostile_text_comes_back_loggable_and_otherwise_whole(codec, text, gegevens):
    """Whatever somebody types: without U+0000 and lone surrogates, in NFC, and not a character less."""
    event = feit("a", 1, data={**OPEN, "resourceUrl": text}, besloten={"p": gegevens})
    (sealed,) = codec.seal([event])
    _, data, elements = codec.decode(event.id, sealed.value)
    assert data["resourceUrl"] == loggable(text)
    assert codec.unseal(elements) == {"p": cleaned(gegevens)}
    assert not any(0xD800 <= ord(c) <= 0xDFFF or c == "\x00" for c in data["resourceUrl"])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=1, max_size=4), st.integers(0, 10_000))
def test_a_changed_element_never_opens(codec, noise, place):
    """Not one bit of a sealed part can be changed without notice."""
    event = feit("a", 1, data=OPEN, besloten={"p": {"naam": "Anna"}})
    (sealed,) = codec.seal([event])
    _, _, (element,) = codec.decode(event.id, sealed.value)
    at = place % len(element.inhoud)
    content = (
        element.inhoud[:at]
        + bytes(a ^ b for a, b in zip(element.inhoud[at:], noise, strict=False))
        + element.inhoud[at + len(noise) :]
    )
    if content == element.inhoud:
        return
    with pytest.raises(Exception, match="does not open with its key") as caught:
        codec.open(type(element)(element.key_id, element.event_id, content))
    assert type(caught.value).__name__ == "ElementDamaged"
