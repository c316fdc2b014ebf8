# SPDX-License-Identifier: EUPL-1.2
"""Sees while it happens that notifications stay away: entries of audit trails against what arrived.

A trail tells of changes before their notifications are in, so nothing is concluded at once: what was published from a
trail is looked at again after a while. The zaak itself needs no repair then, but others may: a comparison is asked for.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from connectors.zaak import bewaking, inbox, rondes
from connectors.zaak.boek import UPDATES
from connectors.zaak.client import resource_key
from connectors.zaak.inbox import Beurt
from connectors.zaak.settings import ZaakSettings
from connectors.zaak.tijd import moment, same_moment
from connectors.zaak.verschil import onverwerkt
from hub import metrics
from hub.plugins import Hub, ReadTx, Tx

log = structlog.get_logger("wissel.zaak.gaten")
Json = Mapping[str, Any]
_SECOND_US: Final = 1_000_000
_SAME_CHANGE_S: Final = 5.0  # between the entry in the trail and the notification of the same change
_MOST_KEPT: Final = 100_000
_AROUND: Final = timedelta(hours=1)
_WELL_AFTER_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Vermelding:
    """One entry of a trail that was published, and when we saw it."""

    gezien_us: int
    zaak: str
    key: str
    actie: str
    tijdstip: str


class Gaten:
    """Remembers what was published from trails until its notification must have come."""

    def __init__(self, hub: Hub, gemeente: str, settings: ZaakSettings) -> None:
        self._hub = hub
        self._slug = gemeente
        self._settings = settings
        self._kept: deque[Vermelding] = deque(maxlen=_MOST_KEPT)
        self._missing_us = 0

    def onthoud(self, turn: Beurt, trail: Sequence[Json], now_us: int) -> None:
        """Keep what a fetch publishes from a trail, unless it is older than the first we heard of that zaak."""
        if not turn.stand.bekend and not turn.meldingen:
            return  # taken up by comparing or filling: nobody was to tell us of it
        since = None if turn.stand.bekend else min(filter(None, (moment(m.aanmaakdatum) for m in turn.meldingen)), default=None)
        for entry in onverwerkt(turn.stand, trail):
            at = moment(entry.get("aanmaakdatum"))
            if at is not None and (since is None or at >= since - _AROUND):
                actie = str(entry.get("actie", "")).lower()
                key = resource_key(str(entry.get("resourceUrl", "")))
                self._kept.append(Vermelding(now_us, turn.zaak, key, actie, str(entry["aanmaakdatum"])))

    async def kijk(self, now_us: int) -> int:
        """Look at what was published long enough ago, and return of how much of it no notification came."""
        due: list[Vermelding] = []
        while self._kept and self._kept[0].gezien_us <= now_us - int(self._settings.gat_na_s * _SECOND_US):
            due.append(self._kept.popleft())
        if not due and not self._missing_us:
            return 0
        missing = await self._hub.read(lambda tx: _missing(tx, self._slug, due))
        if missing:
            self._missing_us = now_us
            metrics.GATEN.labels(self._slug).inc(missing)
            log.warning("notifications_missing", gemeente=self._slug, aantal=missing, van=len(due))
        await self._hub.write(lambda tx: self._tell(tx, missing, now_us))
        return missing

    def _tell(self, tx: Tx, missing: int, now_us: int) -> None:
        if missing:
            text = (
                f"het zaaksysteem van {self._slug} vertelt niet alles: van {missing} wijzigingen kwam geen melding; "
                "de hub vergelijkt zelf, kijk naar het abonnement en de Notificaties API"
            )
            bewaking.meld(tx, self._slug, "meldingen", text, now_us)
            rondes.vraag(tx, self._slug, "open", now_us=now_us)
        elif now_us - self._missing_us > _WELL_AFTER_S * _SECOND_US:
            self._missing_us = 0
            bewaking.herstel(tx, self._slug, "meldingen")


def _missing(tx: ReadTx, gemeente: str, due: Sequence[Vermelding]) -> int:
    """Return of how many entries no notification came; one notification tells of one change."""
    missing, by_zaak = 0, defaultdict[str, list[Vermelding]](list)
    for item in due:
        by_zaak[item.zaak].append(item)
    for zaak, items in by_zaak.items():
        received = inbox.ontvangen(tx, gemeente, zaak)
        for item in items:
            told = next((one for one in received if _tells(one, item)), None)
            if told is None:
                missing += 1
            else:
                received.remove(told)
    return missing


def _tells(received: tuple[str, str, str], item: Vermelding) -> bool:
    url, actie, tijdstip = received
    return (
        resource_key(url) == item.key
        and (actie == item.actie or {actie, item.actie} <= UPDATES)
        and same_moment(tijdstip, item.tijdstip, within_s=_SAME_CHANGE_S)
    )
