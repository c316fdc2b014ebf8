# SPDX-License-Identifier: EUPL-1.2
"""The HTTP application: mounts what connectors and projections bring, and holds what they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Contact, License, SecurityScheme, Server
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from hub import metrics
from hub.api.auth import Tokens
from hub.api.edge import Edge, MenuItem, edge
from hub.api.faults import check_address
from hub.api.gezond import livez
from hub.api.headers import API_VERSION, OPENAPI_PATH, before_send, start_clock
from hub.api.login import PATHS, LoginPort, start_of
from hub.api.pages import SHARED_PAGES, LoginNodig, LoginOntbreekt, form_of, naar, sessie_of
from hub.api.problems import problem_of, problem_response, raised_in, record
from hub.api.redenen import teksten_van_redenen
from hub.api.schemaregister import PATH as SCHEMA_REGISTRY_PATH
from hub.api.schemaregister import schema_registry
from hub.api.sessions import Sessies
from hub.api.settings import ApiSettings
from hub.api.teksten import Teksten
from hub.errors import HubError
from hub.plugins import Hub
from schemas import load as load_schemas

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = (
    "tokens.css",
    "utrecht.css",
    "denhaag-process-steps.css",
    "denhaag-step-marker.css",
    "htmx.min.js",
)
MAX_BODY_BYTES: Final = 1_048_576
API_PATHS: Final = ("/v1/", "/webhooks/", "/metrics", "/livez", "/readyz", SCHEMA_REGISTRY_PATH)


def create_app(hub: Hub, *, routes: Sequence[Any], settings: ApiSettings, login: LoginPort | None) -> Litestar:
    """Return the application. ``routes`` are the handlers of all connectors and projections.

    ConfigError, with everything at once, when tokens or texts are wrong or ``login`` may not be used with ``settings``.
    """
    if login is not None:
        login.check(settings)
    handlers = [livez, _readyz, _metrics, _start, _logout, *routes, *(login.routes() if login else _NO_LOGIN)]
    here = Edge(
        hub=hub,
        settings=settings,
        tokens=Tokens(settings.tokens, hub.gemeenten),
        sessies=Sessies(settings),
        login=login,
        teksten=Teksten({slug: gemeente.teksten for slug, gemeente in hub.gemeenten.items()}, more=teksten_van_redenen()),
        menu=tuple(_options(routes, "menu")),
        vendor=tuple(name for name in VENDOR if (STATIC / "vendor" / name).is_file()),
        themas=frozenset(file.stem for file in settings.themas.glob("*.css")) if settings.themas else frozenset(),
        voorbeelden=next(_options(routes, "voorbeelden"), None),
    )
    return Litestar(
        route_handlers=[*handlers, schema_registry(load_schemas()), *_static(settings)],
        state=State({"edge": here}),
        exception_handlers={
            LoginNodig: _to_login,
            LoginOntbreekt: _no_login_page,
            HubError: _failed,
            HTTPException: _failed,
            Exception: _failed,
        },
        before_send=[before_send(secure=settings.secure)],
        before_request=_begin,
        openapi_config=_openapi(settings),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        response_cache_config=ResponseCacheConfig(),
        debug=False,
    )


def _options(routes: Sequence[Any], name: str) -> Iterator[Any]:
    """Yield what handlers carry under ``name`` in their options: a menu entry, examples for the demo."""
    return (route.opt[name] for route in routes if isinstance(route, HTTPRouteHandler) and name in route.opt)


def _openapi(settings: ApiSettings) -> OpenAPIConfig:
    contact = Contact(name=settings.contact_naam, email=settings.contact_email, url=settings.contact_url)
    bearer = SecurityScheme(type="http", scheme="bearer", description="Token met rechten, door de gemeente uitgegeven.")
    return OpenAPIConfig(
        title="Wissel",
        version=API_VERSION,
        description="Zaken, werkvoorraad, klantbeeld en beoordelingen van verhuisaangiften. De gemeente volgt uit het token.",
        contact=contact,
        license=License(name="EUPL-1.2", identifier="EUPL-1.2"),
        servers=[Server(url=settings.publieke_url or "/")],
        components=Components(security_schemes={"token": bearer}),
        path=OPENAPI_PATH,
        render_plugins=[JsonRenderPlugin(path="/")],
        use_handler_docstrings=True,
    )


def _static(settings: ApiSettings) -> list[Router]:
    folders = {"/static": STATIC, **({"/static/themas": settings.themas} if settings.themas else {})}
    return [
        create_static_files_router(path=path, directories=[folder], html_mode=False, include_in_schema=False)
        for path, folder in folders.items()
    ]


# ------------------------------------------------------------------------------------------------------------ failures


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Return True when a person with a browser asks, so that an error is a page and not JSON."""
    return not request.url.path.startswith(API_PATHS) and "text/html" in request.headers.get("accept", "")


async def _begin(request: Request[Any, Any, Any]) -> None:
    start_clock(request)
    check_address(request)


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if isinstance(error, UnicodeDecodeError) and request.method == "POST":  # Litestar lets it through from a JSON body
        error = ClientException("De inhoud is geen geldige UTF-8.")
    if isinstance(error, RecursionError) and _while_reading(error):  # as this
        error = ClientException("De inhoud is te diep genest.")
    problem = problem_of(request, error)
    record(request, error, problem)
    if not wants_page(request):
        return problem_response(problem)
    return SHARED_PAGES.toon(request, "fout.html", status=problem.status, problem=problem)


def _while_reading(error: Exception) -> bool:
    """Return True when the body was too deeply nested to be read; anything else that recurses is a fault of ours."""
    frame = raised_in(error)
    return frame is not None and frame.f_code.co_name == "decode_json"


def _to_login(request: Request[Any, Any, Any], error: LoginNodig) -> Response[Any]:
    path = PATHS[error.soort]
    if "hx-request" in request.headers:
        return Response(None, status_code=204, headers={"HX-Redirect": path})
    return naar(path)


def _no_login_page(request: Request[Any, Any, Any], _: LoginOntbreekt) -> Response[Any]:
    return SHARED_PAGES.toon(request, "geen-inlog.html", status=503)


# -------------------------------------------------------------------------------------------------------- own handlers


@get("/readyz", include_in_schema=False, media_type=MediaType.TEXT)
async def _readyz(request: Request[Any, Any, Any]) -> str:
    """Answer that the store can be read; 503 when it cannot."""
    await edge(request).hub.read(lambda tx: tx.one("SELECT 1"))
    return "ok"


@get("/metrics", include_in_schema=False)
async def _metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer all metrics in the Prometheus text format; no label holds personal data."""
    here = edge(request)
    fresh = here.versheid()
    metrics.ACHTERSTAND.labels("leesmodellen").set(fresh.achter)
    metrics.ACHTER.set(fresh.achter_s)
    here.hub.bediening.toezicht()
    metrics.SESSIES.set(here.sessies.logged_in())
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


@get("/", include_in_schema=False)
async def _start(request: Request[Any, Any, Any]) -> Response[Any]:
    """Show where to go; who is logged in goes on to their own first page."""
    if sessie := sessie_of(request):
        return naar(start_of(request, sessie)) if start_of(request, sessie) != "/" else _welcome(request)
    return _welcome(request)


def _welcome(request: Request[Any, Any, Any]) -> Response[str]:
    return SHARED_PAGES.toon(request, "welkom.html", inloggen=PATHS, kan=edge(request).login is not None)


@post("/uitloggen", include_in_schema=False, status_code=303)
async def _logout(request: Request[Any, Any, Any]) -> Redirect:
    """Log out and go to the start."""
    await form_of(request)
    response = naar("/")
    edge(request).sessies.drop(request, response)
    return response


@get([PATHS["inwoner"], PATHS["medewerker"]], include_in_schema=False)
async def _refuse_login(request: Request[Any, Any, Any]) -> Response[str]:
    return SHARED_PAGES.toon(request, "geen-inlog.html", status=503)


_NO_LOGIN: Final = (_refuse_login,)
__all__ = ("MenuItem", "create_app", "wants_page")
