# SPDX-License-Identifier: EUPL-1.2
"""The public contract: one Avro schema per event type, each under a fixed integer id.

``load()`` gives them all; ``python -m schemas register`` enters new types in ``registry.json``. What is released never
changes: a new type with the next ``vN`` comes beside it (NL GOV profile for CloudEvents 1.1, attribute ``type``).
``python -m schemas asyncapi`` writes the AsyncAPI 3.0 document. This package imports nothing of ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

import fastavro

from schemas.verenigbaar import broken_versions

FOLDER: Final = Path(__file__).parent
REGISTRY_FILE: Final = "registry.json"
BESLOTEN_FILE: Final = "besloten.avsc"
BEWAARKLASSEN: Final = frozenset({"zaak", "aangifte", "brp-raadpleging", "registratie"})


class SchemaError(Exception):
    """The schema files and their registry do not agree. The message says which one and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One event type as it is on the wire.

    ``topic`` is where its events stand; a ``*`` in it stands for any name. ``bewaarklasse`` decides with which data key
    its personal part is sealed. ``parsed`` is ready for fastavro; ``raw`` is what the file says.
    """

    id: int
    type: str
    version: int
    topic: str
    bewaarklasse: str
    doc: str
    parsed: Any
    raw: Mapping[str, Any]

    def allows(self, topic: str) -> bool:
        """Return True when events of this type may stand on ``topic`` (named without the configured prefix)."""
        return fnmatchcase(topic, self.topic)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the open fields, in order; ``besloten`` is not among them."""
        return tuple(field["name"] for field in self.raw["fields"] if field["name"] != "besloten")


class Registry:
    """All schemas, by type and by id. Both lookups raise KeyError for what is not there."""

    def __init__(self, schemas: Mapping[str, Schema], besloten: Any) -> None:
        self._by_type = dict(schemas)
        self._by_id = {schema.id: schema for schema in schemas.values()}
        self.besloten = besloten

    def by_type(self, event_type: str) -> Schema:
        """Return the schema of an event type."""
        return self._by_type[event_type]

    def by_id(self, schema_id: int) -> Schema:
        """Return the schema with this id on the wire."""
        return self._by_id[schema_id]

    def __iter__(self) -> Iterator[Schema]:
        return iter(sorted(self._by_type.values(), key=lambda schema: schema.id))

    def __len__(self) -> int:
        return len(self._by_type)

    def __contains__(self, event_type: object) -> bool:
        return event_type in self._by_type


@cache
def load() -> Registry:
    """Return all schemas, read once. SchemaError when a file and its registry entry do not agree."""
    return read(FOLDER)


def read(folder: Path) -> Registry:
    """Return the schemas in ``folder``, or SchemaError naming everything that does not agree."""
    raw, entries = read_files(folder), read_entries(folder)
    problems = disagreements(raw, entries)
    if problems:
        raise SchemaError("; ".join(problems))
    besloten = fastavro.parse_schema(json.loads((folder / BESLOTEN_FILE).read_text(encoding="utf-8")))
    return Registry({name: _schema(record, entries[name]) for name, record in raw.items()}, besloten)


def read_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return event type -> what its file says, sorted by type. The file is named after the type."""
    paths = sorted(path for path in folder.glob("*.avsc") if path.name != BESLOTEN_FILE)
    return {path.name.removesuffix(".avsc"): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def read_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what ``registry.json`` says: type -> {id, version, sha256}; empty when there is none yet."""
    path = folder / REGISTRY_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def fingerprint(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a schema as canonical JSON without docs: wording may improve, the wire may not change."""
    text = json.dumps(_without_docs(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def changed(raw: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return one sentence per released schema that was changed or removed."""
    gone = [f"{name}: the file is gone; a released schema stays, its events are in logs" for name in entries.keys() - raw]
    return sorted(gone) + [
        f"{name}: a released schema changed; restore it and add the next vN as a new type beside it"
        for name in sorted(raw.keys() & entries.keys())
        if fingerprint(raw[name]) != entries[name]["sha256"]
    ]


def disagreements(raw: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return everything in which files and registry do not agree, one sentence each."""
    new = [f"{name}: not in {REGISTRY_FILE}; run `python -m schemas register`" for name in sorted(raw.keys() - entries)]
    misnamed = [f"{name}: its file says {record['eventType']}" for name, record in raw.items() if record["eventType"] != name]
    return changed(raw, entries) + broken_versions(raw) + new + misnamed


def register(folder: Path = FOLDER) -> list[str]:
    """Enter new types into the registry under the next free ids and return them.

    SchemaError when a released schema changed, or when a new version cannot read what an older one wrote.
    """
    raw, entries = read_files(folder), read_entries(folder)
    problems = changed(raw, entries) + broken_versions(raw)
    if problems:
        raise SchemaError("; ".join(problems))
    new, next_id = sorted(raw.keys() - entries), max((entry["id"] for entry in entries.values()), default=0) + 1
    for number, name in enumerate(new, start=next_id):
        entries[name] = {"id": number, "version": int(name.rpartition(".v")[2]), "sha256": fingerprint(raw[name])}
    text = json.dumps(dict(sorted(entries.items())), indent=2) + "\n"
    (folder / REGISTRY_FILE).write_text(text, encoding="utf-8")
    return new


def _schema(record: dict[str, Any], entry: Mapping[str, Any]) -> Schema:
    return Schema(
        id=entry["id"],
        type=record["eventType"],
        version=entry["version"],
        topic=record["topic"],
        bewaarklasse=record["bewaarklasse"],
        doc=record["doc"],
        parsed=fastavro.parse_schema(record, named_schemas={}),
        raw=record,
    )


def _without_docs(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_docs(value) for key, value in node.items() if key != "doc"}
    return [_without_docs(item) for item in node] if isinstance(node, list) else node
