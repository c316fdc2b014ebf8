# SPDX-License-Identifier: EUPL-1.2
"""Statussen: the current one is that with the latest datumStatusGezet; the eindstatus closes, any other opens."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Any, Final

from connectors.zaak.simulator.children import Kind
from connectors.zaak.simulator.clock import as_utc
from connectors.zaak.simulator.config import HEROPENEN
from connectors.zaak.simulator.config import STATUSSEN as SCOPE_STATUSSEN
from connectors.zaak.simulator.fields import STATUS
from connectors.zaak.simulator.resource import Resource
from connectors.zaak.simulator.state import Dossier
from connectors.zaak.simulator.typen import type_of
from connectors.zaak.simulator.validation import FieldError, moment
from connectors.zaak.simulator.web import Json, Request, forbidden, invalid_field

_PERIOD: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")


def _build(request: Request, dossier: Dossier, values: Json) -> Json:
    statustype = type_of(dossier, "statustypen", values["statustype"], "statustype")
    gezet = _gezet(request, dossier, values["datumStatusGezet"])
    if statustype["isEindstatus"] and not dossier.of("resultaten"):
        reason = "Zaak has no resultaat: de archiefactiedatum kan niet bepaald worden."
        raise invalid_field("nonFieldErrors", "resultaat-does-not-exist", reason)
    _check_scopes(request, dossier)
    status = {
        "zaak": values["zaak"],
        "statustype": values["statustype"],
        "datumStatusGezet": gezet,
        "statustoelichting": values["statustoelichting"],
        "indicatieLaatstGezetteStatus": _order(gezet) >= _latest(dossier),
        "gezetdoor": values["gezetdoor"] or None,
        "zaakinformatieobjecten": [],
    }
    if not request.app.config.openzaak and not status["gezetdoor"]:
        del status["gezetdoor"]  # the standard has no null here
    return status


def _gezet(request: Request, dossier: Dossier, value: Any) -> str:
    try:
        found = moment(value)
    except FieldError as error:
        raise invalid_field("datumStatusGezet", error.code, error.reason) from error
    if found > request.app.clock.now() + request.app.clock.leeway:
        raise invalid_field("datumStatusGezet", "date-in-future", "Deze datum mag niet in de toekomst zijn")
    gezet = as_utc(found)
    if any(status.data["datumStatusGezet"] == gezet for status in dossier.of("statussen").values()):
        raise invalid_field("nonFieldErrors", "unique", "De velden zaak, datumStatusGezet moeten een unieke set zijn.")
    return gezet


def _check_scopes(request: Request, dossier: Dossier) -> None:
    """zaken.aanmaken sets one status, zaken.statussen.toevoegen more until closed, zaken.heropenen any."""
    if dossier.of("statussen") and not request.claims.may(SCOPE_STATUSSEN, HEROPENEN):
        raise forbidden("permission_denied", "Met de 'zaken.aanmaken' scope mag je slechts 1 status zetten")
    if dossier.is_closed and not request.claims.may(HEROPENEN):
        raise forbidden("permission_denied", "Reopening a closed case with current scope is forbidden")


def _latest(dossier: Dossier) -> str:
    return max((_order(status.data["datumStatusGezet"]) for status in dossier.of("statussen").values()), default="")


def _order(gezet: str) -> str:
    """Return what sorts as the moment itself: without its Z a whole second comes before its fractions."""
    return gezet.removesuffix("Z")


def _added(request: Request, dossier: Dossier, status: Resource) -> None:
    """Move the zaak along (zrc-007, zrc-008). The resultaat stays when a zaak is opened again."""
    if status.data["indicatieLaatstGezetteStatus"]:
        _take_over_as_latest(dossier, status)
    statustype = type_of(dossier, "statustypen", status.data["statustype"], "statustype")
    if statustype["isEindstatus"]:
        _close(dossier, _local_date(request.json()["datumStatusGezet"]))
    elif dossier.is_closed:
        dossier.change(einddatum=None, archiefnominatie=None, archiefactiedatum=None, startdatumBewaartermijn=None)


def _take_over_as_latest(dossier: Dossier, latest: Resource) -> None:
    for key, status in dossier.of("statussen").items():
        if status is not latest and status.data["indicatieLaatstGezetteStatus"]:
            dossier.of("statussen")[key] = status.with_values(indicatieLaatstGezetteStatus=False)
    dossier.change(status=latest.data["url"])


def _local_date(value: str) -> str:
    """Return the date as the client wrote it: Open Zaak takes the client's own timezone for the einddatum."""
    return moment(value).date().isoformat()


def _close(dossier: Dossier, einddatum: str) -> None:
    resultaat = next(iter(dossier.of("resultaten").values()))
    resultaattype = type_of(dossier, "resultaattypen", resultaat.data["resultaattype"], "resultaattype")
    zaak = dossier.zaak.data
    dossier.change(
        einddatum=einddatum,
        archiefnominatie=zaak["archiefnominatie"] or resultaattype["archiefnominatie"],
        archiefactiedatum=zaak["archiefactiedatum"] or _after(einddatum, resultaattype["archiefactietermijn"]),
        startdatumBewaartermijn=zaak["startdatumBewaartermijn"] or einddatum,
    )


def _after(day: str, period: str) -> str:
    """Return the date ``period`` (ISO 8601, years, months and days) after ``day``."""
    match = _PERIOD.fullmatch(period)
    years, months, days = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    start = date.fromisoformat(day)
    month0 = start.month - 1 + months
    year, month = start.year + years + month0 // 12, month0 % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return (date(year, month, min(start.day, last)) + timedelta(days=days)).isoformat()


STATUSSEN: Final = Kind(
    name="status",
    segment="statussen",
    fields=STATUS,
    build=_build,
    added=_added,
    filters=frozenset({"zaak", "statustype", "indicatieLaatstGezetteStatus"}),
    sort=lambda status: _order(status.data["datumStatusGezet"]),
    guarded=False,
)
