# SPDX-License-Identifier: EUPL-1.2
"""Reads XML that somebody else sent: no document type, so no entities; nothing is fetched; size and depth are bounded.

What old standards still send (StUF) is all elements, attributes and text. A document type declaration is where every
attack on an XML reader begins (entity expansion, files, addresses fetched), and no message of ours has one: refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from hub.errors import Rejected

_ENCODINGS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1"})


class XmlRefused(Rejected):
    """This is no XML we read. The message never repeats what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of it is read at most. ``bytes_`` of the document, ``depth`` of nesting, ``nodes``: elements and attributes."""

    bytes_: int = 1_000_000
    depth: int = 40
    nodes: int = 20_000


@dataclass(slots=True)
class Element:
    """One element: local ``name``, its ``namespace``, attributes by local name, its own text, and what is in it."""

    namespace: str
    name: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, *names: str) -> Element | None:
        """Return the first element along this path of local names, None when it is not there."""
        found: Element | None = self
        for name in names:
            found = next((child for child in found.children if child.name == name), None) if found else None
        return found

    def all(self, name: str) -> Iterator[Element]:
        """Yield the children with this local name."""
        return (child for child in self.children if child.name == name)


def parse(document: bytes, bounds: Bounds | None = None) -> Element:
    """Return the root element. XmlRefused when it is no XML, has a document type, or is larger than ``bounds``."""
    limits = bounds or Bounds()
    if len(document) > limits.bytes_:
        raise XmlRefused(f"the document is larger than {limits.bytes_} bytes")
    builder = _Builder(limits)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.XmlDeclHandler = _known_encoding
    for refused in ("StartDoctypeDeclHandler", "EntityDeclHandler", "UnparsedEntityDeclHandler", "ExternalEntityRefHandler"):
        setattr(parser, refused, _refuse_declaration)
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError) as fault:
        raise XmlRefused(f"this is no well-formed XML ({_where(fault)})") from None
    return builder.root()


class _Builder:
    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._root: Element | None = None
        self._nodes = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1 + len(attributes)
        if len(self._open) >= self._bounds.depth or self._nodes > self._bounds.nodes:
            raise XmlRefused(f"more than {self._bounds.depth} levels deep or {self._bounds.nodes} elements and attributes")
        namespace, _, local = name.rpartition("}")
        element = Element(namespace, local, {key.rpartition("}")[2]: value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def data(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def root(self) -> Element:
        if self._root is None:
            raise XmlRefused("the document is empty")
        return self._root


def _known_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise XmlRefused("the encoding is not UTF-8")


def _refuse_declaration(*_given: Any) -> int:
    raise XmlRefused("a document type declaration is not accepted")


def _where(fault: Exception) -> str:
    return f"line {fault.lineno}, column {fault.offset}" if isinstance(fault, expat.ExpatError) else "unreadable text"
