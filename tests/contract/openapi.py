# SPDX-License-Identifier: EUPL-1.2
"""Validates requests and responses against an official OpenAPI document (3.0 and 3.1).

    spec = load("zgw/zaken-1.5.1-openapi.yaml")          # skips the test, with the reason, when the file is absent
    validate_response(spec, "GET", "/zaken/7b59...", 200, body)
    validate_request(spec, "POST", "/zaken/_zoek", body, query={"page": "2"})

A path may be a concrete path, a template of the document or a whole URL path: leading segments that the document does
not know (``/emmen/zaken/api/v1``) are ignored. Both raise ContractError, naming every violation. What OpenAPI adds to
JSON Schema is rewritten to plain JSON Schema 2020-12 when a document is loaded: ``nullable``, siblings of ``$ref`` in
3.0, discriminators (with and without mapping), ``readOnly`` in requests and ``writeOnly`` in responses. A ``oneOf`` is
read as ``anyOf``: the ZGW documents write "this object, or any object", which every value that fits would break.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BASE = "__base"
_DURATION = re.compile(r"^-?P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$")
_FORMATS = FormatChecker(formats=("date", "date-time", "uuid", "email"))
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
Json = Any


class ContractError(AssertionError):
    """A message does not fit the official document; the text lists what does not, one violation a line."""


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or not value or bool(urlsplit(value).scheme)


@_FORMATS.checks("duration")
def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or bool(_DURATION.match(value))


def cases_dir() -> Path:
    """Return where outside material stands: ``$WISSEL_CASES``, else ``shared/cases`` beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "cases"
    return Path(os.environ.get("WISSEL_CASES", beside))


def case(name: str) -> Path:
    """Return the path of a file of outside material; skip the test with the reason when it is not there."""
    path = cases_dir() / name
    if not path.exists():
        pytest.skip(f"{name} is outside material that is not part of this repository (set WISSEL_CASES)")
    return path


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path template; ``node`` is the operation object, parameters of the path included."""

    template: str
    node: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]


class Spec:
    """An OpenAPI document made ready for validation, once for requests and once for responses."""

    def __init__(self, document: dict[str, Any], *, others: Mapping[str, dict[str, Any]] | None = None) -> None:
        self.document = document
        self.version = str(document["info"]["version"])
        self._others = dict(others or {})
        self._registries = {side: self._registry(side) for side in ("request", "response")}
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        self._templates = [(_pattern(template), template) for template in sorted(document["paths"], key=_literal_first)]

    def _registry(self, side: str) -> Registry[Any]:
        own = DRAFT202012.create_resource(_to_json_schema(self.document, side))
        return Registry(retrieve=lambda uri: self._foreign(uri, side)).with_resource("urn:spec", own)

    def _foreign(self, uri: str, side: str) -> Resource[Any]:
        """Answer a reference to another document with the one we hold, else with one that allows everything."""
        for part, document in self._others.items():
            if part in uri:
                return DRAFT202012.create_resource(_to_json_schema(document, side))
        return DRAFT202012.create_resource({"components": _Anything()})

    def operation(self, method: str, path: str) -> Operation:
        """Return the operation that serves ``method`` on ``path``; ContractError when the document has none."""
        template = self._template(path)
        item = self.document["paths"][template]
        node = item.get(method.lower())
        if node is None:
            raise ContractError(f"{method} {template} is not in the document ({self.version})")
        parameters = [*item.get("parameters", []), *node.get("parameters", [])]
        return Operation(template, node, tuple(self.deref(parameter) for parameter in parameters))

    def _template(self, path: str) -> str:
        segments = urlsplit(path).path.strip("/").split("/")
        for start in range(len(segments)):
            candidate = "/" + "/".join(segments[start:])
            for pattern, template in self._templates:
                if candidate == template or pattern.fullmatch(candidate):
                    return template
        raise ContractError(f"no path of the document ({self.version}) serves {path}")

    def deref(self, node: Any) -> Any:
        """Return what a local ``$ref`` points at, else ``node`` itself."""
        while isinstance(node, dict) and str(node.get("$ref", "")).startswith("#/"):
            pointer, node = node["$ref"], self.document
            for token in pointer[2:].split("/"):
                node = node[token.replace("~1", "/").replace("~0", "~")]
        return node

    def errors(self, schema: Mapping[str, Any], value: Json, *, side: str) -> list[str]:
        """Return each violation of ``schema`` (a schema object of this document) by ``value``."""
        key = (side, repr(schema))
        if key not in self._validators:
            plain = _absolute(_rewrite(schema, nullable=self._is_30, side=side))
            self._validators[key] = Draft202012Validator(plain, registry=self._registries[side], format_checker=_FORMATS)
        return list(dict.fromkeys(_describe(error) for error in self._validators[key].iter_errors(value)))

    @property
    def _is_30(self) -> bool:
        return str(self.document["openapi"]).startswith("3.0")


@cache
def load(name: str) -> Spec:
    """Load an OpenAPI document of the outside material, e.g. ``zgw/zaken-1.5.1-openapi.yaml``; skips when absent."""
    document = _read(case(name))
    catalogi = cases_dir() / "zgw" / "catalogi-1.3.3-openapi.yaml"
    others = {"/ztc/": _read(catalogi)} if catalogi.exists() and catalogi.name not in name else {}
    return Spec(document, others=others)


def validate_response(
    spec: Spec, method: str, path: str, status: int, json: Json = None, *, tolerate: Collection[str] = ()
) -> None:
    """Raise ContractError unless ``status`` with body ``json`` (None: no body) is an answer the document allows.

    ``tolerate`` holds the known deviations of an implementation: a violation whose line ``place: message`` contains
    one of these texts is passed over.
    """
    operation = spec.operation(method, path)
    responses = {str(code): node for code, node in operation.node["responses"].items()}
    node = spec.deref(responses.get(str(status), responses.get(f"{str(status)[0]}XX", responses.get("default"))))
    where = f"{method} {operation.template} -> {status}"
    if node is None:
        raise ContractError(f"{where}: the document allows only {sorted(responses)}")
    _check_body(spec, node.get("content", {}), json, side="response", where=where, tolerate=tolerate)


def validate_request(
    spec: Spec,
    method: str,
    path: str,
    json: Json = None,
    *,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Raise ContractError unless the request is one the document allows.

    ``query`` and ``headers`` are checked only when given: unknown query parameters, required parameters that are
    absent, and values that do not fit (numbers and booleans as their text). Header names are case-insensitive.
    """
    operation = spec.operation(method, path)
    where = f"{method} {operation.template}"
    problems = [*_query_problems(spec, operation, query), *_header_problems(operation, headers)]
    if problems:
        raise ContractError("\n".join(f"{where}: {problem}" for problem in problems))
    body = spec.deref(operation.node.get("requestBody"))
    if json is None and not (body or {}).get("required"):
        return
    if body is None:
        raise ContractError(f"{where}: the document has no request body here")
    _check_body(spec, body["content"], json, side="request", where=where)


def _check_body(
    spec: Spec, content: Mapping[str, Any], json: Json, *, side: str, where: str, tolerate: Collection[str] = ()
) -> None:
    if not content:
        if json is not None:
            raise ContractError(f"{where}: the document has no body here")
        return
    media = next((node for name, node in content.items() if "json" in name), next(iter(content.values())))
    found = spec.errors(media.get("schema", {}), json, side=side)
    problems = [problem for problem in found if not any(text in problem for text in tolerate)]
    if problems:
        raise ContractError("\n".join(f"{where}: {problem}" for problem in problems))


def _query_problems(spec: Spec, operation: Operation, query: Mapping[str, Any] | None) -> Iterator[str]:
    if query is None:
        return
    known = {parameter["name"]: parameter for parameter in operation.parameters if parameter["in"] == "query"}
    yield from (f"unknown query parameter {name}" for name in query if name not in known)
    yield from (f"query parameter {name} is required" for name, p in known.items() if p.get("required") and name not in query)
    for name in query.keys() & known.keys():
        schema = known[name].get("schema", {})
        values = _as_typed(spec.deref(schema), query[name])
        yield from (f"query parameter {name}: {problem}" for problem in spec.errors(schema, values, side="request"))


def _header_problems(operation: Operation, headers: Mapping[str, str] | None) -> Iterator[str]:
    if headers is None:
        return
    given = {name.lower() for name in headers}
    for parameter in operation.parameters:
        if parameter["in"] == "header" and parameter.get("required") and parameter["name"].lower() not in given:
            yield f"header {parameter['name']} is required"


def _as_typed(schema: Mapping[str, Any], value: Any) -> Any:
    """Read the text of a query parameter as the type its schema asks for."""
    if not isinstance(value, str):
        return value
    kind = schema.get("type")
    if kind == "array":
        return [_as_typed(schema.get("items", {}), item) for item in value.split(",")]
    if kind in {"integer", "number"} and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return int(value) if kind == "integer" else float(value)
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" else value


def _describe(error: Any) -> str:
    """One line per violation; inside anyOf/oneOf the branch that fits best tells what is wrong."""
    best = error
    while best.context:
        best = min(best.context, key=lambda child: (child.validator_value == "null", -len(child.absolute_path)))
    place = "/".join(str(part) for part in best.absolute_path) or "(the whole)"
    return f"{place}: {best.message[:300]}"


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template)))


def _literal_first(template: str) -> tuple[int, str]:
    return template.count("{"), template


@cache
def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    return document


class _Anything(dict[str, Any]):
    """A mapping in which every pointer leads to a schema that allows everything."""

    def __getitem__(self, key: str) -> _Anything:
        return _Anything()

    def __contains__(self, key: object) -> bool:
        return True


# --- from OpenAPI to JSON Schema 2020-12 ------------------------------------------------------------------------------


def _to_json_schema(document: Mapping[str, Any], side: str) -> dict[str, Any]:
    """Return the components of ``document`` as JSON Schema; a base class also as ``<name>__base``."""
    is_30 = str(document["openapi"]).startswith("3.0")
    schemas = document.get("components", {}).get("schemas", {})
    bases = {name for name, schema in schemas.items() if isinstance(schema, dict) and "discriminator" in schema}
    result: dict[str, Any] = {}
    for name, schema in schemas.items():
        own = _inherit(schema, bases)
        if name in bases and "oneOf" not in schema:
            plain = {key: value for key, value in own.items() if key != "discriminator"}
            result[name + _BASE] = _rewrite(plain, nullable=is_30, side=side)
            own = {**own, "discriminator": _with_mapping(name, schema["discriminator"], schemas)}
        result[name] = _rewrite(own, nullable=is_30, side=side)
    return {"components": {"schemas": result}}


def _inherit(schema: Any, bases: set[str]) -> Any:
    """Let a subclass extend the plain base: the base itself leads to its subclasses and would come back here."""
    if not isinstance(schema, dict) or "allOf" not in schema:
        return schema
    parts = [_base_ref(part, bases) for part in schema["allOf"]]
    return {**schema, "allOf": parts}


def _base_ref(part: Any, bases: set[str]) -> Any:
    name = _ref_name(part)
    return {"$ref": f"#/components/schemas/{name}{_BASE}"} if name in bases else part


def _ref_name(part: Any) -> str:
    reference = str(part.get("$ref", "")) if isinstance(part, dict) else ""
    return reference.rpartition("/")[2] if reference.startswith("#/components/schemas/") else ""


def _with_mapping(name: str, discriminator: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Without a mapping the value is the name of the subclass (OpenAPI 3.0, Discriminator Object)."""
    children = [
        child
        for child, schema in schemas.items()
        if isinstance(schema, dict) and any(_ref_name(part) == name for part in schema.get("allOf", []))
    ]
    implicit = {child: f"#/components/schemas/{child}" for child in children}
    return {**discriminator, "mapping": discriminator.get("mapping") or implicit}


def _rewrite(node: Any, *, nullable: bool, side: str) -> Any:
    """Return ``node`` (schema or part of one) as JSON Schema 2020-12. ``nullable``: the rules of OpenAPI 3.0 hold."""
    if isinstance(node, list):
        return [_rewrite(item, nullable=nullable, side=side) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str) and nullable:
        return {"$ref": node["$ref"]}
    plain = {
        key: _rewrite(value, nullable=nullable, side=side)
        for key, value in node.items()
        if key not in {"discriminator", "nullable", "example", "examples", "xml", "externalDocs"} or _is_name(key, value)
    }
    for step in (_required, _exclusive_bounds, _polymorphic, _one_of):
        plain = step(plain, node, side)
    return {"anyOf": [{"type": "null"}, plain]} if nullable and node.get("nullable") is True else plain


def _is_name(key: str, value: Any) -> bool:
    """A property may be called ``example`` or ``nullable``: then its value is a schema, not an annotation."""
    return isinstance(value, dict) and key != "discriminator" and bool({"type", "$ref", "allOf"} & value.keys())


def _required(plain: dict[str, Any], node: Mapping[str, Any], side: str) -> dict[str, Any]:
    hidden = "readOnly" if side == "request" else "writeOnly"
    names, properties = node.get("required"), node.get("properties")
    if not isinstance(names, list) or not isinstance(properties, dict):
        return plain
    kept = [name for name in names if not (isinstance(properties.get(name), dict) and properties[name].get(hidden))]
    return {**plain, "required": kept}


def _exclusive_bounds(plain: dict[str, Any], node: Mapping[str, Any], _side: str) -> dict[str, Any]:
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(node.get(exclusive), bool):
            limit, is_exclusive = plain.pop(bound, None), plain.pop(exclusive)
            plain |= {exclusive if is_exclusive else bound: limit} if limit is not None else {}
    return plain


def _polymorphic(plain: dict[str, Any], node: Mapping[str, Any], _side: str) -> dict[str, Any]:
    """A discriminator names the one subclass that must fit: ``if type = X then X``."""
    discriminator = node.get("discriminator")
    if not isinstance(discriminator, dict) or "propertyName" not in discriminator:
        return plain
    mapping = discriminator.get("mapping") or {_ref_name(part): part["$ref"] for part in node.get("oneOf", [])}
    name, closed = discriminator["propertyName"], "oneOf" in plain
    rest = {key: value for key, value in plain.items() if key != "oneOf"}
    choice = [{"required": [name], "properties": {name: {"enum": list(mapping)}}}] if closed else []
    branches = [
        {"if": {"required": [name], "properties": {name: {"const": value}}}, "then": {"$ref": _pointer(reference)}}
        for value, reference in mapping.items()
    ]
    return {**rest, "allOf": [*rest.get("allOf", []), *choice, *branches]}


def _one_of(plain: dict[str, Any], _node: Mapping[str, Any], _side: str) -> dict[str, Any]:
    if "oneOf" not in plain:
        return plain
    rest = {key: value for key, value in plain.items() if key != "oneOf"}
    return {**rest, "allOf": [*rest.get("allOf", []), {"anyOf": plain["oneOf"]}]}


def _pointer(reference: str) -> str:
    return reference if reference.startswith("#/") or "://" in reference else f"#/components/schemas/{reference}"


def _absolute(node: Any) -> Any:
    """Point local references of a loose schema at the document it was taken from."""
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: "urn:spec" + value if key == "$ref" and isinstance(value, str) and value.startswith("#") else _absolute(value)
        for key, value in node.items()
    }
