# SPDX-License-Identifier: EUPL-1.2
"""Write the tables of docs/reference from the code, so that documentation cannot say something else.

``python scripts/reference.py`` rewrites each table between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``. What the
code does not explain itself (a setting without a description, a log event) keeps the explanation that stands in the
document; tests/unit/test_docs.py fails while one is empty or a table is not what the code says.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from importlib.metadata import entry_points
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
sys.path.insert(0, str(ROOT))
LOGGED = {"debug", "info", "warning", "error", "exception", "critical"}
Row = tuple[str, ...]


class Table:
    """One generated table: its place, its heading, and how its rows are found.

    The last column is the explanation. A row with an empty one keeps what the document says about that first column.
    """

    def __init__(self, name: str, heading: Row, rows: Callable[[], Iterator[Row]], *, file: Path | None = None) -> None:
        self.name = name
        self.heading = heading
        self._rows = rows
        self.file = file or REFERENCE / f"{name}.md"
        self._begin, self._end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"

    def written(self) -> list[Row]:
        """Return the rows that stand in the document."""
        lines = self._between(self.file.read_text(encoding="utf-8"))[1].strip().splitlines()[2:]
        return [tuple(cell.replace("\\|", "|").strip() for cell in _cells(line)) for line in lines]

    def expected(self) -> list[Row]:
        """Return the rows that the code asks for."""
        said = {row[0]: row[-1] for row in self.written()}
        rows = sorted(set(self._rows()), key=lambda row: (row[0].strip("`"), row))
        return [(*row[:-1], " ".join(row[-1].split()) or said.get(row[0], "")) for row in rows]

    def write(self) -> bool:
        """Rewrite the table in the document; return whether that changed anything."""
        text = self.file.read_text(encoding="utf-8")
        before, _, after = self._between(text)
        rows = [self.heading, tuple("---" for _ in self.heading), *self.expected()]
        new = f"{before}{self._begin}\n" + "".join(_line(row) for row in rows) + f"{self._end}{after}"
        self.file.write_text(new, encoding="utf-8")
        return new != text

    def _between(self, text: str) -> tuple[str, str, str]:
        before, _, rest = text.partition(self._begin)
        table, found, after = rest.partition(self._end)
        if not found:
            raise SystemExit(f"{self.file.relative_to(ROOT)} lacks {self._begin} or {self._end}")
        return before, table, after


def _line(row: Row) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |\n"


def _cells(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))


# ---------------------------------------------------------------------------------------------------------- settings


def settings() -> Iterator[Row]:
    """Every key a settings file may hold: key, kind, default, meaning; those that plugins bring included."""
    from hub.settings import Settings

    yield from _fields(Settings, "")
    for point in entry_points(group="wissel.connectors"):
        yield from _fields(point.load().settings_model, f"gemeenten.<slug>.{point.name}.")
    for point in entry_points(group="wissel.flows"):
        if (model := point.load().profiel_model) is not None:
            yield from _fields(model, f"gemeenten.<slug>.profiel.{point.name}.")


def _fields(model: type[BaseModel], prefix: str, seen: dict[type[BaseModel], str] | None = None) -> Iterator[Row]:
    """Rows of a model; a model that was explained under another key is referred to."""
    seen = {} if seen is None else seen
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        inner = _inner(field.annotation)
        if inner is None:
            yield f"`{key}`", _kind(field.annotation), _default(field), field.description or ""
            continue
        step, nested = inner
        key = f"{key}{step}".replace("gemeenten.<naam>", "gemeenten.<slug>")
        if step or nested in seen:
            kind = f"as `{seen[nested]}`" if nested in seen else "table" if step != "[]" else "list of tables"
            yield f"`{key}`", kind, _default(field), field.description or ""
        if nested not in seen:
            seen[nested] = key
            yield from _fields(nested, f"{key}.", seen)


def _inner(annotation: Any) -> tuple[str, type[BaseModel]] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "", annotation
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in {dict, Mapping} or (isinstance(origin, type) and issubclass(origin, Mapping)):
        found = _inner(args[1])
        return (f".<naam>{found[0]}", found[1]) if found else None
    if origin in {tuple, list, frozenset, set}:
        found = _inner(args[0])
        return (f"[]{found[0]}", found[1]) if found else None
    if origin in {Union, UnionType, Annotated}:
        return next(filter(None, map(_inner, args)), None)
    return None


def _kind(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " / ".join(f"`{value}`" for value in args)
    if origin is Annotated:
        return _kind(args[0])
    if origin in {Union, UnionType}:
        return " or ".join(_kind(arg) for arg in args if arg is not type(None))
    if origin in {tuple, list, frozenset, set}:
        return f"list of {_kind(args[0])}"
    if origin is not None:
        return f"table of {_kind(args[-1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " / ".join(f"`{member.value}`" for member in annotation)
    names = {"str": "text", "bool": "true / false", "int": "whole number", "float": "number", "SecretStr": "secret"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, name.lower())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}, frozenset(), "", []):
        return ""
    if isinstance(value, BaseModel | dict):
        return ""
    if isinstance(value, tuple | list):
        return ", ".join(f"`{_short(item)}`" for item in value)
    if isinstance(value, set | frozenset):
        return ", ".join(f"`{item}`" for item in sorted(map(str, value)))
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.isoformat() if isinstance(value, date) else value}`"


def _short(item: Any) -> str:
    if not isinstance(item, BaseModel):
        return str(item)
    return " ".join(str(getattr(item, name)) for name in type(item).model_fields if name in item.model_fields_set)


# ---------------------------------------------------------------------------------------------------------- commands


def commands() -> Iterator[Row]:
    """Every command with what it is given: command, arguments and options, what it does."""
    from hub import cli

    cli._add_plugins()  # noqa: SLF001 - what plugins bring is documented too
    yield from _commands(cli.wissel, "wissel")


def _commands(command: click.Command, path: str) -> Iterator[Row]:
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None and not found.hidden:
                yield from _commands(found, f"{path} {name}")
        return
    given = [f"`{p.make_metavar(context)}`" for p in command.params if isinstance(p, click.Argument)]
    given += [f"`{max(p.opts, key=len)}`" for p in command.params if isinstance(p, click.Option) and not p.hidden]
    yield f"`{path}`", " ".join(given), command.get_short_help_str(limit=300)


# ----------------------------------------------------------------------------------------------- events, metrics, logs


def events() -> Iterator[Row]:
    """Every event type: type, schema id, topic, retention class, what happened."""
    import schemas

    for schema in schemas.load():
        yield f"`{schema.type}`", str(schema.id), f"`{schema.topic}`", schema.bewaarklasse, schema.doc


def metrics() -> Iterator[Row]:
    """Every metric of the hub: name as scraped, kind, labels, meaning."""
    from prometheus_client.metrics import MetricWrapperBase

    from hub import metrics as module

    for metric in vars(module).values():
        if isinstance(metric, MetricWrapperBase):
            described = next(iter(metric.describe()))
            name = described.name + ("_total" if described.type == "counter" else "")
            yield f"`{name}`", described.type, ", ".join(metric._labelnames), described.documentation  # noqa: SLF001


def logs() -> Iterator[Row]:
    """Every log event, read off the source: name, level, what goes with it, where it is logged, meaning."""
    found: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for folder in ("hub", "connectors", "projections", "demo"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for name, level, keys in _log_calls(ast.parse(file.read_text(encoding="utf-8"))):
                levels, known, places = found.setdefault(name, (set(), set(), set()))
                levels.add(level)
                known.update(keys)
                places.add(file.relative_to(ROOT).as_posix())
    for name, (levels, keys, places) in found.items():
        yield f"`{name}`", ", ".join(sorted(levels)), ", ".join(sorted(keys)), ", ".join(sorted(places)), ""


def _log_calls(tree: ast.AST) -> Iterator[tuple[str, str, list[str]]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGGED):
            continue
        if node.args and isinstance(node.args[0], ast.Constant) and re.fullmatch(r"[a-z_0-9]+", str(node.args[0].value)):
            yield str(node.args[0].value), node.func.attr, [k.arg for k in node.keywords if k.arg]


# --------------------------------------------------------------------------------------------------------------- API


def api() -> Iterator[Row]:
    """Every path under /v1: method and path, the scope a token needs, what it answers."""
    for point in entry_points(group="wissel.projections"):
        for handler in _handlers(point.load().routes(None)):
            for path in sorted(handler.paths):
                if path.startswith("/v1/"):
                    scopes = [f"`{guard.scope}`" for guard in handler.guards or () if hasattr(guard, "scope")]
                    method = "/".join(sorted(set(handler.http_methods) - {"OPTIONS", "HEAD"}))
                    shown = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
                    yield f"`{method} {shown}`", ", ".join(scopes), handler.summary or inspect.getdoc(handler.fn) or ""


def _handlers(routes: Sequence[Any]) -> Iterator[Any]:
    for route in routes:
        if hasattr(route, "http_methods"):
            yield route
        else:
            yield from _handlers(route.route_handlers)


# ------------------------------------------------------------------------------------------------------------ retries


def retries() -> Iterator[Row]:
    """What is tried again, with the bounds as the code has them, and what follows."""
    from connectors.burgerzaken.settings import BurgerzakenSettings
    from connectors.zaak.settings import ZaakSettings
    from hub.plugins import Grens

    bound, brp, zaak = Grens(), BurgerzakenSettings.model_fields, ZaakSettings.model_fields
    pauses = _pauses(bound.eerste_pauze_s, bound.langste_pauze_s)
    patience = f"{_duration(brp['geduld_s'].default)} (`burgerzaken.geduld_s`)"
    yield (
        "1. one call to the registry or BAG",
        str(brp["pogingen_per_aanroep"].default),
        "the call",
        (f"from {_duration(brp['eerste_pauze_s'].default)}"),
        "the opdracht as a whole is tried again later",
    )
    yield (
        "2. an opdracht that reads there",
        "as many as fit",
        patience,
        pauses,
        ("`niet-beschikbaar`: the case goes orange with that reason; parked when the fault is not the source's"),
    )
    yield "3. an opdracht that writes there", "as many as fit", patience, pauses, "parked, visible, retried by a person"
    yield (
        "4. an opdracht without bounds of its own",
        str(bound.pogingen),
        _duration(bound.duur_s),
        pauses,
        ("parked, visible, retried by a person"),
    )
    yield (
        "5. fetching a zaak after a notification",
        "without end",
        "",
        (_pauses(zaak["eerste_pauze_s"].default, zaak["langste_pauze_s"].default)),
        "nothing is given up: the notification stays unsettled until its zaak was fetched",
    )


def _pauses(first_s: float, longest_s: float) -> str:
    return f"{_duration(first_s)} to {_duration(longest_s)}"


def _duration(seconds: float) -> str:
    for unit, length_s in (("h", 3600), ("min", 60)):
        if seconds >= length_s and seconds % length_s == 0:
            return f"{seconds / length_s:g} {unit}"
    return f"{seconds:g} s"


TABLES = (
    Table("settings", ("key", "kind", "default", "meaning"), settings),
    Table("commands", ("command", "given", "what it does"), commands),
    Table("events", ("type", "schema", "topic", "retention", "what happened"), events),
    Table("metrics", ("metric", "kind", "labels", "meaning"), metrics),
    Table("api", ("call", "scope", "what it does"), api),
    Table(
        "retries",
        ("what", "tries", "within", "pauses", "after that"),
        retries,
        file=ROOT / "docs" / "leveringsgaranties.md",
    ),
    Table("logs", ("event", "level", "with", "where", "meaning"), logs),
)


def main() -> None:
    """Rewrite every table and say which changed."""
    for table in TABLES:
        print(f"{table.file.relative_to(ROOT)}: {table.name} {'rewritten' if table.write() else 'as it was'}")


if __name__ == "__main__":
    main()
