# SPDX-License-Identifier: EUPL-1.2
"""Reads Avro bodies (Avro 1.12, binary encoding): one Python function per schema, written out from the schema.

fastavro looks the type of every field up again for every record; written out, reading takes half the time, and a rebuild
reads nothing but records. fastavro stays the writer, and the reader wherever a schema holds a type not written out here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

import fastavro

Reader = Callable[[bytes, int], tuple[Any, int]]
_INDENT: Final = "    "
_ONE_BYTE: Final = 0x80  # a varint below this is a byte


class _NotWrittenOutError(Exception):
    """A type that our schemas do not use."""


def reader(schema: Any) -> Reader:
    """Return ``read(body, at) -> (value, where it ends)`` for a schema parsed by fastavro.

    Bytes that are no such record raise ValueError or IndexError, or end elsewhere than at the end of the body.
    """
    writer = _Writer()
    try:
        result = writer.value(schema, 1)
    except _NotWrittenOutError:
        return _by_fastavro(schema)
    source = "\n".join(["def read(b, i):", *writer.lines, f"{_INDENT}return {result}, i"])
    space: dict[str, Any] = {"_long": _long, "_length": _length, "_no_branch": _no_branch}
    exec(compile(source, f"<{schema['name']}>", "exec"), space)  # noqa: S102 - written from our own released schemas alone
    found: Reader = space["read"]
    return found


class _Writer:
    """Writes the lines that read a value; each value gets a name of its own, because records and arrays nest."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names = (f"v{number}" for number in count())
        self._known: dict[str, Any] = {}

    def value(self, schema: Any, depth: int) -> str:
        """Write what reads one value at ``i`` and return the name it has then."""
        kind = "union" if isinstance(schema, list) else schema["type"] if isinstance(schema, dict) else schema
        if kind in self._known:
            return self.value(self._known[kind], depth)
        write = getattr(self, f"_{kind}", None) if isinstance(kind, str) else None
        if write is None or (isinstance(schema, dict) and "logicalType" in schema):
            raise _NotWrittenOutError
        name = next(self._names)
        self.lines += [f"{_INDENT * depth}{line}" for line in write(schema, name, depth)]
        return name

    def _inner(self, schema: Any, depth: int, to: str) -> None:
        self.lines.append(f"{_INDENT * depth}{to.format(self.value(schema, depth))}")

    def _null(self, _schema: Any, name: str, _depth: int) -> Iterator[str]:
        yield f"{name} = None"

    def _boolean(self, _schema: Any, name: str, _depth: int) -> Iterator[str]:
        yield f"{name} = b[i] == 1; i += 1"

    def _long(self, _schema: Any, name: str, _depth: int) -> Iterator[str]:
        yield f"{name}, i = _long(b, i)"

    _int = _long

    def _bytes(self, _schema: Any, name: str, _depth: int) -> Iterator[str]:
        yield from _LENGTH
        yield f"{name} = b[i:n]; i = n"

    def _string(self, _schema: Any, name: str, _depth: int) -> Iterator[str]:
        yield from _LENGTH
        yield f"{name} = b[i:n].decode(); i = n"

    def _union(self, schema: Any, name: str, depth: int) -> Iterator[str]:
        self.lines.append(f"{_INDENT * depth}n = b[i]; i += 1")
        for number, branch in enumerate(schema):
            self.lines.append(f"{_INDENT * depth}{'elif' if number else 'if'} n == {2 * number}:")
            self._inner(branch, depth + 1, f"{name} = {{}}")
        yield "else: _no_branch()"

    def _array(self, schema: Any, name: str, depth: int) -> Iterator[str]:
        self.lines += [
            f"{_INDENT * depth}{name} = []",
            f"{_INDENT * depth}while b[i]:",
            f"{_INDENT * depth}    {name}_n, i = _long(b, i)",
            f"{_INDENT * depth}    if {name}_n < 0: {name}_n, (_, i) = -{name}_n, _long(b, i)",
            f"{_INDENT * depth}    for _ in range({name}_n):",
        ]
        self._inner(schema["items"], depth + 2, f"{name}.append({{}})")
        yield "i += 1"

    def _record(self, schema: Any, name: str, depth: int) -> Iterator[str]:
        self._known[schema["name"]] = schema
        pairs = [f"{field['name']!r}: {self.value(field['type'], depth)}" for field in schema["fields"]]
        yield f"{name} = {{{', '.join(pairs)}}}"


_LENGTH: Final = ("n = b[i]", "if n > 127 or n & 1: n, i = _length(b, i)", "else: n, i = n >> 1, i + 1", "n += i")


def _long(body: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag varint of at most 64 bits."""
    raw = shift = 0
    for end in range(at, at + 10):
        byte = body[end]
        raw |= (byte & 0x7F) << shift
        if byte < _ONE_BYTE:
            return (raw >> 1) ^ -(raw & 1), end + 1
        shift += 7
    raise ValueError("a number of more than 64 bits")


def _length(body: bytes, at: int) -> tuple[int, int]:
    length, end = _long(body, at)
    if length < 0:
        raise ValueError("a text or bytes of a negative length")
    return length, end


def _no_branch() -> None:
    raise ValueError("a union has no such branch")


def _by_fastavro(schema: Any) -> Reader:
    def read(body: bytes, at: int) -> tuple[Any, int]:
        stream = io.BytesIO(body)
        stream.seek(at)
        try:
            value: Any = fastavro.schemaless_reader(stream, schema, None)
        except (EOFError, TypeError, OverflowError) as error:
            raise ValueError(type(error).__name__) from error
        return value, stream.tell()

    return read
