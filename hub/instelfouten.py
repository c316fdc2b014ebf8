# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with settings, in sentences for who writes them: the key, what is wrong, what to write. Never the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

SAID: Final[Mapping[str, str]] = {
    "missing": "ontbreekt",
    "int_parsing": "moet een geheel getal zijn",
    "int_type": "moet een geheel getal zijn",
    "int_from_float": "moet een geheel getal zijn",
    "float_parsing": "moet een getal zijn",
    "float_type": "moet een getal zijn",
    "finite_number": "moet een eindig getal zijn",
    "bool_parsing": "moet true of false zijn",
    "bool_type": "moet true of false zijn",
    "string_type": "moet tekst zijn, tussen aanhalingstekens",
    "string_too_short": "moet minstens {min_length} teken(s) lang zijn",
    "string_too_long": "mag hoogstens {max_length} tekens lang zijn",
    "string_pattern_mismatch": "past niet op het patroon {pattern}",
    "path_type": "moet een pad zijn, tussen aanhalingstekens",
    "literal_error": "moet een van deze zijn: {expected}",
    "enum": "moet een van deze zijn: {expected}",
    "greater_than": "moet groter zijn dan {gt}",
    "greater_than_equal": "moet minstens {ge} zijn",
    "less_than": "moet kleiner zijn dan {lt}",
    "less_than_equal": "mag hoogstens {le} zijn",
    "model_type": "moet een sectie zijn: schrijf een kop tussen [ ] met daaronder de sleutels",
    "dict_type": "moet een sectie zijn: schrijf een kop tussen [ ] met daaronder de sleutels",
    "list_type": "moet een lijst zijn: [ ... ]",
    "tuple_type": "moet een lijst zijn: [ ... ]",
    "frozen_set_type": "moet een lijst zijn: [ ... ]",
    "date_type": "moet een datum zijn: JJJJ-MM-DD, zonder aanhalingstekens",
    "date_from_datetime_parsing": "moet een datum zijn: JJJJ-MM-DD, zonder aanhalingstekens",
    "date_parsing": "moet een datum zijn: JJJJ-MM-DD, zonder aanhalingstekens",
    "value_error": "{error}",
}


def problems_of(error: ValidationError, model: type[BaseModel], where: str) -> Iterator[str]:
    """Yield one sentence per fault that pydantic found in ``model``, which stands at ``where`` in the settings."""
    for item in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in (where, *item["loc"]) if part != "")
        if item["type"] == "extra_forbidden":
            known = _model_at(model, item["loc"][:-1])
            names = ", ".join(sorted(known.model_fields)) if known else ""
            yield f"{key}: onbekende instelling; haal haar weg" + (f" of kies uit: {names}" if names else "")
            continue
        said = SAID.get(item["type"], item["msg"]).format_map(item.get("ctx", {}))
        meant = _field_at(model, item["loc"])
        yield f"{key}: {said}" + (f"; bedoeld is: {meant.description}" if meant and meant.description else "")


def _field_at(model: type[BaseModel], loc: Sequence[int | str]) -> FieldInfo | None:
    """Return the field that ``loc`` ends in, or the nearest one around it."""
    for length in range(len(loc), 0, -1):
        around = _model_at(model, loc[: length - 1])
        if around and (found := around.model_fields.get(str(loc[length - 1]))):
            return found
    return None


def _model_at(model: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel] | None:
    """Return the model that stands at ``loc``; places in a list and names in a table of models are passed over."""
    here: type[BaseModel] | None = model
    for part in loc:
        if here is None:
            return None
        found = here.model_fields.get(str(part))
        if found is not None:
            here = next(_models_in(found.annotation), None)
    return here


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
