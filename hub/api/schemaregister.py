# SPDX-License-Identifier: EUPL-1.2
"""The schemas as other systems ask for them: Confluent's Schema Registry API, read only, from the files in ``schemas/``.

A stock deserializer pointed at ``<hub>/schemaregister`` reads our topics. A subject is an event type without its version,
its versions are the ``vN``. Public, as the contract is: there is nothing personal in a schema.
Source: Confluent Schema Registry API v1, media type ``application/vnd.schemaregistry.v1+json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from schemas import Registry, Schema, fingerprint
from schemas.verenigbaar import LEVEL, NotASchema, family, incompatibilities

PATH: Final = "/schemaregister"
MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_LATEST: Final = frozenset({"latest", "-1"})
_READ_ONLY: Final = "This registry is read only: a schema is a file in schemas/ and is released with Wissel."


class RegistryError(Exception):
    """An answer that is not 200, with the error code that clients of this API know."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Subjects:
    """The schemas by subject and version. Raises RegistryError for what is not there."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._found: dict[str, dict[int, Schema]] = {}
        for schema in registry:
            self._found.setdefault(family(schema.type), {})[schema.version] = schema

    def names(self) -> list[str]:
        """Return all subjects."""
        return sorted(self._found)

    def by_id(self, number: int) -> Schema:
        """Return the schema with this id on the wire."""
        try:
            return self._registry.by_id(number)
        except KeyError:
            raise RegistryError(404, 40403, f"Schema {number} not found") from None

    def versions(self, subject: str) -> Mapping[int, Schema]:
        """Return the versions of a subject, oldest first."""
        try:
            return dict(sorted(self._found[subject].items()))
        except KeyError:
            raise RegistryError(404, 40401, f"Subject '{subject[:200]}' not found.") from None

    def version(self, subject: str, version: str) -> Schema:
        """Return one version: a number, ``latest`` or ``-1``."""
        found = self.versions(subject)
        if version in _LATEST:
            return found[max(found)]
        if not (version.isascii() and version.isdigit() and 0 < len(version) < 10):  # noqa: PLR2004 - digits of 2^31 - 1
            raise RegistryError(422, 42202, "The specified version is not a valid version id: use 1, 2, 3 ... or latest.")
        if int(version) not in found:
            raise RegistryError(404, 40402, f"Version {version} not found.")
        return found[int(version)]

    def lookup(self, subject: str, text: str) -> Schema:
        """Return the version that says what ``text`` says, wording of docs apart."""
        asked = fingerprint(_object(text))
        for schema in self.versions(subject).values():
            if fingerprint(schema.raw) == asked:
                return schema
        raise RegistryError(404, 40403, "Schema not found")


def schema_registry(registry: Registry) -> Router:
    """Return the routes of the registry."""
    return Router(
        PATH,
        route_handlers=[
            *(_types, _config, _mode, _by_id, _bare_by_id, _versions_of_id, _subjects, _versions, _version, _bare_version),
            *(_lookup, _refuse_registration, _compatible_with_all, _compatible),
        ],
        exception_handlers={RegistryError: _refused, NotASchema: _refused},
        opt={"subjects": Subjects(registry)},
        include_in_schema=False,
    )


# ------------------------------------------------------------------------------------------------------------- handlers

_Request = Request[Any, Any, Any]


@get("/schemas/types")
async def _types() -> Response[Any]:
    return _answer(["AVRO"])


@get(["/config", "/config/{subject:str}"])
async def _config() -> Response[Any]:
    return _answer({"compatibilityLevel": LEVEL})


@get(["/mode", "/mode/{subject:str}"])
async def _mode() -> Response[Any]:
    return _answer({"mode": "READONLY"})


@get("/schemas/ids/{number:int}")
async def _by_id(request: _Request, number: FromPath[int]) -> Response[Any]:
    return _answer({"schema": _text(_subjects_of(request).by_id(number))})


@get("/schemas/ids/{number:int}/schema")
async def _bare_by_id(request: _Request, number: FromPath[int]) -> Response[Any]:
    return _answer(_subjects_of(request).by_id(number).raw)


@get("/schemas/ids/{number:int}/versions")
async def _versions_of_id(request: _Request, number: FromPath[int]) -> Response[Any]:
    schema = _subjects_of(request).by_id(number)
    return _answer([{"subject": family(schema.type), "version": schema.version}])


@get("/subjects")
async def _subjects(request: _Request) -> Response[Any]:
    return _answer(_subjects_of(request).names())


@get("/subjects/{subject:str}/versions")
async def _versions(request: _Request, subject: FromPath[str]) -> Response[Any]:
    return _answer(list(_subjects_of(request).versions(subject)))


@get("/subjects/{subject:str}/versions/{version:str}")
async def _version(request: _Request, subject: FromPath[str], version: FromPath[str]) -> Response[Any]:
    return _answer(_described(_subjects_of(request).version(subject, version)))


@get("/subjects/{subject:str}/versions/{version:str}/schema")
async def _bare_version(request: _Request, subject: FromPath[str], version: FromPath[str]) -> Response[Any]:
    return _answer(_subjects_of(request).version(subject, version).raw)


@post("/subjects/{subject:str}", status_code=200)
async def _lookup(request: _Request, subject: FromPath[str]) -> Response[Any]:
    return _answer(_described(_subjects_of(request).lookup(subject, await _given(request))))


@post("/subjects/{subject:str}/versions")
async def _refuse_registration(subject: FromPath[str]) -> Response[Any]:
    raise RegistryError(422, 42205, f"Subject '{subject[:200]}' cannot be changed. {_READ_ONLY}")


@post("/compatibility/subjects/{subject:str}/versions", status_code=200)
async def _compatible_with_all(request: _Request, subject: FromPath[str]) -> Response[Any]:
    return _verdict(await _given(request), list(_subjects_of(request).versions(subject).values()))


@post("/compatibility/subjects/{subject:str}/versions/{version:str}", status_code=200)
async def _compatible(request: _Request, subject: FromPath[str], version: FromPath[str]) -> Response[Any]:
    return _verdict(await _given(request), [_subjects_of(request).version(subject, version)])


# ------------------------------------------------------------------------------------------------------------- answers


def _subjects_of(request: _Request) -> Subjects:
    found: Subjects = request.route_handler.opt["subjects"]
    return found


async def _given(request: _Request) -> str:
    """Return the schema in a request body: ``{"schema": "<JSON as text>"}``."""
    try:
        body = msgspec.json.decode(await request.body(), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise RegistryError(422, 42201, 'The body must be a JSON object: {"schema": "<the schema as text>"}.') from None
    if body.get("schemaType", "AVRO") != "AVRO" or not isinstance(body.get("schema"), str):
        raise RegistryError(422, 42201, 'This registry knows Avro schemas only: {"schema": "<the schema as text>"}.')
    return str(body["schema"])


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RegistryError(422, 42201, "The schema must be an Avro record: every event of Wissel is one.")
    return found


def _verdict(text: str, older: Sequence[Schema]) -> Response[Any]:
    problems = [problem for schema in older for problem in incompatibilities(text, schema.raw)]
    return _answer({"is_compatible": not problems, "messages": problems})


def _described(schema: Schema) -> dict[str, Any]:
    return {"subject": family(schema.type), "id": schema.id, "version": schema.version, "schema": _text(schema)}


def _text(schema: Schema) -> str:
    return json.dumps(schema.raw, separators=(",", ":"), ensure_ascii=False)


def _answer(content: Any, status: int = 200) -> Response[Any]:
    return Response(msgspec.json.encode(content), status_code=status, media_type=MEDIA_TYPE)


def _refused(_: _Request, error: Exception) -> Response[Any]:
    status, code = (error.status, error.code) if isinstance(error, RegistryError) else (422, 42201)
    return _answer({"error_code": code, "message": str(error)}, status)
