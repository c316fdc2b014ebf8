# SPDX-License-Identifier: EUPL-1.2
"""Pages of 100: {count, next, previous, results}, as the ZGW APIs give them (pageSize: Open Zaak, at most 500)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from connectors.zaak.simulator.resource import MAX_PAGE_SIZE, PAGE_SIZE, Resource
from connectors.zaak.simulator.web import JSON_TYPE, ApiError, Request, Response, encode


def paginated(request: Request, resources: Sequence[Resource]) -> Response:
    """Answer one page of ``resources``."""
    number, size = page(request)
    results = b",".join(resource.body for resource in resources[(number - 1) * size : number * size])
    return page_of(request, results, count=len(resources))


def page(request: Request) -> tuple[int, int]:
    """Return (page number from 1, page size); 404 when they are no numbers in range."""
    try:
        number, size = int(request.query.get("page", 1)), int(request.query.get("pageSize", PAGE_SIZE))
    except ValueError:
        raise _no_page() from None
    if number < 1 or not 1 <= size <= MAX_PAGE_SIZE:
        raise _no_page()
    return number, size


def page_of(request: Request, results: bytes, *, count: int) -> Response:
    """Answer a page whose results are encoded already; 404 for a page past the last."""
    number, size = page(request)
    if number > 1 and (number - 1) * size >= count:
        raise _no_page()
    head = {
        "count": count,
        "next": _link(request, number + 1) if number * size < count else None,
        "previous": _link(request, number - 1) if number > 1 else None,
    }
    return Response(200, encode(head)[:-1] + b',"results":[' + results + b"]}", [JSON_TYPE])


def _link(request: Request, number: int) -> str:
    query = {**request.query, "page": str(number)}
    return f"{request.app.config.basis_url}{request.path}?{urlencode(query)}"


def _no_page() -> ApiError:
    text = "Ongeldige pagina."
    return ApiError(404, soort="NotFound", code="not_found", title="Niet gevonden.", detail=text)
