# SPDX-License-Identifier: EUPL-1.2
"""Finds connectors, projections, flows, commands and simulators through entry points; the hub knows none by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, cast

from hub.errors import Refused
from hub.flows.base import Flow
from hub.plugins import Connector, Projection


@cache
def _found(group: str) -> dict[str, Any]:
    found = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        if point.name in found:
            raise Refused(f"two packages bring a {group} named {point.name}; uninstall one of them")
        found[point.name] = point.load()
    return found


def connectors() -> dict[str, Connector]:
    """Return the installed connectors by name."""
    return cast("dict[str, Connector]", _found("wissel.connectors"))


def flows() -> dict[str, Flow[Any]]:
    """Return the installed flows by name."""
    return cast("dict[str, Flow[Any]]", _found("wissel.flows"))


def projections() -> dict[str, Projection]:
    """Return the installed projections by name."""
    return cast("dict[str, Projection]", _found("wissel.projections"))


def commands() -> dict[str, Any]:
    """Return the click commands that plugins add to ``wissel``."""
    return _found("wissel.commands")


def simulators() -> dict[str, Any]:
    """Return the click commands of the simulators."""
    return _found("wissel.simulators")


@dataclass(frozen=True, slots=True)
class Plugins:
    """What a hub runs with. Tests hand in their own; production uses ``installed()``."""

    connectors: Mapping[str, Connector]
    flows: Mapping[str, Flow[Any]]
    projections: Mapping[str, Projection]


def installed() -> Plugins:
    """Return everything that is installed."""
    return Plugins(connectors(), flows(), projections())
