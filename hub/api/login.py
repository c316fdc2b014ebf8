# SPDX-License-Identifier: EUPL-1.2
"""How people log in is a port: residents through DigiD, staff through the municipality's own provider.

``DemoLogin`` is the stand-in of the demo: whoever reaches it is whoever they say they are. So it must be handed to
``create_app`` as an object, never by a setting; the server must be bound to loopback, else it does not start; and it
answers only requests that came for a loopback name without a proxy in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from hub.api.edge import edge
from hub.api.pages import SHARED_PAGES, form_of, naar
from hub.api.sessions import Medewerker, Sessie, Soort
from hub.api.settings import SCOPES, ApiSettings, is_loopback
from hub.errors import ConfigError
from hub.plugins import Gemeente, Hub
from hub.privacy import Bsn

PATHS: Final[Mapping[Soort, str]] = {"inwoner": "/inloggen/inwoner", "medewerker": "/inloggen/medewerker"}
HOME: Final[Mapping[Soort, str]] = {"inwoner": "/mijn", "medewerker": "/werkvoorraad"}
PROXIED: Final = ("x-forwarded-for", "x-forwarded-host", "forwarded", "via")


class LoginPort(Protocol):
    """A way to log in. ``routes`` answer ``/inloggen/inwoner`` and ``/inloggen/medewerker``."""

    @property
    def naam(self) -> str:
        """Return the name of this way of logging in."""

    def routes(self) -> Sequence[Any]:
        """Return the Litestar handlers."""

    def check(self, settings: ApiSettings) -> None:
        """Raise ConfigError when this way of logging in may not be used with these settings."""


@dataclass(frozen=True, slots=True)
class Voorbeeld:
    """An example resident on the login page of the demo: the step their zaak is in, its number, their pseudonym."""

    stap: str
    nummer: str
    pseudoniem: str


Voorbeelden = Callable[[Hub, Gemeente], Sequence[Voorbeeld]]
_HANDLING: Final = frozenset(SCOPES) - {"stand:lezen"}
DEMO_STAFF: Final = (
    Medewerker("behandelaar-sam", "Sam (behandelaar)", "Burgerzaken", _HANDLING),
    Medewerker("behandelaar-noor", "Noor (behandelaar)", "Burgerzaken", _HANDLING),
    Medewerker("coordinator-lou", "Lou (coördinator)", "Burgerzaken", _HANDLING | {"lijst:beheren"}),
    Medewerker("kcc-robin", "Robin (klantcontact)", "KCC", frozenset({"klantbeeld:lezen", "zaken:lezen"})),
    Medewerker("beheer-alex", "Alex (beheer)", "Beheer", frozenset({"stand:lezen"})),
)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """The demo's stand-in for logging in. ``voorbeelden`` gives residents to choose from, by their situation."""

    staff: Sequence[Medewerker] = DEMO_STAFF
    naam: str = field(default="demo", init=False)

    def check(self, settings: ApiSettings) -> None:
        """Raise ConfigError unless the server is bound to loopback."""
        if not settings.loopback:
            raise ConfigError(
                [f"api.host: {settings.host!r} met de demo-inlog; zet api.host op 127.0.0.1 of stel echt inloggen in"]
            )

    def routes(self) -> Sequence[Any]:
        """Return the login pages of the demo."""
        return [_show_resident, _show_staff, _resident, _staff]


def _only_here(request: Request[Any, Any, Any]) -> DemoLogin:
    login = edge(request).login
    host = request.url.hostname or ""
    client = request.client.host if request.client else ""
    # the test client has no address of its own
    near = is_loopback(client) or client in {"", "testclient"}
    if not isinstance(login, DemoLogin) or not is_loopback(host) or not near or any(h in request.headers for h in PROXIED):
        raise NotFoundException("De demo-inlog werkt alleen op deze machine zelf, via http://127.0.0.1 of http://localhost.")
    return login


def _form(request: Request[Any, Any, Any], soort: Soort, *, fout: str | None = None, status: int = 200) -> Response[str]:
    login = _only_here(request)
    here = edge(request)
    csrf, cookie = here.sessies.login_guard(request)
    page = SHARED_PAGES.toon(
        request,
        "inloggen-demo.html",
        status=status,
        soort=soort,
        gemeenten=list(here.hub.gemeenten.values()),
        voorbeelden=_examples(request) if soort == "inwoner" else {},
        staff=login.staff,
        fout=fout,
        csrf=csrf,
    )
    page.set_cookie(cookie)
    return page


def _examples(request: Request[Any, Any, Any]) -> dict[str, Sequence[Voorbeeld]]:
    here = edge(request)
    found: Voorbeelden | None = here.voorbeelden
    return {slug: found(here.hub, gemeente) for slug, gemeente in here.hub.gemeenten.items()} if found else {}


@get(PATHS["inwoner"], include_in_schema=False)
async def _show_resident(request: Request[Any, Any, Any]) -> Response[str]:
    return _form(request, "inwoner")


@get(PATHS["medewerker"], include_in_schema=False)
async def _show_staff(request: Request[Any, Any, Any]) -> Response[str]:
    return _form(request, "medewerker")


@post(PATHS["inwoner"], include_in_schema=False, status_code=303)
async def _resident(request: Request[Any, Any, Any]) -> Response[Any]:
    _only_here(request)
    form = await form_of(request, login=True)
    gemeente = _gemeente(request, form)
    person = form.get("pseudoniem") or None
    if person is None:
        try:
            person = gemeente.pseudonym(Bsn(form.get("bsn", "")))
        except ValueError:
            return _form(request, "inwoner", fout=edge(request).teksten.voor(None)("inloggen.bsn_fout"), status=400)
    elif person not in {example.pseudoniem for example in _examples(request).get(gemeente.slug, ())}:
        raise NotFoundException("Deze voorbeeld-inwoner is er niet meer. Kies een andere.")
    return _enter(request, Sessie("inwoner", gemeente.slug, persoon=person))


@post(PATHS["medewerker"], include_in_schema=False, status_code=303)
async def _staff(request: Request[Any, Any, Any]) -> Response[Any]:
    login = _only_here(request)
    form = await form_of(request, login=True)
    gemeente = _gemeente(request, form)
    chosen = next((m for m in login.staff if m.id == form.get("medewerker")), None)
    if chosen is None:
        raise NotFoundException("Deze medewerker is er niet. Kies een andere.")
    return _enter(request, Sessie("medewerker", gemeente.slug, medewerker=chosen))


def _gemeente(request: Request[Any, Any, Any], form: Mapping[str, str]) -> Gemeente:
    found = edge(request).hub.gemeenten.get(form.get("gemeente", ""))
    if found is None:
        raise NotFoundException("Deze gemeente is niet ingesteld. Kies een andere.")
    return found


def _enter(request: Request[Any, Any, Any], sessie: Sessie) -> Response[Any]:
    response = naar(start_of(request, sessie))
    edge(request).sessies.replace(request, response, sessie)
    return response


def start_of(request: Request[Any, Any, Any], sessie: Sessie) -> str:
    """Return the first page of a session: the first menu entry it may open."""
    items = [i for i in edge(request).menu if i.soort == sessie.soort and (i.scope is None or sessie.mag(i.scope))]
    return min(items, key=lambda item: item.plaats).path if items else "/"
