# SPDX-License-Identifier: EUPL-1.2
"""What the Avro writer lets slip: it writes "nee" as true, 2.7 as 2 and "abc" as ["a", "b", "c"], and says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Check = Callable[[Any], bool]
_EXACT: Final[Mapping[str, type]] = {"boolean": bool, "int": int, "long": int}


def strict_check(schema: Any) -> Check | None:
    """Return what tells whether a value is of the kinds that ``schema`` (parsed JSON) says, as far as the writer does not.

    None when there is nothing to check. Strings, bytes and unions the writer checks by itself.
    """
    kind = schema["type"] if isinstance(schema, Mapping) else schema
    if isinstance(kind, str) and kind in _EXACT:
        return _of_type(_EXACT[kind])
    if kind == "array":
        return _array(strict_check(schema["items"]))
    if kind == "record":
        return _record({f["name"]: check for f in schema["fields"] if (check := strict_check(f["type"]))})
    return None


def _of_type(wanted: type) -> Check:
    return lambda value: type(value) is wanted


def _array(each: Check | None) -> Check:
    if each is None:
        return lambda value: type(value) is list
    return lambda value: type(value) is list and all(map(each, value))


def _record(checks: Mapping[str, Check]) -> Check | None:
    """Check the fields that are there: the writer knows which ones may be left out."""
    if not checks:
        return None
    pairs = tuple(checks.items())

    def check(value: Any) -> bool:
        return isinstance(value, Mapping) and all(test(value[name]) for name, test in pairs if name in value)

    return check
