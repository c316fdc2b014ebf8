# SPDX-License-Identifier: EUPL-1.2
"""Pages: templates with autoescape, who may see them, forms that cannot be sent by another site.

Each projection keeps its templates in its own folder and shares ``hub/api/templates`` (the layout and the macros).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NoReturn

import structlog
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect

from hub.api import datums
from hub.api.edge import Edge, MenuItem, edge
from hub.api.sessions import Sessie, Soort
from hub.plugins import Gemeente

log = structlog.get_logger()
SHARED: Final = Path(__file__).parent / "templates"
MAX_FIELD: Final = 4_000
MAX_FIELDS: Final = 50
NO_THEME: Final = "wissel"
Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


class LoginNodig(Exception):  # not an error: the way to the login page
    """Somebody must log in first; the handler of it sends the browser there."""

    def __init__(self, soort: Soort) -> None:
        super().__init__(soort)
        self.soort = soort


class LoginOntbreekt(Exception):  # a state of the installation, shown as a page
    """No way to log in is configured: the pages refuse."""


class Bladen:
    """The templates of one package."""

    def __init__(self, folder: Path) -> None:
        self._env = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(SHARED)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.filters.update(dag=datums.dag, klok=datums.klok, dag_en_tijd=datums.dag_en_tijd, duur=datums.duur)

    def toon(
        self, request: Request[Any, Any, Any], template: str, *, status: int = HTTPStatus.OK, **values: Any
    ) -> Response[str]:
        """Return a page. Everything a template needs of the surroundings (menu, freshness, texts) is given to it."""
        context = {**_surroundings(request), **values}
        html = self._env.get_template(template).render(context)
        headers = {"Cache-Control": "no-store"}
        return Response(html, status_code=status, media_type="text/html", headers=headers)


SHARED_PAGES: Final = Bladen(SHARED)


def _surroundings(request: Request[Any, Any, Any]) -> dict[str, Any]:
    here = edge(request)
    sessie = sessie_of(request)
    gemeente = here.hub.gemeenten.get(sessie.gemeente) if sessie else None
    melding = None
    if sessie and sessie.melding and "hx-request" not in request.headers:
        melding, sessie.melding = sessie.melding, None
    return {
        "t": here.teksten.voor(gemeente.slug if gemeente else None),
        "sessie": sessie,
        "csrf": sessie.csrf if sessie else "",
        "gemeente": gemeente,
        "thema": gemeente.thema if gemeente else NO_THEME,
        "menu": _menu(here, sessie),
        "hier": request.url.path,
        "versheid": here.versheid(),
        "vendor": here.vendor,
        "themas": here.themas,
        "verversen_s": here.settings.verversen_s,
        "stil_min": round(here.settings.sessie_stil_min),
        "melding": melding,
    }


def _menu(here: Edge, sessie: Sessie | None) -> list[MenuItem]:
    if sessie is None:
        return []
    mine = [i for i in here.menu if i.soort == sessie.soort and (i.scope is None or sessie.mag(i.scope))]
    return sorted(mine, key=lambda item: item.plaats)


def sessie_of(request: Request[Any, Any, Any]) -> Sessie | None:
    """Return the session of this request; looked up once, because looking counts as activity."""
    if "sessie" not in request.state:
        request.state.sessie = edge(request).sessies.of(request)
    found = request.state.sessie
    assert found is None or isinstance(found, Sessie)
    return found


def only(soort: Soort, scope: str | None = None) -> Guard:
    """Return a guard for pages of residents or staff: else to the login page, or 403 when the scope is missing."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        assert isinstance(connection, Request)
        if edge(connection).login is None:
            raise LoginOntbreekt
        sessie = sessie_of(connection)
        if sessie is None or sessie.soort != soort:
            raise LoginNodig(soort)
        if scope is not None and not sessie.mag(scope):
            log.warning("access_refused", door=_who(sessie), gemeente=sessie.gemeente, scope=scope)
            raise PermissionDeniedException("U heeft geen toegang tot deze pagina.")

    guard.page = (soort, scope)  # type: ignore[attr-defined]  # read by the test that every page has a policy
    return guard


def _who(sessie: Sessie) -> str:
    return sessie.medewerker.id if sessie.medewerker else "inwoner"


def mine(request: Request[Any, Any, Any]) -> tuple[Sessie, Gemeente]:
    """Return the session and its gemeente; only behind ``only``."""
    sessie = sessie_of(request)
    assert sessie is not None
    return sessie, edge(request).hub.gemeenten[sessie.gemeente]


async def form_of(request: Request[Any, Any, Any], *, login: bool = False) -> Mapping[str, str]:
    """Return the fields of a form that came from our own page, else 403. Fields are text, bounded, without U+0000."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        _foreign()
    fields = list((await request.form()).multi_items())
    if len(fields) > MAX_FIELDS or any(not isinstance(v, str) or len(v) > MAX_FIELD for _, v in fields):
        raise ClientException("Een veld is te lang of van een verkeerde soort. Ga terug en maak het korter.")
    form = {name: value.replace("\x00", "").strip() for name, value in fields}
    token = form.pop("csrf", "")
    sessie = sessie_of(request)
    fits = edge(request).sessies.login_csrf_fits(request, token) if login else sessie and sessie.csrf_fits(token)
    if not fits:
        _foreign()
    return form


def _foreign() -> NoReturn:
    raise PermissionDeniedException("Dit formulier is verlopen of kwam niet van deze website. Ga terug en probeer het opnieuw.")


def naar(path: str) -> Redirect:
    """Return the answer after a form: go and look there (303), so that reloading sends nothing twice."""
    return Redirect(path, status_code=303)
