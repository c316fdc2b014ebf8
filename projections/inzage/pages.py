# SPDX-License-Identifier: EUPL-1.2
"""The page "Wie keek in mijn gegevens": only about who is logged in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get

from hub.api.edge import MenuItem, edge
from hub.api.pages import Bladen, mine, only
from hub.api.teksten import Teksten
from projections.inzage.queries import Lezing, lezingen_over

PAGES: Final = Bladen(Path(__file__).parent / "templates")
MOST: Final = 100


@get(
    "/inzage",
    guards=[only("inwoner")],
    include_in_schema=False,
    opt={"menu": MenuItem("inwoner", None, "menu.inzage", "/inzage", 20)},
)
async def mijn_inzage(request: Request[Any, Any, Any]) -> Response[str]:
    """Show what was read about the resident who is logged in; of nobody else anything."""
    sessie, gemeente = mine(request)
    found = lezingen_over(edge(request).hub, gemeente, sessie.persoon or "")
    words = edge(request).teksten.voor(gemeente.slug)
    rows = [(lezing, _gegevens(lezing, words, edge(request).teksten)) for lezing in found[:MOST]]
    return PAGES.toon(request, "mijn-inzage.html", lezingen=rows, ouder=max(0, len(found) - MOST))


def _gegevens(lezing: Lezing, text: Any, texts: Teksten) -> Sequence[str]:
    """Return in plain words which data were read; a name without words is shown as it is."""
    named = (text(f"gegeven.{naam}") if f"gegeven.{naam}" in texts else naam for naam in lezing.gegevens)
    return list(dict.fromkeys(named))
