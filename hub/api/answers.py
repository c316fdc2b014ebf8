# SPDX-License-Identifier: EUPL-1.2
"""What answers of the API share: freshness, and the errors each operation may give."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar.openapi.datastructures import ResponseSpec

from hub.api.edge import Edge
from hub.clock import rfc3339


class Versheid(msgspec.Struct, rename="camel", frozen=True):
    """Hoe vers het antwoord is: alles wat tot ``tot`` is vastgelegd staat erin, ``achter`` gebeurtenissen nog niet."""

    tot: str
    achter: int
    geparkeerd: int


class Fout(msgspec.Struct, rename="camel", frozen=True):
    """Een fout volgens RFC 9457; ``errors`` noemt alles wat er aan de vraag mankeert."""

    status: int
    title: str
    detail: str
    instance: str | None = None
    errors: list[dict[str, Any]] | None = None


def versheid(here: Edge) -> Versheid:
    """Return the freshness as the API gives it."""
    fresh = here.versheid()
    return Versheid(rfc3339(fresh.tot), fresh.achter, fresh.geparkeerd)


def _spec(text: str) -> ResponseSpec:
    return ResponseSpec(Fout, generate_examples=False, description=text, media_type="application/problem+json")


PROBLEMS: Final = {
    400: _spec("De vraag klopt niet."),
    401: _spec("Er is geen geldig token meegestuurd."),
    403: _spec("Het token mist het recht hiervoor."),
    404: _spec("Dit is in deze gemeente niet bekend."),
    503: _spec("Wissel kan dit nu niet lezen of opslaan."),
}
CONFLICT: Final = {**PROBLEMS, 409: _spec("De zaak is intussen veranderd.")}
