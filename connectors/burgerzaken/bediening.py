# SPDX-License-Identifier: EUPL-1.2
"""What an operator can ask of this connector while the hub runs (``hub.plugins.Bedienbaar``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from connectors.burgerzaken import overdracht
from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.wijzigingen import Wijzigingenlezer
from hub.errors import Refused
from hub.plugins import Hub

Action = Callable[[Mapping[str, Any]], Awaitable[Any]]


def acties(hub: Hub, kast: Bronnenkast) -> Mapping[str, Action]:
    """Return what can be asked, by name."""

    async def wijzigingen(args: Mapping[str, Any]) -> Any:
        return [
            {"gemeente": slug, "feiten": await Wijzigingenlezer(hub, kast, hub.gemeenten[slug]).round()}
            for slug in _gemeenten(kast, args)
        ]

    async def lijst(args: Mapping[str, Any]) -> Any:
        (slug,) = _gemeenten(kast, args)
        rows = await hub.read(lambda tx: overdracht.lees_lijst(tx, slug))
        return overdracht.geopend(hub.vault, rows)

    return {"burgerzaken wijzigingen": wijzigingen, "burgerzaken overdracht": lijst}


def _gemeenten(kast: Bronnenkast, args: Mapping[str, Any]) -> Sequence[str]:
    asked = args.get("gemeente")
    if asked is None:
        return kast.gemeenten
    if asked not in kast.gemeenten:
        raise Refused(f"gemeente {asked} heeft geen burgerzaken-instellingen; bekend zijn: {', '.join(sorted(kast.gemeenten))}")
    return (asked,)
