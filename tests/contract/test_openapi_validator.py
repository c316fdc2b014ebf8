# SPDX-License-Identifier: EUPL-1.2
"""The validator that the contract tests lean on must itself see what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from openapi import ContractError, Spec, validate_request, validate_response

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"version": "1.0.0", "title": "Dieren"},
    "paths": {
        "/dieren": {
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer"}},
                    {"name": "Accept-Crs", "in": "header", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Dier"}}}},
                    "204": {"description": "no body"},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Dier"}}},
                },
                "responses": {"201": {"description": "no body"}},
            },
        },
        "/dieren/{id}": {"get": {"responses": {"default": {"description": "no body"}}}},
        "/dieren/_zoek": {"post": {"responses": {"204": {"description": "no body"}}}},
    },
    "components": {
        "schemas": {
            "Dier": {
                "type": "object",
                "required": ["url", "soort"],
                "discriminator": {"propertyName": "soort", "mapping": {"hond": "#/components/schemas/Hond"}},
                "properties": {
                    "url": {"type": "string", "format": "uri", "readOnly": True},
                    "soort": {"type": "string"},
                    "geboren": {"type": "string", "format": "date", "nullable": True},
                    "moeder": {"allOf": [{"$ref": "#/components/schemas/Dier"}], "nullable": True},
                    "gewicht": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                },
            },
            "Hond": {
                "allOf": [
                    {"$ref": "#/components/schemas/Dier"},
                    {"type": "object", "required": ["ras"], "properties": {"ras": {"type": "string"}}},
                ]
            },
        }
    },
}
SPEC = Spec(DOCUMENT)
KAT = {"url": "https://dieren.example/1", "soort": "kat"}


def test_a_good_answer_passes() -> None:
    """Nothing is raised for what the document allows, null for what is nullable included."""
    validate_response(SPEC, "GET", "/dieren", 200, {**KAT, "geboren": None, "moeder": None, "gewicht": 3})
    validate_response(SPEC, "GET", "/dieren", 204)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"soort": "kat"}, "'url' is a required property"),
        ({**KAT, "geboren": "2026-13-01"}, "geboren: '2026-13-01' is not a 'date'"),
        ({**KAT, "url": "geen-url"}, "is not a 'uri'"),
        ({**KAT, "gewicht": 0}, "gewicht: 0 is less than or equal to the minimum"),
        ({**KAT, "soort": "hond"}, "'ras' is a required property"),
        ({**KAT, "moeder": {"soort": "kat"}}, "moeder: 'url' is a required property"),
    ],
)
def test_each_violation_is_named(body: dict[str, Any], complaint: str) -> None:
    """A violation is reported with its place, also behind a discriminator and under ``nullable``."""
    with pytest.raises(ContractError, match="GET /dieren -> 200") as caught:
        validate_response(SPEC, "GET", "/dieren", 200, body)
    assert complaint in str(caught.value)


def test_known_deviations_are_passed_over_and_nothing_else() -> None:
    """``tolerate`` forgives the named violation only."""
    body = {"soort": "kat", "geboren": "ooit"}
    with pytest.raises(ContractError) as caught:
        validate_response(SPEC, "GET", "/dieren", 200, body, tolerate=("'url' is a required",))
    assert "geboren" in str(caught.value)
    assert "url" not in str(caught.value)


def test_an_undocumented_status_or_body_is_refused() -> None:
    """A status outside the document and a body where there is none are violations."""
    with pytest.raises(ContractError, match="allows only"):
        validate_response(SPEC, "GET", "/dieren", 500, {})
    with pytest.raises(ContractError, match="no body here"):
        validate_response(SPEC, "GET", "/dieren", 204, {})


def test_requests_need_no_read_only_fields_and_know_their_parameters() -> None:
    """What the server fills in is not asked of a client; unknown and missing parameters are."""
    validate_request(SPEC, "POST", "/dieren", {"soort": "kat"})
    validate_request(SPEC, "GET", "/dieren", query={"page": "2"}, headers={"accept-crs": "EPSG:4326"})
    for query, headers in (({"pagina": "2"}, None), ({"page": "twee"}, None), (None, {})):
        with pytest.raises(ContractError):
            validate_request(SPEC, "GET", "/dieren", query=query, headers=headers)
    with pytest.raises(ContractError):
        validate_request(SPEC, "POST", "/dieren")


def test_paths_are_found_under_any_prefix_and_literals_go_first() -> None:
    """A whole URL path finds its template; ``_zoek`` is not taken for an id."""
    assert SPEC.operation("GET", "/emmen/api/v1/dieren/7").template == "/dieren/{id}"
    assert SPEC.operation("POST", "/emmen/api/v1/dieren/_zoek").template == "/dieren/_zoek"
    with pytest.raises(ContractError, match="no path"):
        SPEC.operation("GET", "/planten")
