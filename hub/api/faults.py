# SPDX-License-Identifier: EUPL-1.2
"""What the framework finds wrong in a request, in Dutch and by the names the asker knows: its own texts are in English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from litestar import Request
from litestar.enums import ParamType
from litestar.exceptions import ClientException, ValidationException
from litestar.params import ParameterKwarg

from hub.errors import Invalid
from hub.instelfouten import SAID

REQUIRED: Final = "deze is verplicht"
_IN_JSON: Final[Mapping[str, str]] = {
    **SAID,
    "missing": REQUIRED,
    "extra_forbidden": "deze is hier niet bekend",
    "string_type": "moet tekst zijn",
    "model_type": "moet een object zijn",
    "date_type": "moet een datum zijn: jjjj-mm-dd",
    "date_parsing": "moet een datum zijn: jjjj-mm-dd",
    "date_from_datetime_parsing": "moet een datum zijn: jjjj-mm-dd",
}
_OF_A_PARAMETER: Final[Mapping[str, str]] = {"int": SAID["int_type"], "bool": SAID["bool_type"]}
_EXPECTED: Final = re.compile(r"Expected `(?:(int|bool)\b|str` of length ([<>])= (\d+))")
_MISSING: Final = re.compile(r"Missing required (query|header|cookie) parameter '([^']+)'")
_ELSE: Final = "klopt niet; /v1/openapi.json zegt wat hier mag staan"
_NO_TEXT: Final = "mag geen U+0000 bevatten"


class WrongQuery(Invalid):
    """Something is wrong behind the question mark of an address, whatever the method."""


def check_address(request: Request[Any, Any, Any]) -> None:
    """Raise on what an address may not hold: what no store can carry, and under /v1 a parameter that is not there."""
    if "\x00" in request.scope["path"]:
        raise ClientException("Het adres bevat een teken dat niet mag (U+0000).")
    asked = list(request.query_params.multi_items())
    wrong = [(name.replace("\x00", ""), _NO_TEXT) for name, value in asked if "\x00" in name + value]
    if request.scope["path"].startswith("/v1/"):
        known = {name for name, where in _parameters(request).values() if where == ParamType.QUERY}
        names = ", ".join(sorted(known)) or "geen"
        unknown = sorted({name for name, _ in asked} - known - {name for name, _ in wrong})
        wrong += [(name, f"deze parameter is hier niet bekend; wel: {names}") for name in unknown]
    if wrong:
        raise WrongQuery(wrong)


def found(request: Request[Any, Any, Any], error: ValidationException) -> Iterator[tuple[str, str, str, str]]:
    """Yield (where, name, what is wrong, code) for each fault the framework found."""
    names = _parameters(request)
    details = getattr(error.__cause__, "errors", [])  # pydantic's own, when it was a body; in the same order
    for place, item in enumerate(error.extra if isinstance(error.extra, list) else ()):
        key = str(item.get("key", ""))
        name, where = names.get(key, (key, item.get("source") or "body"))
        if place < len(details):
            kind = details[place]["type"]
            text = _IN_JSON.get(kind, _ELSE).format_map(details[place].get("ctx", {}))
            yield "body", name, text, "required" if kind == "missing" else "invalid"
        elif key == "data":
            yield "body", "", REQUIRED, "required"
        else:
            yield getattr(where, "value", where), name, _of_parameter(str(item.get("message", ""))), "invalid"
    if missing := _MISSING.match(str(error.detail)):
        yield missing[1], missing[2], REQUIRED, "required"


def _of_parameter(message: str) -> str:
    expected = _EXPECTED.search(message)
    if expected is None:
        return _ELSE
    kind, bound, length = expected.groups()
    if kind:
        return _OF_A_PARAMETER[kind]
    return _IN_JSON["string_too_short" if bound == ">" else "string_too_long"].format(min_length=length, max_length=length)


def _parameters(request: Request[Any, Any, Any]) -> Mapping[str, tuple[str, ParamType]]:
    """Return our own name -> (the name in a request, where it stands) of the parameters of what is asked."""
    declared = request.route_handler.parsed_fn_signature.parameters
    kwargs = {name: given.kwarg_definition for name, given in declared.items()}
    return {n: (d.name or n, d.param_type) for n, d in kwargs.items() if isinstance(d, ParameterKwarg)}
