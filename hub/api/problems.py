# SPDX-License-Identifier: EUPL-1.2
"""Errors as people and programs get them: problem+json (RFC 9457, NL API Design Rules 2.2), all errors at once.

The branch of ``hub.errors`` decides the status: Invalid 400, NotFound 404, Conflict 409, Transient 503. What is wrong
with us stays in our log: the asker gets a number to name, never a stack or a value that was sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import FrameType
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from hub.api import faults
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
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})


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


def problem_of(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """Return what the asker of a failed request gets to know; never raises."""
    if isinstance(error, ValidationException):
        return _invalid_request(request, error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, HubError):
        beside = isinstance(error, faults.WrongQuery) or request.method in _WITHOUT_BODY
        return _of_hub(error, "query" if beside else "body")
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


def _invalid_request(request: Request[Any, Any, Any], error: ValidationException) -> Problem:
    wrong = [FieldError(*fault) for fault in faults.found(request, error)]
    return Problem(status=400, detail="Verbeter wat bij errors staat en stuur de vraag opnieuw.", errors=wrong)


def _of_http(error: HTTPException) -> Problem:
    title = TITLES.get(error.status_code, HTTPStatus(error.status_code).phrase)
    if isinstance(error.__cause__, SerializationException):
        detail = "De inhoud is geen geldige JSON."
    else:
        detail = title if _of_the_framework(error) else str(error.detail)
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and error.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        return _fault()
    return Problem(status=error.status_code, detail=detail, headers=error.headers)


def _of_the_framework(error: HTTPException) -> bool:
    """Return True when not our own code raised it: then its text is in English."""
    frame = raised_in(error)
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("litestar.")


def raised_in(error: Exception) -> FrameType | None:
    """Return where an exception was raised, None when it never was."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at.tb_frame if at is not None else None


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
