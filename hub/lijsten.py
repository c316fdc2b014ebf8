# SPDX-License-Identifier: EUPL-1.2
"""Lists that people keep: institutions, mass addresses and watch-list marks. Each mark has a reason and two names to it.

A mark is an event on the stream of the person or address it is about, its reason sealed; the claim flow hands it to every
zaak that claims that key (predicates 19 and 20), so a decision can be explained from what it was given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.errors import Invalid, niet_ingevuld
from hub.events import PERSONEN, NewEvent, fact_id
from hub.plugins import Gemeente

GEZET: Final = "nl.wissel.lijst.markering-gezet.v1"
OPGEHEVEN: Final = "nl.wissel.lijst.markering-opgeheven.v1"

SOORTEN: Final = ("instelling", "massa-adres", "aandacht")
_OVER: Final = re.compile(r"[0-9a-f]{32}|[0-9]{16}")
_MARK: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NOBODY: Final = ("over", "is geen BAG-nummer: een adresseerbaar object heeft 16 cijfers; laat het weg voor een persoon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Markering:
    """A mark to set. ``over`` is a pseudonym (32 hex) or a BAG adresseerbaarObjectIdentificatie (16 digits)."""

    soort: str
    over: str
    reden: str
    auteur: str
    tweede_persoon: str
    verloopt: date | None = None

    def check(self, today: date) -> None:
        """Raise Invalid with all that is wrong: four eyes, a reason, and an end for a watch-list mark."""
        problems = niet_ingevuld(reden=self.reden, auteur=self.auteur, tweedePersoon=self.tweede_persoon)
        problems += _wrong_over(self.over)
        if self.soort not in SOORTEN:
            problems.append(("soort", f"kies uit {', '.join(SOORTEN)}"))
        if self.auteur.strip().casefold() == self.tweede_persoon.strip().casefold():
            problems.append(("tweedePersoon", "moet iemand anders zijn dan de auteur"))
        if self.soort == "aandacht" and self.verloopt is None:
            problems.append(("verloopt", "een aandachtsmarkering heeft een einddatum"))
        if self.verloopt is not None and self.verloopt <= today:
            problems.append(("verloopt", "ligt in het verleden"))
        if problems:
            raise Invalid(problems)

    def event(self, gemeente: Gemeente) -> NewEvent:
        """Return the fact that the mark was set. The same mark again is the same fact."""
        mark_id = fact_id(gemeente.slug, self.soort, self.over, self.reden, str(self.verloopt))
        return NewEvent(
            id=mark_id,
            type=GEZET,
            source=gemeente.source("wissel"),
            gemeente=gemeente.slug,
            topic=PERSONEN,
            key=f"{gemeente.slug}:{self.over}",
            data={"markering": mark_id, "soort": self.soort, "verloopt": self.verloopt.isoformat() if self.verloopt else None},
            besloten={_subject(self.over): {"reden": self.reden, "auteur": self.auteur, "tweedePersoon": self.tweede_persoon}},
        )


def lifted(gemeente: Gemeente, over: str, mark_id: str, *, soort: str, reden: str, door: str) -> NewEvent:
    """Return the fact that a mark was taken away. Invalid without a reason and a name, or about nothing that can be marked."""
    problems = niet_ingevuld(reden=reden, door=door)
    problems += _wrong_over(over)
    if not _MARK.fullmatch(mark_id):
        problems.append(("markering", "is geen nummer van een markering: dat is een uuid, genoemd toen zij werd gezet"))
    if problems:
        raise Invalid(problems)
    return NewEvent(
        id=opgeheven_id(mark_id),
        type=OPGEHEVEN,
        source=gemeente.source("wissel"),
        gemeente=gemeente.slug,
        topic=PERSONEN,
        key=f"{gemeente.slug}:{over}",
        data={"markering": mark_id, "soort": soort, "verloopt": None},
        besloten={_subject(over): {"reden": reden, "auteur": door}},
    )


def opgeheven_id(mark_id: str) -> str:
    """Return the id of the fact that this mark was taken away: it happens once."""
    return fact_id(mark_id, "opgeheven")


def _wrong_over(over: str) -> list[tuple[str, str]]:
    """Return what is wrong with whom a mark is about: it becomes a key, so a number of a person must never get through."""
    return [] if _OVER.fullmatch(over) else [_NOBODY]


def _subject(over: str) -> str:
    return f"adres:{over}" if over.isdigit() and len(over) == 16 else over  # noqa: PLR2004 - a BAG id has 16 digits


__all__ = ["GEZET", "OPGEHEVEN", "SOORTEN", "Markering", "lifted", "opgeheven_id"]
