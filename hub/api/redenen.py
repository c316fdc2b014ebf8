# SPDX-License-Identifier: EUPL-1.2
"""Reasons and predicates in plain words, for staff and for ``GET /v1/beoordelingen/{id}``.

The words and their sources of law come from the flow that judged; what a read model adds of its own (a sample, something
that failed) stands in ``teksten/nl.toml`` under ``reden``. A gemeente may replace each: ``reden.<code>`` for staff,
``inwoner.<code>`` for residents.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.api.teksten import Teksten
from hub.errors import NotFound
from hub.flows.verhuizing.predicaten import PREDICATEN
from hub.flows.verhuizing.uitleg import ALGEMEEN, REDENEN
from hub.plugins import Hub

BELEID: Final = "beleid"
_BY_NUMBER: Final = {predicate.nr: predicate for predicate in PREDICATEN}


@dataclass(frozen=True, slots=True)
class Uitleg:
    """One reason: its code, the sentence, and the article of law or ``beleid``."""

    code: str
    tekst: str
    grondslag: str


@dataclass(frozen=True, slots=True)
class Toets:
    """One predicate as it was judged: what came out, why, on which input from which sources, by which rule and article."""

    nr: int
    naam: str
    uitkomst: str
    redenen: Sequence[Uitleg]
    invoer: Any
    bronnen: Sequence[str]
    regel: str
    grondslag: str


def teksten_van_redenen() -> dict[str, str]:
    """Return the words of the flow as texts, so that a gemeente can replace them like any other."""
    staff = {f"reden.{code}": reason.tekst_medewerker for code, reason in REDENEN.items()}
    return {**staff, **{f"inwoner.{code}": reason.tekst_inwoner for code, reason in REDENEN.items()}}


def uitleg(text: Any, texts: Teksten, code: str) -> Uitleg:
    """Return a reason in plain words; a code of another version, without words, is shown as it is."""
    source = REDENEN[code].grondslag if code in REDENEN else BELEID
    if f"reden.{code}" in texts:
        return Uitleg(code, text(f"reden.{code}"), source)
    return Uitleg(code, code.replace("-", " ").capitalize() + ".", source)


def voor_inwoner(text: Any, codes: Iterable[str]) -> list[str]:
    """Return what a resident reads about reasons: only what has a text of its own for residents, each once."""
    told = (text(f"inwoner.{code}") for code in codes if code in REDENEN and REDENEN[code].tekst_inwoner != ALGEMEEN)
    return list(dict.fromkeys(told))


def toetsen(kept: Mapping[str, Any], text: Any, texts: Teksten) -> list[Toets]:
    """Return every predicate of one decision as a read model keeps it."""
    return [_toets(predicate, text, texts) for predicate in kept["predicaten"]]


def _toets(kept: Mapping[str, Any], text: Any, texts: Teksten) -> Toets:
    known = _BY_NUMBER.get(kept["nr"])
    return Toets(
        nr=kept["nr"],
        naam=known.naam if known else f"Toets {kept['nr']}",
        uitkomst=kept["uitkomst"],
        redenen=[uitleg(text, texts, code) for code in kept["redenen"]],
        invoer=_parsed(kept["invoer"]),
        bronnen=[source for source in kept["bron"].split(",") if source],
        regel=text(f"toets.{kept['nr']}") if f"toets.{kept['nr']}" in texts else "",
        grondslag=known.grondslag if known else BELEID,
    )


def _parsed(invoer: str) -> Any:
    try:
        return json.loads(invoer)
    except ValueError:
        return invoer


def predicaten(hub: Hub, gemeente: str, zaak: str, text: Any, texts: Teksten) -> dict[str, Any] | None:
    """Return the last decision about a zaak with every predicate explained, or None when there is none."""
    try:
        row = hub.read_model("beoordelingen").get(gemeente, zaak)
    except NotFound:
        return None
    if row is None:
        return None
    kept = row["beoordelingen"][row["laatste"]]
    return {"profiel": kept["profielVersie"], "regels": kept["regelsVersie"], "toetsen": toetsen(kept, text, texts)}
