# SPDX-License-Identifier: EUPL-1.2
"""Errors as people and programs get them: problem+json (RFC 9457, NL API Design Rules 2.2), all errors at once.

The branch of ``hub.errors`` decides the status: Invalid 400, NotFound 404, Conflict 409, Transient 503. What is wrong
with us stays in our log: the asker gets a number to name, never a stack or a value that was sent.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from hub.errors import Conflict, HubError, Invalid, NotFound, Rejected, SourceUnavailable, Transient
from hub.parking import failure_of
from hub.privacy import mask_bsns

log = structlog.get_logger()

PROBLEM_JSON: Final = "application/problem+json"
TITLES: Final[Mapping[int, str]] = {
    400: "De vraag klopt niet",
    401: "Niet ingelogd",
    403: "Geen toegang",
    404: "Niet gevonden",
    405: "Deze methode kan hier niet",
    409: "De zaak is intussen veranderd",
    413: "Te groot",
    415: "Dit soort inhoud kan hier niet",
    429: "Te veel vragen",
    500: "Storing",
    503: "Even niet bereikbaar",
}
RETRY_AFTER_S: Final = 5
_MISSING: Final = re.compile(r"Missing required (query|header|cookie) parameter '([^']+)'")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong in a request: ``where`` is body, query, path or header; never holds the value itself."""

    where: str
    name: str
    detail: str
    code: str = "invalid"

    def as_json(self) -> dict[str, Any]:
        """Return it in the form of the NL API Design Rules."""
        place = {"pointer": f"#/{self.name.replace('.', '/')}"} if self.where == "body" else {"name": self.name}
        return {"in": self.where, "location": place, "code": self.code, "detail": mask_bsns(self.detail)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong for the asker, before it becomes JSON or a page."""

    status: int
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] | None = None
    number: str | None = None

    @property
    def title(self) -> str:
        """Return the short text of the status."""
        return TITLES.get(self.status) or HTTPStatus(self.status).phrase

    def as_json(self) -> dict[str, Any]:
        """Return the members of RFC 9457, ``errors`` only when there are any."""
        body: dict[str, Any] = {"status": self.status, "title": self.title, "detail": mask_bsns(self.detail)}
        if self.number:
            body["instance"] = f"urn:uuid:{self.number}"
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body


def problem_response(problem: Problem) -> Response[Any]:
    """Return ``problem`` as application/problem+json."""
    return Response(
        problem.as_json(),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=dict(problem.headers or {}),
    )


def problem_of(error: Exception, *, where: str = "body") -> Problem:
    """Return what the asker of a failed request gets to know; never raises. ``where``: what our own checks looked at."""
    if isinstance(error, ValidationException):
        return _invalid_request(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, HubError):
        return _of_hub(error, where)
    return _fault()


def _of_hub(error: HubError, where: str) -> Problem:
    if isinstance(error, Invalid):
        wrong = [FieldError(where, field, what) for field, what in error.problems]
        return Problem(status=400, detail="Verbeter wat bij errors staat en stuur de vraag opnieuw.", errors=wrong)
    if isinstance(error, NotFound):
        return Problem(status=404, detail=str(error) or "Dit bestaat niet, of niet voor u.")
    if isinstance(error, Conflict):
        return Problem(status=409, detail=str(error))
    if isinstance(error, Rejected):
        return Problem(status=400, detail=str(error))
    if isinstance(error, Transient):
        return _away(error)
    return _fault()


def _away(error: Transient) -> Problem:
    wait = error.retry_after_s if isinstance(error, SourceUnavailable) else None
    seconds = str(max(1, round(wait or RETRY_AFTER_S)))
    detail = "Wissel kan dit nu niet lezen of opslaan. Er is niets half gedaan. Probeer het zo opnieuw."
    return Problem(status=503, detail=detail, headers={"Retry-After": seconds})


def _invalid_request(error: ValidationException) -> Problem:
    wrong = []
    for item in error.extra if isinstance(error.extra, list) else ():
        where = str(getattr(item.get("source"), "value", item.get("source") or "body"))
        wrong.append(FieldError(where, str(item.get("key", "")), str(item.get("message", ""))))
    if missing := _MISSING.match(str(error.detail)):
        wrong.append(FieldError(missing[1], missing[2], "deze is verplicht", "required"))
    return Problem(status=400, detail="Verbeter wat bij errors staat en stuur de vraag opnieuw.", errors=wrong)


def _of_http(error: HTTPException) -> Problem:
    own = str(error.detail or "")
    generic = HTTPStatus(error.status_code).phrase
    detail = own if own and own != generic else TITLES.get(error.status_code, generic)
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and error.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        return _fault()
    return Problem(status=error.status_code, detail=detail, headers=error.headers)


def _fault() -> Problem:
    number = str(uuid.uuid4())
    detail = "Er ging bij ons iets mis. Er is niets half gedaan. Noem dit nummer als u contact opneemt: " + number
    return Problem(status=500, detail=detail, number=number)


def record(request: Request[Any, Any, Any], error: Exception, problem: Problem) -> None:
    """Log what failed: route pattern and kind of error, a stack only for faults of our own."""
    if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    failure = failure_of(error)
    fault = problem.status == HTTPStatus.INTERNAL_SERVER_ERROR
    log.error(
        "request_failed",
        route=request.scope.get("path_template") or "unknown",
        status=problem.status,
        oorzaak=failure.cause,
        uitleg=failure.text,
        stapel=failure.stack if fault else None,
        nummer=problem.number,
    )
