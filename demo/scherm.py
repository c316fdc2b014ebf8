# SPDX-License-Identifier: EUPL-1.2
"""What a person watching the demo sees: a bar while it runs, then what happened per colour, why, and where to look."""

from __future__ import annotations

import time
from typing import Any, Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from demo.opzet import Opzet
from demo.volgen import Verloop

_UITLEG: Final = {
    "verwerkt": ("groen", "vanzelf verwerkt, bevestigd door burgerzaken", "green"),
    "steekproef": ("groen", "in de steekproef: een medewerker kijkt mee", "green"),
    "oranje": ("oranje", "ligt met redenen in de werkvoorraad", "yellow"),
    "rood": ("rood", "inwoner leest wat te doen, team heeft de zaak", "red"),
    "wachtend": ("wacht", "op de verhuisdatum of op vorige bewoners", "cyan"),
}
_TOP: Final = 6


def tussenstand(verloop: Verloop) -> Group:
    """Return the live view."""
    done = len(verloop.klaar)
    rate = done / max(time.monotonic() - verloop.begonnen, 0.001)
    line = Text(f"{done} van {verloop.moves} verhuizingen klaar, {verloop.open} onderweg, {rate:.1f} per seconde")
    if verloop.kills:
        line.append(f", hub {verloop.kills}x hard gestopt en weer gestart", style="bold")
    return Group(line, ProgressBar(total=verloop.moves, completed=done, width=60), tabel(verloop))


def tabel(verloop: Verloop) -> Table:
    """Return the table per outcome."""
    table = Table(box=None, pad_edge=False)
    for heading in ("kleur", "aantal", "wat er gebeurde"):
        table.add_column(heading, justify="right" if heading == "aantal" else "left")
    counts = verloop.per_einde()
    for einde, (kleur, uitleg, style) in _UITLEG.items():
        table.add_row(Text(kleur, style=style), str(counts[einde]), uitleg)
    return table


def slot(console: Console, verloop: Verloop, uitslag: dict[str, Any]) -> None:
    """Print the end of the story."""
    console.print(tabel(verloop))
    reasons = Table("reden", "aantal", box=None, pad_edge=False)
    for reason, count in verloop.redenen().most_common(_TOP):
        reasons.add_row(reason, str(count))
    console.print("\nMeest genoemde redenen:")
    console.print(reasons)
    console.print(
        f"\n{uitslag['gebeurtenissen']} gebeurtenissen; eerste groene verhuizing na {uitslag['eerste_groen_s']} s, alles na"
        f" {uitslag['duur_s']} s. Verloren: {uitslag['verloren']}, dubbel: {uitslag['dubbele_opdrachten']},"
        f" geparkeerd: {uitslag['geparkeerd']}."
    )


def adressen(console: Console, opzet: Opzet) -> None:
    """Print the pages to open."""
    url = opzet.hub_url
    pages = {"inwoner": "/mijn", "werkvoorraad": "/werkvoorraad", "stand": "/stand", "API": "/v1/openapi.json"}
    lines = [f"{name:<13}{url}{path}" for name, path in pages.items()]
    lines += ["", "Inloggen is hier namaak en werkt alleen op dit apparaat.", f"Het is in deze demo {opzet.datum:%d-%m-%Y}."]
    console.print(Panel("\n".join([*lines, "Stoppen: Ctrl-C."]), title="Open in de browser", expand=False))
