# SPDX-License-Identifier: EUPL-1.2
"""What an operator asks of this connector through the hub's socket: compare, fill in, and how far that is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from connectors.zaak import inbox, rondes
from connectors.zaak.fetch import Bron
from connectors.zaak.tijd import moment, utc
from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.errors import Invalid, NotFound
from hub.plugins import Action, Hub, ReadTx, Tx

Args = Mapping[str, Any]
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Bediening:
    """The operators' commands of one hub. ``wake`` tells the services of a gemeente that something was asked."""

    def __init__(self, hub: Hub, bronnen: Mapping[str, Bron], wake: Callable[[str], None]) -> None:
        self._hub = hub
        self._bronnen = bronnen
        self._wake = wake

    def actions(self) -> Mapping[str, Action]:
        """Return the commands by name."""
        return {
            "zaak reconcile": self.vergelijk,
            "zaak backfill": self.vul,
            "zaak ronde": self.ronde,
            "zaak zaak": self.zaak,
        }

    async def vergelijk(self, args: Args) -> Any:
        """Ask for a comparison: of everything, of what changed since a moment, or of one zaak."""
        gemeenten, zaak, since = self._gemeenten(args), _zaak(args), _since(args)
        if zaak:
            return [await self._one(slug, zaak) for slug in gemeenten]
        return [await self._ask(slug, ("open", "gesloten") if not since else ("open",), sinds=since) for slug in gemeenten]

    async def vul(self, args: Args) -> Any:
        """Ask for filling in zaken from before the hub began."""
        wat = {"vanaf": _day(args, "vanaf"), "tot": _day(args, "tot"), "open": bool(args.get("alleen_open"))}
        return [await self._ask(slug, ("vullen",), **wat) for slug in self._gemeenten(args)]

    async def ronde(self, args: Args) -> Any:
        """Return how far a round is."""
        found = await self._hub.read(lambda tx: rondes.ronde(tx, str(args["gemeente"]), int(args["nummer"])))
        if found is None:
            raise NotFound(f"ronde {args['nummer']} van {args['gemeente']} is er niet")
        return {
            "gemeente": args["gemeente"],
            "nummer": found.nummer,
            "soort": found.soort,
            "toestand": found.toestand,
            "telling": dict(found.telling),
            "uitleg": found.uitleg,
            "begonnen": _moment(found.begonnen_op),
            "klaar": _moment(found.klaar_op),
        }

    async def zaak(self, args: Args) -> Any:
        """Return whether one zaak is being fetched still, and what kept it from being fetched."""
        slug, zaak = str(args["gemeente"]), str(args["zaak"])
        row = await self._hub.read(lambda tx: _state(tx, slug, zaak))
        return {"gemeente": slug, "zaak": zaak, **row}

    async def _ask(self, slug: str, soorten: tuple[rondes.Soort, ...], **wat: Any) -> dict[str, Any]:
        now_us = to_microseconds(self._hub.clock.now())

        def work(tx: Tx) -> list[int]:
            haast = soorten != ("vullen",)
            return [rondes.vraag(tx, slug, soort, now_us=now_us, haast=haast, **wat) for soort in soorten]

        numbers = await self._hub.write(work, urgent=True)
        self._wake(slug)
        return {"gemeente": slug, "rondes": numbers}

    async def _one(self, slug: str, zaak: str) -> dict[str, Any]:
        now_us = to_microseconds(self._hub.clock.now())
        url = self._bronnen[slug].client.url("zaken", f"zaken/{zaak}")

        def work(tx: Tx) -> None:
            inbox.maak_bekend(tx, slug, [(zaak, url)], now_us)
            inbox.maak_nodig(tx, slug, [zaak], now_us)

        await self._hub.write(work, urgent=True)
        self._wake(slug)
        return {"gemeente": slug, "zaak": zaak}

    def _gemeenten(self, args: Args) -> list[str]:
        wanted = args.get("gemeente")
        if wanted and wanted not in self._bronnen:
            known = ", ".join(sorted(self._bronnen)) or "geen"
            raise NotFound(f"gemeente {wanted} heeft geen zaaksysteem bij deze hub; bekend zijn: {known}")
        if args.get("zaak") and not wanted and len(self._bronnen) > 1:
            raise Invalid([("gemeente", "noem de gemeente van deze zaak; er zijn er meer met een zaaksysteem")])
        return [wanted] if wanted else sorted(self._bronnen)


def _state(tx: ReadTx, slug: str, zaak: str) -> dict[str, Any]:
    row = tx.one("SELECT vanaf, fout, bekend, verwijderd FROM zaak_stand WHERE gemeente = ? AND zaak = ?", (slug, zaak))
    if row is None:
        raise NotFound(f"zaak {zaak} is bij deze hub niet bekend")
    return {"klaar": row[0] is None, "fout": row[1], "bekend": bool(row[2]), "verwijderd": bool(row[3])}


def _zaak(args: Args) -> str:
    zaak = str(args.get("zaak") or "").lower()
    if zaak and not _UUID.fullmatch(zaak):
        raise Invalid([("zaak", "is geen uuid van een zaak; een zaaknummer is niet genoeg, dat wordt hergebruikt")])
    return zaak


def _since(args: Args) -> str:
    text = str(args.get("since") or "")
    if text and moment(text) is None:
        raise Invalid([("since", "is geen datum of tijd; schrijf JJJJ-MM-DD of JJJJ-MM-DDTUU:MM:SSZ")])
    return utc(text) if text else ""


def _day(args: Args, name: str) -> str:
    text = str(args.get(name) or "")
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise Invalid([(name, "is geen datum die bestaat; schrijf JJJJ-MM-DD")]) from None


def _moment(at_us: int | None) -> str | None:
    return rfc3339(from_microseconds(at_us)) if at_us is not None else None
