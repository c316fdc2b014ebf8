# SPDX-License-Identifier: EUPL-1.2
"""The public contract: documented, unchanged once released, and readable as written."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from schemas import asyncapi

ALL = list(schemas.load())
by_type = pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.type)


def nodes(node):
    """Every record and field of a schema."""
    if isinstance(node, dict):
        if node.get("type") == "record" or ("name" in node and "type" in node):
            yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from nodes(item)


@by_type
def test_every_record_and_field_is_documented(schema):
    """A consumer understands a stream without calling anyone back."""
    for node in nodes(schema.raw):
        assert len(node.get("doc", "")) > 8, f"{schema.type}: {node.get('name')} has no doc"


@by_type
def test_envelope_attributes_stand_in_each_schema(schema):
    """Type, topic and retention class are part of the contract, and the personal part comes last."""
    assert schema.raw["eventType"] == schema.type
    assert schema.bewaarklasse in schemas.BEWAARKLASSEN
    assert schema.topic == "*" or schema.topic.startswith("wissel.")
    assert schema.raw["fields"][-1]["name"] == "besloten"
    assert schema.type.rpartition(".")[2] == f"v{schema.version}"


@by_type
def test_optional_fields_default_to_null(schema):
    """A writer may leave out what it does not know."""
    for node in nodes(schema.raw):
        if isinstance(node["type"], list):
            assert node["type"][0] == "null"
            assert node["default"] is None


def values(node, named):
    """A strategy for the data of one schema node."""
    if isinstance(node, list):
        return st.one_of(values(branch, named) for branch in node)
    if isinstance(node, str):
        simple = {
            "null": st.none(),
            "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
            "boolean": st.booleans(),
            "int": st.integers(-(2**31), 2**31 - 1),
            "bytes": st.binary(max_size=20),
        }
        return simple[node] if node in simple else named[node]
    if node["type"] == "array":
        return st.lists(values(node["items"], named), max_size=3)
    if node["type"] == "record":
        return st.fixed_dictionaries({field["name"]: values(field["type"], named) for field in node["fields"]})
    return values(node["type"], named)


@by_type
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_written_is_read_back(schema, data):
    """Any data that fits a schema survives the wire."""
    record = data.draw(values(schema.raw, {}))
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema.parsed, record, strict=True)
    buffer.seek(0)
    assert fastavro.schemaless_reader(buffer, schema.parsed, None) == record


def test_ids_are_unique_and_positive():
    """The id on the wire names one schema."""
    ids = [schema.id for schema in ALL]
    assert len(set(ids)) == len(ids)
    assert min(ids) >= 1
    assert schemas.load().by_id(ids[0]) is ALL[0]
    assert schemas.load().by_type(ALL[0].type) is ALL[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in schemas.FOLDER.glob("*.avsc"):
        shutil.copy(path, tmp_path)
    shutil.copy(schemas.FOLDER / schemas.REGISTRY_FILE, tmp_path)
    return tmp_path


def change(folder: Path, event_type: str, **changes) -> None:
    path = folder / f"{event_type}.avsc"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_released_schema_that_changes_is_refused(folder):
    """What is in logs out there stays readable: a change needs a new vN."""
    change(folder, "nl.overheid.zaken.zaak-hervat.v1", fields=[])
    with pytest.raises(schemas.SchemaError, match=r"zaak-hervat\.v1: a released schema changed"):
        schemas.read(folder)
    with pytest.raises(schemas.SchemaError, match="next vN"):
        schemas.register(folder)


def test_a_released_schema_that_disappears_is_refused(folder):
    """Old events keep their schema."""
    (folder / "nl.overheid.zaken.zaak-hervat.v1.avsc").unlink()
    with pytest.raises(schemas.SchemaError, match="the file is gone"):
        schemas.read(folder)


def test_better_wording_is_no_change(folder):
    """Docs may improve without a new version."""
    change(folder, "nl.overheid.zaken.zaak-hervat.v1", doc="Clearer words.")
    assert schemas.read(folder).by_type("nl.overheid.zaken.zaak-hervat.v1").doc == "Clearer words."


def test_registering_gives_only_new_types_an_id(folder):
    """Ids are fixed once given."""
    before = schemas.read_entries(folder)
    record = json.loads((folder / "nl.overheid.zaken.zaak-hervat.v1.avsc").read_text())
    older = f"{record['namespace']}.{record['name']}"
    new = record | {"eventType": "nl.overheid.zaken.zaak-hervat.v2", "name": "ZaakHervatV2", "aliases": [older]}
    (folder / "nl.overheid.zaken.zaak-hervat.v2.avsc").write_text(json.dumps(new))
    with pytest.raises(schemas.SchemaError, match="schemas register"):
        schemas.read(folder)
    assert schemas.register(folder) == ["nl.overheid.zaken.zaak-hervat.v2"]
    after = schemas.read_entries(folder)
    assert {name: after[name] for name in before} == before
    assert after["nl.overheid.zaken.zaak-hervat.v2"]["id"] == max(entry["id"] for entry in before.values()) + 1


def resolve(document, reference: str):
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_a_new_version_that_cannot_read_older_events_is_refused(folder):
    """Readers move on by themselves: the newest schema reads the whole log."""
    record = json.loads((folder / "nl.overheid.zaken.zaak-hervat.v1.avsc").read_text())
    new = record | {"eventType": "nl.overheid.zaken.zaak-hervat.v2", "name": "ZaakHervatV2"}
    (folder / "nl.overheid.zaken.zaak-hervat.v2.avsc").write_text(json.dumps(new))
    with pytest.raises(schemas.SchemaError, match=r"cannot read what nl\.overheid.zaken.zaak-hervat\.v1 wrote"):
        schemas.register(folder)
    assert "nl.overheid.zaken.zaak-hervat.v2" not in schemas.read_entries(folder)


def test_asyncapi_document_is_up_to_date():
    """The published document says what the schemas say; run `python -m schemas asyncapi` after a change."""
    assert (schemas.FOLDER / asyncapi.FILE).read_text(encoding="utf-8") == asyncapi.render(schemas.load())


def test_asyncapi_document_has_the_shape_of_version_3():
    """Root, channels, operations and messages as AsyncAPI 3.0 asks; every reference leads somewhere."""
    document = asyncapi.document(schemas.load())
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    for reference in references(document):
        resolve(document, reference)
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
    listed = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert listed == set(document["components"]["messages"]) == {schema.type for schema in ALL}
    for message in document["components"]["messages"].values():
        fastavro.parse_schema(message["payload"]["schema"], named_schemas={})
