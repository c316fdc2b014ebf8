# SPDX-License-Identifier: EUPL-1.2
"""Reads a persoonslijsten file in RvIG's layout: the rows of category 08 of each person, newest first.

The layout: UTF-8, ``;`` between columns, CRLF, column names are element numbers. The nameless first column is filled on
the first row of each persoonslijst only. Header ``06.88.10`` occurs twice, so columns are read by position. Rows stand
newest first and are never sorted: dates may be unknown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from connectors.burgerzaken.classificatie import AANGIFTE, GEMEENTE, LAND, ONJUIST, Classificatie, Rij, classify
from hub.errors import Rejected

_PREFIX: Final = "08."
_HISTORIE: Final = "08.H"
_NEEDED: Final = tuple(_PREFIX + element for element in (GEMEENTE, LAND, AANGIFTE, ONJUIST))


class BestandKloptNiet(Rejected):
    """The file is not in RvIG's layout. The message names file and line."""


def read_transitions(path: Path) -> Iterator[tuple[Rij, Rij]]:
    """Yield (old, new) for each change of category 08 in the file, person by person. Raises BestandKloptNiet."""
    for rows in read_persoonslijsten(path):
        for new, old in pairwise(rows):
            yield old, new


def classify_file(path: Path) -> Iterator[Classificatie]:
    """Yield the classification of each change of category 08 in the file."""
    for old, new in read_transitions(path):
        yield classify(old, new)


def read_persoonslijsten(path: Path) -> Iterator[list[Rij]]:
    """Yield the rows of category 08 of each person, newest first, in the order of the file."""
    rows = _read_rows(path)
    _, header = next(rows, (0, []))
    columns = _columns(path, header)
    person: list[Rij] | None = None
    for line, row in rows:
        if len(row) != len(header):
            raise BestandKloptNiet(f"{path}, regel {line}: {len(row)} kolommen waar de kop er {len(header)} heeft")
        if row[0]:
            if person is not None:
                yield person
            person = []
        if person is None:
            raise BestandKloptNiet(f"{path}, regel {line}: de eerste kolom van de eerste rij moet een persoonslijst noemen")
        elements = {element: row[position] for position, element in columns if row[position]}
        if elements:
            person.append(Rij(elements))
    if person is not None:
        yield person


def _columns(path: Path, header: list[str]) -> list[tuple[int, str]]:
    """Return (position, element) of each column of category 08 but its history mark."""
    if missing := [name for name in _NEEDED if name not in header]:
        raise BestandKloptNiet(
            f"{path}, regel 1: geen kolom {', '.join(missing)}; geef een bestand met persoonslijsten in de indeling van "
            "RvIG (UTF-8, `;` tussen kolommen, kolomnamen zijn elementnummers)"
        )
    return [
        (position, name.removeprefix(_PREFIX))
        for position, name in enumerate(header)
        if name.startswith(_PREFIX) and name != _HISTORIE
    ]


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, columns); empty lines are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except OSError as fault:
        raise BestandKloptNiet(f"{path}: niet te lezen ({fault.strerror}); controleer de naam") from fault
    except UnicodeDecodeError as fault:
        raise BestandKloptNiet(f"{path}: is geen UTF-8; sla het op als UTF-8") from fault
    except csv.Error as fault:
        raise BestandKloptNiet(f"{path}: is geen CSV-bestand ({fault})") from fault
