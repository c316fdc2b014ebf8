# SPDX-License-Identifier: EUPL-1.2
"""What keeps a burgerservicenummer from leaking: a masked type, the elfproef and the pseudonym."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import Any

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
_UNLOGGABLE = re.compile("[\x00\ud800-\udfff]")


def elfproef(number: str) -> bool:
    """True when nine digits pass the elfproef of a burgerservicenummer (Logisch Ontwerp BRP, element 01.20)."""
    if len(number) != len(_WEIGHTS) or not number.isascii() or not number.isdigit() or number == "000000000":
        return False
    return sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=True)) % 11 == 0


class Bsn:
    """A burgerservicenummer that does not show itself: ``repr``, ``str`` and ``format`` are masked.

    Raises ValueError (without the number) when the elfproef fails.
    """

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        if not elfproef(digits):
            raise ValueError("a burgerservicenummer has nine digits that pass the elfproef; this value does not")
        self._digits = digits

    def reveal(self) -> str:
        """Return the nine digits. Only for a request body, a sealed element or the pseudonym."""
        return self._digits

    def __repr__(self) -> str:
        return "Bsn(***)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> Any:
        raise TypeError("a Bsn is not pickled: it would land unsealed wherever the pickle goes")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bsn) and hmac.compare_digest(self._digits, other._digits)

    def __hash__(self) -> int:
        return hash((Bsn, self._digits))


class Pseudonymizer:
    """HMAC-SHA256(municipality key, BSN), first 128 bits, as 32 hex digits (design, section 3)."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:  # noqa: PLR2004
            raise ValueError("a pseudonym key has at least 32 bytes")
        self._key = key

    def __call__(self, bsn: Bsn) -> str:
        """Return the pseudonym of ``bsn`` within this gemeente."""
        return hmac.new(self._key, bsn.reveal().encode("ascii"), hashlib.sha256).hexdigest()[:32]

    def digest(self, content: bytes) -> str:
        """Return a digest that nobody without the key finds by trying: of what holds a BSN a bare one gives it away."""
        return hmac.new(self._key, b"wissel: inhoud\x1f" + content, hashlib.sha256).hexdigest()

    def fingerprint(self) -> str:
        """Return what tells this key from another one and gives nothing of it away."""
        return hmac.new(self._key, b"wissel: vingerafdruk van de pseudoniemsleutel", hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        return "Pseudonymizer(***)"


def loggable(text: str) -> str:
    """Return ``text`` as NFC without U+0000 and lone surrogates, so that every store and log can carry it."""
    return unicodedata.normalize("NFC", _UNLOGGABLE.sub("", text))


def carried(text: str) -> bool:
    """True when every store and log can carry ``text`` as it is, but for its normal form."""
    return _UNLOGGABLE.search(text) is None


def mask_bsns(text: str) -> str:
    """Return ``text`` with every nine-digit number that passes the elfproef replaced by ``***``."""
    return _NINE_DIGITS.sub(lambda match: "***" if elfproef(match.group()) else match.group(), text)
