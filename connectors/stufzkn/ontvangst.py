# SPDX-License-Identifier: EUPL-1.2
"""``POST /webhooks/stuf-zkn/{gemeente}``: takes case messages (StUF-ZKN 3.10 zakLk01) over SOAP.

What a message tells is put down before it is acknowledged, in the transaction that remembers the message and what was
published of its zaak: told again it is nothing, and of two that come at the same time the second is read after the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from connectors.stufzkn.feiten import Omgeving, leid_af
from connectors.stufzkn.settings import StufZknSettings
from connectors.stufzkn.stand import Stand
from connectors.stufzkn.zaakbericht import Zaakbericht, lees
from hub.errors import KeyDestroyed, LostRace, Transient
from hub.plugins import Hub, ReadTx, Tx
from hub.stuf.bericht import GeenKennisgeving, Stuurgegevens
from hub.stuf.ontvangst import ontvang

TABLES: Final = """
-- Messages (StUF-ZKN) that were taken in, by what their sender calls them.
CREATE TABLE IF NOT EXISTS stufzkn_bericht (
    gemeente TEXT NOT NULL,
    zender TEXT NOT NULL,
    referentie TEXT NOT NULL,
    vingerafdruk TEXT NOT NULL,
    ontvangen TEXT NOT NULL,
    PRIMARY KEY (gemeente, zender, referentie)
);
CREATE INDEX IF NOT EXISTS stufzkn_bericht_ontvangen ON stufzkn_bericht (gemeente, ontvangen);
-- What was published of each zaak: ids and SHA-256s.
CREATE TABLE IF NOT EXISTS stufzkn_zaak (
    gemeente TEXT NOT NULL,
    identificatie TEXT NOT NULL,
    versie INTEGER NOT NULL,
    stand TEXT NOT NULL,
    PRIMARY KEY (gemeente, identificatie)
);
"""
SYSTEEM: Final = "zaaksysteem"
_KEPT: Final = timedelta(days=90)  # a message repeated after that long is told anew: what it repeats is still no fact
_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class _Bekend:
    """What is known when a message comes: the same reference before, and its zaak (version 0: never seen)."""

    vingerafdruk: str | None
    versie: int
    stand: Stand


def webhook(hub: Hub, settings: Mapping[str, StufZknSettings]) -> HTTPRouteHandler:
    """Return the route handler for the gemeenten whose zaaksysteem sends StUF-ZKN."""

    @post("/webhooks/stuf-zkn/{gemeente:str}", status_code=200, request_max_body_size=None, tags=["Meldingen"])
    async def ontvang_zaakbericht(request: Request[Any, Any, Any], gemeente: FromPath[str]) -> Response[Any]:
        """Neem een zaakbericht (zakLk01) aan: Bv03 als het bewaard is, Fo03, 401 of 413 als het dat niet is."""
        found = settings.get(gemeente)

        async def neem_aan(body: bytes) -> tuple[Stuurgegevens, str]:
            assert found is not None, "who has no settings is refused before"
            bericht = lees(body)
            return bericht.stuurgegevens, await zet_neer(hub, gemeente, found, bericht, body)

        return await ontvang(hub, request, gemeente=gemeente, settings=found, neem_aan=neem_aan)

    return ontvang_zaakbericht


async def zet_neer(hub: Hub, gemeente: str, settings: StufZknSettings, bericht: Zaakbericht, body: bytes) -> str:
    """Put down what a message tells: "nieuw", "herhaald", or "overig" when it tells nothing that was not known."""
    vingerafdruk = hub.gemeenten[gemeente].pseudonym.digest(body)
    for _ in range(_TRIES):
        bekend = await hub.read(lambda tx: _bekend(tx, gemeente, bericht))
        if bekend.vingerafdruk is not None:
            if bekend.vingerafdruk != vingerafdruk:
                raise GeenKennisgeving("this referentienummer was used before for another message")
            return "herhaald"
        try:
            return await _schrijf(hub, _omgeving(hub, gemeente, settings), bericht, bekend, vingerafdruk)
        except (LostRace, KeyDestroyed):
            continue
    raise Transient("the stream keeps moving; send the message again")


async def _schrijf(hub: Hub, omgeving: Omgeving, bericht: Zaakbericht, bekend: _Bekend, vingerafdruk: str) -> str:
    uitslag, now = leid_af(bekend.stand, bericht, omgeving), hub.clock.now()
    sealed = hub.seal(uitslag.events)
    stuur, gemeente = bericht.stuurgegevens, omgeving.gemeente

    def work(tx: Tx) -> None:
        row = (gemeente, stuur.afzender, stuur.kenmerk, vingerafdruk, now.isoformat())
        if not tx.execute("INSERT INTO stufzkn_bericht VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", row):
            raise LostRace("the same message came at the same time")
        tx.execute("DELETE FROM stufzkn_bericht WHERE gemeente = ? AND ontvangen < ?", (gemeente, (now - _KEPT).isoformat()))
        if uitslag.stand != bekend.stand:
            _bewaar(tx, gemeente, bericht.identificatie, bekend.versie, uitslag.stand)
        if sealed:
            tx.put(sealed)

    await hub.write(work, urgent=True)
    return "nieuw" if sealed else "overig"


def _bekend(tx: ReadTx, gemeente: str, bericht: Zaakbericht) -> _Bekend:
    stuur = bericht.stuurgegevens
    seen = tx.one(
        "SELECT vingerafdruk FROM stufzkn_bericht WHERE gemeente = ? AND zender = ? AND referentie = ?",
        (gemeente, stuur.afzender, stuur.kenmerk),
    )
    query = "SELECT versie, stand FROM stufzkn_zaak WHERE gemeente = ? AND identificatie = ?"
    zaak = tx.one(query, (gemeente, bericht.identificatie))
    return _Bekend(seen[0] if seen else None, zaak[0] if zaak else 0, Stand.from_json(zaak[1]) if zaak else Stand())


def laatste(tx: ReadTx, gemeente: str) -> datetime | None:
    """Return when a message of a gemeente came last."""
    found = tx.one("SELECT max(ontvangen) FROM stufzkn_bericht WHERE gemeente = ?", (gemeente,))
    return datetime.fromisoformat(found[0]) if found and found[0] else None


def _bewaar(tx: Tx, gemeente: str, identificatie: str, versie: int, stand: Stand) -> None:
    """Keep what is published now; LostRace when another message about this zaak was first."""
    if versie:
        update = (
            "UPDATE stufzkn_zaak SET versie = versie + 1, stand = ? WHERE gemeente = ? AND identificatie = ? AND versie = ?"
        )
        done = tx.execute(update, (stand.to_json(), gemeente, identificatie, versie))
    else:
        insert = "INSERT INTO stufzkn_zaak VALUES (?,?,1,?) ON CONFLICT DO NOTHING"
        done = tx.execute(insert, (gemeente, identificatie, stand.to_json()))
    if not done:
        raise LostRace("another message about this zaak was first")


def _omgeving(hub: Hub, gemeente: str, settings: StufZknSettings) -> Omgeving:
    found = hub.gemeenten[gemeente]
    return Omgeving(
        gemeente=gemeente,
        bron=found.source(SYSTEEM),
        bronorganisatie=settings.bronorganisatie,
        eindstatussen=frozenset(settings.eindstatussen),
        pseudonym=found.pseudonym,
    )
