# SPDX-License-Identifier: EUPL-1.2
"""Faults on request: what another side may do, so that who depends on it can be tested against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from connectors.burgerzaken.simulator.asgi import Request, Response
from connectors.burgerzaken.simulator.bevolking_nummers import Dobbelsteen
from connectors.burgerzaken.simulator.fouten import fout

ONDERDELEN: Final = ("brp", "bag", "bewoning", "verwerking")
_PAGE: Final = b"<!DOCTYPE html><title>Storing</title><p>Wij zijn zo terug.</p>"
_DRIP_S: Final = 0.2


def _with_status(status: int, **headers: str) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        response = fout(request, status)
        response.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return response

    return answer


ANTWOORDEN: Final[Mapping[str, Callable[[Request], Response]]] = {
    "foutpagina": lambda _: Response(letterlijk=_PAGE, media="text/html; charset=utf-8"),
    "onderhoudspagina-als-json": lambda _: Response(letterlijk=_PAGE),
    "half": lambda _: Response(letterlijk=b'{"type": "RaadpleegMetBurgerservicenummer", "personen": [{"burg'),
    "leeg": lambda _: Response(letterlijk=b"{}"),
    "omleiding": lambda _: Response(status=302, headers={"Location": "https://elders.example/personen"}),
    "token-geweigerd": _with_status(401),
    "geen-toegang": _with_status(403),
    "te-vaak": _with_status(429, Retry_After="120"),
    "kapot": _with_status(500),
    "druppelt": lambda _: Response(letterlijk=b'{"personen": []}', druppel_s=_DRIP_S),
}
"""What a part answers instead of its own answer."""


@dataclass(slots=True)
class Storing:
    """What is wrong with a part: ``uit`` answers 503, ``antwoord`` names another answer, the others delay or fail a share."""

    uit: bool = False
    vertraging_s: float = 0.0
    fout_percentage: int = 0
    antwoord: str = ""


class Storingen:
    """The faults that were asked for. Which answer fails follows from the seed and the order of the requests."""

    def __init__(self, seed: int) -> None:
        self._kans = Dobbelsteen(seed, 13)
        self.per_onderdeel = {onderdeel: Storing() for onderdeel in ONDERDELEN}

    def herstel(self) -> None:
        """Everything works again."""
        self.per_onderdeel = {onderdeel: Storing() for onderdeel in ONDERDELEN}

    def van(self, onderdeel: str) -> Storing | None:
        """Return what is wrong with a part, None when nothing is."""
        storing = self.per_onderdeel.get(onderdeel)
        wrong = storing and (storing.uit or storing.vertraging_s or storing.fout_percentage or storing.antwoord)
        return storing if wrong else None

    def antwoord(self, request: Request, storing: Storing) -> Response | None:
        """Return the failure that this request meets, None when it is answered as usual."""
        if storing.uit:
            return fout(request, 503)
        if storing.antwoord:
            return ANTWOORDEN[storing.antwoord](request)
        if not self._kans.procent(storing.fout_percentage):
            return None
        response = fout(request, self._kans.kies((500, 503, 429)))
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers = {"Retry-After": "1"}
        return response
