# SPDX-License-Identifier: EUPL-1.2
"""Checking the parameters of a POST body the way the BRP APIs do: every mistake at once, each with its own code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.burgerzaken.simulator.asgi import MalformedBody, Request, Response
from connectors.burgerzaken.simulator.datums import parse_datum
from connectors.burgerzaken.simulator.fouten import (
    Fout,
    geen_datum,
    geen_json,
    ongeldige_parameters,
    onverwacht,
    patroon,
    verplicht,
)

Controle = Callable[[str, Any], Sequence[Fout]]
OBJECT_ID: Final = r"^(?!0{16})[0-9]{16}$"
_MAX_HUISNUMMER: Final = 99_999
_TEKST: Final = r"a-zA-Z0-9À-ž"


@dataclass(frozen=True, slots=True, kw_only=True)
class Soort:
    """The parameters of one ``type`` of question."""

    verplicht: Mapping[str, Controle]
    optioneel: Mapping[str, Controle] = field(default_factory=dict)


def vorm(regel: str) -> Controle:
    """A text that fits ``regel``."""
    geldig = re.compile(regel)

    def controle(naam: str, waarde: Any) -> Sequence[Fout]:
        return () if isinstance(waarde, str) and geldig.fullmatch(waarde) else (patroon(naam, regel),)

    return controle


def datum(naam: str, waarde: Any) -> Sequence[Fout]:
    """A full date."""
    return () if parse_datum(waarde) else (geen_datum(naam),)


def geheel_getal(naam: str, waarde: Any) -> Sequence[Fout]:
    """A house number; the reference implementation takes digits as text too."""
    getal = int(waarde) if isinstance(waarde, str) and waarde.isascii() and waarde.isdigit() else waarde
    if isinstance(getal, bool) or not isinstance(getal, int):
        return (Fout(naam, "integer", "Waarde is geen geldig getal."),)
    if not 1 <= getal <= _MAX_HUISNUMMER:
        grens = ("minimum", "lager dan minimum 1") if getal < 1 else ("maximum", "hoger dan maximum 99999")
        return (Fout(naam, grens[0], f"Waarde is {grens[1]}."),)
    return ()


def waar_of_niet(naam: str, waarde: Any) -> Sequence[Fout]:
    """A boolean."""
    return () if isinstance(waarde, bool) else (Fout(naam, "boolean", "Waarde is geen boolean."),)


def lijst(hoogste: int, per_stuk: Controle | None = None) -> Controle:
    """An array of 1 to ``hoogste`` values."""

    def controle(naam: str, waarde: Any) -> Sequence[Fout]:
        if not isinstance(waarde, list):
            return (Fout(naam, "array", "Parameter is geen array."),)
        if not waarde:
            return (Fout(naam, "minItems", "Array bevat minder dan 1 items."),)
        if len(waarde) > hoogste:
            return (Fout(naam, "maxItems", f"Array bevat meer dan {hoogste} items."),)
        if per_stuk is None:
            return ()
        return [fout for plaats, deel in enumerate(waarde) for fout in per_stuk(f"{naam}[{plaats}]", deel)]

    return controle


GESLACHTSNAAM: Final = vorm(rf"^[{_TEKST} \.\-\']{{1,200}}$|^[{_TEKST} \.\-\']{{3,199}}\*{{1}}$")
STRAAT: Final = vorm(rf"^[{_TEKST} \-\'\.]{{1,80}}$|^[{_TEKST} \-\'\.]{{7,79}}\*{{1}}$|^\*{{1}}[{_TEKST} \-\'\.]{{7,79}}$")
POSTCODE: Final = vorm(r"^[1-9]{1}[0-9]{3}[ ]?[A-Za-z]{2}$")


def lees(request: Request, soorten: Mapping[str, Soort], *, minimaal: bool = False) -> tuple[str, dict[str, Any]] | Response:
    """Return (type, parameters) of a body that is right, else the answer that says what is wrong with it."""
    try:
        body = request.json()
    except MalformedBody:
        return geen_json(request)
    if not isinstance(body, dict):
        return geen_json(request)
    soort = body.get("type")
    if soort is None:
        return ongeldige_parameters(request, [verplicht("type")])
    if not isinstance(soort, str) or soort not in soorten:
        return ongeldige_parameters(request, [Fout("type", "value", "Waarde is geen geldig zoek type.")])
    fouten = _controleer(body, soorten[soort])
    return ongeldige_parameters(request, fouten, minimaal=minimaal) if fouten else (soort, body)


def _controleer(body: Mapping[str, Any], soort: Soort) -> list[Fout]:
    fouten: list[Fout] = []
    for naam, controle in soort.verplicht.items():
        waarde = body.get(naam)
        fouten += [verplicht(naam)] if waarde is None or waarde == "" else controle(naam, waarde)
    for naam, controle in soort.optioneel.items():
        if body.get(naam) is not None:
            fouten += controle(naam, body[naam])
    bekend = {"type", *soort.verplicht, *soort.optioneel}
    return fouten + [onverwacht(naam) for naam in body if naam not in bekend]
