# SPDX-License-Identifier: EUPL-1.2
"""Pure steps that more than one read model takes over the facts of a zaak: its terms and who handles it.

Each function returns the fields of the row that change. None of them trusts the order in which facts arrive more than
it must: a late fact about a rol that is gone does not bring its medewerker back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from hub.clock import AMSTERDAM
from hub.leesmodel import moment
from hub.plugins import Row

_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
HANDLER: Final = "behandelaar"
NOBODY: Final = ""
_NO_STATE: Final[Mapping[str, Any]] = {"statussen": {}, "resultaten": {}}


def begin(uuid: str) -> Row:
    """Return the part of a row these steps need, before the first fact."""
    return {"uuid": uuid, "streef": None, "fataal": None, "ontvangst": None, "rollen": {}, "eigen": None, **_NO_STATE}


def registered(data: Mapping[str, Any]) -> Row:
    """Return what ``zaak-geregistreerd`` says about dates; the last day follows from the doorlooptijd when not given."""
    received = data["startdatum"]
    return {
        "identificatie": data["identificatie"],
        "zaaktype": data["zaaktypeIdentificatie"],
        "zaaktypeOmschrijving": data["zaaktypeOmschrijving"],
        "ontvangst": received,
        "streef": data.get("einddatumGepland"),
        "fataal": data.get("uiterlijkeEinddatumAfdoening") or add_duration(received, data.get("doorlooptijd")),
    }


def updated(row: Row, data: Mapping[str, Any]) -> Row:
    """Return what ``zaak-bijgewerkt`` changes: only the fields it names in ``gewijzigd``."""
    changed = set(data.get("gewijzigd") or ())
    new: Row = {}
    if "einddatumGepland" in changed:
        new["streef"] = data.get("einddatumGepland")
    if "uiterlijkeEinddatumAfdoening" in changed:
        new["fataal"] = data.get("uiterlijkeEinddatumAfdoening") or row["fataal"]
    if data.get("zaaktypeIdentificatie"):
        new["zaaktype"] = data["zaaktypeIdentificatie"]
    return new


@lru_cache(maxsize=1024)
def add_duration(start: str, duration: str | None) -> str | None:
    """Return the date ``duration`` (ISO 8601, ``P28D``) after ``start``; None when either is no such thing.

    Remembered: the zaken of a day share both.
    """
    match = _DURATION.fullmatch(duration or "")
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    try:
        begin_date = date.fromisoformat(start)
        month = begin_date.month - 1 + months + 12 * years
        later = _in_month(begin_date.year + month // 12, month % 12 + 1, begin_date.day)
        return (later + timedelta(weeks=weeks, days=days)).isoformat()
    except (ValueError, OverflowError):
        return None


def _in_month(year: int, month: int, day: int) -> date:
    """Return the date, or the last day of that month when it is shorter."""
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day, last))


# ------------------------------------------------------------------------------------------------ status and resultaat


def status_set(row: Row, data: Mapping[str, Any], at: str) -> Row:
    """Return what a status changes; ``at`` is when it happened (``hub.leesmodel.happened``)."""
    fact = [moment(data["datumStatusGezet"]), at, data["volgnummer"], data["omschrijving"], data["isEindstatus"]]
    return {"statussen": {**row["statussen"], data["status"]: fact}}


def status_removed(row: Row, data: Mapping[str, Any]) -> Row:
    """Return what the removal of a status changes."""
    return {"statussen": without(row["statussen"], data["resourceUrl"])}


def status(row: Row) -> str | None:
    """Return the omschrijving of the status with the latest datumStatusGezet: a late, older one changes nothing.

    While the zaak is closed that is the last eindstatus, whatever date another status claims for itself.
    """
    known = list(row["statussen"].values())
    final = [fact for fact in known if fact[4]] if row.get("einddatum") else []
    last = max(final or known, default=None)
    return last[3] if last else None


def result_set(row: Row, data: Mapping[str, Any], at: str) -> Row:
    """Return what a resultaat changes."""
    return {"resultaten": {**row["resultaten"], data["resultaat"]: [at, data["omschrijving"]]}}


def result_removed(row: Row, data: Mapping[str, Any]) -> Row:
    """Return what the removal of a resultaat changes."""
    return {"resultaten": without(row["resultaten"], data["resourceUrl"])}


def result(row: Row) -> str | None:
    """Return the omschrijving of the last resultaat that still stands."""
    last = max(row["resultaten"].values(), default=None)
    return last[1] if last else None


def without(known: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return ``known`` without the resource ``url``."""
    return {key: value for key, value in known.items() if key != url}


# ------------------------------------------------------------------------------------------------------- who handles it


def rol_added(row: Row, data: Mapping[str, Any]) -> Row:
    """Return what a rol changes about who handles the zaak; nothing unless it is that of a behandelaar."""
    if data.get("omschrijvingGeneriek") != HANDLER or not data.get("betrokkene"):
        return {}
    new: Row = {"rollen": {**row["rollen"], data["rol"]: data["betrokkene"]}}
    if row["eigen"] == NOBODY:
        new["eigen"] = None
    return new


def rol_removed(row: Row, data: Mapping[str, Any]) -> Row:
    """Return what the end of a rol changes about who handles the zaak."""
    gone = row["rollen"].get(data["resourceUrl"])
    if gone is None:
        return {}
    rest = without(row["rollen"], data["resourceUrl"])
    return {"rollen": rest, "eigen": None} if row["eigen"] == gone else {"rollen": rest}


def taken(_row: Row, data: Mapping[str, Any]) -> Row:
    """Return what picking up or taking over changes."""
    return {"eigen": data["medewerker"], "team": data.get("team"), "vorige": data.get("vorige")}


def given_back(_row: Row, _data: Mapping[str, Any]) -> Row:
    """Return what giving back changes: nobody handles it until somebody picks it up."""
    return {"eigen": NOBODY, "vorige": None}


def taken_back(row: Row, data: Mapping[str, Any]) -> Row:
    """Return what undoing a take-over changes: the one before has it again."""
    return {"eigen": data.get("vorige") or row.get("vorige") or NOBODY, "vorige": None}


def handler(row: Row) -> str | None:
    """Return who handles the zaak: what was said here, else the last rol in the zaaksysteem."""
    if row["eigen"] is not None:
        return row["eigen"] or None
    return next(reversed(row["rollen"].values()), None) if row["rollen"] else None


# ---------------------------------------------------------------------------------------------------------- the clock


def term_set(_row: Row, data: Mapping[str, Any]) -> Row:
    """Return the day a term of the flow puts in the place of the planned (``streef``) or the last day (``fataal``)."""
    return {data["naam"]: last_day(data["vervalt"])} if data.get("naam") in {"streef", "fataal"} else {}


def last_day(expires: str) -> str | None:
    """Return the last day (Europe/Amsterdam) before a term expires: at midnight the day before is the last one."""
    try:
        moment = datetime.fromisoformat(expires).astimezone(AMSTERDAM)
    except ValueError:
        return None
    return (moment - timedelta(microseconds=1)).date().isoformat()
