# SPDX-License-Identifier: EUPL-1.2
"""BACKWARD_TRANSITIVE: whoever reads with a newer version of a schema can read everything that older versions wrote.

The rule is Avro's own schema resolution, checked by Apache's library. A version is a type of its own (``vN``), so its record
has another name too; it names the earlier ones in ``aliases``, as Avro asks of a reader that knows a record by an older name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import parse

LEVEL: Final = "BACKWARD_TRANSITIVE"


class NotASchema(ValueError):
    """What was given is not an Avro schema; the message says what Avro thinks of it."""


def incompatibilities(reader: Mapping[str, Any] | str, writer: Mapping[str, Any] | str) -> list[str]:
    """Return why what ``writer`` wrote cannot be read with ``reader``, one sentence each; empty when it can.

    NotASchema when one of them is none.
    """
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    found = checker.get_compatibility(_parsed(reader), _parsed(writer))
    if found.compatibility is SchemaCompatibilityType.compatible:
        return []
    return sorted(found.messages) or ["the two do not resolve"]


def family(event_type: str) -> str:
    """Return an event type without its version: ``nl.wissel.termijn.gezet.v1`` -> ``nl.wissel.termijn.gezet``."""
    return event_type.rpartition(".v")[0]


def broken_versions(raw: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return one sentence per pair of versions of one family of which the newer cannot read what the older wrote."""
    return [
        f"{newer} cannot read what {older} wrote ({problem}): name its record in aliases, and let what is new have a default"
        for versions in _families(raw).values()
        for number, newer in enumerate(versions)
        for older in versions[:number]
        for problem in incompatibilities(raw[newer], raw[older])
    ]


def _families(types: Iterable[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(types, key=lambda name: int(name.rpartition(".v")[2])):
        found.setdefault(family(name), []).append(name)
    return found


def _parsed(schema: Mapping[str, Any] | str) -> Any:
    try:
        return parse(schema if isinstance(schema, str) else json.dumps(schema))
    except (AvroException, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotASchema(f"this is not an Avro schema: {type(error).__name__}") from error
