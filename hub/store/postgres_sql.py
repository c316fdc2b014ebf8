# SPDX-License-Identifier: EUPL-1.2
"""The store's one SQL text, as PostgreSQL takes it: parameters, lists and types.

A list (``IN (?,?,?)``) becomes one array parameter, so that one prepared plan serves lists of every length; SQLite's empty list
(``IN ()``) becomes an empty array.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

# Every table of a schema with its columns and their place in its primary key; and the columns that number themselves.
TABLES: Final = (
    "SELECT t.relname, a.attname, coalesce(array_position(i.indkey::smallint[], a.attnum) + 1, 0) FROM pg_class t"
    " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary"
    " WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND t.relname <> 'migratie'"
    " ORDER BY t.relname, a.attnum"
)
NUMBERED: Final = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> '' AND attnum > 0"
_TOKEN: Final = re.compile(r"'[^']*'|(NOT )?\bIN \(((?:\?(?:, ?\?)*)?)\)|\?|%")
_TYPE: Final = re.compile(r"--[^\n]*|'[^']*'|\b(TEXT|INTEGER|BLOB|REAL|WITHOUT ROWID)\b")
# Text is compared byte by byte, as SQLite does: pages that go on after a key rest on it, whatever the database's locale.
_TYPES: Final = {
    "TEXT": 'text COLLATE "C"',
    "INTEGER": "bigint",
    "BLOB": "bytea",
    "REAL": "double precision",
    "WITHOUT ROWID": "",
}


class Translated(NamedTuple):
    """A statement with psycopg's placeholders; ``lists`` holds per placeholder how many values it takes, 0 for a plain one."""

    sql: bytes
    lists: tuple[int, ...]


@lru_cache(maxsize=2_000)
def translated(sql: str) -> Translated:
    """Return a statement of the hub as psycopg takes it."""
    lists: list[int] = []

    def replace(found: re.Match[str]) -> str:
        if found[2] == "":
            return "<> ALL('{}')" if found[1] else "= ANY('{}')"
        if found[2]:
            lists.append(found[2].count("?"))
            return "<> ALL(%s)" if found[1] else "= ANY(%s)"
        if found[0] == "?":
            lists.append(0)
            return "%s"
        return found[0].replace("%", "%%")

    text = _TOKEN.sub(replace, sql)
    return Translated(text.encode(), tuple(lists) if any(lists) else ())


def packed(params: Sequence[Any], lists: Sequence[int]) -> Sequence[Any]:
    """Return the parameters with those of each list taken together."""
    values, at = [], 0
    for count in lists:
        values.append(list(params[at : at + count]) if count else params[at])
        at += count or 1
    return values


def with_types(statement: str) -> str:
    """Return a definition with PostgreSQL's names of the types."""
    return _TYPE.sub(lambda found: _TYPES.get(found[0], found[0]), statement)


class _Flag(Dumper):
    """A bool stands in an integer column, as it does in SQLite."""

    oid = types["int8"].oid

    def dump(self, obj: Any) -> Buffer:
        return b"1" if obj else b"0"


def adapt(context: AdaptContext) -> None:
    """Let every whole number be a bigint: one prepared plan per statement, whatever the values."""
    if context.adapters is not None:
        for dumper in (Int8Dumper, Int8BinaryDumper):
            context.adapters.register_dumper(int, dumper)
        context.adapters.register_dumper(bool, _Flag)
