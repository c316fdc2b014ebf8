# SPDX-License-Identifier: EUPL-1.2
"""Zaken API: rollen, statussen, resultaten, zaakobjecten, zaakeigenschappen and klantcontacten of a zaak.

What they share is here: lists, details, create, change and delete, with the rule that a closed zaak changes only by
force. What is particular to one kind stands in ``kinds``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from connectors.zaak.simulator.config import GEFORCEERD
from connectors.zaak.simulator.mutations import record
from connectors.zaak.simulator.paging import paginated
from connectors.zaak.simulator.resource import Resource, detail, plain_list
from connectors.zaak.simulator.state import Dossier
from connectors.zaak.simulator.validation import Fields, read
from connectors.zaak.simulator.web import JSON_TYPE, Json, Request, Response, closed, created, invalid_field, not_found
from connectors.zaak.simulator.zaken import dossier_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource under a zaak.

    ``name``      its name in notifications and the audit trail; ``segment`` the one in the path.
    ``build``     makes the data after url and uuid from the values read; may refuse with ApiError.
    ``added``     called after it was stored, ``removed`` after it was deleted.
    ``immutable`` fields that PUT and PATCH may not change.
    ``guarded``   False: may also be created under a closed zaak (a status has its own rule).
    """

    name: str
    segment: str
    fields: Fields
    build: Callable[[Request, Dossier, Json], Json]
    filters: frozenset[str]
    added: Callable[[Request, Dossier, Resource], None] = lambda _request, _dossier, _resource: None
    removed: Callable[[Dossier, Resource], None] = lambda _dossier, _resource: None
    sort: Callable[[Resource], str] | None = None
    immutable: tuple[str, ...] = ("zaak",)
    guarded: bool = True
    nested: bool = False


def list_children(kind: Kind, request: Request) -> Response:
    """Answer all resources of a kind that fit the filters, newest first."""
    found = [resource for resource in _candidates(kind, request) if _fits(kind, resource, request.query)]
    found.reverse()
    if kind.sort is not None:
        found.sort(key=kind.sort, reverse=True)
    return paginated(request, found)


def list_nested(kind: Kind, request: Request) -> Response:
    """Answer the resources of a kind of the zaak in the path, as a plain array, newest first."""
    return plain_list(reversed(dossier_of(request).of(kind.segment).values()))


def get_child(kind: Kind, request: Request) -> Response:
    """Answer one resource."""
    return detail(_find(kind, request)[1], request.headers)


def create_child(kind: Kind, request: Request) -> Response:
    """Add a resource to a zaak."""
    values = read(request.json(), kind.fields)
    dossier = _dossier(kind, request, values["zaak"])
    data = kind.build(request, dossier, values)
    if kind.guarded:
        _check_open(request, dossier)
    child_uuid = dossier.next_uuid(kind.segment)
    url = f"{dossier.url}/{kind.segment}/{child_uuid}" if kind.nested else _flat_url(kind, request, child_uuid)
    resource = Resource({"url": url, "uuid": child_uuid, **data})
    dossier.store(kind.segment, resource)
    kind.added(request, dossier, resource)
    record(request, dossier, resource=kind.name, actie="create", oud=None, nieuw=resource.data)
    return created(resource.body, url)


def update_child(kind: Kind, request: Request) -> Response:
    """Change a resource: PUT wholly, PATCH in part."""
    dossier, resource = _find(kind, request)
    partial = request.method == "PATCH"
    old = resource.data
    values = read(request.json(), kind.fields, current=old if partial else None)
    for name in kind.immutable:
        held = old.get(name, kind.fields[name].default)
        if values.get(name, held) != held:
            raise invalid_field(name, "wijzigen-niet-toegelaten", "Dit veld mag niet gewijzigd worden.")
    _check_open(request, dossier)
    merged = {**{name: old.get(name, field.default) for name, field in kind.fields.items()}, **values}
    changed = Resource({"url": old["url"], "uuid": old["uuid"], **kind.build(request, dossier, merged)})
    dossier.store(kind.segment, changed)
    actie = "partial_update" if partial else "update"
    record(request, dossier, resource=kind.name, actie=actie, oud=old, nieuw=changed.data)
    return Response(200, changed.body, [JSON_TYPE])


def delete_child(kind: Kind, request: Request) -> Response:
    """Delete a resource."""
    dossier, resource = _find(kind, request)
    _check_open(request, dossier)
    dossier.remove(kind.segment, resource)
    kind.removed(dossier, resource)
    record(request, dossier, resource=kind.name, actie="destroy", oud=resource.data, nieuw=None)
    return Response(204)


def _flat_url(kind: Kind, request: Request, child_uuid: str) -> str:
    return f"{request.gemeente.zaken_root}/{kind.segment}/{child_uuid}"


def _candidates(kind: Kind, request: Request) -> Iterable[Resource]:
    if "zaak" in request.query:
        dossier = request.gemeente.dossier_at(request.query["zaak"])
        return dossier.of(kind.segment).values() if dossier else ()
    owners = request.gemeente.owners[kind.segment]
    return (dossier.of(kind.segment)[key] for key, dossier in owners.items())


_AS_TEXT: Final = {True: "true", False: "false"}


def _fits(kind: Kind, resource: Resource, query: dict[str, str]) -> bool:
    return all(_text(resource.data, name) == query[name] for name in query.keys() & kind.filters if name != "zaak")


def _text(data: Json, name: str) -> str:
    """Return the value a filter looks at; ``betrokkeneIdentificatie__medewerker__identificatie`` goes inside."""
    group, _, rest = name.partition("__")
    if rest:
        kind, _, member = rest.partition("__")
        fits = _camel(data["betrokkeneType"]) == kind
        return str((data[group] or {}).get(member, "")) if fits else ""
    value = data.get(name)
    return _AS_TEXT[value] if isinstance(value, bool) else str(value)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _find(kind: Kind, request: Request) -> tuple[Dossier, Resource]:
    key = request.ids[-1]
    dossier = request.gemeente.owners[kind.segment].get(key)
    if dossier is None or (kind.nested and dossier is not request.gemeente.dossiers.get(request.ids[0])):
        raise not_found()
    return dossier, dossier.of(kind.segment)[key]


def _dossier(kind: Kind, request: Request, url: str) -> Dossier:
    dossier = request.gemeente.dossier_at(url)
    if dossier is None:
        raise invalid_field("zaak", "does_not_exist", "Ongeldige hyperlink - Object bestaat niet.")
    if kind.nested and dossier is not dossier_of(request):
        raise invalid_field("zaak", "invalid", "De zaak is niet die van de URL.")
    return dossier


def _check_open(request: Request, dossier: Dossier) -> None:
    if dossier.is_closed and not request.claims.may(GEFORCEERD):
        raise closed()
