# SPDX-License-Identifier: EUPL-1.2
"""What was published of one zaak: SHA-256s and moments, never personal data. Kept in ``stufzkn_zaak``.

A message repeats much of what was told before. Only what differs from what was published is a fact, and only when no later
message said something else about it already.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import msgspec

from hub.besloten import Pseudonym, replace_bsns

_NIETS: Final = ("", "")  # nothing published, by no message
Gesloten = Literal["", "einddatum", "status"]


@dataclass(slots=True)
class Stand:
    """``delen``: name of a part -> (SHA-256 of what it holds, tijdstip of the message that said so); empty: it is not there.

    ``zaak``: its uuid, empty while there is none. ``gesloten``: what closed it. ``generatie``: how often a zaak with this
    identificatie was removed, ``verwijderd``: by a message of which tijdstip.
    """

    zaak: str = ""
    generatie: int = 0
    verwijderd: str = ""
    gesloten: Gesloten = ""
    delen: dict[str, tuple[str, str]] = field(default_factory=dict)

    def copy(self) -> Stand:
        """Return a copy that shares nothing that changes."""
        return replace(self, delen=dict(self.delen))

    def sinds(self, deel: str) -> str:
        """Return the tijdstip of the message that spoke of a part last."""
        return self.delen.get(deel, _NIETS)[1]

    def wijzigt(self, deel: str, waarde: Any, tijdstip: str, pseudonym: Pseudonym) -> bool:
        """Note what a part holds now (None: nothing); False when it held that already, or a later message spoke of it."""
        known, since = self.delen.get(deel, _NIETS)
        now = "" if waarde is None else self._sha256(waarde, pseudonym)
        if tijdstip < since:
            return False
        self.delen[deel] = (now, tijdstip)
        return now != known

    def _sha256(self, waarde: Any, pseudonym: Pseudonym) -> str:
        """Digest with pseudonyms for BSNs, so that nobody finds a number by trying; another zaak has another digest."""
        text = json.dumps([self.zaak, replace_bsns(waarde, pseudonym, {})], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """Return it as text for ``stufzkn_zaak``."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Stand:
        """Return what ``to_json`` wrote."""
        return msgspec.json.decode(text, type=cls)
