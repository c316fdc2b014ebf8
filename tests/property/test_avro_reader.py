# SPDX-License-Identifier: EUPL-1.2
"""The reader written out from a schema gives what fastavro gives, and bytes that are no record upset nobody."""

from __future__ import annotations

import io

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.avro import reader
from schemas import load as load_schemas

SCHEMAS = list(load_schemas())
NUMBERS = st.integers(-(2**63), 2**63 - 1)
PLAIN = {
    "null": st.none(),
    "boolean": st.booleans(),
    "long": NUMBERS,
    "int": st.integers(-(2**31), 2**31 - 1),
    "string": st.text(max_size=200),
    "bytes": st.binary(max_size=200),
}


def values(schema, known):
    """Return what a schema allows."""
    if isinstance(schema, list):
        return st.one_of(*(values(branch, known) for branch in schema))
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "array":
        return st.lists(values(schema["items"], known), max_size=4)
    if kind == "record":
        known[schema["name"]] = schema
        return st.fixed_dictionaries({field["name"]: values(field["type"], known) for field in schema["fields"]})
    return PLAIN[kind] if kind in PLAIN else values(known[kind], known)


def written(schema, value):
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema.parsed, value)
    return body.getvalue()


@given(st.data())
def test_a_written_out_reader_reads_what_fastavro_wrote(data):
    """For every event type, wherever in the bytes the record begins."""
    schema = data.draw(st.sampled_from(SCHEMAS))
    body = written(schema, data.draw(values(schema.parsed, {})))
    expected = fastavro.schemaless_reader(io.BytesIO(body), schema.parsed, None)
    assert reader(schema.parsed)(b"-" * 5 + body, 5) == (expected, 5 + len(body))


@given(st.data())
def test_damaged_bytes_are_told_from_a_record(data):
    """Cut off, changed or foreign: it raises what the codec expects, or reads as something."""
    schema = data.draw(st.sampled_from(SCHEMAS))
    body = bytearray(written(schema, data.draw(values(schema.parsed, {}))))
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] ^= data.draw(st.integers(1, 255))
    damaged = bytes(body[: data.draw(st.integers(0, len(body)))])
    try:
        reader(schema.parsed)(damaged, 0)
    except (ValueError, IndexError):
        return


def test_every_released_schema_is_written_out():
    """None falls back to fastavro: a new type in a schema is a reason to write it out too."""
    assert [s.type for s in SCHEMAS if reader(s.parsed).__code__.co_filename == reader.__code__.co_filename] == []


def test_a_type_that_is_not_written_out_is_left_to_fastavro():
    """A map, say: slower, and just as right."""
    schema = fastavro.parse_schema(
        {"type": "record", "name": "M", "fields": [{"name": "m", "type": {"type": "map", "values": "long"}}]}
    )
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, {"m": {"a": 1}})
    assert reader(schema)(body.getvalue(), 0) == ({"m": {"a": 1}}, len(body.getvalue()))
    with pytest.raises(ValueError, match="EOFError"):
        reader(schema)(body.getvalue()[:-2], 0)


@pytest.mark.parametrize("body", [b"\xff" * 11, b"\x01"])
def test_a_text_of_a_negative_or_endless_length_is_refused(body):
    """The two lengths that no text has."""
    schema = fastavro.parse_schema({"type": "record", "name": "T", "fields": [{"name": "t", "type": "string"}]})
    with pytest.raises(ValueError, match=r"negative|64 bits"):
        reader(schema)(body, 0)
