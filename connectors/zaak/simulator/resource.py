# SPDX-License-Identifier: EUPL-1.2
"""A resource as it is served: its data, encoded once, with its ETag. A change makes a new one."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any, Final

from connectors.zaak.simulator.web import JSON_TYPE, Json, Response, encode

_NAMESPACE: Final = uuid.UUID("2f5b7f52-7c4b-5c0e-a7a3-5be9f0a3a1d7")
PAGE_SIZE: Final = 100
MAX_PAGE_SIZE: Final = 500


def namespace(seed: int) -> uuid.UUID:
    """Return the namespace from which every uuid of a simulation with this seed follows."""
    return uuid.uuid5(_NAMESPACE, str(seed))


class Resource:
    """Data that is never changed in place, with its JSON and ETag made when first asked for."""

    __slots__ = ("_body", "_etag", "data")

    def __init__(self, data: Json) -> None:
        self.data = data
        self._body: bytes | None = None
        self._etag: bytes | None = None

    @property
    def body(self) -> bytes:
        """The JSON."""
        if self._body is None:
            self._body = encode(self.data)
        return self._body

    @property
    def etag(self) -> bytes:
        """The entity tag, quotes included."""
        if self._etag is None:
            self._etag = b'"' + hashlib.md5(self.body, usedforsecurity=False).hexdigest().encode() + b'"'
        return self._etag

    def with_values(self, **values: Any) -> Resource:
        """Return a resource with these values in place."""
        return Resource({**self.data, **values})


def detail(resource: Resource, headers: dict[bytes, bytes]) -> Response:
    """Answer one resource; 304 when the caller holds this version (RFC 9110, If-None-Match)."""
    wanted = headers.get(b"if-none-match")
    if wanted is not None and (wanted == b"*" or resource.etag in (tag.strip() for tag in wanted.split(b","))):
        return Response(304, b"", [(b"etag", resource.etag)])
    return Response(200, resource.body, [JSON_TYPE, (b"etag", resource.etag)])


def plain_list(resources: Iterable[Resource]) -> Response:
    """Answer a list that is not paginated: audit trail, zaakeigenschappen, kanalen."""
    return Response(200, b"[" + b",".join(resource.body for resource in resources) + b"]", [JSON_TYPE])
