# SPDX-License-Identifier: EUPL-1.2
"""What ``wissel regels`` and ``wissel flows`` ask the hub, see ``hub.admin``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any, Final

from hub.clock import AMSTERDAM
from hub.core import Core
from hub.flows.narekenen import reken_na
from hub.flows.vergelijken import Vraag, vergelijk

Action = Callable[[Any, Mapping[str, Any]], Awaitable[Any]]


async def _vergelijk(hub: Core, args: Mapping[str, Any]) -> Any:
    flow, given = hub.plugins.flows.get(args["flow"]), args["profiel"]
    model = flow.profiel_model if flow else None
    profile = model.model_validate(given) if model and given is not None else None
    ask = Vraag(flow=args["flow"], gemeente=args["gemeente"], profiel=profile, van=_day(args["van"]), tot=_day(args["tot"]))
    return asdict(await asyncio.to_thread(vergelijk, hub, ask, na=int(args["na"])))


def _day(text: str | None) -> datetime | None:
    return datetime.combine(date.fromisoformat(text), time.min, AMSTERDAM) if text else None


async def _rebuild(hub: Core, args: Mapping[str, Any]) -> Any:
    return asdict(await asyncio.to_thread(reken_na, hub, na=int(args["na"])))


ACTIONS: Final[Mapping[str, Action]] = {"regels vergelijk": _vergelijk, "flows rebuild": _rebuild}
