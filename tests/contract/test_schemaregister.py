# SPDX-License-Identifier: EUPL-1.2
"""Other systems read our events with their own tools: the hub's schema registry speaks to stock clients and changes nothing."""

from __future__ import annotations

import io
import json
import struct

import fastavro
import httpx
import pytest
from confluent_kafka.schema_registry import Schema as StockSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from http_in_draad import serve
from webhulp import app

import schemas
from hub.api.schemaregister import MEDIA_TYPE, PATH

ALL = list(schemas.load())
SUBJECT, TYPE = "nl.wissel.termijn.gezet", "nl.wissel.termijn.gezet.v1"
HEADERS = {"content-type": MEDIA_TYPE}


@pytest.fixture(scope="module")
def address():
    """A hub's web side on a real port."""
    with serve(app()) as found:
        yield found + PATH


@pytest.fixture(scope="module")
def stock(address):
    return SchemaRegistryClient({"url": address})


def as_written(schema: schemas.Schema, data: dict) -> bytes:
    """What lies in a topic: magic byte, schema id, body."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema.parsed, data)
    return struct.pack(">bI", 0, schema.id) + body.getvalue()


def test_a_stock_deserializer_reads_what_we_write(stock):
    """It fetches the schema by the id in the message and needs nothing else of us."""
    data = {"termijn": "t1", "naam": "wachten", "vervalt": "2026-11-22T00:00:00Z", "wachtOpBron": True, "besloten": []}
    value = as_written(schemas.load().by_type(TYPE), data)
    read = AvroDeserializer(stock)(value, SerializationContext("wissel.zaken", MessageField.VALUE))
    assert read == data


@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.type)
def test_every_event_type_is_served_under_its_id(stock, schema):
    """Whatever id a reader meets in a topic, the registry knows it, and knows it back."""
    served = stock.get_schema(schema.id)
    assert json.loads(served.schema_str) == schema.raw
    found = stock.lookup_schema(schemas.verenigbaar.family(schema.type), StockSchema(served.schema_str, "AVRO"))
    assert (found.schema_id, found.version) == (schema.id, schema.version)


def test_a_stock_client_finds_subjects_and_versions(stock):
    assert SUBJECT in stock.get_subjects()
    assert stock.get_versions(SUBJECT) == [1]
    assert stock.get_latest_version(SUBJECT).schema_id == schemas.load().by_type(TYPE).id
    assert stock.get_compatibility(SUBJECT) == "BACKWARD_TRANSITIVE"


def test_a_newer_schema_is_judged_by_what_it_can_read(stock):
    """A new optional field is compatible; a new field that old events do not have is not."""
    newer = dict(schemas.load().by_type(TYPE).raw)
    optional = {"name": "meer", "doc": "More.", "type": ["null", "string"], "default": None}
    required = {"name": "meer", "doc": "More.", "type": "string"}
    for extra, fits in ((optional, True), (required, False)):
        candidate = StockSchema(json.dumps({**newer, "fields": [*newer["fields"], extra]}), "AVRO")
        assert stock.test_compatibility(SUBJECT, candidate) is fits


def test_nothing_can_be_registered(stock):
    """The registry is read only: a schema is released with Wissel, never by a client."""
    with pytest.raises(SchemaRegistryError, match="read only"):
        stock.register_schema(SUBJECT, StockSchema('{"type": "string"}', "AVRO"))


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/schemas/ids/999999", 404, 40403),
        ("/subjects/nl.wissel.onbekend/versions", 404, 40401),
        (f"/subjects/{SUBJECT}/versions/7", 404, 40402),
        (f"/subjects/{SUBJECT}/versions/-2", 422, 42202),
        (f"/subjects/{SUBJECT}/versions/99999999999", 422, 42202),
        (f"/subjects/{SUBJECT}/versions/eerste", 422, 42202),
    ],
)
def test_what_is_not_there_is_said_in_the_clients_own_codes(address, path, status, code):
    answer = httpx.get(address + path)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.headers["content-type"] == MEDIA_TYPE


BAD_BODIES = [
    b"",
    b"{",
    b"[" * 5000,
    b"[]",
    b"{}",
    b'{"schema": 5}',
    b'{"schema": "{"}',
    b'{"schema": "[]"}',
    b'{"schema": "{\\"type\\": \\"onzin\\"}"}',
    b'{"schema": "x", "schemaType": "PROTOBUF"}',
]


@pytest.mark.parametrize("body", BAD_BODIES)
@pytest.mark.parametrize("path", [f"/subjects/{SUBJECT}", f"/compatibility/subjects/{SUBJECT}/versions/latest"])
def test_a_body_that_is_no_schema_is_refused_with_what_is_wrong(address, path, body):
    answer = httpx.post(address + path, content=body, headers=HEADERS)
    if path.startswith("/subjects") and b"onzin" in body:
        assert answer.status_code == 404  # a record that nobody registered
    elif path.startswith("/compat") and body == b'{"schema": "[]"}':
        assert not answer.json()["is_compatible"]  # an empty union is a schema, and reads nothing
    else:
        assert (answer.status_code, answer.json()["error_code"]) == (422, 42201)


def test_each_version_reads_what_older_ones_wrote():
    """A new version that could not is refused when it is registered, with the versions and the field."""
    older = schemas.load().by_type(TYPE).raw
    newer = {**older, "name": "GezetV2", "aliases": ["nl.wissel.termijn.GezetV1"]}
    family = {TYPE: older, "nl.wissel.termijn.gezet.v2": newer}
    assert schemas.verenigbaar.broken_versions(family) == []
    family["nl.wissel.termijn.gezet.v2"] = {**newer, "fields": [*newer["fields"], {"name": "meer", "type": "string"}]}
    (problem,) = schemas.verenigbaar.broken_versions(family)
    assert "gezet.v2 cannot read what nl.wissel.termijn.gezet.v1 wrote" in problem
    assert "meer" in problem
