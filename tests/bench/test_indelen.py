# SPDX-License-Identifier: EUPL-1.2
"""How many changes of address one core classifies: from persoonslijsten, and from two answers of BRP API Personen."""

from __future__ import annotations

import random
import time
from collections import Counter

from connectors.burgerzaken.classificatie import Rij, classify, rij_uit_persoon
from connectors.burgerzaken.herindelingen import Herindelingen
from tests.bench.meten import noteer, per_s

_TRANSITIONS = 100_000
_GOAL_PER_S = 50_000
_KEYS = ("09.10", "10.10", "10.30", "11.10", "11.15", "11.20", "11.60", "11.80", "11.90", "13.10", "13.20", "72.10", "84.10")
_SAMEN = Herindelingen({f"{n:04d}": (f"{n + 1000:04d}", "20210101") for n in range(1, 400)})


def rows(rng: random.Random) -> tuple[Rij, Rij]:
    """Two rows of one person, of the kinds that occur: moves, renumberings, corrections, abroad."""
    old = {
        "09.10": f"{rng.randrange(1, 1500):04d}",
        "10.10": "W",
        "10.30": f"20{rng.randrange(10, 20)}0{rng.randrange(1, 9)}0{rng.randrange(1, 9)}",
        "11.10": f"Straat {rng.randrange(50)}",
        "11.20": str(rng.randrange(1, 200)),
        "11.60": f"{rng.randrange(1000, 9999)}AA",
        "11.80": f"{rng.randrange(10**15):016d}",
        "72.10": "I",
    }
    new = {**old, "10.30": f"202{rng.randrange(1, 5)}0{rng.randrange(1, 9)}01", "11.10": "Elders", "11.20": "7"}
    match rng.randrange(6):
        case 0:
            new["09.10"] = f"{rng.randrange(1, 1500):04d}"
        case 1:
            new["72.10"] = rng.choice("TW")
        case 2:
            new["84.10"] = "O"
        case 3:
            new = {"09.10": "1999", "13.10": "5002", "13.20": "20240501"}
        case _:
            pass
    return Rij(old), Rij(new)


def persoon(street: str, since: str) -> dict[str, object]:
    """A Persoon as the BRP answers it, filtered to what is compared."""
    return {
        "gemeenteVanInschrijving": {"code": "0114", "omschrijving": "Emmen"},
        "verblijfplaats": {
            "type": "Adres",
            "functieAdres": {"code": "W", "omschrijving": "woonadres"},
            "datumVan": {"type": "Datum", "datum": since, "langFormaat": since},
            "adresseerbaarObjectIdentificatie": "0114010000000001",
            "nummeraanduidingIdentificatie": "0114200000000001",
            "verblijfadres": {
                "korteStraatnaam": street,
                "officieleStraatnaam": street,
                "huisnummer": 7,
                "postcode": "7811AA",
                "woonplaats": "Emmen",
            },
        },
    }


def test_classifying_changes_of_address():
    """The rules of RvIG over rows, mergers of gemeenten resolved; beside it comparing the same elements and no more."""
    rng = random.Random(7)
    pairs = [rows(rng) for _ in range(_TRANSITIONS)]
    begin = time.process_time()
    found = Counter(classify(old, new, _SAMEN).soort for old, new in pairs)
    took_s = time.process_time() - begin
    begin = time.process_time()
    different = sum(any(old[key] != new[key] for key in _KEYS) for old, new in pairs)
    bare_s = time.process_time() - begin
    assert len(found) >= 5
    assert different == _TRANSITIONS
    noteer(
        "adreswijzigingen indelen uit persoonslijsten, één kern",
        gemeten=per_s(_TRANSITIONS, took_s),
        ruw=f"{per_s(_TRANSITIONS, bare_s)} alleen vergelijken",
        verhouding=f"{bare_s / took_s:.2f}",
        doel=f">= {_GOAL_PER_S:,}/s".replace(",", " "),
        gehaald=_TRANSITIONS / took_s >= _GOAL_PER_S,
    )


def test_classifying_two_answers_of_the_brp():
    """Reading both answers included: what the hub does for each changed person."""
    answers = [(persoon(f"Straat {n}", "2020-01-01"), persoon("Elders", "2026-03-01")) for n in range(1000)]
    times = _TRANSITIONS // (2 * len(answers))
    begin = time.process_time()
    for _ in range(times):
        for old, new in answers:
            classify(rij_uit_persoon(old), rij_uit_persoon(new))
    took_s = time.process_time() - begin
    noteer(
        "adreswijzigingen indelen uit antwoorden van de BRP, één kern",
        gemeten=per_s(times * len(answers), took_s),
        ruw="-",
        verhouding="-",
        doel="-",
        gehaald=True,
    )
