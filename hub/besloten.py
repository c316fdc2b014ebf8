# SPDX-License-Identifier: EUPL-1.2
"""Keeps what is personal out of the open part of events about zaken, and each person in an element of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.privacy import Bsn, elfproef

Besloten = dict[str, dict[str, Any]]
Pseudonym = Callable[[Bsn], str]
_NINE_DIGITS: Final = re.compile(r"(?<!\d)\d{9}(?!\d)")
_LONGEST_BSN: Final = 9


def zaak_subject(zaak_uuid: str) -> str:
    """Return the subject of personal data that belongs to the zaak and to nobody in particular."""
    return f"zaak:{zaak_uuid}"


def as_bsn(value: Any) -> Bsn | None:
    """Return ``value`` as a BSN, or None when it is none. Leading zeros that a form dropped are put back."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    padded = text.zfill(_LONGEST_BSN) if text.isascii() and text.isdigit() else ""
    return Bsn(padded) if elfproef(padded) else None


def replace_bsns(node: Any, pseudonym: Pseudonym, found: dict[str, str]) -> Any:
    """Return ``node`` (JSON) with every BSN in its texts replaced by a pseudonym; ``found`` gets pseudonym -> BSN."""

    def pseudonymize(match: re.Match[str]) -> str:
        if not elfproef(match.group()):
            return match.group()
        name = pseudonym(Bsn(match.group()))
        found[name] = match.group()
        return name

    if isinstance(node, str):
        return _NINE_DIGITS.sub(pseudonymize, node)
    if isinstance(node, int) and not isinstance(node, bool) and elfproef(str(node)):
        return pseudonymize_number(node, pseudonym, found)
    if isinstance(node, Mapping):
        return {key: replace_bsns(value, pseudonym, found) for key, value in node.items()}
    return [replace_bsns(item, pseudonym, found) for item in node] if isinstance(node, (list, tuple)) else node


def pseudonymize_number(number: int, pseudonym: Pseudonym, found: dict[str, str]) -> str:
    """Return the pseudonym of a BSN that was written as a number."""
    bsn = Bsn(str(number))
    found[pseudonym(bsn)] = bsn.reveal()
    return pseudonym(bsn)


def sealed(subject: str, fields: Mapping[str, Any], pseudonym: Pseudonym) -> Besloten:
    """Return ``fields`` without empty ones under ``subject``; a BSN inside goes to an element of that person alone."""
    found: dict[str, str] = {}
    kept = {name: replace_bsns(value, pseudonym, found) for name, value in fields.items() if value not in (None, "", [], {})}
    besloten: Besloten = {subject: kept} if kept else {}
    for name, bsn in found.items():
        besloten[name] = besloten.get(name, {}) | {"bsn": bsn}
    return besloten
