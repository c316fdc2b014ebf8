# SPDX-License-Identifier: EUPL-1.2
"""Errors as the BRP and BAG APIs give them (RFC 7807), texts and codes as their published features spell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.burgerzaken.simulator.asgi import PROBLEM, Request, Response
from hub.privacy import mask_bsns

_RFC: Final = "https://datatracker.ietf.org/doc/html/rfc7231#section-"
_ONGELDIG: Final = "Een of meerdere parameters zijn niet correct."


@dataclass(frozen=True, slots=True)
class Fout:
    """One wrong parameter."""

    name: str
    code: str
    reason: str

    def json(self) -> dict[str, str]:
        """Return it as an element of ``invalidParams``."""
        return {"name": self.name, "code": self.code, "reason": self.reason}


def verplicht(naam: str) -> Fout:
    """A parameter is absent."""
    return Fout(naam, "required", "Parameter is verplicht.")


def patroon(naam: str, vorm: str) -> Fout:
    """A value does not fit its pattern."""
    return Fout(naam, "pattern", f"Waarde voldoet niet aan patroon {vorm}.")


def geen_datum(naam: str) -> Fout:
    """A value is no date."""
    return Fout(naam, "date", "Waarde is geen geldige datum.")


def onverwacht(naam: str) -> Fout:
    """A parameter that does not belong to this request."""
    return Fout(naam, "unknownParam", "Parameter is niet verwacht.")


def ongeldige_parameters(request: Request, fouten: Sequence[Fout], *, minimaal: bool = False) -> Response:
    """Answer 400 with every wrong parameter.

    ``minimaal``: the personen API has a title and code of its own when all that is wrong is that something is absent.
    """
    ontbreekt = minimaal and all(fout.code == "required" and fout.name != "type" for fout in fouten)
    return problem(
        request,
        400,
        "Minimale combinatie van parameters moet worden opgegeven." if ontbreekt else _ONGELDIG,
        code="paramsCombination" if ontbreekt else "paramsValidation",
        detail=f"De foutieve parameter(s) zijn: {', '.join(fout.name for fout in fouten)}.",
        invalidParams=[fout.json() for fout in fouten],
    )


def geen_json(request: Request) -> Response:
    """Answer 400: the body cannot be read."""
    return ongeldige_parameters(request, [Fout("body", "json", "Body is geen geldige JSON.")])


_SOORTEN: Final[dict[int, tuple[str, str, str, str]]] = {
    401: ("7235#section-3.1", "Niet correct geauthenticeerd.", "authentication", "Authenticatie ontbreekt."),
    403: ("7231#section-6.5.3", "U bent niet geautoriseerd voor deze operatie.", "autorisation", "Geen toegang."),
    404: ("7231#section-6.5.4", "Opgevraagde resource bestaat niet.", "notFound", "Er is niets op dit adres."),
    405: ("7231#section-6.5.5", "Methode niet toegestaan.", "methodNotAllowed", "Deze methode kan hier niet."),
    406: ("7231#section-6.5.6", "Gevraagde contenttype wordt niet ondersteund.", "notAcceptable", "Alleen JSON."),
    413: ("7231#section-6.5.11", "Bericht is te groot.", "payloadTooLarge", "De body is groter dan 1 MB."),
    415: ("7231#section-6.5.13", "Media Type wordt niet ondersteund.", "unsupported", "Alleen JSON."),
    429: ("6585#section-4", "Te veel verzoeken.", "tooManyRequests", "Probeer het later opnieuw."),
    500: ("7231#section-6.6.1", "Interne server fout.", "serverError", "Er ging iets mis."),
    501: ("7231#section-6.6.2", "Niet geïmplementeerd.", "notImplemented", "Deze gateway biedt dit niet."),
    503: ("7231#section-6.6.4", "Bronservice BRP is tijdelijk niet beschikbaar.", "notAvailable", "Later opnieuw."),
}


def fout(request: Request, status: int, *, detail: str = "", titel: str = "") -> Response:
    """Answer ``status`` with its usual text."""
    _, title, code, tekst = _SOORTEN[status]
    return problem(request, status, titel or title, code=code, detail=detail or tekst)


def problem(request: Request, status: int, title: str, **velden: Any) -> Response:
    """Answer with a problem document. ``instance`` names the path, but never a burgerservicenummer in it."""
    sectie = _SOORTEN[status][0] if status in _SOORTEN else ""
    soort = f"https://datatracker.ietf.org/doc/html/rfc{sectie}" if sectie else f"{_RFC}6.5.1"
    body = {"type": soort, "title": title, "status": status, "instance": mask_bsns(request.path), **velden}
    return Response(body=body, status=status, media=PROBLEM)
