# SPDX-License-Identifier: EUPL-1.2
"""Which call goes where: (api, resource, number of path parts, last word) -> method -> route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from connectors.zaak.simulator import catalogi, children, config, kinds, notificaties, objecten, zaken, zoeken
from connectors.zaak.simulator.web import Request, Response

Handler = Callable[[Request], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. ``scopes``: any of these is needed (empty: no JWT). ``query``: parameters allowed, None: any.

    ``crs``: Accept-Crs and, with a body, Content-Crs must be EPSG:4326. ``kind``: see catalogi.
    """

    handler: Handler
    pattern: str
    scopes: frozenset[str]
    query: frozenset[str] | None = frozenset()
    crs: bool = False
    kind: str = ""


Key = tuple[str, str, int, str]
Routes = dict[Key, dict[str, Route]]
_READ: Final = frozenset({config.LEZEN})
_WRITE: Final = frozenset({config.BIJWERKEN, config.GEFORCEERD})
_SCOPES: Final[dict[str, frozenset[str]]] = {
    "statussen": frozenset({config.AANMAKEN, config.STATUSSEN, config.HEROPENEN}),
    "zaakobjecten": _WRITE | {config.AANMAKEN},
}
_METHODS: Final = {
    "rollen": ("DELETE",),  # the standard has no PUT and no PATCH: a take-over is DELETE and POST
    "statussen": (),
    "resultaten": ("PUT", "PATCH", "DELETE"),
    "zaakobjecten": ("PUT", "PATCH", "DELETE"),
    "zaakeigenschappen": ("PUT", "PATCH", "DELETE"),
    "klantcontacten": (),
}
_PAGING: Final = frozenset({"page", "pageSize"})


def key_of(api: str, parts: list[str]) -> Key:
    """Return the key of a path: ``_zoek`` and what follows a uuid are words, a uuid is not."""
    word = parts[2] if len(parts) > 2 else ("_zoek" if parts[1:2] == ["_zoek"] else "")  # noqa: PLR2004
    return (api, parts[0] if parts else "", len(parts), word)


def build() -> Routes:
    """Return all routes."""
    return {**_catalogi(), **_zaken(), **_children(), **_notificaties(), **_objecten()}


def _catalogi() -> Routes:
    scopes = frozenset({config.CATALOGI})
    routes: Routes = {}
    for kind, filters in catalogi.FILTERS.items():
        common: dict[str, Any] = {"scopes": scopes, "kind": kind}
        listed = Route(handler=catalogi.list_resources, pattern=f"/{kind}", query=filters, **common)
        single = Route(
            handler=catalogi.get_resource,
            pattern=f"/{kind}/{{uuid}}",
            query=frozenset({"datumGeldigheid"}),
            **common,
        )
        routes["catalogi", kind, 1, ""] = {"GET": listed}
        routes["catalogi", kind, 2, ""] = {"GET": single}
    return routes


def _zaken() -> Routes:
    detail: dict[str, Any] = {"pattern": "/zaken/{uuid}", "crs": True}
    trail = frozenset({config.AUDITTRAIL})
    listed = Route(handler=zoeken.list_zaken, pattern="/zaken", scopes=_READ, query=zoeken.FILTERS, crs=True)
    made = Route(handler=zaken.create_zaak, pattern="/zaken", scopes=frozenset({config.AANMAKEN}), crs=True)
    changed = Route(handler=zaken.update_zaak, scopes=_WRITE, **detail)
    return {
        ("zaken", "zaken", 1, ""): {"GET": listed, "POST": made},
        ("zaken", "zaken", 2, "_zoek"): {
            "POST": Route(handler=zoeken.zoek, pattern="/zaken/_zoek", scopes=_READ, query=_PAGING, crs=True)
        },
        ("zaken", "zaken", 2, ""): {
            "GET": Route(handler=zaken.get_zaak, scopes=_READ, query=frozenset({"expand"}), **detail),
            "PUT": changed,
            "PATCH": changed,
            "DELETE": Route(handler=zaken.delete_zaak, scopes=frozenset({config.VERWIJDEREN}), **detail),
        },
        ("zaken", "zaken", 3, "audittrail"): {
            "GET": Route(handler=zaken.get_audittrail, pattern="/zaken/{uuid}/audittrail", scopes=trail)
        },
        ("zaken", "zaken", 4, "audittrail"): {
            "GET": Route(handler=zaken.get_audittrail_entry, pattern="/zaken/{uuid}/audittrail/{uuid}", scopes=trail)
        },
        ("zaken", "zaken", 3, "besluiten"): {
            "GET": Route(handler=zaken.no_documents, pattern="/zaken/{uuid}/besluiten", scopes=_READ)
        },
        ("zaken", "zaakinformatieobjecten", 1, ""): {
            "GET": Route(handler=zaken.no_documents, pattern="/zaakinformatieobjecten", scopes=_READ, query=None)
        },
    }


def _children() -> Routes:
    routes: Routes = {}
    for kind in kinds.FLAT:
        routes |= _child_routes(kind, depth=1, base=f"/{kind.segment}", word="")
    nested = kinds.ZAAKEIGENSCHAPPEN
    return routes | _child_routes(nested, depth=3, base=f"/zaken/{{uuid}}/{nested.segment}", word=nested.segment)


def _child_routes(kind: children.Kind, *, depth: int, base: str, word: str) -> Routes:
    resource = "zaken" if kind.nested else kind.segment
    write = _SCOPES.get(kind.segment, _WRITE)
    lister = children.list_nested if kind.nested else children.list_children
    filters = frozenset() if kind.nested else kind.filters | _PAGING
    one = f"{base}/{{uuid}}"
    changes = {"PUT": children.update_child, "PATCH": children.update_child, "DELETE": children.delete_child}
    single = {"GET": Route(handler=partial(children.get_child, kind), pattern=one, scopes=_READ)}
    for method in _METHODS[kind.segment]:
        single[method] = Route(handler=partial(changes[method], kind), pattern=one, scopes=write)
    return {
        ("zaken", resource, depth, word): {
            "GET": Route(handler=partial(lister, kind), pattern=base, scopes=_READ, query=filters),
            "POST": Route(handler=partial(children.create_child, kind), pattern=base, scopes=write),
        },
        ("zaken", resource, depth + 1, word): single,
    }


def _notificaties() -> Routes:
    consume, publish = frozenset({config.CONSUMEREN}), frozenset({config.PUBLICEREN})
    either = consume | publish
    update = Route(handler=notificaties.update_abonnement, pattern="/abonnement/{uuid}", scopes=consume)
    return {
        ("notificaties", "kanaal", 1, ""): {
            "GET": Route(handler=notificaties.list_kanalen, pattern="/kanaal", scopes=either, query=frozenset({"naam"})),
            "POST": Route(handler=notificaties.create_kanaal, pattern="/kanaal", scopes=publish),
        },
        ("notificaties", "kanaal", 2, ""): {
            "GET": Route(handler=notificaties.get_kanaal, pattern="/kanaal/{uuid}", scopes=either)
        },
        ("notificaties", "abonnement", 1, ""): {
            "GET": Route(handler=notificaties.list_abonnementen, pattern="/abonnement", scopes=either),
            "POST": Route(handler=notificaties.create_abonnement, pattern="/abonnement", scopes=consume),
        },
        ("notificaties", "abonnement", 2, ""): {
            "GET": Route(handler=notificaties.get_abonnement, pattern="/abonnement/{uuid}", scopes=either),
            "PUT": update,
            "PATCH": update,
            "DELETE": Route(handler=notificaties.delete_abonnement, pattern="/abonnement/{uuid}", scopes=consume),
        },
        ("notificaties", "notificaties", 1, ""): {
            "POST": Route(handler=notificaties.publish, pattern="/notificaties", scopes=publish)
        },
    }


def _objecten() -> Routes:
    def route(handler: Callable[[Request], Response], pattern: str) -> Route:
        return Route(handler=objecten.with_token(handler), pattern=pattern, scopes=frozenset(), query=None)

    return {
        ("objecten", "objects", 1, ""): {
            "GET": route(objecten.list_objects, "/objects"),
            "POST": route(objecten.create_object, "/objects"),
        },
        ("objecten", "objects", 2, ""): {"GET": route(objecten.get_object, "/objects/{uuid}")},
    }
