# SPDX-License-Identifier: EUPL-1.2
"""``wissel doctor``: looks at everything a hub needs, and says of what is not right what to do about it.

What needs no open files is looked at by the command itself; the rest by the running hub, or on the files when none runs.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.desk import Desk
from hub.errors import ConfigError
from hub.settings import Loaded, load
from hub.toezicht import LEAST_BYTES
from hub.verbinding import Controle, Staat, Verbonden

if TYPE_CHECKING:
    from hub.core import Core

_LEAST_PART: Final = 0.05
_FILES: Final = ("wissel.db", "leesmodellen.db", "sleutels.db")
_OTHERS: Final = stat.S_IRWXO
_WRITES: Final = stat.S_IWGRP | stat.S_IWOTH
_GIB: Final = 2**30


def of_settings(path: Path) -> tuple[list[Controle], Loaded | None]:
    """Look at the settings, and return them when they are right."""
    try:
        loaded = load(path)
    except ConfigError as error:
        doe = f"verbeter {path} en geef `wissel config check`"
        return [Controle(naam="instellingen", staat="fout", tekst=text, doe=doe) for text in error.problems], None
    told = f"in orde, {len(loaded.gemeenten)} gemeente(n)"
    return [Controle(naam="instellingen", staat="goed", tekst=told), *_secrets(loaded, path.parent)], loaded


def of_machine(loaded: Loaded) -> list[Controle]:
    """Look at the folder, who may read in it, and the room on its disk."""
    if loaded.database is not None:
        return []
    folder = loaded.settings.opslag.map
    if not folder.is_dir():
        text = f"{folder} is er nog niet; de hub maakt haar bij de eerste start"
        return [Controle(naam="map", staat="let-op", tekst=text, doe="draaide de hub al eens, koppel dan eerst de schijf aan")]
    return [_folder(folder), *_rights(folder), _room(folder)]


async def of_hub(hub: Core) -> list[Controle]:
    """Look at what only an open hub knows: its schema and keys, its sources, and what waits."""
    found = [*_store(hub), *_waiting(hub)]
    for connector in hub.connectors.values():
        if isinstance(connector, Verbonden):
            found += await connector.nakijken(hub)
    return found


def _secrets(loaded: Loaded, base: Path) -> Iterator[Controle]:
    """Yield what is wrong with who may read the files that hold secrets."""
    named = [loaded.settings.sleutels.hoofdsleutel_bestand]
    named += [gemeente.pseudoniemsleutel_bestand for gemeente in loaded.settings.gemeenten.values()]
    for name in named:
        path = base / name if name else None
        if path and path.exists() and path.stat().st_mode & (_OTHERS | _WRITES):
            text = f"{path} is te lezen of te wijzigen door anderen"
            yield Controle(naam="rechten", staat="fout", tekst=text, doe=f"chmod 600 {path}")


def _folder(folder: Path) -> Controle:
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        doe = "geef dit commando als de gebruiker van de hub, of geef die schrijfrecht op de map"
        return Controle(naam="map", staat="fout", tekst=f"in {folder} mag deze gebruiker niet schrijven", doe=doe)
    return Controle(naam="map", staat="goed", tekst=str(folder))


def _rights(folder: Path) -> Iterator[Controle]:
    if not folder.stat().st_mode & stat.S_IXOTH:
        yield Controle(naam="rechten", staat="goed", tekst="alleen de gebruiker van de hub (en zijn groep) kan in de map")
        return
    loose = [name for name in _FILES if (folder / name).exists() and (folder / name).stat().st_mode & (_OTHERS | _WRITES)]
    text = f"anderen kunnen lezen: {', '.join(loose)}" if loose else "de bestanden zijn alleen voor de hub"
    doe = f"chmod 700 {folder}" if loose else ""
    yield Controle(naam="rechten", staat="fout" if loose else "goed", tekst=text, doe=doe)


def _room(folder: Path) -> Controle:
    disk = shutil.disk_usage(folder)
    text = f"{disk.free / _GIB:.1f} GiB vrij van {disk.total / _GIB:.1f}"
    if disk.free < LEAST_BYTES:
        return Controle(naam="schijf", staat="fout", tekst=text, doe="maak ruimte: een volle schijf neemt geen meldingen aan")
    if disk.free < disk.total * _LEAST_PART:
        return Controle(naam="schijf", staat="let-op", tekst=text, doe="maak binnenkort ruimte, of neem een grotere schijf")
    return Controle(naam="schijf", staat="goed", tekst=text)


def _store(hub: Core) -> Iterator[Controle]:
    schema = hub.read_now(lambda tx: tx.one("SELECT waarde FROM meta WHERE naam = 'schema'"))
    yield Controle(naam="opslag", staat="goed", tekst=f"schema {schema[0] if schema else '?'}, de bestanden horen bij elkaar")
    known, gone = hub.keys.count(), len(hub.keys.destroyed_ids())
    yield Controle(naam="sleutels", staat="goed", tekst=f"{known - gone} bruikbaar, {gone} vernietigd, de hoofdsleutel past")


def _waiting(hub: Core) -> Iterator[Controle]:
    tally = Desk(hub).tally()
    if tally:
        told = ", ".join(f"{lid} {count}" for lid, count, _, _ in tally)
        yield Controle(naam="geparkeerd", staat="let-op", tekst=told, doe="bekijk `wissel parked list`")
    else:
        yield Controle(naam="geparkeerd", staat="goed", tekst="er staat niets geparkeerd")
    for finding in hub.toezicht():
        if finding.soort not in {"geparkeerd", "schijf"}:
            doe = "kijk op het blad Stand: daar staat sinds wanneer en wat te doen"
            staat: Staat = "fout" if finding.alarm else "let-op"
            yield Controle(naam=finding.soort, staat=staat, tekst=f"{finding.over} {finding.aantal}".strip(), doe=doe)


def as_dicts(found: Sequence[Controle]) -> list[dict[str, Any]]:
    """Return what was found for JSON."""
    return [asdict(control) for control in found]
