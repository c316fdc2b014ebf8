# SPDX-License-Identifier: EUPL-1.2
"""The work stock of one gemeente: filtered, sorted, a page at a time. A cursor holds a date and a zaak, nothing personal."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from hub.errors import Invalid, NotFound
from hub.plugins import Hub, Row, Value
from hub.privacy import loggable
from projections.werkvoorraad.apply import COLUMNS, NEVER

NAME: Final = "werkvoorraad"
SORTS: Final[Mapping[str, str]] = {"streefdatum": "streef", "fataleDatum": "fataal", "ontvangst": "ontvangst"}
COLOURS: Final = ("rood", "oranje", "groen")
NOBODY: Final = "geen"
MOST: Final = 100
_CODE: Final = re.compile(r"[a-z0-9-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """What somebody wants to see. ``behandelaar`` ``geen`` is what nobody picked up; ``sort`` with ``-`` is backwards."""

    kleur: str | None = None
    reden: str | None = None
    team: str | None = None
    behandelaar: str | None = None
    wachtend: bool = False
    sort: str = "streefdatum"
    cursor: str | None = None
    limit: int = 50

    def problems(self) -> list[tuple[str, str]]:
        """Return everything wrong with it."""
        found = []
        if self.kleur is not None and self.kleur not in COLOURS:
            found.append(("kleur", f"kies uit {', '.join(COLOURS)}"))
        if self.reden is not None and not _CODE.fullmatch(self.reden):
            found.append(("reden", "een reden bestaat uit kleine letters, cijfers en streepjes"))
        if self.sort.removeprefix("-") not in SORTS:
            found.append(("sort", f"kies uit {', '.join(SORTS)}, met een - ervoor voor aflopend"))
        if not 1 <= self.limit <= MOST:
            found.append(("limit", f"kies een getal van 1 tot en met {MOST}"))
        return found


@dataclass(frozen=True, slots=True)
class Blad:
    """One page of the stock: rows, how to get the next page, and how much there is per colour."""

    rijen: Sequence[Row]
    volgende: str | None
    aantallen: Mapping[str, int] = field(default_factory=dict)
    wachtend: int = 0


def voorraad(hub: Hub, gemeente: str, ask: Vraag) -> Blad:
    """Return one page of the stock of ``gemeente``. Invalid names everything wrong with ``ask`` at once."""
    if found := ask.problems():
        raise Invalid(found)
    column, backwards = SORTS[ask.sort.removeprefix("-")], ask.sort.startswith("-")
    where, params = _where(ask)
    if ask.cursor:
        last_value, last_key = _decode(ask.cursor)
        sign = "<" if backwards else ">"
        where += f" AND ({column} {sign} ? OR ({column} = ? AND sleutel {sign} ?))"
        params += [last_value, last_value, last_key]
    way = "DESC" if backwards else "ASC"
    model = hub.read_model(NAME)
    found_rows = model.select(gemeente, where=where, params=params, order=f"{column} {way}, sleutel {way}", limit=ask.limit + 1)
    rows = found_rows[: ask.limit]
    more = len(found_rows) > ask.limit
    counts = {str(k or "niet-beoordeeld"): n for k, n in model.tally(gemeente, "kleur", where="werk = 'open'").items()}
    waiting = model.tally(gemeente, "werk", where="werk = 'wachtend'").get("wachtend", 0)
    return Blad([row for _, row in rows], _encode(*rows[-1], column) if more else None, counts, waiting)


def _where(ask: Vraag) -> tuple[str, list[Value]]:
    where, params = "werk = ?", ["wachtend" if ask.wachtend else "open"]
    if ask.kleur:
        where, params = where + " AND kleur = ?", [*params, ask.kleur]
    if ask.team:
        where, params = where + " AND team = ?", [*params, ask.team]
    if ask.behandelaar == NOBODY:
        where += " AND behandelaar IS NULL"
    elif ask.behandelaar:
        where, params = where + " AND behandelaar = ?", [*params, ask.behandelaar]
    if ask.reden:
        where, params = where + " AND redenen LIKE ?", [*params, f"%,{ask.reden},%"]
    return where, list[Value](params)


def _encode(key: str, row: Row, column: str) -> str:
    value = COLUMNS[column][1](row)
    return base64.urlsafe_b64encode(json.dumps([value, key]).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, str]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        value, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return loggable(str(value))[: len(NEVER)], str(UUID(key))
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise Invalid([("cursor", "deze cursor is niet van ons; begin zonder cursor bij de eerste bladzijde")]) from error


def werkrij(hub: Hub, gemeente: str, uuid: UUID | str) -> Row:
    """Return the row of one zaak, work or not; NotFound when this gemeente has no such zaak."""
    row = hub.read_model(NAME).get(gemeente, str(uuid))
    if row is None:
        raise NotFound("Deze zaak is hier niet bekend. Kijk of het nummer klopt.")
    return row


def keuzes(hub: Hub, gemeente: str) -> dict[str, list[Any]]:
    """Return what there is to filter on now: teams and reasons of the open work."""
    model = hub.read_model(NAME)
    teams = sorted(str(team) for team in model.tally(gemeente, "team", where="werk IS NOT NULL") if team)
    sets = model.tally(gemeente, "redenen", where="werk IS NOT NULL")
    reasons = sorted({code for codes in sets for code in str(codes).strip(",").split(",") if code})
    return {"teams": teams, "redenen": reasons}
