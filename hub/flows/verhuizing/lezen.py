# SPDX-License-Identifier: EUPL-1.2
"""Reading JSON that others wrote: every helper takes anything and never raises."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

LEEG: Final[Mapping[str, Any]] = MappingProxyType({})


def als_dict(waarde: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one."""
    return waarde if isinstance(waarde, Mapping) else LEEG


def dicts(waarde: object) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects of a JSON array."""
    if isinstance(waarde, list | tuple):
        yield from (element for element in waarde if isinstance(element, Mapping))


def tekst(waarde: object) -> str | None:
    """Return a text that says something, stripped, or None."""
    return (waarde.strip() or None) if isinstance(waarde, str) else None


def teksten(waarde: object) -> tuple[str, ...]:
    """Return the texts of a JSON array."""
    if not isinstance(waarde, list | tuple):
        return ()
    return tuple(element for element in waarde if isinstance(element, str))


def geheel(waarde: object) -> int | None:
    """Return a whole number; a text of digits counts, a boolean does not."""
    if isinstance(waarde, bool):
        return None
    if isinstance(waarde, int):
        return waarde
    getal = tekst(waarde)
    return int(getal) if getal and getal.isascii() and getal.isdigit() and len(getal) < 10 else None  # noqa: PLR2004


def code(waarde: object) -> str | None:
    """Return the code of a Waardetabel ``{code, omschrijving}``, or the text itself."""
    return tekst(waarde.get("code")) if isinstance(waarde, Mapping) else tekst(waarde)


def iets(waarde: object) -> bool:
    """Return True for ``true`` and for an object or array that holds anything: an inOnderzoek that is there counts."""
    return waarde is True or (isinstance(waarde, Mapping | list) and len(waarde) > 0)


def json_tekst(waarde: object) -> Any:
    """Return what a JSON text holds, or None when it is no JSON."""
    if not isinstance(waarde, str):
        return None
    try:
        return json.loads(waarde)
    except (ValueError, RecursionError):
        return None


def postcode(waarde: object) -> str | None:
    """Return a postcode without blanks, in capitals."""
    gelezen = tekst(waarde)
    return gelezen.replace(" ", "").upper() if gelezen else None
