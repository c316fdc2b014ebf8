# SPDX-License-Identifier: EUPL-1.2
"""What a page shows of people and addresses, from opened elements: masked where the BRP says geheimhouding.

Masked too is who the BRP was not asked about yet: unknown counts as geheim. Nothing here keeps what it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from hub.leesmodel import Geopend, open_rows
from hub.plugins import Vault

Reden = Literal["geheim", "onbekend", "vernietigd"]
ADULT_FOR_ITSELF: Final = 16  # Wet BRP 2.48: from 16 somebody declares a move for itself


@dataclass(frozen=True, slots=True)
class Tonen:
    """A name or address for a page: ``tekst``, or None with the reason why it is not shown."""

    tekst: str | None
    reden: Reden | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """The personal part of one zaak, opened for one page: as declared, and as the BRP has it."""

    aangifte: Geopend
    brp: Geopend
    gevraagd: Mapping[str, bool] = field(default_factory=dict)  # whom the BRP was asked about -> whether it knows them

    @property
    def geheim(self) -> bool:
        """True when of anybody in this zaak the BRP says geheimhouding."""
        return any(_geheim(person) for person in self.brp.per_subject.values())

    def naam(self, pseudoniem: str) -> Tonen:
        """Return what a member of staff sees as the name of a person."""
        person = self.brp.van(pseudoniem)
        declared = self.aangifte.van(pseudoniem)
        if person is None and self.gevraagd.get(pseudoniem) is not False:
            return Tonen(None, "vernietigd" if self.brp.vernietigd else "onbekend")
        person = person or {}  # not in the BRP: nothing there to keep secret, so as declared
        if _geheim(person):
            return Tonen(None, "geheim")
        name = full_name(person.get("naam")) or full_name((declared or {}).get("naam"))
        return Tonen(name) if name else Tonen(None, "vernietigd" if declared is None else "onbekend")

    def adres(self, uuid: str, *, voor: str | None = None) -> Tonen:
        """Return the declared address.

        Hidden when anybody has geheimhouding, unless that is ``voor`` themselves alone, and for staff until the BRP was asked.
        """
        others_secret = any(_geheim(p) for who, p in self.brp.per_subject.items() if who != voor)
        if others_secret or (voor is None and self.geheim):
            return Tonen(None, "geheim")
        if voor is None and not self.gevraagd:
            return Tonen(None, "onbekend")
        declared = self.aangifte.van(f"zaak:{uuid}")
        if declared is None:
            return Tonen(None, "vernietigd" if self.aangifte.vernietigd else "onbekend")
        text = address_text(declared.get("adres"))
        return Tonen(text) if text else Tonen(None, "onbekend")

    def leeftijd(self, pseudoniem: str, today: date) -> int | None:
        """Return how old somebody at least is, or None when that is not known."""
        return age((self.brp.van(pseudoniem) or {}).get("geboorte"), today)


def open_dossier(vault: Vault, row: Mapping[str, Any]) -> Dossier:
    """Open what the row of a zaak keeps of a declaration and of the persons fetched for it; an empty row gives nothing."""
    asked = row.get("gevraagd") or {}
    return Dossier(open_rows(vault, row.get("gelezen")), open_rows(vault, row.get("personen")), asked)


def _geheim(person: Mapping[str, Any]) -> bool:
    return bool(person.get("geheimhoudingPersoonsgegevens"))


def full_name(naam: Any) -> str | None:
    """Return ``voornamen voorvoegsel geslachtsnaam`` as far as they are there."""
    if not isinstance(naam, Mapping):
        return None
    parts = (naam.get("voornamen"), naam.get("voorvoegsel"), naam.get("geslachtsnaam"))
    return " ".join(str(part) for part in parts if part) or None


def address_text(adres: Any) -> str | None:
    """Return ``Straat 1 A-2, 1234 AB Plaats`` from the declared address."""
    if not isinstance(adres, Mapping):
        return None
    get = {key: str(value) for key, value in adres.items() if value not in (None, "")}
    number = get.get("huisnummer", "") + get.get("huisletter", "")
    if addition := get.get("huisnummertoevoeging"):
        number += f"-{addition}"
    street = " ".join(part for part in (get.get("straat"), number) if part)
    town = " ".join(part for part in (_postcode(get.get("postcode")), get.get("woonplaats")) if part)
    return ", ".join(part for part in (street, town) if part) or None


def _postcode(postcode: str | None) -> str | None:
    return f"{postcode[:4]} {postcode[4:]}" if postcode and len(postcode) == 6 else postcode  # noqa: PLR2004


def age(geboorte: Any, today: date) -> int | None:
    """Return the age somebody has reached for sure on ``today``; None when the year is unknown.

    ``geboorte`` is that of BRP personen 2.x, whose date is a union; of a partial date the last possible day counts.
    """
    datum = geboorte.get("datum") if isinstance(geboorte, Mapping) else None
    if not isinstance(datum, Mapping):
        return None
    try:
        if isinstance(datum.get("datum"), str):
            born = date.fromisoformat(datum["datum"])
        else:
            year, month = int(datum["jaar"]), int(datum.get("maand") or 12)
            return today.year - year - (today.month <= month)
    except (KeyError, ValueError, TypeError):
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
