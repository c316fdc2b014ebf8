# SPDX-License-Identifier: EUPL-1.2
"""Numbers that follow from a seed: chance, burgerservicenummers, BAG identifications and postcodes.

Everything here can be computed in both directions, so that no table of a million rows is ever needed.

Burgerservicenummers run downwards from the top of the nine-digit numbers: the first 9,000 people have a number
9999xxxxx, the first 90,000 one within RvIG's test range 999xxxxxx, and a million people reach down to 98888xxxx. None
of these is in use for real people; none stands in a file, they are made at run time. All pass the elfproef.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import gcd
from typing import Final, TypeVar

T = TypeVar("T")
_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_BSN_PER_PREFIX: Final = 9  # of ten numbers with the same first seven digits nine or ten pass the elfproef; we use nine
_TOP_PREFIX: Final = 9_999_999
_LOWEST_PREFIX: Final = 9_000_000
_BSN_CIJFERS: Final = 9
_BAG_CIJFERS: Final = 16
_HOOGSTE_CIJFER: Final = 9
_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3)
_LETTERS: Final = "ABCDEGHJKLMNPRTVWXZ"  # PostNL uses no F I O Q U Y; without S there is no SA, SD, SS either
POSTCODES_PER_CIJFERS: Final = len(_LETTERS) ** 2


def meng(*delen: int) -> int:
    """Return 64 well-mixed bits that follow from ``delen`` alone (splitmix64); the same on every Python."""
    x = 0
    for deel in delen:
        x = (x + _GOLDEN + (deel & _MASK)) & _MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
        x ^= x >> 31
    return x


class Dobbelsteen:
    """A stream of chance that follows from its seed. ``random`` may change its methods between versions, this not."""

    __slots__ = ("_state",)

    def __init__(self, *seed: int) -> None:
        self._state = meng(*seed)

    def getal(self, grens: int) -> int:
        """Return 0 <= n < ``grens``."""
        self._state = (self._state + _GOLDEN) & _MASK
        x = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
        return (x ^ (x >> 31)) % grens

    def tussen(self, laagste: int, hoogste: int) -> int:
        """Return ``laagste`` <= n <= ``hoogste``."""
        return laagste + self.getal(hoogste - laagste + 1)

    def kies(self, uit: Sequence[T]) -> T:
        """Return one of ``uit``."""
        return uit[self.getal(len(uit))]

    def procent(self, kans: int) -> bool:
        """Return True in ``kans`` percent of the throws."""
        return self.getal(100) < kans

    def schud(self, lijst: list[T]) -> list[T]:
        """Return ``lijst`` shuffled (Fisher-Yates), as a new list."""
        geschud = list(lijst)
        for i in range(len(geschud) - 1, 0, -1):
            j = self.getal(i + 1)
            geschud[i], geschud[j] = geschud[j], geschud[i]
        return geschud


@cache
def _geldige_staarten(rest: int) -> tuple[str, ...]:
    """The nine endings (two digits) that pass the elfproef after seven digits whose weighted sum is ``rest`` mod 11."""
    paren = ((d8, (rest + 2 * d8) % 11) for d8 in range(10))
    return tuple(f"{d8}{d9}" for d8, d9 in paren if d9 <= _HOOGSTE_CIJFER)[:_BSN_PER_PREFIX]


def bsn_van(nummer: int) -> str:
    """Return the burgerservicenummer of person ``nummer`` (0, 1, 2 ...). Passes the elfproef."""
    prefix = str(_TOP_PREFIX - nummer // _BSN_PER_PREFIX)
    return prefix + _geldige_staarten(_som(prefix) % 11)[nummer % _BSN_PER_PREFIX]


def nummer_van(bsn: str) -> int | None:
    """Return the person's number of a burgerservicenummer, None when it is not one of ours."""
    prefix = bsn[:7]
    if len(bsn) != _BSN_CIJFERS or not bsn.isascii() or not bsn.isdigit() or int(prefix) < _LOWEST_PREFIX:
        return None
    staarten = _geldige_staarten(_som(prefix) % 11)
    if bsn[7:] not in staarten:
        return None
    return (_TOP_PREFIX - int(prefix)) * _BSN_PER_PREFIX + staarten.index(bsn[7:])


def _som(prefix: str) -> int:
    return sum(int(cijfer) * gewicht for cijfer, gewicht in zip(prefix, _WEIGHTS, strict=True))


class Verstrooiing:
    """Places 0..n-1 in another order and back, so that neighbours do not have neighbouring numbers."""

    __slots__ = ("_aantal", "_factor", "_schuif", "_terug")

    def __init__(self, aantal: int, seed: int) -> None:
        factor = max(1, int(aantal * 0.618)) | 1
        while gcd(factor, aantal) != 1:
            factor += 2
        self._aantal, self._factor = aantal, factor
        self._terug = pow(factor, -1, aantal) if aantal > 1 else 0
        self._schuif = meng(seed, 7) % aantal

    def heen(self, plaats: int) -> int:
        """Return the number that stands at ``plaats``."""
        return (plaats * self._factor + self._schuif) % self._aantal

    def terug(self, nummer: int) -> int:
        """Return the place of ``nummer``."""
        return ((nummer - self._schuif) * self._terug) % self._aantal


def bag_id(voorvoegsel: str, soort: str, nummer: int) -> str:
    """Return a BAG identification: four digits of a gemeente, two of the kind of object, ten of our own."""
    return f"{voorvoegsel}{soort}{nummer:010d}"


def bag_nummer(identificatie: str) -> int:
    """Return our own number in a BAG identification of sixteen digits, -1 when it is none."""
    return int(identificatie[6:]) if len(identificatie) == _BAG_CIJFERS and identificatie.isdigit() else -1


def postcode(basis: int, volgnummer: int) -> str:
    """Return postcode ``volgnummer`` of a gemeente whose first four digits are ``basis``."""
    cijfers, letters = divmod(volgnummer, POSTCODES_PER_CIJFERS)
    eerste, tweede = divmod(letters, len(_LETTERS))
    return f"{basis + cijfers}{_LETTERS[eerste]}{_LETTERS[tweede]}"


def postcode_volgnummer(basis: int, code: str) -> int | None:
    """Return the number of a postcode within a gemeente, None when its letters are not ours."""
    eerste, tweede = _LETTERS.find(code[4]), _LETTERS.find(code[5])
    if eerste < 0 or tweede < 0:
        return None
    return (int(code[:4]) - basis) * POSTCODES_PER_CIJFERS + eerste * len(_LETTERS) + tweede
