# SPDX-License-Identifier: EUPL-1.2
"""Client of the BRP Update API 1.0: follow a person, and ask who of the followed changed since a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Final

import structlog

from connectors.burgerzaken.http import Bron, Verzoek
from hub.errors import SourceContractBroken
from hub.privacy import Bsn

_MASKED_PATH: Final = "/volgindicaties/***"
_LOG = structlog.get_logger("wissel.burgerzaken.update")


class UpdateClient:
    """Volgindicaties and wijzigingen. The path of a volgindicatie holds the BSN by its standard; it is never shown."""

    def __init__(self, bron: Bron) -> None:
        self._bron = bron

    async def volg(self, bsn: Bsn, *, tot_en_met: date, traceparent: str | None = None) -> bool:
        """Follow a person up to and with ``tot_en_met``; following again moves that date. Idempotent.

        A day before today ends following now. False when the registry does not know this person, so that there is nothing
        to follow.
        """
        antwoord = await self._bron.lees(
            Verzoek(
                method="PUT",
                path=f"/volgindicaties/{bsn.reveal()}",
                toon=_MASKED_PATH,
                json={"einddatum": (tot_en_met + timedelta(days=1)).isoformat()},  # the first day not followed any more
                verwacht=frozenset({int(HTTPStatus.NOT_FOUND)}),
                traceparent=traceparent,
            )
        )
        return antwoord.status != HTTPStatus.NOT_FOUND

    async def wijzigingen(self, vanaf: date) -> list[Bsn]:
        """Return who of the followed persons changed on or after ``vanaf``: per person once, no order, days only."""
        antwoord = await self._bron.lees(
            Verzoek(
                method="GET",
                path="/wijzigingen",
                params={"vanaf": vanaf.isoformat()},
                koppen={"Accept": "application/hal+json"},
            )
        )
        numbers = _numbers_of(antwoord.json)
        if numbers is None:
            raise SourceContractBroken("update: the answer to /wijzigingen has no list `burgerservicenummers`")
        return _bsns(numbers)


def _numbers_of(body: object) -> list[object] | None:
    """Return the numbers of a collection; one without any may leave the list out, but never its links too."""
    if not isinstance(body, Mapping) or not body.keys() & {"burgerservicenummers", "_links"}:
        return None
    numbers = body.get("burgerservicenummers", [])
    return numbers if isinstance(numbers, list) else None


def _bsns(numbers: list[object]) -> list[Bsn]:
    found: dict[Bsn, None] = {}
    for number in numbers:
        try:
            found[Bsn(str(number))] = None
        except ValueError:
            _LOG.warning("unusable_number_left_out", uitleg="a number that fails the elfproef")
    return list(found)
