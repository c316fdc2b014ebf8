# SPDX-License-Identifier: EUPL-1.2
"""Catalogi API 1.3: lists by filter and details, read only."""

from __future__ import annotations

from typing import Final

from connectors.zaak.simulator.paging import paginated
from connectors.zaak.simulator.resource import Resource, detail
from connectors.zaak.simulator.web import Request, Response, not_found

_GENERAL: Final = frozenset({"status", "datumGeldigheid", "page", "pageSize"})
FILTERS: Final = {
    "catalogussen": frozenset({"domein", "rsin", "page", "pageSize"}),
    "zaaktypen": _GENERAL | {"catalogus", "identificatie", "trefwoorden"},
    "statustypen": _GENERAL | {"zaaktype", "zaaktypeIdentificatie"},
    "resultaattypen": _GENERAL | {"zaaktype", "zaaktypeIdentificatie"},
    "roltypen": _GENERAL | {"zaaktype", "zaaktypeIdentificatie", "omschrijvingGeneriek"},
    "eigenschappen": _GENERAL | {"zaaktype", "zaaktypeIdentificatie"},
}
_EXACT: Final = frozenset(
    {"catalogus", "identificatie", "zaaktype", "zaaktypeIdentificatie", "omschrijvingGeneriek", "domein", "rsin"}
)


def list_resources(request: Request) -> Response:
    """Answer the resources of one kind that fit the filters; without ``status`` only definitive ones."""
    resources = request.gemeente.catalogus.by_kind[request.route.kind].values()
    return paginated(request, [resource for resource in resources if _fits(resource, request.query)])


def get_resource(request: Request) -> Response:
    """Answer one resource."""
    found = request.gemeente.catalogus.by_kind[request.route.kind].get(request.ids[0])
    if found is None:
        raise not_found()
    return detail(found, request.headers)


def _fits(resource: Resource, query: dict[str, str]) -> bool:
    data = resource.data
    if query.get("status") == "concept":
        return False
    if any(str(data.get(name)) != query[name] for name in query.keys() & _EXACT):
        return False
    day = query.get("datumGeldigheid")
    return day is None or _valid_on(data.get("beginGeldigheid"), data.get("eindeGeldigheid"), day)


def _valid_on(begin: str | None, einde: str | None, day: str) -> bool:
    return (begin is None or begin <= day) and (einde is None or day <= einde)
