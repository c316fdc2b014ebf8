# SPDX-License-Identifier: EUPL-1.2
"""Reads a request body field by field, as the serializers of Open Zaak do: every problem at once, with its code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from connectors.zaak.simulator.clock import AMSTERDAM, as_utc
from connectors.zaak.simulator.web import Json, invalid, param
from hub.privacy import elfproef

Check = Callable[[Any], Any]
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_URL: Final = re.compile(r"https?://[^\s/]+.*")
_DURATION: Final = re.compile(r"P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?")


class FieldError(Exception):
    """What is wrong with one value; ``name`` is the part of a group it is about."""

    def __init__(self, code: str, reason: str, name: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.name = name


@dataclass(frozen=True, slots=True)
class Field:
    """How one field is read. ``default``: its value when the body leaves it out."""

    check: Check
    default: Any = ""
    required: bool = False


Fields = Mapping[str, Field]


def read(body: Mapping[str, Any], spec: Fields, *, current: Mapping[str, Any] | None = None) -> Json:
    """Return the values of ``body`` by ``spec``; with ``current`` (PATCH) only the fields that are given.

    Raises ApiError 400 with all problems.
    """
    values: Json = {}
    problems = []
    for name, field in spec.items():
        if name in body:
            try:
                values[name] = field.check(body[name])
            except FieldError as error:
                problems.append(param(f"{name}.{error.name}" if error.name else name, error.code, error.reason))
        elif current is None and field.required:
            problems.append(param(name, "required", "Dit veld is vereist."))
        elif current is None:
            values[name] = field.default
    if problems:
        raise invalid(problems)
    return values


def null() -> FieldError:
    """Null where a value is needed."""
    return FieldError("null", "Dit veld mag niet leeg zijn.")


def text(longest: int, *, blank: bool = True) -> Check:
    """A string of at most ``longest`` characters."""

    def check(value: Any) -> str:
        if value is None:
            raise null()
        if not isinstance(value, str):
            raise FieldError("invalid", "Geen geldige string.")
        if not value and not blank:
            raise FieldError("blank", "Dit veld mag niet leeg zijn.")
        if len(value) > longest:
            raise FieldError("max_length", f"Zorg ervoor dat dit veld niet meer dan {longest} karakters bevat.")
        return value

    return check


def one_of(*choices: str, blank: bool = False, nullable: bool = False) -> Check:
    """One of ``choices``."""

    def check(value: Any) -> Any:
        if (value is None and nullable) or (value == "" and blank):
            return value
        if value not in choices:
            raise FieldError("invalid_choice", f'"{value}" is een ongeldige keuze.')
        return value

    return check


def url(*, blank: bool = False, nullable: bool = False) -> Check:
    """An absolute URL."""

    def check(value: Any) -> Any:
        if (value is None and nullable) or (value == "" and blank):
            return value
        if value is None:
            raise null()
        if not isinstance(value, str) or not _URL.fullmatch(value):
            raise FieldError("invalid", "Voer een geldige URL in.")
        return value

    return check


def datum(value: Any) -> str:
    """A date YYYY-MM-DD."""
    if not isinstance(value, str) or not _DATE.fullmatch(value) or not _is_date(value):
        reason = "Datum heeft het verkeerde formaat. Gebruik 1 van deze formaten: YYYY-MM-DD."
        raise FieldError("invalid", reason)
    return value


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def moment(value: Any) -> datetime:
    """A date-time; without an offset it is Amsterdam's."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and not _DATE.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None:
        raise FieldError("invalid", "Datetime heeft een ongeldig formaat, gebruik 1 van de volgende formaten: RFC 3339.")
    return found if found.tzinfo else found.replace(tzinfo=AMSTERDAM)


def tijdstip(value: Any) -> str:
    """A date-time, returned in UTC."""
    return as_utc(moment(value))


def nullable(check: Check) -> Check:
    """``check``, or null."""
    return lambda value: None if value is None else check(value)


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise FieldError("invalid", "Moet een geldige boolean zijn.")
    return value


def integer(value: Any) -> int:
    """A whole number, as number or as digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdigit():
        return int(value)
    raise FieldError("invalid", "Een geldig getal is vereist.")


def duration(value: Any) -> str:
    """An ISO 8601 duration."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise FieldError("invalid", "Tijdsduur heeft een verkeerd formaat, gebruik ISO 8601.")
    return value


def nummer(soort: str, *, blank: bool = False) -> Check:
    """Nine digits that pass the elfproef: a RSIN or BSN (``soort``). The message never holds the number."""

    def check(value: Any) -> str:
        if value == "" and blank:
            return ""
        if not isinstance(value, str) or len(value) != 9:  # noqa: PLR2004
            raise FieldError("invalid-length", f"{soort} moet 9 tekens lang zijn.")
        if not value.isdigit():
            raise FieldError("only-digits", "Voer een numerieke waarde in")
        if not elfproef(value):
            raise FieldError("invalid", f"Onjuist {soort} nummer")
        return value

    return check


def group(spec: Fields, *, nullable: bool = False) -> Check:
    """An object of its own fields (gegevensgroep)."""

    def check(value: Any) -> Any:
        if value is None and nullable:
            return None
        if not isinstance(value, dict):
            raise FieldError("invalid", "Ongeldige data. Er wordt een object verwacht.")
        return {name: _member(value, name, field) for name, field in spec.items()}

    return check


def _member(value: Mapping[str, Any], name: str, field: Field) -> Any:
    if name not in value:
        if field.required:
            raise FieldError("required", "Dit veld is vereist.", name)
        return field.default
    try:
        return field.check(value[name])
    except FieldError as error:
        raise FieldError(error.code, error.reason, f"{name}.{error.name}" if error.name else name) from error


def listing(check: Check) -> Check:
    """A list of such values."""

    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise FieldError("not_a_list", "Verwachtte een lijst met items.")
        return [check(item) for item in value]

    return check_all


def mapping(value: Any) -> Json:
    """Any JSON object."""
    if not isinstance(value, dict):
        raise FieldError("invalid", "Ongeldige data. Er wordt een object verwacht.")
    return value


def anything(value: Any) -> Any:
    """Whatever is given."""
    return value
