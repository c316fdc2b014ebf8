# SPDX-License-Identifier: EUPL-1.2
"""The conformance kit: whoever writes a connector describes its other side once, and the kit shows whether it keeps the rules.

Describe the other side as a ``Proef`` and name it under the entry point ``wissel.proeven``, with the name of the connector.
``wissel connector check NAME`` then runs every rule of ``hub.conformiteit.regels`` against a real hub process with real
HTTP on both sides; ``pytest --pyargs hub.conformiteit.regels --connector NAME`` does the same in your own CI.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

from hub.privacy import Pseudonymizer

GEMEENTE: Final = "proefdorp"
OIN: Final = "00000001999999999000"
PSEUDONIEM: Final = Pseudonymizer(bytes(range(32)))  # by which the kit's hub calls people
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Levering:
    """What the other side sends the hub by itself: one HTTP request. It is sent again until the hub answers 2xx.

    ``stroom``: the key of the stream it is about. Of one stream the next is sent after the one before was accepted.
    """

    pad: str
    inhoud: bytes
    stroom: str
    koppen: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    methode: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProefOpdracht:
    """An opdracht for the connector to carry out, as a flow would give it. ``effect`` False: it only reads."""

    soort: str
    zaak: str
    gegevens: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    besloten: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    effect: bool = True


class Proef(Protocol):
    """The other side of one connector, with books of its own. A fresh one is made for every rule.

    ``app``           the other side as an ASGI application; the kit serves it, counts its requests and breaks it at will.
    ``geheim``        words and numbers about people that it uses: they may stand sealed, and nowhere in the open.
    ``ongevraagd``    words that it tells without having been asked: they may stand nowhere at all. Empty when it tells none.
    ``onleesbaar``    bodies that are no message of this kind at all: refused, and never a fact.
    ``verzoeken_per_storing``  how many requests a connector may make during the two seconds in which nothing works.

    For a connector that is only hinted to and fetches, or that reads by opdracht:

    ``verslagen``     types of events that say what the connector did itself, such as that it read somebody: as many as it
                      took, so no part of ``waarheid``.
    ``waarnemingen``  types of events that one hub saw, as a difference with what it had read before: once, in their order,
                      under an id of that hub.
    """

    app: Any
    geheim: Sequence[str]
    ongevraagd: Sequence[str]
    onleesbaar: Sequence[bytes]
    verzoeken_per_storing: int
    verslagen: Collection[str] = ()
    waarnemingen: Collection[str] = ()

    def instellingen(self, url: str) -> Mapping[str, Any]:
        """Return the section ``[gemeenten.<name>.<connector>]`` with which the connector finds the other side at ``url``."""

    def close(self) -> None:
        """Give back what it holds, such as a thread; nothing for most."""

    def vooraf(self) -> Sequence[ProefOpdracht]:
        """Return what a hub is asked to do before anything happens, such as to follow people; nothing for most."""
        return ()

    def weigert(self, status: int, tekst: str) -> bool:
        """Tell whether this answer refuses a message as this kind of system agreed: by default 4xx that says why."""
        return 400 <= status < 500 and bool(tekst.strip())  # noqa: PLR2004

    def gebeur(self, aantal: int) -> Sequence[Levering]:
        """Let ``aantal`` things happen, about several streams, and return what the other side sends about them."""

    def waarheid(self) -> Mapping[str, Sequence[str]]:
        """Return what the log must hold in the end: stream key -> event types in order, no more and no less."""

    def opdrachten(self, aantal: int) -> Sequence[ProefOpdracht]:
        """Return opdrachten of every soort that the connector carries out; empty when it carries out none."""

    def effecten(self) -> Sequence[str]:
        """Return what stands at the other side because of opdrachten, one entry per time: the same effect twice is two."""


__all__ = ("GEMEENTE", "OIN", "PSEUDONIEM", "Levering", "Proef", "ProefOpdracht")
