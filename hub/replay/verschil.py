# SPDX-License-Identifier: EUPL-1.2
"""What would change if readers saw another build: rows of both compared in key order, at one and the same position.

Both are read once, in blocks; blocks that are equal are passed over as a whole. Of what differs, only which columns differ is
told, with a few examples in which whatever may be personal is masked.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import msgspec

from hub.builds import Build
from hub.errors import Refused
from hub.plugins import Row
from hub.replay.lezen import Lezer
from hub.store.base import Connection

_BLOCK: Final = 2_000
_EXAMPLES: Final = 5
_EQUAL_S: Final = 15.0
_LOOK_S: Final = 0.01
_MISSING: Final = object()
# Told as they are: numbers, colours, dates and uuids. Whatever else a row holds may be about somebody, staff included.
_PLAIN: Final = re.compile(
    r"groen|oranje|rood|open|wachtend|zaak|persoon|actief|schaduw|uit"
    r"|\d{4}-\d\d-\d\d([T ][\d:.+Z-]*)?|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_decode: Final = msgspec.msgpack.Decoder().decode
Line = tuple[Any, ...]


@dataclass(slots=True)
class Verschil:
    """What differs between the live build and another.

    ``kolommen`` counts per column in how many rows it differs; ``alleen`` are the streams with a row on one side only.
    """

    projectie: str
    live: str
    schaduw: str
    gebeurtenissen: int = 0
    gelijk: int = 0
    alleen_live: int = 0
    alleen_schaduw: int = 0
    anders: int = 0
    kolommen: Counter[str] = field(default_factory=Counter)
    voorbeelden: list[dict[str, Any]] = field(default_factory=list)
    alleen: set[int] = field(default_factory=set)

    @property
    def leeg(self) -> bool:
        """True when nobody would see a difference."""
        return not (self.alleen_live or self.alleen_schaduw or self.anders or self.kolommen)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        told = {name: value for name, value in asdict(self).items() if name != "alleen"}
        return {**told, "kolommen": dict(sorted(self.kolommen.items())), "leeg": self.leeg}


def vergelijk(lezer: Lezer, live: Build, shadow: Build) -> Verschil:
    """Compare two builds at one position. Refused when they do not come to stand at the same place."""
    until = time.monotonic() + _EQUAL_S
    while True:
        with ExitStack() as views:
            old = views.enter_context(lezer.database(live.nummer).reader())
            new = views.enter_context(lezer.database(shadow.nummer).reader())
            places = _places(old, live.lid)
            if places == _places(new, shadow.lid):
                offsets = [place & ((1 << 40) - 1) for place in places.values()]
                found = Verschil(live.projectie, live.lid, shadow.lid, gebeurtenissen=sum(offset + 1 for offset in offsets))
                return _compared(old, new, live, shadow, found)
        if time.monotonic() > until:
            raise Refused(
                f"{live.lid} en {shadow.lid} staan niet op dezelfde plek in het logboek: is de replay klaar, en draait de hub?"
            )
        time.sleep(_LOOK_S)


def _places(db: Connection, lid: str) -> dict[int, int]:
    rows = db.execute("SELECT partitie, plaats FROM controlepunt WHERE lid = ?", (lid,)).fetchall()
    return {partition: place for partition, place in rows if place >= partition << 40}


def _compared(old: Connection, new: Connection, live: Build, shadow: Build, found: Verschil) -> Verschil:
    columns = [name for name in live.shape.columns if name in shadow.shape.columns]
    names = ", ".join(("stroom", "gemeente", "sleutel", "rij", *columns))
    query = f"SELECT {names} FROM {{}} ORDER BY stroom"
    sides = (old.execute(query.format(live.shape.table)), new.execute(query.format(shadow.shape.table)))
    differs: set[int] = set()
    for one, other in _pairs(*map(iter, sides), key=1, found=found):
        _row(one, other, columns, found, differs)
    found.kolommen.update(f"kolom {name}" for name in live.shape.columns.keys() ^ shadow.shape.columns.keys())
    for link in sorted({*live.shape.links, *shadow.shape.links}):
        _link(old, new, (live, shadow), link, found, differs)
    found.anders = len(differs)
    found.gelijk -= len(differs)
    return found


def _pairs(
    ours: Iterator[Line], theirs: Iterator[Line], *, key: int, found: Verschil | None
) -> Iterator[tuple[Line | None, Line | None]]:
    """Yield what is not the same on both sides, in key order; ``key``: how many columns make it. Equal rows are counted."""
    left, right = list(islice(ours, _BLOCK)), list(islice(theirs, _BLOCK))
    name = itemgetter(slice(0, key))
    while left or right:
        if left == right:
            size, left, right = len(left), [], []
            if found:
                found.gelijk += size
        else:
            end = min(name(side[-1]) for side in (left, right) if side)
            cut, here = bisect_right(left, end, key=name), bisect_right(right, end, key=name)
            yield from _merge(left[:cut], right[:here], name, found)
            left, right = left[cut:], right[here:]
        left += islice(ours, _BLOCK - len(left))
        right += islice(theirs, _BLOCK - len(right))


def _merge(
    left: Sequence[Line], right: Sequence[Line], name: Any, found: Verschil | None
) -> Iterator[tuple[Line | None, Line | None]]:
    ours, theirs = {name(line): line for line in left}, {name(line): line for line in right}
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if one == other:
            if found:
                found.gelijk += 1
        else:
            yield one, other


def _row(one: Line | None, other: Line | None, columns: Sequence[str], found: Verschil, differs: set[int]) -> None:
    if one is None or other is None:
        found.alleen_live += other is None
        found.alleen_schaduw += one is None
        there = one or other
        assert there is not None
        found.alleen.add(there[0])
        _example(found, there, {"alleen in": "live" if other is None else "schaduw"})
        return
    found.gelijk += 1  # taken off again where it differs, so that one that differs in its links only counts once
    old, new = _decode(one[3]), _decode(other[3])
    changed = {name for name in old.keys() | new.keys() if old.get(name, _MISSING) != new.get(name, _MISSING)}
    changed |= {
        f"kolom {name}" for name, a, b in zip(columns, one[4:], other[4:], strict=True) if a != b and name not in changed
    }
    changed |= {name for name, a, b in (("gemeente", one[1], other[1]), ("sleutel", one[2], other[2])) if a != b}
    if changed:
        differs.add(one[0])
        found.kolommen.update(changed)
        _example(found, one, {name: [_masked(old, name), _masked(new, name)] for name in sorted(changed)})


def _link(old: Connection, new: Connection, builds: tuple[Build, Build], link: str, found: Verschil, differs: set[int]) -> None:
    """Compare a side table; a link that only one of both has differs for all that is in it."""
    sides = [
        iter(db.execute(f"SELECT waarde, stroom FROM {build.shape.link(link)} ORDER BY waarde, stroom"))
        if link in build.shape.links
        else iter(())
        for db, build in zip((old, new), builds, strict=True)
    ]
    streams = {line[1] for pair in _pairs(sides[0], sides[1], key=2, found=None) for line in pair if line}
    if streams:
        found.kolommen[f"verwijzing {link}"] += len(streams)
        differs |= streams - found.alleen


def _example(found: Verschil, line: Line, what: dict[str, Any]) -> None:
    if len(found.voorbeelden) < _EXAMPLES:
        found.voorbeelden.append({"sleutel": masked(line[2]), "wat": what})


def _masked(row: Row, name: str) -> Any:
    value = row.get(name, _MISSING)
    return None if value is _MISSING else masked(value)


def masked(value: Any) -> Any:
    """Return a value of a row as it may be shown: its shape stays, what may be about a person does not."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else f"•••({len(value)})"
    if isinstance(value, dict):
        return {str(masked(key)): masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    return "•••"
