# SPDX-License-Identifier: EUPL-1.2
"""What only a simulator has: its books, faults on request, and starting anew. Open to whoever reaches it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec

from connectors.zaak.simulator.state import Dossier, Gemeente
from connectors.zaak.simulator.web import Json, Response, answer, decode

if TYPE_CHECKING:
    from connectors.zaak.simulator.app import Zaaksysteem

_ROL: Final = ("url", "uuid", "roltype", "omschrijving", "omschrijvingGeneriek", "betrokkeneType", "roltoelichting")
_STATUS: Final = ("url", "uuid", "statustype", "datumStatusGezet", "indicatieLaatstGezetteStatus")
_RESULTAAT: Final = ("url", "uuid", "resultaattype")
_ZAAK: Final = ("url", "identificatie", "zaaktype", "startdatum", "einddatum", "einddatumGepland", "opschorting")


def respond(app: Zaaksysteem, method: str, parts: list[str], query: bytes, body: bytes) -> Response:
    """Answer /livez and /simulator/{boeken,storing,reset}."""
    what = (method, parts[-1] if len(parts) <= 2 else "")  # noqa: PLR2004
    if what == ("GET", "livez"):
        return answer(200, {"status": "ok"})
    if what == ("GET", "boeken"):
        return answer(200, books(app, dict(parse_qsl(query.decode("latin-1")))))
    if what == ("GET", "storing"):
        return answer(200, dataclasses.asdict(app.storing))
    if what == ("POST", "storing"):
        return _change_faults(app, body)
    if what == ("POST", "reset"):
        app.reset()
        return Response(204)
    return answer(404, {"detail": "GET boeken, GET/POST storing, POST reset"})


def _change_faults(app: Zaaksysteem, body: bytes) -> Response:
    try:
        app.storing = app.storing.changed(decode(body))
    except (msgspec.DecodeError, ValueError) as error:
        return answer(400, {"detail": str(error)})
    return answer(200, dataclasses.asdict(app.storing))


def books(app: Zaaksysteem, query: dict[str, str]) -> Json:
    """Return what happened, by our own account: ``?gemeente=`` and ``?zaak=`` (uuid) narrow it down. No BSNs in it."""
    gemeenten = [item for item in app.gemeenten.values() if query.get("gemeente") in {None, item.slug}]
    zaken = [
        _zaak(gemeente, dossier, deleted=deleted)
        for gemeente in gemeenten
        for group, deleted in ((gemeente.dossiers, False), (gemeente.gone, True))
        for dossier in group.values()
        if query.get("zaak") in {None, dossier.uuid}
    ]
    return {
        "seed": app.config.seed,
        "variant": app.config.variant,
        "apiVersie": app.config.api_versie,
        "zaken": zaken,
        "verzoeken": dict(app.requests),
        "afleveringen": app.delivery.tally.as_json(),
        "abonnementen": {gemeente.slug: len(gemeente.abonnementen) for gemeente in gemeenten},
    }


def _zaak(gemeente: Gemeente, dossier: Dossier, *, deleted: bool) -> Json:
    zaak = dossier.zaak.data
    return {
        "uuid": dossier.uuid,
        "gemeente": gemeente.slug,
        **{name: zaak[name] for name in _ZAAK},
        "kenmerk": zaak["kenmerken"][0]["kenmerk"] if zaak["kenmerken"] else None,
        "verwijderd": deleted,
        "gebeurtenissen": dossier.history,
        "rollen": [_rol(rol.data) for rol in dossier.of("rollen").values()],
        "statussen": [
            {**_part(status.data, _STATUS), "omschrijving": _type_name(gemeente, "statustypen", status.data["statustype"])}
            for status in dossier.of("statussen").values()
        ],
        "resultaten": [
            {**_part(item.data, _RESULTAAT), "omschrijving": _type_name(gemeente, "resultaattypen", item.data["resultaattype"])}
            for item in dossier.of("resultaten").values()
        ],
    }


def _rol(rol: Json) -> Json:
    """Return a rol without what identifies a resident; a medewerker is named by identificatie."""
    worker = rol["betrokkeneType"] in {"medewerker", "organisatorische_eenheid"}
    identificatie = (rol["betrokkeneIdentificatie"] or {}).get("identificatie") if worker else None
    return {**_part(rol, _ROL), "identificatie": identificatie}


def _part(data: Json, names: tuple[str, ...]) -> Json:
    return {name: data[name] for name in names}


def _type_name(gemeente: Gemeente, kind: str, url: str) -> str | None:
    found = gemeente.catalogus.get(kind, url)
    return found["omschrijving"] if found else None
