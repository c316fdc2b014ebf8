# SPDX-License-Identifier: EUPL-1.2
"""The few pieces of HTTP the simulator needs: a request, a response, and errors in the shape Open Zaak gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from connectors.zaak.simulator.app import Zaaksysteem
    from connectors.zaak.simulator.auth import Claims
    from connectors.zaak.simulator.routes import Route
    from connectors.zaak.simulator.state import Gemeente

Json = dict[str, Any]
encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder().decode
JSON_TYPE: Final = (b"content-type", b"application/json")


@dataclass(slots=True)
class Response:
    """Status, encoded body and extra headers; the app adds content-length, API-version and the like."""

    status: int
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Request:
    """One call, already routed and authenticated. ``ids`` are the variable parts of the path, in order."""

    app: Zaaksysteem
    gemeente: Gemeente
    route: Route
    method: str
    path: str
    ids: tuple[str, ...]
    query: dict[str, str]
    headers: dict[bytes, bytes]
    raw: bytes
    claims: Claims

    def json(self) -> Json:
        """Return the body as a JSON object; ApiError 400 when it is something else."""
        try:
            body = decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise parse_error(str(error)) from error
        if not isinstance(body, dict):
            raise invalid([param("nonFieldErrors", "invalid", "Ongeldige data. Er wordt een object verwacht.")])
        return body


class ApiError(Exception):
    """An answer that is an error, in the shape of Fout / ValidatieFout (Zaken API, section 'Foutafhandeling').

    ``soort`` is the last part of the type URL, e.g. ``NotFound``.
    """

    def __init__(
        self,
        status: int,
        *,
        soort: str,
        code: str,
        title: str,
        detail: str,
        invalid_params: Sequence[Json] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.soort = soort
        self.body: Json = {"code": code, "title": title, "status": status, "detail": detail}
        self.invalid_params = invalid_params


def param(name: str, code: str, reason: str) -> Json:
    """Return one entry of invalidParams."""
    return {"name": name, "code": code, "reason": reason}


def invalid(params: Sequence[Json]) -> ApiError:
    """400: the body or the query does not fit, every problem at once."""
    return ApiError(400, soort="ValidationError", code="invalid", title="Invalid input.", detail="", invalid_params=params)


def invalid_field(name: str, code: str, reason: str) -> ApiError:
    """400 about one field."""
    return invalid([param(name, code, reason)])


def parse_error(what: str) -> ApiError:
    """400: the body is no JSON."""
    return ApiError(
        400, soort="ParseError", code="parse_error", title="Ongeformeerd request.", detail=f"JSON parse error - {what}"
    )


def not_found() -> ApiError:
    """404 as Open Zaak words it."""
    return ApiError(404, soort="NotFound", code="not_found", title="Niet gevonden.", detail="Niet gevonden.")


def forbidden(code: str, detail: str) -> ApiError:
    """403: what this client may not do, or whom we do not know."""
    title = "Je hebt geen toestemming om deze actie uit te voeren."
    return ApiError(403, soort="PermissionDenied", code=code, title=title, detail=detail)


def not_authenticated() -> ApiError:
    """403 (not 401: the APIs name no WWW-Authenticate scheme): no credentials."""
    text = "Authenticatiegegevens zijn niet opgegeven."
    return ApiError(403, soort="NotAuthenticated", code="not_authenticated", title=text, detail=text)


def closed() -> ApiError:
    """403: zrc-007, a closed zaak changes only with the scope zaken.geforceerd-bijwerken."""
    return forbidden("permission_denied", "Je mag geen gegevens aanpassen van een gesloten zaak.")


def method_not_allowed(method: str) -> ApiError:
    """405."""
    text = f'Methode "{method}" niet toegestaan.'
    return ApiError(405, soort="MethodNotAllowed", code="method_not_allowed", title=text, detail=text)


def crs_missing(header: str) -> ApiError:
    """412: a zaak is read and written with its coordinate system named."""
    return ApiError(
        412,
        soort="PreconditionFailed",
        code="precondition_failed",
        title="Precondition failed",
        detail=f"'{header}' header ontbreekt",
    )


def crs_unknown(crs: str) -> ApiError:
    """406: another coordinate system than EPSG:4326."""
    return ApiError(
        406,
        soort="NotAcceptable",
        code="not_acceptable",
        title="Kan niet voldoen aan de opgegeven Accept header.",
        detail=f"CRS '{crs}' is niet ondersteund",
    )


def answer(status: int, data: Any, headers: list[tuple[bytes, bytes]] | None = None) -> Response:
    """Return ``data`` as a JSON answer."""
    return Response(status, encode(data), [JSON_TYPE, *(headers or [])])


def created(resource_body: bytes, url: str) -> Response:
    """201 with the Location of what was made."""
    return Response(201, resource_body, [JSON_TYPE, (b"location", url.encode())])
